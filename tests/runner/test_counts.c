/* Reports of runners, as the host takes them: hostile until they are judged. */
#include "base/arena.h"
#include "document/json.h"
#include "protocol/shape.h"
#include "runner/counts.h"
#include "support/exposition.h"

struct bench {
    struct metrics *metrics;
    struct counts counts;
    struct error notice;
};

static struct bench bench_new(void)
{
    struct bench bench = {.metrics = metrics_new()};
    counts_init(&bench.counts, bench.metrics, "probe.so");
    return bench;
}

static void bench_done(struct bench *bench)
{
    counts_end(&bench->counts);
    metrics_free(bench->metrics);
}
#define BENCH CLEANUP(bench_done) struct bench

/* "" where it was taken, else why not. */
static const char *take(struct bench *bench, const char *json)
{
    CLEANUP(arena_done) struct arena arena = {0};
    static _Thread_local struct error err;
    const struct value *report = NULL;
    err = bench->notice = (struct error)ERROR_INIT;
    CHECK_INT(json_parse(&arena, text_of(json), &report, &err), TEND_OK);
    CHECK_INT(shape_report(report, &err), TEND_OK);
    enum tend_code code = counts_take(&bench->counts, report, &bench->notice, &err);
    return code == TEND_OK ? "" : err.message;
}

#define JOBS                                                                                       \
    "{\"controller\":\"c\",\"name\":\"jobs_total\",\"type\":\"counter\",\"help\":\"Jobs\","        \
    "\"labels\":{\"queue\":\"a\",\"controller\":\"c\"}}"
#define LEVEL       "{\"controller\":\"c\",\"name\":\"level\",\"type\":\"gauge\"}"
#define TOOK        "{\"controller\":\"c\",\"name\":\"took\",\"type\":\"histogram\",\"bounds\":[0.5,1]}"
#define JOBS_SAMPLE "jobs_total{controller=\"c\",plugin=\"probe.so\",queue=\"a\"}"

static void shows_what_was_counted(void)
{
    BENCH b = bench_new();
    CHECK_TEXT(take(&b, "{\"series\":[" JOBS "," LEVEL "," TOOK "],\"updates\":["
                        "{\"series\":0,\"by\":2},{\"series\":1,\"value\":0.5},"
                        "{\"series\":2,\"sum\":1.5,\"buckets\":[1,0,2]}],\"dropped\":3}"),
               "");
    CHECK_TEXT(take(&b, "{\"updates\":[{\"series\":0,\"by\":1.5},"
                        "{\"series\":2,\"sum\":1,\"buckets\":[0,1,0]}]}"),
               "");
    CLEANUP(freep) char *page = exposition_page(b.metrics);
    exposition_check(page);
    CHECK(exposition_sample(page, JOBS_SAMPLE) == 3.5);
    CHECK(exposition_sample(page, "level{plugin=\"probe.so\"}") == 0.5);
    CHECK(exposition_sample(page, "took_bucket{plugin=\"probe.so\",le=\"1\"}") == 2);
    CHECK(exposition_sample(page, "took_sum{plugin=\"probe.so\"}") == 2.5);
    CHECK(exposition_sample(page, "tend_metrics_dropped_total{plugin=\"probe.so\"}") == 3);
}

static void a_counter_goes_on_and_a_gauge_does_not(void)
{
    BENCH b = bench_new();
    static const char report[] = "{\"series\":[" LEVEL "," JOBS "],\"updates\":["
                                 "{\"series\":0,\"value\":7},{\"series\":1,\"by\":2}]}";
    static const char swapped[] = "{\"series\":[" JOBS "],\"updates\":[{\"series\":0,\"by\":2}]}";
    CHECK_TEXT(take(&b, report), "");
    counts_end(&b.counts); /* its process has died; the next one numbers anew */
    CHECK_TEXT(take(&b, swapped), "");
    CLEANUP(freep) char *page = exposition_page(b.metrics);
    CHECK(exposition_sample(page, JOBS_SAMPLE) == 4);
    CHECK(isnan(exposition_sample(page, "level{plugin=\"probe.so\"}")));
}

static void another_version_shares_its_series(void)
{
    BENCH b = bench_new();
    struct bench next = {.metrics = b.metrics};
    counts_init(&next.counts, b.metrics, "probe.so");
    static const char report[] = "{\"series\":[" LEVEL "," JOBS "],\"updates\":["
                                 "{\"series\":0,\"value\":7},{\"series\":1,\"by\":2}]}";
    CHECK_TEXT(take(&b, report), "");
    CHECK_TEXT(take(&next, report), "");
    counts_end(&b.counts); /* the old one drains, and goes */
    CLEANUP(freep) char *page = exposition_page(b.metrics);
    CHECK(exposition_sample(page, JOBS_SAMPLE) == 4);
    CHECK(exposition_sample(page, "level{plugin=\"probe.so\"}") == 7);
    counts_end(&next.counts);
}

