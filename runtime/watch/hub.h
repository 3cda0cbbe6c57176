/* Inside the room: the hub as followers and subscriptions see it. */
#ifndef WATCH_HUB_H
#define WATCH_HUB_H

#include "base/list.h"
#include "base/map.h"
#include "watch/watch.h"

/* Those who wait for changes of one resource. */
struct topic {
    char *resource;            /* "": of any resource */
    struct list followers;     /* only those that have seen everything so far */
    struct list subscriptions; /* to selections */
};

/* Those who wait for one key to change. */
struct spot {
    struct list subscriptions;
    bool busy; /* its subscriptions are being told: do not free it */
    struct text key;
    char bytes[];
};

struct watch {
    struct world *world;
    struct store *store;
    struct store_listener listener;
    struct task task;
    int64_t seen; /* every change up to here was shown to topics and spots */
    int64_t end;  /* the newest end of a set at or before the change that is being shown */
    struct map topics, spots;
    struct topic any;
    struct list late; /* subscriptions from before `seen` */
    struct memo {
        struct doc *doc; /* owned; NULL: empty */
        struct arena arena;
        const struct value *root; /* NULL: damaged */
    } memo[2];
    unsigned memo_next;
};

/* The topic of `resource`, made where it is missing. */
struct topic *watch_topic(struct watch *watch, struct text resource);

/* `doc` decoded, NULL where it is damaged. The last two are remembered: a thousand followers with
 * selectors decode a change once. Borrowed until the call after the next. */
const struct value *watch_decode(struct watch *watch, struct doc *doc);

/* Show the change to who waits (follower.c, subscription.c). */
void follower_wake(struct topic *topic, const struct change *change);
void follower_wake_all(struct topic *topic);
void subscription_show(struct list *subscriptions, const struct change *change);
void subscription_catch_up(struct watch *watch);

/* Free `spot` where nobody waits there. */
void watch_spot_settle(struct watch *watch, struct spot *spot);

#endif
