/* Rows in and out. Every row is sealed by checksums when it is written and checked whenever it is read,
 * and revisions must follow each other without a gap: damage is an answer, never a missing object. */
#include <assert.h>
#include <xxhash.h>

#include "store/backends/sqlite_inside.h"

/* --- checksums --------------------------------------------------------------------------------- */

static int64_t sum_of(int64_t revision, struct text key, struct text doc)
{
    uint64_t hash = XXH3_64bits_withSeed(key.ptr, key.len, (uint64_t)revision);
    return (int64_t)XXH3_64bits_withSeed(doc.ptr, doc.len, hash);
}

static int64_t seal_of(const struct backend_row *row, int64_t sum, int64_t total)
{
    const int64_t fields[] = {sum, row->set_last, row->previous, row->op, row->time_ms, total};
    uint64_t hash = XXH3_64bits(fields, sizeof fields);
    hash = XXH3_64bits_withSeed(row->actor.ptr, row->actor.len, hash);
    return (int64_t)XXH3_64bits_withSeed(row->reason.ptr, row->reason.len, hash);
}

static enum tend_code corrupt(const struct sqlite_backend *self, int64_t revision,
                              struct error *err)
{
    return FAIL(err, TEND_CORRUPT,
                "%s/state.db: revision %lld is damaged: restore the directory from a copy",
                self->directory.path, (long long)revision);
}

/* --- append ------------------------------------------------------------------------------------ */

static void bind_text(sqlite3_stmt *statement, int place, struct text text)
{
    sqlite3_bind_text(statement, place, text.len == 0 ? "" : text.ptr, (int)text.len,
                      SQLITE_STATIC);
}

static int append_row(struct sqlite_backend *self, const struct backend_row *row, int64_t total)
{
    sqlite3_stmt *statement = self->statements[SQL_APPEND];
    int64_t sum = sum_of(row->revision, row->key, row->doc);
    sqlite3_bind_int64(statement, 1, row->revision);
    sqlite3_bind_int64(statement, 2, row->set_last);
    sqlite3_bind_int64(statement, 3, row->previous);
    sqlite3_bind_int64(statement, 4, row->op);
    sqlite3_bind_int64(statement, 5, row->time_ms);
    sqlite3_bind_int64(statement, 6, total);
    sqlite3_bind_int64(statement, 7, seal_of(row, sum, total));
    sqlite3_bind_int64(statement, 8, sum);
    bind_text(statement, 9, row->key);
    bind_text(statement, 10, row->actor);
    bind_text(statement, 11, row->reason);
    bind_text(statement, 12, row->doc);
    return sqlite_run(statement);
}

/* One transaction. What SQLite could not write before the commit it takes back: it did not happen. */
static enum tend_code append_all(struct sqlite_backend *self, const struct backend_row *rows,
                                 size_t count, int64_t *ret_total, struct error *err)
{
    assert(rows[0].revision == self->state.revision + 1);
    int64_t total = self->total;
    int rc = sqlite_run(self->statements[SQL_BEGIN]);
    for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
        total += (int64_t)rows[i].doc.len;
        rc = append_row(self, &rows[i], total);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite_run(self->statements[SQL_COMMIT]);
    }
    if (rc != SQLITE_OK) {
        enum tend_code code = sqlite_fail(self, self->writer, rc, "write to it", err);
        sqlite_rollback(self);
        return code;
    }
    *ret_total = total;
    return TEND_OK;
}

static void appended(struct sqlite_backend *self, const struct backend_row *rows, size_t count,
                     int64_t total)
{
    if (self->state.revision == self->state.oldest) {
        self->state.oldest_ms = rows[0].time_ms;
    }
    self->state.revision = rows[count - 1].revision;
    self->total = total;
    self->state.bytes = total - self->oldest_total;
    sqlite_judge(self);
}

enum tend_code sqlite_append(struct backend *backend, const struct backend_row *rows, size_t count,
                             enum store_purpose purpose, struct error *err)
{
    struct sqlite_backend *self = CONTAINER_OF(backend, struct sqlite_backend, backend);
    int64_t total = 0;
    enum tend_code code = append_all(self, rows, count, &total, err);
    if (code == TEND_UNAVAILABLE && purpose == STORE_SHRINKS) {
        sqlite_make_room(self);
        code = append_all(self, rows, count, &total, err);
    }
    TRY(code);
    appended(self, rows, count, total);
    return TEND_OK;
}

/* --- rows from a statement --------------------------------------------------------------------- */

