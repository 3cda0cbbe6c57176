/* What has to be looked at, and when: keys, in flows, in classes.
 *
 *     work_queue_add(flow, key, WORK_CHANGE, &err);
 *     while ((work = work_queue_take(queue)) != NULL) { start(work); }     ... later, for each:
 *     work_queue_done(work, WORK_SETTLED);
 *
 * A flow is one consumer (a controller) with so many places; its keys are its own. In a flow:
 *
 *   1  A key waits at most once, however often it is added; the highest class asked for counts.
 *   2  A key is never taken twice at a time.
 *   3  A key that was added while it ran waits again when it is done.
 *   4  A later moment (work_queue_after) is kept whatever else happens to the key; of two the earlier wins.
 *   5  A key that failed waits longer each time, until it settles or is forgiven.
 *
 * Among what may be taken, classes share as 16 : 8 : 4 : 1, so a flood of changes leaves a sweep its
 * part, and a sweep delays a change by one key; in a class flows take turns, and a flow without a free
 * place is passed over. Keys are text: the queue knows no resources.
 */
#ifndef QUEUE_WORK_QUEUE_H
#define QUEUE_WORK_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "base/text.h"
#include "base/world.h"
#include "queue/delay.h"

/* Why, most urgent first. */
enum work_class {
    WORK_CHANGE, /* somebody changed something */
    WORK_DUE,    /* a moment came: a deadline, "again after" */
    WORK_RETRY,  /* it failed before */
    WORK_SWEEP,  /* looked at to be sure */
    WORK_CLASSES
};

struct work_queue;
struct work_flow;

/* One key of one flow. Borrowed from its being taken until work_queue_done. */
struct work {
    struct text key; /* NUL-terminated */
    struct work_flow *flow;
    enum work_class why; /* what it was taken for */
    unsigned failures;   /* in a row, before this run */

    /* the queue's own */
    enum work_phase { WORK_IDLE, WORK_WAITING, WORK_RUNNING } phase;
    enum work_class waiting; /* the class in which it waits, or will when it is done ... */
    bool added;              /* ... because it was added while it ran */
    struct list link;        /* among the waiting of its flow and class */
    int64_t hold_ms;         /* the least that WORK_FAILED waits (work_queue_hold) */
    int64_t since_ns;        /* ticks: it waits; where that is measured */
    struct delay later;      /* work_queue_after */
    struct delay retry;      /* backoff */
    char bytes[];
};

/* Told in a step of its own when something may be taken that could not be before. */
struct work_listener {
    void (*ready)(struct work_listener *listener);
};

/* Room for `capacity` keys in all flows together. `world` and `listener` outlive it. */
struct work_queue *work_queue_new(struct world *world, size_t capacity,
                                  struct work_listener *listener);
void work_queue_free(struct work_queue *queue); /* its flows were freed; NULL is allowed */

/* A flow with `places` keys at a time (0: none may be taken for now). */
struct work_flow *work_flow_new(struct work_queue *queue, size_t places, void *owner);
void work_flow_places(struct work_flow *flow, size_t places);
void *work_flow_owner(const struct work_flow *flow);

/* What is counted of a flow; each may be NULL. */
struct work_meter {
    struct metric *adds;    /* keys that had to be looked at, each once until it was taken */
    struct metric *retries; /* that failed, and are to be tried again */
    struct metric *waited;  /* seconds from there to its being taken */
};
void work_flow_meter(struct work_flow *flow, const struct work_meter *meter);

/* Forget all its keys. Those that are taken stay valid until they are done. NULL is allowed. */
void work_flow_free(struct work_flow *flow);

struct work_count {
    size_t waiting, later, running;
    size_t keys; /* known at all, with those that only failed before */
};
struct work_count work_flow_count(const struct work_flow *flow);

/* `key` has to be looked at now. TEND_LIMIT where there is no room for another key: whoever adds must
 * see to it that the key comes back (the next sweep). */
NODISCARD enum tend_code work_queue_add(struct work_flow *flow, struct text key,
                                        enum work_class why, struct error *err);

/* `key` has to be looked at in `delay_ms` (class WORK_DUE). TEND_LIMIT as above. */
NODISCARD enum tend_code work_queue_after(struct work_flow *flow, struct text key, int64_t delay_ms,
                                          struct error *err);

/* Forget that `key` failed: what it failed on has changed. Its backoff ends, not its other moments. */
void work_queue_forgive(struct work_flow *flow, struct text key);

/* Forget `key`: the object is gone. Where it runs, it runs on. */
void work_queue_drop(struct work_flow *flow, struct text key);

/* The next key to work on, or NULL where nothing may be taken. */
struct work *work_queue_take(struct work_queue *queue);

/* `work`, which is taken, shall not run again within `delay_ms` because it failed: the least that
 * WORK_FAILED waits. */
void work_queue_hold(struct work *work, int64_t delay_ms);

enum work_end {
    WORK_SETTLED, /* it went well: failures are forgotten */
    WORK_FAILED,  /* again after a backoff */
    WORK_STAYED,  /* neither: it ran to no end that is its own (lost, discarded) */
};

/* `work` was worked on; it is not the caller's any more. */
void work_queue_done(struct work *work, enum work_end end);

#endif
