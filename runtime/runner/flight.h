/* The calls that are out in one runner. [core]
 *
 *     queued --flight_send--> sent --flight_land--> back with its owner
 *
 * Sent calls run in slices, in any order; one with an open question is parked: it executes nothing
 * and its object is not on its way any more. A call that is cancelled after it was sent leaves a ghost
 * in its place, because it still executes.
 */
#ifndef RUNNER_FLIGHT_H
#define RUNNER_FLIGHT_H

#include "base/map.h"
#include "base/world.h"
#include "controller/worker.h"

struct flight {
    struct list queued, sent; /* struct reconcile_call, by `link` */
    struct map by_id;         /* of `sent`; the key is the id's bytes */
    size_t bytes;             /* of the objects in `sent` that are not parked */
    size_t busy;              /* calls in `sent` that are not parked */
    uint64_t last_id;
    size_t careful; /* results to come before more than one call is on its way again */
};

void flight_init(struct flight *flight);
void flight_done(struct flight *flight); /* both lists are empty */

/* Queue `call`, with an id that was never used. */
void flight_add(struct flight *flight, struct reconcile_call *call);

/* The next call that is to be sent now, moved to `sent`; NULL where there is none, or where as much
 * is out as may be: RUNNER_BYTES_OUT, or one where it is careful. */
struct reconcile_call *flight_send(struct flight *flight);

/* What was sent as `id`, possibly a ghost; NULL where nothing was. */
struct reconcile_call *flight_find(const struct flight *flight, uint64_t id);

/* How many calls up to `begun` neither wait nor have a result; `ret_one` is one of them, NULL where there
 * is none. */
size_t flight_suspects(const struct flight *flight, uint64_t begun,
                       const struct reconcile_call **ret_one);

/* Nobody can be blamed for a death: as many as are out are sent one by one from now on, so that somebody
 * can. */
void flight_be_careful(struct flight *flight);

/* It asked something, or something that it asked was answered. */
void flight_asked(struct flight *flight, struct reconcile_call *call, int64_t now_ms);
void flight_answered(struct flight *flight, struct reconcile_call *call, int64_t now_ms);

/* It is held: parked for good, and its limit runs as from a question. */
void flight_held(struct flight *flight, struct reconcile_call *call, int64_t now_ms);

/* Its result is there: take it out. True where its owner waits for it (it was no ghost, which is
 * freed here). */
bool flight_land(struct flight *flight, struct reconcile_call *call);

/* Take `call` out; true where it was sent, and left a ghost. */
bool flight_cancel(struct flight *flight, struct reconcile_call *call);

/* How long a call may take in all, and in one slice. */
int64_t flight_limit_ms(const struct reconcile_call *call);
int64_t flight_slice_ms(const struct reconcile_call *call);

static inline bool flight_is_ghost(const struct reconcile_call *call)
{
    return call->object == NULL;
}

/* Take all of `from` (a list of this flight) over to `gone`, which is initialised here; ghosts are
 * freed. */
void flight_take(struct flight *flight, struct list *from, struct list *gone);

#endif