static struct text column(sqlite3_stmt *statement, int place)
{
    const char *bytes = sqlite3_column_blob(statement, place);
    return (struct text){bytes == NULL ? "" : bytes,
                         (size_t)sqlite3_column_bytes(statement, place)};
}

/* A row of `log`; texts until the statement moves on. */
static enum tend_code log_row(const struct sqlite_backend *self, sqlite3_stmt *statement,
                              int64_t expected, struct backend_row *ret_row, struct error *err)
{
    int64_t op = sqlite3_column_int64(statement, 3);
    *ret_row = (struct backend_row){
        .revision = sqlite3_column_int64(statement, 0),
        .set_last = sqlite3_column_int64(statement, 1),
        .previous = sqlite3_column_int64(statement, 2),
        .op = op == CHANGE_CREATE   ? CHANGE_CREATE
              : op == CHANGE_UPDATE ? CHANGE_UPDATE
                                    : CHANGE_DELETE,
        .time_ms = sqlite3_column_int64(statement, 4),
        .key = column(statement, 8),
        .actor = column(statement, 9),
        .reason = column(statement, 10),
        .doc = column(statement, 11),
    };
    int64_t sum = sum_of(ret_row->revision, ret_row->key, ret_row->doc);
    int64_t seal = seal_of(ret_row, sum, sqlite3_column_int64(statement, 5));
    if (ret_row->revision != expected || sum != sqlite3_column_int64(statement, 7) ||
        seal != sqlite3_column_int64(statement, 6)) {
        return corrupt(self, expected, err);
    }
    return TEND_OK;
}

/* --- load -------------------------------------------------------------------------------------- */

/* A live revision whose row is missing comes with a row of NULLs, which no checksum fits. */
static const char live_sql[] =
    "SELECT g.revision, g.set_last, g.previous, g.op, g.time, g.total, g.seal, g.sum, g.key,"
    " g.actor, g.reason, g.doc, l.revision"
    " FROM live l LEFT JOIN log g ON g.revision = l.revision ORDER BY l.revision";
enum { LOG_COLUMNS = 12 };

static const char tail_sql[] = "SELECT revision, set_last, previous, op, time, total, seal, sum,"
                               " key, actor, reason, doc FROM log WHERE revision > ?1"
                               " ORDER BY revision";

/* A live object: its row, shown as if it had just been made. */
static enum tend_code load_live_row(const struct sqlite_backend *self, sqlite3_stmt *statement,
                                    struct backend_visitor *visitor, struct error *err)
{
    struct backend_row row;
    TRY(log_row(self, statement, sqlite3_column_int64(statement, LOG_COLUMNS), &row, err));
    struct backend_row object = {.revision = row.revision,
                                 .set_last = row.revision,
                                 .op = CHANGE_CREATE,
                                 .key = row.key,
                                 .doc = row.doc};
    return visitor->row(visitor, &object, err);
}

static enum tend_code load_live(const struct sqlite_backend *self, sqlite3_stmt *statement,
                                struct backend_visitor *visitor, struct error *err)
{
    int rc = SQLITE_OK;
    int64_t count = 0;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        TRY(load_live_row(self, statement, visitor, err));
        count++;
    }
    if (rc != SQLITE_DONE) {
        return sqlite_fail(self, self->writer, rc, "read it", err);
    }
    if (count != self->live) {
        return FAIL(err, TEND_CORRUPT,
                    "%s/state.db: %lld live objects instead of %lld: restore the directory from a "
                    "copy",
                    self->directory.path, (long long)count, (long long)self->live);
    }
    return TEND_OK;
}

static enum tend_code load_tail(struct sqlite_backend *self, sqlite3_stmt *statement,
                                struct backend_visitor *visitor, struct error *err)
{
    int rc = SQLITE_OK;
    int64_t reached = self->head;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct backend_row row;
        TRY(log_row(self, statement, reached + 1, &row, err));
        TRY(visitor->row(visitor, &row, err));
        reached = row.revision;
    }
    if (rc != SQLITE_DONE) {
        return sqlite_fail(self, self->writer, rc, "read it", err);
    }
    return reached == self->state.revision ? TEND_OK : corrupt(self, reached + 1, err);
}

