/* The objects that words on a command line name: "KIND[,KIND] [NAME...]" or "KIND/NAME...". A KIND without names may be
 * a category: all kinds that say they belong to it. */
#ifndef CLI_REFERENCE_H
#define CLI_REFERENCE_H

#include "cli/session.h"

struct reference {
    const struct served_kind *kind;
    struct text name; /* empty: every object of the kind */
};

struct references {
    struct reference *items; /* in the arena */
    size_t count;
};

/* Resolve; asks the host which kinds there are. TEND_INVALID where the words make no sense together,
 * TEND_NOT_FOUND for an unknown kind. */
NODISCARD enum tend_code references_parse(struct session *session, char **words, size_t count,
                                          struct arena *arena, struct references *ret_references,
                                          struct error *err);

#endif
