#include "base/alloc.h"
#include "base/limits.h"
#include "queue/work_queue.h"
#include "sim/virtual_world.h"
#include "support/exposition.h"
#include "support/suite.h"

struct bench {
    struct virtual_world v;
    struct work_listener listener;
    struct work_queue *queue;
    struct work_flow *flow;
    size_t announced;
};

static void ready(struct work_listener *listener)
{
    CONTAINER_OF(listener, struct bench, listener)->announced++;
}

static void setup_with(struct bench *bench, size_t capacity, size_t places)
{
    *bench = (struct bench){.listener.ready = ready};
    virtual_world_init(&bench->v, 1);
    bench->queue = work_queue_new(&bench->v.world, capacity, &bench->listener);
    bench->flow = work_flow_new(bench->queue, places, NULL);
}

static void setup(struct bench *bench)
{
    setup_with(bench, 100000, 1000);
}

static void teardown(struct bench *bench)
{
    work_flow_free(bench->flow);
    work_queue_free(bench->queue);
    virtual_world_done(&bench->v);
}

static void add_to(struct work_flow *flow, const char *key, enum work_class why)
{
    struct error err = ERROR_INIT;
    CHECK_INT(work_queue_add(flow, text_of(key), why, &err), TEND_OK);
}

static void after(struct work_flow *flow, const char *key, int64_t delay_ms)
{
    struct error err = ERROR_INIT;
    CHECK_INT(work_queue_after(flow, text_of(key), delay_ms, &err), TEND_OK);
}

/* Take the next key, which must be `key`. */
static struct work *take(struct bench *bench, const char *key)
{
    struct work *work = work_queue_take(bench->queue);
    CHECK_TEXT(work == NULL ? NULL : work->key.ptr, key);
    return work;
}

static void nothing(struct bench *bench)
{
    CHECK(work_queue_take(bench->queue) == NULL);
}

/* Take and settle everything that may be taken; how many it was. */
static size_t drain(struct bench *bench)
{
    size_t count = 0;
    struct work *work;
    while ((work = work_queue_take(bench->queue)) != NULL) {
        work_queue_done(work, WORK_SETTLED);
        count++;
    }
    return count;
}

static void a_key_waits_once(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_CHANGE);
    add_to(bench.flow, "a", WORK_CHANGE);
    add_to(bench.flow, "b", WORK_CHANGE);
    add_to(bench.flow, "a", WORK_SWEEP);
    CHECK_INT(work_flow_count(bench.flow).waiting, 2);
    struct work *a = take(&bench, "a"), *b = take(&bench, "b");
    nothing(&bench);
    work_queue_done(a, WORK_SETTLED);
    work_queue_done(b, WORK_SETTLED);
    nothing(&bench);
    CHECK_INT(work_flow_count(bench.flow).keys, 0);
    teardown(&bench);
}

static void a_key_never_runs_twice_at_a_time(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_CHANGE);
    struct work *a = take(&bench, "a");
    add_to(bench.flow, "a", WORK_CHANGE);
    nothing(&bench);
    work_queue_done(a, WORK_SETTLED);
    a = take(&bench, "a");
    work_queue_done(a, WORK_SETTLED);
    nothing(&bench);
    teardown(&bench);
}

static void the_highest_class_counts(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_SWEEP);
    add_to(bench.flow, "b", WORK_SWEEP);
    add_to(bench.flow, "b", WORK_CHANGE);
    struct work *b = take(&bench, "b");
    CHECK_INT(b->why, WORK_CHANGE);
    add_to(bench.flow, "b", WORK_SWEEP);
    add_to(bench.flow, "b", WORK_DUE);
    add_to(bench.flow, "b", WORK_RETRY);
    work_queue_done(b, WORK_SETTLED);
    b = take(&bench, "b");
    CHECK_INT(b->why, WORK_DUE);
    work_queue_done(b, WORK_SETTLED);
    CHECK_INT(drain(&bench), 1);
    teardown(&bench);
}

