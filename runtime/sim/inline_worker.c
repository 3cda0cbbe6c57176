/* Calls wait in a list and are run one in a step, so that a run never begins inside the call that asked
 * for it. Questions are answered by the loop from inside `asked`; what it could only answer later has
 * nobody to wait for here, and is told so. */
#include "sim/inline_worker.h"

#include <assert.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"
#include "engine/native.h"
#include "runner/descriptor.h"

struct inline_worker {
    struct worker worker;
    struct engine_host host;
    struct world *world;
    struct engine *engine;
    struct list calls; /* waiting, oldest first */
    struct task step, up;
    struct reconcile_call *running;
    uint64_t next_id;
    struct arena arena; /* the descriptor as the listener is told it */
};

static struct inline_worker *of_worker(struct worker *worker)
{
    return CONTAINER_OF(worker, struct inline_worker, worker);
}

static struct inline_worker *of_host(struct engine_host *host)
{
    return CONTAINER_OF(host, struct inline_worker, host);
}

/* --- the engine's host ------------------------------------------------------------------------- */

static void on_asked(struct engine_host *host, uint64_t call, uint32_t ask,
                     const struct value *question)
{
    struct inline_worker *self = of_host(host);
    assert(self->running != NULL && self->running->id == call);
    (void)call;
    self->worker.listener->ops->asked(self->worker.listener, &self->worker, self->running, ask,
                                      question);
}

static bool on_wait(struct engine_host *host)
{
    (void)host;
    return false;
}

static void on_finished(struct engine_host *host, uint64_t call, struct text result)
{
    struct inline_worker *self = of_host(host);
    struct reconcile_call *running = self->running;
    struct error err = ERROR_INIT;
    (void)call;
    if (json_parse(&running->arena, result, &running->result, &err) != TEND_OK) {
        assert(!"an engine's result is canonical JSON");
    }
}

static void on_log(struct engine_host *host, enum log_level level, struct text text)
{
    struct inline_worker *self = of_host(host);
    log_write(self->world->log, level, LOG_FIELDS({"plugin", self->worker.name}), "%.*s",
              TEXT_ARG(text));
}

static int64_t on_time_left(struct engine_host *host)
{
    (void)host;
    return RECONCILE_LIMIT_MS; /* a run takes no virtual time */
}

static const struct engine_host_ops host_ops = {
    .asked = on_asked,
    .wait = on_wait,
    .finished = on_finished,
    .log = on_log,
    .time_left_ms = on_time_left,
};

/* --- the worker -------------------------------------------------------------------------------- */

static void on_step(struct task *task)
{
    struct inline_worker *self = CONTAINER_OF(task, struct inline_worker, step);
    struct list *link = list_pop(&self->calls);
    if (link == NULL) {
        return;
    }
    struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
    struct engine_call run = {
        .id = call->id,
        .controller = text_of(call->controller),
        .verb = call->verb == VERB_FINALIZE ? ENGINE_FINALIZE : ENGINE_RECONCILE,
        .object = doc_text(call->object),
        .now_ms = call->now_ms,
        .entered_ms = call->entered_ms,
    };
    self->running = call;
    engine_run(self->engine, &run);
    self->running = NULL;
    self->worker.calls--;
    if (!list_empty(&self->calls)) {
        world_soon(self->world, &self->step);
    }
    self->worker.listener->ops->done(self->worker.listener, &self->worker, call);
}

static void start(struct worker *worker, struct reconcile_call *call)
{
    struct inline_worker *self = of_worker(worker);
    call->id = ++self->next_id;
    worker->calls++;
    list_append(&self->calls, &call->link);
    world_soon(self->world, &self->step);
}

static void answer(struct worker *worker, struct reconcile_call *call, uint32_t ask,
                   const struct worker_answer *given)
{
    struct inline_worker *self = of_worker(worker);
    struct text problem = given->code == TEND_OK ? TEXT("") : text_of(given->message);
    engine_answer(self->engine, call->id, ask, given->bytes, problem);
}

static void cancel(struct worker *worker, struct reconcile_call *call)
{
    struct inline_worker *self = of_worker(worker);
    assert(self->running != call); /* a run is one step: nobody else acts meanwhile */
    list_remove(&call->link);
    self->worker.calls--;
}

static const struct worker_ops worker_ops = {.start = start, .answer = answer, .cancel = cancel};

/* --- life -------------------------------------------------------------------------------------- */

static void on_up(struct task *task)
{
    struct inline_worker *self = CONTAINER_OF(task, struct inline_worker, up);
    const struct value *descriptor;
    struct error err = ERROR_INIT;
    arena_done(&self->arena);
    if (descriptor_read(self->engine->descriptor, &self->arena, &descriptor, &err) != TEND_OK) {
        self->worker.listener->ops->refused(self->worker.listener, &self->worker, err.message);
        return;
    }
    self->worker.is_up = true;
    self->worker.listener->ops->up(self->worker.listener, &self->worker, descriptor);
}

enum tend_code inline_worker_open(struct world *world, const char *path,
                                  struct inline_worker **ret_worker, struct error *err)
{
    struct inline_worker *self = alloc_new(sizeof *self);
    self->world = world;
    self->host.ops = &host_ops;
    self->worker = (struct worker){.ops = &worker_ops, .name = "inline"};
    self->step.run = on_step;
    self->up.run = on_up;
    list_init(&self->calls);
    enum tend_code code = native_open(path, NULL, &self->host, &self->engine, err);
    if (code != TEND_OK) {
        free(self);
        return code;
    }
    *ret_worker = self;
    return TEND_OK;
}

struct worker *inline_worker_worker(struct inline_worker *self)
{
    return &self->worker;
}

void inline_worker_start(struct inline_worker *self)
{
    world_soon(self->world, &self->up);
}

void inline_worker_crash(struct inline_worker *self, enum worker_blame blame)
{
    struct worker_listener *listener = self->worker.listener;
    struct list calls;
    list_init(&calls);
    list_splice(&calls, &self->calls);
    self->worker.is_up = false;
    self->worker.calls = 0;
    for (struct list *link = list_pop(&calls); link != NULL; link = list_pop(&calls)) {
        struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
        listener->ops->lost(listener, &self->worker, call, blame, "the worker was crashed");
        blame = BLAME_NONE;
    }
    listener->ops->down(listener, &self->worker, "the worker was crashed");
    inline_worker_start(self);
}

void inline_worker_close(struct inline_worker *self)
{
    if (self == NULL) {
        return;
    }
    list_remove(&self->step.link);
    list_remove(&self->up.link);
    engine_close(self->engine);
    arena_done(&self->arena);
    free(self);
}
