/* It is said in the answer and not on the objects: a controller that goes writes to none of them. kubectl and
 * tend print a Warning beside the table. */
#include "api/untended.h"

#include "base/alloc.h"
#include "resource/builtin.h"
#include "resource/key.h"

/* The status of the Controller that answers for the kind; NULL: there is no such object. */
static const struct value *status_of(const struct operation *operation, struct arena *arena)
{
    const struct value *root = NULL;
    struct text key =
        key_make(arena, TEXT(BUILTIN_CONTROLLERS), TEXT(""), text_of(operation->kind->controller));
    const struct doc *doc = store_get(operation->service->rooms.store, key);
    if (doc == NULL || doc_tree(doc, arena, &root, NULL) != TEND_OK) {
        return NULL;
    }
    return value_field(root, "status");
}

void untended_warn(const struct operation *operation)
{
    const struct kind *kind = operation->kind;
    struct arena *arena = &operation->exchange->arena;
    if (operation->form != FORM_TABLE || kind->controller == NULL ||
        url_parameter(&operation->url, "continue").len > 0) {
        return;
    }
    const struct value *status = status_of(operation, arena);
    struct text phase = value_text_or(value_field(status, "phase"), TEXT("not there"));
    struct text reason = value_text_or(value_field(status, "reason"), TEXT(""));
    if (text_is(phase, "live")) {
        return;
    }
    struct text says =
        arena_format(arena,
                     "nobody tends %s now: controller %s is %.*s%s%.*s%s; see tend "
                     "describe controller %s",
                     kind->plural, kind->controller, TEXT_ARG(phase), reason.len > 0 ? " (" : "",
                     TEXT_ARG(reason), reason.len > 0 ? ")" : "", kind->controller);
    exchange_warn(operation->exchange, says);
}
