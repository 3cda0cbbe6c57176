/* The whole loop with a real runner: objects that are there when their controller comes are all looked
 * at once. The first time each gets its status, durably; the second time nothing changes. Then the runner
 * is killed, again and again.
 *
 *     bench.loop BUILD FOLDER CONTROLLER [PREFIX]     tend-runner of BUILD, a new store below FOLDER
 *
 * CONTROLLER is a plugin or a script that is named echo or labinstance, and says which objects there are.
 * An echo repeats a number in its status; a lab goes from pending to ready, in three runs. PREFIX goes
 * before the names of the figures.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/core.h"
#include "bench/figure.h"
#include "bench/hosted.h"
#include "controller/controller.h"
#include "controller/loop.h"
#include "runner/plugin.h"
#include "runner/runner.h"
#include "watch/watch.h"

enum { OBJECTS = 20000, PADDING = 600, SWEEPS = 3, DEATHS = 25, LOOK_MS = 1 };

struct bench {
    struct core core;
    struct watch *watch;
    struct loop *loop;
    char program[PATH_MAX + 32], file[PATH_MAX];
    char copies[PATH_MAX + 48];
    struct worker_maker maker;
    struct runner *runner; /* the one that is made */
    struct plugin *plugin;
    enum plugin_phase phase; /* that was seen */
    struct task closed;
    struct alarm look; /* is the loop settled? */
    const char *prefix;
    bool labs;      /* the objects are, and not echoes */
    double live_ms; /* when the controller came, on figure_clock_ms */
    double settled_ms;
    uint64_t runs; /* of the controller, when it settled */
};

static void on_look(struct alarm *alarm)
{
    struct bench *bench = CONTAINER_OF(alarm, struct bench, look);
    bool live = bench->plugin != NULL && plugin_phase(bench->plugin) == PLUGIN_LIVE;
    if (live && loop_is_settled(bench->loop)) {
        bench->settled_ms = figure_clock_ms();
        bench->runs = controller_at(bench->loop, 0).runs;
        world_uv_stop(bench->core.uv);
    } else {
        world_alarm_set(bench->core.world, alarm, world_ticks_ms(bench->core.world) + LOOK_MS);
    }
}

/* Run until the controller is live and has nothing to do. */
static void settle(struct bench *bench)
{
    bench->look.fire = on_look;
    world_alarm_set(bench->core.world, &bench->look, world_ticks_ms(bench->core.world) + LOOK_MS);
    world_uv_run(bench->core.uv);
}

static void changed(struct plugin *plugin, void *owner)
{
    struct bench *bench = owner;
    figure_must(plugin_phase(plugin) != PLUGIN_REFUSED, "the plugin is refused");
    if (plugin_phase(plugin) == PLUGIN_LIVE && bench->phase != PLUGIN_LIVE) {
        bench->live_ms = figure_clock_ms();
    }
    bench->phase = plugin_phase(plugin);
}

/* --- a maker that shows its runner -------------------------------------------------------------- */

static enum tend_code make(struct worker_maker *maker, const struct worker_order *order,
                           struct made_worker *ret_made, struct error *err)
{
    struct bench *bench = CONTAINER_OF(maker, struct bench, maker);
    (void)err;
    bench->runner = runner_new(&(struct runner_options){.world = bench->core.world,
                                                        .program = bench->program,
                                                        .file = order->file,
                                                        .name = order->name,
                                                        .metrics = bench->core.metrics});
    ret_made->worker = runner_worker(bench->runner);
    return TEND_OK;
}

static void start(struct worker_maker *maker, struct made_worker *made)
{
    (void)made;
    runner_start(CONTAINER_OF(maker, struct bench, maker)->runner);
}

static void close_made(struct worker_maker *maker, struct made_worker *made, struct task *closed)
{
    (void)made;
    runner_close(CONTAINER_OF(maker, struct bench, maker)->runner, closed);
}

static const struct worker_maker_ops maker_ops = {
    .make = make, .start = start, .close = close_made};
static const struct plugin_keeper keeper = {.changed = changed};

static void start_plugin(struct bench *bench)
{
    bench->maker.ops = &maker_ops;
    bench->phase = PLUGIN_STARTING;
    bench->plugin = plugin_open(&(struct plugin_options){.world = bench->core.world,
                                                         .store = bench->core.store,
                                                         .gate = bench->core.gate,
                                                         .loop = bench->loop,
                                                         .maker = &bench->maker,
                                                         .file = bench->file,
                                                         .copies = bench->copies,
                                                         .keeper = &keeper,
                                                         .owner = bench});
    plugin_look(bench->plugin);
}

static void on_closed(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct bench, closed)->core.uv);
}

static void stop_plugin(struct bench *bench)
{
    bench->closed.run = on_closed;
    plugin_close(bench->plugin, &bench->closed);
    bench->plugin = NULL;
    world_uv_run(bench->core.uv);
}

static void create_lab(const struct core_job *job, int index, struct arena *arena,
                       struct admission_request *request)
{
    (void)job;
    const struct value *body = NULL, *meta = NULL, *spec = NULL;
    meta = value_with(arena, meta, TEXT("name"),
                      value_text(arena, arena_format(arena, "lab-%06d", index)));
    meta = value_with(arena, meta, TEXT("namespace"), value_chars(arena, "default"));
    spec = value_with(arena, spec, TEXT("template"), value_chars(arena, "intro"));
    spec = value_with(arena, spec, TEXT("provisionSeconds"), value_int(arena, 0));
    body = value_with(arena, body, TEXT("apiVersion"), value_chars(arena, "lab.neuroglia.com/v1"));
    body = value_with(arena, body, TEXT("kind"), value_chars(arena, "LabInstance"));
    body = value_with(arena, body, TEXT("metadata"), meta);
    body = value_with(arena, body, TEXT("spec"), spec);
    request->verb = ADMIT_CREATE;
    request->body = body;
}

