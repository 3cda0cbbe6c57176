/* An engine: what loads a plugin file and runs its controllers.
 *
 * In a runner process, and inline in the simulation and in tests; whoever embeds it is the engine's
 * host (struct engine_host) and gives it what it needs. Today there is one, for shared objects
 * (engine/native.h).
 *
 * One thread. engine_run executes one call from start to end; questions go out by host->asked and
 * come back by engine_answer, either from inside asked or while the engine waits in host->wait.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "document/value.h"

struct engine;
struct engine_host;

struct engine_host_ops {
    /* A question of the call that runs (its shape is checked), to be answered by engine_answer. */
    void (*asked)(struct engine_host *host, uint64_t call, uint32_t ask,
                  const struct value *question);
    /* Block until engine_answer or engine_cancel was called; false where that will never be. */
    bool (*wait)(struct engine_host *host);
    /* The call is over; `result` is canonical JSON (controller/worker.h), borrowed. */
    void (*finished)(struct engine_host *host, uint64_t call, struct text result);
    /* A line from the plugin. [any thread] */
    void (*log)(struct engine_host *host, enum log_level level, struct text text);
    /* What is left of the running call's time, ms; 0: over. [any thread] */
    int64_t (*time_left_ms)(struct engine_host *host);
};

struct engine_host {
    const struct engine_host_ops *ops;
};

enum engine_verb { ENGINE_RECONCILE, ENGINE_FINALIZE };

/* One call; all of it is borrowed until engine_run returns. */
struct engine_call {
    uint64_t id;
    struct text controller; /* its name in the descriptor */
    enum engine_verb verb;
    struct text object; /* canonical JSON */
    int64_t now_ms, entered_ms;
};

struct engine_ops {
    void (*run)(struct engine *engine, const struct engine_call *call);
    void (*answer)(struct engine *engine, uint64_t call, uint32_t ask, struct text bytes,
                   struct text problem);
    void (*cancel)(struct engine *engine, uint64_t call);
    void (*close)(struct engine *engine);
};

struct engine {
    const struct engine_ops *ops;
    struct engine_host *host;
    const struct value *descriptor; /* protocol/shape.h; a "crd" is text here. The engine's */
};

/* Execute `call`; host->finished was called once when this returns. */
static inline void engine_run(struct engine *engine, const struct engine_call *call)
{
    engine->ops->run(engine, call);
}

/* Answer a question: canonical JSON, or a sentence in `problem` where there is no answer. Copied.
 * An answer to what nobody asked is dropped. */
static inline void engine_answer(struct engine *engine, uint64_t call, uint32_t ask,
                                 struct text bytes, struct text problem)
{
    engine->ops->answer(engine, call, ask, bytes, problem);
}

/* Nobody waits for the result any more: the call is told that its time is over. */
static inline void engine_cancel(struct engine *engine, uint64_t call)
{
    engine->ops->cancel(engine, call);
}

/* Stop the controllers and free all. What was loaded stays mapped: code may be pinned by threads
 * and destructors that nobody sees, and a runner exits anyway. */
static inline void engine_close(struct engine *engine)
{
    engine->ops->close(engine);
}

static inline void engine_closep(struct engine **engine)
{
    if (*engine != NULL) {
        engine_close(*engine);
        *engine = NULL;
    }
}

#endif
