/* A worker runs reconciles: the seam between dispatch, which decides what runs, and whatever runs
 * it.
 *
 * One worker stands for one loaded plugin (or script): a runner process, or the same engine inline.
 * It may serve several controllers; a call names its own. Dispatch owns the calls: each is embedded
 * in its owner's record, goes in with worker_start, and comes back exactly once, as `done` or as
 * `lost`, unless worker_cancel took it back before. In between the worker may ask, any number of
 * times.
 *
 * Everything here happens on the core. No callback comes from inside worker_start, worker_answer or
 * worker_cancel. `asked` may be answered from inside the callback, or later; meanwhile the call waits,
 * and its time goes on.
 *
 * The worker checks what comes from the other side: a question or a result that is handed to the
 * listener has the shape that is written here. Names, kinds, states and schemas are the listener's.
 */
#ifndef CONTROLLER_WORKER_H
#define CONTROLLER_WORKER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/list.h"
#include "document/doc.h"
#include "document/value.h"

struct worker;
struct worker_listener;

enum reconcile_verb {
    VERB_RECONCILE,
    VERB_FINALIZE, /* the object is being deleted; "done" lets it go */
};

/* One run of one controller over one object.
 *
 * Set by the owner before the start, and unchanged until the call is back: the first group.
 * `object` is referenced by the owner for that long. `result` lives in `arena`; the owner ends the
 * arena. */
struct reconcile_call {
    const char *controller; /* its name in the plugin's descriptor */
    enum reconcile_verb verb;
    struct doc *object; /* the snapshot */
    int64_t now_ms;     /* wall clock: the run's "now" */
    int64_t entered_ms; /* wall clock: when the object entered its state, or was created */
    int64_t limit_ms;   /* how long it may take, waits included; 0: as long as the worker says */
    int64_t slice_ms;   /* how long it may execute without a wait; 0: as limit_ms */
    int64_t kinds;      /* another number: the kinds may be others */

    struct arena arena;
    const struct value *result; /* see below; set before `done` */

    /* the worker's */
    uint64_t id;
    struct list link;
    int64_t asked_ticks_ms;   /* when it asked first; 0: not yet */
    int64_t resumed_ticks_ms; /* when it was answered last; 0: never */
    unsigned open;            /* questions that were not answered yet */
    bool is_over;             /* its time is, and it was told */
    bool held;                /* by a thread of the plugin: its code has returned */
};

/* The result, as a value; every field but the first may be absent:
 *
 *     {"outcome": "done" | "again" | "retry" | "fail" | "enter",
 *      "afterMs": 5000,                                again: when; retry: not before
 *      "state": "ready",                               enter: the state
 *      "reason": "NoCapacity", "message": "...",       retry, fail, enter: why
 *      "status": {...},                                merge patch for the object's status
 *      "writes": [{"verb": "apply", "object": {...}},  desired fields of another object
 *                 {"verb": "remove", "kind": "v1/ConfigMap", "namespace": "", "name": "a"}],
 *      "conditions": [{"type": "Ready", "status": "True" | "False" | "Unknown",
 *                      "reason": "...", "message": "..."}],
 *      "events": [{"type": "Normal" | "Warning", "reason": "...", "message": "..."}]}
 *
 * A kind is "GROUP/VERSION/KIND", or "v1/KIND" for the core group. An empty namespace means that of
 * the reconciled object. An applied object has apiVersion, kind and metadata.name. */

/* A question, as a value (tend/plugin.h, `ask`, says what each is answered with):
 *
 *     {"fetch":  {"kind": "...", "namespace": "", "name": "a"}}        one object
 *     {"select": {"kind": "...", "namespace": "", "labels": "a=b"}}    all that match ("": all)
 *     {"kind":   {"word": "configmaps"}}                               a kind by any of its names
 *     {"sleep":  {"ms": 2000}}
 *     {"exec":   {"argv": [...], ..., "name": "provision"}}            effect/effect.h; "name": once
 *     {"http":   {"url": "...", ..., "name": "..."}}                   for the object
 */
struct worker_answer {
    enum tend_code code; /* TEND_OK, or why there is no answer */
    struct text bytes;   /* OK: canonical JSON: the object or null; the list of objects */
    const char *message; /* otherwise one sentence */
};

