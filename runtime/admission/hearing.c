/* Judging one request: which kind, which object, does what the writer expects hold, and then the verb.
 * The order is fixed so that the answer to a wrong request does not depend on the state of the store
 * more than it must: what is wrong with the request itself is said first. */
#include "admission/hearing.h"

#include <stdio.h>

#include "admission/apply.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/patch.h"
#include "resource/builtin.h"
#include "resource/name.h"

enum { GENERATE_TRIES = 8, MESSAGE_BYTES_MAX = 4096 };

/* --- refusing ---------------------------------------------------------------------------------- */

PRINTF_LIKE(2, 0)
static const char *formatted(struct hearing *hearing, const char *format, va_list args)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MESSAGE_BYTES_MAX);
    buffer_formatv(&text, format, args);
    return arena_text(&hearing->set->arena, buffer_view(&text)).ptr;
}

enum tend_code hearing_refuse(struct hearing *hearing, enum tend_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    hearing->answer->message = formatted(hearing, format, args);
    va_end(args);
    hearing->answer->code = code;
    hearing->answer->fault = FAULT_REQUEST;
    return code;
}

enum tend_code hearing_fail(struct hearing *hearing, const struct error *err)
{
    return hearing_refuse(hearing, err->code, "%s", err->message);
}

/* 'KIND "NAME" is invalid: PATH: MESSAGE; PATH: MESSAGE; and 2 more'. */
static const char *problems_sentence(struct hearing *hearing, const char *prefix)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MESSAGE_BYTES_MAX);
    buffer_format(&text, "%s %s ", hearing_object(hearing), prefix);
    schema_problems_tell(&hearing->problems, &text);
    return arena_text(&hearing->set->arena, buffer_view(&text)).ptr;
}

enum tend_code hearing_settle_problems(struct hearing *hearing)
{
    if (hearing->problems.count == 0) {
        return TEND_OK;
    }
    struct admission_answer *answer = hearing->answer;
    answer->code = TEND_INVALID;
    answer->fault = FAULT_OBJECT;
    answer->message = problems_sentence(hearing, "is invalid:");
    answer->causes = hearing->problems.items;
    answer->cause_count = hearing->problems.count;
    return TEND_INVALID;
}

enum tend_code hearing_problem(struct hearing *hearing, enum schema_reason reason, const char *path,
                               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = formatted(hearing, format, args);
    va_end(args);
    schema_problem_add(&hearing->problems, reason, text_of(path), NULL, "%s", message);
    return hearing_settle_problems(hearing);
}

void hearing_warn(struct hearing *hearing, const char *format, ...)
{
    if (hearing->warning_count == WARNINGS_MAX) {
        return;
    }
    if (hearing->warnings == NULL) {
        hearing->warnings =
            arena_alloc(&hearing->set->arena, WARNINGS_MAX * sizeof *hearing->warnings);
    }
    va_list args;
    va_start(args, format);
    hearing->warnings[hearing->warning_count++] = text_of(formatted(hearing, format, args));
    va_end(args);
    hearing->answer->warnings = hearing->warnings;
    hearing->answer->warning_count = hearing->warning_count;
}

const char *hearing_object(const struct hearing *hearing)
{
    return arena_format(&hearing->set->arena, "%s \"%.*s\"", hearing->kind->resource,
                        TEXT_ARG(hearing->name))
        .ptr;
}

bool hearing_by_owner(const struct hearing *hearing)
{
    switch (hearing_role(hearing)) {
    case WRITER_HOST:
        return true;
    case WRITER_CONTROLLER:
        return hearing->kind->controller != NULL &&
               text_is(hearing->set->asked->writer.name, hearing->kind->controller);
    case WRITER_OBSERVER:
    case WRITER_CLIENT:
    case WRITER_MANIFEST:
        return false;
    }
    return false;
}

/* --- which object ------------------------------------------------------------------------------ */

static bool needs_body(enum admission_verb verb)
{
    switch (verb) {
    case ADMIT_CREATE:
    case ADMIT_UPDATE:
    case ADMIT_UPDATE_STATUS:
    case ADMIT_PATCH:
    case ADMIT_PATCH_STATUS:
    case ADMIT_APPLY:
        return true;
    case ADMIT_DELETE:
    case ADMIT_RELEASE:
    case ADMIT_EXPECT:
    case ADMIT_EVENT:
        return false;
    }
    return false;
}

