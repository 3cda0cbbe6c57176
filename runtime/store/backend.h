/* What a store rests on: something that keeps rows, in order, durably. Two implementations:
 * backends/sqlite.h and backends/memory.h; one conformance suite (tests/conformance/backend.c).
 *
 * The store calls `load` and `close` while nothing else runs; `append`, `tidy`, `compact` and
 * `recover` one at a time on LANE_WRITE; and `read` one at a time on LANE_READ, which may overlap
 * those. A backend has no locks towards the store and starts no threads.
 *
 *   1  A row that `append` returned TEND_OK for is there after a crash at any instruction.
 *   2  The rows of one `append` are there together or not at all; so are the rows of one set.
 *   3  Revisions are contiguous: the first row of an append is one more than the newest before it.
 *   4  What is damaged is reported as TEND_CORRUPT, never skipped.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/store.h"

struct backend_row {
    int64_t revision, set_last;
    int64_t previous; /* revision of the version before; 0 for a create */
    enum change_op op;
    struct text key;
    struct text doc; /* canonical bytes */
    struct text actor, reason;
    int64_t time_ms;
    /* From `read` only: the document of the version before; ptr NULL for a create. Every row that is
     * kept has it, also where its predecessor was compacted. */
    struct text before;
};

/* Receives rows; texts are valid during the call only. A failure stops the reading. */
struct backend_visitor {
    enum tend_code (*row)(struct backend_visitor *visitor, const struct backend_row *row,
                          struct error *err);
};

/* What is kept. Rows after `oldest` are; it is the end of a set. */
struct backend_state {
    int64_t revision;       /* newest row ever; 0: none yet */
    int64_t oldest;         /* <= revision */
    int64_t bytes;          /* of the documents of the rows that are kept */
    int64_t oldest_ms;      /* time of the first row that is kept; 0 where none is */
    enum store_state space; /* from `load`: STORE_FULL where there is none to write to */
};

/* Which rows may go: the oldest ones, as long as there are more than `count`, or more than `bytes`, or
 * they are from before `since_ms`. */
struct backend_keep {
    int64_t since_ms, count, bytes;
};

/* One page of the log. */
struct backend_query {
    int64_t after;      /* rows with a greater revision */
    struct text prefix; /* of their keys */
    size_t rows_max;    /* > 0 */
    size_t bytes_max;   /* of documents; the first row comes whatever its size */
    size_t looks_max;   /* > 0; rows to look at, matching or not */
};

enum backend_more { BACKEND_DONE, BACKEND_MORE };

struct backend_ops {
    const char *name;

    /* First every live object as of some revision H, in any order (op CREATE, its own revision;
     * previous, actor, reason and time are not known: zeroed), then every row after H in order.
     * Proportional to the live objects, not to history, where `tidy` was called when it was due. */
    enum tend_code (*load)(struct backend *backend, struct backend_visitor *visitor,
                           struct backend_state *ret_state, struct error *err);

    /* Make `rows` durable in one transaction. TEND_UNAVAILABLE: it certainly did not happen (no
     * space), going on is safe. TEND_IO: nobody knows whether it happened; nothing else is called
     * then but `close`, if anything. STORE_SHRINKS may use space that is set aside for it. */
    enum tend_code (*append)(struct backend *backend, const struct backend_row *rows, size_t count,
                             enum store_purpose purpose, struct error *err);

    /* One bounded step of the housekeeping that keeps `load` short and the files small. Called, as
     * long as it says BACKEND_MORE, after an append that set backend->untidy. Lack of space is
     * TEND_UNAVAILABLE and harmless; TEND_IO as in append. */
    enum tend_code (*tidy)(struct backend *backend, enum backend_more *ret_more, struct error *err);

    /* Forget the oldest rows that `keep` lets go, whole sets, a bounded number of them each call.
     * `*ret_state` is what is kept then. Failures as in tidy. */
    enum tend_code (*compact)(struct backend *backend, const struct backend_keep *keep,
                              struct backend_state *ret_state, enum backend_more *ret_more,
                              struct error *err);

    /* After a TEND_UNAVAILABLE: TEND_OK where there is space again, and what was set aside for
     * STORE_SHRINKS is whole again; otherwise TEND_UNAVAILABLE, or TEND_IO as in append. */
    enum tend_code (*recover)(struct backend *backend, struct error *err);

    /* Rows that `query` asks for, in order, each with `before`. Everything up to `*ret_reached` was
     * looked at: it is the newest revision where the log's end was reached. TEND_GONE where
     * query->after is older than what is kept. */
    enum tend_code (*read)(struct backend *backend, const struct backend_query *query,
                           struct backend_visitor *visitor, int64_t *ret_reached,
                           struct error *err);

    /* End it and free it. */
    void (*close)(struct backend *backend);
};

struct backend {
    const struct backend_ops *ops;
    enum backend_more untidy; /* set by append and load: `tidy` has something to do */
};

#endif
