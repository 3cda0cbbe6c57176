/* Calls that callbacks leave to threads of the plugin. */
#include "base/alloc.h"
#include "base/limits.h"
#include "support/engine_bench.h"
#include "support/suite.h"

#define PLUGINS TEND_BUILD "/tests/plugins/"

static struct engine_call call_of(const char *object)
{
    return (struct engine_call){.id = 7,
                                .controller = TEXT("held"),
                                .object = text_of(object),
                                .slice_ms = 1000,
                                .limit_ms = 1000};
}

static bool open_bench(struct engine_bench *bench)
{
    return CHECK(engine_bench_open(bench, PLUGINS "held.so"));
}

static void start(struct engine_bench *bench, uint64_t id, const char *what)
{
    char object[100];
    snprintf(object, sizeof object, "{\"spec\":{\"do\":\"%s\",\"n\":%d}}", what, (int)id);
    struct engine_call call = call_of(object);
    call.id = id;
    engine_start(bench->engine, &call);
}

/* The result of one call that does `what`. */
static const char *run(struct engine_bench *bench, const char *what)
{
    bench->finished = 0;
    start(bench, 1, what);
    engine_bench_settle(bench, 1);
    return buffer_view(&bench->result).ptr;
}

static void is_finished_by_a_thread(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench)) {
        return;
    }
    for (int i = 0; i < 100; i++) {
        CHECK_TEXT(run(&bench, "thread"),
                   "{\"outcome\":\"done\",\"status\":{\"ended\":\"by a thread\",\"n\":1}}");
        CHECK_INT(bench.engine->held, 0);
    }
}

/* Nobody is told of a call that was never seen held. */
static void is_finished_before_the_callback_returns(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench)) {
        return;
    }
    CHECK_TEXT(run(&bench, "fast"),
               "{\"outcome\":\"done\",\"status\":{\"ended\":\"by a thread\",\"n\":1}}");
    CHECK_INT(bench.held, 0);
}

static void is_held_until_it_is_finished(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench)) {
        return;
    }
    start(&bench, 1, "keep");
    CHECK_INT(bench.held, 1);
    CHECK_INT(bench.engine->held, 1);
    engine_settle(bench.engine);
    CHECK_INT(bench.finished, 0);
    start(&bench, 2, "release"); /* it ends both */
    CHECK_TEXT(buffer_view(&bench.result).ptr,
               "{\"outcome\":\"done\",\"status\":{\"ended\":\"by itself\",\"n\":2}}");
    engine_bench_settle(&bench, 2);
    CHECK_TEXT(buffer_view(&bench.result).ptr,
               "{\"outcome\":\"done\",\"status\":{\"ended\":\"by another call\",\"n\":1}}");
    CHECK_INT(bench.engine->held, 0);
}

static void is_left_to_a_thread_by_an_answer(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench)) {
        return;
    }
    bench.answers = BENCH_NEVER;
    start(&bench, 1, "then");
    CHECK_INT(bench.held, 0);
    engine_answer(bench.engine,
                  &(struct engine_answer){.call = 1, .bytes = TEXT("{\"data\":{\"a\":\"x\"}}")});
    engine_bench_settle(&bench, 1);
    CHECK_TEXT(
        buffer_view(&bench.result).ptr,
        "{\"outcome\":\"done\",\"status\":{\"answer\":\"x\",\"ended\":\"by a thread\",\"n\":1}}");
}

static void sees_that_it_is_cancelled(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench)) {
        return;
    }
    start(&bench, 1, "cancelled");
    CHECK_INT(bench.held, 1);
    engine_cancel(bench.engine, 1, TEXT("its time is over"));
    engine_cancel(bench.engine, 1, TEXT("and it is said again"));
    engine_bench_settle(&bench, 1);
    CHECK_TEXT(buffer_view(&bench.result).ptr,
               "{\"outcome\":\"done\",\"status\":{\"ended\":\"cancelled\",\"n\":1}}");
}

static void asks_nothing(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench)) {
        return;
    }
    CHECK_TEXT(run(&bench, "ask"),
               "{\"message\":\"ask was called outside of the call's own callbacks\","
               "\"outcome\":\"fail\",\"reason\":\"PluginMistake\"}");
    CHECK_TEXT(run(&bench, "wait"),
               "{\"message\":\"wait was called outside of the call's own callbacks\","
               "\"outcome\":\"fail\",\"reason\":\"PluginMistake\"}");
    CHECK_TEXT(buffer_view(&bench.questions).ptr, "");
}

/* Threads have calls until stop has joined them, and all the call's functions work; nobody hears of them
 * any more. */
static void is_dropped_when_the_plugin_is_stopped(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench)) {
        return;
    }
    start(&bench, 1, "stopped");
    start(&bench, 2, "cancelled"); /* it sees that as well */
    start(&bench, 3, "never");
    start(&bench, 4, "stopped");
    engine_closep(&bench.engine);
    CHECK_INT(bench.finished, 0);
}

static void works_as_the_example_does(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!CHECK(engine_bench_open(&bench, PLUGINS "pool.so"))) {
        return;
    }
    struct engine_call call = call_of("{\"spec\":{\"below\":1000}}");
    call.controller = TEXT("pool");
    for (call.id = 1; call.id <= 50; call.id++) {
        engine_start(bench.engine, &call);
    }
    engine_bench_settle(&bench, 50);
    CHECK_TEXT(buffer_view(&bench.result).ptr,
               "{\"outcome\":\"done\",\"status\":{\"best\":871,\"steps\":178}}");
    for (; call.id <= 100; call.id++) {
        engine_start(bench.engine, &call); /* and some are under way at the end */
    }
}

SUITE({"is finished by a thread", is_finished_by_a_thread},
      {"is finished before the callback returns", is_finished_before_the_callback_returns},
      {"is held until it is finished", is_held_until_it_is_finished},
      {"is left to a thread by an answer", is_left_to_a_thread_by_an_answer},
      {"sees that it is cancelled", sees_that_it_is_cancelled}, {"asks nothing", asks_nothing},
      {"is dropped when the plugin is stopped", is_dropped_when_the_plugin_is_stopped},
      {"works as the example does", works_as_the_example_does})
