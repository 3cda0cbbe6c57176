/* Everything that happens to a call is a step of the world: its start, an answer that was not given from
 * inside `asked`, its end. So a slice never begins inside the call that caused it, and calls of one
 * worker run interleaved, as in a process. */
#include "sim/inline_worker.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"
#include "engine/metering.h"
#include "engine/native.h"
#include "protocol/descriptor.h"
#include "runner/counts.h"
#include "runner/patience.h"

/* An answer that waits for its step. */
struct reply {
    struct list link;
    uint64_t call;
    uint32_t ask;
    int64_t now_ms;
    char *bytes, *problem;
};

struct inline_worker {
    struct worker worker;
    struct engine_host host;
    struct world *world;
    struct engine *engine;
    struct list waiting, started, over; /* calls */
    struct list replies;
    struct task step, up;
    struct alarm patience;
    uint64_t in_slice; /* the call whose code runs; 0: none */
    int event;         /* readable: a held call was finished */
    uint64_t next_id;
    struct arena arena; /* the descriptor as the listener is told it */
    struct counts counts;
    struct metrics_source counted;
};

static struct inline_worker *of_worker(struct worker *worker)
{
    return CONTAINER_OF(worker, struct inline_worker, worker);
}

static struct inline_worker *of_host(struct engine_host *host)
{
    return CONTAINER_OF(host, struct inline_worker, host);
}

static struct reconcile_call *call_of(struct list *link)
{
    return CONTAINER_OF(link, struct reconcile_call, link);
}

/* Among those that were started. */
static struct reconcile_call *find(const struct inline_worker *self, uint64_t id)
{
    LIST_FOREACH (link, &self->started) {
        if (call_of(link)->id == id) {
            return call_of(link);
        }
    }
    return NULL;
}

/* --- the engine's host ------------------------------------------------------------------------- */

static void look_within(struct inline_worker *self, int64_t after_ms)
{
    int64_t due_ms = world_ticks_ms(self->world) + after_ms;
    if (!heap_holds(&self->patience.node) || self->patience.node.due > due_ms) {
        world_alarm_set(self->world, &self->patience, due_ms);
    }
}

/* As in a runner: where nothing is out there is no alarm. */
static void rest(struct inline_worker *self)
{
    if (list_empty(&self->started)) {
        world_alarm_clear(self->world, &self->patience);
    }
}

static void on_asked(struct engine_host *host, uint64_t id, uint32_t ask,
                     const struct value *question, const struct value *so_far)
{
    struct inline_worker *self = of_host(host);
    struct reconcile_call *call = find(self, id);
    assert(call != NULL);
    if (call->asked_ticks_ms == 0) {
        call->asked_ticks_ms = world_ticks_ms(self->world);
        look_within(self, flight_limit_ms(call));
    }
    self->worker.listener->ops->asked(self->worker.listener, &self->worker, call, ask, question,
                                      so_far);
}

static bool on_wait(struct engine_host *host, uint64_t call)
{
    (void)host, (void)call;
    return false;
}

static int64_t on_enter(struct engine_host *host, unsigned lane, uint64_t call, int64_t slice_ms)
{
    (void)lane, (void)slice_ms; /* a slice takes no virtual time */
    of_host(host)->in_slice = call;
    return world_ticks_ms(of_host(host)->world);
}

static void on_leave(struct engine_host *host, unsigned lane)
{
    (void)lane;
    of_host(host)->in_slice = 0;
}

static void on_finished(struct engine_host *host, uint64_t id, struct text result)
{
    struct inline_worker *self = of_host(host);
    struct reconcile_call *call = find(self, id);
    struct error err = ERROR_INIT;
    if (call == NULL) {
        return; /* it was cancelled */
    }
    if (json_parse(&call->arena, result, &call->result, &err) != TEND_OK) {
        assert(!"an engine's result is canonical JSON");
    }
    list_remove(&call->link);
    list_append(&self->over, &call->link);
    rest(self);
    world_soon(self->world, &self->step);
}

static void on_log(struct engine_host *host, enum log_level level, struct text text)
{
    struct inline_worker *self = of_host(host);
    log_write(self->world->log, level, LOG_FIELDS({"plugin", self->worker.name}), "%.*s",
              TEXT_ARG(text));
}

static void on_held(struct engine_host *host, uint64_t call)
{
    (void)host, (void)call; /* do_one waits for it */
}

static void on_wake(struct engine_host *host)
{
    static const uint64_t one = 1;
    (void)!write(of_host(host)->event, &one, sizeof one);
}

static int64_t on_ticks(struct engine_host *host)
{
    return world_ticks_ms(of_host(host)->world);
}

