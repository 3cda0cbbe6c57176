/* Opening and closing.
 *
 * The guard comes first and goes last: nothing of SQLite is touched without it. The writer sets the file
 * up; the reader opens only afterwards and can do no harm. Checkpoints are never automatic, so that no
 * commit pays for one and no other connection makes one (SQLite before 3.51.3 can lose a transaction
 * when two connections checkpoint or write at the same moment).
 *
 * The log is keyed by revision alone. New rows go to the right edge of one tree, which costs a page for
 * a few rows; keys in order would need an index, and that costs a page for each row. What a row replaces
 * is found by its `previous`. */
#include "store/backends/sqlite.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/limits.h"
#include "store/backends/sqlite_inside.h"

enum { FORMAT = 1, APPLICATION = 0x74656e64 /* "tend" */, BUSY_MS = 5000 };

static const char settings[] = "PRAGMA auto_vacuum=INCREMENTAL;"
                               "PRAGMA journal_mode=WAL;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA wal_autocheckpoint=0;"
                               "PRAGMA journal_size_limit=8388608;"
                               "PRAGMA secure_delete=FAST;"
                               "PRAGMA trusted_schema=OFF;"
                               "PRAGMA cell_size_check=ON;"
                               "PRAGMA temp_store=MEMORY;"
                               "PRAGMA mmap_size=0;";

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE log(revision INTEGER PRIMARY KEY, set_last INTEGER NOT NULL,"
    " previous INTEGER NOT NULL, op INTEGER NOT NULL, time INTEGER NOT NULL,"
    " total INTEGER NOT NULL, seal INTEGER NOT NULL, sum INTEGER NOT NULL, key TEXT NOT NULL,"
    " actor TEXT NOT NULL, reason TEXT NOT NULL, doc TEXT NOT NULL) STRICT;"
    "CREATE TABLE live(revision INTEGER PRIMARY KEY) STRICT;"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "PRAGMA application_id=1952804452;" /* APPLICATION */
    "PRAGMA user_version=1;"            /* FORMAT */
    "COMMIT";

#define STRETCH        "revision > ?1 AND revision <= ?2"
#define REPLACED_THERE "(SELECT previous FROM log WHERE " STRETCH ")"

static const char *const writer_sql[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_APPEND] = "INSERT INTO log(revision, set_last, previous, op, time, total, seal, sum, key,"
                   " actor, reason, doc) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [SQL_META] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_SET_META] = "INSERT OR REPLACE INTO meta(name, value) VALUES(?1, ?2)",
    [SQL_LOG_ROW] = "SELECT set_last, time, total FROM log WHERE revision = ?1",
    [SQL_LIVE_DROP] = "DELETE FROM live WHERE revision IN " REPLACED_THERE,
    [SQL_LIVE_ADD] = "INSERT INTO live(revision) SELECT revision FROM log WHERE " STRETCH
                     " AND op <> 2 AND revision NOT IN " REPLACED_THERE,
    [SQL_LOG_DROP] = "DELETE FROM log WHERE revision IN " REPLACED_THERE,
    [SQL_LOG_CLEAN] = "DELETE FROM log WHERE " STRETCH " AND op = 2",
};

static const char *const reader_sql[SQL_QUERIES] = {
    [SQL_READ_BEGIN] = "BEGIN",
    [SQL_READ_END] = "COMMIT",
    [SQL_READ_META] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_READ_ROWS] =
        ("SELECT revision, set_last, previous, op, time, total, seal, sum, key, actor,"
         " reason, doc FROM log WHERE revision > ?1 ORDER BY revision LIMIT ?2"),
    [SQL_READ_BEFORE] = "SELECT sum, key, doc FROM log WHERE revision = ?1",
};

/* --- what SQLite says -------------------------------------------------------------------------- */

enum tend_code sqlite_fail(const struct sqlite_backend *self, sqlite3 *db, int rc, const char *what,
                           struct error *err)
{
    enum tend_code code = TEND_INTERNAL;
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY: /* a tool has the file open; it did not happen, and may soon */
        code = TEND_UNAVAILABLE;
        break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        code = TEND_IO;
        break;
    case SQLITE_CORRUPT:
        code = TEND_CORRUPT;
        break;
    case SQLITE_NOTADB:
        code = TEND_INVALID;
        break;
    default:
        break;
    }
    if ((rc & 0xff) == SQLITE_FULL) {
        return FAIL(err, code,
                    "no space is left for data in %s: delete something, or make space on the disk",
                    self->directory.path);
    }
    return FAIL(err, code, "%s/state.db: cannot %s: %s (SQLite %d)", self->directory.path, what,
                sqlite3_errmsg(db), rc);
}

