/* The follower is the only position; what is written is pulled from it when the client takes it. A
 * client that does not read stops pulling, and costs what one that reads costs. It is dropped by the
 * transport when it takes nothing for HTTP_IDLE_S, or told 410 when the log has moved on.
 *
 * The alarm serves two ends: the timeout of the watch, and the moment of the next bookmark.
 */
#include "api/watching.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/form.h"
#include "api/problem.h"
#include "api/tree.h"
#include "base/alloc.h"
#include "document/json.h"
#include "resource/selector.h"
#include "watch/follower.h"

enum bookmarks { BOOKMARKS_NONE, BOOKMARKS_SENT };

struct watching {
    struct stream stream;
    struct follower follower;
    struct exchange *exchange;
    struct service *service;
    struct kind *kind; /* owned */
    struct form form;
    enum bookmarks bookmarks;
    bool
        marks_initial_end; /* sendInitialEvents: a bookmark says when the initial list is complete */
    bool is_refused;       /* the first and only event is `refusal` */
    struct error refusal;
    int64_t marked;   /* revision of the last bookmark */
    int64_t mark_due; /* ticks, ms */
    int64_t end_due;
    struct alarm alarm;
    enum form_columns columns;
};

/* --- lines ------------------------------------------------------------------------------------- */

static const char *op_word(enum follow_op op)
{
    switch (op) {
    case FOLLOW_ADDED:
        return "ADDED";
    case FOLLOW_MODIFIED:
        return "MODIFIED";
    case FOLLOW_DELETED:
        return "DELETED";
    case FOLLOW_SYNCED:
        break;
    }
    return "BOOKMARK";
}

static void write_error(struct buffer *out, const struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct problem problem = problem_of(err);
    buffer_chars(out, "{\"type\":\"ERROR\",\"object\":");
    json_write(out, problem_status(&problem, &arena));
    buffer_chars(out, "}\n");
}

static void write_bookmark(struct watching *watching, int64_t revision, bool ends_initial,
                           struct buffer *out)
{
    struct kind *kind = watching->kind;
    const char *annotations =
        ends_initial ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
    buffer_format(out,
                  "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"%s\",\"apiVersion\":\"%s\","
                  "\"metadata\":{\"resourceVersion\":\"%" PRId64 "\"%s}}}\n",
                  kind->name, kind->api_version, revision, annotations);
    watching->marked = revision;
}

static enum tend_code write_event(struct watching *watching, const struct follow_event *event,
                                  struct buffer *out, struct error *err)
{
    if (event->op == FOLLOW_SYNCED) {
        if (watching->marks_initial_end) {
            write_bookmark(watching, event->revision, true, out);
        }
        return TEND_OK;
    }
    buffer_format(out, "{\"type\":\"%s\",\"object\":", op_word(event->op));
    watching->form.now_ms = world_wall_ms(watching->service->rooms.world);
    TRY(form_object(&watching->form, event->doc, watching->columns, out, err));
    watching->columns = COLUMNS_LEFT_OUT;
    buffer_chars(out, "}\n");
    return TEND_OK;
}

/* --- the stream -------------------------------------------------------------------------------- */

static void set_alarm(struct watching *watching)
{
    int64_t due = watching->end_due;
    if (watching->bookmarks == BOOKMARKS_SENT && watching->mark_due < due) {
        due = watching->mark_due;
    }
    world_alarm_set(watching->service->rooms.world, &watching->alarm, due);
}

static enum tend_code pull_events(struct watching *watching, struct buffer *out, size_t *ret_count,
                                  struct error *err)
{
    struct follow_event events[WATCH_PULL];
    TRY(follower_pull(&watching->follower, events, COUNT_OF(events), ret_count, err));
    for (size_t i = 0; i < *ret_count; i++) {
        TRY(write_event(watching, &events[i], out, err));
    }
    return TEND_OK;
}

/* Few are pulled at once, because what was pulled must be kept for the client, however large it is. */
static enum stream_state write_events(struct watching *watching, struct buffer *out, size_t room)
{
    struct error err = ERROR_INIT;
    size_t start = out->len, total = 0, count = 0;
    do {
        if (pull_events(watching, out, &count, &err) != TEND_OK) {
            write_error(out, &err);
            return STREAM_END;
        }
        total += count;
    } while (count == WATCH_PULL && out->len - start < room && total < WATCH_SLICE);
    return total > 0 ? STREAM_MORE : STREAM_WAIT;
}

/* A bookmark that says nothing new is left out. */
static void write_due_bookmark(struct watching *watching, int64_t now, struct buffer *out)
{
    if (watching->bookmarks == BOOKMARKS_NONE || now < watching->mark_due) {
        return;
    }
    int64_t revision = follower_bookmark(&watching->follower);
    if (revision > watching->marked) {
        write_bookmark(watching, revision, false, out);
    }
    watching->mark_due = now + WATCH_BOOKMARK_MS;
    set_alarm(watching);
}

static enum stream_state watching_fill(struct stream *stream, struct buffer *out, size_t room)
{
    struct watching *watching = CONTAINER_OF(stream, struct watching, stream);
    if (watching->is_refused) {
        write_error(out, &watching->refusal);
        return STREAM_END;
    }
    enum stream_state state = write_events(watching, out, room);
    int64_t now = world_ticks_ms(watching->service->rooms.world);
    if (state == STREAM_WAIT && now >= watching->end_due) {
        return STREAM_END;
    }
    if (state == STREAM_WAIT) {
        write_due_bookmark(watching, now, out);
    }
    return state;
}