static uint64_t on_random(struct engine_host *host)
{
    return world_random(of_host(host)->world);
}

/* There is no process of its own to end. */
static void on_die(struct engine_host *host, const char *why)
{
    (void)host;
    (void)!write(STDERR_FILENO, why, strlen(why));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(1);
}

static void on_recycle(struct engine_host *host, const char *why)
{
    struct inline_worker *self = of_host(host);
    log_warn(self->world->log, LOG_FIELDS({"plugin", self->worker.name}), "%s", why);
}

static const struct engine_host_ops host_ops = {
    .asked = on_asked,
    .wait = on_wait,
    .enter = on_enter,
    .leave = on_leave,
    .finished = on_finished,
    .log = on_log,
    .held = on_held,
    .wake = on_wake,
    .ticks_ms = on_ticks,
    .random = on_random,
    .die = on_die,
    .recycle = on_recycle,
};

/* --- steps ------------------------------------------------------------------------------------- */

static void begin(struct inline_worker *self, struct reconcile_call *call)
{
    list_append(&self->started, &call->link);
    engine_start(self->engine,
                 &(struct engine_call){
                     .id = call->id,
                     .controller = text_of(call->controller),
                     .verb = call->verb == VERB_FINALIZE ? ENGINE_FINALIZE : ENGINE_RECONCILE,
                     .object = doc_text(call->object),
                     .now_ms = call->now_ms,
                     .entered_ms = call->entered_ms,
                     .slice_ms = flight_slice_ms(call),
                     .limit_ms = flight_limit_ms(call),
                     .kinds = call->kinds,
                 });
}

static void free_reply(struct reply *reply)
{
    free(reply->bytes);
    free(reply->problem);
    free(reply);
}

/* A test that never ends is worse than one that says why it does. */
static void wait_for_held(struct inline_worker *self)
{
    while (self->engine->held > 0) {
        struct pollfd event = {self->event, POLLIN, 0};
        uint64_t count;
        if (poll(&event, 1, HELD_WAIT_MS) == 0) {
            char why[200];
            snprintf(why, sizeof why,
                     "a call was left to a thread of the plugin, which did not call finish within "
                     "%d s; here nothing else goes on until it does",
                     HELD_WAIT_MS / 1000);
            on_die(&self->host, why);
        }
        (void)!read(self->event, &count, sizeof count);
        engine_settle(self->engine);
    }
}

/* Do one thing; false where there is nothing to do. */
static bool do_one(struct inline_worker *self)
{
    struct list *link;
    if ((link = list_pop(&self->over)) != NULL) {
        self->worker.calls--;
        self->worker.listener->ops->done(self->worker.listener, &self->worker, call_of(link));
    } else if ((link = list_pop(&self->replies)) != NULL) {
        struct reply *reply = CONTAINER_OF(link, struct reply, link);
        engine_answer(self->engine,
                      &(struct engine_answer){reply->call, reply->ask, reply->now_ms,
                                              text_of(reply->bytes), text_of(reply->problem)});
        free_reply(reply);
    } else if ((link = list_pop(&self->waiting)) != NULL) {
        begin(self, call_of(link));
    }
    wait_for_held(self);
    return link != NULL;
}

static void on_step(struct task *task)
{
    struct inline_worker *self = CONTAINER_OF(task, struct inline_worker, step);
    if (do_one(self)) {
        world_soon(self->world, &self->step);
    }
}

/* Calls whose time is over, as a runner sees it. */
static void on_patience(struct alarm *alarm)
{
    struct inline_worker *self = CONTAINER_OF(alarm, struct inline_worker, patience);
    int64_t now_ms = world_ticks_ms(self->world);
    LIST_FOREACH_SAFE (link, &self->started) {
        struct reconcile_call *call = call_of(link);
        if (patience_overdue(call, now_ms)) {
            call->is_over = true;
            self->worker.listener->ops->overdue(self->worker.listener, &self->worker, call);
            engine_cancel(self->engine, call->id, TEXT("the run took longer than its limit"));
            wait_for_held(self);
        } else if (call->asked_ticks_ms > 0 && !call->is_over) {
            look_within(self, call->asked_ticks_ms + flight_limit_ms(call) - now_ms);
        }
    }
}

/* --- what is counted --------------------------------------------------------------------------- */

