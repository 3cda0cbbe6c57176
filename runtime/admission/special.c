/* Kinds whose objects mean something to the host itself. Definitions and controllers change the set's
 * catalogue, so what follows in the same set is judged by it; namespaces and definitions go only when
 * nothing is left in them. Whatever else is special about a kind belongs into its schema. */
#include <string.h>

#include "admission/hearing.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "resource/builtin.h"
#include "resource/crd.h"

enum special {
    SPECIAL_NONE,
    SPECIAL_NAMESPACE,
    SPECIAL_CONFIGMAP,
    SPECIAL_CRD,
    SPECIAL_CONTROLLER,
    SPECIAL_EFFECT
};
enum { COUNT_SHOWN_MAX = 100, CONTENT_BYTES_MAX = 1024 };

static enum special special_of(const struct kind *kind)
{
    static const struct {
        const char *resource;
        enum special special;
    } specials[] = {
        {BUILTIN_NAMESPACES, SPECIAL_NAMESPACE},
        {BUILTIN_CONFIGMAPS, SPECIAL_CONFIGMAP},
        {BUILTIN_CRDS, SPECIAL_CRD},
        {BUILTIN_CONTROLLERS, SPECIAL_CONTROLLER},
        {BUILTIN_EFFECTS, SPECIAL_EFFECT},
    };
    for (size_t i = 0; i < COUNT_OF(specials); i++) {
        if (strcmp(kind->resource, specials[i].resource) == 0) {
            return specials[i].special;
        }
    }
    return SPECIAL_NONE;
}

/* The one field of `map`, where it has no other and is called `key`; NULL otherwise. */
static const struct value *only_field(const struct value *map, const char *key)
{
    return value_is(map, VALUE_MAP) && map->count == 1 && text_is(map->fields[0].key, key)
               ? map->fields[0].value
               : NULL;
}

/* A patch that says that its file is to be tried again, and nothing else. */
static bool asks_retry(const struct admission_request *request)
{
    const struct value *metadata = only_field(request->body, "metadata");
    return request->verb == ADMIT_PATCH &&
           value_is(only_field(only_field(metadata, "annotations"), META_RETRY), VALUE_TEXT);
}

/* What the host keeps is nobody else's to write; that it goes may be asked for. */
enum tend_code special_allows(struct hearing *hearing)
{
    enum special special = special_of(hearing->kind);
    enum admission_role role = hearing_role(hearing);
    if (role == WRITER_HOST || hearing->request->verb == ADMIT_DELETE) {
        return TEND_OK;
    }
    if (special == SPECIAL_CONTROLLER && !asks_retry(hearing->request)) {
        return hearing_refuse(hearing, TEND_DENIED,
                              "controllers are kept by the host itself: add, change or remove the "
                              "plugin's file instead (an object that is left over may be deleted)");
    }
    if (special == SPECIAL_EFFECT && role != WRITER_CONTROLLER && role != WRITER_OBSERVER) {
        return hearing_refuse(hearing, TEND_DENIED,
                              "effects are kept by the host itself: a controller asks for one by "
                              "name (one that is deleted is done again when it is asked for)");
    }
    return TEND_OK;
}

/* --- definitions ------------------------------------------------------------------------------- */

/* A few objects of a kind, as a sentence refuses with them: "3, the first is default/lab-1". */
static enum tend_code refuse_objects(struct hearing *hearing, const char *resource,
                                     const char *what)
{
    struct set *set = hearing->set;
    struct text prefix = key_prefix_kind(&set->arena, text_of(resource));
    struct text first = set_next_key(set, prefix, TEXT(""));
    if (first.len == 0) {
        return TEND_OK;
    }
    size_t count = set_count(set, prefix, COUNT_SHOWN_MAX);
    return hearing_refuse(hearing, TEND_CONFLICT,
                          "%s cannot %s while it has objects: %zu%s, the first is %.*s; delete "
                          "them first",
                          hearing_object(hearing), what, count,
                          count == COUNT_SHOWN_MAX ? " or more" : "",
                          TEXT_ARG(key_show(&set->arena, first)));
}

