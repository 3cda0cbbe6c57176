/* Patches between values. */
#ifndef DOCUMENT_PATCH_H
#define DOCUMENT_PATCH_H

#include "document/value.h"

/* JSON merge patch (RFC 7386, reissued as 7396): `patch` laid over `target` (which may be NULL). */
const struct value *patch_merge(struct arena *arena, const struct value *target,
                                const struct value *patch);

/* The merge patch that turns `from` into `to`, or NULL where they are equal. Nulls inside `to` cannot
 * be expressed by a merge patch; they are read as absent. */
const struct value *patch_between(struct arena *arena, const struct value *from,
                                  const struct value *to);

#endif
