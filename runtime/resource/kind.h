/* A kind of object: its names, schema, columns, state machine and owner. Immutable, counted.
 *
 * Every text is NUL-terminated and lives as long as the kind. A kind is made by resource/crd.h and
 * resource/builtin.h, and found in a catalogue (resource/catalogue.h). The count is atomic.
 */
#ifndef RESOURCE_KIND_H
#define RESOURCE_KIND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "document/schema.h"
#include "resource/column.h"
#include "resource/machine.h"

enum kind_scope { SCOPE_NAMESPACED, SCOPE_CLUSTER };
enum kind_origin { ORIGIN_BUILTIN, ORIGIN_DECLARED };

struct kind_words {
    const char *const *words;
    size_t count;
};

struct kind {
    atomic_uint refs;
    struct arena arena; /* holds every text below, unless `base` does */
    struct kind
        *base; /* an owned kind shares what its definition says; NULL: it is the definition */

    const char *group;       /* "lab.neuroglia.com"; "" is the core group */
    const char *version;     /* "v1" */
    const char *api_version; /* "lab.neuroglia.com/v1", "v1" */
    const char *name;        /* "LabInstance" */
    const char *list;        /* "LabInstanceList" */
    const char *plural;      /* "labinstances" */
    const char *singular;    /* "labinstance" */
    const char *resource;    /* "labinstances.lab.neuroglia.com", "configmaps": begins every key */
    const char *identity;    /* "lab.neuroglia.com/v1/LabInstance" */
    struct kind_words short_names, categories;
    enum kind_scope scope;
    enum kind_origin origin;
    bool
        has_status; /* status is a subresource: main writes leave it, status writes leave the rest */

    struct schema *schema;        /* NULL: anything goes */
    struct text openapi;          /* what it was compiled from, canonical JSON; empty: nothing */
    const struct column *columns; /* complete and in order: the name is one of them */
    size_t column_count;
    struct kind_words selectable; /* paths that field selectors may name, beside metadata.* */

    /* What its owner declared; all NULL and false where no controller owns the kind. */
    const char *controller;  /* the name of that Controller object */
    struct machine *machine; /* NULL: its objects have no states that the host knows */
    bool finalizes;          /* the controller finalizes: the host holds deleted objects for it */
    const char *finalizer;   /* the name of the finalizer then: "lab.neuroglia.com/tend" */
};

/* What a controller declared about a kind that it owns. */
struct kind_owner {
    const char *controller;
    struct machine *machine; /* borrowed; NULL: none */
    bool finalizes;
};

struct kind *kind_ref(struct kind *kind);
struct kind *kind_unref(struct kind *kind); /* NULL is allowed; returns NULL */
static inline void kind_unrefp(struct kind **kind)
{
    *kind = kind_unref(*kind);
}

/* The finalizer by which an owner of `kind` holds objects, also where it has no owner (any more). */
struct text kind_finalizer(const struct kind *kind, struct arena *arena);

/* A copy of `kind` owned as `owner` says; NULL: owned by nobody. The caller owns the copy. */
struct kind *kind_owned(const struct kind *kind, const struct kind_owner *owner);

/* Would the kind's schema keep and allow every state of its machine? TEND_INVALID with the state that it
 * would not; TEND_OK where there is no schema or no machine. */
NODISCARD enum tend_code kind_check_machine(const struct kind *kind, struct error *err);

/* NULL, or what is wrong with `name` as the name of an object of this kind (see resource/name.h). */
const char *kind_check_name(const struct kind *kind, struct text name);

/* "namespaces" are cluster-scoped, ... */
static inline bool kind_namespaced(const struct kind *kind)
{
    return kind->scope == SCOPE_NAMESPACED;
}

#endif
