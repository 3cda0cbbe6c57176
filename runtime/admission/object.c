/* What an object may contain, and whose word counts for which part of it. Metadata is not taken from a
 * body but made: what the server keeps comes from the object as it is, what a writer may say comes from
 * the body, field by field, so that a field that is forgotten here cannot be written at all. */
#include "admission/hearing.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/path.h"
#include "resource/builtin.h"
#include "resource/condition.h"
#include "resource/machine.h"
#include "resource/name.h"

static const char *const written_fields[] = {"labels", "annotations", "finalizers",
                                             "ownerReferences"};
static const char *const kept_fields[] = {
    "name",           "namespace",         "generateName",      "uid",
    "generation",     "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
    "resourceVersion"};
static const char *const known_fields[] = {"name",
                                           "namespace",
                                           "generateName",
                                           "uid",
                                           "generation",
                                           "creationTimestamp",
                                           "deletionTimestamp",
                                           "deletionGracePeriodSeconds",
                                           "resourceVersion",
                                           "labels",
                                           "annotations",
                                           "finalizers",
                                           "ownerReferences",
                                           "managedFields",
                                           "selfLink"};

static const struct value *metadata_of(const struct value *root)
{
    return value_field(root, "metadata");
}

/* --- unknown fields ---------------------------------------------------------------------------- */

static void unknown_metadata(const struct value *body, struct schema_problems *unknown)
{
    const struct value *metadata = metadata_of(body);
    for (size_t i = 0; value_is(metadata, VALUE_MAP) && i < metadata->count; i++) {
        struct text key = metadata->fields[i].key;
        bool known = false;
        for (size_t k = 0; k < COUNT_OF(known_fields) && !known; k++) {
            known = text_is(key, known_fields[k]);
        }
        if (!known) {
            const char *near = text_nearest(key, known_fields, COUNT_OF(known_fields));
            CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(DOC_KEY_MAX * 2);
            buffer_chars(&path, "metadata");
            path_add_field(&path, key);
            schema_problem_add(unknown, SCHEMA_UNKNOWN, buffer_view(&path),
                               metadata->fields[i].value, "no field \"%.*s\"%s%s%s", TEXT_ARG(key),
                               near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
                               near != NULL ? "\"?" : "");
        }
    }
}

/* The request is refused as one that cannot be decoded (400), naming the fields as causes. */
static enum tend_code refuse_unknown(struct hearing *hearing, const struct schema_problems *unknown)
{
    hearing->problems = *unknown;
    enum tend_code code = hearing_settle_problems(hearing);
    hearing->answer->fault = FAULT_REQUEST;
    hearing->answer->message =
        arena_format(&hearing->set->arena, "strict decoding error: %s", hearing->answer->message)
            .ptr;
    return code;
}

static enum tend_code report_unknown(struct hearing *hearing, const struct schema_problems *unknown)
{
    switch (hearing->request->fields) {
    case FIELDS_STRICT:
        return refuse_unknown(hearing, unknown);
    case FIELDS_WARN:
        for (size_t i = 0; i < unknown->count; i++) {
            hearing_warn(hearing, "unknown field \"%.*s\"", TEXT_ARG(unknown->items[i].path));
        }
        return TEND_OK;
    case FIELDS_IGNORE:
        return TEND_OK;
    }
    return TEND_OK;
}

enum tend_code object_unknown_fields(struct hearing *hearing, const struct value *body,
                                     const struct value **ret_body)
{
    struct schema_problems unknown = {.arena = &hearing->set->arena};
    unknown_metadata(body, &unknown);
    if (hearing->kind->schema != NULL) {
        body = schema_prune(hearing->kind->schema, &hearing->set->arena, body, &unknown);
    }
    *ret_body = body;
    return unknown.count == 0 ? TEND_OK : report_unknown(hearing, &unknown);
}

/* --- shape ------------------------------------------------------------------------------------- */

/* Defaults, then nothing that the schema does not have, then nothing that breaks it. */
static enum tend_code shape(struct hearing *hearing, const struct value **root)
{
    struct arena *arena = &hearing->set->arena;
    const struct schema *schema = hearing->kind->schema;
    meta_check(*root, &hearing->problems);
    if (schema != NULL) {
        struct schema_problems dropped = {.arena = arena};
        *root = schema_prune(schema, arena, *root, &dropped);
        *root = schema_default(schema, arena, *root);
        schema_validate(schema, *root, &hearing->problems);
    }
    return hearing_settle_problems(hearing);
}

/* --- metadata ---------------------------------------------------------------------------------- */

/* Absent, null and empty are the same. */
static bool says_nothing(const struct value *value)
{
    return value == NULL || value->type == VALUE_NULL ||
           ((value->type == VALUE_MAP || value->type == VALUE_LIST) && value->count == 0);
}

static bool says_the_same(const struct value *a, const struct value *b)
{
    return says_nothing(a) || says_nothing(b) ? says_nothing(a) == says_nothing(b)
                                              : value_equal(a, b);
}