/* Who is to blame when a call is lost. */
enum worker_blame {
    BLAME_CALL, /* it was executing when the worker died, hung or answered nonsense: back off */
    BLAME_NONE, /* it only waited there: run it again without penalty */
};

/* What a worker tells its owner. */
struct worker_listener_ops {
    /* It takes calls from now on. `descriptor` is what the plugin says of itself (protocol/shape.h,
     * "the descriptor"), borrowed until the return. Again after every restart. */
    void (*up)(struct worker_listener *listener, struct worker *worker,
               const struct value *descriptor);

    /* It takes none until the next `up`; every call that it had was lost before. `reason` is a
     * sentence. It restarts by itself (at once, then with growing delay). Also where it was down, or
     * never up, and could not be started: `reason` says what is in the way now. */
    void (*down)(struct worker_listener *listener, struct worker *worker, const char *reason);

    /* It will never be up: the plugin was refused. `reason` says why and what to do. */
    void (*refused)(struct worker_listener *listener, struct worker *worker, const char *reason);

    /* Answer with worker_answer(worker, call, ask, ...), once. What the call wrote `so_far` (a result
     * without an outcome; NULL: nothing is to be committed) is to be durable before; it is not in the
     * call's result. Both are borrowed until the return. */
    void (*asked)(struct worker_listener *listener, struct worker *worker,
                  struct reconcile_call *call, uint32_t ask, const struct value *question,
                  const struct value *so_far);

    /* The call took longer than limit_ms, and was told that it is cancelled: what it waits for need not
     * be answered any more. Its result still counts. */
    void (*overdue)(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call);

    /* call->result is there; the worker has forgotten the call, which may be started again. */
    void (*done)(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call);

    /* There is no result and there will be none; forgotten as well. */
    void (*lost)(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call, enum worker_blame blame, const char *reason);
};

struct worker_listener {
    const struct worker_listener_ops *ops;
};

struct worker_ops {
    void (*start)(struct worker *worker, struct reconcile_call *call);
    void (*answer)(struct worker *worker, struct reconcile_call *call, uint32_t ask,
                   const struct worker_answer *answer);
    void (*cancel)(struct worker *worker, struct reconcile_call *call);
};

/* What people should know of a worker although it serves; no reason: nothing. */
struct worker_remark {
    const char *reason; /* CamelCase */
    char message[ERROR_TEXT_MAX];
};

/* What its process is held to. */
struct worker_limits {
    const char *confinement; /* a word that stays; NULL: nothing holds it, or nobody says */
    uint64_t memory_bytes;   /* 0: as much as there is */
    uint32_t open_files;
    int64_t run_ms; /* of a run whose controller does not say */
};

struct worker {
    const struct worker_ops *ops;
    struct worker_listener *listener;
    const char *name; /* for people: the plugin's file name; lives as long as the worker */
    bool is_up;       /* between `up` and `down` */
    int64_t heard_ms; /* when it was through with a slice last, ticks: noted by the loop where it is
                       * asked or told of a result, by the worker where nobody is told */
    bool is_inline;   /* what it runs is in this very process, unconfined and unlimited */
    bool is_stuck;    /* it is down, and what it runs can be ended by nobody */
    struct worker_remark remark; /* from `up` on */
    struct worker_limits limits; /* for people */
    uint32_t calls;              /* it holds now; at most WORKER_CALLS_MAX are useful */
};

/* Run `call`. It waits its turn in the worker, in order of starting. A worker that is not up gives
 * it back as lost, BLAME_NONE, in a later step. */
static inline void worker_start(struct worker *worker, struct reconcile_call *call)
{
    worker->ops->start(worker, call);
}

/* Answer question `ask` of a call that is still out. The bytes are taken over before the return. */
static inline void worker_answer(struct worker *worker, struct reconcile_call *call, uint32_t ask,
                                 const struct worker_answer *answer)
{
    worker->ops->answer(worker, call, ask, answer);
}

/* Take back a call that is out: no callback follows for it, and the worker has forgotten the record
 * on return. What runs elsewhere is told, and its result dropped. */
static inline void worker_cancel(struct worker *worker, struct reconcile_call *call)
{
    worker->ops->cancel(worker, call);
}

#endif
