/* Calls that threads run, or hold, in real runners. */
#include <stdio.h>
#include <stdlib.h>

#include "hostile/runner_bench.h"
#include "support/suite.h"

/* --- calls that are left to threads of the plugin
 * ------------------------------------------------ */

static bool begin_held(struct bench *bench)
{
    if (!begin(bench, PLUGINS "held.so")) {
        return false;
    }
    bench->controller = "held";
    run_until(bench, "up ");
    return true;
}

static void takes_results_from_threads(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin_held(&bench)) {
        return;
    }
    start_call(&bench, 0, "thread");
    run_until(&bench, "\"n\":1");
    start_call(&bench, 1, "fast");
    run_until(&bench, "\"n\":2");
    start_call(&bench, 2, "keep"); /* held, while others come and go */
    start_call(&bench, 3, "");
    run_until(&bench, "\"n\":4");
    CHECK(bench.worker->heard_ms > 0); /* when it was held: what is next did not execute before */
    CHECK_INT(bench.worker->calls, 1);
    start_call(&bench, 4, "release");
    run_until(&bench, "by another call");
    CHECK_INT(bench.worker->calls, 0);
}

static void tells_a_thread_that_the_time_is_over(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin_held(&bench)) {
        return;
    }
    start_call(&bench, 0, "cancelled");
    run_until(&bench, "done:");
    CHECK(strstr(buffer_view(&bench.trace).ptr, "\"ended\":\"cancelled\"") != NULL);
}

static void charges_what_is_never_finished(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin_held(&bench)) {
        return;
    }
    start_call(&bench, 0, "keep");
    start_call(&bench, 1, "never");
    start_call(&bench, 2, "");
    run_until(&bench, "down ");
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "up done:{\"outcome\":\"done\",\"status\":{\"ended\":\"at once\",\"n\":3}} "
               "overdue1 lost0:free lost1:blamed down ");
    CHECK_TEXT(
        buffer_view(&bench.reason).ptr,
        "a run did not end within its limit of 50 ms: it was left to a thread of the plugin, "
        "which did not call finish, in a run over Naughty a");
}

/* The call is gone for its owner, but a thread has it: its time runs. */
static void ends_a_cancelled_call_that_is_never_finished(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin_held(&bench)) {
        return;
    }
    start_call(&bench, 0, "never");
    start_call(&bench, 1, "");
    run_until(&bench, "\"n\":2");
    worker_cancel(bench.worker, &bench.calls[0]);
    run_until(&bench, "down ");
    CHECK(strstr(buffer_view(&bench.reason).ptr, "did not call finish") != NULL);
}

/* --- calls on lanes
 * ----------------------------------------------------------------------------- */

static bool begin_lanes(struct bench *bench)
{
    if (!begin(bench, PLUGINS "lanes.so")) {
        return false;
    }
    bench->controller = "many";
    run_until(bench, "up ");
    return true;
}

static void runs_calls_at_once(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin_lanes(&bench)) {
        return;
    }
    for (int i = 0; i < CALLS; i++) {
        start_call(&bench, i, "meet"); /* with three others, or for ever */
    }
    bench.stop_at = CALLS;
    world_uv_run(bench.uv);
    CHECK_INT(bench.done, CALLS);
    bench.stop_at = 0;
}

static void goes_on_while_a_call_blocks(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin_lanes(&bench)) {
        return;
    }
    start_call(&bench, 0, "later");
    run_until(&bench, "waits0 ");
    start_call(&bench, 1, "ask");
    run_until(&bench, "\"n\":2");
    CHECK_INT(bench.worker->calls, 1);
    struct worker_answer answer = {TEND_OK, TEXT("{\"data\":{\"a\":\"late\"}}"), NULL};
    worker_answer(bench.worker, bench.waiting, 0, &answer);
    run_until(&bench, "\"n\":1");
    CHECK(strstr(buffer_view(&bench.trace).ptr, "\"answer\":\"late\"") != NULL);
}

/* Another call executes for longer on another lane. */
static void charges_a_death_to_the_lane_that_died(void)
{
    static const struct {
        const char *what, *trace;
    } cases[] = {
        {"crash", "up told0 lost0:free lost1:blamed down "},
        {"abort", "up told0 lost0:free lost1:blamed down "},
        {"raise", "up told0 lost0:free lost1:blamed down "},
        {"overflow", "up told0 lost0:free lost1:blamed down "},
        {"exit", "up told0 lost0:free lost1:blamed down "},
        {"spin", "up told0 lost0:free lost1:blamed down "},
        {"_exit", "up told0 lost0:free lost1:free down "}, /* nobody can say */
        {"kill", "up told0 lost0:free lost1:free down "},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(finish) struct bench bench;
        if (!begin_lanes(&bench)) {
            return;
        }
        start_call(&bench, 0, "tell-and-stay");
        run_until(&bench, "told0 ");
        start_call(&bench, 1, cases[i].what);
        run_until(&bench, "down ");
        CHECK_TEXT(buffer_view(&bench.trace).ptr, cases[i].trace);
        run_until(&bench, "down up ");
        start_call(&bench, 2, "");
        run_until(&bench, "\"n\":3"); /* and it serves again */
    }
}

static void charges_the_death_of_a_thread_to_what_it_holds(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin_held(&bench)) {
        return;
    }
    start_call(&bench, 0, "");
    run_until(&bench, "\"n\":1");
    start_call(&bench, 1, "crash");
    run_until(&bench, "down ");
    CHECK(strstr(buffer_view(&bench.trace).ptr, "lost1:blamed down ") != NULL);
}

SUITE({"takes results from threads of the plugin", takes_results_from_threads},
      {"tells a thread that the time is over", tells_a_thread_that_the_time_is_over},
      {"charges what is never finished", charges_what_is_never_finished},
      {"ends a cancelled call that is never finished",
       ends_a_cancelled_call_that_is_never_finished},
      {"runs calls at once", runs_calls_at_once},
      {"goes on while a call blocks", goes_on_while_a_call_blocks},
      {"charges a death to the lane that died", charges_a_death_to_the_lane_that_died},
      {"charges the death of a thread to what it holds",
       charges_the_death_of_a_thread_to_what_it_holds})
