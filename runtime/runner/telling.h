/* What is told of a file: on the Controllers of what serves, on one that stands in for the file where
 * nothing does, by Events and in the log. And what was told of it before, which is how a host that comes up
 * knows what went well. Nothing is told twice: what the store says already is not written again, and makes
 * no Event. [core]
 */
#ifndef RUNNER_TELLING_H
#define RUNNER_TELLING_H

#include "controller/loop.h"
#include "runner/notice.h"
#include "runner/version.h"
#include "store/store.h"

/* What the Controllers of a file say; NULL: nothing. Owned. */
struct history {
    char *last_good, *rejected, *message; /* message: why it was rolled back */
};
void history_done(struct history *history);

struct telling {
    struct world *world;
    struct store *store;
    struct loop *loop;
    const char *file; /* the owner's */
    struct notices notices;
    char *stand_in; /* the Controller that stands in for the file; NULL: none */
    char *said;     /* what was told last, of what there is an Event for */
    char *rival;    /* whose controller is in the way of what is told next; NULL: nobody's */
};

void telling_init(struct telling *telling, struct admission *gate);
void telling_done(struct telling *telling);

void telling_recall(const struct telling *telling, struct history *ret_history);

/* What serves is `version`: on each of its Controllers. `note` may hold NULLs. */
void telling_note(struct telling *telling, const struct version *version,
                  const struct controller_note *note);

/* It took over just now, and all is well. */
void telling_serves(struct telling *telling, const struct version *version);

/* It leaves, for that reason. */
void telling_leaves(struct telling *telling, const struct version *version, const char *reason,
                    const char *message);

/* How it is told that nothing serves: what its Controller says ("refused", "waiting" or "disabled", and a reason),
 * the reason of the Event, and how loud. */
struct unserved {
    const char *phase, *reason, *event;
    enum log_level level;
    enum event_type type;
};

/* Nothing serves. `hash` may be NULL. */
void telling_unserved(struct telling *telling, const struct unserved *how, const char *hash,
                      const char *message);

/* Nobody stands in for the file any more. */
void telling_retract(struct telling *telling, const struct version *version, const char *reason,
                     const char *message);

/* What is told next is because of that controller, of another file, which is told so as well. NULL: it is
 * not. */
void telling_blame(struct telling *telling, const char *controller);

#endif
