/* Places and turns.
 *
 *     queue --- rings[class] --- lane --- lane --- lane        lanes from which a key may be taken now
 *                                 |         |        |
 *                               work      work     work        keys that wait, oldest first
 *
 * A flow has a lane for each class. A lane is in its ring exactly while it has keys and its flow has a
 * free place, so taking never searches: choose a ring, take its first lane, take that lane's first key,
 * put the lane at the end of the ring. Choosing a ring is stride scheduling: each class has a distance
 * that grows by its stride when it is served, the nearest is served, and a class that was empty starts
 * where the last one was served, so that it cannot save up turns.
 *
 * A key's record exists while anything is known about it: it waits, runs, has a moment ahead or failed.
 */
#include "queue/work_queue.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/map.h"
#include "queue/backoff.h"

static const uint64_t strides[WORK_CLASSES] = {
    [WORK_CHANGE] = 1, [WORK_DUE] = 2, [WORK_RETRY] = 4, [WORK_SWEEP] = 16};

struct lane {
    struct list link;  /* in the ring of its class */
    struct list works; /* what waits, oldest first */
    struct work_flow *flow;
};

struct work_flow {
    struct work_queue *queue;
    struct map works; /* by key */
    struct lane lanes[WORK_CLASSES];
    size_t places, waiting, later, running;
    struct work_meter meter;
    void *owner;
    enum flow_phase { FLOW_OPEN, FLOW_FREED /* as soon as nothing runs */ } phase;
};

struct work_queue {
    struct world *world;
    struct work_listener *listener;
    struct task ready;
    struct delays delays_later, delays_retry;
    struct list rings[WORK_CLASSES];
    uint64_t distance[WORK_CLASSES], reached;
    size_t keys, capacity;
};

/* --- lanes and rings ----------------------------------------------------------------------------- */

/* Put the lane of `flow` and `class` into its ring or take it out, as the rule above says. */
static void lane_settle(struct work_flow *flow, enum work_class class)
{
    struct work_queue *queue = flow->queue;
    struct lane *lane = &flow->lanes[class];
    bool open = !list_empty(&lane->works) && flow->running < flow->places;
    if (!open) {
        list_remove(&lane->link);
        return;
    }
    if (list_linked(&lane->link)) {
        return;
    }
    struct list *ring = &queue->rings[class];
    if (list_empty(ring) && queue->distance[class] < queue->reached) {
        queue->distance[class] = queue->reached;
    }
    list_append(ring, &lane->link);
    world_soon(queue->world, &queue->ready);
}

static void lanes_settle(struct work_flow *flow)
{
    for (unsigned class = 0; class < WORK_CLASSES; class ++) {
        lane_settle(flow, (enum work_class) class);
    }
}

/* --- records ------------------------------------------------------------------------------------- */

static NODISCARD enum tend_code work_open(struct work_flow *flow, struct text key,
                                          struct work **ret_work, struct error *err)
{
    struct work *work = map_get(&flow->works, key);
    if (work == NULL) {
        struct work_queue *queue = flow->queue;
        if (queue->keys == queue->capacity) {
            return FAIL(err, TEND_LIMIT, "%zu keys wait already", queue->capacity);
        }
        work = alloc_new(sizeof *work + key.len + 1);
        memcpy(work->bytes, key.ptr, key.len);
        work->key = (struct text){work->bytes, key.len};
        work->flow = flow;
        map_put(&flow->works, work->key, work);
        queue->keys++;
    }
    *ret_work = work;
    return TEND_OK;
}

static void later_clear(struct work *work)
{
    if (delay_is_set(&work->later)) {
        work->flow->later--;
        delay_clear(&work->flow->queue->delays_later, &work->later);
    }
}

static void retry_clear(struct work *work)
{
    delay_clear(&work->flow->queue->delays_retry, &work->retry);
}

/* Free the record where nothing is known about the key any more. */
static void work_close(struct work *work)
{
    if (work->phase != WORK_IDLE || work->failures > 0 || delay_is_set(&work->later) ||
        delay_is_set(&work->retry)) {
        return;
    }
    map_remove(&work->flow->works, work->key);
    work->flow->queue->keys--;
    free(work);
}

static void wait_leave(struct work *work)
{
    list_remove(&work->link);
    work->flow->waiting--;
    work->phase = WORK_IDLE;
    lane_settle(work->flow, work->waiting);
}

