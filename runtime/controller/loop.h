/* The loop: what changed is looked at by whoever answers for it, and what they say is committed.
 *
 *     store --> watch --> feeds --> queue --> dispatch --> worker        a controller's run over one object
 *       ^                                        |            |
 *       +----------- admission <--- commit <-----+-- result --+
 *
 * One loop for each host. It holds the controllers (controller/controller.h), the deadlines of states,
 * the lifetime of events, and what is deleted because its owners are gone. What it promises:
 *
 *   1  Two runs of one controller over one object never overlap.
 *   2  An object that was changed by somebody else while it ran, or that something it read was, runs
 *      again; its own writes do not wake it. Both are judged by revision.
 *   3  What a run wrote is committed as one set, or not at all, and only on top of the object it read:
 *      the same uid, spec, status and mark of deletion.
 *   4  A run that changes nothing writes nothing.
 *   5  A deadline of a state fires at or after its time, also after a restart, and takes effect once.
 *   6  A move that the kind's machine does not declare never happens; the run that asked for it failed.
 *   7  Without anything due, the loop sets no alarm.
 *   8  An object that names owners (metadata.ownerReferences) is deleted once none of them is there: at
 *      that place, with that uid. It holds over restarts. What cannot be told, as the owner of a kind that
 *      is not there, counts as there; an object without a namespace whose owner would have one is never
 *      deleted for it, and an event says so.
 */
#ifndef CONTROLLER_LOOP_H
#define CONTROLLER_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "admission/admission.h"
#include "base/metrics.h"
#include "base/world.h"
#include "store/store.h"
#include "watch/watch.h"

struct loop;

struct executor;

/* How late a run reads. It may have begun before the newest changes, where it has not caused them and its object is
 * older: then it has to be run again, and what it writes on top of what it read is refused. Whoever tests scripts
 * makes that happen on purpose. */
struct read_source {
    /* As of which revision a question of `controller` about `object` is answered: the durable head, or an earlier one
     * that a reader protects and that is not before `since`, the revision of `object`. */
    int64_t (*as_of)(struct read_source *source, const char *controller, struct text object,
                     int64_t since);
};

struct loop_options {
    struct executor *executor; /* who does what controllers ask for outside; NULL: nobody */
    struct read_source *reads; /* NULL: at the durable head, always */
    int64_t resync_ms;         /* look at every object this often, changed or not; 0: never */
    /* Look only at multiples of this, as a poller would; 0: at once. Deadlines are not delayed. */
    int64_t watch_interval_ms;
    struct metrics *metrics; /* where it counts, outlives the loop; NULL: nowhere */
};

/* Everything given outlives the loop. Deadlines are kept from here on, also of kinds whose controllers
 * never come. `options` may be NULL. */
struct loop *loop_new(struct world *world, struct store *store, struct watch *watch,
                      struct admission *gate, const struct loop_options *options);

/* Controllers are removed with it; calls that are out are cancelled. Before `gate`, `watch` and `store`
 * are closed. NULL is allowed. */
void loop_free(struct loop *loop);

/* Look at every object of every controller, changed or not, as resync_ms does. */
void loop_resync(struct loop *loop);

/* Nothing runs or is being committed, no sweep is under way, and nothing waits but for a controller that
 * is not live: what is left is in the future. */
bool loop_is_settled(const struct loop *loop);

#endif
