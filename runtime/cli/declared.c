/* In the order of the host, so that of several mistakes the same one is told: what controllers say, then the
 * definitions that they carry, then whether their machines fit those. */
#include "cli/declared.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/schema.h"
#include "resource/builtin.h"
#include "resource/catalogue.h"
#include "resource/claimed.h"
#include "resource/crd.h"
#include "resource/machine.h"
#include "resource/meta.h"

static const char *chars_or_null(struct arena *arena, const struct value *map, const char *field)
{
    struct text text = value_get_text(map, text_of(field));
    return text.len == 0 ? NULL : arena_text(arena, text).ptr;
}

static bool observes(const struct value *controller)
{
    return value_bool_or(value_field(controller, "observer"), false);
}

/* --- what a controller says -------------------------------------------------------------------- */

static enum tend_code check_claim(const struct value *controller, struct arena *arena,
                                  struct error *err)
{
    const struct value *owns = value_field(controller, "owns");
    const char **words = arena_alloc(arena, (value_count(owns) + 1) * sizeof *words);
    for (size_t i = 0; i < value_count(owns); i++) {
        words[i] = arena_text(arena, value_text_or(value_at(owns, i), TEXT(""))).ptr;
    }
    struct claimed claimed = {.kind =
                                  arena_text(arena, value_get_text(controller, TEXT("kind"))).ptr,
                              .observes = observes(controller),
                              .labels = chars_or_null(arena, controller, "labels"),
                              .annotation = chars_or_null(arena, controller, "annotation"),
                              .owns = words};
    return claimed_check(&claimed, err);
}

static enum tend_code check_machine(const struct value *controller, struct error *err)
{
    CLEANUP(machine_unrefp) struct machine *machine = NULL;
    const struct value *declared = value_field(controller, "machine");
    return declared == NULL ? TEND_OK : machine_from_value(declared, &machine, err);
}

static enum tend_code check_controller(const struct value *controller, struct arena *arena,
                                       struct error *err)
{
    if (check_claim(controller, arena, err) != TEND_OK ||
        check_machine(controller, err) != TEND_OK) {
        return error_wrap(err, "controller %.*s",
                          TEXT_ARG(value_get_text(controller, TEXT("name"))));
    }
    return TEND_OK;
}

/* --- with the kinds that they are about -------------------------------------------------------- */

static void replace(struct catalogue **catalogue, struct catalogue *next)
{
    catalogue_unref(*catalogue);
    *catalogue = next;
}

/* In admission's words. */
static enum tend_code tell(const struct schema_problems *problems, const char *resource,
                           struct text name, struct error *err)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(4 * KIB);
    if (problems->count == 0) {
        return TEND_OK;
    }
    buffer_format(&text, "%s \"%.*s\" is invalid: ", resource, TEXT_ARG(name));
    schema_problems_tell(problems, &text);
    return FAIL(err, TEND_INVALID, "%s", buffer_view(&text).ptr);
}

/* What admission asks of a definition before it asks the catalogue. */
static enum tend_code check_shape(const struct catalogue *catalogue, struct arena *arena,
                                  const struct value **crd, struct error *err)
{
    struct schema_problems unknown = {.arena = arena}, problems = {.arena = arena};
    const struct schema *schema = catalogue_resource(catalogue, TEXT(BUILTIN_CRDS))->schema;
    struct text name = value_get_text(value_field(*crd, "metadata"), TEXT("name"));
    *crd = schema_prune(schema, arena, *crd, &unknown);
    TRY(tell(&unknown, "strict decoding error: " BUILTIN_CRDS, name, err));
    meta_check(*crd, &problems);
    *crd = schema_default(schema, arena, *crd);
    schema_validate(schema, *crd, &problems);
    return tell(&problems, BUILTIN_CRDS, name, err);
}

static enum tend_code add_definition(struct catalogue **catalogue, const struct value *controller,
                                     struct arena *arena, struct error *err)
{
    struct schema_problems problems = {.arena = arena};
    const struct value *crd = value_field(controller, "crd");
    char path[CRD_PATH_MAX] = "";
    struct catalogue *next;
    struct error why = ERROR_INIT;
    if (crd == NULL) {
        return TEND_OK;
    }
    TRY(check_shape(*catalogue, arena, &crd, err));
    if (catalogue_with_crd(*catalogue, crd, path, &next, &why) != TEND_OK) {
        schema_problem_add(&problems, SCHEMA_INVALID, text_of(path), NULL, "%s", why.message);
        return tell(&problems, BUILTIN_CRDS,
                    value_get_text(value_field(crd, "metadata"), TEXT("name")), err);
    }
    replace(catalogue, next);
    return TEND_OK;
}

static enum tend_code add_owner(struct catalogue **catalogue, const struct value *controller,
                                struct arena *arena, struct error *err)
{
    struct schema_problems problems = {.arena = arena};
    struct text name = value_get_text(controller, TEXT("name"));
    const struct value *owned = claimed_kind(arena, controller, value_field(controller, "machine"));
    const struct value *root = NULL, *metadata = NULL, *spec = NULL;
    struct catalogue *next;
    struct error why = ERROR_INIT;
    if (observes(controller)) {
        return TEND_OK;
    }
    metadata = value_with(arena, metadata, TEXT("name"), value_text(arena, name));
    spec = value_with(arena, spec, TEXT("owns"), value_list(arena, &owned, 1));
    root = value_with(arena, root, TEXT("metadata"), metadata);
    root = value_with(arena, root, TEXT("spec"), spec);
    if (catalogue_with_machine(*catalogue, root, &next, &why) != TEND_OK) {
        schema_problem_add(&problems, SCHEMA_INVALID, TEXT("spec.owns"), NULL, "%s", why.message);
        return tell(&problems, BUILTIN_CONTROLLERS, name, err);
    }
    replace(catalogue, next);
    return TEND_OK;
}

enum tend_code declared_check(const struct value *descriptor, struct arena *arena,
                              struct error *err)
{
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = catalogue_new();
    const struct value *controllers = value_field(descriptor, "controllers");
    for (size_t i = 0; i < value_count(controllers); i++) {
        TRY(check_controller(value_at(controllers, i), arena, err));
    }
    for (size_t i = 0; i < value_count(controllers); i++) {
        TRY(add_definition(&catalogue, value_at(controllers, i), arena, err));
    }
    for (size_t i = 0; i < value_count(controllers); i++) {
        TRY(add_owner(&catalogue, value_at(controllers, i), arena, err));
    }
    return TEND_OK;
}
