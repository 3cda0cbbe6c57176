/* Runners are real here, processes and threads, in the real world. Order and causes are checked, never
 * durations. What holds for both kinds is checked for both. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "hostile/runner_bench.h"
#include "resource/crd.h"
#include "resource/machine.h"
#include "support/folder.h"
#include "support/suite.h"

static void runs_calls(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "");
    start_call(&bench, 1, "ask");
    run_until(&bench, "\"n\":2");
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "up done:{\"outcome\":\"done\",\"status\":{\"n\":1}} "
               "done:{\"outcome\":\"done\",\"status\":{\"answer\":\"x\",\"n\":2}} ");
    CHECK_INT(bench.worker->calls, 0);
}

static void pipelines_many_calls(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    for (int i = 0; i < CALLS; i++) {
        start_call(&bench, i, i % 7 == 3 ? "ask" : "");
    }
    bench.stop_at = CALLS;
    world_uv_run(bench.uv);
    CHECK_INT(bench.done, CALLS);
}

/* A call that waits keeps no other one, and is innocent of what they do. */
static void goes_on_while_a_call_waits(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "later");
    run_until(&bench, "waits0 ");
    start_call(&bench, 1, "");
    run_until(&bench, "\"n\":2");
    CHECK_INT(bench.worker->calls, 1);
    struct worker_answer answer = {TEND_OK, TEXT("{\"data\":{\"a\":\"late\"}}"), NULL};
    worker_answer(bench.worker, bench.waiting, 0, &answer);
    run_until(&bench, "\"n\":1");
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "up waits0 done:{\"outcome\":\"done\",\"status\":{\"n\":2}} "
               "done:{\"outcome\":\"done\",\"status\":{\"answer\":\"late\",\"n\":1}} ");
    start_call(&bench, 2, "later");
    run_until(&bench, "waits2 ");
    if (place == IN_A_THREAD) {
        return;
    }
    kill(runner_pid(bench.runner), SIGKILL);
    run_until(&bench, "down ");
    CHECK(strstr(buffer_view(&bench.trace).ptr, "lost2:free down ") != NULL);
}

static void write_large(struct buffer *large)
{
    buffer_chars(large, "{\"data\":{\"a\":\"large\"},\"rest\":\"");
    while (large->len < ANSWER_BYTES_MAX - KIB) {
        buffer_chars(large, "0123456789abcdef");
    }
    buffer_chars(large, "\"}");
}

/* All that wait are answered at once, which is more than is kept for a process: some hear why not, all go on. */
static void answers_too_much_with_a_sentence(void)
{
    enum { ASKS = 12, FIT = 8 };
    CLEANUP(finish) struct bench bench;
    CLEANUP(buffer_done) struct buffer large = BUFFER_INIT(ANSWER_BYTES_MAX);
    char text[160];
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    for (int i = 0; i < ASKS; i++) {
        snprintf(text, sizeof text, "waits%d ", i);
        start_call(&bench, i, "later");
        run_until(&bench, text);
    }
    write_large(&large);
    struct worker_answer answer = {TEND_OK, buffer_view(&large), NULL};
    for (int i = 0; i < ASKS; i++) {
        worker_answer(bench.worker, &bench.calls[i], 0, &answer);
    }
    for (int i = 0; i < ASKS; i++) {
        snprintf(text, sizeof text, "{\"answer\":\"%s\",\"n\":%d}",
                 i < FIT
                     ? "large"
                     : "the answers to this plugin are larger than 64 MiB together; select less",
                 i + 1);
        run_until(&bench, text);
    }
    CHECK_INT(bench.done, ASKS);
    CHECK_INT(bench.worker->calls, 0);
}

static void tells_a_call_whose_time_is_over(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "never");
    run_until(&bench, "done:");
    CHECK_TEXT(
        buffer_view(&bench.trace).ptr,
        "up overdue0 done:{\"outcome\":\"done\",\"status\":{\"answer\":\"the run took longer than "
        "its limit of 50 ms\",\"n\":1}} ");
}