static void finalizep(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

enum tend_code sqlite_load(struct backend *backend, struct backend_visitor *visitor,
                           struct backend_state *ret_state, struct error *err)
{
    struct sqlite_backend *self = CONTAINER_OF(backend, struct sqlite_backend, backend);
    CLEANUP(finalizep) sqlite3_stmt *live = NULL;
    CLEANUP(finalizep) sqlite3_stmt *tail = NULL;
    int rc = sqlite3_prepare_v2(self->writer, live_sql, -1, &live, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_prepare_v2(self->writer, tail_sql, -1, &tail, NULL);
    }
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, self->writer, rc, "read it", err);
    }
    sqlite3_bind_int64(tail, 1, self->head);
    TRY(load_live(self, live, visitor, err));
    TRY(load_tail(self, tail, visitor, err));
    sqlite_judge(self);
    *ret_state = self->state;
    return TEND_OK;
}

/* --- read -------------------------------------------------------------------------------------- */

/* Sets row->before; `before` stays on its row until the caller resets it. */
static enum tend_code find_before(const struct sqlite_backend *self, struct backend_row *row,
                                  struct error *err)
{
    if (row->previous == 0) {
        return TEND_OK;
    }
    sqlite3_stmt *before = self->queries[SQL_READ_BEFORE];
    sqlite3_bind_int64(before, 1, row->previous);
    int rc = sqlite3_step(before);
    if (rc == SQLITE_DONE) {
        return corrupt(self, row->previous, err);
    }
    if (rc != SQLITE_ROW) {
        return sqlite_fail(self, self->reader, rc, "read it", err);
    }
    row->before = column(before, 2);
    bool whole = text_equal(column(before, 1), row->key) &&
                 sum_of(row->previous, row->key, row->before) == sqlite3_column_int64(before, 0);
    return whole ? TEND_OK : corrupt(self, row->previous, err);
}

struct page {
    size_t rows, bytes;
    int64_t reached;
    bool full;
};

static enum tend_code read_row(const struct sqlite_backend *self, const struct backend_query *query,
                               struct backend_visitor *visitor, struct page *page,
                               struct error *err)
{
    struct backend_row row;
    TRY(log_row(self, self->queries[SQL_READ_ROWS], page->reached + 1, &row, err));
    if (text_starts(row.key, query->prefix)) {
        if (page->rows > 0 && page->bytes + row.doc.len > query->bytes_max) {
            page->full = true;
            return TEND_OK;
        }
        enum tend_code code = find_before(self, &row, err);
        code = code == TEND_OK ? visitor->row(visitor, &row, err) : code;
        sqlite3_reset(self->queries[SQL_READ_BEFORE]);
        TRY(code);
        page->rows++;
        page->bytes += row.doc.len;
        page->full = page->rows == query->rows_max;
    }
    page->reached = row.revision;
    return TEND_OK;
}

static enum tend_code read_rows(const struct sqlite_backend *self,
                                const struct backend_query *query, struct backend_visitor *visitor,
                                struct page *page, struct error *err)
{
    sqlite3_stmt *rows = self->queries[SQL_READ_ROWS];
    sqlite3_bind_int64(rows, 1, query->after);
    sqlite3_bind_int64(rows, 2, (int64_t)query->looks_max);
    while (!page->full) {
        int rc = sqlite3_step(rows);
        if (rc == SQLITE_DONE) {
            return TEND_OK;
        }
        if (rc != SQLITE_ROW) {
            return sqlite_fail(self, self->reader, rc, "read it", err);
        }
        TRY(read_row(self, query, visitor, page, err));
    }
    return TEND_OK;
}

static enum tend_code read_snapshot(const struct sqlite_backend *self,
                                    const struct backend_query *query,
                                    struct backend_visitor *visitor, struct page *page,
                                    struct error *err)
{
    int64_t oldest = 0;
    int rc = sqlite_meta(self->queries[SQL_READ_META], "oldest", &oldest);
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, self->reader, rc, "read it", err);
    }
    if (query->after < oldest) {
        return FAIL(err, TEND_GONE, "revision %lld is no longer kept: the oldest is %lld",
                    (long long)query->after, (long long)oldest);
    }
    return read_rows(self, query, visitor, page, err);
}

enum tend_code sqlite_read(struct backend *backend, const struct backend_query *query,
                           struct backend_visitor *visitor, int64_t *ret_reached, struct error *err)
{
    struct sqlite_backend *self = CONTAINER_OF(backend, struct sqlite_backend, backend);
    struct page page = {.reached = query->after};
    int rc = sqlite_run(self->queries[SQL_READ_BEGIN]);
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, self->reader, rc, "read it", err);
    }
    enum tend_code code = read_snapshot(self, query, visitor, &page, err);
    sqlite3_reset(self->queries[SQL_READ_ROWS]);
    sqlite_run(self->queries[SQL_READ_END]);
    TRY(code);
    *ret_reached = page.reached;
    return TEND_OK;
}
