/* A write is one request to the gate. Its body is decoded here and judged there; the answer comes when
 * what it rests on is durable, and the record of the write waits for it in the exchange's arena. A
 * client that goes away before takes back nothing: what was submitted happens.
 */
#include "api/writing.h"

#include "api/form.h"
#include "api/problem.h"
#include "api/tree.h"
#include "base/alloc.h"
#include "document/json.h"
#include "document/yaml.h"
#include "resource/key.h"
#include "resource/meta.h"

struct writing {
    struct pending_answer pending;
    struct admission_call call;
    struct exchange *exchange;
    struct form form;
    struct kind *kind; /* owned */
    struct text name;  /* of the path; for what is said of failures */
    enum admission_verb verb;
};

/* --- the body ---------------------------------------------------------------------------------- */

static enum tend_code parse_yaml(struct arena *arena, struct text body,
                                 const struct value **ret_value, struct error *err)
{
    struct yaml_stream stream;
    TRY(yaml_parse(arena, body, &stream, err));
    if (stream.count != 1) {
        return FAIL(err, TEND_INVALID, "the body must hold one document, holds %zu", stream.count);
    }
    *ret_value = stream.documents[0].value;
    return TEND_OK;
}

static enum tend_code parse_body(struct exchange *exchange, enum media_body media,
                                 const struct value **ret_value, struct error *err)
{
    struct text body = exchange->request.body;
    bool is_yaml = media == MEDIA_YAML || media == MEDIA_APPLY_PATCH;
    enum tend_code code = is_yaml ? parse_yaml(&exchange->arena, body, ret_value, err)
                                  : json_parse(&exchange->arena, body, ret_value, err);
    if (code != TEND_OK) {
        return error_wrap(err, "the request body");
    }
    if (!value_is(*ret_value, VALUE_MAP)) {
        return FAIL(err, TEND_INVALID, "the request body must be an object, is %s",
                    value_type_name((*ret_value)->type));
    }
    return TEND_OK;
}

/* --- the answer -------------------------------------------------------------------------------- */

static const char *effect_word(enum admission_effect effect)
{
    switch (effect) {
    case EFFECT_NONE:
        return "unchanged";
    case EFFECT_CREATED:
        return "created";
    case EFFECT_UPDATED:
        return "configured";
    case EFFECT_DELETING:
        return "deleting";
    case EFFECT_DELETED:
        return "deleted";
    }
    return "unchanged";
}

static void add_warnings(struct exchange *exchange, const struct admission_answer *answer)
{
    for (size_t i = 0; i < answer->warning_count; i++) {
        exchange_warn(exchange, answer->warnings[i]);
    }
}

static void refuse(struct writing *writing, const struct admission_result *result)
{
    const struct kind *kind = writing->kind;
    bool is_set = result->failed >= result->count;
    struct problem problem = {
        .code = result->code,
        .message = result->message,
        .group = text_of(kind->group),
        .plural = text_of(kind->plural),
        .name = writing->name,
    };
    if (!is_set) {
        const struct admission_answer *answer = &result->answers[result->failed];
        problem.fault = answer->fault;
        problem.causes = answer->causes;
        problem.cause_count = answer->cause_count;
        add_warnings(writing->exchange, answer);
    } else if (result->code == TEND_LIMIT) {
        problem.status = 429; /* too much under way, not a body too large */
        problem.reason = "TooManyRequests";
    }
    problem_answer(writing->exchange, &problem);
}