static void reads_the_definition_that_a_plugin_carries(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, TEND_BUILD "/plugins/labinstance.so")) {
        return;
    }
    run_until(&bench, "up ");
    const struct value *controller = value_at(value_field(bench.descriptor, "controllers"), 0);
    CLEANUP(kind_unrefp) struct kind *kind = NULL;
    CLEANUP(machine_unrefp) struct machine *machine = NULL;
    struct error err = ERROR_INIT;
    char path[CRD_PATH_MAX];
    CHECK(crd_kind(value_field(controller, "crd"), path, &kind, &err) == TEND_OK);
    CHECK_TEXT(err.message, "");
    CHECK(machine_from_value(value_field(controller, "machine"), &machine, &err) == TEND_OK);
    CHECK_TEXT(err.message, "");
    if (kind != NULL && machine != NULL) {
        CHECK_TEXT(kind->resource, "labinstances.lab.neuroglia.com");
        CHECK_TEXT(machine->initial->name, "pending");
        CHECK_TEXT(machine->teardown->name, "deleting");
        CHECK_INT(machine->count, 6);
    }
}

static void charges_a_death_to_the_call_that_executed(void)
{
    static const struct {
        const char *what, *reason;
    } cases[] = {
        {"crash", "it was killed by signal 11 (Segmentation fault), in a run over Naughty a"},
        {"exit", "it exited with status 3, in a run over Naughty a"},
        {"spin", "a run did not end within its limit of 50 ms, in a run over Naughty a"},
        {"hang-up", "it closed its socket, in a run over Naughty a"},
        {"cut-off", "it exited with status 0, in a run over Naughty a"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(finish) struct bench bench;
        if (!begin(&bench, PLUGINS "naughty.so")) {
            return;
        }
        run_until(&bench, "up ");
        start_call(&bench, 0, "ask");
        start_call(&bench, 1, cases[i].what);
        start_call(&bench, 2, "");
        run_until(&bench, "down ");
        CHECK_TEXT(buffer_view(&bench.trace).ptr,
                   "up done:{\"outcome\":\"done\",\"status\":{\"answer\":\"x\",\"n\":1}} "
                   "lost1:blamed lost2:free down ");
        CHECK_TEXT(buffer_view(&bench.reason).ptr, cases[i].reason);
    }
}

/* After a long row of quick calls a runner gathers results; those die with it, and are run again. */
static void blames_nobody_whose_result_was_gathered(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    for (int i = 0; i < CALLS - 5; i++) {
        start_call(&bench, i, "");
    }
    bench.stop_at = CALLS - 5;
    world_uv_run(bench.uv);
    bench.stop_at = 0;
    for (int i = CALLS - 5; i < CALLS; i++) {
        start_call(&bench, i, i == CALLS - 1 ? "crash" : "");
    }
    run_until(&bench, "down ");
    const char *trace = buffer_view(&bench.trace).ptr;
    const char *blamed = strstr(trace, "blamed");
    CHECK(strstr(trace, "lost99:blamed") != NULL);
    CHECK(blamed != NULL && strstr(blamed + 1, "blamed") == NULL);
    CHECK_INT(bench.worker->calls, 0);
}

/* What is next may take its time, or never end: it is not to be told as the time of the one before. */
static void hears_what_a_long_slice_asked_before_the_next_ends(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "toil");
    start_call(&bench, 1, "spin");
    run_until(&bench, "down ");
    CHECK_TEXT(buffer_view(&bench.trace).ptr, "up waits0 lost0:free lost1:blamed down ");
}

static void ends_a_runner_that_breaks_the_protocol(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "garbage");
    run_until(&bench, "down ");
    CHECK(strstr(buffer_view(&bench.reason).ptr, "a frame of unknown type") != NULL);
}