static void wait_enter(struct work *work, enum work_class class)
{
    work->phase = WORK_WAITING;
    work->waiting = class;
    work->flow->waiting++;
    list_append(&work->flow->lanes[class].works, &work->link);
    lane_settle(work->flow, class);
}

/* From here on it waits to be taken, also where it still runs. */
static void note_added(struct work *work)
{
    const struct work_meter *meter = &work->flow->meter;
    metric_add(meter->adds, 1);
    if (meter->waited != NULL) {
        work->since_ns = world_ticks_ns(work->flow->queue->world);
    }
}

static void note_taken(const struct work *work)
{
    struct metric *waited = work->flow->meter.waited;
    if (waited != NULL) {
        int64_t ns = world_ticks_ns(work->flow->queue->world) - work->since_ns;
        metric_observe(waited, (double)ns / 1e9);
    }
}

/* The key has to be looked at: facts 1 to 3 of the header. */
static void work_add(struct work *work, enum work_class class)
{
    switch (work->phase) {
    case WORK_IDLE:
        note_added(work);
        wait_enter(work, class);
        break;
    case WORK_WAITING:
        if (class < work->waiting) {
            wait_leave(work);
            wait_enter(work, class);
        }
        break;
    case WORK_RUNNING:
        if (!work->added) {
            note_added(work);
        }
        work->waiting = work->added && work->waiting < class ? work->waiting : class;
        work->added = true;
        break;
    }
}

static void later_due(struct delays *delays, struct delay *delay)
{
    (void)delays;
    struct work *work = CONTAINER_OF(delay, struct work, later);
    work->flow->later--;
    work_add(work, WORK_DUE);
}

static void retry_due(struct delays *delays, struct delay *delay)
{
    (void)delays;
    work_add(CONTAINER_OF(delay, struct work, retry), WORK_RETRY);
}

static void announce(struct task *task)
{
    struct work_queue *queue = CONTAINER_OF(task, struct work_queue, ready);
    queue->listener->ready(queue->listener);
}

/* --- life ---------------------------------------------------------------------------------------- */

struct work_queue *work_queue_new(struct world *world, size_t capacity,
                                  struct work_listener *listener)
{
    struct work_queue *queue = alloc_new(sizeof *queue);
    queue->world = world;
    queue->capacity = capacity;
    queue->listener = listener;
    queue->ready.run = announce;
    delays_init(&queue->delays_later, world, later_due);
    delays_init(&queue->delays_retry, world, retry_due);
    for (unsigned class = 0; class < WORK_CLASSES; class ++) {
        list_init(&queue->rings[class]);
    }
    return queue;
}

void work_queue_free(struct work_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    assert(queue->keys == 0);
    list_remove(&queue->ready.link);
    delays_done(&queue->delays_retry);
    delays_done(&queue->delays_later);
    free(queue);
}

struct work_flow *work_flow_new(struct work_queue *queue, size_t places, void *owner)
{
    struct work_flow *flow = alloc_new(sizeof *flow);
    flow->queue = queue;
    flow->places = places;
    flow->owner = owner;
    for (unsigned class = 0; class < WORK_CLASSES; class ++) {
        flow->lanes[class].flow = flow;
        list_init(&flow->lanes[class].works);
    }
    return flow;
}

void work_flow_places(struct work_flow *flow, size_t places)
{
    flow->places = places;
    lanes_settle(flow);
}

void work_flow_meter(struct work_flow *flow, const struct work_meter *meter)
{
    flow->meter = *meter;
}

void *work_flow_owner(const struct work_flow *flow)
{
    return flow->owner;
}

/* Forget everything about `work` but that it runs. */
static void work_clear(struct work *work)
{
    work->failures = 0;
    work->added = false;
    later_clear(work);
    retry_clear(work);
    if (work->phase == WORK_WAITING) {
        wait_leave(work);
    }
}

static void flow_end(struct work_flow *flow)
{
    if (flow->phase == FLOW_FREED && flow->running == 0) {
        assert(flow->works.count == 0);
        map_done(&flow->works);
        free(flow);
    }
}

void work_flow_free(struct work_flow *flow)
{
    if (flow == NULL) {
        return;
    }
    struct map works = flow->works; /* emptied at once: the table may not change under the walk */
    flow->works = (struct map){0};
    MAP_FOREACH (slot, &works) {
        struct work *work = slot->value;
        work_clear(work);
        if (work->phase == WORK_RUNNING) {
            map_put(&flow->works, work->key, work);
        } else {
            flow->queue->keys--;
            free(work);
        }
    }
    map_done(&works);
    flow->phase = FLOW_FREED;
    flow_end(flow);
}