static void take_reports(struct metrics_source *source)
{
    struct inline_worker *self = CONTAINER_OF(source, struct inline_worker, counted);
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *report;
    while ((report = metering_report(self->host.metering, &arena)) != NULL) {
        struct error err = ERROR_INIT, notice = ERROR_INIT;
        if (counts_take(&self->counts, report, &notice, &err) != TEND_OK ||
            notice.message[0] != '\0') {
            log_warn(self->world->log, LOG_FIELDS({"plugin", self->worker.name}), "%s%s",
                     err.message, notice.message);
        }
    }
}

void inline_worker_count(struct inline_worker *self, struct metrics *metrics, const char *plugin)
{
    counts_init(&self->counts, metrics, plugin);
    self->counted.collect = take_reports;
    metrics_attach(metrics, &self->counted);
}

/* --- the worker -------------------------------------------------------------------------------- */

static void start(struct worker *worker, struct reconcile_call *call)
{
    struct inline_worker *self = of_worker(worker);
    call->id = ++self->next_id;
    call->asked_ticks_ms = 0;
    call->is_over = false;
    worker->calls++;
    list_append(&self->waiting, &call->link);
    world_soon(self->world, &self->step);
}

static void answer(struct worker *worker, struct reconcile_call *call, uint32_t ask,
                   const struct worker_answer *given)
{
    struct inline_worker *self = of_worker(worker);
    struct text problem = given->code == TEND_OK ? TEXT("") : text_of(given->message);
    if (self->in_slice == call->id) {
        engine_answer(self->engine,
                      &(struct engine_answer){call->id, ask, world_wall_ms(self->world),
                                              given->bytes, problem});
        return;
    }
    struct reply *reply = alloc_new(sizeof *reply);
    reply->call = call->id;
    reply->ask = ask;
    reply->now_ms = world_wall_ms(self->world);
    reply->bytes = alloc_text(given->bytes.ptr, given->bytes.len);
    reply->problem = alloc_text(problem.ptr, problem.len);
    list_append(&self->replies, &reply->link);
    world_soon(self->world, &self->step);
}

/* Its result finds nobody. */
static void cancel(struct worker *worker, struct reconcile_call *call)
{
    struct inline_worker *self = of_worker(worker);
    bool started = find(self, call->id) == call;
    assert(self->in_slice == 0);
    list_remove(&call->link);
    self->worker.calls--;
    rest(self);
    if (started) {
        engine_cancel(self->engine, call->id, TEXT("nobody waits for this run any more"));
        wait_for_held(self);
    }
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

enum tend_code inline_worker_open(struct world *world, const struct worker_order *order,
                                  struct inline_worker **ret_worker, struct error *err)
{
    struct inline_worker *self = alloc_new(sizeof *self);
    self->world = world;
    self->host = (struct engine_host){&host_ops, metering_new(), 0};
    self->worker = (struct worker){.ops = &worker_ops, .name = INLINE_WORKER_NAME};
    self->step.run = on_step;
    self->up.run = on_up;
    self->patience.fire = on_patience;
    self->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    list_init(&self->waiting);
    list_init(&self->started);
    list_init(&self->over);
    list_init(&self->replies);
    enum tend_code code = native_open(order->file, order->name, order->settings->config,
                                      &self->host, &self->engine, err);
    if (code != TEND_OK) {
        metering_free(self->host.metering);
        close(self->event);
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

static void drop_replies(struct inline_worker *self)
{
    for (struct list *link; (link = list_pop(&self->replies)) != NULL;) {
        free_reply(CONTAINER_OF(link, struct reply, link));
    }
}

void inline_worker_crash(struct inline_worker *self, enum worker_blame blame)
{
    struct worker_listener *listener = self->worker.listener;
    struct list calls;
    list_init(&calls);
    list_splice(&calls, &self->over);
    list_splice(&calls, &self->started);
    rest(self);
    list_splice(&calls, &self->waiting);
    drop_replies(self);
    self->worker.is_up = false;
    self->worker.calls = 0;
    for (struct list *link = list_pop(&calls); link != NULL; link = list_pop(&calls)) {
        engine_cancel(self->engine, call_of(link)->id, TEXT("the worker was crashed"));
        wait_for_held(self);
        listener->ops->lost(listener, &self->worker, call_of(link), blame,
                            "the worker was crashed");
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
    world_alarm_clear(self->world, &self->patience);
    list_remove(&self->step.link);
    list_remove(&self->up.link);
    drop_replies(self);
    list_drop(&self->waiting);
    list_drop(&self->started);
    list_drop(&self->over);
    engine_close(self->engine);
    take_reports(&self->counted); /* what `stop` counted as well */
    counts_end(&self->counts);
    metrics_detach(&self->counted);
    metering_free(self->host.metering);
    close(self->event);
    arena_done(&self->arena);
    free(self);
}