static void starts_again_and_serves(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    pid_t first = runner_pid(bench.runner);
    start_call(&bench, 0, "crash");
    run_until(&bench, "down up ");
    CHECK(runner_pid(bench.runner) != first);
    start_call(&bench, 1, "");
    run_until(&bench, "\"n\":2");
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "up lost0:blamed down up done:{\"outcome\":\"done\",\"status\":{\"n\":2}} ");
}

static void survives_its_death_from_outside(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    kill(runner_pid(bench.runner), SIGKILL);
    run_until(&bench, "down up ");
    CHECK_TEXT(buffer_view(&bench.reason).ptr, "it was killed by signal 9 (Killed)");
}

static void gives_back_what_is_started_while_it_is_down(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    start_call(&bench, 0, "");
    CHECK_TEXT(buffer_view(&bench.trace).ptr, "");
    run_until(&bench, "up ");
    CHECK_TEXT(buffer_view(&bench.trace).ptr, "lost0:free up ");
}

static void forgets_a_cancelled_call(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "");
    start_call(&bench, 1, "");
    worker_cancel(bench.worker, &bench.calls[0]); /* not sent yet */
    run_until(&bench, "\"n\":2");
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "up done:{\"outcome\":\"done\",\"status\":{\"n\":2}} ");
}

/* It was sent, and its result will come: that is nobody's, and no break of the protocol. */
static void drops_the_result_of_a_cancelled_call(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    bench.cancel_who_asks = true;
    start_call(&bench, 0, "ask");
    start_call(&bench, 1, "");
    run_until(&bench, "\"n\":2");
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "up done:{\"outcome\":\"done\",\"status\":{\"n\":2}} ");
    CHECK_INT(bench.worker->calls, 0);
}

/* The call is gone for its owner, but still executes: its time runs, and it is nobody's fault. */
static void ends_a_cancelled_call_that_does_not_end(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "");
    start_call(&bench, 1, "spin");
    start_call(&bench, 2, "");
    run_until(&bench, "\"n\":1");
    worker_cancel(bench.worker, &bench.calls[1]);
    run_until(&bench, "down ");
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "up done:{\"outcome\":\"done\",\"status\":{\"n\":1}} lost2:free down ");
}

static void refuses_what_cannot_be_loaded(void)
{
    static const struct {
        const char *file, *reason;
    } cases[] = {
        {PLUGINS "crash_constructor.so",
         "it was killed by signal 11 (Segmentation fault) while it was loaded or started"},
        {PLUGINS "broken_crd.so", "controller broken: its CustomResourceDefinition: line 1"},
        {"/no/such.so", "cannot open /no/such.so: No such file or directory"},
        {"/bin/sh", "not a plugin: it has no TEND note"},
    };
    for (size_t i = place == IN_A_THREAD ? 1 : 0; i < COUNT_OF(cases); i++) {
        CLEANUP(finish) struct bench bench;
        if (!begin(&bench, cases[i].file)) {
            return;
        }
        run_until(&bench, "refused ");
        CHECK_TEXT(buffer_view(&bench.trace).ptr, "refused ");
        buffer_view(&bench.reason);
        bench.reason.data[strnlen(bench.reason.data, strlen(cases[i].reason))] = '\0';
        CHECK_TEXT(bench.reason.data, cases[i].reason);
    }
}

static void logs_what_is_printed(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "print");
    run_until(&bench, "down ");
    const char *lines = buffer_view(&bench.lines).ptr;
    CHECK(strstr(lines, "level=info msg=\"to standard output\" plugin=test") != NULL);
    CHECK(strstr(lines, "level=info msg=\"to standard error\" plugin=test") != NULL);
    CHECK(strstr(lines, "level=error msg=\"to the log\" plugin=test") != NULL);
    CHECK(strstr(lines, "level=info msg=\"and a line without its end\" plugin=test") != NULL);
    if (strstr(lines, "without its end") == NULL) {
        printf("%s\n", lines);
    }
}

