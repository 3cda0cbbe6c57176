/* The mapping is an exhaustive switch, so that a new code says here what clients see. Clients act on
 * `reason` and `code`, people read `message`; both follow the words of k8s.io/apimachinery. */
#include "api/problem.h"

#include "api/tree.h"
#include "document/json.h"
#include "document/utf8.h"

struct mapping {
    int status;
    const char *reason;
};

static struct mapping mapping_of(enum tend_code code, enum admission_fault fault)
{
    switch (code) {
    case TEND_OK:
        return (struct mapping){200, ""};
    case TEND_INVALID:
        return fault == FAULT_OBJECT ? (struct mapping){422, "Invalid"}
                                     : (struct mapping){400, "BadRequest"};
    case TEND_DENIED:
        return (struct mapping){403, "Forbidden"};
    case TEND_NOT_FOUND:
        return (struct mapping){404, "NotFound"};
    case TEND_EXISTS:
        return (struct mapping){409, "AlreadyExists"};
    case TEND_CONFLICT:
        return (struct mapping){409, "Conflict"};
    case TEND_GONE:
        return (struct mapping){410, "Expired"};
    case TEND_LIMIT:
        return (struct mapping){413, "RequestEntityTooLarge"};
    case TEND_TIMEOUT:
        return (struct mapping){504, "Timeout"};
    case TEND_UNAVAILABLE:
        return (struct mapping){503, "ServiceUnavailable"};
    case TEND_IO:
    case TEND_CORRUPT:
    case TEND_INTERNAL:
        return (struct mapping){500, "InternalError"};
    }
    return (struct mapping){500, "InternalError"};
}

struct problem problem_of(const struct error *err)
{
    return (struct problem){.code = err->code, .fault = FAULT_REQUEST, .message = err->message};
}

struct problem problem_other(enum problem_other other, const char *message)
{
    static const struct mapping mappings[] = {
        [PROBLEM_METHOD] = {405, "MethodNotAllowed"},
        [PROBLEM_NOT_ACCEPTABLE] = {406, "NotAcceptable"},
        [PROBLEM_MEDIA] = {415, "UnsupportedMediaType"},
        [PROBLEM_TOO_LARGE] = {413, "RequestEntityTooLarge"},
        [PROBLEM_BUSY] = {429, "TooManyRequests"},
        [PROBLEM_AHEAD] = {504, "Timeout"},
    };
    return (struct problem){
        .code = other == PROBLEM_AHEAD ? TEND_TIMEOUT : TEND_INVALID,
        .message = message,
        .status = mappings[other].status,
        .reason = mappings[other].reason,
        .cause = other == PROBLEM_AHEAD ? "ResourceVersionTooLarge" : NULL,
    };
}

/* `text` with '?' for every byte that is no UTF-8: messages quote what was sent, and cut it. */
static struct text clean(struct arena *arena, struct text text)
{
    char *bytes = arena_alloc(arena, text.len + 1);
    memcpy(bytes, text.len == 0 ? "" : text.ptr, text.len);
    for (size_t i = 0; i < text.len;) {
        size_t step = (unsigned char)bytes[i] < 0x80 ? 1 : utf8_len(bytes + i);
        if (step == 0) {
            bytes[i] = '?';
            step = 1;
        }
        i += step;
    }
    return (struct text){bytes, text.len};
}

static const struct value *causes_list(const struct problem *problem, struct arena *arena)
{
    const struct value *list = NULL;
    if (problem->cause != NULL) {
        struct tree tree = tree_of(arena);
        tree_chars(&tree, "reason", problem->cause);
        tree_text(&tree, "message", clean(arena, text_of(problem->message)));
        list = value_append(arena, list, tree_value(&tree));
    }
    for (size_t i = 0; i < problem->cause_count; i++) {
        const struct schema_problem *cause = &problem->causes[i];
        struct tree tree = tree_of(arena);
        tree_chars(&tree, "reason", admission_reason(cause->reason));
        tree_text(&tree, "message", cause->message);
        tree_text(&tree, "field", cause->path);
        list = value_append(arena, list, tree_value(&tree));
    }
    return list;
}

static bool is_passing(int status)
{
    return status == 429 || status == 503 || status == 504;
}

static const struct value *details_map(const struct problem *problem, int status,
                                       struct arena *arena)
{
    struct tree tree = tree_of(arena);
    const struct value *causes = causes_list(problem, arena);
    tree_text_if(&tree, "name", clean(arena, problem->name));
    tree_text_if(&tree, "group", problem->group);
    tree_text_if(&tree, "kind", problem->plural);
    tree_put(&tree, "causes", causes);
    if (is_passing(status)) {
        tree_int(&tree, "retryAfterSeconds", 1);
    }
    return tree.count == 0 ? NULL : tree_value(&tree);
}

static struct mapping outcome(const struct problem *problem)
{
    struct mapping implied = mapping_of(problem->code, problem->fault);
    return (struct mapping){
        .status = problem->status != 0 ? problem->status : implied.status,
        .reason = problem->reason != NULL ? problem->reason : implied.reason,
    };
}

const struct value *problem_status(const struct problem *problem, struct arena *arena)
{
    struct mapping mapping = outcome(problem);
    struct tree tree = tree_of(arena);
    tree_chars(&tree, "kind", "Status");
    tree_chars(&tree, "apiVersion", "v1");
    tree_put(&tree, "metadata", value_empty_map());
    tree_chars(&tree, "status", "Failure");
    tree_text(&tree, "message", clean(arena, text_of(problem->message)));
    tree_chars(&tree, "reason", mapping.reason);
    tree_put(&tree, "details", details_map(problem, mapping.status, arena));
    tree_int(&tree, "code", mapping.status);
    return tree_value(&tree);
}

void problem_answer(struct exchange *exchange, const struct problem *problem)
{
    int status = outcome(problem).status;
    buffer_clear(&exchange->response.body);
    json_write(&exchange->response.body, problem_status(problem, &exchange->arena));
    if (is_passing(status)) {
        exchange_header(exchange, "Retry-After", TEXT("1"));
    }
    exchange_answer(exchange, status, CONTENT_JSON);
}

void problem_answer_error(struct exchange *exchange, const struct error *err)
{
    struct problem problem = problem_of(err);
    problem_answer(exchange, &problem);
}