/* Kubernetes answers the deletion of what is gone at once with a Status, not with the object. */
static void answer_gone(struct writing *writing, const struct value *root)
{
    struct exchange *exchange = writing->exchange;
    struct arena *arena = &exchange->arena;
    struct tree details = tree_of(arena), tree = tree_of(arena);
    struct meta meta = meta_of(root);
    tree_text(&details, "name", meta.name);
    tree_text_if(&details, "group", text_of(writing->kind->group));
    tree_chars(&details, "kind", writing->kind->plural);
    tree_text(&details, "uid", meta.uid);
    tree_chars(&tree, "kind", "Status");
    tree_chars(&tree, "apiVersion", "v1");
    tree_put(&tree, "metadata", value_empty_map());
    tree_chars(&tree, "status", "Success");
    tree_put(&tree, "details", tree_value(&details));
    json_write(&exchange->response.body, tree_value(&tree));
    exchange_answer(exchange, 200, CONTENT_JSON);
}

static void accept(struct writing *writing, const struct admission_answer *answer)
{
    struct exchange *exchange = writing->exchange;
    struct error err = ERROR_INIT;
    const struct value *root = NULL;
    add_warnings(exchange, answer);
    exchange_header(exchange, HEADER_EFFECT, text_of(effect_word(answer->effect)));
    if (writing->verb == ADMIT_DELETE && answer->effect == EFFECT_DELETED &&
        doc_tree(answer->doc, &exchange->arena, &root, &err) == TEND_OK) {
        answer_gone(writing, root);
    } else if (form_object(&writing->form, answer->doc, COLUMNS_SHOWN, &exchange->response.body,
                           &err) != TEND_OK) {
        problem_answer_error(exchange, &err);
    } else {
        exchange_answer(exchange, answer->effect == EFFECT_CREATED ? 201 : 200,
                        form_content_type(&writing->form));
    }
}

static void gate_answered(struct admission_call *call, const struct admission_result *result)
{
    struct writing *writing = CONTAINER_OF(call, struct writing, call);
    writing->exchange->pending = NULL;
    if (result->code == TEND_OK) {
        accept(writing, &result->answers[0]);
    } else {
        refuse(writing, result);
    }
    kind_unref(writing->kind);
}

static void call_off(struct pending_answer *pending)
{
    struct writing *writing = CONTAINER_OF(pending, struct writing, pending);
    admission_cancel(&writing->call);
    kind_unref(writing->kind);
}

/* --- the request ------------------------------------------------------------------------------- */

static enum tend_code read_fields(const struct url *url, enum admission_fields *ret_fields,
                                  struct error *err)
{
    struct text word = url_parameter(url, "fieldValidation");
    if (word.len == 0 || text_is(word, "Warn")) {
        *ret_fields = FIELDS_WARN;
    } else if (text_is(word, "Strict")) {
        *ret_fields = FIELDS_STRICT;
    } else if (text_is(word, "Ignore")) {
        *ret_fields = FIELDS_IGNORE;
    } else {
        return FAIL(err, TEND_INVALID, "fieldValidation must be Ignore, Warn or Strict");
    }
    return TEND_OK;
}

static enum tend_code read_run(struct text word, enum admission_run *ret_run, struct error *err)
{
    if (word.len > 0 && !text_is(word, "All")) {
        return FAIL(err, TEND_INVALID, "dryRun must be All, is \"%.*s\"",
                    TEXT_ARG(text_first(word, 64)));
    }
    *ret_run = word.len > 0 ? RUN_DRY : RUN_REAL;
    return TEND_OK;
}

static struct writing *new_writing(const struct operation *operation, enum admission_verb verb)
{
    struct writing *writing = arena_alloc(&operation->exchange->arena, sizeof *writing);
    *writing = (struct writing){
        .pending.cancel = call_off,
        .call.answered = gate_answered,
        .exchange = operation->exchange,
        .kind = operation_kind(operation),
        .name = operation->route.name,
        .verb = verb,
    };
    writing->form = (struct form){
        .media = operation->form,
        .kind = writing->kind,
        .now_ms = world_wall_ms(operation->service->rooms.world),
    };
    return writing;
}

