/* The store: every object that exists, every change that made it so, and a number for each change.
 *
 * The log is the truth: a row for each change, numbered by one counter, the revision. The index in
 * memory (key -> chain of versions) is derived from it. Nothing is seen before it is durable: reads,
 * lists and listeners know the durable head only. What is on its way to the disk, the pending head,
 * is the business of store/write.h, which only the gate (admission) includes.
 *
 *   1  A change that a listener or reader has seen is on disk.
 *   2  Revisions grow by one within a run of the log and never repeat, not after a crash either.
 *   3  The rows of a set are contiguous and become visible together; each names the set's last one.
 *   4  A reader at revision R sees, for each key, the newest version <= R, until it is closed or expires.
 *   5  The ring holds the newest changes without a gap: everything after store_recent_floor().
 *
 * All functions are called on the core. A commit is written by world_offload(LANE_WRITE), history is
 * read by LANE_READ.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "base/text.h"
#include "base/world.h"
#include "document/doc.h"

struct store;
struct backend; /* store/backend.h */

enum change_op { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_DELETE };

/* What a set of writes is for: where there is no space, only what helps to make some is taken. */
enum store_purpose { STORE_GROWS, STORE_SHRINKS /* deletes, and the writes that go with them */ };

/* Whether writes are refused for lack of space; deletes are not. The store finds out by itself when
 * there is space again. */
enum store_state { STORE_READY, STORE_FULL };

/* One row of the log. Texts and documents are borrowed from whoever hands out the change. */
struct change {
    int64_t revision;
    int64_t set_last; /* last revision of the set it belongs to */
    int64_t previous; /* revision of `before`; 0 for a create */
    enum change_op op;
    struct text key; /* "labinstances.lab.neuroglia.com/default/lab1" (resource/key.h) */
    struct doc *doc; /* the object after; of a delete the last object with the delete's revision */
    struct doc *before; /* the object before; NULL for a create */
    struct text actor;  /* who: "client/uid:0", "manifest", "controller/labinstance", "host" */
    struct text reason; /* why, one word or sentence; may be empty */
    int64_t time_ms;    /* wall clock */
};

/* How much of the log is kept. Rows go when they are older, or more, or larger than this, within a
 * sixteenth; 0 means the default of base/limits.h. Objects are not touched, only their history. */
struct store_options {
    int64_t retain_ms;    /* wall clock */
    int64_t retain_count; /* rows */
    int64_t retain_bytes; /* of documents */
    /* The backend does not know whether a commit is on disk: nothing may be answered any more. The
     * host logs and exits at once. Where it returns (in tests), the store answers nothing ever after:
     * no waiter, listener or page is called. */
    void (*fatal)(void *owner, const struct error *err);
    /* There is no space any more, or there is some again; NULL allowed. Also from inside store_open. */
    void (*space)(void *owner, enum store_state state);
    void *owner;
    struct metrics *metrics; /* where it counts, outlives the store; NULL: nowhere */
};

/* Load everything from `backend` (taken over, closed with the store). Blocks; before the loop runs.
 * TEND_CORRUPT names the row that is not what was written. */
NODISCARD enum tend_code store_open(struct world *world, struct backend *backend,
                                    const struct store_options *options, struct store **ret_store,
                                    struct error *err);

/* Take no more writes and pages (TEND_UNAVAILABLE), finish what is under way, then run `finished`, in a
 * step of its own: after it the store can be closed. */
void store_finish(struct store *store, struct task *finished);

/* Close store and backend; blocks. Nothing may be under way on a lane: either the loop never ran, or
 * store_finish's task did; what is asked for after it (an answer to hold, a page) is dropped. After
 * `fatal` it is not called. NULL is allowed. */
void store_close(struct store *store);

/* --- the durable head -------------------------------------------------------------------------- */

int64_t store_revision(const struct store *store);

