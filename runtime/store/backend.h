/* What a store rests on: something that keeps rows, in order, durably. Two implementations:
 * backends/sqlite.h and backends/memory.h; one conformance suite.
 *
 * The store calls `load` and `close` on the core while nothing else runs, `append`, `head` and
 * `compact` one at a time on LANE_WRITE, and `read` one at a time on LANE_READ, which may overlap a
 * write. A backend has no locks towards the store and starts no threads.
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
};

/* Receives rows; texts are valid during the call only. A failure stops the reading. */
struct backend_visitor {
    enum tend_code (*row)(struct backend_visitor *visitor, const struct backend_row *row,
                          struct error *err);
};

struct backend_state {
    int64_t revision; /* newest row; 0: empty */
    int64_t oldest;   /* rows after this one are kept */
};

struct backend_ops {
    const char *name;

    /* First every live object as of some revision H (op CREATE, its own revision), then every row
     * after H in order. Proportional to the live objects plus what came since `head` was last
     * called, not to history. */
    enum tend_code (*load)(struct backend *backend, struct backend_visitor *visitor,
                           struct backend_state *ret_state, struct error *err);

    /* Make `rows` durable in one transaction. TEND_UNAVAILABLE: it certainly did not happen (no
     * space), going on is safe. TEND_IO: nobody knows whether it happened. */
    enum tend_code (*append)(struct backend *backend, const struct backend_row *rows, size_t count,
                             struct error *err);

    /* Bring the head table up to date in bounded steps; sets `*ret_more` where work is left. Failure
     * for lack of space is TEND_UNAVAILABLE and harmless. */
    enum tend_code (*head)(struct backend *backend, bool *ret_more, struct error *err);

    /* Forget rows up to `revision`, a bounded number of them each call; `*ret_more` as above. */
    enum tend_code (*compact)(struct backend *backend, int64_t revision, bool *ret_more,
                              struct error *err);

    /* Rows after `after` whose key starts with `prefix`, in order, until the visitor has `max` rows or
     * `bytes_max`; each row is followed by the version before it where there is one and it is kept
     * (revision row->previous). TEND_GONE where `after` is older than what is kept. */
    enum tend_code (*read)(struct backend *backend, int64_t after, struct text prefix, size_t max,
                           size_t bytes_max, struct backend_visitor *visitor, int64_t *ret_reached,
                           struct error *err);

    void (*close)(struct backend *backend);
};

struct backend {
    const struct backend_ops *ops;
};

#endif