/* Stored keys and bodies say these; they change only while nothing is stored. */
static enum tend_code check_frozen(struct hearing *hearing, const struct kind *was,
                                   const struct kind *now)
{
    const char *changed = was->scope != now->scope                  ? "spec.scope"
                          : strcmp(was->name, now->name) != 0       ? "spec.names.kind"
                          : strcmp(was->version, now->version) != 0 ? "spec.versions[0].name"
                                                                    : NULL;
    return changed == NULL
               ? TEND_OK
               : refuse_objects(hearing, was->resource,
                                arena_format(&hearing->set->arena, "change its %s", changed).ptr);
}

static enum tend_code catalogue_definition(struct hearing *hearing, const struct value *root)
{
    struct set *set = hearing->set;
    struct error err = ERROR_INIT;
    char path[CRD_PATH_MAX] = "";
    struct catalogue *changed = NULL;
    if (catalogue_with_crd(set->catalogue, root, path, &changed, &err) != TEND_OK) {
        return hearing_problem(hearing, err.code == TEND_EXISTS ? SCHEMA_DUPLICATE : SCHEMA_INVALID,
                               path, "%s", err.message);
    }
    const struct kind *was = catalogue_resource(set->catalogue, hearing->name);
    const struct kind *now = catalogue_resource(changed, hearing->name);
    enum tend_code code = was == NULL ? TEND_OK : check_frozen(hearing, was, now);
    if (code != TEND_OK) {
        catalogue_unref(changed);
        return code;
    }
    set_catalogue(set, changed);
    return TEND_OK;
}

static enum tend_code written_definition(struct hearing *hearing, const struct value *before,
                                         const struct value **root)
{
    struct set *set = hearing->set;
    if (before == NULL || !hearing_same_field(before, *root, TEXT("spec"))) {
        TRY(catalogue_definition(hearing, *root));
    }
    const struct kind *kind = catalogue_resource(set->catalogue, hearing->name);
    const struct value *status = value_field(before, "status");
    *root = value_with(&set->arena, *root, TEXT("status"), status);
    *root = crd_with_status(&set->arena, *root, kind, set->now_ms);
    return TEND_OK;
}

/* --- controllers ------------------------------------------------------------------------------- */

static enum tend_code written_controller(struct hearing *hearing, const struct value *before,
                                         const struct value *root)
{
    struct error err = ERROR_INIT;
    struct catalogue *changed = NULL;
    if (before != NULL && hearing_same_field(before, root, TEXT("spec"))) {
        return TEND_OK;
    }
    if (catalogue_with_machine(hearing->set->catalogue, root, &changed, &err) != TEND_OK) {
        return hearing_problem(hearing, err.code == TEND_EXISTS ? SCHEMA_DUPLICATE : SCHEMA_INVALID,
                               "spec.owns", "%s", err.message);
    }
    set_catalogue(hearing->set, changed);
    return TEND_OK;
}

/* The states and the finalizer of a kind are stored with its controller: without the object every move
 * of a running controller would be refused, and nothing would hold its objects' deletion. */
static enum tend_code check_not_live(struct hearing *hearing)
{
    const struct value *status = value_field(hearing->entry->now, "status");
    if (hearing_role(hearing) == WRITER_HOST ||
        !text_is(value_text_or(value_field(status, "phase"), TEXT("")), "live")) {
        return TEND_OK;
    }
    return hearing_refuse(hearing, TEND_DENIED,
                          "%s is live; take its file away, then the object may be deleted",
                          hearing_object(hearing));
}

/* --- namespaces -------------------------------------------------------------------------------- */

/* What is in the namespace, Events aside: "3 labinstances, 1 configmaps"; empty where nothing is. */
static void list_content(struct hearing *hearing, struct buffer *content)
{
    struct set *set = hearing->set;
    for (size_t i = 0; i < catalogue_count(set->catalogue); i++) {
        const struct kind *kind = catalogue_at(set->catalogue, i);
        if (!kind_namespaced(kind) || strcmp(kind->resource, BUILTIN_EVENTS) == 0) {
            continue;
        }
        struct text prefix =
            key_prefix_namespace(&set->arena, text_of(kind->resource), hearing->name);
        size_t count = set_count(set, prefix, COUNT_SHOWN_MAX);
        if (count > 0) {
            buffer_format(content, "%s%zu%s %s", content->len > 0 ? ", " : "", count,
                          count == COUNT_SHOWN_MAX ? " or more" : "", kind->plural);
        }
    }
}

