/* What is done outside: a program that runs, a request that is sent.
 *
 * The question is a map with one of these fields ("name" and what is kept under it is the controller's):
 *
 *     {"exec": {"argv": ["cmd", "a"], "stdin": "", "env": {}, "directory": "/", "timeoutMs": 60000}}
 *         {"ok", "code" or "signal" or "timedOut" or "problem", "out", "err"}
 *     {"http": {"method": "GET", "url": "http://...", "headers": {}, "body": "", "timeoutMs": 30000}}
 *         {"ok", "status", "headers", "body"}, or {"ok": false, "problem"}
 *
 * "ok" is: ended with code 0; answered with a status below 400. "problem" is one sentence: why there is no
 * more than that. What a program says on its outputs and what a server answers is cut at EFFECT_OUTPUT_MAX,
 * at the end of a character, and "cut" is true then; what is no UTF-8 in it becomes U+FFFD. Only argv and
 * url must be given.
 *
 * An executor does them: outside.h for real, the sim's by what a test says. All on the core.
 */
#ifndef EFFECT_EFFECT_H
#define EFFECT_EFFECT_H

#include "base/error.h"
#include "base/text.h"
#include "document/value.h"

struct executor;

/* One that is under way. Embedded in its owner, who sets `done`, and stays at its place until `done` was
 * called or it was cancelled. */
struct effect {
    /* Called once, in a later step, after the executor has forgotten the effect. The result is
     * canonical JSON, borrowed until the return. */
    void (*done)(struct effect *effect, struct text result);
    /* Who asks, for which object (a key), and the revision of the record that keeps the result (0: nobody
     * does): for people, and for executors that keep books. The texts live as long as the effect. */
    const char *controller, *object;
    int64_t record;
    struct executor *executor;
    void *impl; /* the executor's */
};

/* The last three are for executors whose effects outlive the host, else NULL: see the calls below. */
struct executor_ops {
    void (*start)(struct executor *executor, struct effect *effect, const struct value *question);
    void (*cancel)(struct executor *executor, struct effect *effect);
    void (*leave)(struct executor *executor, struct effect *effect);
    void (*forget)(struct executor *executor, const struct effect *effect);
    void (*sweep)(struct executor *executor, int64_t *records, size_t count);
};

struct executor {
    const struct executor_ops *ops;
};

/* Is this a question that an executor may be asked? TEND_INVALID with a sentence that says which field is
 * wrong and what it may be; TEND_LIMIT where it is too long. */
NODISCARD enum tend_code effect_check(const struct value *question, struct error *err);

/* Begin what effect_check has let pass. A failure to begin is a result as well. */
static inline void effect_start(struct executor *executor, struct effect *effect,
                                const struct value *question)
{
    effect->executor = executor;
    executor->ops->start(executor, effect, question);
}

/* End it: a program is killed with all that it started, a request is dropped. `done` does not follow. */
static inline void effect_cancel(struct effect *effect)
{
    effect->executor->ops->cancel(effect->executor, effect);
}

/* The host ends: what can outlive it goes on, and the next host that starts an effect of the same record has
 * its result; the rest is cancelled. `done` does not follow. */
static inline void effect_leave(struct effect *effect)
{
    const struct executor_ops *ops = effect->executor->ops;
    (ops->leave != NULL ? ops->leave : ops->cancel)(effect->executor, effect);
}

/* An effect with a record is not wanted any longer: its result is durable (after `done`), or the record that a
 * host before this one left is gone. What goes on for it ends. */
static inline void effect_forget(const struct effect *effect)
{
    if (effect->executor->ops->forget != NULL) {
        effect->executor->ops->forget(effect->executor, effect);
    }
}

/* Once, before the first start: of what was left, only these records are still wanted. What is under way for
 * others is ended. Their order is the executor's to change. */
static inline void executor_sweep(struct executor *executor, int64_t *records, size_t count)
{
    if (executor->ops->sweep != NULL) {
        executor->ops->sweep(executor, records, count);
    }
}

#endif
