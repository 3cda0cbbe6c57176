/* The names that a new controller goes by: the one that somebody gave, and those that follow from it. */
#ifndef CLI_NAMING_H
#define CLI_NAMING_H

#include "base/arena.h"
#include "base/error.h"

struct naming {
    struct text name;                 /* "web-check": of the files and the controller */
    struct text group, version, kind; /* "example.com", "v1", "WebCheck" */
    struct text singular, plural;     /* "webcheck", "webchecks" */
    struct text folder, at;           /* where its files go: "." and "", or "a/b" and "a/b/" */
};

/* From a DNS label that begins with a letter, and "GROUP/VERSION/KIND"; an empty `identity` is
 * example.com/v1 and the name in CamelCase. The folder is the current one. TEND_INVALID with the rule
 * that is broken. */
NODISCARD enum tend_code naming_make(struct arena *arena, struct text name, struct text identity,
                                     struct naming *ret_naming, struct error *err);

#endif
