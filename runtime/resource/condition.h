/* Conditions in status.conditions, with the semantics of the Kubernetes API conventions: one for each
 * type, lastTransitionTime changes only with the status, absence means Unknown. */
#ifndef RESOURCE_CONDITION_H
#define RESOURCE_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "document/value.h"

struct condition {
    struct text type;            /* "Ready": CamelCase */
    struct text status;          /* "True", "False" or "Unknown" */
    struct text reason;          /* CamelCase, not empty */
    struct text message;         /* a sentence, may be empty */
    int64_t observed_generation; /* 0: none */
    int64_t since_ms;            /* lastTransitionTime; read only, META_NO_MOMENT: none */
};

/* Read the condition of `type`; false where there is none. The texts are borrowed from `root`. */
bool condition_get(const struct value *root, struct text type, struct condition *ret_condition);

bool condition_is_true(const struct value *root, struct text type);

/* `root` with `condition` set: in its place where the type is there, at the end where it is not;
 * lastTransitionTime is `now_ms` where the status changed and what it was where it did not. Returns
 * `root` itself where nothing changes. */
const struct value *condition_set(struct arena *arena, const struct value *root,
                                  const struct condition *condition, int64_t now_ms);

/* `root` without the condition of `type`. */
const struct value *condition_remove(struct arena *arena, const struct value *root,
                                     struct text type);

#endif