static void create_echo(const struct core_job *job, int index, struct arena *arena,
                        struct admission_request *request)
{
    char padding[PADDING];
    memset(padding, 'x', PADDING);
    (void)job;
    const struct value *body = NULL, *meta = NULL, *spec = NULL;
    meta = value_with(arena, meta, TEXT("name"),
                      value_text(arena, arena_format(arena, "echo-%06d", index)));
    spec = value_with(arena, spec, TEXT("number"), value_int(arena, index));
    spec = value_with(arena, spec, TEXT("padding"),
                      value_text(arena, (struct text){padding, PADDING}));
    body = value_with(arena, body, TEXT("apiVersion"), value_chars(arena, "bench.tend.dev/v1"));
    body = value_with(arena, body, TEXT("kind"), value_chars(arena, "Echo"));
    body = value_with(arena, body, TEXT("metadata"), meta);
    body = value_with(arena, body, TEXT("spec"), spec);
    request->verb = ADMIT_CREATE;
    request->body = body;
}

static void create(struct bench *bench, int first, int count)
{
    core_write(&bench->core, &(struct core_job){.make = bench->labs ? create_lab : create_echo,
                                                .first = first,
                                                .count = count,
                                                .in_flight = 512});
}

struct sweep {
    double runs;
    double rate, core_cpu_us, runner_cpu_us; /* reconciles a second; processor time of each */
};

static struct sweep sweep(struct bench *bench)
{
    double cpu_ms = process_cpu_ms(getpid());
    start_plugin(bench);
    settle(bench);
    figure_must(bench->runs >= OBJECTS, "the controller did not look at everything");
    double runs = (double)bench->runs;
    struct sweep sweep = {
        .runs = runs,
        .rate = runs * 1e3 / (bench->settled_ms - bench->live_ms),
        .core_cpu_us = (process_cpu_ms(getpid()) - cpu_ms) * 1e3 / runs,
        .runner_cpu_us = process_cpu_ms(runner_pid(bench->runner)) * 1e3 / runs,
    };
    stop_plugin(bench);
    return sweep;
}

static void print(const struct bench *bench, const char *name, double value)
{
    char key[96];
    snprintf(key, sizeof key, "%s%s", bench->prefix, name);
    figure_print(key, value);
}

static void measure_sweeps(struct bench *bench)
{
    struct series same = {.count = 0}, core = {.count = 0}, runner = {.count = 0};
    size_t commits = bench->core.commits;
    struct sweep first = sweep(bench);
    print(bench, "reconciles_write", first.rate);
    print(bench, "reconciles_write_core_us", first.core_cpu_us);
    print(bench, "reconciles_write_runner_us", first.runner_cpu_us);
    print(bench, "reconciles_rows_a_commit", first.runs / (double)(bench->core.commits - commits));
    for (int i = 0; i < SWEEPS; i++) {
        struct sweep again = sweep(bench);
        series_add(&same, again.rate);
        series_add(&core, again.core_cpu_us);
        series_add(&runner, again.runner_cpu_us);
    }
    print(bench, "reconciles_same", series_at(&same, 0.5));
    print(bench, "reconciles_same_core_us", series_at(&core, 0.5));
    print(bench, "reconciles_same_runner_us", series_at(&runner, 0.5));
}

static void measure_deaths(struct bench *bench)
{
    struct series times = {.count = 0};
    start_plugin(bench);
    settle(bench);
    for (int i = 0; i < DEATHS; i++) {
        create(bench, OBJECTS + i, 1); /* a result: it is not a row of failures */
        settle(bench);
        double start = figure_clock_ms();
        bench->live_ms = 0;
        kill(runner_pid(bench->runner), SIGKILL);
        while (bench->live_ms <= 0) {
            bench->look.fire = on_look;
            settle(bench);
        }
        series_add(&times, bench->live_ms - start);
    }
    print(bench, "crash_ms", series_at(&times, 0.5));
    print(bench, "crash_worst_ms", series_at(&times, 1));
    stop_plugin(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = {.settled_ms = 0};
    char build[PATH_MAX], data[PATH_MAX + 32];
    if ((argc != 4 && argc != 5) || realpath(argv[1], build) == NULL ||
        realpath(argv[3], bench.file) == NULL) {
        fprintf(stderr, "usage: bench.loop BUILD FOLDER CONTROLLER [PREFIX]\n");
        return 2;
    }
    snprintf(bench.program, sizeof bench.program, "%s/tend-runner", build);
    bench.prefix = argc == 5 ? argv[4] : "";
    bench.labs = strstr(bench.file, "/labinstance.") != NULL;
    snprintf(data, sizeof data, "%s/loop", argv[2]);
    core_open(&bench.core, data);
    snprintf(bench.copies, sizeof bench.copies, "%s/plugins", data);
    figure_must(mkdir(bench.copies, 0700) == 0, "the folder of copies");
    bench.watch = watch_new(bench.core.world, bench.core.store);
    struct loop_options options = {.metrics = bench.core.metrics};
    bench.loop =
        loop_new(bench.core.world, bench.core.store, bench.watch, bench.core.gate, &options);
    start_plugin(&bench); /* for its kind */
    settle(&bench);
    stop_plugin(&bench);
    create(&bench, 0, OBJECTS);
    measure_sweeps(&bench);
    measure_deaths(&bench);
    loop_free(bench.loop);
    watch_free(bench.watch);
    core_close(&bench.core);
    return 0;
}
