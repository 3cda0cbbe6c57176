/* A subscription hangs at the key that it is about, or at the resource of its selection, and is shown
 * what the hub shows. One that was read before the hub's position first catches up: a short way is
 * looked at change by change, a long way is not worth it (being told once too often is allowed).
 *
 * Whoever is told may stop any subscription and start others. So a list is emptied into a local one
 * first, and each goes home before it is told: whatever is stopped meanwhile takes itself out of
 * whichever list it is in, and what is new waits for the next change.
 */
#include "watch/subscription.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "watch/hub.h"

static struct list *home(struct subscription *subscription)
{
    return subscription->spot != NULL ? &subscription->spot->subscriptions
                                      : &subscription->topic->subscriptions;
}

static bool concerns(const struct subscription *subscription, const struct change *change)
{
    if (subscription->spot != NULL) {
        return text_equal(change->key, subscription->spot->key);
    }
    return selection_match(&subscription->selection, change->key, change->before) ||
           (change->op != CHANGE_DELETE &&
            selection_match(&subscription->selection, change->key, change->doc));
}

/* True where it goes on. */
static bool tell(struct subscription *subscription, const struct change *change)
{
    switch (subscription->outdated(subscription, change)) {
    case SUBSCRIPTION_KEEP:
        return subscription->watch != NULL;
    case SUBSCRIPTION_OVER:
        subscription_stop(subscription);
        break;
    }
    return false;
}

void subscription_show(struct list *subscriptions, const struct change *change)
{
    struct list waiting;
    list_init(&waiting);
    list_splice(&waiting, subscriptions);
    struct list *link;
    while ((link = list_pop(&waiting)) != NULL) {
        struct subscription *subscription = CONTAINER_OF(link, struct subscription, link);
        list_append(home(subscription), link);
        if (change == NULL ||
            (change->revision > subscription->after && concerns(subscription, change))) {
            tell(subscription, change);
        }
    }
}

/* Show what happened between its reading and the hub's position. */
static void catch_up(struct watch *watch, struct subscription *subscription)
{
    int64_t at = subscription->after;
    if (at < store_recent_floor(watch->store) || watch->seen - at > SUBSCRIPTION_LATE_MAX) {
        tell(subscription, NULL);
        return;
    }
    bool goes_on = true;
    while (goes_on && at < watch->seen) {
        const struct change *change = store_recent(watch->store, at);
        at = change->revision;
        goes_on =
            at <= watch->seen && (!concerns(subscription, change) || tell(subscription, change));
    }
}

void subscription_catch_up(struct watch *watch)
{
    struct list late;
    list_init(&late);
    list_splice(&late, &watch->late);
    struct list *link;
    while ((link = list_pop(&late)) != NULL) {
        catch_up(watch, CONTAINER_OF(link, struct subscription, late));
    }
}

static void start(struct watch *watch, struct subscription *subscription, int64_t revision)
{
    subscription->watch = watch;
    subscription->after = revision;
    list_append(home(subscription), &subscription->link);
    if (revision < watch->seen) {
        list_append(&watch->late, &subscription->late);
        world_soon(watch->world, &watch->task);
    }
}

void subscription_start_key(struct watch *watch, struct subscription *subscription, struct text key,
                            int64_t revision)
{
    struct spot *spot = map_get(&watch->spots, key);
    if (spot == NULL) {
        spot = alloc_new(sizeof *spot + key.len + 1);
        memcpy(spot->bytes, key.ptr, key.len);
        spot->key = (struct text){spot->bytes, key.len};
        list_init(&spot->subscriptions);
        map_put(&watch->spots, spot->key, spot);
    }
    subscription->spot = spot;
    subscription->topic = NULL;
    start(watch, subscription, revision);
}

void subscription_start_selection(struct watch *watch, struct subscription *subscription,
                                  struct selection selection, int64_t revision)
{
    subscription->selection = selection;
    subscription->spot = NULL;
    subscription->topic = watch_topic(watch, selection_resource(&selection));
    start(watch, subscription, revision);
}

void subscription_stop(struct subscription *subscription)
{
    struct watch *watch = subscription->watch;
    if (watch == NULL) {
        return;
    }
    subscription->watch = NULL;
    list_remove(&subscription->link);
    list_remove(&subscription->late);
    selection_done(&subscription->selection);
    if (subscription->spot != NULL) {
        watch_spot_settle(watch, subscription->spot);
    }
}
