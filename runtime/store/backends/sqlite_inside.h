/* What the files of the SQLite backend share.
 *
 *     sqlite.c         open, close, the schema
 *     sqlite_log.c     append, load, read
 *     sqlite_tidy.c    head, checkpoints, compaction, a full disk
 *
 * The tables, revision numbers as rowids, no secondary index:
 *
 *     log    (oldest, newest]   every row that is kept, without a gap
 *            [1, oldest]        of the rows that were forgotten, those that are an object as of oldest:
 *                               a row goes when the one that replaced it is forgotten too
 *     live   revisions of the rows that are the objects as of revision H: what load starts from
 *     meta   head = H; live = how many there are; oldest; total = bytes of documents up to oldest
 *
 *     oldest <= H <= newest
 *
 * So every kept row finds its predecessor in the log, nothing is ever copied, and all that folding (H
 * moving on) writes is eight bytes an object. A row's `total` is the bytes of all documents up to and
 * including it, so how much a stretch of the log holds is a subtraction. `sum` seals key, revision and
 * document, `seal` the rest of a row.
 */
#ifndef STORE_BACKENDS_SQLITE_INSIDE_H
#define STORE_BACKENDS_SQLITE_INSIDE_H

#include <sqlite3.h>

#include "store/backend.h"
#include "store/backends/data_directory.h"

/* Statements of the writer, prepared once. */
enum sqlite_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_APPEND,
    SQL_META,      /* value of a name */
    SQL_SET_META,  /* name, value */
    SQL_LOG_ROW,   /* set_last, time, total of a revision */
    SQL_LIVE_DROP, /* after, up to */
    SQL_LIVE_ADD,  /* after, up to */
    SQL_LOG_DROP,  /* after, up to: predecessors */
    SQL_LOG_CLEAN, /* after, up to: deletions */
    SQL_STATEMENTS
};

/* Statements of the reader. */
enum sqlite_query {
    SQL_READ_BEGIN,
    SQL_READ_END,
    SQL_READ_META,
    SQL_READ_ROWS,   /* after, at most */
    SQL_READ_BEFORE, /* revision */
    SQL_QUERIES
};

struct sqlite_backend {
    struct backend backend;
    struct data_directory directory;

    /* LANE_WRITE's */
    sqlite3 *writer;
    sqlite3_stmt *statements[SQL_STATEMENTS];
    struct backend_state state;
    int64_t head;         /* H */
    int64_t total;        /* bytes of all documents up to state.revision */
    int64_t oldest_total; /* ... up to state.oldest */
    int64_t live;         /* how many rows `live` has */
    int wal_pages;        /* since the last checkpoint */
    bool heading;         /* H is on its way to the newest row */
    bool vacuuming;

    /* LANE_READ's */
    sqlite3 *reader;
    sqlite3_stmt *queries[SQL_QUERIES];
};

/* --- sqlite.c ---------------------------------------------------------------------------------- */

/* The failure that SQLite's answer `rc` stands for, in a sentence that says what was tried. */
enum tend_code sqlite_fail(const struct sqlite_backend *self, sqlite3 *db, int rc, const char *what,
                           struct error *err);

/* Run a statement that returns no rows; it is reset whatever comes. */
int sqlite_run(sqlite3_stmt *statement);

/* Value of meta `name`, 0 where it is not there. */
int sqlite_meta(sqlite3_stmt *statement, const char *name, int64_t *ret_value);

/* Leave a transaction that failed. */
void sqlite_rollback(struct sqlite_backend *self);

/* --- sqlite_log.c ------------------------------------------------------------------------------ */
enum tend_code sqlite_load(struct backend *backend, struct backend_visitor *visitor,
                           struct backend_state *ret_state, struct error *err);
enum tend_code sqlite_append(struct backend *backend, const struct backend_row *rows, size_t count,
                             enum store_purpose purpose, struct error *err);
enum tend_code sqlite_read(struct backend *backend, const struct backend_query *query,
                           struct backend_visitor *visitor, int64_t *ret_reached,
                           struct error *err);

/* --- sqlite_tidy.c ----------------------------------------------------------------------------- */
enum tend_code sqlite_tidy(struct backend *backend, enum backend_more *ret_more, struct error *err);
enum tend_code sqlite_compact(struct backend *backend, const struct backend_keep *keep,
                              struct backend_state *ret_state, enum backend_more *ret_more,
                              struct error *err);
enum tend_code sqlite_recover(struct backend *backend, struct error *err);

/* Copy what is in the WAL into the file, as far as no reader is in the way. */
enum tend_code sqlite_checkpoint(struct sqlite_backend *self, struct error *err);

/* Make room for a small commit on a full disk. */
void sqlite_make_room(struct sqlite_backend *self);

/* Set backend.untidy by what has gathered. */
void sqlite_judge(struct sqlite_backend *self);

/* Time of the first row that is kept, 0 where there is none, into state.oldest_ms. */
int sqlite_find_oldest(struct sqlite_backend *self);

#endif
