/* An engine: what loads a controller file and runs its controllers.
 *
 * In a runner process, and inline in the simulation and in tests; whoever embeds it is the engine's
 * host (struct engine_host) and gives it what it needs. engine/native.h opens shared objects and scripts.
 *
 * One thread. Many calls may be in flight: a call runs in slices, one at a time, and between two of
 * them it waits for answers. engine_start runs the first slice, engine_answer the ones after that; any
 * of them may end the call (host->finished, once for each). Questions go out by host->asked, and come
 * back by engine_answer, from inside asked or later. A plugin that blocks in its call waits in
 * host->wait; meanwhile only that call may be answered or cancelled.
 *
 * Lanes. Where the host is ready for several threads (host->lanes), and a controller says that it may run
 * several calls at once, calls run on threads of the engine, and so are asked, enter, leave, held and
 * finished called: at once for different calls, one after the other for one. engine->on_lanes says so. The
 * functions below are still the one thread's, and come back at once; a call that blocks waits on its lane.
 *
 * A call whose code has returned without an outcome and with no question open is held (host->held):
 * a thread of the plugin ends it. That thread says so by host->wake, and the call is over in the
 * engine_settle that follows.
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
struct metering;

struct engine_host_ops {
    /* A question of the call that runs (its shape is checked), to be answered by engine_answer.
     * `so_far` is what the call has written, in the form of a result, and is to be committed before the
     * question is looked at: it is not in the call's result any more. NULL where there is none. */
    void (*asked)(struct engine_host *host, uint64_t call, uint32_t ask,
                  const struct value *question, const struct value *so_far);
    /* Block until engine_answer or engine_cancel was called; false where that will never be. */
    bool (*wait)(struct engine_host *host, uint64_t call);
    /* This thread is lane `lane` from now on, below host->lanes. Without lanes it is not said. */
    void (*lane)(struct engine_host *host, unsigned lane);
    /* A slice of `call` begins on `lane` (0: without lanes), which may take slice_ms. Returns the moment,
     * as ticks_ms. */
    int64_t (*enter)(struct engine_host *host, unsigned lane, uint64_t call, int64_t slice_ms);
    void (*leave)(struct engine_host *host, unsigned lane); /* ... and is over */
    /* The call is over; `result` is canonical JSON (controller/worker.h), borrowed. */
    void (*finished)(struct engine_host *host, uint64_t call, struct text result);
    /* A line from the plugin. [any thread] */
    void (*log)(struct engine_host *host, enum log_level level, struct text text);
    /* The call is held. Said before it can end, and at most once for a call. */
    void (*held)(struct engine_host *host, uint64_t call);
    /* A held call was finished: engine_settle is to be called soon. [any thread] */
    void (*wake)(struct engine_host *host);
    /* A clock that is never set back, ms. [any thread] */
    int64_t (*ticks_ms)(struct engine_host *host);
    uint64_t (*random)(struct engine_host *host);
    /* A slice cannot be ended: the process has to, now, with that sentence. From a signal handler, on the
     * engine's thread; does not return. */
    void (*die)(struct engine_host *host, const char *why);
    /* It should be opened anew, when that is convenient: the process ends after what it has to say. */
    void (*recycle)(struct engine_host *host, const char *why);
};

struct engine_host {
    const struct engine_host_ops *ops;
    struct metering *metering; /* where plugins count (engine/metering.h); NULL: they cannot */
    unsigned lanes;            /* threads at most; 0: none */
};

enum engine_verb { ENGINE_RECONCILE, ENGINE_FINALIZE };

/* One call; all of it is borrowed until engine_start returns. */
struct engine_call {
    uint64_t id;
    struct text controller; /* its name in the descriptor */
    enum engine_verb verb;
    struct text object; /* canonical JSON */
    int64_t now_ms, entered_ms;
    int64_t slice_ms; /* how long it may run without a wait */
    int64_t limit_ms; /* ... and waits included, once it has waited */
    int64_t kinds;    /* another number: the kinds may be others */
};

/* An answer; borrowed until engine_answer returns. */
struct engine_answer {
    uint64_t call;
    uint32_t ask;
    int64_t now_ms;      /* when it is given */
    struct text bytes;   /* canonical JSON ... */
    struct text problem; /* ... or a sentence where there is none */
};

struct engine_ops {
    void (*start)(struct engine *engine, const struct engine_call *call);
    void (*answer)(struct engine *engine, const struct engine_answer *answer);
    void (*cancel)(struct engine *engine, uint64_t call, struct text why);
    void (*settle)(struct engine *engine);
    void (*close)(struct engine *engine);
};

struct engine {
    const struct engine_ops *ops;
    struct engine_host *host;
    const struct value *descriptor; /* protocol/shape.h; a "crd" is text here. The engine's */
    _Atomic size_t held;            /* calls, now */
    bool on_lanes;
};

static inline void engine_start(struct engine *engine, const struct engine_call *call)
{
    engine->ops->start(engine, call);
}

/* Answer a question. What nobody asked is dropped. */
static inline void engine_answer(struct engine *engine, const struct engine_answer *answer)
{
    engine->ops->answer(engine, answer);
}

/* The time of `call` is over, or nobody waits for its result any more: what it waits for is not
 * answered, `why` is the sentence. It ends by itself; one that is not there is none of the engine's. */
static inline void engine_cancel(struct engine *engine, uint64_t call, struct text why)
{
    engine->ops->cancel(engine, call, why);
}

/* End the held calls that were finished. Runs no code of the plugin: it may be called while a call blocks. */
static inline void engine_settle(struct engine *engine)
{
    engine->ops->settle(engine);
}

/* Calls in flight are cancelled, the controllers stopped (their threads may hold calls until then), the
 * calls dropped, all is freed. What was loaded stays mapped: code may be pinned by threads and destructors
 * that nobody sees, and a runner exits anyway. */
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
