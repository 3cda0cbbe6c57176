/* The status code decides, the reason only where one code has two meanings; so an answer that is no
 * Status at all is understood as well. */
#include "cli/refusal.h"

#include "base/alloc.h"
#include "document/json.h"

static enum tend_code code_of(int status, struct text reason)
{
    switch (status) {
    case 400:
    case 405:
    case 406:
    case 415:
    case 422:
        return TEND_INVALID;
    case 401:
    case 403:
        return TEND_DENIED;
    case 404:
        return TEND_NOT_FOUND;
    case 409:
        return text_is(reason, "AlreadyExists") ? TEND_EXISTS : TEND_CONFLICT;
    case 410:
        return TEND_GONE;
    case 413:
        return TEND_LIMIT;
    case 429:
    case 503:
        return TEND_UNAVAILABLE;
    case 504:
        return TEND_TIMEOUT;
    default:
        return TEND_INTERNAL;
    }
}

struct refusal refusal_of_status(const struct value *status, int http_status)
{
    const struct value *details = value_field(status, "details");
    int64_t code = value_int_or(value_field(status, "code"), http_status);
    struct text reason = value_text_or(value_field(status, "reason"), TEXT(""));
    const struct value *causes = value_field(details, "causes");
    return (struct refusal){
        .code = code_of(code >= 400 && code < 600 ? (int)code : http_status, reason),
        .message = value_text_or(value_field(status, "message"), TEXT("the host gave no reason")),
        .about_kind = value_text_or(value_field(details, "kind"), TEXT("")),
        .causes = value_is(causes, VALUE_LIST) ? causes : NULL,
    };
}

struct refusal refusal_of(const struct reply *reply, struct arena *arena)
{
    struct error err = ERROR_INIT;
    const struct value *status = NULL;
    if (json_parse(arena, buffer_view(&reply->body), &status, &err) != TEND_OK) {
        return (struct refusal){
            .code = code_of(reply->status, TEXT("")),
            .message = arena_format(arena, "the host answered with status %d", reply->status),
        };
    }
    return refusal_of_status(status, reply->status);
}

enum tend_code refusal_check(const struct reply *reply, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (reply->status >= 200 && reply->status < 300) {
        return TEND_OK;
    }
    struct refusal refusal = refusal_of(reply, &arena);
    return FAIL(err, refusal.code, "%.*s", TEXT_ARG(refusal.message));
}
