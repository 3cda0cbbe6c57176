/* What keeps the files small and the start short. Each call is one short transaction or one checkpoint,
 * because commits wait for it.
 *
 *     fold:     the list of live rows follows rows (H, H + n] of the log, H moves on
 *     compact:  rows (oldest, C] of the log are forgotten, oldest moves on; C <= H
 *
 * Forgetting a row takes away the row that it replaced; the row itself stays for as long as it is what
 * a kept row replaced, or an object. Deletions go at once: nothing replaces them. */
#include "base/limits.h"
#include "store/backends/sqlite_inside.h"

enum {
    FOLD_ROWS = 4096,      /* folded in one step, and ... */
    STEP_ROWS = 1024,      /* ... forgotten: some 5 ms */
    FOLD_LAG = 16384,      /* rows that load may replay: some 30 ms */
    WAL_PAGES_MAX = 2048,  /* 8 MiB, then a checkpoint */
    VACUUM_PAGES = 256,    /* given back in one step */
    FREE_PAGES_MIN = 4096, /* 16 MiB of free pages are kept for what comes */
};

/* --- one transaction --------------------------------------------------------------------------- */

static int run_stretch(struct sqlite_backend *self, enum sqlite_statement what, int64_t after,
                       int64_t up_to)
{
    sqlite3_bind_int64(self->statements[what], 1, after);
    sqlite3_bind_int64(self->statements[what], 2, up_to);
    return sqlite_run(self->statements[what]);
}

static int set_meta(struct sqlite_backend *self, const char *name, int64_t value)
{
    sqlite3_stmt *statement = self->statements[SQL_SET_META];
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, value);
    return sqlite_run(statement);
}

static enum tend_code end(struct sqlite_backend *self, int rc, const char *what, struct error *err)
{
    if (rc == SQLITE_OK) {
        rc = sqlite_run(self->statements[SQL_COMMIT]);
    }
    if (rc != SQLITE_OK) {
        enum tend_code code = sqlite_fail(self, self->writer, rc, what, err);
        sqlite_rollback(self);
        return code;
    }
    return TEND_OK;
}

/* --- fold -------------------------------------------------------------------------------------- */

static enum tend_code fold(struct sqlite_backend *self, struct error *err)
{
    int64_t up_to = self->head + FOLD_ROWS, live = self->live;
    up_to = up_to < self->state.revision ? up_to : self->state.revision;
    int rc = sqlite_run(self->statements[SQL_BEGIN]);
    if (rc == SQLITE_OK) {
        rc = run_stretch(self, SQL_LIVE_DROP, self->head, up_to);
        live -= sqlite3_changes(self->writer);
    }
    if (rc == SQLITE_OK) {
        rc = run_stretch(self, SQL_LIVE_ADD, self->head, up_to);
        live += sqlite3_changes(self->writer);
    }
    rc = rc == SQLITE_OK ? set_meta(self, "head", up_to) : rc;
    rc = rc == SQLITE_OK ? set_meta(self, "live", live) : rc;
    TRY(end(self, rc, "fold its log", err));
    self->head = up_to;
    self->live = live;
    return TEND_OK;
}

/* --- free pages -------------------------------------------------------------------------------- */