static void submit(const struct operation *operation, const struct admission_request *request,
                   enum admission_run run)
{
    struct writing *writing = new_writing(operation, request->verb);
    struct admission_set set = {
        .requests = request,
        .count = 1,
        .writer = {.role = WRITER_CLIENT, .name = operation->exchange->request.client},
        .run = run,
    };
    operation->exchange->pending = &writing->pending;
    admission_submit(operation->service->rooms.gate, &set, &writing->call);
}

static enum tend_code prepare(const struct operation *operation, struct admission_request *request,
                              enum admission_run *ret_run, struct error *err)
{
    request->resource = text_of(operation->kind->resource);
    request->namespace = operation->route.namespace;
    request->name = operation->route.name;
    request->reason = text_first(url_parameter(&operation->url, "fieldManager"), LABEL_BYTES_MAX);
    TRY(read_fields(&operation->url, &request->fields, err));
    return read_run(url_parameter(&operation->url, "dryRun"), ret_run, err);
}

static void write_body(struct operation *operation, enum admission_verb verb, enum media_body media)
{
    struct error err = ERROR_INIT;
    struct admission_request request = {.verb = verb};
    enum admission_run run = RUN_REAL;
    if (prepare(operation, &request, &run, &err) != TEND_OK ||
        parse_body(operation->exchange, media, &request.body, &err) != TEND_OK) {
        problem_answer_error(operation->exchange, &err);
        return;
    }
    submit(operation, &request, run);
}

static void refuse_media(struct operation *operation, const char *message)
{
    struct exchange *exchange = operation->exchange;
    struct text type = text_first(exchange->request.content_type, LABEL_BYTES_MAX);
    struct text said = arena_format(&exchange->arena, "%s, is \"%.*s\"", message, TEXT_ARG(type));
    struct problem problem = problem_other(PROBLEM_MEDIA, said.ptr);
    problem_answer(exchange, &problem);
}

static void write_whole(struct operation *operation, enum admission_verb verb)
{
    enum media_body media = media_body(operation->exchange->request.content_type);
    if (media != MEDIA_JSON && media != MEDIA_YAML) {
        refuse_media(operation, "a body must be application/json or application/yaml");
        return;
    }
    write_body(operation, verb, media);
}

void write_create(struct operation *operation)
{
    write_whole(operation, ADMIT_CREATE);
}

void write_update(struct operation *operation)
{
    bool is_status = operation->route.target == ROUTE_STATUS;
    write_whole(operation, is_status ? ADMIT_UPDATE_STATUS : ADMIT_UPDATE);
}

void write_patch(struct operation *operation)
{
    enum media_body media = media_body(operation->exchange->request.content_type);
    bool is_status = operation->route.target == ROUTE_STATUS;
    if (media == MEDIA_MERGE_PATCH) {
        write_body(operation, is_status ? ADMIT_PATCH_STATUS : ADMIT_PATCH, media);
    } else if (media == MEDIA_APPLY_PATCH && !is_status) {
        write_body(operation, ADMIT_APPLY, media);
    } else {
        refuse_media(operation, "a patch must be application/merge-patch+json or "
                                "application/apply-patch+yaml");
    }
}

/* --- deleting ---------------------------------------------------------------------------------- */

/* A policy that is not there is refused: taken for another one, it would delete too much or too early. */
static enum tend_code check_policy(struct text policy, struct error *err)
{
    if (policy.len == 0 || text_is(policy, "Background")) {
        return TEND_OK;
    }
    if (text_is(policy, "Orphan")) {
        return FAIL(err, TEND_INVALID,
                    "propagationPolicy Orphan is not supported: take this object out of the "
                    "metadata.ownerReferences of what is to stay, then delete it");
    }
    if (text_is(policy, "Foreground")) {
        return FAIL(err, TEND_INVALID,
                    "propagationPolicy Foreground is not supported: with Background, what the "
                    "object owns is deleted after it");
    }
    return FAIL(err, TEND_INVALID, "propagationPolicy must be Background, is \"%.*s\"",
                TEXT_ARG(text_first(policy, 64)));
}

