/* Two things keep an object where it is until somebody decides: its controller gave it up, or it is being
 * deleted and held for a controller that does not come. */
#include "cli/way_on.h"

#include "base/alloc.h"
#include "cli/abandon.h"
#include "cli/owner.h"
#include "cli/plain.h"

static const struct value *true_condition(const struct value *root, const char *type)
{
    const struct value *conditions = value_field(value_field(root, "status"), "conditions");
    for (size_t i = 0; i < value_count(conditions); i++) {
        const struct value *condition = value_at(conditions, i);
        if (text_is(value_get_text(condition, TEXT("type")), type) &&
            text_is(value_get_text(condition, TEXT("status")), "True")) {
            return condition;
        }
    }
    return NULL;
}

const struct value *way_on_condition(const struct value *root)
{
    static const char *const types[] = {"Quarantined", "Stalled", "Failing"};
    const struct value *found = NULL;
    for (size_t i = 0; i < COUNT_OF(types) && found == NULL; i++) {
        found = true_condition(root, types[i]);
    }
    return found;
}

bool way_on_waits_in_vain(const struct served_kind *kind, const struct value *root,
                          const struct value *owner)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *metadata = value_field(root, "metadata");
    const struct value *finalizers = value_field(metadata, "finalizers");
    struct text own = abandon_finalizer(&arena, kind);
    bool is_held = false;
    for (size_t i = 0; i < value_count(finalizers); i++) {
        is_held = is_held || text_equal(value_text_or(value_at(finalizers, i), TEXT("")), own);
    }
    return is_held && value_get_text(metadata, TEXT("deletionTimestamp")).len > 0 &&
           (!text_is(owner_phase(owner), "live") || true_condition(root, "Quarantined") != NULL);
}

/* "  tend WORD KIND NAME -n NAMESPACE" */
static void print_command(FILE *out, const char *word, const struct served_kind *kind,
                          const struct value *root)
{
    const struct value *metadata = value_field(root, "metadata");
    struct text namespace = value_get_text(metadata, TEXT("namespace"));
    fprintf(out, "  tend %s %.*s ", word, TEXT_ARG(kind->singular));
    plain_print(out, value_get_text(metadata, TEXT("name")));
    if (namespace.len > 0 && !text_is(namespace, "default")) {
        fputs(" -n ", out);
        plain_print(out, namespace);
    }
}

void way_on_print(FILE *out, const struct served_kind *kind, const struct value *root,
                  const struct value *owner)
{
    const struct value *condition = way_on_condition(root);
    bool is_held = way_on_waits_in_vain(kind, root, owner);
    if (condition == NULL && !is_held) {
        return;
    }
    fputs("Next step:\n", out);
    if (condition != NULL) {
        print_command(out, "retry", kind, root);
        fputs(text_is(value_get_text(condition, TEXT("type")), "Failing")
                  ? " tries it at once; else it is tried ever more rarely\n"
                  : " tries it again; else it is left alone until its spec changes\n",
              out);
    }
    if (is_held) {
        print_command(out, "delete", kind, root);
        fputs(" --abandon lets it go without cleaning up; else it waits for its controller\n", out);
    }
}
