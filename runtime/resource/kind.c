/* A kind is frozen when it is made, so a reader may keep one while the catalogue moves on. An owned kind
 * is a second face of the same definition: it shares the texts and the schema by holding on to it. */
#include "resource/kind.h"

#include <string.h>

#include "base/alloc.h"
#include "resource/name.h"

struct kind *kind_ref(struct kind *kind)
{
    atomic_fetch_add_explicit(&kind->refs, 1, memory_order_relaxed);
    return kind;
}

struct kind *kind_unref(struct kind *kind)
{
    if (kind != NULL && atomic_fetch_sub_explicit(&kind->refs, 1, memory_order_acq_rel) == 1) {
        machine_unref(kind->machine);
        schema_unref(kind->schema);
        kind_unref(kind->base);
        arena_done(&kind->arena);
        free(kind);
    }
    return NULL;
}

/* "lab.neuroglia.com/tend": qualified by the group, so that it says whose objects it holds. */
static const char *finalizer_of(struct kind *kind)
{
    return kind->group[0] == '\0' ? "tend.dev/tend"
                                  : arena_format(&kind->arena, "%s/tend", kind->group).ptr;
}

struct kind *kind_owned(const struct kind *kind, const struct kind_owner *owner)
{
    const struct kind *definition = kind->base != NULL ? kind->base : kind;
    struct kind *copy = alloc_new(sizeof *copy);
    memcpy(copy, definition, sizeof *copy);
    atomic_init(&copy->refs, 1);
    copy->arena = (struct arena){0};
    copy->base = kind_ref((struct kind *)(uintptr_t)definition);
    copy->schema = definition->schema == NULL ? NULL : schema_ref(definition->schema);
    if (owner != NULL) {
        copy->controller = arena_text(&copy->arena, text_of(owner->controller)).ptr;
        copy->machine = owner->machine == NULL ? NULL : machine_ref(owner->machine);
        copy->finalizes = owner->finalizes;
        copy->finalizer = finalizer_of(copy);
    }
    return copy;
}

const char *kind_check_name(const struct kind *kind, struct text name)
{
    bool label = kind->group[0] == '\0' && strcmp(kind->plural, "namespaces") == 0;
    return label ? name_check_label(name) : name_check_subdomain(name);
}
