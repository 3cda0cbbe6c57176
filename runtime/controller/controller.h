/* A controller: whoever answers for the objects of one kind, or observes those of some, and the worker that
 * runs it.
 *
 *     added --controller_live--> live --controller_lost--> lost --controller_live--> live ...
 *                                 |  ^
 *                                 +--+ controller_replace: another version answers
 *
 * Added as soon as it is known (its name reserves the kind's queue), live while its worker takes calls.
 * The first time it is live, all its objects are looked at once, at low priority; what was lost with a
 * worker waits for the next. The loop keeps the status of the tend.dev/v1 Controller object of that name
 * up to date (phase, since, restarts, kinds, file, hash, version, and what it was told), where there is
 * one; its spec is the loader's.
 *
 * An observer is one like any other, with a queue, backoff and limits of its own, but for what it may leave
 * behind: it writes other objects, events, and of its object labels and annotations. It has no finalizer, so
 * an object that is being deleted, or is not selected any more, is none of its objects; and nothing of how
 * a run went is written to it but events.
 *
 * A run belongs to the worker that it was started on, also where another version answers by the time it
 * ends. What went well then counts as ever; what failed, was refused or was lost is run again by the
 * version that answers now, and nobody holds it against the object.
 */
#ifndef CONTROLLER_CONTROLLER_H
#define CONTROLLER_CONTROLLER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "controller/loop.h"
#include "controller/worker.h"
#include "document/value.h"

struct controller;

enum controller_role { ROLE_OWNER, ROLE_OBSERVER };

/* Texts are copied; the worker outlives the controller, or is replaced and has no run of it. */
struct controller_options {
    const char *name; /* of the Controller object, and in the descriptor */
    enum controller_role role;
    /* "lab.neuroglia.com/v1/LabInstance"; need not exist yet. Of an observer a list, "v1/ConfigMap, labs",
     * or "*": all but Events and the host's own, also those that come later. */
    const char *kind;
    /* What an observer looks at: objects that match ("a=b,c") and have the annotation. NULL: all. */
    const char *labels, *annotation;
    /* Kinds whose changes wake their owner, by any of their names; NULL-ended; NULL: none. */
    const char *const *owns;
    struct worker *worker;
    size_t parallel; /* objects at a time; 0: 1; at most WORKER_CALLS_MAX */
    size_t most; /* ... and with those that wait for something outside; 0: no bound of its own */
    size_t
        declared; /* runs that its plugin executes at once; only told; 0: as many as `parallel` */
    int64_t limit_ms, slice_ms;        /* of a run: see struct reconcile_call; 0: as ever */
    const char *file, *hash, *version; /* what status shows; NULL: not known */
};

/* Add it, not live. TEND_EXISTS where there is one of that name, TEND_INVALID where `kind` or one of
 * `owns` is no kind's name, or `labels` no selection. */
NODISCARD enum tend_code controller_add(struct loop *loop, const struct controller_options *options,
                                        struct controller **ret_controller, struct error *err);

/* Could `options` be added, their name aside? TEND_INVALID as above. */
NODISCARD enum tend_code controller_check(const struct controller_options *options,
                                          struct error *err);

/* The kinds that "v1/ConfigMap, labs" names, as a list in `arena`. */
const struct value *controller_kinds(struct arena *arena, const char *kind);

/* Another version answers: everything but name, role and kind becomes what `options` (which were checked) say.
 * The queue, moments, backoffs and subscriptions stay. It is live or lost by the next call; live, every
 * object is looked at once more, what was set aside for an earlier version as well. */
void controller_replace(struct controller *controller, const struct controller_options *options);

/* It was added for another version than the one that served last, before the host came up: what that one
 * set aside is tried again. */
void controller_renew(struct controller *controller);

/* Its worker takes calls. */
void controller_live(struct controller *controller);

/* Its worker takes none for now; `reason` is a sentence. */
void controller_lost(struct controller *controller, const char *reason);

/* Nothing new is run until it is released; what is out goes on. */
void controller_hold(struct controller *controller);
void controller_release(struct controller *controller);

/* Take back every run that is out on `worker`: it is run again, without a mark. */
void controller_recall(struct controller *controller, struct worker *worker);

/* It will be removed: as lost, but its runs may end. `reason` is a word, `message` a sentence. */
void controller_leave(struct controller *controller, const char *reason, const char *message);

/* It is gone. Calls that are out are cancelled; what they wrote is dropped. */
void controller_remove(struct controller *controller);

/* What its status says beside the phase: a word and a sentence while it is live (NULL: all is well), and
 * which contents are known to be good, or not to be tried again (NULL: none). Copied. */
struct controller_note {
    const char *reason, *message;
    const char *last_good, *rejected;
    /* Which other files want what is its file's: its condition Contested; "": none does; NULL: not known. */
    const char *contested;
};
void controller_tell(struct controller *controller, const struct controller_note *note);

/* The controller of that name, or NULL; and the file that it is from, "" where nobody said. */
struct controller *controller_find(const struct loop *loop, const char *name);
const char *controller_file(const struct controller *controller);

/* --- what is there ------------------------------------------------------------------------------- */

enum controller_phase { CONTROLLER_ADDED, CONTROLLER_LIVE, CONTROLLER_LOST };

struct controller_info {
    const char *name, *kind;
    const char *resource; /* "" while the kind is not there, and of an observer */
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
                      struct reconcile_call *call, uint32_t ask, const struct value *question,
                      const struct value *so_far);
void controller_overdue(struct worker_listener *listener, struct worker *worker,
                        struct reconcile_call *call);
void controller_done(struct worker_listener *listener, struct worker *worker,
                     struct reconcile_call *call);
void controller_lost_call(struct worker_listener *listener, struct worker *worker,
                          struct reconcile_call *call, enum worker_blame blame, const char *reason);

#endif