static void watching_end(struct stream *stream)
{
    struct watching *watching = CONTAINER_OF(stream, struct watching, stream);
    follower_stop(&watching->follower);
    metric_add(watching->service->measures.watches, -1);
    world_alarm_clear(watching->service->rooms.world, &watching->alarm);
    kind_unref(watching->kind);
    free(watching);
}

static void follower_ready(struct follower *follower)
{
    exchange_wake(CONTAINER_OF(follower, struct watching, follower)->exchange);
}

static void alarm_fired(struct alarm *alarm)
{
    exchange_wake(CONTAINER_OF(alarm, struct watching, alarm)->exchange);
}

/* --- beginning --------------------------------------------------------------------------------- */

struct demand {
    struct follow_options follow;
    struct selector *selector;
    bool bookmarks, initial;
    int64_t timeout_s;
};

static int64_t random_timeout_s(struct world *world)
{
    return WATCH_TIMEOUT_MIN_S +
           (int64_t)(world_random(world) % (WATCH_TIMEOUT_MAX_S - WATCH_TIMEOUT_MIN_S));
}

/* sendInitialEvents that is half asked for is refused: a client that waits for the end of the initial
 * events would wait for ever. */
static enum tend_code read_initial(const struct url *url, struct demand *demand, struct error *err)
{
    TRY(url_flag(url, "sendInitialEvents", &demand->initial, err));
    bool is_whole = text_is(url_parameter(url, "resourceVersionMatch"), "NotOlderThan");
    if (demand->initial && !is_whole) {
        return FAIL(err, TEND_INVALID, "sendInitialEvents needs resourceVersionMatch=NotOlderThan");
    }
    return TEND_OK;
}

static enum tend_code read_demand(const struct operation *operation, struct demand *demand,
                                  struct error *err)
{
    const struct url *url = &operation->url;
    TRY(url_flag(url, "allowWatchBookmarks", &demand->bookmarks, err));
    TRY(read_initial(url, demand, err));
    TRY(url_number(url, "resourceVersion", &demand->follow.after, err));
    TRY(url_number(url, "timeoutSeconds", &demand->timeout_s, err));
    if (demand->timeout_s == 0 || demand->timeout_s > WATCH_TIMEOUT_MAX_S) {
        demand->timeout_s = random_timeout_s(operation->service->rooms.world);
    }
    if (demand->follow.after > store_revision(operation->service->rooms.store)) {
        return FAIL(err, TEND_TIMEOUT, "resourceVersion %" PRId64 " lies in the future",
                    demand->follow.after);
    }
    demand->follow.start =
        demand->initial || demand->follow.after == 0 ? FOLLOW_INITIAL : FOLLOW_AFTER;
    return selector_parse(url_parameter(url, "labelSelector"), url_parameter(url, "fieldSelector"),
                          operation->kind, &demand->selector, err);
}

static void start_follower(struct watching *watching, const struct operation *operation,
                           const struct demand *demand)
{
    struct selection selection = selection_of(operation_prefix(operation), demand->selector);
    watching->follower.ready = follower_ready;
    watching->is_refused =
        follower_start(operation->service->rooms.watch, &watching->follower, selection,
                       &demand->follow, &watching->refusal) != TEND_OK;
}

static void start_watching(struct watching *watching, const struct operation *operation,
                           const struct demand *demand)
{
    int64_t now = world_ticks_ms(operation->service->rooms.world);
    watching->exchange = operation->exchange;
    watching->service = operation->service;
    metric_add(watching->service->measures.watches, 1);
    watching->stream = (struct stream){.fill = watching_fill, .end = watching_end};
    watching->kind = operation_kind(operation);
    watching->form.kind = watching->kind;
    watching->form.media = operation->form;
    watching->bookmarks = demand->bookmarks ? BOOKMARKS_SENT : BOOKMARKS_NONE;
    watching->marks_initial_end = demand->initial && demand->bookmarks;
    watching->marked = demand->follow.after;
    watching->mark_due = now + WATCH_BOOKMARK_MS;
    watching->end_due = now + demand->timeout_s * 1000;
    watching->alarm.fire = alarm_fired;
    start_follower(watching, operation, demand);
    set_alarm(watching);
}

void watch_collection(struct operation *operation)
{
    struct exchange *exchange = operation->exchange;
    struct error err = ERROR_INIT;
    struct demand demand = {.selector = NULL};
    struct form form = {.media = operation->form};
    if (operation->form == FORM_YAML) {
        struct problem problem =
            problem_other(PROBLEM_NOT_ACCEPTABLE, "a watch is served as application/json");
        problem_answer(exchange, &problem);
        return;
    }
    enum tend_code code =
        form_include(url_parameter(&operation->url, "includeObject"), &form.include, &err);
    if (code != TEND_OK || read_demand(operation, &demand, &err) != TEND_OK) {
        struct problem problem =
            err.code == TEND_TIMEOUT ? problem_other(PROBLEM_AHEAD, err.message) : problem_of(&err);
        problem_answer(exchange, &problem);
        return;
    }
    struct watching *watching = alloc_new(sizeof *watching);
    watching->form.include = form.include;
    start_watching(watching, operation, &demand);
    exchange->response.stream = &watching->stream;
    exchange_answer(exchange, 200, CONTENT_JSON);
}
