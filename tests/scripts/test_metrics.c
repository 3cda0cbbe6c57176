/* metrics: what a script counts. */
#include "base/alloc.h"
#include "document/json.h"
#include "engine/metering.h"
#include "scripts/fixture.h"

/* What there is to tell after a run of that body; it ended well. */
static void check_counted(const char *body, const char *expected)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    struct engine_bench bench;
    CHECK_TEXT(script_body(&bench, body, "{}"), "{\"outcome\":\"done\"}");
    const struct value *report = metering_report(bench.host.metering, &arena);
    if (report != NULL) {
        json_write(&text, report);
    }
    CHECK_TEXT(buffer_view(&text).ptr, expected);
    engine_bench_done(&bench);
}

static void counts(void)
{
    check_counted(
        "metrics.count 'jobs_total' metrics.count('jobs_total', nil, 2) "
        "metrics.count('jobs_total', {}, 0.5)",
        "{\"dropped\":0,\"series\":[{\"controller\":\"thing\",\"labels\":{\"controller\":\"thing\"},"
        "\"name\":\"jobs_total\",\"type\":\"counter\"}],\"updates\":[{\"by\":3.5,\"series\":0}]}");
}

static void the_order_of_labels_does_not_matter(void)
{
    check_counted(
        "metrics.count('x', { a = 'b', c = 7, d = true }) metrics.count('x', { d = true, c = 7, a = 'b' })",
        "{\"dropped\":0,\"series\":[{\"controller\":\"thing\",\"labels\":{\"a\":\"b\",\"c\":\"7\","
        "\"controller\":\"thing\",\"d\":\"true\"},\"name\":\"x\",\"type\":\"counter\"}],"
        "\"updates\":[{\"by\":2.0,\"series\":0}]}");
}

static void sets_and_observes(void)
{
    check_counted(
        "metrics.set('level', -2) metrics.set('level', 3) metrics.observe('took_seconds', 0.2)",
        "{\"dropped\":0,\"series\":[{\"controller\":\"thing\",\"labels\":{\"controller\":\"thing\"},"
        "\"name\":\"level\",\"type\":\"gauge\"},{\"bounds\":[0.0001,0.00025,0.0005,0.001,0.0025,"
        "0.005,0.01,0.025,0.05,0.1,0.25,0.5,1.0,2.5,5.0,10.0,30.0,60.0],\"controller\":\"thing\","
        "\"labels\":{\"controller\":\"thing\"},\"name\":\"took_seconds\",\"type\":\"histogram\"}],"
        "\"updates\":[{\"series\":0,\"value\":3.0},{\"buckets\":[0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,"
        "0,0],\"series\":1,\"sum\":0.2}]}");
}

static void says_what_is_wrong(void)
{
    check_fault("metrics.count()", "{}", "thing.lua:2: metrics.count takes a name");
    check_fault("metrics.count 'a-b'", "{}", "thing.lua:2: \\\"a-b\\\" is no name for a metric");
    check_fault("metrics.count 'tend_x'", "{}", "tend_x begins as the host's own metrics do");
    check_fault("metrics.count('x', 'y')", "{}", "metrics.count: labels are a table, not a string");
    check_fault("metrics.count('x', { 'y' })", "{}", "labels are { name = \\\"value\\\" }");
    check_fault("metrics.count('x', { y = {} })", "{}", "the label y is a table, not a text");
    check_fault("metrics.count('x', { controller = 'y' })", "{}",
                "the label controller is there twice");
    check_fault("metrics.count('x', nil, -1)", "{}", "a counter only grows");
    check_fault("metrics.set('x')", "{}", "metrics.set: a nil is no number");
    check_fault("metrics.observe('x', 1, { a = ('x'):rep(200) })", "{}",
                "the value of the label a is longer than 128 bytes");
    check_fault("local l = {} for i = 1, 9 do l['l' .. i] = i end metrics.count('x', l)", "{}",
                "more than 8 labels");
    check_fault("metrics.counts 'x'", "{}", "counts");
}

/* The same name as another type is told in the log: another run may have said it, in good faith. */
static void another_type_is_told_in_the_log(void)
{
    struct engine_bench bench;
    CHECK_TEXT(
        script_body(&bench, "metrics.count 'x' for i = 1, 100 do metrics.set('x', 1) end", "{}"),
        "{\"outcome\":\"done\"}");
    CHECK(strstr(buffer_view(&bench.log).ptr, "x is a counter already, not a gauge") != NULL);
    size_t lines = 0;
    for (const char *at = bench.log.data; at != NULL && (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    CHECK(lines < 50);
    engine_bench_done(&bench);
}

static void only_a_run_counts(void)
{
    struct engine_bench bench;
    struct error err;
    const char *path = script_file("thing.lua", "metrics.count 'x'\nreturn controller 'a/v1/B' {}");
    const char *why = engine_bench_refusal_as(&bench, path, "thing.lua", &err);
    CHECK(strstr(why, "thing.lua:1:") != NULL && strstr(why, "metrics") != NULL);
    unlink(path);
}

SUITE({"counts", counts},
      {"the order of labels does not matter", the_order_of_labels_does_not_matter},
      {"sets and observes", sets_and_observes}, {"says what is wrong", says_what_is_wrong},
      {"another type is told in the log", another_type_is_told_in_the_log},
      {"only a run counts", only_a_run_counts})
