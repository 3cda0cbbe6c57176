/* A run, from its start to the outcome that was committed.
 *
 *     CALLED --done--> build --> COMMITTING --OK--------> finish by outcome
 *        |                |            +-----conflict----> discarded: again at once
 *        |                |            +-----refused-----> failed
 *        |                +--cannot be built-------------> failed
 *        +-lost--> again at once, or blamed: later, or set aside
 *
 * Everything of a run is in its record and dies with it; what outlives it is in the subject, the queue
 * and the store. A key is the queue's until the record is gone, so no second run can start.
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"

/* --- the end of a run ----------------------------------------------------------------------------- */

static void note_error(const struct run *run, const char *message)
{
    measure_result(run->controller, RESULT_ERROR);
    tally_failure(run->controller, run->work->key, message);
}

static void run_free(struct run *run)
{
    struct subject *subject = run->subject;
    waits_end(run);
    subject->run = NULL;
    list_remove(&run->link);
    machine_unref(run->machine);
    doc_unref(run->doc);
    arena_done(&run->call.arena);
    arena_done(&run->arena);
    free(run);
    subject_settle(subject);
}

enum tend_code run_decode(struct run *run, struct error *err)
{
    if (run->root == NULL) {
        TRY(doc_tree(run->doc, &run->arena, &run->root, err));
        run->meta = meta_of(run->root);
        run->state = run->machine == NULL ? TEXT("") : machine_state_of(run->machine, run->root);
    }
    return TEND_OK;
}

/* The key goes back to the queue; again at once where something foreign was noted meanwhile. */
void run_end(struct run *run, enum work_end end)
{
    struct controller *controller = run->controller;
    struct loop *loop = controller->loop;
    struct subject *subject = run->subject;
    struct work *work = run->work;
    if (subject_saw_foreign(subject)) {
        controller_enqueue(controller, work->key, WORK_CHANGE);
    }
    run_free(run);
    work_queue_done(work, end);
    subject_settle_echoes(loop);
    loop_resume_sweeps(loop);
}

void run_abandon(struct run *run)
{
    struct work *work = run->work;
    switch (run->phase) {
    case RUN_CALLED:
        worker_cancel(run->worker, &run->call);
        break;
    case RUN_COMMITTING:
        admission_cancel(&run->commit);
        break;
    }
    run_free(run);
    work_queue_done(work, WORK_STAYED);
}

/* Once more, on the object as it is now. */
static void run_again(struct run *run)
{
    controller_enqueue(run->controller, run->work->key, run->work->why);
    run_end(run, WORK_STAYED);
}

/* Nothing of what it wrote is committed now, and it is tried again, not before `after_ms`. */
static NODISCARD enum tend_code put_off(struct run *run, const char *reason, int64_t after_ms,
                                        struct error *err)
{
    run->outcome = OUTCOME_RETRY;
    run->after_ms = after_ms;
    run->reason = reason;
    run->message = arena_text(&run->arena, text_of(err->message)).ptr;
    run->call.result = value_empty_map();
    return commit_build(run, err);
}

static void run_discard(struct run *run, const char *message);

int64_t run_entered_ms(const struct value *root)
{
    int64_t entered_ms = machine_entered_ms(root);
    return entered_ms == META_NO_MOMENT ? meta_of(root).creation_ms : entered_ms;
}

/* What it acts on is not there any more: it begins anew now, not when what it waits for is done. What
 * is overtaken again and again may finish, as it is committed at last (commit.c). */
void run_overtaken(struct run *run, const struct value *root)
{
    struct meta now = meta_of(root);
    bool tired = run->subject->discards >= DISCARDS_MAX;
    bool same = now.generation == run->generation && run_entered_ms(root) == run->call.entered_ms;
    if (list_empty(&run->waits) || run->phase != RUN_CALLED || now.revision <= run->snapshot ||
        (meta_deleting(&now) == run->deleting && (tired || same))) {
        return;
    }
    worker_cancel(run->worker, &run->call);
    run_discard(run, "its object has changed while it waited");
}

void run_recall(struct run *run)
{
    worker_cancel(run->worker, &run->call);
    run_again(run);
}

const struct kind *run_kind(const struct run *run)
{
    return loop_kind_of_key(run->controller->loop, run->work->key);
}

/* Another version answers by now, or another machine is in force: that it failed is no news. */
static bool is_outlived(const struct run *run)
{
    const struct kind *kind = run_kind(run);
    return run->worker != run->controller->worker ||
           (kind != NULL && kind->machine != run->machine);
}

static bool has_failed(const struct run *run)
{
    return run->outcome == OUTCOME_FAIL || run->outcome == OUTCOME_RETRY;
}

