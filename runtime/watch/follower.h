/* A follower: every change after a revision, in order, once, or the answer that they are gone.
 *
 *     follower_start(watch, &mine->follower, ...);      then, whenever it is `ready`:
 *     do {
 *         code = follower_pull(&mine->follower, events, COUNT_OF(events), &count, &err);
 *         ... use events[0..count) ...
 *     } while (code == TEND_OK && count > 0);
 *
 * The consumer pulls at its own pace and stops pulling when it can take no more: a follower is only a
 * position in the log, so a slow consumer costs a fixed amount of memory. It reads the ring in memory,
 * and where it is too far behind for that, pages of the log (at most FOLLOW_PAGE_MAX changes at once).
 *
 * Changes are mapped through the selection: an object that enters it is ADDED; one that leaves it is
 * DELETED, with the last content that was selected but the resourceVersion of the change; a deletion
 * carries the deletion's revision. A follower may start inside a set and gets the rest of it.
 */
#ifndef WATCH_FOLLOWER_H
#define WATCH_FOLLOWER_H

#include <stdbool.h>

#include "watch/selection.h"
#include "watch/watch.h"

enum follow_op {
    FOLLOW_ADDED,
    FOLLOW_MODIFIED,
    FOLLOW_DELETED,
    FOLLOW_SYNCED, /* the initial list is complete; `revision` is what it was taken at */
};

struct follow_event {
    enum follow_op op;
    int64_t revision;
    struct text key;             /* empty: FOLLOW_SYNCED */
    struct doc *doc;             /* the object; NULL: FOLLOW_SYNCED */
    const struct change *change; /* what caused it; NULL in the initial list */
};

enum follow_start {
    FOLLOW_AFTER,   /* what comes after options.after */
    FOLLOW_INITIAL, /* each object that exists as ADDED, in order of keys, SYNCED, then what comes */
};

struct follow_options {
    enum follow_start start;
    int64_t after; /* FOLLOW_AFTER: a revision, also one inside a set */
};

/* Embedded in its owner, who sets `ready`; the rest is private. */
struct follower {
    /* Called in a step of its own, at most once for each pull that returned nothing: pull again. */
    void (*ready)(struct follower *follower);

    struct watch *watch; /* NULL: not started */
    struct selection selection;
    struct list link; /* in the watch, under its resource */
    struct task task; /* calls `ready` */
    enum follow_phase {
        FOLLOW_LISTING,
        FOLLOW_LIVE, /* waits for what is new; position: watch_revision() */
        FOLLOW_BEHIND,
        FOLLOW_READING, /* a page of the log is on its way */
        FOLLOW_LOST     /* the next pull says why */
    } phase;
    int64_t after;    /* everything up to here was delivered (or is not selected) */
    int64_t bookmark; /* the newest end of a set at or before `after` */
    struct store_reader reader;
    char *listed; /* last key of the initial list so far */
    struct follow_page *page;
    struct doc **made; /* documents of events that were made here; until the next pull */
    size_t made_count, made_capacity;
    struct error lost;
};

/* Start. `follower->ready` is set, the rest zeroed; takes `selection` (also where it fails). Where
 * something is there already, `ready` is called in a later step.
 * TEND_GONE where options.after is older than what is kept; TEND_INVALID where it lies in the future. */
NODISCARD enum tend_code follower_start(struct watch *watch, struct follower *follower,
                                        struct selection selection,
                                        const struct follow_options *options, struct error *err);

/* End it; `ready` is not called any more. Harmless where it is not started. */
void follower_stop(struct follower *follower);

/* The next events, up to `max` (> 0). With TEND_OK and none, nothing is there yet and `ready` will be
 * called. Keys, documents and changes are borrowed until the next call for this follower, or until
 * control returns to the loop.
 *
 * TEND_GONE: the log does not reach back to the follower's position any more (it was too slow), or its
 * initial list took longer than READER_AGE_MAX_MS; list anew. TEND_IO, TEND_CORRUPT, TEND_UNAVAILABLE:
 * the log cannot be read. After any of them only follower_stop is left. */
NODISCARD enum tend_code follower_pull(struct follower *follower, struct follow_event *events,
                                       size_t max, size_t *ret_count, struct error *err);

/* A revision that a client may resume after: the end of a set, and everything that is selected up to it
 * was delivered. 0 while the initial list is not complete. It grows also when nothing is selected. */
int64_t follower_bookmark(const struct follower *follower);

#endif
