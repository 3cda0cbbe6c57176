/* One task for each group of durable changes. It walks what is new in the ring once and looks each
 * change up: its resource, "any resource", its key. Followers that are behind anyway are not in a
 * topic's list, so a burst touches each of them once.
 *
 * The position of a follower that waits is `seen`, without being written anywhere: a change of one kind
 * moves all followers of other kinds forward for free.
 */
#include "watch/watch.h"

#include <assert.h>

#include "base/alloc.h"
#include "watch/hub.h"

static void topic_init(struct topic *topic, struct text resource)
{
    topic->resource = alloc_text(resource.ptr, resource.len);
    list_init(&topic->followers);
    list_init(&topic->subscriptions);
}

static void topic_done(struct topic *topic)
{
    assert(list_empty(&topic->followers) && list_empty(&topic->subscriptions));
    free(topic->resource);
}

struct topic *watch_topic(struct watch *watch, struct text resource)
{
    if (resource.len == 0) {
        return &watch->any;
    }
    struct topic *topic = map_get(&watch->topics, resource);
    if (topic == NULL) {
        topic = alloc_new(sizeof *topic);
        topic_init(topic, resource);
        map_put(&watch->topics, text_of(topic->resource), topic);
    }
    return topic;
}

static void memo_done(struct memo *memo)
{
    memo->doc = doc_unref(memo->doc);
    memo->root = NULL;
    arena_done(&memo->arena);
}

const struct value *watch_decode(struct watch *watch, struct doc *doc)
{
    for (unsigned i = 0; i < COUNT_OF(watch->memo); i++) {
        if (watch->memo[i].doc == doc) {
            watch->memo_next = 1 - i; /* the other one is older */
            return watch->memo[i].root;
        }
    }
    struct memo *memo = &watch->memo[watch->memo_next];
    watch->memo_next = 1 - watch->memo_next;
    memo_done(memo);
    memo->doc = doc_ref(doc);
    if (doc_tree(doc, &memo->arena, &memo->root, NULL) != TEND_OK) {
        memo->root = NULL;
    }
    return memo->root;
}

void watch_spot_settle(struct watch *watch, struct spot *spot)
{
    if (!spot->busy && list_empty(&spot->subscriptions)) {
        map_remove(&watch->spots, spot->key);
        free(spot);
    }
}

static void show_to_spot(struct watch *watch, const struct change *change)
{
    struct spot *spot = map_get(&watch->spots, change->key);
    if (spot != NULL) {
        spot->busy = true;
        subscription_show(&spot->subscriptions, change);
        spot->busy = false;
        watch_spot_settle(watch, spot);
    }
}

static void show(struct watch *watch, const struct change *change)
{
    struct text resource = text_first(change->key, text_find(change->key, '/'));
    struct topic *topic = map_get(&watch->topics, resource);
    if (topic != NULL) {
        follower_wake(topic, change);
        subscription_show(&topic->subscriptions, change);
    }
    follower_wake(&watch->any, change);
    subscription_show(&watch->any.subscriptions, change);
    show_to_spot(watch, change);
}

/* More changes came at once than the ring holds: everybody has to look. */
static void show_gap(struct watch *watch)
{
    MAP_FOREACH (slot, &watch->topics) {
        struct topic *topic = slot->value;
        follower_wake_all(topic);
        subscription_show(&topic->subscriptions, NULL);
    }
    follower_wake_all(&watch->any);
    subscription_show(&watch->any.subscriptions, NULL);
    struct list keyed;
    list_init(&keyed);
    MAP_FOREACH (slot, &watch->spots) {
        struct spot *spot = slot->value;
        list_splice(&keyed, &spot->subscriptions); /* back to their spots as they are shown */
    }
    subscription_show(&keyed, NULL);
}

static void look(struct task *task)
{
    struct watch *watch = CONTAINER_OF(task, struct watch, task);
    int64_t head = store_revision(watch->store);
    if (watch->seen < store_recent_floor(watch->store)) {
        show_gap(watch);
        watch->seen = watch->end = head;
    }
    while (watch->seen < head) {
        const struct change *change = store_recent(watch->store, watch->seen);
        assert(change != NULL && change->revision > watch->seen);
        show(watch, change);
        watch->seen = change->revision;
        watch->end = change->revision == change->set_last ? change->revision : watch->end;
    }
    subscription_catch_up(watch);
}

static void advanced(struct store_listener *listener, int64_t revision)
{
    (void)revision;
    struct watch *watch = CONTAINER_OF(listener, struct watch, listener);
    world_soon(watch->world, &watch->task);
}

struct watch *watch_new(struct world *world, struct store *store)
{
    struct watch *watch = alloc_new(sizeof *watch);
    watch->world = world;
    watch->store = store;
    watch->seen = watch->end = store_revision(store);
    watch->task.run = look;
    watch->listener.advanced = advanced;
    topic_init(&watch->any, TEXT(""));
    list_init(&watch->late);
    store_listen(store, &watch->listener);
    return watch;
}

void watch_free(struct watch *watch)
{
    if (watch == NULL) {
        return;
    }
    assert(watch->spots.count == 0 && list_empty(&watch->late));
    store_unlisten(&watch->listener);
    list_remove(&watch->task.link);
    MAP_FOREACH (slot, &watch->topics) {
        topic_done(slot->value);
        free(slot->value);
    }
    topic_done(&watch->any);
    map_done(&watch->topics);
    map_done(&watch->spots);
    for (unsigned i = 0; i < COUNT_OF(watch->memo); i++) {
        memo_done(&watch->memo[i]);
    }
    free(watch);
}

int64_t watch_revision(const struct watch *watch)
{
    return watch->seen;
}
