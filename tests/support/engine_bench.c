#include "support/engine_bench.h"

#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "engine/metering.h"
#include "engine/native.h"

static struct engine_bench *of(struct engine_host *host)
{
    return CONTAINER_OF(host, struct engine_bench, host);
}

static void give_answer(struct engine_bench *bench, uint64_t call, uint32_t ask)
{
    engine_answer(bench->engine, &(struct engine_answer){.call = call,
                                                         .ask = ask,
                                                         .bytes = text_of(bench->answer),
                                                         .problem = text_of(bench->problem)});
}

static void asked(struct engine_host *host, uint64_t call, uint32_t ask,
                  const struct value *question, const struct value *so_far)
{
    struct engine_bench *bench = of(host);
    if (bench->kind != NULL && value_field(question, "kind") != NULL) {
        engine_answer(bench->engine, &(struct engine_answer){
                                         .call = call, .ask = ask, .bytes = text_of(bench->kind)});
        return;
    }
    json_write(&bench->questions, question);
    if (so_far != NULL) {
        buffer_chars(&bench->questions, " after ");
        json_write(&bench->questions, so_far);
    }
    buffer_byte(&bench->questions, '\n');
    if (bench->answers == BENCH_AT_ONCE) {
        give_answer(bench, call, ask);
        return;
    }
    bench->call = call;
    bench->ask = bench->open == 0 ? ask : bench->ask;
    bench->open++;
}

static bool wait_for_answer(struct engine_host *host, uint64_t call)
{
    struct engine_bench *bench = of(host);
    (void)call;
    if (bench->answers == BENCH_NEVER || bench->open == 0) {
        return false;
    }
    bench->open--;
    give_answer(bench, bench->call, bench->ask++);
    return true;
}

static int64_t enter(struct engine_host *host, unsigned lane, uint64_t call, int64_t slice_ms)
{
    (void)lane, (void)call, (void)slice_ms;
    of(host)->slices++;
    return RECONCILE_LIMIT_MS; /* that much is left */
}

static void leave(struct engine_host *host, unsigned lane)
{
    (void)host, (void)lane;
}

static void finished(struct engine_host *host, uint64_t call, struct text result)
{
    (void)call;
    buffer_clear(&of(host)->result);
    buffer_text(&of(host)->result, result);
    of(host)->finished++;
}

static void log_line(struct engine_host *host, enum log_level level, struct text text)
{
    buffer_format(&of(host)->log, "%d %.*s\n", (int)level, TEXT_ARG(text));
}

static void held(struct engine_host *host, uint64_t call)
{
    (void)call;
    of(host)->held++;
}

static void wake(struct engine_host *host)
{
    sem_post(&of(host)->woken);
}

static int64_t ticks_ms(struct engine_host *host)
{
    (void)host;
    return 0;
}

static uint64_t random_bits(struct engine_host *host)
{
    return of(host)->random++;
}

static void die(struct engine_host *host, const char *why)
{
    (void)host;
    fprintf(stderr, "%s\n", why);
    _exit(1);
}

static void recycle(struct engine_host *host, const char *why)
{
    buffer_format(&of(host)->log, "recycle: %s\n", why);
}

static const struct engine_host_ops ops = {
    .asked = asked,
    .wait = wait_for_answer,
    .enter = enter,
    .leave = leave,
    .finished = finished,
    .log = log_line,
    .held = held,
    .wake = wake,
    .ticks_ms = ticks_ms,
    .random = random_bits,
    .die = die,
    .recycle = recycle,
};

static void init(struct engine_bench *bench)
{
    *bench = (struct engine_bench){.host = {&ops, metering_new()},
                                   .result = BUFFER_INIT(RESULT_BYTES_MAX),
                                   .log = BUFFER_INIT(MIB),
                                   .questions = BUFFER_INIT(MIB),
                                   .answer = "null"};
    sem_init(&bench->woken, 0, 0);
}

bool engine_bench_open(struct engine_bench *bench, const char *path)
{
    return engine_bench_open_as(bench, path, path);
}

bool engine_bench_open_without_metrics(struct engine_bench *bench, const char *path)
{
    struct error err = ERROR_INIT;
    init(bench);
    metering_free(bench->host.metering);
    bench->host.metering = NULL;
    return native_open(path, path, NULL, &bench->host, &bench->engine, &err) == TEND_OK;
}

bool engine_bench_open_as(struct engine_bench *bench, const char *path, const char *name)
{
    return engine_bench_open_with(bench, path, name, "{}");
}

bool engine_bench_open_with(struct engine_bench *bench, const char *path, const char *name,
                            const char *config)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *value = NULL;
    struct error err = ERROR_INIT;
    init(bench);
    if (json_parse(&arena, text_of(config), &value, &err) != TEND_OK ||
        native_open(path, name, value, &bench->host, &bench->engine, &err) != TEND_OK) {
        fprintf(stderr, "%s: %s\n", path, err.message);
        return false;
    }
    return true;
}

void engine_bench_done(struct engine_bench *bench)
{
    engine_closep(&bench->engine);
    metering_free(bench->host.metering);
    sem_destroy(&bench->woken);
    buffer_done(&bench->result);
    buffer_done(&bench->log);
    buffer_done(&bench->questions);
}

const char *engine_bench_run(struct engine_bench *bench, const struct engine_call *call)
{
    bench->finished = bench->slices = 0;
    bench->open = 0;
    buffer_clear(&bench->questions);
    engine_start(bench->engine, call);
    while (bench->answers == BENCH_LATER && bench->open > 0) {
        (void)wait_for_answer(&bench->host, call->id);
    }
    return bench->finished == 1 ? buffer_view(&bench->result).ptr : "(not finished once)";
}

void engine_bench_settle(struct engine_bench *bench, unsigned finished)
{
    while (bench->finished < finished) {
        (void)sem_wait(&bench->woken);
        engine_settle(bench->engine);
    }
}

const char *engine_bench_refusal(struct engine_bench *bench, const char *path, struct error *err)
{
    return engine_bench_refusal_as(bench, path, path, err);
}

const char *engine_bench_refusal_as(struct engine_bench *bench, const char *path, const char *name,
                                    struct error *err)
{
    init(bench);
    *err = (struct error)ERROR_INIT;
    if (native_open(path, name, NULL, &bench->host, &bench->engine, err) == TEND_OK) {
        err->message[0] = '\0';
    }
    engine_bench_done(bench);
    return err->message;
}
