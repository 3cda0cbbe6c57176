/* Questions that take time: a pause, something outside. A run that waits gives its place to another and
 * its decoded object back, so that ten thousand of them cost little more than their documents; what it
 * needs of it is decoded again when it goes on.
 *
 *     asked --> parked --answered--> goes on        given up: with the run, or because its time is over
 *
 * An effect that has a name is done once for the object (journal.c): before it begins, its record and what
 * the run has written so far are committed, as one set on top of the object that the run acts on.
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"

bool wait_takes(const struct value *question)
{
    return value_field(question, "sleep") != NULL || value_field(question, "exec") != NULL ||
           value_field(question, "http") != NULL;
}

/* --- places ---------------------------------------------------------------------------------------- */

static void park(struct run *run)
{
    run->controller->parked++;
    controller_set_places(run->controller);
    run->root = NULL;
    run->meta = (struct meta){0};
    run->state = TEXT("");
    arena_done(&run->arena);
}

static void unpark(struct run *run)
{
    run->controller->parked--;
    controller_set_places(run->controller);
}

static struct wait *wait_new(struct run *run, uint32_t ask, enum wait_phase phase)
{
    struct wait *wait = alloc_new(sizeof *wait);
    wait->run = run;
    wait->ask = ask;
    wait->phase = phase;
    return wait;
}

/* What the run has decoded is given back: nothing of it is used from here on. */
static void wait_add(struct wait *wait)
{
    if (list_empty(&wait->run->waits)) {
        park(wait->run);
    }
    list_append(&wait->run->waits, &wait->link);
}

static void wait_stop(struct wait *wait)
{
    switch (wait->phase) {
    case WAIT_PAUSE:
        world_alarm_clear(wait->run->controller->loop->world, &wait->alarm);
        return;
    case WAIT_EFFECT:
        effect_cancel(&wait->effect);
        return;
    case WAIT_COMMIT:
        admission_cancel(&wait->commit);
        return;
    case WAIT_ERRAND: /* which goes on */
        wait->errand->wait = NULL;
        return;
    }
}

static void wait_drop(struct wait *wait)
{
    struct run *run = wait->run;
    list_remove(&wait->link);
    free(wait->key);
    free(wait);
    if (list_empty(&run->waits)) {
        unpark(run);
    }
}

void wait_answer(struct wait *wait, const struct worker_answer *answer)
{
    struct run *run = wait->run;
    uint32_t ask = wait->ask;
    wait_drop(wait);
    tally_attended(run);
    worker_answer(run->worker, &run->call, ask, answer);
}

void waits_end(struct run *run)
{
    while (!list_empty(&run->waits)) {
        struct wait *wait = CONTAINER_OF(run->waits.next, struct wait, link);
        wait_stop(wait);
        wait_drop(wait);
    }
}

static void refuse(struct run *run, uint32_t ask, enum tend_code code, const char *message)
{
    tally_attended(run);
    worker_answer(run->worker, &run->call, ask,
                  &(struct worker_answer){.code = code, .message = message});
}

/* --- a pause --------------------------------------------------------------------------------------- */

static void pause_is_over(struct alarm *alarm)
{
    struct wait *wait = CONTAINER_OF(alarm, struct wait, alarm);
    wait_answer(wait, &(struct worker_answer){.bytes = TEXT("{}")});
}

static void begin_pause(struct run *run, uint32_t ask, const struct value *question)
{
    struct world *world = run->controller->loop->world;
    int64_t ms = value_int_or(value_field(question, "ms"), 0);
    if (ms < 0 || ms > SLEEP_MAX_MS) {
        refuse(run, ask, TEND_INVALID, "a pause is between 0 and 24 hours");
        return;
    }
    struct wait *wait = wait_new(run, ask, WAIT_PAUSE);
    wait_add(wait);
    wait->alarm.fire = pause_is_over;
    world_alarm_set(world, &wait->alarm, world_ticks_ms(world) + ms);
}

/* --- something outside ----------------------------------------------------------------------------- */

static void effect_is_over(struct effect *effect, struct text result)
{
    wait_answer(CONTAINER_OF(effect, struct wait, effect),
                &(struct worker_answer){.bytes = result});
}

static void begin_effect(struct run *run, uint32_t ask, const struct value *question)
{
    struct wait *wait = wait_new(run, ask, WAIT_EFFECT);
    wait_add(wait);
    wait->effect.done = effect_is_over;
    wait->effect.controller = run->controller->name;
    wait->effect.object = run->work->key.ptr;
    effect_start(run->controller->loop->options.executor, &wait->effect, question);
}

/* --- ... by name ----------------------------------------------------------------------------------- */

static void committed(struct admission_call *call, const struct admission_result *result)
{
    struct wait *wait = CONTAINER_OF(call, struct wait, commit);
    if (run_committed_so_far(wait->run, result)) {
        journal_join(wait);
    }
}

static bool waits_by_name(const struct run *run)
{
    LIST_FOREACH (link, &run->waits) {
        const struct wait *wait = CONTAINER_OF(link, struct wait, link);
        if (wait->phase == WAIT_COMMIT || wait->phase == WAIT_ERRAND) {
            return true;
        }
    }
    return false;
}

static NODISCARD enum tend_code build_so_far(struct run *run, const struct value *question,
                                             const struct value *so_far,
                                             struct journal_plan *ret_plan, struct error *err)
{
    if (waits_by_name(run)) {
        return FAIL(err, TEND_INVALID, "one effect by name at a time: the last is not over yet");
    }
    TRY(run_decode(run, err));
    TRY(journal_prepare(run, question, ret_plan, err));
    if (ret_plan->count == 0) { /* it has begun, and what was said before it with it */
        so_far = value_with(&run->arena, so_far, TEXT("events"), NULL);
    }
    return commit_build_so_far(run, so_far, ret_plan->requests, ret_plan->count, err);
}

static void begin_named(struct run *run, uint32_t ask, const struct value *question,
                        const struct value *so_far)
{
    struct journal_plan plan;
    struct error err = ERROR_INIT;
    if (build_so_far(run, question, so_far, &plan, &err) != TEND_OK) {
        refuse(run, ask, err.code, err.message);
        return;
    }
    struct wait *wait = wait_new(run, ask, WAIT_COMMIT);
    wait->key = alloc_text(plan.key.ptr, plan.key.len);
    if (run->request_count > 0) {
        wait->commit.answered = committed;
        run_submit(run, &wait->commit);
        wait_add(wait);
    } else {
        wait_add(wait);
        journal_join(wait);
    }
}

/* --- asking and ending ----------------------------------------------------------------------------- */

void wait_begin(struct run *run, uint32_t ask, const struct value *question,
                const struct value *so_far)
{
    struct error err = ERROR_INIT;
    const struct value *pause = value_field(question, "sleep");
    if (pause != NULL) {
        begin_pause(run, ask, pause);
    } else if (run->controller->loop->options.executor == NULL) {
        refuse(run, ask, TEND_DENIED, "this host does nothing outside");
    } else if (effect_check(question, &err) != TEND_OK) {
        refuse(run, ask, err.code, err.message);
    } else if (journal_takes(question)) {
        begin_named(run, ask, question, so_far);
    } else {
        begin_effect(run, ask, question);
    }
}

void controller_overdue(struct worker_listener *listener, struct worker *worker,
                        struct reconcile_call *call)
{
    (void)listener;
    (void)worker;
    waits_end(CONTAINER_OF(call, struct run, call));
}
