/* From the key that was taken to the run that starts.
 *
 *     take --> consider --> start it at its worker (run.c goes on from there)
 *                +--nothing to do, set aside, going in circles
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "resource/condition.h"
#include "resource/key.h"

/* --- considering ---------------------------------------------------------------------------------- */

enum consideration { RUN_IT, NOTHING_TO_DO, GOES_IN_CIRCLES, HAS_TO_WAIT };

/* Is it set aside by condition `type`, also from before a restart? Not where it entered another state
 * since (lastTransitionTime has whole seconds), or where an earlier version said so. */
static bool is_held_by(const struct run *run, struct text type)
{
    struct condition condition;
    if (run->meta.revision <= run->controller->replaced ||
        !condition_get(run->root, type, &condition) || !text_is(condition.status, "True") ||
        condition.observed_generation != run->meta.generation) {
        return false;
    }
    return condition.since_ms == META_NO_MOMENT || run->call.entered_ms < condition.since_ms + 1000;
}

static bool is_set_aside(struct run *run)
{
    if (run->controller->role == ROLE_OBSERVER) { /* the conditions are the owner's */
        return run->subject->set_aside == run->meta.generation;
    }
    if (run->call.verb == VERB_FINALIZE) {
        return is_held_by(run, TEXT("Quarantined"));
    }
    return is_held_by(run, TEXT("Stalled")) || is_held_by(run, TEXT("Quarantined")) ||
           run->subject->set_aside == run->meta.generation;
}

static enum consideration consider(struct run *run, const struct kind *kind, int64_t *ret_wait_ms)
{
    if (kind->machine != NULL &&
        rename_note(run->controller->loop, run->work->key, kind->machine, run->root)) {
        return NOTHING_TO_DO; /* that write brings it back */
    }
    if (!scope_takes(run->controller, run->root)) {
        return NOTHING_TO_DO;
    }
    if (meta_deleting(&run->meta)) {
        if (kind->finalizer == NULL || !kind->finalizes ||
            !meta_has_finalizer(&run->meta, text_of(kind->finalizer))) {
            return NOTHING_TO_DO; /* others hold it */
        }
        run->call.verb = VERB_FINALIZE;
    }
    if (is_set_aside(run)) {
        return NOTHING_TO_DO;
    }
    switch (subject_turn(run->subject, ret_wait_ms)) {
    case TURN_FINE:
        break;
    case TURN_HOT:
        return GOES_IN_CIRCLES;
    case TURN_WAIT:
        return HAS_TO_WAIT;
    }
    return RUN_IT;
}

static void run_wait(struct run *run, int64_t wait_ms)
{
    run->after_ms = wait_ms;
    run_wait_again(run);
    run_end(run, WORK_STAYED);
}

/* Which change of whom the run is for, where the log still has it. */
static struct text name_stirrer(struct run *run)
{
    const struct store *store = run->controller->loop->store;
    int64_t revision = run->subject->stirred_by;
    const struct change *change = store_change_at(store, revision);
    if (change == NULL) {
        return TEXT("");
    }
    return arena_format(&run->arena, ", last by %.*s at %s", TEXT_ARG(change->actor),
                        key_show(&run->arena, change->key).ptr);
}

/* Slower and slower while nobody else has a part in it; the first time it is said. */
static void run_damp(struct run *run, int64_t wait_ms)
{
    bool stirred = run->subject->stirs > HOT_STIRS_MAX;
    run->message =
        stirred ? arena_format(&run->arena,
                               "was woken more than %u times in %d s, and by controllers "
                               "only%.*s; it is slowed down: do they answer each other?",
                               HOT_STIRS_MAX, HOT_WINDOW_MS / 1000, TEXT_ARG(name_stirrer(run)))
                      .ptr
                : arena_format(&run->arena,
                               "ran more than %u times in %d s without a cause from outside; it "
                               "is slowed down",
                               HOT_RUNS_MAX, HOT_WINDOW_MS / 1000)
                      .ptr;
    run->subject->stirred_by = 0;
    run->outcome = OUTCOME_AGAIN;
    run->after_ms = wait_ms;
    run->reason = "HotLoop";
    commit_build_failure(run, "HotLoop");
    run_commit(run);
}