/* The metadata of `kept` with what `body` may say. */
static const struct value *made_metadata(struct hearing *hearing, const struct value *kept,
                                         const struct value *body)
{
    struct value_field fields[COUNT_OF(kept_fields) + COUNT_OF(written_fields)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(kept_fields); i++) {
        const struct value *value = value_get(kept, text_of(kept_fields[i]));
        if (!says_nothing(value)) {
            fields[count++] = (struct value_field){.key = text_of(kept_fields[i]), .value = value};
        }
    }
    for (size_t i = 0; i < COUNT_OF(written_fields); i++) {
        const struct value *value = value_get(metadata_of(body), text_of(written_fields[i]));
        if (!says_nothing(value)) {
            fields[count++] =
                (struct value_field){.key = text_of(written_fields[i]), .value = value};
        }
    }
    return value_map(&hearing->set->arena, fields, count);
}

/* The moment of entry is the gate's: whatever a body says, it stays what it was. */
static const struct value *restore_since(struct hearing *hearing, const struct value *root,
                                         const struct value *before)
{
    struct meta now = meta_of(root), was = meta_of(before);
    struct text since = meta_annotation(&was, MACHINE_SINCE);
    const struct value *annotations = value_field(now.metadata, "annotations");
    if (annotations != NULL && annotations->type != VALUE_MAP) {
        return root; /* refused by meta_check */
    }
    return text_equal(meta_annotation(&now, MACHINE_SINCE), since)
               ? root
               : meta_with_annotation(&hearing->set->arena, root, MACHINE_SINCE, since);
}

/* `body` as a root: its own apiVersion and kind, and this metadata. */
static const struct value *as_root(struct hearing *hearing, const struct value *body,
                                   const struct value *metadata)
{
    struct arena *arena = &hearing->set->arena;
    const struct value *root = value_with(arena, body, TEXT("metadata"), metadata);
    root =
        value_with(arena, root, TEXT("apiVersion"), value_chars(arena, hearing->kind->api_version));
    return value_with(arena, root, TEXT("kind"), value_chars(arena, hearing->kind->name));
}

static const struct value *new_metadata(struct hearing *hearing, const struct value *body)
{
    struct set *set = hearing->set;
    struct arena *arena = &set->arena;
    uint64_t high = world_random(set->world), low = world_random(set->world);
    const struct value *root = value_empty_map();
    root = meta_with_text(arena, root, "name", hearing->name);
    root = meta_with_text(arena, root, "namespace", hearing->namespace);
    root = meta_with_text(arena, root, "generateName", meta_of(body).generate_name);
    root = meta_with_text(arena, root, "uid", name_uid(arena, high, low));
    root = meta_with_moment(arena, root, "creationTimestamp", set->now_ms);
    return metadata_of(root);
}

/* --- observers --------------------------------------------------------------------------------- */

static bool same_status(const struct value *a, const struct value *b)
{
    const struct value *left = value_field(a, "status"), *right = value_field(b, "status");
    return left == right || (left != NULL && right != NULL && value_equal(left, right));
}

/* Whoever only observes leaves no trace that somebody else would have to clear away: no status, no state,
 * no finalizer. */
static enum tend_code check_observer(struct hearing *hearing, const struct value *before,
                                     const struct value *root)
{
    const struct machine *machine = hearing->kind->machine;
    struct meta was = meta_of(before), now = meta_of(root);
    const char *what = NULL;
    if (hearing_role(hearing) != WRITER_OBSERVER) {
        return TEND_OK;
    }
    if (before != NULL && !same_status(before, root)) {
        what = "status";
    } else if (before != NULL && machine != NULL &&
               !text_equal(machine_state_of(machine, before), machine_state_of(machine, root))) {
        what = "state";
    } else if (!says_the_same(was.finalizers, now.finalizers)) {
        what = "finalizers";
    }
    const char *owner = hearing->kind->controller;
    return what == NULL
               ? TEND_OK
               : hearing_refuse(
                     hearing, TEND_DENIED,
                     "controller %.*s is an observer, it may not write the %s of %s; %s%s",
                     TEXT_ARG(hearing->set->asked->writer.name), what, hearing_object(hearing),
                     owner == NULL ? "only a controller that owns the kind may"
                                   : "that is for controller ",
                     owner == NULL ? "" : owner);
}

/* --- creating ---------------------------------------------------------------------------------- */

static enum tend_code require_namespace(struct hearing *hearing)
{
    if (!kind_namespaced(hearing->kind)) {
        return TEND_OK;
    }
    struct error err = ERROR_INIT;
    struct entry *home = NULL;
    struct text key =
        key_make(&hearing->set->arena, TEXT(BUILTIN_NAMESPACES), TEXT(""), hearing->namespace);
    if (set_entry(hearing->set, key, &home, &err) != TEND_OK) {
        return hearing_fail(hearing, &err);
    }
    if (!entry_is_there(home)) {
        return hearing_refuse(hearing, TEND_NOT_FOUND, "namespaces \"%.*s\" not found, %s needs it",
                              TEXT_ARG(hearing->namespace), hearing_object(hearing));
    }
    struct meta meta = meta_of(home->now);
    return !meta_deleting(&meta)
               ? TEND_OK
               : hearing_refuse(hearing, TEND_DENIED,
                                "namespaces \"%.*s\" is being deleted, nothing new may be in it",
                                TEXT_ARG(hearing->namespace));
}