static enum tend_code check_empty(struct hearing *hearing)
{
    CLEANUP(buffer_done) struct buffer content = BUFFER_INIT(CONTENT_BYTES_MAX);
    if (text_is(hearing->name, "default")) {
        return hearing_refuse(hearing, TEND_DENIED, "namespaces \"default\" cannot be deleted");
    }
    list_content(hearing, &content);
    struct text found = buffer_view(&content);
    return found.len == 0
               ? TEND_OK
               : hearing_refuse(hearing, TEND_CONFLICT, "%s is not empty: %.*s; delete them first",
                                hearing_object(hearing), TEXT_ARG(found));
}

/* The Events of a namespace go with it, in the same set. */
static enum tend_code remove_events(struct hearing *hearing)
{
    struct set *set = hearing->set;
    struct error err = ERROR_INIT;
    struct text prefix = key_prefix_namespace(&set->arena, TEXT(BUILTIN_EVENTS), hearing->name);
    struct text key = set_next_key(set, prefix, TEXT(""));
    for (size_t count = 0; key.len > 0; count++) {
        struct entry *entry = NULL;
        if (count == NAMESPACE_EVENTS_MAX) {
            return hearing_refuse(hearing, TEND_CONFLICT,
                                  "%s has more than %u events; delete some first",
                                  hearing_object(hearing), NAMESPACE_EVENTS_MAX);
        }
        if (set_entry(set, key, &entry, &err) != TEND_OK) {
            return hearing_fail(hearing, &err);
        }
        entry->gone = true;
        entry->request = hearing->index;
        key = set_next_key(set, prefix, key);
    }
    return TEND_OK;
}

/* --- ConfigMaps -------------------------------------------------------------------------------- */

static enum tend_code written_configmap(struct hearing *hearing, const struct value *before,
                                        const struct value *root)
{
    if (!value_bool_or(value_field(before, "immutable"), false)) {
        return TEND_OK;
    }
    if (hearing_same_field(before, root, TEXT("data")) &&
        hearing_same_field(before, root, TEXT("binaryData")) &&
        hearing_same_field(before, root, TEXT("immutable"))) {
        return TEND_OK;
    }
    return hearing_problem(hearing, SCHEMA_FORBIDDEN, "data",
                           "must not change, the object is immutable; delete and create it");
}

/* --- the hooks --------------------------------------------------------------------------------- */

enum tend_code special_written(struct hearing *hearing, const struct value *before,
                               const struct value **root)
{
    switch (special_of(hearing->kind)) {
    case SPECIAL_CONFIGMAP:
        return written_configmap(hearing, before, *root);
    case SPECIAL_CRD:
        return written_definition(hearing, before, root);
    case SPECIAL_CONTROLLER:
        return written_controller(hearing, before, *root);
    case SPECIAL_NAMESPACE:
    case SPECIAL_EFFECT:
    case SPECIAL_NONE:
        return TEND_OK;
    }
    return TEND_OK;
}

enum tend_code special_delete(struct hearing *hearing)
{
    switch (special_of(hearing->kind)) {
    case SPECIAL_NAMESPACE:
        return check_empty(hearing);
    case SPECIAL_CRD:
        return refuse_objects(hearing, arena_text(&hearing->set->arena, hearing->name).ptr, "go");
    case SPECIAL_CONTROLLER:
        return check_not_live(hearing);
    case SPECIAL_CONFIGMAP:
    case SPECIAL_EFFECT:
    case SPECIAL_NONE:
        return TEND_OK;
    }
    return TEND_OK;
}

enum tend_code special_gone(struct hearing *hearing)
{
    struct set *set = hearing->set;
    switch (special_of(hearing->kind)) {
    case SPECIAL_NAMESPACE:
        TRY(check_empty(hearing));
        return remove_events(hearing);
    case SPECIAL_CRD:
        TRY(special_delete(hearing));
        set_catalogue(set, catalogue_without_crd(set->catalogue, hearing->name));
        return TEND_OK;
    case SPECIAL_CONTROLLER:
        set_catalogue(set, catalogue_without_machine(set->catalogue, hearing->name));
        return TEND_OK;
    case SPECIAL_CONFIGMAP:
    case SPECIAL_EFFECT:
    case SPECIAL_NONE:
        return TEND_OK;
    }
    return TEND_OK;
}