static void an_event_keeps_a_later_moment(void)
{
    struct bench bench;
    setup(&bench);
    after(bench.flow, "a", 5000);
    add_to(bench.flow, "a", WORK_CHANGE);
    CHECK_INT(drain(&bench), 1);
    virtual_world_advance(&bench.v, 4999);
    nothing(&bench);
    virtual_world_advance(&bench.v, 1);
    struct work *a = take(&bench, "a");
    CHECK_INT(a->why, WORK_DUE);
    work_queue_done(a, WORK_SETTLED);
    CHECK(!virtual_world_advance_to_alarm(&bench.v));
    CHECK_INT(work_flow_count(bench.flow).keys, 0);
    teardown(&bench);
}

static void the_earlier_moment_wins(void)
{
    struct bench bench;
    setup(&bench);
    after(bench.flow, "a", 5000);
    after(bench.flow, "a", 1000);
    after(bench.flow, "a", 3000);
    CHECK_INT(work_flow_count(bench.flow).later, 1);
    virtual_world_advance(&bench.v, 1000);
    CHECK_INT(drain(&bench), 1);
    virtual_world_advance(&bench.v, 10000);
    nothing(&bench);
    teardown(&bench);
}

static void a_moment_that_comes_while_it_runs(void)
{
    struct bench bench;
    setup(&bench);
    after(bench.flow, "a", 1000);
    add_to(bench.flow, "a", WORK_CHANGE);
    struct work *a = take(&bench, "a");
    virtual_world_advance(&bench.v, 1000);
    nothing(&bench);
    work_queue_done(a, WORK_SETTLED);
    CHECK_INT(drain(&bench), 1);
    teardown(&bench);
}

/* The next moment at which `key` may be taken, from now. */
static int64_t waited_ms(struct bench *bench)
{
    int64_t from_ms = bench->v.now_ms;
    CHECK(virtual_world_advance_to_alarm(&bench->v));
    return bench->v.now_ms - from_ms;
}

static void failures_wait_longer(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_CHANGE);
    int64_t plain_ms = BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < 5; i++) {
        struct work *a = take(&bench, "a");
        CHECK_INT(a->failures, i);
        work_queue_done(a, WORK_FAILED);
        nothing(&bench);
        int64_t ms = waited_ms(&bench);
        CHECK(ms >= plain_ms * 8 / 10 && ms <= plain_ms * 12 / 10);
        plain_ms *= 2;
    }
    struct work *a = take(&bench, "a");
    CHECK_INT(a->why, WORK_RETRY);
    work_queue_done(a, WORK_SETTLED);
    add_to(bench.flow, "a", WORK_CHANGE);
    a = take(&bench, "a");
    CHECK_INT(a->failures, 0);
    work_queue_done(a, WORK_SETTLED);
    teardown(&bench);
}

static void success_ends_a_backoff_but_no_moment(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_CHANGE);
    work_queue_done(take(&bench, "a"), WORK_FAILED);
    after(bench.flow, "a", 60000);
    add_to(bench.flow, "a", WORK_CHANGE);
    CHECK_INT(drain(&bench), 1);
    CHECK_INT(waited_ms(&bench), 60000);
    CHECK_INT(drain(&bench), 1);
    CHECK(!virtual_world_advance_to_alarm(&bench.v));
    teardown(&bench);
}

static void neither_end_keeps_failures(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_CHANGE);
    work_queue_done(take(&bench, "a"), WORK_FAILED);
    waited_ms(&bench);
    struct work *a = take(&bench, "a");
    add_to(bench.flow, "a", WORK_CHANGE);
    work_queue_done(a, WORK_STAYED);
    a = take(&bench, "a");
    CHECK_INT(a->failures, 1);
    work_queue_done(a, WORK_SETTLED);
    teardown(&bench);
}

