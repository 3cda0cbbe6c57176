/* Reconciles through a C runner, without the loop: how long one takes there and back, and how many a second
 * there are with 1, 8 and 64 in flight, of three sorts: one that does nothing, one that waits for a
 * millisecond in a question, and one whose thread is blocked for as long.
 *
 *     bench.flight TEND_RUNNER STAMPED     the programs' paths; plugins/stamped.c
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "bench/figure.h"
#include "host/world_uv.h"
#include "runner/runner.h"

enum { IN_FLIGHT_MAX = 64, TRIPS = SERIES_MAX, SORT_MS = 700, ANSWER_MS = 1 };

struct slot {
    struct reconcile_call call;
    struct alarm answer; /* to what it asked */
    uint32_t ask;
    struct bench *bench;
};

struct bench {
    struct world_uv *uv;
    struct world *world;
    struct runner *runner;
    struct worker_listener listener;
    struct slot slots[IN_FLIGHT_MAX];
    double until_ms; /* no call is started after it */
    unsigned out, done;
    struct task closed;
};

static struct bench *of(struct worker_listener *listener)
{
    return CONTAINER_OF(listener, struct bench, listener);
}

static void up(struct worker_listener *listener, struct worker *worker,
               const struct value *descriptor)
{
    (void)worker, (void)descriptor;
    world_uv_stop(of(listener)->uv);
}

static void down(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)listener, (void)worker;
    figure_must(false, reason);
}

static void answer(struct alarm *alarm)
{
    struct slot *slot = CONTAINER_OF(alarm, struct slot, answer);
    struct worker_answer given = {TEND_OK, TEXT("{}"), NULL};
    worker_answer(runner_worker(slot->bench->runner), &slot->call, slot->ask, &given);
}

static void asked(struct worker_listener *listener, struct worker *worker,
                  struct reconcile_call *call, uint32_t ask, const struct value *question,
                  const struct value *so_far)
{
    struct bench *bench = of(listener);
    struct slot *slot = CONTAINER_OF(call, struct slot, call);
    (void)worker, (void)question, (void)so_far;
    slot->ask = ask;
    slot->answer.fire = answer;
    world_alarm_set(bench->world, &slot->answer, world_ticks_ms(bench->world) + ANSWER_MS);
}

static void overdue(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call)
{
    (void)listener, (void)worker, (void)call;
}

static void done(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call)
{
    struct bench *bench = of(listener);
    arena_done(&call->arena);
    bench->done++;
    if (figure_clock_ms() < bench->until_ms) {
        worker_start(worker, call);
    } else if (--bench->out == 0) {
        world_uv_stop(bench->uv);
    }
}

static void lost(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call, enum worker_blame blame, const char *reason)
{
    (void)listener, (void)worker, (void)call, (void)blame;
    figure_must(false, reason);
}

static const struct worker_listener_ops ops = {up, down, down, asked, overdue, done, lost};

/* Keep `in_flight` calls over `object` out for `ms`; returns how many a second were done. */
static double keep_out(struct bench *bench, struct doc *object, unsigned in_flight, double ms)
{
    double began = figure_clock_ms();
    bench->until_ms = began + ms;
    bench->out = in_flight;
    bench->done = 0;
    for (unsigned i = 0; i < in_flight; i++) {
        bench->slots[i].call =
            (struct reconcile_call){.controller = "stamped", .object = object, .limit_ms = 30000};
        bench->slots[i].bench = bench;
        worker_start(runner_worker(bench->runner), &bench->slots[i].call);
    }
    world_uv_run(bench->uv);
    return bench->done * 1e3 / (figure_clock_ms() - began);
}

static struct doc *make_object(const char *what)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(KIB);
    buffer_format(&text,
                  "{\"apiVersion\":\"bench.tend.dev/v1\",\"kind\":\"Stamp\",\"metadata\":{\"name\":"
                  "\"a\"},\"spec\":{\"do\":\"%s\"}}",
                  what);
    return doc_from_bytes(buffer_view(&text));
}

static void measure_trips(struct bench *bench)
{
    struct doc *object = make_object("nothing");
    struct series times = {.count = 0};
    keep_out(bench, object, 1, SORT_MS / 2.0);
    for (int i = 0; i < TRIPS; i++) {
        double began = figure_clock_ms();
        keep_out(bench, object, 1, 0);
        series_add(&times, (figure_clock_ms() - began) * 1e3);
    }
    figure_print("trip_us", series_at(&times, 0.5));
    figure_print("trip_p99_us", series_at(&times, 0.99));
    doc_unref(object);
}

static void measure_sort(struct bench *bench, const char *what)
{
    static const unsigned counts[] = {1, 8, IN_FLIGHT_MAX};
    struct doc *object = make_object(what);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        char key[40];
        snprintf(key, sizeof key, "flight_%s_%u", what, counts[i]);
        figure_print(key, keep_out(bench, object, counts[i], SORT_MS));
    }
    doc_unref(object);
}

static void on_closed(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct bench, closed)->uv);
}

int main(int argc, char **argv)
{
    struct bench bench = {.listener.ops = &ops, .closed.run = on_closed};
    struct error err = ERROR_INIT;
    char program[PATH_MAX], file[PATH_MAX];
    if (argc != 3 || realpath(argv[1], program) == NULL || realpath(argv[2], file) == NULL ||
        world_uv_new(NULL, &bench.uv, &err) != TEND_OK) {
        fprintf(stderr, "usage: bench.flight TEND_RUNNER STAMPED\n");
        return 2;
    }
    bench.world = world_uv_world(bench.uv);
    bench.runner = runner_new(&(struct runner_options){
        .world = bench.world, .program = program, .file = file, .name = "bench"});
    runner_worker(bench.runner)->listener = &bench.listener;
    runner_start(bench.runner);
    world_uv_run(bench.uv);
    measure_trips(&bench);
    measure_sort(&bench, "nothing");
    measure_sort(&bench, "wait");
    measure_sort(&bench, "block");
    runner_close(bench.runner, &bench.closed);
    world_uv_run(bench.uv);
    world_uv_free(bench.uv);
    return 0;
}
