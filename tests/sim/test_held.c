/* A plugin with threads of its own in virtual time: the world waits for them, and the order of things is the
 * same each time. */
#include "base/limits.h"
#include "document/json.h"
#include "sim/inline_worker.h"
#include "sim/virtual_world.h"
#include "support/suite.h"

enum { CALLS = 20 };

struct bench {
    struct virtual_world v;
    struct log log;
    struct inline_worker *worker;
    struct worker_listener listener;
    struct reconcile_call calls[CALLS];
    struct doc *object;
    struct buffer trace;
};

static void up(struct worker_listener *listener, struct worker *worker,
               const struct value *descriptor)
{
    (void)listener, (void)worker, (void)descriptor;
}

static void done(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call)
{
    struct bench *bench = CONTAINER_OF(listener, struct bench, listener);
    (void)worker;
    buffer_format(&bench->trace, "%d@%d ", (int)(call - bench->calls), (int)bench->v.now_ms);
    CHECK_INT(value_int_or(value_field(value_field(call->result, "status"), "best"), 0), 871);
}

static const struct worker_listener_ops listener_ops = {.up = up, .done = done};

static void begin(struct bench *bench)
{
    struct error err = ERROR_INIT;
    *bench = (struct bench){.log = {.level = LOG_ERROR, .fd = -1},
                            .listener.ops = &listener_ops,
                            .object = doc_from_bytes(TEXT("{\"spec\":{\"below\":1000}}")),
                            .trace = BUFFER_INIT(MIB)};
    virtual_world_init(&bench->v, 1);
    bench->v.world.log = &bench->log;
    static const struct plugin_settings settings = {0};
    struct worker_order order = {
        .file = TEND_BUILD "/tests/plugins/pool.so", .name = "pool", .settings = &settings};
    CHECK(inline_worker_open(&bench->v.world, &order, &bench->worker, &err) == TEND_OK);
    inline_worker_worker(bench->worker)->listener = &bench->listener;
    inline_worker_start(bench->worker);
    virtual_world_run(&bench->v);
}

static void end(struct bench *bench)
{
    inline_worker_close(bench->worker);
    virtual_world_done(&bench->v);
    for (int i = 0; i < CALLS; i++) {
        arena_done(&bench->calls[i].arena);
    }
    doc_unref(bench->object);
    buffer_done(&bench->trace);
}

static void waits_for_threads(void)
{
    CLEANUP(end) struct bench bench;
    begin(&bench);
    for (int i = 0; i < CALLS; i++) {
        bench.calls[i] = (struct reconcile_call){.controller = "pool", .object = bench.object};
        worker_start(inline_worker_worker(bench.worker), &bench.calls[i]);
    }
    virtual_world_advance(&bench.v, 60000);
    CHECK_TEXT(buffer_view(&bench.trace).ptr,
               "0@0 1@0 2@0 3@0 4@0 5@0 6@0 7@0 8@0 9@0 10@0 11@0 12@0 13@0 14@0 15@0 16@0 17@0 "
               "18@0 19@0 ");
}

SUITE({"waits for threads", waits_for_threads})
