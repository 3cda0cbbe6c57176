/* A worker (controller/worker.h) whose engine runs in this very process, call by call, in steps of the
 * world: no child, no socket, no time that passes unseen. For virtual time. A plugin that crashes or loops
 * takes the process with it.
 */
#ifndef SIM_INLINE_WORKER_H
#define SIM_INLINE_WORKER_H

#include "base/metrics.h"
#include "base/world.h"
#include "controller/worker.h"
#include "runner/worker_maker.h"

struct inline_worker;

/* What its plugin logs has the field plugin=inline. */
#define INLINE_WORKER_NAME "inline"

/* Load the plugin or script that is ordered; of its settings only `config` counts. The owner sets worker->listener
 * and starts it. TEND_INVALID where it is no plugin or refuses to start, with one sentence. */
NODISCARD enum tend_code inline_worker_open(struct world *world, const struct worker_order *order,
                                            struct inline_worker **ret_worker, struct error *err);

/* What its plugin counts is on the page of `metrics`, as of a plugin of that name, when the page is collected
 * and when it is closed. Once, before it is started; `metrics` outlives it. */
void inline_worker_count(struct inline_worker *inline_worker, struct metrics *metrics,
                         const char *plugin);

struct worker *inline_worker_worker(struct inline_worker *inline_worker);

/* `up` follows in a later step. */
void inline_worker_start(struct inline_worker *inline_worker);

/* As if its process had died: what it held is lost (the first of its calls is blamed where `blame` says
 * so), `down` follows, and then, in a later step, `up`. */
void inline_worker_crash(struct inline_worker *inline_worker, enum worker_blame blame);

/* Calls that are out are forgotten. NULL is allowed. */
void inline_worker_close(struct inline_worker *inline_worker);

#endif
