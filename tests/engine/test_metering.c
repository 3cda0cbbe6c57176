/* What plugins count, on its way to the host. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "engine/metering.h"
#include "support/engine_bench.h"
#include "support/suite.h"

#define PLUGIN TEND_BUILD "/tests/plugins/counting.so"

static void metering_freep(struct metering **metering)
{
    metering_free(*metering);
}
#define METERING CLEANUP(metering_freep) struct metering *

static const struct metric_spec jobs = {METRIC_COUNTER, "jobs_total", "Jobs", {NULL, 0}};
static const double halves[] = {0.5, 1};
static const struct metric_spec took = {METRIC_HISTOGRAM, "took", NULL, {halves, 2}};
static const struct metric_spec level = {METRIC_GAUGE, "level", NULL, {NULL, 0}};

static uint64_t declare(struct metering *metering, const struct metric_spec *spec,
                        const char *queue)
{
    struct error err = ERROR_INIT;
    return metering_declare(metering, "c", spec, METRIC_LABELS({"queue", queue}), &err);
}

static void expect_report(struct metering *metering, const char *expected)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    const struct value *report = metering_report(metering, &arena);
    if (report != NULL) {
        json_write(&text, report);
    }
    CHECK_TEXT(buffer_view(&text).ptr, expected);
}

static bool is_readable(struct metering *metering)
{
    struct pollfd fd = {metering_fd(metering), POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
}

static void tells_each_series_once_and_then_what_changed(void)
{
    METERING metering = metering_new();
    CHECK_INT(metering_fd(metering), -1);
    expect_report(metering, "");
    uint64_t a = declare(metering, &jobs, "a"), b = declare(metering, &took, "b");
    CHECK(a != 0 && b != 0 && a == declare(metering, &jobs, "a"));
    CHECK(is_readable(metering));
    metering_add(metering, a, 2);
    metering_add(metering, a, 1);
    metering_observe(metering, b, 0.5);
    metering_observe(metering, b, 2);
    expect_report(
        metering,
        "{\"dropped\":0,\"series\":[{\"controller\":\"c\",\"help\":\"Jobs\",\"labels\":{\"queue\":"
        "\"a\"},\"name\":\"jobs_total\",\"type\":\"counter\"},{\"bounds\":[0.5,1.0],\"controller\":"
        "\"c\",\"labels\":{\"queue\":\"b\"},\"name\":\"took\",\"type\":\"histogram\"}],\"updates\":"
        "[{\"by\":3.0,\"series\":0},{\"buckets\":[1,0,1],\"series\":1,\"sum\":2.5}]}");
    CHECK(!is_readable(metering));
    expect_report(metering, "");
    metering_observe(metering, b, 0.25);
    CHECK(is_readable(metering));
    expect_report(metering, "{\"dropped\":0,\"series\":[],\"updates\":[{\"buckets\":[1,0,0],"
                            "\"series\":1,\"sum\":0.25}]}");
}

static void a_gauge_is_told_when_it_is_set(void)
{
    METERING metering = metering_new();
    uint64_t gauge = declare(metering, &level, "a");
    expect_report(metering,
                  "{\"dropped\":0,\"series\":[{\"controller\":\"c\",\"labels\":{\"queue\":"
                  "\"a\"},\"name\":\"level\",\"type\":\"gauge\"}],\"updates\":[]}");
    metering_set(metering, gauge, 3);
    metering_set(metering, gauge, -4);
    expect_report(metering,
                  "{\"dropped\":0,\"series\":[],\"updates\":[{\"series\":0,\"value\":-4.0}]}");
}

static void what_makes_no_sense_is_nothing(void)
{
    METERING metering = metering_new();
    uint64_t counter = declare(metering, &jobs, "a");
    CLEANUP(arena_done) struct arena arena = {0};
    (void)metering_report(metering, &arena);
    metering_add(metering, 0, 1);
    metering_add(metering, 99, 1);
    metering_add(metering, counter, -1);
    metering_add(metering, counter, 1e308 * 10);
    metering_set(metering, counter, 1);
    metering_observe(metering, counter, 1);
    expect_report(metering, "");
    metering_add(metering, counter, 1e308);
    metering_add(metering, counter, 1e308); /* more than a report may tell */
    expect_report(
        metering,
        "{\"dropped\":0,\"series\":[],\"updates\":[{\"by\":9007199254740992.0,\"series\":0}]}");
}

static void too_many_are_told_as_dropped(void)
{
    METERING metering = metering_new();
    CLEANUP(arena_done) struct arena arena = {0};
    size_t made = 0, told = 0, updates = 0, frames = 0;
    int64_t dropped = 0;
    for (unsigned i = 0; i < METRICS_LOT_SERIES_MAX + 5; i++) {
        char queue[16];
        snprintf(queue, sizeof queue, "%u", i);
        made += declare(metering, &jobs, queue) != 0;
    }
    CHECK_INT(made, METRICS_LOT_SERIES_MAX);
    for (const struct value *report; (report = metering_report(metering, &arena)) != NULL;) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(METERING_BYTES_MAX);
        json_write(&text, report);
        CHECK(!text.full);
        told += value_count(value_field(report, "series"));
        updates += value_count(value_field(report, "updates"));
        dropped += value_int_or(value_field(report, "dropped"), 0);
        frames++;
    }
    CHECK_INT(told, METRICS_LOT_SERIES_MAX);
    CHECK_INT(updates, METRICS_LOT_SERIES_MAX);
    CHECK_INT(dropped, 5);
    CHECK(frames > 1); /* each is bounded */
}