static void forgives(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_CHANGE);
    work_queue_done(take(&bench, "a"), WORK_FAILED);
    work_queue_forgive(bench.flow, TEXT("a"));
    work_queue_forgive(bench.flow, TEXT("never seen"));
    CHECK_INT(work_flow_count(bench.flow).keys, 0);
    CHECK(!virtual_world_advance_to_alarm(&bench.v));
    teardown(&bench);
}

static void drops(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "waits", WORK_CHANGE);
    after(bench.flow, "later", 100);
    add_to(bench.flow, "runs", WORK_CHANGE);
    struct work *waits = take(&bench, "waits");
    struct work *runs = take(&bench, "runs");
    work_queue_done(waits, WORK_SETTLED);
    add_to(bench.flow, "waits", WORK_CHANGE);
    add_to(bench.flow, "runs", WORK_CHANGE);
    work_queue_drop(bench.flow, TEXT("waits"));
    work_queue_drop(bench.flow, TEXT("later"));
    work_queue_drop(bench.flow, TEXT("runs"));
    work_queue_drop(bench.flow, TEXT("never seen"));
    nothing(&bench);
    work_queue_done(runs, WORK_SETTLED);
    nothing(&bench);
    CHECK_INT(work_flow_count(bench.flow).keys, 0);
    CHECK_INT(work_flow_count(bench.flow).later, 0);
    teardown(&bench);
}

static void a_full_flow_is_passed_over(void)
{
    struct bench bench;
    setup_with(&bench, 100, 2);
    struct work_flow *other = work_flow_new(bench.queue, 1, NULL);
    add_to(bench.flow, "a", WORK_CHANGE);
    add_to(bench.flow, "b", WORK_CHANGE);
    add_to(bench.flow, "c", WORK_CHANGE);
    struct work *a = take(&bench, "a"), *b = take(&bench, "b");
    nothing(&bench);
    add_to(other, "x", WORK_SWEEP);
    struct work *x = take(&bench, "x");
    work_queue_done(a, WORK_SETTLED);
    a = take(&bench, "c");
    work_queue_done(a, WORK_SETTLED);
    work_queue_done(b, WORK_SETTLED);
    work_queue_done(x, WORK_SETTLED);
    work_flow_free(other);
    teardown(&bench);
}

static void places_open_and_close(void)
{
    struct bench bench;
    setup_with(&bench, 100, 0);
    add_to(bench.flow, "a", WORK_CHANGE);
    virtual_world_run(&bench.v);
    CHECK_INT(bench.announced, 0);
    nothing(&bench);
    work_flow_places(bench.flow, 1);
    virtual_world_run(&bench.v);
    CHECK_INT(bench.announced, 1);
    work_flow_places(bench.flow, 0);
    nothing(&bench);
    work_flow_places(bench.flow, 1);
    CHECK_INT(drain(&bench), 1);
    teardown(&bench);
}

static void flows_take_turns(void)
{
    struct bench bench;
    setup(&bench);
    struct work_flow *small = work_flow_new(bench.queue, 10, NULL);
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "flood-%d", i);
        add_to(bench.flow, key, WORK_CHANGE);
    }
    add_to(small, "x", WORK_CHANGE);
    add_to(small, "y", WORK_CHANGE);
    size_t served = 0;
    for (int i = 0; i < 4; i++) {
        struct work *work = work_queue_take(bench.queue);
        served += work->flow == small ? 1 : 0;
        work_queue_done(work, WORK_SETTLED);
    }
    CHECK_INT(served, 2);
    CHECK_INT(drain(&bench), 998);
    work_flow_free(small);
    teardown(&bench);
}