/* --- starting ------------------------------------------------------------------------------------- */

static struct run *run_new(struct controller *controller, struct work *work, struct doc *doc)
{
    struct run *run = alloc_new(sizeof *run);
    struct loop *loop = controller->loop;
    run->controller = controller;
    run->worker = controller->worker;
    run->work = work;
    run->doc = doc_ref(doc);
    run->snapshot = store_revision(loop->store);
    run->subject = subject_of(controller, work->key);
    run->subject->run = run;
    run->subject->seen_first = run->subject->seen_last = 0;
    subject_drop_reads(run->subject);
    list_init(&run->waits);
    list_append(&controller->runs, &run->link);
    run->reason = run->message = run->enter = "";
    run->call = (struct reconcile_call){.controller = controller->name,
                                        .object = run->doc,
                                        .now_ms = world_wall_ms(loop->world),
                                        .limit_ms = controller->limit_ms,
                                        .slice_ms = controller->slice_ms,
                                        .kinds = loop->kinds};
    return run;
}

static bool run_read(struct run *run, const struct kind *kind)
{
    struct error err = ERROR_INIT;
    run->machine = kind->machine == NULL ? NULL : machine_ref(kind->machine);
    if (run_decode(run, &err) != TEND_OK) {
        log_error(run->controller->loop->log, LOG_FIELDS({"object", run->work->key.ptr}), "%s",
                  err.message);
        return false;
    }
    run->generation = run->meta.generation;
    run->deleting = meta_deleting(&run->meta);
    run->call.entered_ms = run_entered_ms(run->root);
    return true;
}

static void run_start(struct run *run, const struct kind *kind)
{
    int64_t wait_ms = 0;
    if (!run_read(run, kind)) {
        run_end(run, WORK_SETTLED);
        return;
    }
    switch (consider(run, kind, &wait_ms)) {
    case NOTHING_TO_DO:
        run_end(run, WORK_SETTLED);
        return;
    case GOES_IN_CIRCLES:
        run_damp(run, wait_ms);
        return;
    case HAS_TO_WAIT:
        run_wait(run, wait_ms);
        return;
    case RUN_IT:
        if (run->controller->measures.seconds != NULL) {
            run->began_ns = world_ticks_ns(run->controller->loop->world);
        }
        tally_attended(run);
        worker_start(run->worker, &run->call);
        return;
    }
}

static void start(struct work *work)
{
    struct controller *controller = work_flow_owner(work->flow);
    struct doc *doc = store_get(controller->loop->store, work->key);
    const struct kind *kind = loop_kind_of_key(controller->loop, work->key);
    if (!controller->worker->is_up) {
        work_flow_places(controller->flow, 0);
        controller_enqueue(controller, work->key, work->why);
        work_queue_done(work, WORK_STAYED);
    } else if (doc == NULL || kind == NULL || !scope_has(controller, text_of(kind->resource))) {
        work_queue_drop(work->flow, work->key);
        work_queue_done(work, WORK_SETTLED);
    } else {
        run_start(run_new(controller, work, doc), kind);
    }
}

void dispatch_step(struct task *task)
{
    struct loop *loop = CONTAINER_OF(task, struct loop, dispatch);
    for (unsigned i = 0; i < DISPATCH_SLICE; i++) {
        struct work *work = work_queue_take(loop->queue);
        if (work == NULL) {
            return;
        }
        start(work);
    }
    world_soon(loop->world, &loop->dispatch);
}

void dispatch_tick(struct alarm *alarm)
{
    struct loop *loop = CONTAINER_OF(alarm, struct loop, tick);
    world_soon(loop->world, &loop->dispatch);
}

void dispatch_ready(struct work_listener *listener)
{
    struct loop *loop = CONTAINER_OF(listener, struct loop, queue_ready);
    int64_t interval_ms = loop->options.watch_interval_ms;
    if (interval_ms == 0) {
        dispatch_step(&loop->dispatch);
        return;
    }
    int64_t now_ms = world_ticks_ms(loop->world);
    world_alarm_set(loop->world, &loop->tick, (now_ms / interval_ms + 1) * interval_ms);
}
