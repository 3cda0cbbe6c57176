/* What goes wrong in a run of a test on purpose: one thing, in one place. A controller converges whatever
 * happens on the way, so the test's expectations hold all the same, and everything ends as without it.
 *
 *     commit:N   the host is killed when the N-th commit is durable, and starts again
 *     begun:N    ... when the N-th effect has begun
 *     ended:N    ... when the N-th effect has ended, before its result is durable
 *     repeat     every object is looked at once more after each commit about one, changed or not
 *     stale      each run sees the last commit late, once: what it reads is as before, as if it had begun earlier
 */
#ifndef SIM_CHAOS_H
#define SIM_CHAOS_H

#include "base/map.h"
#include "sim/recorder.h"
#include "sim/stage.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_COMMIT,
    FAULT_BEGUN,
    FAULT_ENDED,
    FAULT_REPEAT,
    FAULT_STALE,
};

struct fault {
    enum fault_kind kind;
    unsigned at; /* counted from 1; 0 where the kind has no place */
};

enum { FAULT_NAME_MAX = 64 };

/* "commit:7". `out` holds FAULT_NAME_MAX. */
const char *fault_name(struct fault fault, char *out);

/* "the host killed after commit 7"; `out` holds FAULT_NAME_MAX. */
const char *fault_story(struct fault fault, char *out);

NODISCARD enum tend_code fault_parse(const char *text, struct fault *ret_fault, struct error *err);

/* What there was in a run without a fault, and so where faults can strike. */
struct fault_places {
    unsigned commits, began, ended;
};

/* Fault number `index` of those to be tried, spread over all places; false: there are no more. */
bool fault_at(struct fault_places places, unsigned index, struct fault *ret_fault);

/* One run with a fault. */
struct chaos {
    struct read_source reads; /* for the loop of a stage with FAULT_STALE */
    struct fault fault;
    struct stage *stage;
    const struct recorder *recorder;
    unsigned commits; /* of the stage, when the test began */
    size_t changes;   /* that were looked at */
    unsigned repeats; /* at `repeated_ms`, ticks */
    int64_t repeated_ms;
    struct map late; /* by key of an object: the last commit that its runs were shown late */
    enum { CHAOS_ASLEEP, CHAOS_ON, CHAOS_OVER } phase;
};
void chaos_done(struct chaos *chaos);
void chaos_init(struct chaos *chaos, struct fault fault, struct stage *stage,
                const struct recorder *recorder);
void chaos_begin(struct chaos *chaos);   /* the test begins */
void chaos_between(struct chaos *chaos); /* stage_options.between */

#endif
