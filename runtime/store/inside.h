/* The store's parts, shared by the files of this room and nobody else.
 *
 *     commit.c   pending head, batches, what happens when a commit succeeds or fails
 *     reader.c   snapshots, and which versions nobody can see any more
 *     upkeep.c   retention, housekeeping, and a disk that is full
 *     page.c     history
 *     measure.c  what is counted for whoever asks
 *     store.c    the rest: open, close, reads, listeners
 *
 * Pending and durable head share one index: versions newer than `revision` are pending. Rolling back
 * is popping them, publishing is moving `revision`.
 */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "base/map.h"
#include "store/backend.h"
#include "store/index.h"
#include "store/ring.h"
#include "store/row.h"
#include "store/write.h"

/* Sets that become durable together. */
struct batch {
    struct row **rows;
    size_t count, capacity;
    size_t bytes; /* of their documents */
    enum store_purpose purpose;
    struct list waiters;
};

/* A version that was replaced: it goes when no reader needs it. */
struct replaced {
    int64_t by; /* revision of the version that replaced it */
    struct index_entry *entry;
    size_t bytes;
};

/* What was replaced, in order of revisions: a queue in an array. */
struct replaced_queue {
    struct replaced *items;
    size_t first, count, capacity; /* items[first .. first + count) */
    size_t bytes;
};

/* The commit under way. Everything but the batch is the worker's until `done`. */
struct write_job {
    struct job job;
    struct backend *backend;
    struct backend_row *rows;
    size_t count, capacity;
    enum store_purpose purpose;
    enum backend_more untidy;
    enum tend_code code;
    struct error err;
};

enum upkeep_kind { UPKEEP_NONE, UPKEEP_TIDY, UPKEEP_COMPACT, UPKEEP_RECOVER };
struct upkeep_job {
    struct job job;
    struct backend *backend;
    enum upkeep_kind kind; /* UPKEEP_NONE: none is under way */
    struct backend_keep keep;
    struct backend_state state;
    enum backend_more more, untidy;
    enum tend_code code;
    struct error err;
};

/* Each is NULL where nobody counts. */
struct store_measures {
    struct metrics *metrics;
    struct metrics_source source;
    struct metric *seconds, *rows, *failures; /* of commits */
    struct metric *revision, *oldest, *bytes; /* set when they are asked for */
    struct map objects;                       /* gauges by resource */
    int64_t began_ns;                         /* of the commit under way */
};

enum store_phase { STORE_OPEN, STORE_FINISHING, STORE_DEAD /* `fatal` was called */ };

struct store {
    /* fixed after open */
    struct world *world;
    struct backend *backend;
    struct store_options options;

    enum store_phase phase;
    struct task *finished; /* while finishing */

    /* the objects */
    struct index index;
    struct ring ring;
    int64_t revision; /* durable head */
    int64_t pending;  /* pending head, >= revision */
    struct store_size size;
    struct list listeners;

    /* commits */
    struct batch batches[2];
    struct batch *gathering, *flying; /* flying->count > 0: a commit is under way */
    struct write_job write;
    struct task launch;
    struct list settled; /* waiters with nothing to wait for */
    struct task settle;

    /* snapshots */
    struct list readers; /* oldest first */
    struct replaced_queue replaced;
    struct alarm reader_alarm;
    struct task trim;

    /* upkeep */
    enum store_state state;
    struct backend_state kept;
    enum backend_more untidy, compacting; /* the next step of either */
    struct upkeep_job upkeep;
    struct alarm retain_alarm, probe_alarm;
    struct task begin; /* upkeep, once the loop runs */

    /* history */
    size_t pages;        /* under way */
    struct list refused; /* page jobs that were asked for too late */
    struct task refuse;

    struct store_measures measures;
};

/* --- commit.c ---------------------------------------------------------------------------------- */
void commit_init(struct store *store);
void commit_done(struct store *store);

/* --- reader.c ---------------------------------------------------------------------------------- */
void readers_init(struct store *store);
void readers_done(struct store *store);

/* `row` was published; the version before it, if there is one, waits to be trimmed. */
void readers_replace(struct store *store, const struct row *row);

/* Drop what no reader can see; in a step where nothing was lent out. */
void readers_trim(struct store *store);

/* --- upkeep.c ---------------------------------------------------------------------------------- */
void upkeep_init(struct store *store);
void upkeep_done(struct store *store);

/* A batch was published: its rows count, and the backend may want to be tidied. */
void upkeep_appended(struct store *store, const struct batch *batch, enum backend_more untidy);

/* There was no space: refuse what grows, and look for space from time to time. */
void upkeep_full(struct store *store);

/* Do what is due, unless something is under way. */
void upkeep_start(struct store *store);

/* --- measure.c --------------------------------------------------------------------------------- */
void measures_init(struct store *store); /* what is there is counted */
void measures_done(struct store *store);

/* A commit begins, and ended so; what became visible by it. */
void measures_begin(struct store *store);
void measures_end(struct store *store, enum tend_code code, size_t rows);
void measures_publish(struct store *store, const struct change *change);

/* --- page.c ------------------------------------------------------------------------------------ */
void pages_init(struct store *store);
void pages_done(struct store *store);

/* --- store.c ----------------------------------------------------------------------------------- */

/* Nobody knows what is on disk: tell the owner, and never answer anything again. */
void store_fatal(struct store *store, const struct error *err);

/* Called whenever something that was under way has ended. */
void store_maybe_finished(struct store *store);

#endif
