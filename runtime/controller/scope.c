/* An owner looks at every object of its kind. An observer looks at some kinds, or at all of them, and may
 * leave out most of their objects: those are to cost it nothing, so what can be told from an object's bytes
 * is told without decoding it, and no object that it does not take ever has a place in its queue.
 */
#include "base/alloc.h"
#include "controller/inside.h"
#include "resource/builtin.h"

/* --- what is said ----------------------------------------------------------------------------------- */

const struct value *controller_kinds(struct arena *arena, const char *kind)
{
    const struct value *kinds = value_empty_list();
    for (struct text rest = text_of(kind); rest.len > 0;) {
        kinds = value_append(arena, kinds, value_text(arena, claimed_word(&rest)));
    }
    return kinds;
}

static bool is_everything(const char *kind)
{
    return text_is(text_of(kind), "*");
}

/* --- which objects --------------------------------------------------------------------------------- */

void scope_select(struct controller *controller, const struct controller_options *options)
{
    struct scope *scope = &controller->scope;
    struct error err = ERROR_INIT;
    free(scope->annotation);
    selector_free(scope->selector);
    scope->selector = NULL;
    scope->annotation = options->annotation == NULL ? NULL : alloc_dup(options->annotation);
    enum tend_code code =
        options->labels == NULL
            ? TEND_OK
            : selector_parse(text_of(options->labels), TEXT(""), NULL, &scope->selector, &err);
    assert(code == TEND_OK); /* it was checked */
    (void)code;
}

static void free_resources(struct map *resources)
{
    MAP_FOREACH (slot, resources) {
        free(slot->value);
    }
    map_done(resources);
}

void scope_done(struct controller *controller)
{
    free(controller->scope.annotation);
    selector_free(controller->scope.selector);
    free_resources(&controller->scope.resources);
}

bool scope_has(const struct controller *controller, struct text resource)
{
    return map_get(&controller->scope.resources, resource) != NULL;
}

bool scope_takes(const struct controller *controller, const struct value *root)
{
    const struct scope *scope = &controller->scope;
    if (controller->role == ROLE_OWNER) {
        return true;
    }
    struct meta meta = meta_of(root);
    const struct value *annotations = value_field(meta.metadata, "annotations");
    return !meta_deleting(&meta) &&
           (scope->annotation == NULL ||
            value_get(annotations, text_of(scope->annotation)) != NULL) &&
           selector_match(scope->selector, root);
}

bool scope_may_take(const struct controller *controller, struct text resource,
                    const struct doc *doc)
{
    const char *annotation = controller->scope.annotation;
    struct text bytes = doc_text(doc);
    return scope_has(controller, resource) &&
           (annotation == NULL || text_search(bytes, text_of(annotation)) < bytes.len);
}

/* --- the plan -------------------------------------------------------------------------------------- */

static void add(struct map *resources, const struct kind *kind)
{
    if (kind != NULL && map_get(resources, text_of(kind->resource)) == NULL) {
        char *resource = alloc_dup(kind->resource);
        map_put(resources, text_of(resource), resource);
    }
}

/* Events are written about objects, and what the host keeps is written whenever something runs: who looked
 * at these would be woken by what it does. */
static bool is_of_everything(const struct kind *kind)
{
    return !text_is(text_of(kind->group), "tend.dev") &&
           !text_is(text_of(kind->resource), BUILTIN_EVENTS);
}

static void collect(const struct controller *controller, struct map *resources)
{
    const struct catalogue *catalogue = admission_catalogue(controller->loop->gate);
    if (!is_everything(controller->kind)) {
        for (struct text rest = text_of(controller->kind); rest.len > 0;) {
            add(resources, loop_kind(controller->loop, claimed_word(&rest)));
        }
        return;
    }
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct kind *kind = catalogue_at(catalogue, i);
        add(resources, is_of_everything(kind) ? kind : NULL);
    }
}

static bool has_all(const struct map *resources, const struct map *of)
{
    MAP_FOREACH (slot, of) {
        if (map_get(resources, slot->key) == NULL) {
            return false;
        }
    }
    return true;
}

bool scope_plan(struct controller *controller)
{
    struct map *before = &controller->scope.resources, now = {0};
    collect(controller, &now);
    bool same = now.count == before->count && has_all(before, &now);
    free_resources(same ? &now : before);
    if (!same) {
        *before = now;
    }
    return !same;
}