/* "Later", no more: nobody is told of it. */
static bool is_wordless(const struct run *run)
{
    return run->outcome == OUTCOME_RETRY && run->reason[0] == '\0' && run->message[0] == '\0';
}

static void note_failure(const struct run *run)
{
    if (!is_wordless(run)) {
        tally_failure(run->controller, run->work->key,
                      run->message[0] != '\0' ? run->message : run->reason);
    }
}

void run_wait_again(struct run *run)
{
    struct error err = ERROR_INIT;
    int64_t after_ms = run->after_ms > 0 ? run->after_ms : 0;
    if (work_queue_after(run->work->flow, run->work->key, after_ms, &err) != TEND_OK) {
        note_error(run, err.message); /* cannot be: the key is known */
    }
}

/* Nothing is run for this generation any more. Cleaning up is different: it is tried until it is done. */
static enum work_end end_of_failure(struct run *run)
{
    if (run->call.verb == VERB_FINALIZE) {
        return WORK_FAILED;
    }
    run->subject->set_aside = run->meta.generation;
    return WORK_SETTLED;
}

static enum run_result result_of(const struct run *run)
{
    switch (run->outcome) {
    case OUTCOME_SO_FAR:
    case OUTCOME_DONE:
    case OUTCOME_ENTER:
        break;
    case OUTCOME_AGAIN:
        return RESULT_REQUEUE_AFTER;
    case OUTCOME_RETRY:
        return is_wordless(run) ? RESULT_REQUEUE : RESULT_ERROR;
    case OUTCOME_FAIL:
        return RESULT_ERROR;
    }
    return RESULT_SUCCESS;
}

static void run_finish(struct run *run)
{
    enum work_end end = WORK_SETTLED;
    run->subject->discards = 0;
    run->subject->deaths = 0;
    if (run->request_count > 0) {
        tally_news(run->controller);
    }
    if (has_failed(run) && is_outlived(run)) { /* what it wrote of that is older than the version */
        run->controller->replaced = store_revision(run->controller->loop->store);
        run_again(run);
        return;
    }
    if (run->call.result != NULL || run->outcome == OUTCOME_FAIL) { /* not where it was held back */
        measure_result(run->controller, result_of(run));
    }
    switch (run->outcome) {
    case OUTCOME_SO_FAR: /* a run does not end so */
    case OUTCOME_DONE:
        if (run->subject->turns == 1 && run->subject->stirs == 0) {
            subject_calm(run->subject); /* one run is no circle: nothing to remember */
        }
        break;
    case OUTCOME_AGAIN:
        run_wait_again(run);
        break;
    case OUTCOME_ENTER: /* the next state has work of its own */
        if (!text_is(run->state, run->enter)) {
            controller_enqueue(run->controller, run->work->key, WORK_CHANGE);
        }
        break;
    case OUTCOME_RETRY:
        note_failure(run);
        work_queue_hold(run->work, run->after_ms);
        end = WORK_FAILED;
        break;
    case OUTCOME_FAIL:
        note_failure(run);
        metric_add(run->controller->measures.terminal, 1);
        end = end_of_failure(run);
        break;
    }
    log_debug(run->controller->loop->log,
              LOG_FIELDS({"controller", run->controller->name}, {"object", run->work->key.ptr}),
              "outcome %d, %zu writes", (int)run->outcome, run->request_count);
    run_end(run, end);
}

/* --- committing ----------------------------------------------------------------------------------- */

/* What it wrote cannot be; all that is committed is that it failed. */
static void run_fail(struct run *run, const char *condition, const char *reason,
                     const char *message)
{
    struct controller *controller = run->controller;
    if (is_outlived(run)) {
        run_again(run);
        return;
    }
    run->outcome = OUTCOME_FAIL;
    run->reason = arena_text(&run->arena, text_of(reason)).ptr;
    run->message = arena_text(&run->arena, text_of(message)).ptr;
    log_warn(controller->loop->log,
             LOG_FIELDS({"controller", controller->name}, {"object", run->work->key.ptr}), "%s: %s",
             run->reason, run->message);
    commit_build_failure(run, condition);
    run_commit(run);
}

static void run_discard(struct run *run, const char *message)
{
    struct controller *controller = run->controller;
    controller->discarded++;
    metric_add(controller->measures.discarded, 1);
    run->subject->discards++;
    log_debug(controller->loop->log,
              LOG_FIELDS({"controller", controller->name}, {"object", run->work->key.ptr}),
              "overtaken (%s), once more", message);
    if (run->subject->discards > DISCARDS_MAX * 2) {
        note_error(run, message); /* the same object cannot be overtaken that often by chance */
        run_end(run, WORK_FAILED);
    } else {
        run_again(run);
    }
}