/* Keep the kind alive as long as the answer. */
static void keep_kind(struct hearing *hearing, const struct kind *kind)
{
    struct set *set = hearing->set;
    hearing->kind = kind;
    hearing->answer->resource = kind->resource;
    set->kinds[set->kind_count++] = kind_ref((struct kind *)(uintptr_t)kind);
}

static enum tend_code kind_of_body(struct hearing *hearing, const struct value *body)
{
    struct meta meta = meta_of(body);
    struct error err = ERROR_INIT;
    if (meta.api_version.len == 0 || meta.kind.len == 0) {
        return hearing_refuse(hearing, TEND_INVALID, "expected apiVersion and kind, %s is missing",
                              meta.api_version.len == 0 ? "apiVersion" : "kind");
    }
    const struct kind *kind = catalogue_kind(hearing->set->catalogue, meta.api_version, meta.kind);
    if (kind == NULL) {
        (void)catalogue_unknown(hearing->set->catalogue, meta.api_version, meta.kind, &err);
        return hearing_fail(hearing, &err);
    }
    keep_kind(hearing, kind);
    return TEND_OK;
}

/* What the body calls itself, where it does, is what the request is about. */
static enum tend_code check_body_kind(struct hearing *hearing, const struct value *body)
{
    struct meta meta = meta_of(body);
    const struct kind *kind = hearing->kind;
    if ((meta.api_version.len > 0 && !text_is(meta.api_version, kind->api_version)) ||
        (meta.kind.len > 0 && !text_is(meta.kind, kind->name))) {
        return hearing_refuse(
            hearing, TEND_INVALID, "the body is a %.*s of %.*s, the request is about a %s of %s",
            TEXT_ARG(meta.kind), TEXT_ARG(meta.api_version), kind->name, kind->api_version);
    }
    return TEND_OK;
}

static enum tend_code find_kind(struct hearing *hearing)
{
    const struct admission_request *request = hearing->request;
    struct text resource = request->verb == ADMIT_EVENT ? TEXT(BUILTIN_EVENTS) : request->resource;
    if (needs_body(request->verb) && !value_is(request->body, VALUE_MAP)) {
        return hearing_refuse(hearing, TEND_INVALID, "the body must be an object, is %s",
                              request->body == NULL ? "missing"
                                                    : value_type_name(request->body->type));
    }
    if (resource.len == 0) {
        return kind_of_body(hearing, request->body);
    }
    const struct kind *kind = catalogue_resource(hearing->set->catalogue, resource);
    if (kind == NULL) {
        return hearing_refuse(hearing, TEND_NOT_FOUND, "no kind %.*s", TEXT_ARG(resource));
    }
    keep_kind(hearing, kind);
    return check_body_kind(hearing, request->body);
}

static enum tend_code find_namespace(struct hearing *hearing, const struct meta *body)
{
    struct text asked = hearing->request->namespace;
    if (!kind_namespaced(hearing->kind)) {
        if (asked.len > 0 || body->namespace.len > 0) {
            return hearing_problem(hearing, SCHEMA_FORBIDDEN, "metadata.namespace",
                                   "must not be given, %s are cluster-scoped",
                                   hearing->kind->plural);
        }
        return TEND_OK;
    }
    if (asked.len > 0 && body->namespace.len > 0 && !text_equal(asked, body->namespace)) {
        return hearing_refuse(hearing, TEND_INVALID,
                              "the object says namespace \"%.*s\", the request says \"%.*s\"",
                              TEXT_ARG(body->namespace), TEXT_ARG(asked));
    }
    hearing->namespace = asked.len > 0             ? asked
                         : body->namespace.len > 0 ? body->namespace
                                                   : TEXT("default");
    const char *wrong = name_check_label(hearing->namespace);
    return wrong == NULL
               ? TEND_OK
               : hearing_problem(hearing, SCHEMA_INVALID, "metadata.namespace", "%s", wrong);
}

static struct text make_key(struct hearing *hearing)
{
    return key_make(&hearing->set->arena, text_of(hearing->kind->resource), hearing->namespace,
                    hearing->name);
}

