/* Calls on several threads. What has to be at the same time meets inside the plugin: nothing here is timed. */
#include <pthread.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "engine/native.h"
#include "support/suite.h"

#define PLUGINS TEND_BUILD "/tests/plugins/"

enum { CALLS = 128 };

/* A host of lanes; under `lock` all of it. */
struct bench {
    struct engine_host host;
    struct engine *engine;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    unsigned finished, asked, held;
    unsigned begun, inside, most; /* slices: ever, now, at once */
    uint64_t asks[CALLS];         /* calls, in the order in which they asked */
    char *results[CALLS];         /* by the call's id */
};

static struct bench *of(struct engine_host *host)
{
    return CONTAINER_OF(host, struct bench, host);
}

static void change(struct bench *bench, unsigned *count)
{
    ++*count;
    pthread_cond_broadcast(&bench->moved);
    pthread_mutex_unlock(&bench->lock);
}

static void asked(struct engine_host *host, uint64_t call, uint32_t ask,
                  const struct value *question, const struct value *so_far)
{
    (void)ask, (void)question, (void)so_far;
    pthread_mutex_lock(&of(host)->lock);
    of(host)->asks[of(host)->asked] = call;
    change(of(host), &of(host)->asked);
}

static bool never_wait(struct engine_host *host, uint64_t call)
{
    (void)host, (void)call;
    CHECK(!"a call on a lane waits there");
    return false;
}

static void lane(struct engine_host *host, unsigned number)
{
    CHECK(number < host->lanes);
}

static int64_t enter(struct engine_host *host, unsigned number, uint64_t call, int64_t slice_ms)
{
    struct bench *bench = of(host);
    (void)number, (void)call, (void)slice_ms;
    pthread_mutex_lock(&bench->lock);
    bench->inside++;
    bench->most = bench->inside > bench->most ? bench->inside : bench->most;
    change(bench, &bench->begun);
    return 0;
}

static void leave(struct engine_host *host, unsigned number)
{
    (void)number;
    pthread_mutex_lock(&of(host)->lock);
    of(host)->inside--;
    pthread_mutex_unlock(&of(host)->lock);
}

static void finished(struct engine_host *host, uint64_t call, struct text result)
{
    pthread_mutex_lock(&of(host)->lock);
    CHECK(of(host)->results[call] == NULL);
    of(host)->results[call] = alloc_text(result.ptr, result.len);
    change(of(host), &of(host)->finished);
}

static void log_line(struct engine_host *host, enum log_level level, struct text text)
{
    (void)host, (void)level, (void)text;
}

static void held(struct engine_host *host, uint64_t call)
{
    (void)call;
    pthread_mutex_lock(&of(host)->lock);
    change(of(host), &of(host)->held);
}

static void wake(struct engine_host *host)
{
    (void)host;
    CHECK(!"who finishes a call on lanes ends it");
}

static int64_t ticks_ms(struct engine_host *host)
{
    (void)host;
    return 0;
}

static uint64_t random_bits(struct engine_host *host)
{
    (void)host;
    return 4;
}

static void die(struct engine_host *host, const char *why)
{
    (void)host;
    fprintf(stderr, "%s\n", why);
    _exit(1);
}

static void recycle(struct engine_host *host, const char *why)
{
    (void)host, (void)why;
}

static const struct engine_host_ops host_ops = {
    .asked = asked,
    .wait = never_wait,
    .lane = lane,
    .enter = enter,
    .leave = leave,
    .finished = finished,
    .log = log_line,
    .held = held,
    .wake = wake,
    .ticks_ms = ticks_ms,
    .random = random_bits,
    .die = die,
    .recycle = recycle,
};

static bool open_bench(struct bench *bench, const char *path)
{
    struct error err = ERROR_INIT;
    *bench = (struct bench){.host = {&host_ops, NULL, RUNNER_LANES_MAX},
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .moved = PTHREAD_COND_INITIALIZER};
    bool opened =
        CHECK(native_open(path, "lanes", NULL, &bench->host, &bench->engine, &err) == TEND_OK);
    return opened && CHECK(bench->engine->on_lanes);
}

static void close_bench(struct bench *bench)
{
    engine_closep(&bench->engine);
    for (size_t i = 0; i < CALLS; i++) {
        free(bench->results[i]);
    }
}

