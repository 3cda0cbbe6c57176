/* A subscription: "tell me when what I read is no longer what is there".
 *
 * For reconciles: an object that was read at a revision, present or absent, or a selection. Much cheaper
 * than a follower (no position, no events): the change that makes it outdated is shown once, and then
 * the subscription is over.
 */
#ifndef WATCH_SUBSCRIPTION_H
#define WATCH_SUBSCRIPTION_H

#include <stdint.h>

#include "watch/selection.h"
#include "watch/watch.h"

struct spot;
struct topic;

/* Embedded in its owner, who sets `outdated`; the rest is private. */
struct subscription {
    /* Something newer than what was read; called in a later step than the start. The subscription is
     * over, unless the change is declined (SUBSCRIPTION_KEEP): then the next one is shown. `change` is
     * NULL where there were too many since the reading to look at each: take it as outdated. */
    enum subscription_verdict {
        SUBSCRIPTION_OVER,
        SUBSCRIPTION_KEEP
    } (*outdated)(struct subscription *subscription, const struct change *change);

    struct watch *watch; /* NULL: not started, or over */
    struct list link;    /* among those of its spot or topic */
    struct list late;    /* in the watch, while it has to catch up */
    int64_t after;       /* changes after this one count */
    struct spot *spot;   /* of an object; NULL: a selection */
    struct topic *topic; /* of a selection; NULL: an object */
    struct selection selection;
};

/* Subscribe to the object at `key` (copied), which was read at `revision`. */
void subscription_start_key(struct watch *watch, struct subscription *subscription, struct text key,
                            int64_t revision);

/* Subscribe to a selection (taken), which was read at `revision`: objects that enter it, change in it
 * or leave it. */
void subscription_start_selection(struct watch *watch, struct subscription *subscription,
                                  struct selection selection, int64_t revision);

/* End it. Harmless where it is over; also from inside `outdated`. */
void subscription_stop(struct subscription *subscription);

#endif
