/* A census: how many objects of a resource are in states that a machine does not have.
 *
 *     census.moved = ...;
 *     census_start(&census, loop, resource, machine);      then, whenever it moved:
 *     if (census_reached(&census, revision)) { ... census_homeless(&census) is exact as of then
 *
 * For a machine that is to come: its objects are counted while others go on writing them, and the count is
 * kept up to date from then on. A state counts as known where the machine has it, or says what it is called
 * now; an object without a state has a home in every machine. It works in slices; the change that put an
 * object into a state is counted exactly once, also where it was made during the first count.
 */
#ifndef CONTROLLER_CENSUS_H
#define CONTROLLER_CENSUS_H

#include "base/limits.h"
#include "controller/loop.h"
#include "resource/machine.h"
#include "watch/follower.h"

struct census {
    void (*moved)(struct census *census); /* in a step of its own; it may be stopped there */

    struct loop *loop; /* NULL: not started */
    struct follower follower;
    struct task more;
    struct machine *machine;
    char *resource;
    struct {
        char *state;
        size_t count;
    } states[CENSUS_STATES_MAX]; /* the last one: every other */
    size_t state_count, homeless;
};

/* Begin to count. `moved` is set, the rest zeroed. */
void census_start(struct census *census, struct loop *loop, struct text resource,
                  struct machine *machine);
void census_stop(struct census *census); /* harmless where it is not started */

/* `moved` is called in a later step, when what is durable by now was shown to it. */
void census_look(struct census *census);

/* Is everything up to `revision`, a durable one, in the count? */
bool census_reached(const struct census *census, int64_t revision);

/* How many objects are in states that the machine does not have. */
size_t census_homeless(const struct census *census);

/* "14 objects of labinstances.lab.neuroglia.com are in state Booting, which this version does not have; ...":
 * fills `err` with TEND_CONFLICT. */
enum tend_code census_refuse(const struct census *census, struct error *err);

#endif
