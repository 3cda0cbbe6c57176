/* What a plugin counts in a real process, on the host's page. Every wait is for a number. */
#include "base/limits.h"
#include "host/world_uv.h"
#include "runner/runner.h"
#include "support/exposition.h"

#define JOBS   "jobs_total{controller=\"counting\",plugin=\"counting.so\",queue=\"a\"}"
#define LEVEL  "level{controller=\"counting\",plugin=\"counting.so\"}"
#define STARTS "tend_runner_starts_total{plugin=\"counting.so\"}"
#define DEATHS "tend_runner_deaths_total{plugin=\"counting.so\"}"

enum { LOOK_MS = 5, GIVE_UP_MS = 60000 };

struct bench {
    struct world_uv *uv;
    struct world *world;
    struct metrics *metrics;
    struct runner *runner;
    struct worker_listener listener;
    struct reconcile_call call;
    unsigned ups;
    const char *sample; /* is awaited to be `value`; NULL: `ups` is */
    double value;
    int64_t give_up_ms; /* ticks */
    struct alarm look;
    struct task closed;
};

static void up(struct worker_listener *listener, struct worker *worker,
               const struct value *descriptor)
{
    (void)worker, (void)descriptor;
    CONTAINER_OF(listener, struct bench, listener)->ups++;
}

static void down(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)listener, (void)worker, (void)reason;
}

static void asked(struct worker_listener *listener, struct worker *worker,
                  struct reconcile_call *call, uint32_t ask, const struct value *question,
                  const struct value *so_far)
{
    (void)listener, (void)worker, (void)call, (void)ask, (void)question, (void)so_far;
}

static void overdue(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call)
{
    (void)listener, (void)worker, (void)call;
}

static void free_call(struct reconcile_call *call)
{
    doc_unref(call->object);
    arena_done(&call->arena);
    *call = (struct reconcile_call){0};
}

static void done(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call)
{
    (void)listener, (void)worker;
    free_call(call);
}

static void lost(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call, enum worker_blame blame, const char *reason)
{
    (void)listener, (void)worker, (void)blame, (void)reason;
    free_call(call);
}

static const struct worker_listener_ops listener_ops = {up, down, down, asked, overdue, done, lost};

static bool is_there(const struct bench *bench)
{
    return bench->sample == NULL ? bench->ups == bench->value
                                 : exposition_now(bench->metrics, bench->sample) == bench->value;
}

static void look(struct alarm *alarm)
{
    struct bench *bench = CONTAINER_OF(alarm, struct bench, look);
    if (is_there(bench) || !CHECK(world_ticks_ms(bench->world) < bench->give_up_ms)) {
        world_uv_stop(bench->uv);
    } else {
        world_alarm_set(bench->world, &bench->look, world_ticks_ms(bench->world) + LOOK_MS);
    }
}

/* Run until the page says so; without a sample until it was up so often. */
static void await(struct bench *bench, const char *sample, double value)
{
    bench->sample = sample;
    bench->value = value;
    bench->look.fire = look;
    world_alarm_set(bench->world, &bench->look, 0);
    world_uv_run(bench->uv);
    CHECK(is_there(bench));
}

static void begin(struct bench *bench)
{
    struct error err = ERROR_INIT;
    *bench = (struct bench){.metrics = metrics_new(), .listener.ops = &listener_ops};
    CHECK_INT(world_uv_new(NULL, &bench->uv, &err), TEND_OK);
    bench->world = world_uv_world(bench->uv);
    bench->give_up_ms = world_ticks_ms(bench->world) + GIVE_UP_MS;
    bench->runner =
        runner_new(&(struct runner_options){.world = bench->world,
                                            .program = TEND_BUILD "/tend-runner",
                                            .file = TEND_BUILD "/tests/plugins/counting.so",
                                            .name = "/somewhere/counting.so",
                                            .metrics = bench->metrics});
    runner_worker(bench->runner)->listener = &bench->listener;
    runner_start(bench->runner);
}

static void start_call(struct bench *bench, const char *what)
{
    char object[64];
    snprintf(object, sizeof object, "{\"spec\":{\"do\":\"%s\"}}", what);
    bench->call = (struct reconcile_call){.controller = "counting",
                                          .object = doc_from_bytes(text_of(object)),
                                          .now_ms = 1000,
                                          .limit_ms = 30000};
    worker_start(runner_worker(bench->runner), &bench->call);
}

static void closed(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct bench, closed)->uv);
}

static void close_runner(struct bench *bench)
{
    bench->closed.run = closed;
    runner_close(bench->runner, &bench->closed);
    world_uv_run(bench->uv);
}

static void finish(struct bench *bench)
{
    world_alarm_clear(bench->world, &bench->look);
    world_uv_free(bench->uv);
    metrics_free(bench->metrics);
}

static void counts_over_the_death_of_its_process(void)
{
    CLEANUP(finish) struct bench bench;
    begin(&bench);
    await(&bench, JOBS, 0); /* declared, and told while nothing runs */
    start_call(&bench, "count");
    await(&bench, JOBS, 2.5);
    CHECK(exposition_now(bench.metrics, LEVEL) == -1.5);
    start_call(&bench, "exit");
    await(&bench, DEATHS, 1);
    CHECK(isnan(exposition_now(bench.metrics, LEVEL)));
    await(&bench, NULL, 2);
    CHECK(exposition_now(bench.metrics, STARTS) == 2);
    start_call(&bench, "count");
    await(&bench, JOBS, 5);
    CHECK(exposition_now(bench.metrics, LEVEL) == -1.5);
    close_runner(&bench);
    CHECK(exposition_now(bench.metrics, JOBS) == 10005); /* what `stop` counted as well */
    CHECK(exposition_now(bench.metrics, DEATHS) == 1);
    CHECK(isnan(exposition_now(bench.metrics, LEVEL)));
}

static void hears_a_thread_while_nothing_runs(void)
{
    CLEANUP(finish) struct bench bench;
    begin(&bench);
    await(&bench, JOBS, 0);
    CHECK_INT(bench.ups, 1);
    start_call(&bench, "thread");
    await(&bench, JOBS, 1000);
    close_runner(&bench);
}

SUITE({"counts over the death of its process", counts_over_the_death_of_its_process},
      {"hears a thread while nothing runs", hears_a_thread_while_nothing_runs})