int sqlite_run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    int reset = sqlite3_reset(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? reset : rc;
}

int sqlite_meta(sqlite3_stmt *statement, const char *name, int64_t *ret_value)
{
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *ret_value = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    int reset = sqlite3_reset(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? reset : rc;
}

void sqlite_rollback(struct sqlite_backend *self)
{
    if (!sqlite3_get_autocommit(self->writer)) {
        sqlite3_exec(self->writer, "ROLLBACK", NULL, NULL, NULL);
    }
}

static int first_int(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        *ret_value = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
        rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    sqlite3_finalize(statement);
    return rc;
}

/* --- the writer -------------------------------------------------------------------------------- */

static enum tend_code connect(struct sqlite_backend *self, const char *vfs, int flags, sqlite3 **db,
                              struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text path = arena_format(&arena, "%s/state.db", self->directory.path);
    int rc = sqlite3_open_v2(
        path.ptr, db,
        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE, vfs);
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, *db, rc, "open it", err);
    }
    sqlite3_busy_timeout(*db, BUSY_MS);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return TEND_OK;
}

/* What a file of the wrong kind, or of a newer format, says of itself. */
static enum tend_code check_kind(struct sqlite_backend *self, int64_t *ret_format,
                                 struct error *err)
{
    int64_t application = 0, tables = 0;
    int rc = first_int(self->writer, "PRAGMA application_id", &application);
    rc = rc == SQLITE_OK ? first_int(self->writer, "PRAGMA user_version", ret_format) : rc;
    rc = rc == SQLITE_OK ? first_int(self->writer, "SELECT count(*) FROM sqlite_schema", &tables)
                         : rc;
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, self->writer, rc, "read it", err);
    }
    if (application != APPLICATION && (application != 0 || tables > 0)) {
        return FAIL(err, TEND_INVALID, "%s/state.db is a database of another program",
                    self->directory.path);
    }
    if (*ret_format > FORMAT) {
        return FAIL(err, TEND_INVALID,
                    "%s/state.db has format %lld, made by a newer tend; this one reads up to %d: "
                    "use the newer one",
                    self->directory.path, (long long)*ret_format, FORMAT);
    }
    return TEND_OK;
}

/* What durability rests on is asked back, not assumed. */
static enum tend_code check_settings(struct sqlite_backend *self, struct error *err)
{
    int64_t synchronous = -1, vacuum = -1;
    int rc = first_int(self->writer, "PRAGMA synchronous", &synchronous);
    rc = rc == SQLITE_OK ? first_int(self->writer, "PRAGMA auto_vacuum", &vacuum) : rc;
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, self->writer, rc, "read its settings", err);
    }
    if (synchronous != 2 || vacuum != 2) {
        return FAIL(err, TEND_INTERNAL, "%s/state.db: SQLite does not take the settings",
                    self->directory.path);
    }
    return TEND_OK;
}

static enum tend_code execute(struct sqlite_backend *self, const char *sql, const char *what,
                              struct error *err)
{
    int rc = sqlite3_exec(self->writer, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        enum tend_code code = sqlite_fail(self, self->writer, rc, what, err);
        sqlite_rollback(self);
        return code;
    }
    return TEND_OK;
}

static enum tend_code prepare(const struct sqlite_backend *self, sqlite3 *db,
                              const char *const *sql, sqlite3_stmt **statements, size_t count,
                              struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc =
            sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL);
        if (rc != SQLITE_OK) {
            return sqlite_fail(self, db, rc, "prepare for it", err);
        }
    }
    return TEND_OK;
}

static int count_wal_pages(void *backend, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    ((struct sqlite_backend *)backend)->wal_pages = pages;
    return SQLITE_OK;
}

static enum tend_code open_writer(struct sqlite_backend *self, const char *vfs, struct error *err)
{
    int64_t format = 0;
    TRY(connect(self, vfs, SQLITE_OPEN_READWRITE, &self->writer, err));
    TRY(check_kind(self, &format, err));
    TRY(execute(self, settings, "set it up", err));
    if (format == 0) {
        TRY(execute(self, schema, "set it up", err));
    }
    TRY(check_settings(self, err));
    sqlite3_wal_hook(self->writer, count_wal_pages, self);
    return prepare(self, self->writer, writer_sql, self->statements, SQL_STATEMENTS, err);
}

