/* An engine with nobody around it: a test opens a plugin, hands in objects as JSON text, and reads
 * results as JSON text.
 *
 *     struct engine_bench bench;
 *     if (!engine_bench_open(&bench, path)) { return; }       -- a failed CHECK says why
 *     CHECK_TEXT(engine_bench_run(&bench, &(struct engine_call){...}), "{\"outcome\":\"done\"}");
 *     engine_bench_done(&bench);
 */
#ifndef SUPPORT_ENGINE_BENCH_H
#define SUPPORT_ENGINE_BENCH_H

#include <semaphore.h>

#include "base/buffer.h"
#include "engine/engine.h"

/* When questions are answered. */
enum bench_answers {
    BENCH_AT_ONCE,
    BENCH_WHILE_WAITING, /* while the call blocks */
    BENCH_LATER,         /* when its slice is over */
    BENCH_NEVER
};

struct engine_bench {
    struct engine_host host;
    struct engine *engine;
    struct buffer result, log, questions; /* of the last call; all; of the last call, one a line */
    enum bench_answers answers;
    const char *answer;  /* JSON for every question */
    const char *problem; /* instead of an answer; NULL: none */
    const char *kind;    /* JSON for every question about a kind; NULL: as others */
    uint64_t call;       /* a question that waits for its answer ... */
    uint32_t ask, open;  /* ... the first of `open` */
    unsigned finished;   /* results of the last call */
    unsigned slices;     /* of the last call */
    unsigned held;       /* calls, ever */
    sem_t woken;         /* held calls that were finished */
    uint64_t random;     /* the next number */
};

/* Open the plugin or script at `path` with configuration {}; `name` is what people call it. */
bool engine_bench_open(struct engine_bench *bench, const char *path);
/* In a host that has no metrics. */
bool engine_bench_open_without_metrics(struct engine_bench *bench, const char *path);

bool engine_bench_open_as(struct engine_bench *bench, const char *path, const char *name);

/* The same with a configuration: JSON. */
bool engine_bench_open_with(struct engine_bench *bench, const char *path, const char *name,
                            const char *config);
void engine_bench_done(struct engine_bench *bench);

/* The result of `call`, borrowed until the next. */
const char *engine_bench_run(struct engine_bench *bench, const struct engine_call *call);

/* Wait until `finished` calls are over, held ones among them. */
void engine_bench_settle(struct engine_bench *bench, unsigned finished);

/* Why the plugin at `path` is refused; "" where it is not. Borrowed until the next. */
const char *engine_bench_refusal(struct engine_bench *bench, const char *path, struct error *err);
const char *engine_bench_refusal_as(struct engine_bench *bench, const char *path, const char *name,
                                    struct error *err);

#endif