static void drops_a_flood_of_lines(void)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, PLUGINS "naughty.so")) {
        return;
    }
    run_until(&bench, "up ");
    start_call(&bench, 0, "flood");
    run_until(&bench, "\"n\":1");
    close_runner(&bench); /* it has read all of it then */
    unsigned lines = 0;
    for (const char *at = buffer_view(&bench.lines).ptr; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    CHECK(lines >= 1 && lines < 2000);
    CHECK(strstr(buffer_view(&bench.lines).ptr, "it prints more than 100 lines a second") != NULL);
}

/* --- in a thread of the host --------------------------------------------------------------------- */

static void also_inline(void (*check)(void))
{
    place = IN_A_THREAD;
    check();
    place = IN_A_PROCESS;
}

#define ALSO_INLINE(check)                                                                         \
    static void check##_inline(void)                                                               \
    {                                                                                              \
        also_inline(check);                                                                        \
    }
ALSO_INLINE(runs_calls)
ALSO_INLINE(pipelines_many_calls)
ALSO_INLINE(goes_on_while_a_call_waits)
ALSO_INLINE(tells_a_call_whose_time_is_over)
ALSO_INLINE(reads_the_definition_that_a_plugin_carries)
ALSO_INLINE(gives_back_what_is_started_while_it_is_down)
ALSO_INLINE(forgets_a_cancelled_call)
ALSO_INLINE(drops_the_result_of_a_cancelled_call)
ALSO_INLINE(refuses_what_cannot_be_loaded)

/* A copy of naughty.so, beside which others may be made, and a FIFO to block on. */
struct scene {
    struct folder folder;
    char plugin[300], fifo[300];
};

static bool set_scene(struct scene *scene)
{
    char command[700];
    folder_init(&scene->folder, FOLDER_MEMORY);
    snprintf(scene->plugin, sizeof scene->plugin, "%s/naughty.so", scene->folder.path);
    snprintf(scene->fifo, sizeof scene->fifo, "%s/fifo", scene->folder.path);
    snprintf(command, sizeof command, "cp %s %s", PLUGINS "naughty.so", scene->plugin);
    return CHECK(system(command) == 0 && mkfifo(scene->fifo, 0600) == 0 &&
                 setenv("TEND_TEST_FIFO", scene->fifo, 1) == 0);
}

static void clear_scene(struct scene *scene)
{
    folder_done(&scene->folder);
}

static void let_go(const struct scene *scene)
{
    close(open(scene->fifo, O_WRONLY));
}

static void blocks(struct bench *bench)
{
    run_until(bench, "up ");
    start_call(bench, 0, "ask");
    start_call(bench, 1, "block");
    start_call(bench, 2, "");
    run_until(bench, "down ");
    CHECK_TEXT(buffer_view(&bench->trace).ptr,
               "up done:{\"outcome\":\"done\",\"status\":{\"answer\":\"x\",\"n\":1}} "
               "lost1:blamed lost2:free down ");
    CHECK(strstr(buffer_view(&bench->reason).ptr, "in reconcile of Naughty a for ") != NULL);
    CHECK(strstr(buffer_view(&bench->reason).ptr, "the host has to be restarted") != NULL);
    CHECK(bench->worker->is_stuck && bench->worker->is_inline);
}

static bool is_mapped(const char *name)
{
    char line[700];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        found = found || strstr(line, name) != NULL;
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return found;
}

