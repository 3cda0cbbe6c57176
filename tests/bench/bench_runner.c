/* How many reconciles a second go through a C runner that changes nothing: real processes, frames
 * pipelined, an object of 1 KiB. Also one at a time, and from death to being served again.
 * And the same through a plugin that is inline, in a thread of this process.
 *
 *     cmake --build --preset release --target bench.runner tend-runner minimal
 *     build/release/bench/bench.runner
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "bench/figure.h"
#include "host/tenant.h"
#include "host/world_uv.h"
#include "runner/runner.h"

enum { DEATHS = 50 };

struct bench {
    struct world_uv *uv;
    struct world *world;
    struct tenants tenants;
    const char *figure; /* what its figures begin with */
    struct runner *runner;
    struct worker *worker;
    struct worker_listener listener;
    struct reconcile_call calls[WORKER_CALLS_MAX];
    unsigned left;    /* results to wait for */
    unsigned started; /* of `total` */
    unsigned total;
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
    (void)listener, (void)worker, (void)reason;
}

static void refused(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)listener, (void)worker;
    fprintf(stderr, "refused: %s\n", reason);
    exit(1);
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

static void start_next(struct bench *bench, struct reconcile_call *call)
{
    if (bench->started < bench->total) {
        bench->started++;
        worker_start(bench->worker, call);
    }
}

static void done(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call)
{
    struct bench *bench = of(listener);
    (void)worker;
    arena_done(&call->arena);
    start_next(bench, call);
    if (--bench->left == 0) {
        world_uv_stop(bench->uv);
    }
}

static void lost(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call, enum worker_blame blame, const char *reason)
{
    (void)listener, (void)worker, (void)call, (void)blame;
    fprintf(stderr, "lost: %s\n", reason);
    exit(1);
}

static const struct worker_listener_ops ops = {up, down, refused, asked, overdue, done, lost};

/* An object that reconciles to what it is; `bytes` of it, about. */
static struct doc *make_object(size_t bytes)
{
    struct buffer text = BUFFER_INIT(MIB);
    buffer_chars(&text, "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Greeting\",\"metadata\":{"
                        "\"name\":\"a\"},\"spec\":{\"name\":\"you\"");
    for (int i = 0; text.len + 40 < bytes; i++) {
        buffer_format(&text, ",\"z%03d\":{\"a\":%d,\"b\":\"some text\"}", i, i);
    }
    buffer_chars(&text, "},\"status\":{\"text\":\"Hello, you!\"}}");
    struct doc *doc = doc_from_bytes(buffer_view(&text));
    buffer_done(&text);
    return doc;
}

static double seconds(struct bench *bench, int64_t since_ns)
{
    return (double)(world_ticks_ns(bench->world) - since_ns) / 1e9;
}

static void measure(struct bench *bench, unsigned pipelined, unsigned total)
{
    int64_t began = world_ticks_ns(bench->world);
    bench->total = bench->left = total;
    bench->started = 0;
    for (unsigned i = 0; i < pipelined; i++) {
        start_next(bench, &bench->calls[i]);
    }
    world_uv_run(bench->uv);
    char key[32];
    snprintf(key, sizeof key, "%s_%u", bench->figure, pipelined);
    figure_print(key, total / seconds(bench, began));
}

static void measure_deaths(struct bench *bench)
{
    double worst = 0, sum = 0;
    for (int i = 0; i < DEATHS; i++) {
        int64_t began = world_ticks_ns(bench->world);
        kill(runner_pid(bench->runner), SIGKILL);
        world_uv_run(bench->uv); /* until `up` */
        double took = seconds(bench, began) * 1000;
        worst = took > worst ? took : worst;
        sum += took;
        bench->total = bench->left = 1; /* a result: it is not a row of failures */
        bench->started = 0;
        start_next(bench, &bench->calls[0]);
        world_uv_run(bench->uv);
    }
    figure_print("frames_death_ms", sum / DEATHS);
    figure_print("frames_death_worst_ms", worst);
}

static void closed(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct bench, closed)->uv);
}

static void begin(struct bench *bench, const char *figure, const struct runner_options *options)
{
    bench->figure = figure;
    bench->runner = runner_new(options);
    bench->worker = runner_worker(bench->runner);
    bench->worker->listener = &bench->listener;
    runner_start(bench->runner);
    world_uv_run(bench->uv);
}

static void end(struct bench *bench)
{
    runner_close(bench->runner, &bench->closed);
    world_uv_run(bench->uv);
}

int main(int argc, char **argv)
{
    struct bench bench = {.listener.ops = &ops, .closed.run = closed};
    struct error err = ERROR_INIT;
    char build[PATH_MAX], program[PATH_MAX + 32], file[PATH_MAX + 32];
    if (realpath(argc > 1 ? argv[1] : "build/release", build) == NULL ||
        world_uv_new(NULL, &bench.uv, &err) != TEND_OK) {
        fprintf(stderr, "usage: bench.runner [BUILD]\n");
        return 2;
    }
    snprintf(program, sizeof program, "%s/tend-runner", build);
    snprintf(file, sizeof file, "%s/plugins/minimal.so", build);
    bench.world = world_uv_world(bench.uv);
    tenants_init(&bench.tenants, bench.world, NULL);
    struct doc *object = make_object(KIB);
    for (unsigned i = 0; i < WORKER_CALLS_MAX; i++) {
        bench.calls[i] = (struct reconcile_call){.controller = "greeting", .object = object};
    }
    struct runner_options options = {
        .world = bench.world, .program = program, .file = file, .name = "bench"};
    begin(&bench, "frames", &options);
    measure(&bench, WORKER_CALLS_MAX, 200000);
    measure(&bench, 8, 100000);
    measure(&bench, 1, 30000);
    measure_deaths(&bench);
    end(&bench);
    options.means = tenant_new(&bench.tenants, "bench");
    begin(&bench, "frames_inline", &options);
    measure(&bench, WORKER_CALLS_MAX, 200000);
    measure(&bench, 8, 100000);
    measure(&bench, 1, 30000);
    end(&bench);
    tenants_done(&bench.tenants);
    doc_unref(object);
    world_uv_free(bench.uv);
    return 0;
}