static int64_t pragma(struct sqlite_backend *self, const char *sql)
{
    int64_t value = 0;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(self->writer, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return value;
}

/* Free pages are good for what will be written; more than half of the file is waste. */
static bool wasteful(struct sqlite_backend *self)
{
    int64_t free_pages = pragma(self, "PRAGMA freelist_count");
    return free_pages > FREE_PAGES_MIN && free_pages > pragma(self, "PRAGMA page_count") / 2;
}

/* --- compact ----------------------------------------------------------------------------------- */

struct log_place {
    int64_t set_last, time_ms, total;
};

static int find_place(struct sqlite_backend *self, int64_t revision, struct log_place *ret_place)
{
    sqlite3_stmt *statement = self->statements[SQL_LOG_ROW];
    sqlite3_bind_int64(statement, 1, revision);
    int rc = sqlite3_step(statement);
    *ret_place = (struct log_place){0};
    if (rc == SQLITE_ROW) {
        *ret_place = (struct log_place){.set_last = sqlite3_column_int64(statement, 0),
                                        .time_ms = sqlite3_column_int64(statement, 1),
                                        .total = sqlite3_column_int64(statement, 2)};
    }
    int reset = sqlite3_reset(statement);
    return rc == SQLITE_ROW ? reset : rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

int sqlite_find_oldest(struct sqlite_backend *self)
{
    struct log_place place = {0};
    int rc = SQLITE_OK;
    if (self->state.oldest < self->state.revision) {
        rc = find_place(self, self->state.oldest + 1, &place);
    }
    self->state.oldest_ms = place.time_ms;
    return rc;
}

/* How far the log may go and what is kept then; looks at one step's rows. */
struct cut {
    int64_t up_to, total;
    enum backend_more more;
};

static int find_cut(struct sqlite_backend *self, const struct backend_keep *keep,
                    struct cut *ret_cut)
{
    *ret_cut = (struct cut){.up_to = self->state.oldest, .total = self->oldest_total};
    while (ret_cut->up_to < self->state.revision) {
        struct log_place first, last;
        int rc = find_place(self, ret_cut->up_to + 1, &first);
        rc = rc == SQLITE_OK ? find_place(self, first.set_last, &last) : rc;
        if (rc != SQLITE_OK) {
            return rc;
        }
        if (self->state.revision - ret_cut->up_to <= keep->count &&
            self->total - ret_cut->total <= keep->bytes && first.time_ms >= keep->since_ms) {
            break;
        }
        if (ret_cut->up_to >= self->state.oldest + STEP_ROWS) {
            ret_cut->more = BACKEND_MORE;
            break;
        }
        ret_cut->up_to = first.set_last;
        ret_cut->total = last.total;
    }
    return SQLITE_OK;
}

static enum tend_code forget(struct sqlite_backend *self, const struct cut *cut, struct error *err)
{
    int rc = sqlite_run(self->statements[SQL_BEGIN]);
    rc = rc == SQLITE_OK ? run_stretch(self, SQL_LOG_DROP, self->state.oldest, cut->up_to) : rc;
    rc = rc == SQLITE_OK ? run_stretch(self, SQL_LOG_CLEAN, self->state.oldest, cut->up_to) : rc;
    rc = rc == SQLITE_OK ? set_meta(self, "oldest", cut->up_to) : rc;
    rc = rc == SQLITE_OK ? set_meta(self, "total", cut->total) : rc;
    TRY(end(self, rc, "shorten its log", err));
    self->state.oldest = cut->up_to;
    self->oldest_total = cut->total;
    self->state.bytes = self->total - cut->total;
    return TEND_OK;
}

static enum tend_code compact_step(struct sqlite_backend *self, const struct backend_keep *keep,
                                   enum backend_more *ret_more, struct error *err)
{
    struct cut cut;
    int rc = find_cut(self, keep, &cut);
    if (rc != SQLITE_OK) {
        return sqlite_fail(self, self->writer, rc, "read its log", err);
    }
    *ret_more = cut.more;
    if (cut.up_to > self->head) {
        *ret_more = BACKEND_MORE;
        return fold(self, err);
    }
    if (cut.up_to > self->state.oldest) {
        TRY(forget(self, &cut, err));
    }
    rc = sqlite_find_oldest(self);
    return rc == SQLITE_OK ? TEND_OK : sqlite_fail(self, self->writer, rc, "read its log", err);
}

enum tend_code sqlite_compact(struct backend *backend, const struct backend_keep *keep,
                              struct backend_state *ret_state, enum backend_more *ret_more,
                              struct error *err)
{
    struct sqlite_backend *self = CONTAINER_OF(backend, struct sqlite_backend, backend);
    TRY(compact_step(self, keep, ret_more, err));
    self->vacuuming = *ret_more == BACKEND_DONE && wasteful(self);
    sqlite_judge(self);
    *ret_state = self->state;
    return TEND_OK;
}

/* --- checkpoints and free pages ---------------------------------------------------------------- */

enum tend_code sqlite_checkpoint(struct sqlite_backend *self, struct error *err)
{
    self->wal_pages = 0; /* the next commit says how many there really are */
    int rc = sqlite3_wal_checkpoint_v2(self->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) {
        return sqlite_fail(self, self->writer, rc, "copy its log into it", err);
    }
    return TEND_OK;
}

static enum tend_code vacuum(struct sqlite_backend *self, struct error *err)
{
    char sql[64];
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
    int rc = sqlite3_exec(self->writer, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? TEND_OK : sqlite_fail(self, self->writer, rc, "shrink it", err);
}

/* --- tidy -------------------------------------------------------------------------------------- */

static bool lagging(const struct sqlite_backend *self)
{
    int64_t lag = self->state.revision - self->head;
    return self->heading ? lag > 0 : lag > FOLD_LAG;
}

void sqlite_judge(struct sqlite_backend *self)
{
    self->heading = lagging(self);
    bool due = self->heading || self->vacuuming || self->wal_pages > WAL_PAGES_MAX;
    self->backend.untidy = due ? BACKEND_MORE : BACKEND_DONE;
}

static enum tend_code tidy_step(struct sqlite_backend *self, struct error *err)
{
    if (self->wal_pages > WAL_PAGES_MAX) {
        return sqlite_checkpoint(self, err);
    }
    if (self->heading) {
        return fold(self, err);
    }
    return self->vacuuming ? vacuum(self, err) : TEND_OK;
}

enum tend_code sqlite_tidy(struct backend *backend, enum backend_more *ret_more, struct error *err)
{
    struct sqlite_backend *self = CONTAINER_OF(backend, struct sqlite_backend, backend);
    TRY(tidy_step(self, err));
    self->vacuuming = wasteful(self);
    sqlite_judge(self);
    *ret_more = backend->untidy;
    return TEND_OK;
}

/* --- a full disk ------------------------------------------------------------------------------- */

/* A checkpoint lets the next commit write over the WAL from its start. */
void sqlite_make_room(struct sqlite_backend *self)
{
    struct error ignored = ERROR_INIT;
    data_directory_release(&self->directory);
    (void)!sqlite_checkpoint(self, &ignored);
}

/* The reserve must be whole, and some more must fit: on the disk, or into free pages of the file.
 * Otherwise the next commit would say the same again. */
enum tend_code sqlite_recover(struct backend *backend, struct error *err)
{
    struct sqlite_backend *self = CONTAINER_OF(backend, struct sqlite_backend, backend);
    enum tend_code code = sqlite_checkpoint(self, err);
    if (code != TEND_OK && code != TEND_UNAVAILABLE) {
        return code;
    }
    TRY(data_directory_reserve(&self->directory, RESERVE_BYTES, err));
    int64_t free_bytes = pragma(self, "PRAGMA freelist_count") * pragma(self, "PRAGMA page_size");
    if (free_bytes >= (int64_t)RESERVE_SLACK_BYTES) {
        return TEND_OK;
    }
    TRY(data_directory_reserve(&self->directory, RESERVE_BYTES + RESERVE_SLACK_BYTES, err));
    return data_directory_reserve(&self->directory, RESERVE_BYTES, err);
}