/* Nothing is started beside it; once it has ended by itself, all goes on. */
static void gives_up_a_thread_that_does_not_end(void)
{
    CLEANUP(clear_scene) struct scene scene;
    CLEANUP(finish) struct bench bench;
    place = IN_A_THREAD;
    bool begun = set_scene(&scene) && begin(&bench, scene.plugin);
    place = IN_A_PROCESS;
    if (!begun) {
        abort();
    }
    blocks(&bench);
    start_call(&bench, 3, "");
    run_until(&bench, "lost3:free ");
    CHECK_INT(world_uv_threads(bench.uv), 1);
    let_go(&scene);
    run_until(&bench, "lost3:free up ");
    CHECK(!bench.worker->is_stuck);
    CHECK(is_mapped("/naughty.so") && is_mapped("/naughty.2.so")); /* the code is loaded anew */
    start_call(&bench, 4, "");
    run_until(&bench, "\"n\":5");
    CHECK(strstr(buffer_view(&bench.lines).ptr, "its code stays mapped: 1 such versions") != NULL);
}

static void closes_while_its_thread_does_not_end(void)
{
    CLEANUP(clear_scene) struct scene scene;
    CLEANUP(finish) struct bench bench;
    place = IN_A_THREAD;
    bool begun = set_scene(&scene) && begin(&bench, scene.plugin);
    place = IN_A_PROCESS;
    if (!begun) {
        abort();
    }
    blocks(&bench);
    bench.closed.run = closed;
    runner_close(bench.runner, &bench.closed);
    world_uv_run(bench.uv);
    CHECK(bench.runner == NULL);
    CHECK_INT(world_uv_threads(bench.uv), 1);
    CHECK(strstr(buffer_view(&bench.lines).ptr, "does not end and is given up") != NULL);
    let_go(&scene);
}

SUITE({"runs calls and answers questions", runs_calls},
      {"pipelines many calls", pipelines_many_calls},
      {"goes on while a call waits", goes_on_while_a_call_waits},
      {"answers too much with a sentence", answers_too_much_with_a_sentence},
      {"tells a call whose time is over", tells_a_call_whose_time_is_over},
      {"reads the definition that a plugin carries", reads_the_definition_that_a_plugin_carries},
      {"charges a death to the call that executed", charges_a_death_to_the_call_that_executed},
      {"blames nobody whose result was gathered", blames_nobody_whose_result_was_gathered},
      {"hears what a long slice asked before the next ends",
       hears_what_a_long_slice_asked_before_the_next_ends},
      {"ends a runner that breaks the protocol", ends_a_runner_that_breaks_the_protocol},
      {"starts again and serves", starts_again_and_serves},
      {"survives its death from outside", survives_its_death_from_outside},
      {"gives back what is started while it is down", gives_back_what_is_started_while_it_is_down},
      {"forgets a cancelled call", forgets_a_cancelled_call},
      {"drops the result of a cancelled call", drops_the_result_of_a_cancelled_call},
      {"ends a cancelled call that does not end", ends_a_cancelled_call_that_does_not_end},
      {"refuses what cannot be loaded", refuses_what_cannot_be_loaded},
      {"logs what is printed", logs_what_is_printed},
      {"drops a flood of lines", drops_a_flood_of_lines},
      {"inline: runs calls and answers questions", runs_calls_inline},
      {"inline: pipelines many calls", pipelines_many_calls_inline},
      {"inline: goes on while a call waits", goes_on_while_a_call_waits_inline},
      {"inline: tells a call whose time is over", tells_a_call_whose_time_is_over_inline},
      {"inline: reads the definition that a plugin carries",
       reads_the_definition_that_a_plugin_carries_inline},
      {"inline: gives back what is started while it is down",
       gives_back_what_is_started_while_it_is_down_inline},
      {"inline: forgets a cancelled call", forgets_a_cancelled_call_inline},
      {"inline: drops the result of a cancelled call", drops_the_result_of_a_cancelled_call_inline},
      {"inline: refuses what cannot be loaded", refuses_what_cannot_be_loaded_inline},
      {"inline: gives up a thread that does not end", gives_up_a_thread_that_does_not_end},
      {"inline: closes while its thread does not end", closes_while_its_thread_does_not_end})
