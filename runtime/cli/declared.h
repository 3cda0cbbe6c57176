/* Would a host allow what a plugin declares? By the rules of `resource`, as far as they need no store: what is
 * there already, and other plugins, are not known here. */
#ifndef CLI_DECLARED_H
#define CLI_DECLARED_H

#include "base/error.h"
#include "document/value.h"

/* `descriptor` as descriptor_read gives it. TEND_INVALID, TEND_EXISTS, TEND_LIMIT with the host's sentence. */
NODISCARD enum tend_code declared_check(const struct value *descriptor, struct arena *arena,
                                        struct error *err);

#endif