static void run_refused(struct run *run, const struct admission_result *result)
{
    if (is_outlived(run)) {
        run_again(run);
        return;
    }
    if (run->refused || run->call.verb == VERB_FINALIZE) {
        note_error(run, result->message);
        log_error(run->controller->loop->log,
                  LOG_FIELDS({"controller", run->controller->name}, {"object", run->work->key.ptr}),
                  "its failure cannot be written: %s", result->message);
        run_end(run, WORK_FAILED);
        return;
    }
    run_fail(run, "Stalled", "WriteRefused", result->message);
}

static void run_postpone(struct run *run, const struct admission_result *result)
{
    note_error(run, result->message);
    run_end(run, WORK_FAILED);
}

/* The rows of the set that was just answered are its own: contiguous, up to `last`, and still in the
 * ring. (Of a set that the ring does not hold, some are taken for foreign: a run too many.) */
static void note_own_rows(struct run *run, int64_t last)
{
    struct store *store = run->controller->loop->store;
    int64_t first = last;
    while (first - 2 >= store_recent_floor(store) &&
           store_recent(store, first - 2)->set_last == last) {
        first--;
    }
    if (last > 0) {
        subject_own(run->subject, first, last);
    }
}

static void run_not_admitted(struct run *run, const struct admission_result *result)
{
    switch (result->code) {
    case TEND_OK:
    case TEND_CONFLICT:
    case TEND_EXISTS:
    case TEND_GONE:
        run_discard(run, result->message);
        return;
    case TEND_NOT_FOUND: /* of the object itself: it is gone, which the next look finds */
        if (result->failed == run->own_request) {
            run_discard(run, result->message);
        } else {
            run_postpone(run, result);
        }
        return;
    case TEND_INVALID:
    case TEND_DENIED:
        run_refused(run, result);
        return;
    case TEND_LIMIT:
    case TEND_TIMEOUT:
    case TEND_UNAVAILABLE:
    case TEND_IO:
    case TEND_CORRUPT:
    case TEND_INTERNAL:
        run_postpone(run, result);
        return;
    }
}

static void committed(struct admission_call *call, const struct admission_result *result)
{
    struct run *run = CONTAINER_OF(call, struct run, commit);
    if (result->code == TEND_OK) {
        note_own_rows(run, result->revision);
        run_finish(run);
    } else {
        run_not_admitted(run, result);
    }
}

void run_submit(struct run *run, struct admission_call *call)
{
    const struct controller *controller = run->controller;
    enum admission_role role =
        controller->role == ROLE_OBSERVER ? WRITER_OBSERVER : WRITER_CONTROLLER;
    admission_submit(
        controller->loop->gate,
        &(struct admission_set){.requests = run->requests,
                                .count = run->request_count,
                                .writer = {.role = role, .name = text_of(controller->name)}},
        call);
}

void run_commit(struct run *run)
{
    if (run->request_count == 0) {
        run_finish(run);
        return;
    }
    run->phase = RUN_COMMITTING;
    run->commit.answered = committed;
    run_submit(run, &run->commit);
}

/* What it wrote is what it acts on from here on. */
static void run_rebase(struct run *run, const struct admission_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct admission_answer *answer = &result->answers[i];
        if (answer->doc == NULL) {
            continue;
        }
        if (text_equal(answer->key, run->work->key)) {
            doc_unref(run->doc);
            run->doc = doc_ref(answer->doc);
            run->call.object = run->doc;
        } else {
            subject_wrote(run->subject, answer->key,
                          answer->effect == EFFECT_DELETED ? NULL : answer->doc);
        }
    }
}

bool run_committed_so_far(struct run *run, const struct admission_result *result)
{
    struct error err = ERROR_INIT;
    if (result->code == TEND_OK) {
        note_own_rows(run, result->revision);
        run_rebase(run, result);
        tally_news(run->controller);
        return true;
    }
    worker_cancel(run->worker, &run->call);
    waits_end(run);
    if (run_decode(run, &err) != TEND_OK) {
        note_error(run, err.message);
        run_end(run, WORK_FAILED);
    } else {
        run_not_admitted(run, result);
    }
    return false;
}

/* --- results -------------------------------------------------------------------------------------- */

static enum outcome outcome_of(struct text word)
{
    static const struct {
        const char *word;
        enum outcome outcome;
    } words[] = {{"done", OUTCOME_DONE},
                 {"again", OUTCOME_AGAIN},
                 {"retry", OUTCOME_RETRY},
                 {"enter", OUTCOME_ENTER}};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (text_is(word, words[i].word)) {
            return words[i].outcome;
        }
    }
    return OUTCOME_FAIL; /* "fail", and what this host does not know */
}

static const char *result_text(const struct run *run, struct text key)
{
    return value_text_or(value_get(run->call.result, key), TEXT("")).ptr;
}

