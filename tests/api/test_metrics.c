/* GET /metrics, and what is counted of requests. */
#include "api/fixture.h"
#include "support/exposition.h"

static double sample(struct talk *talk, const char *name)
{
    return exposition_sample(get(talk, "/metrics").body, name);
}

static void serves_what_was_counted(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    static const struct metric_spec spec = {METRIC_COUNTER, "aaa_total", NULL, {NULL, 0}};
    metric_add(metrics_series(talk->metrics, &spec, METRIC_UNLABELLED), 7);
    struct heard heard = get(talk, "/metrics");
    CHECK_INT(heard.status, 200);
    CHECK_TEXT(heard.type, "text/plain; version=0.0.4; charset=utf-8");
    CHECK(text_starts(text_of(heard.body), TEXT("# TYPE aaa_total counter\naaa_total 7\n")));
    exposition_check(heard.body);
}

static void is_only_read(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct ask_for post = {.method = METHOD_POST, .target = "/metrics", .body = "{}"};
    CHECK_INT(hear(talk, post).status, 405);
    CHECK_INT(get(talk, "/metrics/more").status, 404);
}

static void counts_requests_by_verb_and_status(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    (void)make_lab(talk, "a", "x");
    (void)make_lab(talk, "a", "x"); /* it is there */
    (void)get(talk, LABS);
    (void)get(talk, LABS "/a");
    (void)get(talk, LABS "/b");
    (void)get(talk, "/api//bad%zz"); /* what is no target is counted as well */
    CHECK(sample(talk, "apiserver_request_total{code=\"201\",verb=\"POST\"}") == 1);
    CHECK(sample(talk, "apiserver_request_total{code=\"409\",verb=\"POST\"}") == 1);
    CHECK(sample(talk, "apiserver_request_total{code=\"200\",verb=\"LIST\"}") == 1);
    CHECK(sample(talk, "apiserver_request_total{code=\"404\",verb=\"GET\"}") == 1);
    CHECK(sample(talk, "apiserver_request_total{code=\"400\",verb=\"GET\"}") == 1);
    CHECK(sample(talk, "apiserver_request_duration_seconds_count{verb=\"POST\"}") == 2);
}

static void counts_the_watches_that_are_open(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    static const char open[] = "apiserver_longrunning_requests{verb=\"WATCH\"}";
    CHECK(sample(talk, open) == 0);
    struct visit *one = visit_begin(talk, (struct ask_for){.target = LABS "?watch=1"});
    struct visit *two = visit_begin(talk, (struct ask_for){.target = LABS "?watch=true"});
    CHECK(sample(talk, open) == 2);
    visit_end(one);
    CHECK(sample(talk, open) == 1);
    visit_end(two);
    CHECK(sample(talk, open) == 0);
    CHECK(sample(talk, "apiserver_request_total{code=\"200\",verb=\"WATCH\"}") == 2);
}

static void a_service_without_metrics_has_none(void)
{
    CLEANUP(talkp) struct talk *talk = talk_new();
    struct service_rooms rooms = {.world = &talk->b->v.world,
                                  .store = talk->b->store,
                                  .watch = talk->watch,
                                  .gate = talk->b->gate};
    service_free(talk->service);
    talk->service = service_new(&rooms);
    CHECK_INT(get(talk, "/metrics").status, 404);
    CHECK_INT(get(talk, LABS).status, 200);
}

SUITE({"serves what was counted", serves_what_was_counted}, {"is only read", is_only_read},
      {"counts requests by verb and status", counts_requests_by_verb_and_status},
      {"counts the watches that are open", counts_the_watches_that_are_open},
      {"a service without metrics has none", a_service_without_metrics_has_none})
