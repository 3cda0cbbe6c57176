/* Questions that take time: a pause, something outside. A run that waits gives its place to another and
 * its decoded object back, so that ten thousand of them cost little more than their documents; what it
 * needs of it is decoded again when it goes on.
 *
 *     asked --> parked --answered--> goes on        given up: with the run, or because its time is over
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"

struct wait {
    struct list link; /* in run->waits */
    struct run *run;
    uint32_t ask;
    struct alarm alarm; /* of a pause */
};

bool wait_takes(const struct value *question)
{
    return value_field(question, "sleep") != NULL;
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

static struct wait *add(struct run *run, uint32_t ask)
{
    struct wait *wait = alloc_new(sizeof *wait);
    wait->run = run;
    wait->ask = ask;
    if (list_empty(&run->waits)) {
        park(run);
    }
    list_append(&run->waits, &wait->link);
    return wait;
}

static void drop(struct wait *wait)
{
    struct run *run = wait->run;
    world_alarm_clear(run->controller->loop->world, &wait->alarm);
    list_remove(&wait->link);
    free(wait);
    if (list_empty(&run->waits)) {
        unpark(run);
    }
}

static void answer(struct wait *wait, const struct worker_answer *answer)
{
    struct run *run = wait->run;
    uint32_t ask = wait->ask;
    drop(wait);
    worker_answer(run->worker, &run->call, ask, answer);
}

void waits_end(struct run *run)
{
    while (!list_empty(&run->waits)) {
        drop(CONTAINER_OF(run->waits.next, struct wait, link));
    }
}

/* --- a pause --------------------------------------------------------------------------------------- */

static void pause_is_over(struct alarm *alarm)
{
    struct wait *wait = CONTAINER_OF(alarm, struct wait, alarm);
    answer(wait, &(struct worker_answer){.code = TEND_OK, .bytes = TEXT("{}")});
}

static void begin_pause(struct run *run, uint32_t ask, const struct value *question)
{
    struct world *world = run->controller->loop->world;
    int64_t ms = value_int_or(value_field(question, "ms"), 0);
    if (ms < 0 || ms > SLEEP_MAX_MS) {
        worker_answer(run->worker, &run->call, ask,
                      &(struct worker_answer){.code = TEND_INVALID,
                                              .message = "a pause is between 0 and 24 hours"});
        return;
    }
    struct wait *wait = add(run, ask);
    wait->alarm.fire = pause_is_over;
    world_alarm_set(world, &wait->alarm, world_ticks_ms(world) + ms);
}

void wait_begin(struct run *run, uint32_t ask, const struct value *question,
                const struct value *so_far)
{
    (void)so_far;
    begin_pause(run, ask, value_field(question, "sleep"));
}

void controller_overdue(struct worker_listener *listener, struct worker *worker,
                        struct reconcile_call *call)
{
    (void)listener;
    (void)worker;
    waits_end(CONTAINER_OF(call, struct run, call));
}
