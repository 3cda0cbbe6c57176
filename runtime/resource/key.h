/* The key of an object in the store, one text: "RESOURCE/NAMESPACE/NAME".
 *
 *     labinstances.lab.neuroglia.com/default/lab-1     a namespaced object of a group
 *     configmaps/default/settings                      ... of the core group
 *     namespaces//default                              a cluster-scoped object: no namespace
 *
 * No part may hold a '/', and admission lets only DNS-1123 names in, so byte order of keys is order by
 * kind, then namespace, then name, and a prefix that ends in '/' selects exactly one kind or one
 * namespace of a kind.
 */
#ifndef RESOURCE_KEY_H
#define RESOURCE_KEY_H

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

struct key_parts {
    struct text resource; /* "labinstances.lab.neuroglia.com"; the plural alone in the core group */
    struct text namespace; /* empty: cluster-scoped */
    struct text name;
};

/* The key of these parts, NUL-terminated, in `arena`. The parts were checked (resource/name.h). */
struct text key_make(struct arena *arena, struct text resource, struct text namespace,
                     struct text name);

/* The same into a buffer of KEY_BYTES_MAX + 1; TEND_LIMIT where it does not fit. */
NODISCARD enum tend_code key_write(char *out, struct text resource, struct text namespace,
                                   struct text name, struct text *ret_key, struct error *err);

/* What every key of a kind begins with, and every key of a kind in one namespace. */
struct text key_prefix_kind(struct arena *arena, struct text resource);
struct text key_prefix_namespace(struct arena *arena, struct text resource, struct text namespace);

/* Take a key apart; the parts point into it. TEND_INVALID where it is none: not exactly two '/', no
 * resource, no name, or longer than KEY_BYTES_MAX. */
NODISCARD enum tend_code key_split(struct text key, struct key_parts *ret_parts, struct error *err);

/* "labinstances.lab.neuroglia.com default/lab-1" or "namespaces default": a key for people. */
struct text key_show(struct arena *arena, struct text key);

#endif
