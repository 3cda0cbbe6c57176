/* Effects that only a test ends: when, and what a crash does to that. */
#include "base/alloc.h"
#include "base/limits.h"
#include "document/yaml.h"
#include "sim/recorder.h"
#include "sim/virtual_world.h"
#include "support/suite.h"

struct desk {
    struct virtual_world v;
    struct recorder recorder;
    int64_t takes_ms; /* -1: nobody answers */
    enum { KEPT, LOST } results;
    struct effect effect;
    unsigned done;
    int64_t done_ms;
    char result[64];
};

static bool answer(const struct asked *asked, struct recorder_answer *ret_answer, void *owner)
{
    struct desk *desk = owner;
    CHECK(asked->phase == ASKED_GOING);
    *ret_answer = (struct recorder_answer){.takes_ms = desk->takes_ms};
    if (desk->takes_ms >= 0) {
        ret_answer->result = alloc_dup("{\"ok\":true}");
    }
    return desk->takes_ms >= 0;
}

static void on_done(struct effect *effect, struct text result)
{
    struct desk *desk = CONTAINER_OF(effect, struct desk, effect);
    desk->done++;
    desk->done_ms = desk->v.now_ms;
    snprintf(desk->result, sizeof desk->result, "%.*s", TEXT_ARG(result));
}

static struct desk *desk_new(void)
{
    struct desk *desk = alloc_new(sizeof *desk);
    virtual_world_init(&desk->v, 1);
    recorder_init(&desk->recorder);
    desk->recorder.world = &desk->v.world;
    desk->recorder.answer = answer;
    desk->recorder.owner = desk;
    return desk;
}

static void desk_free(struct desk *desk)
{
    recorder_done(&desk->recorder);
    virtual_world_done(&desk->v);
    free(desk);
}

static void begin(struct desk *desk, const char *program, int64_t record)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream;
    struct error err = ERROR_INIT;
    struct text yaml = arena_format(&arena, "{exec: {argv: [%s]}}", program);
    CHECK_INT(yaml_parse(&arena, yaml, &stream, &err), TEND_OK);
    desk->effect = (struct effect){
        .done = on_done, .controller = "c", .object = "maps/default/a", .record = record};
    effect_start(&desk->recorder.executor, &desk->effect, stream.documents[0].value);
}

static bool is_kept(const struct asked *asked, void *owner)
{
    (void)asked;
    return ((struct desk *)owner)->results == KEPT;
}

static void ends_when_the_test_says(void)
{
    struct desk *desk = desk_new();
    desk->takes_ms = 3000;
    begin(desk, "ping", 0);
    CHECK_INT(desk->done, 0);
    virtual_world_advance(&desk->v, 2999);
    CHECK_INT(desk->done, 0);
    virtual_world_advance(&desk->v, 1);
    CHECK_INT(desk->done, 1);
    CHECK_TEXT(desk->result, "{\"ok\":true}");
    CHECK_INT((long long)desk->recorder.count, 1);
    const struct asked *asked = desk->recorder.asked[0];
    CHECK_TEXT(asked->question, "{\"exec\":{\"argv\":[\"ping\"]}}");
    CHECK_TEXT(asked->controller, "c");
    CHECK(asked->phase == ASKED_DONE && !asked->again);
    CHECK_INT(desk->recorder.began, 1);
    CHECK_INT(desk->recorder.ended, 1);
    desk_free(desk);
}

static void ends_never_where_nobody_says(void)
{
    struct desk *desk = desk_new();
    desk->takes_ms = -1;
    begin(desk, "ping", 0);
    virtual_world_advance(&desk->v, 1000000);
    CHECK_INT(desk->done, 0);
    effect_cancel(&desk->effect);
    CHECK(desk->recorder.asked[0]->phase == ASKED_CANCELLED);
    CHECK_INT(desk->recorder.ended, 0);
    desk_free(desk);
}

static void a_named_one_is_known_again(void)
{
    struct desk *desk = desk_new();
    begin(desk, "ping", 7);
    virtual_world_run(&desk->v);
    begin(desk, "ping", 7);
    virtual_world_run(&desk->v);
    begin(desk, "ping", 9);
    virtual_world_run(&desk->v);
    begin(desk, "ping", 0);
    virtual_world_run(&desk->v);
    CHECK(!desk->recorder.asked[0]->again && desk->recorder.asked[1]->again);
    CHECK(!desk->recorder.asked[2]->again && !desk->recorder.asked[3]->again);
    desk_free(desk);
}

/* Begun at 0, for 3 s; the host dies after 1 s, and asks again after 2 s. */
static void a_crash_makes_it_happen_twice_but_not_late(void)
{
    struct desk *desk = desk_new();
    desk->takes_ms = 3000;
    begin(desk, "ping", 0);
    virtual_world_advance(&desk->v, 1000);
    effect_cancel(&desk->effect);
    recorder_lose(&desk->recorder, is_kept);
    virtual_world_advance(&desk->v, 1000);
    begin(desk, "ping", 0);
    virtual_world_advance(&desk->v, 10000);
    CHECK_INT(desk->done_ms, 3000);
    begin(desk, "ping", 0); /* the next one is another one */
    virtual_world_advance(&desk->v, 10000);
    CHECK_INT(desk->done_ms, 15000);
    desk_free(desk);
}

static void what_had_ended_ends_at_once_where_nobody_kept_it(void)
{
    struct desk *desk = desk_new();
    desk->takes_ms = 3000;
    for (int kept = 0; kept < 2; kept++) {
        desk->results = kept != 0 ? KEPT : LOST;
        begin(desk, "ping", 0);
        virtual_world_advance(&desk->v, 5000);
        recorder_lose(&desk->recorder, is_kept);
        int64_t now_ms = desk->v.now_ms;
        begin(desk, "ping", 0);
        virtual_world_advance(&desk->v, 5000);
        CHECK_INT(desk->done_ms - now_ms, kept != 0 ? 3000 : 0);
    }
    desk_free(desk);
}

SUITE({"an effect ends when the test says", ends_when_the_test_says},
      {"one that nobody answers goes on", ends_never_where_nobody_says},
      {"a named one is known again", a_named_one_is_known_again},
      {"a crash makes it happen twice, but not late", a_crash_makes_it_happen_twice_but_not_late},
      {"what had ended ends at once, where nobody kept it",
       what_had_ended_ends_at_once_where_nobody_kept_it})