enum { THREADS = 4, TURNS = 20000 };

static void *count_much(void *data)
{
    struct metering *metering = data;
    for (int i = 0; i < TURNS; i++) {
        metering_add(metering, declare(metering, &jobs, i % 2 == 0 ? "a" : "b"), 1);
    }
    return NULL;
}

static void threads_lose_nothing(void)
{
    METERING metering = metering_new();
    CLEANUP(arena_done) struct arena arena = {0};
    pthread_t threads[THREADS];
    double sum = 0;
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, count_much, metering), 0);
    }
    for (int i = 0; i < THREADS + 1; i++) { /* while they count, and after */
        const struct value *report = metering_report(metering, &arena);
        const struct value *updates = value_field(report, "updates");
        for (size_t u = 0; u < value_count(updates); u++) {
            sum += (double)value_int_or(value_field(updates->items[u], "by"), 0);
        }
        if (i < THREADS) {
            pthread_join(threads[i], NULL);
        }
    }
    CHECK_INT(sum, THREADS * TURNS);
}

/* --- through a plugin ---------------------------------------------------------------------------- */

static const char *run(struct engine_bench *bench, const char *what)
{
    char object[64];
    snprintf(object, sizeof object, "{\"spec\":{\"do\":\"%s\"}}", what);
    struct engine_call call = {
        .id = 7, .controller = TEXT("counting"), .object = text_of(object), .now_ms = 1000};
    return engine_bench_run(bench, &call);
}

static void a_plugin_counts(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    CLEANUP(arena_done) struct arena arena = {0};
    if (!CHECK(engine_bench_open(&bench, PLUGIN))) {
        return;
    }
    const struct value *first = metering_report(bench.host.metering, &arena);
    const struct value *series = value_at(value_field(first, "series"), 0);
    CHECK_INT(value_count(value_field(first, "series")), 3);
    CHECK(text_is(value_get_text(series, TEXT("controller")), "counting"));
    CHECK(text_is(value_get_text(value_field(series, "labels"), TEXT("queue")), "a"));
    CHECK(text_is(value_get_text(value_field(series, "labels"), TEXT("controller")), "counting"));
    (void)run(&bench, "count");
    expect_report(bench.host.metering,
                  "{\"dropped\":0,\"series\":[],\"updates\":[{\"by\":2.5,\"series\":0},{\"series\":"
                  "1,\"value\":-1.5},{\"buckets\":[0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0],"
                  "\"series\":2,\"sum\":0.2}]}");
}

static void what_a_plugin_declares_wrongly_is_none_and_told(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (CHECK(engine_bench_open(&bench, PLUGIN))) {
        CHECK_TEXT(run(&bench, "blunder"), "{\"outcome\":\"done\",\"status\":{\"made\":0}}");
        CHECK(strstr(buffer_view(&bench.log).ptr, "\"no-name\" is no name for a metric") != NULL);
        CHECK(strstr(buffer_view(&bench.log).ptr, "jobs_total is a counter already") != NULL);
    }
}

static void interfaces_are_found_by_name(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (CHECK(engine_bench_open(&bench, PLUGIN))) {
        CHECK_TEXT(
            run(&bench, "find"),
            "{\"outcome\":\"done\",\"status\":{\"jobs\":true,\"metrics\":true,\"next\":false,"
            "\"null\":false,\"unknown\":false}}");
    }
}

static void a_host_may_have_none(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (CHECK(engine_bench_open_without_metrics(&bench, PLUGIN))) {
        CHECK_TEXT(run(&bench, "count"), "{\"outcome\":\"done\"}");
        CHECK_TEXT(
            run(&bench, "find"),
            "{\"outcome\":\"done\",\"status\":{\"jobs\":false,\"metrics\":false,\"next\":false,"
            "\"null\":false,\"unknown\":false}}");
        CHECK_TEXT(buffer_view(&bench.log).ptr, "");
    }
}

SUITE({"tells each series once, and then what changed",
       tells_each_series_once_and_then_what_changed},
      {"a gauge is told when it is set", a_gauge_is_told_when_it_is_set},
      {"what makes no sense is nothing", what_makes_no_sense_is_nothing},
      {"too many are told as dropped", too_many_are_told_as_dropped},
      {"threads lose nothing", threads_lose_nothing}, {"a plugin counts", a_plugin_counts},
      {"what a plugin declares wrongly is none, and told",
       what_a_plugin_declares_wrongly_is_none_and_told},
      {"interfaces are found by name", interfaces_are_found_by_name},
      {"a host may have none", a_host_may_have_none})