struct work_count work_flow_count(const struct work_flow *flow)
{
    return (struct work_count){.waiting = flow->waiting,
                               .later = flow->later,
                               .running = flow->running,
                               .keys = flow->works.count};
}

/* --- adding -------------------------------------------------------------------------------------- */

enum tend_code work_queue_add(struct work_flow *flow, struct text key, enum work_class why,
                              struct error *err)
{
    assert(flow->phase == FLOW_OPEN);
    struct work *work;
    TRY(work_open(flow, key, &work, err));
    work_add(work, why);
    return TEND_OK;
}

enum tend_code work_queue_after(struct work_flow *flow, struct text key, int64_t delay_ms,
                                struct error *err)
{
    assert(flow->phase == FLOW_OPEN);
    struct work *work;
    TRY(work_open(flow, key, &work, err));
    flow->later += delay_is_set(&work->later) ? 0 : 1;
    delay_set(&flow->queue->delays_later, &work->later, delay_ms);
    return TEND_OK;
}

void work_queue_forgive(struct work_flow *flow, struct text key)
{
    struct work *work = map_get(&flow->works, key);
    if (work != NULL) {
        work->failures = 0;
        retry_clear(work);
        work_close(work);
    }
}

void work_queue_drop(struct work_flow *flow, struct text key)
{
    struct work *work = map_get(&flow->works, key);
    if (work != NULL) {
        work_clear(work);
        work_close(work);
    }
}

/* --- taking -------------------------------------------------------------------------------------- */

/* The class whose turn it is among those with an open lane, or WORK_CLASSES. */
static enum work_class choose(const struct work_queue *queue)
{
    enum work_class chosen = WORK_CLASSES;
    for (unsigned class = 0; class < WORK_CLASSES; class ++) {
        if (!list_empty(&queue->rings[class]) &&
            (chosen == WORK_CLASSES || queue->distance[class] < queue->distance[chosen])) {
            chosen = (enum work_class) class;
        }
    }
    return chosen;
}

struct work *work_queue_take(struct work_queue *queue)
{
    enum work_class class = choose(queue);
    if (class == WORK_CLASSES) {
        return NULL;
    }
    queue->reached = queue->distance[class];
    queue->distance[class] += strides[class];

    struct lane *lane = CONTAINER_OF(list_pop(&queue->rings[class]), struct lane, link);
    list_append(&queue->rings[class], &lane->link); /* its turn is over */
    struct work_flow *flow = lane->flow;
    struct work *work = CONTAINER_OF(list_pop(&lane->works), struct work, link);
    assert(work->phase == WORK_WAITING && flow->running < flow->places);
    work->phase = WORK_RUNNING;
    work->why = class;
    work->added = false;
    work->hold_ms = 0;
    flow->waiting--;
    flow->running++;
    note_taken(work);
    lanes_settle(flow);
    return work;
}

static void retry_set(struct work *work, int64_t delay_ms)
{
    delay_set(&work->flow->queue->delays_retry, &work->retry,
              delay_ms > work->hold_ms ? delay_ms : work->hold_ms);
}

void work_queue_hold(struct work *work, int64_t delay_ms)
{
    assert(work->phase == WORK_RUNNING);
    work->hold_ms = delay_ms;
}

static void note_end(struct work *work, enum work_end end)
{
    struct work_queue *queue = work->flow->queue;
    switch (end) {
    case WORK_SETTLED:
        work->failures = 0;
        retry_clear(work);
        break;
    case WORK_FAILED:
        metric_add(work->flow->meter.retries, 1);
        work->failures += work->failures < BACKOFF_FAILURES_MAX ? 1 : 0;
        retry_clear(work);
        retry_set(work, backoff_ms(work->failures, world_random(queue->world)));
        break;
    case WORK_STAYED:
        break;
    }
}

void work_queue_done(struct work *work, enum work_end end)
{
    struct work_flow *flow = work->flow;
    assert(work->phase == WORK_RUNNING);
    work->phase = WORK_IDLE;
    flow->running--;
    if (flow->phase == FLOW_OPEN) {
        note_end(work, end);
        if (work->added) {
            wait_enter(work, work->waiting);
        }
    }
    lanes_settle(flow);
    work_close(work);
    flow_end(flow);
}