/* A name that is free, from generateName; the last try counts even where it is taken. */
static struct text generate_name(struct hearing *hearing, struct text base)
{
    for (int i = 0; i < GENERATE_TRIES; i++) {
        hearing->name =
            name_generate(&hearing->set->arena, base, world_random(hearing->set->world));
        if (!set_has(hearing->set, make_key(hearing))) {
            break;
        }
    }
    return hearing->name;
}

static enum tend_code find_name(struct hearing *hearing, const struct meta *body)
{
    struct text asked = hearing->request->name;
    if (asked.len > 0 && body->name.len > 0 && !text_equal(asked, body->name)) {
        return hearing_refuse(hearing, TEND_INVALID,
                              "the object is called \"%.*s\", the request says \"%.*s\"",
                              TEXT_ARG(body->name), TEXT_ARG(asked));
    }
    hearing->name = asked.len > 0 ? asked : body->name;
    if (hearing->name.len == 0 && hearing->request->verb == ADMIT_CREATE &&
        body->generate_name.len > 0) {
        hearing->name = generate_name(hearing, body->generate_name);
    }
    if (hearing->name.len == 0) {
        return hearing_problem(hearing, SCHEMA_REQUIRED, "metadata.name",
                               "must be given (or metadata.generateName, to create)");
    }
    const char *wrong = kind_check_name(hearing->kind, hearing->name);
    return wrong == NULL ? TEND_OK
                         : hearing_problem(hearing, SCHEMA_INVALID, "metadata.name", "%s", wrong);
}

enum tend_code hearing_find_entry(struct hearing *hearing)
{
    struct error err = ERROR_INIT;
    struct text key = make_key(hearing);
    if (set_entry(hearing->set, key, &hearing->entry, &err) != TEND_OK) {
        return hearing_fail(hearing, &err);
    }
    hearing->answer->key = hearing->entry->key;
    hearing->set->touched[hearing->index] = hearing->entry;
    return TEND_OK;
}

static enum tend_code find_object(struct hearing *hearing)
{
    struct meta body = meta_of(hearing->request->body);
    if (hearing->request->verb == ADMIT_EVENT) {
        return saying_find(hearing);
    }
    TRY(find_namespace(hearing, &body));
    TRY(find_name(hearing, &body));
    return hearing_find_entry(hearing);
}

/* --- what is expected -------------------------------------------------------------------------- */

static enum tend_code refuse_missing(struct hearing *hearing)
{
    return hearing_refuse(hearing, TEND_NOT_FOUND, "%s not found", hearing_object(hearing));
}

static enum tend_code refuse_uid(struct hearing *hearing)
{
    return hearing_refuse(hearing, TEND_CONFLICT,
                          "%s is another object of that name than the one meant (another uid)",
                          hearing_object(hearing));
}

/* Of the metadata, only that another try was asked for counts: a run that began before is no answer to it. */
static bool same_content(struct arena *arena, const struct value *then, const struct value *now)
{
    struct meta was = meta_of(then), is = meta_of(now);
    return !meta_asks_retry(&was, &is) &&
           value_equal(value_with(arena, then, TEXT("metadata"), NULL),
                       value_with(arena, now, TEXT("metadata"), NULL));
}

static bool same_marks(struct arena *arena, const struct value *then, const struct value *now)
{
    const struct value *left = value_field(then, "metadata"), *right = value_field(now, "metadata");
    (void)arena;
    return hearing_same_field(left, right, TEXT("labels")) &&
           hearing_same_field(left, right, TEXT("annotations"));
}

/* Is it the object in `seen`, and the same in so far? NULL: any. */
static enum tend_code expect_same(struct hearing *hearing, const struct doc *seen,
                                  bool (*same)(struct arena *, const struct value *,
                                               const struct value *))
{
    const struct entry *entry = hearing->entry;
    const struct value *root = NULL;
    struct error err = ERROR_INIT;
    if (seen == NULL || entry->before == seen) {
        return TEND_OK;
    }
    if (doc_tree(seen, &hearing->set->arena, &root, &err) != TEND_OK) {
        return hearing_fail(hearing, &err);
    }
    struct meta then = meta_of(root), now = meta_of(entry->old);
    if (!text_equal(then.uid, now.uid)) {
        return refuse_uid(hearing);
    }
    if (meta_deleting(&then) != meta_deleting(&now)) {
        return hearing_refuse(hearing, TEND_CONFLICT, "%s is being deleted",
                              hearing_object(hearing));
    }
    if (!same(&hearing->set->arena, root, entry->old)) {
        return hearing_refuse(hearing, TEND_CONFLICT, "%s changed since revision %lld",
                              hearing_object(hearing), (long long)then.revision);
    }
    return TEND_OK;
}