enum tend_code object_create(struct hearing *hearing, const struct value *body)
{
    struct arena *arena = &hearing->set->arena;
    TRY(require_namespace(hearing));
    if (hearing->kind->has_status && hearing_role(hearing) != WRITER_HOST) {
        body = value_with(arena, body, TEXT("status"), NULL);
    }
    TRY(object_unknown_fields(hearing, body, &body));
    const struct value *metadata = made_metadata(hearing, new_metadata(hearing, body), body);
    const struct value *root = as_root(hearing, body, metadata);
    root = restore_since(hearing, root, NULL);
    TRY(shape(hearing, &root));
    TRY(check_observer(hearing, NULL, root));
    TRY(special_written(hearing, NULL, &root));
    TRY(life_create(hearing, &root));
    hearing->entry->now = root;
    return TEND_OK;
}

/* --- changing ---------------------------------------------------------------------------------- */

/* One controller writes a kind's status: two that do would undo each other for ever. */
static enum tend_code check_status_writer(struct hearing *hearing, const struct value *before,
                                          const struct value *root)
{
    if (hearing_role(hearing) != WRITER_CONTROLLER || hearing->kind->controller == NULL ||
        hearing_by_owner(hearing) || same_status(before, root)) {
        return TEND_OK;
    }
    return hearing_refuse(hearing, TEND_DENIED,
                          "the status of %s is written by controller %s, not by %.*s",
                          hearing->kind->resource, hearing->kind->controller,
                          TEXT_ARG(hearing->set->asked->writer.name));
}

static enum tend_code check_finalizers(struct hearing *hearing, const struct value *before,
                                       const struct value *root)
{
    struct meta was = meta_of(before);
    if (!meta_deleting(&was)) {
        return TEND_OK;
    }
    struct meta now = meta_of(root);
    for (size_t i = 0; i < value_count(now.finalizers); i++) {
        struct text finalizer = value_text_or(value_at(now.finalizers, i), TEXT(""));
        if (!meta_has_finalizer(&was, finalizer)) {
            return hearing_problem(hearing, SCHEMA_FORBIDDEN, "metadata.finalizers",
                                   "none may be added while it is being deleted, \"%.*s\" is new",
                                   TEXT_ARG(finalizer));
        }
    }
    return TEND_OK;
}

/* Who asks for another try takes back, in the same write, what says that the object was given up: nothing has
 * to be compared later, and after a restart nothing is retried twice. It is told who it was. */
static enum tend_code retried(struct hearing *hearing, const struct value *before,
                              const struct value **root)
{
    struct arena *arena = &hearing->set->arena;
    struct meta was = meta_of(before), now = meta_of(*root);
    if (!meta_asks_retry(&was, &now) || hearing_by_owner(hearing)) {
        return TEND_OK;
    }
    *root = condition_remove(arena, *root, TEXT("Stalled"));
    *root = condition_remove(arena, *root, TEXT("Quarantined"));
    struct text actor = set_actor(arena, &hearing->set->asked->writer);
    struct event event = {.about = before,
                          .type = EVENT_NORMAL,
                          .reason = TEXT("RetryAsked"),
                          .message =
                              arena_format(arena, "is tried again, as %.*s asked", TEXT_ARG(actor)),
                          .component = TEXT("tend")};
    return saying_add(hearing, &event);
}

/* The main part from the body, the rest as it is; or the other way round. */
static const struct value *joined(struct hearing *hearing, const struct value *before,
                                  const struct value *body, enum object_part part)
{
    struct arena *arena = &hearing->set->arena;
    if (part == PART_STATUS) {
        return value_with(arena, before, TEXT("status"), value_field(body, "status"));
    }
    const struct value *metadata = made_metadata(hearing, metadata_of(before), body);
    const struct value *root = as_root(hearing, body, metadata);
    if (hearing->kind->has_status) {
        root = value_with(arena, root, TEXT("status"), value_field(before, "status"));
    }
    return restore_since(hearing, root, before);
}

enum tend_code object_update(struct hearing *hearing, const struct value *body,
                             enum object_part part)
{
    const struct value *before = hearing->entry->now;
    const struct value *root = joined(hearing, before, body, part);
    TRY(shape(hearing, &root));
    TRY(check_status_writer(hearing, before, root));
    TRY(check_observer(hearing, before, root));
    TRY(check_finalizers(hearing, before, root));
    TRY(retried(hearing, before, &root));
    TRY(special_written(hearing, before, &root));
    return life_update(hearing, before, &root);
}
