/* A kind is frozen when it is made, so a reader may keep one while the catalogue moves on. An owned kind
 * is a second face of the same definition: it shares the texts and the schema by holding on to it. */
#include "resource/kind.h"

#include <string.h>

#include "base/alloc.h"
#include "document/path.h"
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

/* Qualified by the group, so that it says whose objects it holds. */
struct text kind_finalizer(const struct kind *kind, struct arena *arena)
{
    return kind->group[0] == '\0' ? TEXT("tend.dev/tend")
                                  : arena_format(arena, "%s/tend", kind->group);
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
        copy->finalizer = kind_finalizer(definition, &copy->arena).ptr;
    }
    return copy;
}

const char *kind_check_name(const struct kind *kind, struct text name)
{
    bool label = kind->group[0] == '\0' && strcmp(kind->plural, "namespaces") == 0;
    return label ? name_check_label(name) : name_check_subdomain(name);
}

/* An object in that state, as far as the schema is asked. */
static enum tend_code check_state(const struct kind *kind, const char *state, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct schema_problems problems = {.arena = &arena};
    const struct machine *machine = kind->machine;
    const struct value *root = NULL;
    TRY(machine_with_state(machine, &arena, value_empty_map(), text_of(state), &root, err));
    root = schema_prune(kind->schema, &arena, root, &problems);
    if (path_get(root, text_of(machine->field)) == NULL) {
        return FAIL(err, TEND_INVALID, "the schema of %s has no field %s for the states of %s",
                    kind->resource, machine->field, kind->controller);
    }
    schema_validate(kind->schema, root, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        if (text_is(problems.items[i].path, machine->field)) {
            return FAIL(err, TEND_INVALID, "the schema of %s does not allow state %s at %s: %.*s",
                        kind->resource, state, machine->field, TEXT_ARG(problems.items[i].message));
        }
    }
    return TEND_OK;
}

enum tend_code kind_check_machine(const struct kind *kind, struct error *err)
{
    for (size_t i = 0; kind->schema != NULL && kind->machine != NULL && i < kind->machine->count;
         i++) {
        TRY(check_state(kind, kind->machine->states[i].name, err));
    }
    return TEND_OK;
}