/* The object at `key`, borrowed until control returns to the loop; NULL where there is none. */
struct doc *store_get(const struct store *store, struct text key);

/* The same as of `revision`, which an open reader protects. */
struct doc *store_get_at(const struct store *store, struct text key, int64_t revision);

/* How many live objects there are, and how many bytes their documents hold. */
struct store_size {
    size_t objects;
    size_t bytes;
};
struct store_size store_size(const struct store *store);

/* Number of live objects whose key starts with `prefix` (at the durable head); O(log n + matches). */
size_t store_count(const struct store *store, struct text prefix);

/* --- snapshots --------------------------------------------------------------------------------- */

/* Keeps the versions of one revision alive. Embedded in its owner; `expired` is called when it grew
 * older than READER_AGE_MAX_MS, or when it is the oldest and more than READER_BYTES_MAX of documents
 * that were replaced are kept for readers: it is closed by then. */
struct store_reader {
    struct list link;
    int64_t revision;                             /* read-only for the owner */
    int64_t opened_ms;                            /* ticks */
    void (*expired)(struct store_reader *reader); /* may be NULL */
};

/* Open at the durable head. `reader` is zeroed but for `expired`. */
void store_reader_open(struct store *store, struct store_reader *reader);
void store_reader_close(struct store *store, struct store_reader *reader); /* harmless if closed */

struct store_entry {
    struct text key;
    struct doc *doc;
    int64_t revision;
};

/* Up to `max` objects with keys that start with `prefix` and are greater than `after` (empty: from
 * the start), in byte order of keys, as of `revision`. Borrowed until control returns to the loop.
 * Returns how many; fewer than `max` means the end. Long lists are made by calling it again in a
 * later step with the last key. */
size_t store_list(const struct store *store, int64_t revision, struct text prefix,
                  struct text after, struct store_entry *entries, size_t max);

/* --- changes ----------------------------------------------------------------------------------- */

/* Called once for each durable set or group of sets, in order; read them with store_recent. Must not
 * write from inside: it is called between a commit and its waiters. */
struct store_listener {
    struct list link;
    void (*advanced)(struct store_listener *listener, int64_t revision);
};
void store_listen(struct store *store, struct store_listener *listener);
void store_unlisten(struct store_listener *listener);

/* Changes after this revision are all in the ring. */
int64_t store_recent_floor(const struct store *store);

/* The oldest change in the ring that is newer than `after`, or NULL; borrowed until control returns to
 * the loop. `after` >= store_recent_floor(). */
const struct change *store_recent(const struct store *store, int64_t after);

/* The change that is `revision`, or NULL where the ring has none; borrowed likewise. */
const struct change *store_change_at(const struct store *store, int64_t revision);

/* Rows after this revision are still in the log; a follower from before it is told TEND_GONE. */
int64_t store_oldest(const struct store *store);

/* A page of the log, read from the backend by LANE_READ. Embedded in its owner, which keeps it and
 * the bytes of `prefix` until `done` was called, in a later step. TEND_GONE where `after` is older
 * than store_oldest().
 *
 * A page may hold fewer changes than `max`, none even, before the end of the log: it looks at no more
 * than PAGE_LOOKS_MAX rows. Go on after `reached` until that is what you look for. */
struct store_page {
    int64_t after;      /* rows with a revision greater than this */
    size_t max;         /* at most this many, and about PAGE_BYTES_MAX of documents */
    struct text prefix; /* only keys that start so; empty: all */
    void (*done)(struct store_page *page, enum tend_code code, const struct error *err);
    struct change *changes; /* owned by the page: store_page_clear(); each with its `before` */
    size_t count;
    int64_t reached; /* everything up to here was looked at, also what the prefix left out; never
                        beyond the durable head */
    void *impl;
};
void store_page_read(struct store *store, struct store_page *page);
void store_page_clear(struct store_page *page);

enum store_state store_state(const struct store *store);

#endif
