#include "hostile/runner_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "document/json.h"
#include "support/suite.h"

enum place place;

static struct bench *of(struct worker_listener *listener)
{
    return CONTAINER_OF(listener, struct bench, listener);
}

static void note(struct bench *bench, const char *format, ...) PRINTF_LIKE(2, 3);
static void note(struct bench *bench, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_formatv(&bench->trace, format, args);
    va_end(args);
    if (bench->until != NULL && strstr(buffer_view(&bench->trace).ptr, bench->until) != NULL) {
        world_uv_stop(bench->uv);
    }
}

static void up(struct worker_listener *listener, struct worker *worker,
               const struct value *descriptor)
{
    (void)worker;
    of(listener)->descriptor = value_copy(&of(listener)->arena, descriptor);
    note(of(listener), "up ");
}

static void keep_reason(struct bench *bench, const char *reason)
{
    buffer_clear(&bench->reason);
    buffer_chars(&bench->reason, reason);
}

static void down(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    CHECK(!worker->is_up && worker->calls == 0);
    keep_reason(of(listener), reason);
    note(of(listener), "down ");
}

static void refused(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)worker;
    keep_reason(of(listener), reason);
    note(of(listener), "refused ");
}

static void asked(struct worker_listener *listener, struct worker *worker,
                  struct reconcile_call *call, uint32_t ask, const struct value *question,
                  const struct value *so_far)
{
    CHECK(so_far == NULL);
    CHECK(value_field(question, "fetch") != NULL);
    if (of(listener)->cancel_who_asks) {
        worker_cancel(worker, call);
        return;
    }
    const struct value *name = value_field(value_field(question, "fetch"), "name");
    struct worker_answer answer = {TEND_OK, TEXT("{\"data\":{\"a\":\"x\"}}"), NULL};
    if (text_is(value_text_or(name, TEXT("")), "never")) {
        return;
    }
    if (text_is(value_text_or(name, TEXT("")), "later")) {
        of(listener)->waiting = call;
        note(of(listener), "waits%d ", (int)(call - of(listener)->calls));
        return;
    }
    worker_answer(worker, call, ask, &answer);
    if (text_is(value_text_or(name, TEXT("")), "told")) {
        note(of(listener), "told%d ", (int)(call - of(listener)->calls));
    }
}

static void overdue(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call)
{
    (void)worker;
    note(of(listener), "overdue%d ", (int)(call - of(listener)->calls));
}

static void done(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call)
{
    (void)worker;
    struct bench *bench = of(listener);
    bench->done++;
    if (bench->stop_at != 0) {
        CHECK_INT(value_int_or(value_field(value_field(call->result, "status"), "n"), 0),
                  call - bench->calls + 1);
        if (bench->done == bench->stop_at) {
            world_uv_stop(bench->uv);
        }
        return;
    }
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    json_write(&text, call->result);
    note(bench, "done:%s ", buffer_view(&text).ptr);
}

static void lost(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call, enum worker_blame blame, const char *reason)
{
    (void)worker;
    keep_reason(of(listener), reason);
    note(of(listener), "lost%d:%s ", (int)(call - of(listener)->calls),
         blame == BLAME_CALL ? "blamed" : "free");
}

static const struct worker_listener_ops listener_ops = {up,      down, refused, asked,
                                                        overdue, done, lost};

static void log_sink(void *to, const char *line)
{
    buffer_chars(to, line);
    buffer_byte(to, '\n');
}

static void give_up(struct alarm *alarm)
{
    struct bench *bench = CONTAINER_OF(alarm, struct bench, give_up);
    CHECK(!"nothing came for a minute");
    world_uv_stop(bench->uv);
}

static struct runner_means *means_of(struct bench *bench)
{
    return place == IN_A_THREAD ? tenant_new(&bench->tenants, "test") : NULL;
}

bool begin(struct bench *bench, const char *file)
{
    struct error err = ERROR_INIT;
    *bench = (struct bench){.log = {.level = LOG_DEBUG, .fd = -1, .sink = log_sink},
                            .lines = BUFFER_INIT(MIB),
                            .trace = BUFFER_INIT(MIB),
                            .reason = BUFFER_INIT(MIB),
                            .controller = "naughty",
                            .listener.ops = &listener_ops,
                            .give_up.fire = give_up};
    bench->log.to = &bench->lines;
    if (!CHECK(world_uv_new(&bench->log, &bench->uv, &err) == TEND_OK)) {
        return false;
    }
    struct world *world = world_uv_world(bench->uv);
    tenants_init(&bench->tenants, world, NULL);
    bench->runner = runner_new(&(struct runner_options){.world = world,
                                                        .means = means_of(bench),
                                                        .program = TEND_BUILD "/tend-runner",
                                                        .file = file,
                                                        .name = "test",
                                                        .grace_ms = 50});
    bench->worker = runner_worker(bench->runner);
    bench->worker->listener = &bench->listener;
    world_alarm_set(world, &bench->give_up, world_ticks_ms(world) + 60000);
    runner_start(bench->runner);
    return true;
}

void run_until(struct bench *bench, const char *until)
{
    bench->until = until;
    if (strstr(buffer_view(&bench->trace).ptr, until) == NULL) {
        world_uv_run(bench->uv);
    }
    bench->until = NULL;
}

void start_call(struct bench *bench, int number, const char *what)
{
    struct reconcile_call *call = &bench->calls[number];
    bool is_short = strcmp(what, "spin") == 0 || strcmp(what, "never") == 0 ||
                    strcmp(what, "cancelled") == 0 || strcmp(what, "block") == 0;
    CLEANUP(buffer_done) struct buffer object = BUFFER_INIT(KIB);
    buffer_format(
        &object,
        "{\"kind\":\"Naughty\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"do\":\"%s\",\"n\":%d}}",
        what, number + 1);
    *call = (struct reconcile_call){.controller = bench->controller,
                                    .object = doc_from_bytes(buffer_view(&object)),
                                    .now_ms = 1000,
                                    .limit_ms = is_short ? 50 : 30000};
    worker_start(bench->worker, call);
}

void closed(struct task *task)
{
    struct bench *bench = CONTAINER_OF(task, struct bench, closed);
    bench->runner = NULL;
    world_uv_stop(bench->uv);
}

static void look_again(struct alarm *alarm)
{
    world_uv_stop(CONTAINER_OF(alarm, struct bench, look)->uv);
}

/* What a case had blocked, it has let go. */
void await_threads(struct bench *bench)
{
    struct world *world = world_uv_world(bench->uv);
    bench->look.fire = look_again;
    while (world_uv_threads(bench->uv) > 0) {
        world_alarm_set(world, &bench->look, world_ticks_ms(world) + 10);
        world_uv_run(bench->uv);
    }
}

void close_runner(struct bench *bench)
{
    if (bench->runner != NULL) {
        bench->closed.run = closed;
        runner_close(bench->runner, &bench->closed);
        world_uv_run(bench->uv);
    }
}

void finish(struct bench *bench)
{
    close_runner(bench);
    world_alarm_clear(world_uv_world(bench->uv), &bench->give_up);
    CHECK(bench->runner == NULL);
    await_threads(bench);
    world_uv_free(bench->uv);
    tenants_done(&bench->tenants);
    for (int i = 0; i < CALLS; i++) {
        doc_unref(bench->calls[i].object);
        arena_done(&bench->calls[i].arena);
    }
    arena_done(&bench->arena);
    buffer_done(&bench->lines);
    buffer_done(&bench->trace);
    buffer_done(&bench->reason);
}