static void measure_time(const struct run *run)
{
    struct metric *seconds = run->controller->measures.seconds;
    if (seconds != NULL) {
        int64_t ns = world_ticks_ns(run->controller->loop->world) - run->began_ns;
        metric_observe(seconds, (double)ns / 1e9);
    }
}

void controller_done(struct worker_listener *listener, struct worker *worker,
                     struct reconcile_call *call)
{
    (void)listener;
    (void)worker;
    struct run *run = CONTAINER_OF(call, struct run, call);
    struct error err = ERROR_INIT;
    tally_heard(run);
    waits_end(run);
    if (run_decode(run, &err) != TEND_OK) { /* damaged since: said where it was noticed */
        note_error(run, err.message);
        run_end(run, WORK_FAILED);
        return;
    }
    run->controller->tally.runs++;
    measure_time(run);
    run->outcome = outcome_of(value_text_or(value_field(call->result, "outcome"), TEXT("")));
    run->after_ms = value_int_or(value_field(call->result, "afterMs"), 0);
    run->enter = result_text(run, TEXT("state"));
    run->reason = result_text(run, TEXT("reason"));
    run->message = result_text(run, TEXT("message"));
    if (has_failed(run) && is_outlived(run)) {
        run_again(run);
        return;
    }
    if (has_failed(run) && run->reason[0] == '\0' && !is_wordless(run)) {
        run->reason = "ReconcileFailed";
    }
    enum tend_code code = commit_build(run, &err);
    if (code == TEND_EXISTS) {
        code = put_off(run, "OwnedByAnother", 0, &err);
    } else if (code == TEND_CONFLICT) {
        code = put_off(run, "OwnershipConflict", run->after_ms, &err);
    }
    if (code != TEND_OK) {
        run_fail(run, "Stalled", run->outcome == OUTCOME_ENTER ? "MoveRefused" : "WriteRefused",
                 err.message);
        return;
    }
    run_commit(run);
}

/* Its event was written, or could not be: the log has the death as well. */
static void told_death(struct admission_call *call, const struct admission_result *result)
{
    struct run *run = CONTAINER_OF(call, struct run, commit);
    if (result->code != TEND_OK) {
        log_debug(run->controller->loop->log, LOG_FIELDS({"object", run->work->key.ptr}),
                  "no event of its death: %s", result->message);
    }
    run_end(run, WORK_FAILED);
}

/* It is tried again; whoever looks at the object meanwhile is to know what its run did. */
static void tell_death(struct run *run, const char *reason)
{
    measure_result(run->controller, RESULT_ERROR);
    commit_build_death(run, reason);
    if (run->request_count == 0) {
        run_end(run, WORK_FAILED);
        return;
    }
    run->phase = RUN_COMMITTING;
    run->commit.answered = told_death;
    run_submit(run, &run->commit);
}

/* Twice in ten minutes is no accident: it is set aside until its spec changes or a retry is asked for. */
static void blame(struct run *run, const char *reason)
{
    struct subject *subject = run->subject;
    struct error err = ERROR_INIT;
    int64_t now_ms = world_ticks_ms(run->controller->loop->world);
    if (is_outlived(run)) {
        run_again(run);
        return;
    }
    tally_failure(run->controller, run->work->key, reason);
    if (subject->deaths == 0 || now_ms - subject->death_ms > QUARANTINE_WINDOW_MS) {
        subject->deaths = 0;
        subject->death_ms = now_ms;
    }
    subject->deaths++;
    waits_end(run);
    if (run_decode(run, &err) != TEND_OK) { /* damaged since: said where it was noticed */
        note_error(run, err.message);
        run_end(run, WORK_FAILED);
    } else if (subject->deaths < QUARANTINE_DEATHS) {
        tell_death(run, reason);
    } else {
        reason =
            arena_format(&run->arena,
                         "%s; it is left alone until its spec changes, or `tend retry`", reason)
                .ptr;
        run_fail(run, "Quarantined", "Quarantined", reason);
    }
}

void controller_lost_call(struct worker_listener *listener, struct worker *worker,
                          struct reconcile_call *call, enum worker_blame blamed, const char *reason)
{
    (void)listener;
    struct run *run = CONTAINER_OF(call, struct run, call);
    struct controller *controller = run->controller;
    controller->lost++;
    metric_add(controller->measures.lost, 1);
    log_debug(controller->loop->log,
              LOG_FIELDS({"controller", controller->name}, {"object", run->work->key.ptr}),
              "lost: %s", reason);
    if (worker == controller->worker && !worker->is_up) {
        work_flow_places(controller->flow, 0); /* until it is live again */
    }
    switch (blamed) {
    case BLAME_NONE:
        run_again(run);
        return;
    case BLAME_CALL:
        blame(run, reason);
        return;
    }
}
