/* A controller: whoever answers for the objects of one kind, and the worker that runs it.
 *
 *     added --controller_live--> live --controller_lost--> lost --controller_live--> live ...
 *
 * Added as soon as it is known (its name reserves the kind's queue), live while its worker takes calls.
 * The first time it is live, all its objects are looked at once, at low priority; what was lost with a
 * worker waits for the next. The loop keeps the status of the tend.dev/v1 Controller object of that name
 * up to date (phase, since, restarts, kinds, file, hash, version), where there is one; its spec is the
 * loader's.
 */
#ifndef CONTROLLER_CONTROLLER_H
#define CONTROLLER_CONTROLLER_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "controller/loop.h"
#include "controller/worker.h"

struct controller;

/* Texts are copied; the worker outlives the controller. */
struct controller_options {
    const char *name;        /* of the Controller object, and in the descriptor */
    const char *kind;        /* "lab.neuroglia.com/v1/LabInstance"; need not exist yet */
    const char *const *owns; /* kinds whose changes wake their owner, NULL-ended; NULL: none */
    struct worker *worker;
    size_t parallel;                   /* objects at a time; 0: 1; at most WORKER_CALLS_MAX */
    const char *file, *hash, *version; /* what status shows; NULL: not known */
};

/* Add it, not live. TEND_EXISTS where there is one of that name, TEND_INVALID where `kind` or one of
 * `owns` is no kind's name. */
NODISCARD enum tend_code controller_add(struct loop *loop, const struct controller_options *options,
                                        struct controller **ret_controller, struct error *err);

/* Its worker takes calls. */
void controller_live(struct controller *controller);

/* Its worker takes none for now; `reason` is a sentence. */
void controller_lost(struct controller *controller, const char *reason);

/* It is gone. Calls that are out are cancelled; what they wrote is dropped. */
void controller_remove(struct controller *controller);

/* --- what is there ------------------------------------------------------------------------------- */

enum controller_phase { CONTROLLER_ADDED, CONTROLLER_LIVE, CONTROLLER_LOST };

struct controller_info {
    const char *name, *kind;
    const char *resource; /* "" while the kind is not there */
    enum controller_phase phase;
    int64_t since_ms;  /* wall clock, of the phase */
    uint64_t restarts; /* times it was live, without the first */
    size_t waiting, later, running;
    uint64_t runs, failures, lost, discarded; /* since it was added */
    const char *last_error;                   /* "" where there was none */
};

/* Number `index` in the order of adding; borrowed until control returns to the loop. */
size_t controller_count(const struct loop *loop);
struct controller_info controller_at(const struct loop *loop, size_t index);

/* --- the worker's side --------------------------------------------------------------------------- */

/* What the owner of a worker_listener puts into its table for calls that this room started. */
void controller_asked(struct worker_listener *listener, struct worker *worker,
                      struct reconcile_call *call, uint32_t ask, const struct value *question);
void controller_done(struct worker_listener *listener, struct worker *worker,
                     struct reconcile_call *call);
void controller_lost_call(struct worker_listener *listener, struct worker *worker,
                          struct reconcile_call *call, enum worker_blame blame, const char *reason);

#endif