static void classes_share(void)
{
    struct bench bench;
    setup(&bench);
    char key[16];
    size_t served[WORK_CLASSES] = {0};
    for (int i = 0; i < 4 * 230; i++) {
        snprintf(key, sizeof key, "%d", i);
        add_to(bench.flow, key, (enum work_class)(i % WORK_CLASSES));
    }
    for (int i = 0; i < 29 * 10; i++) {
        struct work *work = work_queue_take(bench.queue);
        served[work->why]++;
        work_queue_done(work, WORK_SETTLED);
    }
    CHECK_INT(served[WORK_CHANGE], 160);
    CHECK_INT(served[WORK_DUE], 80);
    CHECK_INT(served[WORK_RETRY], 40);
    CHECK_INT(served[WORK_SWEEP], 10);
    drain(&bench);
    teardown(&bench);
}

static void a_change_passes_a_sweep(void)
{
    struct bench bench;
    setup(&bench);
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "sweep-%d", i);
        add_to(bench.flow, key, WORK_SWEEP);
    }
    for (int i = 0; i < 500; i++) {
        work_queue_done(work_queue_take(bench.queue), WORK_SETTLED);
    }
    /* Hours of sweeping saved up no turns against it. */
    add_to(bench.flow, "now", WORK_CHANGE);
    work_queue_done(take(&bench, "now"), WORK_SETTLED);
    CHECK_INT(drain(&bench), 500);
    teardown(&bench);
}

static void a_class_saves_up_no_turns(void)
{
    struct bench bench;
    setup(&bench);
    char key[16];
    for (int i = 0; i < 2000; i++) { /* hours of changes, and nothing to sweep */
        add_to(bench.flow, "change", WORK_CHANGE);
        work_queue_done(take(&bench, "change"), WORK_SETTLED);
    }
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "sweep-%d", i);
        add_to(bench.flow, key, WORK_SWEEP);
        snprintf(key, sizeof key, "change-%d", i);
        add_to(bench.flow, key, WORK_CHANGE);
    }
    size_t sweeps = 0;
    for (int i = 0; i < 34; i++) {
        struct work *work = work_queue_take(bench.queue);
        sweeps += work->why == WORK_SWEEP ? 1 : 0;
        work_queue_done(work, WORK_SETTLED);
    }
    CHECK(sweeps >= 1 && sweeps <= 3);
    drain(&bench);
    teardown(&bench);
}