static void close_writer(struct sqlite_backend *self)
{
    for (size_t i = 0; i < SQL_STATEMENTS; i++) {
        sqlite3_finalize(self->statements[i]);
        self->statements[i] = NULL;
    }
    sqlite3_close(self->writer);
    self->writer = NULL;
}

/* --- state ------------------------------------------------------------------------------------- */

static int read_state(struct sqlite_backend *self)
{
    sqlite3_stmt *meta = self->statements[SQL_META];
    int64_t newest = 0;
    int rc = sqlite_meta(meta, "head", &self->head);
    rc = rc == SQLITE_OK ? sqlite_meta(meta, "live", &self->live) : rc;
    rc = rc == SQLITE_OK ? sqlite_meta(meta, "oldest", &self->state.oldest) : rc;
    rc = rc == SQLITE_OK ? sqlite_meta(meta, "total", &self->oldest_total) : rc;
    rc = rc == SQLITE_OK ? first_int(self->writer, "SELECT max(revision) FROM log", &newest) : rc;
    self->total = self->oldest_total;
    if (rc == SQLITE_OK && newest > self->state.oldest) {
        rc = first_int(self->writer, "SELECT total FROM log ORDER BY revision DESC LIMIT 1",
                       &self->total);
    }
    self->state.revision = newest > self->state.oldest ? newest : self->state.oldest;
    self->state.bytes = self->total - self->oldest_total;
    return rc == SQLITE_OK ? sqlite_find_oldest(self) : rc;
}

static enum tend_code start(struct sqlite_backend *self, const char *vfs, struct error *err)
{
    enum tend_code code = open_writer(self, vfs, err);
    if (code == TEND_UNAVAILABLE || code == TEND_IO) { /* SQLite needs some KiB to begin with */
        close_writer(self);
        data_directory_release(&self->directory);
        code = open_writer(self, vfs, err);
    }
    TRY(code);
    int rc = read_state(self);
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, self->writer, rc, "read it", err);
    }
    TRY(connect(self, vfs, SQLITE_OPEN_READONLY, &self->reader, err));
    TRY(prepare(self, self->reader, reader_sql, self->queries, SQL_QUERIES, err));
    struct error full = ERROR_INIT;
    code = data_directory_reserve(&self->directory, RESERVE_BYTES, &full);
    self->state.space = code == TEND_OK ? STORE_READY : STORE_FULL;
    return TEND_OK;
}

/* --- life -------------------------------------------------------------------------------------- */

/* The reader goes first: the writer is then the last connection, copies the WAL into the file and
 * removes it. Where that fails, the WAL stays and the next start takes it from there. */
static void sqlite_backend_close(struct backend *backend)
{
    struct sqlite_backend *self = CONTAINER_OF(backend, struct sqlite_backend, backend);
    for (size_t i = 0; i < SQL_QUERIES; i++) {
        sqlite3_finalize(self->queries[i]);
    }
    sqlite3_close(self->reader);
    if (self->writer != NULL) {
        sqlite3_wal_checkpoint_v2(self->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    close_writer(self);
    data_directory_done(&self->directory);
    free(self);
}

static const struct backend_ops sqlite_ops = {
    .name = "sqlite",
    .load = sqlite_load,
    .append = sqlite_append,
    .tidy = sqlite_tidy,
    .compact = sqlite_compact,
    .recover = sqlite_recover,
    .read = sqlite_read,
    .close = sqlite_backend_close,
};

enum tend_code sqlite_backend_open(const struct sqlite_options *options,
                                   struct backend **ret_backend, struct error *err)
{
    struct sqlite_backend *self = alloc_new(sizeof *self);
    self->backend.ops = &sqlite_ops;
    enum tend_code code = data_directory_init(&self->directory, options->directory, err);
    if (code == TEND_OK) {
        code = data_directory_touch(&self->directory, "state.db", err);
    }
    if (code == TEND_OK) {
        code = start(self, options->vfs, err);
    }
    if (code != TEND_OK) {
        sqlite_backend_close(&self->backend);
        return code;
    }
    *ret_backend = &self->backend;
    return TEND_OK;
}
