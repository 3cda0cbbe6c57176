/* Where workers come from: whoever owns a plugin says what its contents are run by.
 *
 * The host makes runner processes (runner/runner_maker.h), simulation and tests make workers that run
 * inline. What a file holds, and which engine understands it, is the maker's and the worker's business.
 * [core]
 */
#ifndef RUNNER_WORKER_MAKER_H
#define RUNNER_WORKER_MAKER_H

#include "base/world.h"
#include "controller/worker.h"
#include "runner/settings.h"

/* A worker that was made; embedded in its owner. */
struct made_worker {
    struct worker *worker; /* NULL: none */
    void *impl;            /* the maker's */
};

/* What is to be made. */
struct worker_order {
    const char *file; /* the content: a private copy, which outlives the worker */
    const char *name; /* for people: the file that it was copied from */
    const struct plugin_settings *settings; /* of that file */
};

struct worker_maker;

struct worker_maker_ops {
    enum tend_code (*make)(struct worker_maker *maker, const struct worker_order *order,
                           struct made_worker *ret_made, struct error *err);
    void (*start)(struct worker_maker *maker, struct made_worker *made);
    void (*close)(struct worker_maker *maker, struct made_worker *made, struct task *closed);
    bool (*forgive)(struct worker_maker *maker, const char *file); /* NULL: nothing is ever held */
};

struct worker_maker {
    const struct worker_maker_ops *ops;
};

/* A worker as ordered; texts are copied. It is not started: the caller sets its listener. TEND_INVALID where
 * it can be told at once that there will be none, with one sentence. */
NODISCARD static inline enum tend_code worker_make(struct worker_maker *maker,
                                                   const struct worker_order *order,
                                                   struct made_worker *ret_made, struct error *err)
{
    return maker->ops->make(maker, order, ret_made, err);
}

/* `up` or `refused` follows, in a later step. */
static inline void worker_launch(struct worker_maker *maker, struct made_worker *made)
{
    maker->ops->start(maker, made);
}

/* End it: no callback follows, calls that are out are forgotten; `closed` runs in a later step, when it
 * is gone. */
static inline void worker_dismiss(struct worker_maker *maker, struct made_worker *made,
                                  struct task *closed)
{
    maker->ops->close(maker, made, closed);
}

/* Forget what is held against the content at `file`. True where that was something: another worker over it
 * would be made in another way. */
static inline bool worker_forgive(struct worker_maker *maker, const char *file)
{
    return maker->ops->forgive != NULL && maker->ops->forgive(maker, file);
}

#endif