static void start(struct bench *bench, uint64_t id, const char *controller, const char *what)
{
    char object[100];
    int len = snprintf(object, sizeof object, "{\"spec\":{\"do\":\"%s\",\"n\":%d}}", what, (int)id);
    engine_start(bench->engine, &(struct engine_call){.id = id,
                                                      .controller = text_of(controller),
                                                      .object = {object, (size_t)len},
                                                      .slice_ms = 1000,
                                                      .limit_ms = 1000});
    memset(object, 'x', sizeof object); /* it was borrowed */
}

static void await(struct bench *bench, const unsigned *count, unsigned least)
{
    pthread_mutex_lock(&bench->lock);
    while (*count < least) {
        pthread_cond_wait(&bench->moved, &bench->lock);
    }
    pthread_mutex_unlock(&bench->lock);
}

static void answer(struct bench *bench, uint64_t call)
{
    char bytes[] = "{\"data\":{\"a\":\"x\"}}";
    engine_answer(bench->engine, &(struct engine_answer){.call = call, .bytes = text_of(bytes)});
    memset(bytes, 'x', sizeof bytes);
}

static bool says(const struct bench *bench, uint64_t call, const char *what)
{
    return CHECK(bench->results[call] != NULL) && CHECK(strstr(bench->results[call], what) != NULL);
}

/* --- cases ------------------------------------------------------------------------------------- */

static void runs_so_many_at_once(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "lanes.so")) {
        return;
    }
    for (uint64_t id = 1; id <= 40; id++) {
        start(&bench, id, "many", "meet"); /* each with three others */
    }
    await(&bench, &bench.finished, 40);
    CHECK_INT(bench.most, 4);
    for (uint64_t id = 1; id <= 40; id++) {
        says(&bench, id, "\"outcome\":\"done\"");
    }
}

static void runs_never_more(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "lanes.so")) {
        return;
    }
    for (uint64_t id = 1; id <= 80; id += 4) {
        start(&bench, id, "many", "linger");
        start(&bench, id + 1, "two", "linger");
        start(&bench, id + 2, "one", "linger");
        start(&bench, id + 3, "another", "linger"); /* not beside "one" either */
    }
    await(&bench, &bench.finished, 80);
    CHECK(bench.most <= 7);
    start(&bench, 81, "many", "");
    start(&bench, 82, "two", "");
    start(&bench, 83, "one", "");
    await(&bench, &bench.finished, 83);
    CHECK(strstr(bench.results[81], "\"most\":5") == NULL);
    CHECK(strstr(bench.results[82], "\"most\":3") == NULL);
    says(&bench, 83, "\"most\":1");
}

static void keeps_nobody_while_a_call_blocks(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "lanes.so")) {
        return;
    }
    for (uint64_t id = 1; id <= 3; id++) {
        start(&bench, id, "many", "ask");
    }
    await(&bench, &bench.asked, 3);
    for (uint64_t id = 4; id <= 13; id++) {
        start(&bench, id, "many", "");
    }
    start(&bench, 14, "one", "");
    await(&bench, &bench.finished, 11);
    for (uint64_t id = 3; id > 0; id--) {
        CHECK(bench.results[id] == NULL);
        answer(&bench, id);
    }
    await(&bench, &bench.finished, 14);
    says(&bench, 1, "\"answer\":\"x\"");
}

static void answers_calls_that_rest(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "lanes.so")) {
        return;
    }
    for (uint64_t id = 1; id <= 60; id++) {
        start(&bench, id, id % 3 == 0 ? "one" : "many", "rest");
    }
    await(&bench, &bench.asked, 60);
    for (uint64_t id = 60; id > 0; id--) {
        answer(&bench, id);
        answer(&bench, id); /* once is enough */
    }
    answer(&bench, 99); /* nobody's */
    await(&bench, &bench.finished, 60);
    says(&bench, 1, "\"answer\":\"x\"");
    CHECK_INT(bench.held, 0);
}