/* The largest that one report may tell, again and again. */
static void what_is_counted_stays_finite_and_ascends(void)
{
    BENCH b = bench_new();
    CHECK_TEXT(take(&b, "{\"series\":[" JOBS "," TOOK "]}"), "");
    for (int i = 0; i < 3000; i++) {
        CHECK_TEXT(take(&b, "{\"updates\":[{\"series\":0,\"by\":9007199254740992},"
                            "{\"series\":1,\"sum\":-1.7e308,\"buckets\":[9007199254740992,1,"
                            "9007199254740992]}],\"dropped\":9007199254740992}"),
                   "");
    }
    CLEANUP(freep) char *page = exposition_page(b.metrics);
    exposition_check(page);
    CHECK(isfinite(exposition_sample(page, JOBS_SAMPLE)));
    CHECK(isfinite(exposition_sample(page, "took_sum{plugin=\"probe.so\"}")));
    CHECK(exposition_sample(page, "took_bucket{plugin=\"probe.so\",le=\"0.5\"}") == 0x1p53);
    CHECK(exposition_sample(page, "took_bucket{plugin=\"probe.so\",le=\"1\"}") == 0x1p53 + 3000);
    CHECK(exposition_sample(page, "took_bucket{plugin=\"probe.so\",le=\"+Inf\"}") == 0x1p54 + 3000);
}

static void nonsense_is_refused(void)
{
    static const struct {
        const char *report, *why;
    } cases[] = {
        {"{\"updates\":[{\"series\":0,\"by\":1}]}", "it counts what it did not tell of"},
        {"{\"updates\":[{\"series\":-1,\"by\":1}]}", "it counts what it did not tell of"},
        {"{\"series\":[" JOBS "],\"updates\":[{\"series\":0,\"by\":-1}]}",
         "it counts as another type than it told"},
        {"{\"series\":[" JOBS "],\"updates\":[{\"series\":0,\"value\":1}]}",
         "it counts as another type than it told"},
        {"{\"series\":[" TOOK "],\"updates\":[{\"series\":0,\"sum\":1,\"buckets\":[1]}]}",
         "it counts as another type than it told"},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"a\\u0000b\",\"type\":\"gauge\"}]}",
         "a text of a series holds a NUL"},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"process_x\",\"type\":\"gauge\"}]}",
         "process_x begins as the host's own metrics do"},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"x\",\"type\":\"gauge\",\"labels\":"
         "{\"plugin\":\"other.so\"}}]}",
         "\"plugin\" is no name for a label"},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"x\",\"type\":\"histogram\",\"bounds\":[1,1]}]}",
         "the bounds of a histogram are finite and ascend"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        BENCH b = bench_new();
        CHECK_TEXT(take(&b, cases[i].report), cases[i].why);
    }
}

static void what_is_in_the_way_is_not_kept_and_said(void)
{
    BENCH b = bench_new();
    struct bench other = {.metrics = b.metrics};
    counts_init(&other.counts, b.metrics, "other.so");
    CHECK_TEXT(take(&b, "{\"series\":[" LEVEL "," TOOK "]}"), "");
    CHECK_TEXT(take(&other,
                    "{\"series\":[{\"controller\":\"c\",\"name\":\"level\",\"type\":"
                    "\"counter\"}," JOBS ",{\"controller\":\"c\",\"name\":\"took\",\"type\":"
                    "\"gauge\"}],\"updates\":[{\"series\":0,\"by\":1}]}"),
               "");
    CHECK_TEXT(other.notice.message,
               "level is a gauge here, not a counter; took is a histogram here, not a gauge");
    counts_end(&other.counts);
}

static void a_host_that_counts_nothing_takes_it_all(void)
{
    struct bench b = {.metrics = NULL};
    counts_init(&b.counts, NULL, "probe.so");
    CHECK_TEXT(take(&b, "{\"series\":[" JOBS "," TOOK "],\"updates\":[{\"series\":0,\"by\":1},"
                        "{\"series\":1,\"sum\":1,\"buckets\":[1,0,0]}],\"dropped\":1}"),
               "");
    counts_end(&b.counts);
}

SUITE({"shows what was counted", shows_what_was_counted},
      {"a counter goes on, and a gauge does not", a_counter_goes_on_and_a_gauge_does_not},
      {"another version shares its series", another_version_shares_its_series},
      {"what is counted stays finite and ascends", what_is_counted_stays_finite_and_ascends},
      {"nonsense is refused", nonsense_is_refused},
      {"what is in the way is not kept, and said", what_is_in_the_way_is_not_kept_and_said},
      {"a host that counts nothing takes it all", a_host_that_counts_nothing_takes_it_all})
