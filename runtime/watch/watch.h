/* The hub between the store's log and those who react to it: one for each store.
 *
 * It hears once of each durable group of changes and wakes only the followers and subscriptions that a
 * change can concern: they are indexed by resource and key, so a thousand followers of other kinds cost
 * a change nothing. A follower is a revision number and what it selects; nothing is queued for anybody.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include "base/world.h"
#include "store/store.h"

struct watch;

/* `world` and `store` outlive it. */
struct watch *watch_new(struct world *world, struct store *store);

/* Followers and subscriptions are stopped before. NULL is allowed. */
void watch_free(struct watch *watch);

/* Everything up to this revision, the end of a set, has been looked at. */
int64_t watch_revision(const struct watch *watch);

#endif
