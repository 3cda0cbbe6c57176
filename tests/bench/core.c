/* A client that is always ready: each answer starts the next request, so that as many are in flight as
 * were asked for. */
#include "bench/core.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "bench/figure.h"
#include "store/backends/sqlite.h"

enum { PADDING = 720 };

static void must(enum tend_code code, const struct error *err)
{
    figure_must(code == TEND_OK, err->message);
}

static void fatal(void *owner, const struct error *err)
{
    (void)owner;
    must(TEND_IO, err);
}

static void advanced(struct store_listener *listener, int64_t revision)
{
    (void)revision;
    CONTAINER_OF(listener, struct core, listener)->commits++;
}

/* --- requests ---------------------------------------------------------------------------------- */

static void config_map(int index, char filler, struct arena *arena,
                       struct admission_request *request)
{
    char padding[PADDING];
    memset(padding, filler, PADDING);
    const struct value *body =
        value_with(arena, NULL, TEXT("apiVersion"), value_chars(arena, "v1"));
    body = value_with(arena, body, TEXT("kind"), value_chars(arena, "ConfigMap"));
    const struct value *meta = value_with(
        arena, NULL, TEXT("name"), value_text(arena, arena_format(arena, "object-%06d", index)));
    body = value_with(arena, body, TEXT("metadata"), meta);
    const struct value *data = value_with(arena, NULL, TEXT("padding"),
                                          value_text(arena, (struct text){padding, PADDING}));
    request->body = value_with(arena, body, TEXT("data"), data);
}

void core_create(const struct core_job *job, int index, struct arena *arena,
                 struct admission_request *request)
{
    (void)job;
    request->verb = ADMIT_CREATE;
    config_map(index, 'x', arena, request);
}

void core_update(const struct core_job *job, int index, struct arena *arena,
                 struct admission_request *request)
{
    (void)job;
    request->verb = ADMIT_PATCH;
    request->resource = TEXT("configmaps");
    request->namespace = TEXT("default");
    request->name = arena_format(arena, "object-%06d", index % job->count);
    config_map(index % job->count, (char)('a' + index / job->count % 26), arena, request);
}

/* --- writes in flight -------------------------------------------------------------------------- */

static bool has_more(const struct core *core)
{
    const struct core_job *job = core->job;
    return core->until_ms > 0 ? figure_clock_ms() < core->until_ms : core->started < job->count;
}

static void start_next(struct core *core, struct core_request *request)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct admission_request asked = {0};
    core->job->make(core->job, core->job->first + core->started++, &arena, &asked);
    admission_submit(core->gate, &(struct admission_set){.requests = &asked, .count = 1},
                     &request->call);
}

static void answered(struct admission_call *call, const struct admission_result *result)
{
    struct core_request *request = CONTAINER_OF(call, struct core_request, call);
    struct core *core = request->core;
    figure_must(result->code == TEND_OK, result->message);
    core->done++;
    if (has_more(core)) {
        start_next(core, request);
    } else if (core->done == core->started) {
        world_uv_stop(core->uv);
    }
}

int core_write(struct core *core, const struct core_job *job)
{
    core->job = job;
    core->started = core->done = 0;
    core->until_ms = job->ms > 0 ? figure_clock_ms() + job->ms : 0;
    for (int i = 0; i < job->in_flight && has_more(core); i++) {
        core->requests[i] = (struct core_request){.call.answered = answered, .core = core};
        start_next(core, &core->requests[i]);
    }
    world_uv_run(core->uv);
    return core->done;
}

/* --- life -------------------------------------------------------------------------------------- */

void core_open(struct core *core, const char *directory)
{
    struct error err = ERROR_INIT;
    struct backend *backend;
    *core = (struct core){.listener.advanced = advanced, .metrics = metrics_new()};
    must(world_uv_new(NULL, &core->uv, &err), &err);
    core->world = world_uv_world(core->uv);
    must(sqlite_backend_open(&(struct sqlite_options){.directory = directory}, &backend, &err),
         &err);
    must(store_open(core->world, backend,
                    &(struct store_options){.fatal = fatal, .metrics = core->metrics}, &core->store,
                    &err),
         &err);
    must(admission_open(core->world, core->store, &core->gate, &err), &err);
    store_listen(core->store, &core->listener);
}

static void stop(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct core, finished)->uv);
}

void core_close(struct core *core)
{
    core->finished.run = stop;
    store_finish(core->store, &core->finished);
    world_uv_run(core->uv);
    store_unlisten(&core->listener);
    admission_close(core->gate);
    store_close(core->store);
    metrics_free(core->metrics);
    world_uv_free(core->uv);
}