static enum tend_code check_expect(struct hearing *hearing)
{
    const struct admission_expect *expect = &hearing->request->expect;
    const struct entry *entry = hearing->entry;
    bool wanted = expect->revision > 0 || expect->uid.len > 0 || expect->content != NULL ||
                  expect->marks != NULL;
    if (expect->revision == EXPECT_ABSENT && entry->old != NULL) {
        return hearing_refuse(hearing, TEND_CONFLICT, "%s exists, it was expected not to",
                              hearing_object(hearing));
    }
    if (!wanted) {
        return TEND_OK;
    }
    if (entry->old == NULL) {
        return refuse_missing(hearing);
    }
    struct meta meta = meta_of(entry->old);
    if (expect->uid.len > 0 && !text_equal(expect->uid, meta.uid)) {
        return refuse_uid(hearing);
    }
    if (expect->revision > 0 && expect->revision != meta.revision) {
        return hearing_refuse(
            hearing, TEND_CONFLICT, "%s is at revision %lld, not at %lld: read it again and repeat",
            hearing_object(hearing), (long long)meta.revision, (long long)expect->revision);
    }
    TRY(expect_same(hearing, expect->marks, same_marks));
    return expect_same(hearing, expect->content, same_content);
}

/* resourceVersion and uid in the body of a write are preconditions. */
static enum tend_code check_body_versions(struct hearing *hearing)
{
    struct meta body = meta_of(hearing->request->body), meta = meta_of(hearing->entry->old);
    if (body.uid.len > 0 && !text_equal(body.uid, meta.uid)) {
        return refuse_uid(hearing);
    }
    if (body.resource_version.len == 0) {
        return TEND_OK;
    }
    if (body.revision == 0) {
        return hearing_problem(hearing, SCHEMA_INVALID, "metadata.resourceVersion",
                               "must be a number as the server gave it");
    }
    if (body.revision != meta.revision) {
        return hearing_refuse(hearing, TEND_CONFLICT,
                              "%s changed since revision %lld (it is at %lld): read it again and "
                              "repeat the change",
                              hearing_object(hearing), (long long)body.revision,
                              (long long)meta.revision);
    }
    return TEND_OK;
}

/* A whole-object write by a client must say what it read, else it undoes what it never saw. */
static enum tend_code require_version(struct hearing *hearing)
{
    const struct admission_expect *expect = &hearing->request->expect;
    struct meta body = meta_of(hearing->request->body);
    bool said = body.resource_version.len > 0 || expect->revision > 0 || expect->content != NULL;
    if (said || hearing->kind->origin == ORIGIN_BUILTIN || hearing_role(hearing) != WRITER_CLIENT) {
        return TEND_OK;
    }
    return hearing_problem(hearing, SCHEMA_INVALID, "metadata.resourceVersion",
                           "must be specified for an update");
}

/* --- verbs ------------------------------------------------------------------------------------- */

static enum tend_code hear_create(struct hearing *hearing, const struct value *body)
{
    struct entry *entry = hearing->entry;
    if (entry->gone) {
        return hearing_refuse(hearing, TEND_INVALID, "%s is deleted and created in one set",
                              hearing_object(hearing));
    }
    if (entry_is_there(entry)) {
        struct meta meta = meta_of(entry->now);
        return hearing_refuse(hearing, TEND_EXISTS, "%s%s already exists",
                              meta_deleting(&meta) ? "object is being deleted: " : "",
                              hearing_object(hearing));
    }
    if (meta_of(body).resource_version.len > 0) {
        return hearing_problem(hearing, SCHEMA_FORBIDDEN, "metadata.resourceVersion",
                               "must not be set on what is created");
    }
    return object_create(hearing, body);
}

