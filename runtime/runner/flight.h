/* The calls that are out in one runner, in the order in which it executes them. [core]
 *
 *     queued --flight_send--> sent --flight_land--> back with its owner
 *
 * The first that was sent is the one that executes; its clock starts when it becomes the first. A
 * call that is cancelled after it was sent leaves a ghost in its place, because it still executes.
 */
#ifndef RUNNER_FLIGHT_H
#define RUNNER_FLIGHT_H

#include "base/world.h"
#include "controller/worker.h"

struct flight {
    struct world *world;
    struct list queued, sent; /* struct reconcile_call, by `link` */
    size_t bytes;             /* of the objects in `sent` */
    uint64_t last_id;
};

void flight_init(struct flight *flight, struct world *world);

/* Queue `call`, with an id that was never used. */
void flight_add(struct flight *flight, struct reconcile_call *call);

/* The next call that is to be sent now, moved to `sent`; NULL where there is none, or where
 * RUNNER_BYTES_OUT are out already. */
struct reconcile_call *flight_send(struct flight *flight);

/* What was sent as `id`, possibly a ghost; NULL where nothing was. */
struct reconcile_call *flight_find(const struct flight *flight, uint64_t id);

/* The call that executes, possibly a ghost; NULL: none. */
struct reconcile_call *flight_first(const struct flight *flight);

/* Its result is there: take it out. True where its owner waits for it (it was no ghost, which is
 * freed here). */
bool flight_land(struct flight *flight, struct reconcile_call *call);

/* Take `call` out; true where it was sent, and left a ghost. */
bool flight_cancel(struct flight *flight, struct reconcile_call *call);

/* How long a call may execute. */
int64_t flight_limit_ms(const struct reconcile_call *call);

static inline bool flight_is_ghost(const struct reconcile_call *call)
{
    return call->object == NULL;
}

/* Take all of `from` (a list of this flight) over to `gone`, which is initialised here; ghosts are
 * freed. */
void flight_take(struct flight *flight, struct list *from, struct list *gone);

#endif
