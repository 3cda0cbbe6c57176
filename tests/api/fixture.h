/* The service on a real store, gate and watch in virtual time, without a socket: a request in, the whole
 * answer out. What a stream wrote so far can be looked at while it is open. */
#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include "admission/fixture.h"
#include "api/exchange.h"
#include "api/service.h"

struct talk {
    struct bench *b;
    struct watch *watch;
    struct service *service;
    struct metrics *metrics;
};

/* One request, open until visit_end. */
struct visit {
    struct exchange exchange;
    bool is_ended, was_woken;
    enum stream_state state;
    struct buffer body;
};

static inline struct talk *talk_new(void)
{
    struct talk *talk = alloc_new(sizeof *talk);
    talk->b = bench_with_labs();
    talk->watch = watch_new(&talk->b->v.world, talk->b->store);
    talk->metrics = metrics_new();
    struct service_rooms rooms = {.world = &talk->b->v.world,
                                  .store = talk->b->store,
                                  .watch = talk->watch,
                                  .gate = talk->b->gate,
                                  .metrics = talk->metrics};
    talk->service = service_new(&rooms);
    return talk;
}

static inline void talkp(struct talk **place)
{
    struct talk *talk = *place;
    service_free(talk->service);
    watch_free(talk->watch);
    bench_free(talk->b);
    metrics_free(talk->metrics);
    free(talk);
}

static inline void visit_answered(struct exchange *exchange)
{
    (void)exchange;
}

static inline void visit_woken(struct exchange *exchange)
{
    CONTAINER_OF(exchange, struct visit, exchange)->was_woken = true;
}

/* Take what there is to take, as a transport does. */
static inline void visit_take(struct visit *visit)
{
    struct response *response = &visit->exchange.response;
    if (response->stream == NULL || visit->state == STREAM_END || visit->state == STREAM_BROKEN) {
        return;
    }
    do {
        visit->state = response->stream->fill(response->stream, &visit->body, 1000);
    } while (visit->state == STREAM_MORE);
    visit->was_woken = false;
}

static inline void visit_run(struct talk *talk, struct visit *visit)
{
    do {
        virtual_world_run(&talk->b->v);
        visit_take(visit);
    } while (visit->was_woken);
}

struct ask_for {
    enum method method;
    const char *target, *accept, *content_type, *body;
};

static inline struct visit *visit_begin(struct talk *talk, struct ask_for what)
{
    struct visit *visit = alloc_new(sizeof *visit);
    visit->body = (struct buffer)BUFFER_INIT(RESPONSE_BODY_MAX);
    exchange_init(&visit->exchange, visit_answered, visit_woken);
    visit->exchange.request = (struct request){
        .method = what.method,
        .target = text_of(what.target),
        .accept = text_of(what.accept),
        .content_type = text_of(what.content_type),
        .body = text_of(what.body),
    };
    service_handle(talk->service, &visit->exchange);
    visit_run(talk, visit);
    CHECK(visit->exchange.is_answered);
    return visit;
}

static inline void visit_end(struct visit *visit)
{
    exchange_done(&visit->exchange);
    buffer_done(&visit->body);
    free(visit);
}

/* Status and body of one whole request, in the arena of the bench. */
struct heard {
    int status;
    const char *body;
    const char *type;
    const char *effect;
    const char *warning;
    const struct value *root; /* of a JSON body, otherwise NULL */
};

static inline struct heard hear(struct talk *talk, struct ask_for what)
{
    struct visit *visit = visit_begin(talk, what);
    struct response *response = &visit->exchange.response;
    struct arena *arena = &talk->b->arena;
    struct error err = ERROR_INIT;
    struct heard heard = {
        .status = response->status, .type = response->content_type, .effect = "", .warning = ""};
    struct text body =
        response->stream != NULL ? buffer_view(&visit->body) : buffer_view(&response->body);
    heard.body = arena_text(arena, body).ptr;
    for (size_t i = 0; i < response->header_count; i++) {
        const char *value = arena_text(arena, response->headers[i].value).ptr;
        heard.effect = strcmp(response->headers[i].name, "Tend-Effect") == 0 ? value : heard.effect;
        heard.warning = strcmp(response->headers[i].name, "Warning") == 0 ? value : heard.warning;
    }
    if (json_parse(arena, text_of(heard.body), &heard.root, &err) != TEND_OK) {
        heard.root = NULL;
    }
    visit_end(visit);
    return heard;
}

static inline struct heard get(struct talk *talk, const char *target)
{
    return hear(talk, (struct ask_for){.method = METHOD_GET, .target = target});
}

/* The value at `path` of the body, as JSON. */
static inline const char *at(struct talk *talk, const struct heard *heard, const char *path)
{
    return json_of(&talk->b->arena, path_get(heard->root, text_of(path)));
}

#define LABS     "/apis/lab.neuroglia.com/v1/namespaces/default/labinstances"
#define LABS_ALL "/apis/lab.neuroglia.com/v1/labinstances"
#define AS_TABLE "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#define APPLY    "application/apply-patch+yaml"
#define MERGE    "application/merge-patch+json"

/* Create the lab `name` with label team=TEAM. */
static inline struct heard make_lab(struct talk *talk, const char *name, const char *team)
{
    const char *body =
        arena_format(&talk->b->arena,
                     "{\"apiVersion\":\"lab.neuroglia.com/v1\",\"kind\":\"LabInstance\","
                     "\"metadata\":{\"name\":\"%s\",\"labels\":{\"team\":\"%s\"}},"
                     "\"spec\":{\"template\":\"python\"}}",
                     name, team)
            .ptr;
    return hear(talk, (struct ask_for){.method = METHOD_POST, .target = LABS, .body = body});
}

#endif