/* The object is there, and so is the part of it that the request is about. */
static enum tend_code require_part(struct hearing *hearing, enum object_part part)
{
    if (!entry_is_there(hearing->entry)) {
        return refuse_missing(hearing);
    }
    if (part == PART_STATUS && !hearing->kind->has_status) {
        return hearing_refuse(hearing, TEND_NOT_FOUND, "%s have no status subresource",
                              hearing->kind->resource);
    }
    return TEND_OK;
}

static enum tend_code hear_update(struct hearing *hearing, enum object_part part)
{
    TRY(require_part(hearing, part));
    const struct value *body = NULL;
    TRY(require_version(hearing));
    TRY(check_body_versions(hearing));
    TRY(object_unknown_fields(hearing, hearing->request->body, &body));
    return object_update(hearing, body, part);
}

static enum tend_code hear_patch(struct hearing *hearing, enum object_part part)
{
    TRY(require_part(hearing, part));
    const struct value *patch = NULL;
    TRY(check_body_versions(hearing));
    TRY(object_unknown_fields(hearing, hearing->request->body, &patch));
    const struct value *merged = patch_merge(&hearing->set->arena, hearing->entry->now, patch);
    return object_update(hearing, merged, part);
}

static enum tend_code hear_apply(struct hearing *hearing)
{
    struct arena *arena = &hearing->set->arena;
    const struct value *body = hearing->request->body;
    if (hearing_role(hearing) == WRITER_MANIFEST && hearing->kind->has_status &&
        value_count(value_field(body, "status")) > 0) {
        hearing_warn(hearing, "status is not taken over, it is what a controller reports");
    }
    if (hearing->kind->has_status) {
        body = value_with(arena, body, TEXT("status"), NULL);
    }
    const struct value *kept = apply_body(hearing, body);
    if (!entry_is_there(hearing->entry)) {
        return hear_create(hearing, patch_merge(arena, NULL, kept));
    }
    TRY(check_body_versions(hearing));
    TRY(object_unknown_fields(hearing, kept, &kept));
    const struct value *base = apply_base(hearing, body);
    return object_update(hearing, patch_merge(arena, base, kept), PART_MAIN);
}

static enum tend_code hear_delete(struct hearing *hearing)
{
    return entry_is_there(hearing->entry) ? life_delete(hearing) : refuse_missing(hearing);
}

static enum tend_code hear_release(struct hearing *hearing)
{
    return entry_is_there(hearing->entry) ? life_release(hearing) : refuse_missing(hearing);
}

static enum tend_code hear_verb(struct hearing *hearing)
{
    switch (hearing->request->verb) {
    case ADMIT_CREATE:
        return hear_create(hearing, hearing->request->body);
    case ADMIT_UPDATE:
        return hear_update(hearing, PART_MAIN);
    case ADMIT_UPDATE_STATUS:
        return hear_update(hearing, PART_STATUS);
    case ADMIT_PATCH:
        return hear_patch(hearing, PART_MAIN);
    case ADMIT_PATCH_STATUS:
        return hear_patch(hearing, PART_STATUS);
    case ADMIT_APPLY:
        return hear_apply(hearing);
    case ADMIT_DELETE:
        return hear_delete(hearing);
    case ADMIT_RELEASE:
        return hear_release(hearing);
    case ADMIT_EXPECT:
        return TEND_OK;
    case ADMIT_EVENT:
        return saying_hear(hearing);
    }
    return TEND_INTERNAL;
}

static enum tend_code hear(struct hearing *hearing)
{
    TRY(find_kind(hearing));
    TRY(find_object(hearing));
    TRY(check_expect(hearing));
    if (hearing->request->verb != ADMIT_EXPECT) {
        TRY(special_allows(hearing));
        hearing->entry->request = hearing->index;
    }
    return hear_verb(hearing);
}

static void note_refusal(struct set *set, size_t index)
{
    set->result.code = set->answers[index].code;
    set->result.failed = index;
    set->result.message = set->answers[index].message;
}

enum tend_code set_judge(struct set *set)
{
    for (size_t i = 0; i < set->asked->count; i++) {
        struct hearing hearing = {
            .set = set,
            .index = i,
            .request = &set->asked->requests[i],
            .answer = &set->answers[i],
            .problems = {.arena = &set->arena},
        };
        enum tend_code code = hear(&hearing);
        if (code != TEND_OK) {
            set->answers[i].code = code;
            note_refusal(set, i);
            return code;
        }
    }
    return TEND_OK;
}
