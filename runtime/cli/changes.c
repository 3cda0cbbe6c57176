/* The place in the log is the resourceVersion of the last event, bookmarks included, so a stream that a
 * host ends after its time is taken up where it stopped, and nothing is shown twice. */
#include "cli/changes.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/refusal.h"
#include "cli/target.h"
#include "document/json.h"

void changes_done(struct changes *changes)
{
    if (changes->is_open) {
        reply_done(&changes->reply);
        client_disconnect(&changes->session->client); /* the rest of the stream is not wanted */
        changes->is_open = false;
    }
    arena_done(&changes->arena);
}

static enum tend_code open_stream(struct changes *changes, struct error *err)
{
    CLEANUP(buffer_done) struct buffer target = TARGET_INIT;
    char seconds[32] = "";
    if (changes->timeout_s > 0) {
        snprintf(seconds, sizeof seconds, "%" PRId64, changes->timeout_s);
    }
    buffer_text(&target, changes->target);
    target_query(&target, "watch", TEXT("true"));
    target_query(&target, "allowWatchBookmarks", TEXT("true"));
    target_query(&target, "resourceVersion", changes->after);
    target_query(&target, "timeoutSeconds", text_of(seconds));
    struct client_request request = {
        .method = "GET", .target = buffer_view(&target), .accept = changes->accept};
    reply_init(&changes->reply);
    enum tend_code code =
        client_open_stream(&changes->session->client, &request, &changes->reply, err);
    if (code == TEND_OK) {
        code = refusal_check(&changes->reply, err);
    }
    changes->is_open = code == TEND_OK;
    if (code != TEND_OK) {
        reply_done(&changes->reply);
    }
    return code;
}

static void close_stream(struct changes *changes)
{
    reply_done(&changes->reply);
    changes->is_open = false;
}

static void remember(struct changes *changes, const struct value *object)
{
    struct text revision =
        value_text_or(value_field(value_field(object, "metadata"), "resourceVersion"), TEXT(""));
    if (revision.len > 0 && revision.len < sizeof changes->revision) {
        memcpy(changes->revision, revision.ptr, revision.len);
        changes->after = (struct text){changes->revision, revision.len};
    }
}

/* Read one line of the stream; `*ret_event` has no type where it is nothing to show. */
static enum tend_code read_event(struct changes *changes, struct text line,
                                 struct change_event *ret_event, struct error *err)
{
    const struct value *event;
    arena_done(&changes->arena);
    TRY(json_parse(&changes->arena, line, &event, err));
    struct text type = value_text_or(value_field(event, "type"), TEXT(""));
    const struct value *object = value_field(event, "object");
    if (text_is(type, "ERROR")) {
        struct refusal refusal = refusal_of_status(object, 500);
        return FAIL(err, refusal.code, "%.*s", TEXT_ARG(refusal.message));
    }
    remember(changes, object);
    *ret_event = (struct change_event){
        .end = CHANGES_GO_ON,
        .type = text_is(type, "BOOKMARK") ? TEXT("") : type,
        .object = object,
    };
    return TEND_OK;
}

/* What the end of a stream means. */
static enum changes_end end_of(struct changes *changes)
{
    if (changes->session->client.was_interrupted) {
        return CHANGES_INTERRUPTED;
    }
    return changes->timeout_s > 0 ? CHANGES_TIMED_OUT : CHANGES_GO_ON;
}

enum tend_code changes_next(struct changes *changes, struct change_event *ret_event,
                            struct error *err)
{
    for (;;) {
        struct text line;
        if (!changes->is_open) {
            TRY(open_stream(changes, err));
        }
        TRY(client_next_line(&changes->session->client, &changes->reply, &line, err));
        if (line.len > 0) {
            TRY(read_event(changes, line, ret_event, err));
            if (ret_event->type.len > 0) {
                return TEND_OK;
            }
            continue;
        }
        enum changes_end end = end_of(changes);
        if (end != CHANGES_GO_ON) {
            *ret_event = (struct change_event){.end = end};
            return TEND_OK;
        }
        close_stream(changes);
    }
}
