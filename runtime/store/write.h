/* The write side of the store. Only the gate (admission) includes this header.
 *
 * Writes are validated against the pending head: the objects as they will be when everything that was
 * submitted is durable. While a commit is under way, new sets gather; together they are the next
 * commit. If a commit fails for certain (no space), it and everything that was validated on top of it
 * fails, and the pending head is the durable one again.
 */
#ifndef STORE_WRITE_H
#define STORE_WRITE_H

#include "store/store.h"

/* Told once, on the core, in a later step than the call that registered it. */
struct store_waiter {
    struct list link;
    /* TEND_OK: durable, and visible to readers. TEND_UNAVAILABLE: it did not happen; `err` says why.
     * May commit, settle and forget other waiters. */
    void (*settled)(struct store_waiter *waiter, enum tend_code code, const struct error *err);
};

struct store_write {
    enum change_op op;
    struct text key;    /* copied */
    struct doc *doc;    /* the store takes its own reference; also of a delete: the last object */
    struct text reason; /* copied; may be empty */
};

/* The revision that the first write of the next store_commit will get, the next ones following. */
int64_t store_next_revision(const struct store *store);

/* The object at `key` in the pending head, borrowed until the next commit; NULL where there is none. */
struct doc *store_pending(const struct store *store, struct text key);

/* Up to `max` objects of the pending head, as store_list. */
size_t store_pending_list(const struct store *store, struct text prefix, struct text after,
                          struct store_entry *entries, size_t max);

/* Commit `count` (> 0) writes as one set: all or nothing, contiguous revisions from
 * store_next_revision(). Creates of keys that exist and changes of keys that do not are the caller's
 * bug (asserted). `waiter` (may be NULL) is settled when the set is durable. TEND_LIMIT where too much
 * waits already (STORE_PENDING_ROWS_MAX, STORE_PENDING_BYTES_MAX), and TEND_UNAVAILABLE where the
 * store finishes, or is STORE_FULL and the set is not STORE_SHRINKS; then nothing happened and
 * `waiter` is not called. */
NODISCARD enum tend_code store_commit(struct store *store, const struct store_write *writes,
                                      size_t count, struct text actor, enum store_purpose purpose,
                                      struct store_waiter *waiter, struct error *err);

/* Settle `waiter` when everything that is pending now is durable (in the next step where nothing is):
 * for answers that wrote nothing but rest on the pending head. */
void store_settle(struct store *store, struct store_waiter *waiter);

/* Take a waiter back; harmless where it was settled. */
void store_forget(struct store_waiter *waiter);

#endif
