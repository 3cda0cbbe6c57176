/* What a controller says that it looks at, as it is written down: "lab.neuroglia.com/v1/LabInstance" of an owner,
 * "v1/ConfigMap, labs" or "*" of an observer.
 */
#ifndef RESOURCE_CLAIMED_H
#define RESOURCE_CLAIMED_H

#include <stdbool.h>

#include "base/error.h"
#include "document/value.h"

struct claimed {
    const char *kind;
    bool observes;
    const char *labels, *annotation; /* of an observer; NULL: all */
    const char *const *owns;         /* NULL-ended; NULL: none */
};

/* May a controller say so? TEND_INVALID where `kind` or one of `owns` is no kind's name, or `labels` no
 * selection. Whether the kinds are there is another matter. */
NODISCARD enum tend_code claimed_check(const struct claimed *claimed, struct error *err);

/* "GROUP/VERSION/KIND" taken apart; false where it is none. */
bool kind_words(struct text word, struct text *ret_api_version, struct text *ret_kind);

/* The next word of "v1/ConfigMap, labs". */
struct text claimed_word(struct text *rest);

/* The kind of an owner as Controllers have it in spec.owns: {apiVersion, kind, finalizes, machine}.
 * `described` is the owner as descriptors have it (protocol/shape.h); `machine` may be NULL. */
const struct value *claimed_kind(struct arena *arena, const struct value *described,
                                 const struct value *machine);

#endif