/* A wish of another type than the one that is known is refused: read as absent, a trial or a condition
 * would become an unconditional delete. Absent and null are the same. */
static enum tend_code check_option(const struct value *map, const char *name, enum value_type type,
                                   struct error *err)
{
    const struct value *value = value_get(map, text_of(name));
    if (value != NULL && value->type != VALUE_NULL && value->type != type) {
        return FAIL(err, TEND_INVALID, "%s of the delete options must be %s, is %s", name,
                    value_type_name(type), value_type_name(value->type));
    }
    return TEND_OK;
}

static enum tend_code check_options(const struct value *options, struct error *err)
{
    const struct value *preconditions = value_field(options, "preconditions");
    const struct value *dry = value_field(options, "dryRun");
    TRY(check_option(options, "preconditions", VALUE_MAP, err));
    TRY(check_option(preconditions, "uid", VALUE_TEXT, err));
    TRY(check_option(preconditions, "resourceVersion", VALUE_TEXT, err));
    TRY(check_option(options, "propagationPolicy", VALUE_TEXT, err));
    TRY(check_option(options, "orphanDependents", VALUE_BOOL, err));
    TRY(check_option(options, "dryRun", VALUE_LIST, err));
    for (size_t i = 0; i < value_count(dry); i++) {
        if (!text_is(value_text_or(value_at(dry, i), TEXT("")), "All")) {
            return FAIL(err, TEND_INVALID, "dryRun of the delete options may hold \"All\" only");
        }
    }
    return TEND_OK;
}

static enum tend_code read_preconditions(const struct value *options,
                                         struct admission_expect *expect, struct error *err)
{
    const struct value *preconditions = value_field(options, "preconditions");
    struct text revision = value_text_or(value_field(preconditions, "resourceVersion"), TEXT(""));
    expect->uid = value_text_or(value_field(preconditions, "uid"), TEXT(""));
    if (revision.len > 0 && !meta_parse_revision(revision, &expect->revision)) {
        return FAIL(err, TEND_INVALID, "preconditions.resourceVersion is no resourceVersion");
    }
    return TEND_OK;
}

/* What becomes of what the object owns; orphanDependents is the older word for Orphan. */
static enum tend_code read_policies(const struct operation *operation, const struct value *options,
                                    struct error *err)
{
    bool orphans = false;
    TRY(url_flag(&operation->url, "orphanDependents", &orphans, err));
    orphans = orphans || value_bool_or(value_field(options, "orphanDependents"), false);
    TRY(check_policy(orphans ? TEXT("Orphan") : TEXT(""), err));
    TRY(check_policy(url_parameter(&operation->url, "propagationPolicy"), err));
    return check_policy(value_text_or(value_field(options, "propagationPolicy"), TEXT("")), err);
}

/* DeleteOptions, in the body and in the query. */
static enum tend_code read_options(const struct operation *operation,
                                   struct admission_request *request, enum admission_run *run,
                                   struct error *err)
{
    const struct value *options = NULL;
    if (operation->exchange->request.body.len > 0) {
        enum media_body media = media_body(operation->exchange->request.content_type);
        TRY(parse_body(operation->exchange, media, &options, err));
    }
    TRY(check_options(options, err));
    struct text dry = value_text_or(value_at(value_field(options, "dryRun"), 0), TEXT(""));
    if (*run == RUN_REAL) {
        TRY(read_run(dry, run, err));
    }
    TRY(read_policies(operation, options, err));
    return read_preconditions(options, &request->expect, err);
}

void write_delete(struct operation *operation)
{
    struct error err = ERROR_INIT;
    struct admission_request request = {.verb = ADMIT_DELETE};
    enum admission_run run = RUN_REAL;
    if (prepare(operation, &request, &run, &err) != TEND_OK ||
        read_options(operation, &request, &run, &err) != TEND_OK) {
        problem_answer_error(operation->exchange, &err);
        return;
    }
    submit(operation, &request, run);
}
