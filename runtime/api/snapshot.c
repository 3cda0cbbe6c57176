/* A token counts as a holder until it comes back or the snapshot expires. One that is used twice only
 * lets its snapshot go early, and its list is then told to begin anew: nothing wrong is ever shown. */
#include "api/snapshot.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"

void snapshots_init(struct snapshots *snapshots, struct store *store)
{
    *snapshots = (struct snapshots){.store = store};
    list_init(&snapshots->all);
}

static void drop(struct snapshot *snapshot)
{
    store_reader_close(snapshot->owner->store, &snapshot->reader);
    list_remove(&snapshot->link);
    snapshot->owner->count--;
    free(snapshot);
}

static void drop_unheld(struct snapshot *snapshot)
{
    bool is_held = snapshot->users > 0 || (snapshot->is_open && snapshot->tokens > 0);
    if (!is_held) {
        drop(snapshot);
    }
}

void snapshots_done(struct snapshots *snapshots)
{
    LIST_FOREACH_SAFE (link, &snapshots->all) {
        struct snapshot *snapshot = CONTAINER_OF(link, struct snapshot, link);
        assert(snapshot->users == 0);
        drop(snapshot);
    }
}

static void reader_expired(struct store_reader *reader)
{
    struct snapshot *snapshot = CONTAINER_OF(reader, struct snapshot, reader);
    snapshot->is_open = false;
    drop_unheld(snapshot);
}

/* Make room for one: the oldest that only tokens hold goes. Users are bounded by connections. */
static void make_room(struct snapshots *snapshots)
{
    LIST_FOREACH (link, &snapshots->all) {
        struct snapshot *snapshot = CONTAINER_OF(link, struct snapshot, link);
        if (snapshots->count >= LIST_SNAPSHOTS_MAX && snapshot->users == 0) {
            drop(snapshot);
            return;
        }
    }
}

struct snapshot *snapshots_find(struct snapshots *snapshots, int64_t revision)
{
    LIST_FOREACH (link, &snapshots->all) {
        struct snapshot *snapshot = CONTAINER_OF(link, struct snapshot, link);
        if (snapshot->is_open && snapshot->reader.revision == revision) {
            snapshot->users++;
            return snapshot;
        }
    }
    return NULL;
}

struct snapshot *snapshots_now(struct snapshots *snapshots)
{
    struct snapshot *snapshot = snapshots_find(snapshots, store_revision(snapshots->store));
    if (snapshot != NULL) {
        return snapshot;
    }
    make_room(snapshots);
    snapshot = alloc_new(sizeof *snapshot);
    *snapshot = (struct snapshot){.owner = snapshots, .users = 1, .is_open = true};
    snapshot->reader.expired = reader_expired;
    store_reader_open(snapshots->store, &snapshot->reader);
    list_append(&snapshots->all, &snapshot->link);
    snapshots->count++;
    return snapshot;
}

void snapshot_keep(struct snapshot *snapshot)
{
    snapshot->tokens++;
}

void snapshot_resume(struct snapshot *snapshot)
{
    if (snapshot->tokens > 0) {
        snapshot->tokens--;
    }
}

void snapshot_leave(struct snapshot *snapshot)
{
    if (snapshot != NULL) {
        assert(snapshot->users > 0);
        snapshot->users--;
        drop_unheld(snapshot);
    }
}
