/* What a version claims, in one set: the CustomResourceDefinition of each kind that it carries (created
 * where there is none, changed only where this controller created it, see annotation tend.dev/defined-by),
 * and a Controller object (tend.dev/v1) for each of its controllers, whose spec.owns puts the state machine
 * in force; an observer claims nothing, and its spec.observes only says what it looks at. What cannot be claimed refuses all of it, and nothing is left half done. [core]
 */
#ifndef RUNNER_CLAIM_H
#define RUNNER_CLAIM_H

#include "admission/admission.h"
#include "base/arena.h"
#include "runner/seat.h"
#include "store/store.h"

struct claim {
    void (*answered)(struct claim *claim, const struct admission_result *result);

    struct admission_call call;
    struct arena arena;
};

struct claim_terms {
    struct store *store;
    struct admission *gate;
    const char *file; /* for the log of changes */
    const struct seat *seats;
    size_t seat_count;
    /* Controllers of the same file that stand back: of these, who is not among `seats` owns nothing from
     * then on where its kind is claimed by one of them. */
    const struct seat *before;
    size_t before_count;
};

/* Submit it; `answered` is called in a later step. */
void claim_submit(struct claim *claim, const struct claim_terms *terms);

/* The answer is not wanted any more. Harmless where none is due. */
void claim_done(struct claim *claim);

#endif