static void answers_while_it_asks(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "lanes.so")) {
        return;
    }
    for (uint64_t id = 1; id <= 60; id++) {
        start(&bench, id, "many", id % 2 == 0 ? "rest" : "ask");
        await(&bench, &bench.asked, (unsigned)id);
        answer(&bench, bench.asks[id - 1]);
    }
    await(&bench, &bench.finished, 60);
    says(&bench, 59, "\"answer\":\"x\"");
    says(&bench, 60, "\"answer\":\"x\"");
}

static void cancels_wherever_a_call_is(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "lanes.so")) {
        return;
    }
    start(&bench, 1, "two", "ask"); /* it blocks */
    start(&bench, 2, "two", "rest");
    await(&bench, &bench.asked, 2);
    start(&bench, 3, "two", "stay"); /* it runs */
    await(&bench, &bench.begun, 3);
    start(&bench, 4, "two", "ask"); /* there is no room for it */
    for (uint64_t id = 4; id > 0; id--) {
        engine_cancel(bench.engine, id, TEXT("it is cancelled"));
        engine_cancel(bench.engine, id, TEXT("once more"));
    }
    engine_cancel(bench.engine, 99, TEXT("that one is not there"));
    await(&bench, &bench.finished, 4);
    says(&bench, 1, "\"answer\":\"it is cancelled\"");
    says(&bench, 2, "\"answer\":\"none\"");
    says(&bench, 3, "\"was\":\"cancelled\"");
    says(&bench, 4, "\"answer\":\"it is cancelled\"");
}

static void takes_outcomes_from_threads_of_the_plugin(void)
{
    static const char *const ways[] = {"thread", "fast", "cancelled", "then", "ask", "", "wait"};
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "held_lanes.so")) {
        return;
    }
    unsigned asks = 0;
    for (uint64_t id = 1; id < CALLS; id++) {
        const char *way = ways[id % COUNT_OF(ways)];
        start(&bench, id, "held", way);
        if (strcmp(way, "then") == 0) {
            await(&bench, &bench.asked, ++asks);
            answer(&bench, id);
        }
        engine_cancel(bench.engine, id, TEXT("it is cancelled"));
    }
    await(&bench, &bench.finished, CALLS - 1);
    says(&bench, COUNT_OF(ways), "\"ended\":\"by a thread\"");
    says(&bench, COUNT_OF(ways) + 1, "\"ended\":\"by a thread\"");
    says(&bench, COUNT_OF(ways) + 2, "\"ended\":\"cancelled\"");
    says(&bench, COUNT_OF(ways) + 4, "\"ask was called outside");
}

static void ends_with_calls_everywhere(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "lanes.so")) {
        return;
    }
    start(&bench, 1, "many", "ask");
    start(&bench, 2, "many", "stay");
    start(&bench, 3, "many", "rest");
    start(&bench, 4, "one", "stay");
    await(&bench, &bench.begun, 4);
    await(&bench, &bench.asked, 2);
    for (uint64_t id = 5; id < 40; id++) {
        start(&bench, id, id % 2 == 0 ? "one" : "many", "stay"); /* most of them never begin */
    }
    engine_closep(&bench.engine);
    says(&bench, 1, "\"answer\":\"the controllers are stopped\"");
    says(&bench, 4, "\"was\":\"cancelled\"");
    CHECK(bench.results[3] == NULL);
}

static void ends_with_calls_that_threads_hold(void)
{
    CLEANUP(close_bench) struct bench bench;
    if (!open_bench(&bench, PLUGINS "held_lanes.so")) {
        return;
    }
    start(&bench, 1, "held", "stopped");
    start(&bench, 2, "held", "cancelled");
    start(&bench, 3, "held", "never");
    await(&bench, &bench.held, 3);
    engine_closep(&bench.engine);
    CHECK(bench.results[3] == NULL);
}

SUITE({"runs so many at once", runs_so_many_at_once}, {"runs never more", runs_never_more},
      {"keeps nobody while a call blocks", keeps_nobody_while_a_call_blocks},
      {"answers calls that rest", answers_calls_that_rest},
      {"answers while it asks", answers_while_it_asks},
      {"cancels wherever a call is", cancels_wherever_a_call_is},
      {"takes outcomes from threads of the plugin", takes_outcomes_from_threads_of_the_plugin},
      {"ends with calls everywhere", ends_with_calls_everywhere},
      {"ends with calls that threads hold", ends_with_calls_that_threads_hold})