static void refuses_beyond_its_capacity(void)
{
    struct bench bench;
    struct error err = ERROR_INIT;
    setup_with(&bench, 2, 1);
    add_to(bench.flow, "a", WORK_CHANGE);
    after(bench.flow, "b", 10);
    CHECK_INT(work_queue_add(bench.flow, TEXT("c"), WORK_CHANGE, &err), TEND_LIMIT);
    CHECK_INT(work_queue_after(bench.flow, TEXT("c"), 5, &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "2 keys wait already");
    add_to(bench.flow, "b", WORK_CHANGE); /* known: no new room */
    CHECK_INT(drain(&bench), 2);
    virtual_world_advance(&bench.v, 10);
    CHECK_INT(drain(&bench), 1);
    add_to(bench.flow, "c", WORK_CHANGE);
    CHECK_INT(drain(&bench), 1);
    teardown(&bench);
}

static void announces_once(void)
{
    struct bench bench;
    setup(&bench);
    add_to(bench.flow, "a", WORK_CHANGE);
    CHECK_INT(bench.announced, 0);
    add_to(bench.flow, "b", WORK_CHANGE);
    virtual_world_run(&bench.v);
    CHECK_INT(bench.announced, 1);
    struct work *a = take(&bench, "a"), *b = take(&bench, "b");
    work_queue_done(a, WORK_SETTLED);
    work_queue_done(b, WORK_SETTLED);
    virtual_world_run(&bench.v);
    CHECK_INT(bench.announced, 1);
    teardown(&bench);
}

static void a_freed_flow_lets_its_runs_end(void)
{
    struct bench bench;
    setup(&bench);
    struct work_flow *flow = work_flow_new(bench.queue, 5, &bench);
    CHECK(work_flow_owner(flow) == &bench);
    add_to(flow, "runs", WORK_CHANGE);
    struct work *runs = take(&bench, "runs");
    add_to(flow, "runs", WORK_CHANGE);
    add_to(flow, "waits", WORK_CHANGE);
    after(flow, "later", 5);
    work_flow_free(flow);
    nothing(&bench);
    virtual_world_advance(&bench.v, 10);
    CHECK_TEXT(runs->key.ptr, "runs");
    work_queue_done(runs, WORK_FAILED);
    CHECK(!virtual_world_advance_to_alarm(&bench.v));
    nothing(&bench);
    teardown(&bench);
}

static double one_of(struct metrics *metrics, const char *name)
{
    return exposition_now(metrics, name);
}

static void measures_what_waits(void)
{
    struct bench bench;
    static const struct metric_spec adds = {METRIC_COUNTER, "adds", NULL, {NULL, 0}};
    static const struct metric_spec retries = {METRIC_COUNTER, "retries", NULL, {NULL, 0}};
    struct metrics *metrics = metrics_new();
    setup(&bench);
    struct work_meter meter = {
        .adds = metrics_series(metrics, &adds, METRIC_UNLABELLED),
        .retries = metrics_series(metrics, &retries, METRIC_UNLABELLED),
        .waited = metrics_series(
            metrics, &(struct metric_spec){METRIC_HISTOGRAM, "waited", NULL, metric_seconds()},
            METRIC_UNLABELLED)};
    work_flow_meter(bench.flow, &meter);
    add_to(bench.flow, "a", WORK_SWEEP);
    add_to(bench.flow, "a", WORK_CHANGE); /* waits already, since then */
    virtual_world_advance(&bench.v, 2000);
    struct work *work = take(&bench, "a");
    add_to(bench.flow, "a", WORK_CHANGE);
    add_to(bench.flow, "a", WORK_CHANGE);
    virtual_world_advance(&bench.v, 3000);
    work_queue_done(work, WORK_FAILED);
    work_queue_done(take(&bench, "a"), WORK_SETTLED);
    CHECK(one_of(metrics, "adds") == 2);
    CHECK(one_of(metrics, "retries") == 1);
    CHECK(one_of(metrics, "waited_count") == 2);
    CHECK(one_of(metrics, "waited_sum") == 5);
    teardown(&bench);
    metrics_free(metrics);
}

SUITE({"a key waits once however often it is added", a_key_waits_once},
      {"a key never runs twice at a time, and again if it was added meanwhile",
       a_key_never_runs_twice_at_a_time},
      {"the highest class asked for counts", the_highest_class_counts},
      {"an event keeps a later moment", an_event_keeps_a_later_moment},
      {"of two moments the earlier wins", the_earlier_moment_wins},
      {"a moment that comes while the key runs makes it run again",
       a_moment_that_comes_while_it_runs},
      {"each failure waits longer, until a success", failures_wait_longer},
      {"success ends a backoff but no other moment", success_ends_a_backoff_but_no_moment},
      {"a run without an end of its own keeps the failures", neither_end_keeps_failures},
      {"a key that is forgiven is forgotten", forgives},
      {"a key that is dropped is forgotten wherever it is", drops},
      {"a flow without a free place is passed over", a_full_flow_is_passed_over},
      {"places open and close", places_open_and_close},
      {"a flood in one flow does not starve another", flows_take_turns},
      {"classes share 16:8:4:1", classes_share},
      {"a change passes a sweep of any length", a_change_passes_a_sweep},
      {"a class that was empty has saved up no turns", a_class_saves_up_no_turns},
      {"refuses beyond its capacity what it does not know yet", refuses_beyond_its_capacity},
      {"tells its listener once, in a later step", announces_once},
      {"a freed flow forgets all but what runs", a_freed_flow_lets_its_runs_end},
      {"measures what waits", measures_what_waits})
