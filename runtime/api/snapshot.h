/* Snapshots that lists read from: one open reader for each revision, shared, and kept between the pages
 * of a list that is read page by page.
 *
 * A snapshot is held by its users (lists being written) and by continue tokens that were handed out. The
 * tokens cannot be trusted to come back, so beyond LIST_SNAPSHOTS_MAX the oldest that only tokens hold
 * goes, and the store ends every reader that grew too old.
 */
#ifndef API_SNAPSHOT_H
#define API_SNAPSHOT_H

#include <stdbool.h>

#include "store/store.h"

struct snapshots {
    struct store *store;
    struct list all; /* oldest first */
    size_t count;
};

struct snapshot {
    struct list link;
    struct snapshots *owner;
    struct store_reader reader;
    unsigned users, tokens;
    bool is_open; /* false: it expired; nothing can be read any more */
};

void snapshots_init(struct snapshots *snapshots, struct store *store);
void snapshots_done(struct snapshots *snapshots); /* no users are left */

/* The durable head, with one more user. */
struct snapshot *snapshots_now(struct snapshots *snapshots);

/* The snapshot of `revision` with one more user; NULL where it is not kept. */
struct snapshot *snapshots_find(struct snapshots *snapshots, int64_t revision);

/* A token was handed out; it came back. */
void snapshot_keep(struct snapshot *snapshot);
void snapshot_resume(struct snapshot *snapshot);

/* One user less. NULL is allowed. */
void snapshot_leave(struct snapshot *snapshot);

#endif
