/* Power is lost at every point of the log of what SQLite did, and the store's own recovery opens what
 * may be left. The oracle knows what was submitted and what was acknowledged at that point:
 *
 *     acknowledged <= what is there <= submitted, each append as a whole, every row as it was written
 *
 * TEND_CRASH_STATES and TEND_CRASH_SEED explore more, or other, states than a test run does. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "store/backends/sqlite.h"
#include "store/backends/sqlite_inside.h"
#include "store/crash/crash_images.h"
#include "support/folder.h"
#include "support/suite.h"

enum { ROWS_MAX = 1024, KEYS = 10, STATES = 5000, ROUNDS_MAX = 100, SAID_MAX = 5 };

struct known {
    struct backend_row row;
    char key[8];
    char *doc;
};

struct crash_test {
    struct crash_images images;
    struct crash_log log;
    struct folder live, image;
    struct known rows[ROWS_MAX]; /* rows[revision - 1] */
    size_t count;
    struct backend *backend; /* the workload's */
    uint64_t seed;
    const char *pragma; /* a fault that is planted, or NULL */
    /* the oracle's */
    size_t violations, states, states_max;
    int64_t acked, submitted;
    int64_t newest[KEYS];
    struct backend_visitor visitor;
    char why[512];
};

static uint64_t chance(struct crash_test *t, uint64_t below)
{
    t->seed = t->seed * 6364136223846793005u + 1442695040888963407u;
    return (t->seed >> 33) % below;
}

/* --- workload ---------------------------------------------------------------------------------- */

static int64_t newest_of(const struct crash_test *t, const char *key, int64_t up_to)
{
    for (int64_t revision = up_to; revision > 0; revision--) {
        const struct known *known = &t->rows[revision - 1];
        if (strcmp(known->key, key) == 0) {
            return known->row.op == CHANGE_DELETE ? 0 : revision;
        }
    }
    return 0;
}

static void make_row(struct crash_test *t, int64_t set_last)
{
    struct known *known = &t->rows[t->count];
    int64_t revision = (int64_t)++t->count;
    snprintf(known->key, sizeof known->key, "k/%u", (unsigned)chance(t, KEYS));
    size_t len = chance(t, 10) == 0 ? 9000 : 20 + chance(t, 900);
    known->doc = alloc_new(len + 1);
    memset(known->doc, 'a' + (int)(revision % 26), len);
    int64_t previous = newest_of(t, known->key, revision - 1);
    known->row = (struct backend_row){
        .revision = revision,
        .set_last = set_last,
        .previous = previous,
        .op = previous == 0       ? CHANGE_CREATE
              : chance(t, 4) == 0 ? CHANGE_DELETE
                                  : CHANGE_UPDATE,
        .key = text_of(known->key),
        .doc = {known->doc, len},
        .actor = TEXT("crash"),
        .reason = TEXT(""),
        .time_ms = revision,
    };
}

static void append(struct crash_test *t, size_t count)
{
    struct error err = ERROR_INIT;
    struct backend_row rows[16];
    int64_t last = (int64_t)(t->count + count);
    for (size_t i = 0; i < count; i++) {
        make_row(t, last);
        rows[i] = t->rows[t->count - 1].row;
    }
    crash_log_note(&t->log, NOTE_SUBMITTED, last);
    enum tend_code code = t->backend->ops->append(t->backend, rows, count, STORE_GROWS, &err);
    CHECK_INT(code, TEND_OK);
    crash_log_note(&t->log, NOTE_ACKED, last);
}

static void compact(struct crash_test *t, int64_t count)
{
    struct error err = ERROR_INIT;
    struct backend_keep keep = {.count = count, .bytes = INT64_MAX};
    struct backend_state state = {0};
    enum backend_more more = BACKEND_MORE;
    crash_log_note(&t->log, NOTE_OLDEST_MAY_BE, (int64_t)t->count);
    while (more == BACKEND_MORE) {
        if (!CHECK_INT(t->backend->ops->compact(t->backend, &keep, &state, &more, &err), TEND_OK)) {
            return;
        }
        crash_log_note(&t->log, NOTE_OLDEST_IS, state.oldest);
    }
}

static enum tend_code ignore(struct backend_visitor *visitor, const struct backend_row *row,
                             struct error *err)
{
    (void)visitor, (void)row, (void)err;
    return TEND_OK;
}

static void boot(struct crash_test *t, const char *vfs)
{
    struct error err = ERROR_INIT;
    struct backend_visitor visitor = {.row = ignore};
    struct backend_state state;
    struct sqlite_options options = {.directory = t->live.path, .vfs = vfs};
    if (sqlite_backend_open(&options, &t->backend, &err) != TEND_OK ||
        t->backend->ops->load(t->backend, &visitor, &state, &err) != TEND_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    struct sqlite_backend *inside = CONTAINER_OF(t->backend, struct sqlite_backend, backend);
    if (t->pragma != NULL) {
        CHECK_INT(sqlite3_exec(inside->writer, t->pragma, NULL, NULL, NULL), SQLITE_OK);
    }
}

static void shut(struct crash_test *t)
{
    t->backend->ops->close(t->backend);
    t->backend = NULL;
}

/* First boot, sets of all sizes, folding and compacting, checkpoints, reopening. */
static void work(struct crash_test *t, const char *vfs)
{
    struct error err = ERROR_INIT;
    boot(t, vfs);
    for (int step = 0; step < 24; step++) {
        append(t, 1 + chance(t, 4));
        switch (chance(t, 8)) {
        case 0:
            CHECK_INT(t->backend->ops->recover(t->backend, &err), TEND_OK); /* a checkpoint */
            break;
        case 1:
            compact(t, (int64_t)chance(t, 20));
            break;
        case 2:
            append(t, 12);
            break;
        case 3:
            shut(t);
            boot(t, vfs);
            break;
        default:
            break;
        }
    }
    shut(t);
}

/* --- oracle ------------------------------------------------------------------------------------ */

#define WRONG(t, ...)                                                                              \
    (snprintf((t)->why, sizeof(t)->why, __VA_ARGS__), FAIL(err, TEND_CORRUPT, "wrong"))

static enum tend_code see_object(struct backend_visitor *visitor, const struct backend_row *row,
                                 struct error *err)
{
    struct crash_test *t = CONTAINER_OF(visitor, struct crash_test, visitor);
    if (row->revision < 1 || row->revision > t->submitted) {
        return WRONG(t, "revision %lld was never submitted", (long long)row->revision);
    }
    const struct backend_row *known = &t->rows[row->revision - 1].row;
    if (!text_equal(row->key, known->key) || !text_equal(row->doc, known->doc)) {
        return WRONG(t, "revision %lld is not what was written", (long long)row->revision);
    }
    t->newest[row->key.ptr[2] - '0'] = row->op == CHANGE_DELETE ? 0 : row->revision;
    return TEND_OK;
}

static enum tend_code see_row(struct backend_visitor *visitor, const struct backend_row *row,
                              struct error *err)
{
    struct crash_test *t = CONTAINER_OF(visitor, struct crash_test, visitor);
    const struct backend_row *known = &t->rows[row->revision - 1].row;
    struct text before = row->previous == 0 ? TEXT("") : t->rows[row->previous - 1].row.doc;
    if (row->set_last != known->set_last || row->previous != known->previous ||
        row->op != known->op || !text_equal(row->doc, known->doc) ||
        !text_equal(row->before, before)) {
        return WRONG(t, "row %lld is not what was written", (long long)row->revision);
    }
    return TEND_OK;
}

static enum tend_code check_state(struct crash_test *t, struct backend *backend,
                                  const int64_t notes[CRASH_NOTES], struct error *err)
{
    struct backend_state state = {0};
    memset(t->newest, 0, sizeof t->newest);
    t->visitor.row = see_object;
    TRY(backend->ops->load(backend, &t->visitor, &state, err));
    if (state.revision != t->acked && state.revision != t->submitted) {
        return WRONG(t, "revision %lld, acknowledged %lld, submitted %lld",
                     (long long)state.revision, (long long)t->acked, (long long)t->submitted);
    }
    for (unsigned key = 0; key < KEYS; key++) {
        char name[8];
        snprintf(name, sizeof name, "k/%u", key);
        if (t->newest[key] != newest_of(t, name, state.revision)) {
            return WRONG(t, "%s has revision %lld", name, (long long)t->newest[key]);
        }
    }
    if (state.oldest < notes[NOTE_OLDEST_IS] ||
        (state.oldest > notes[NOTE_OLDEST_IS] && state.oldest > notes[NOTE_OLDEST_MAY_BE])) {
        return WRONG(t, "oldest %lld, was %lld", (long long)state.oldest,
                     (long long)notes[NOTE_OLDEST_IS]);
    }
    struct backend_query query = {
        .after = state.oldest, .rows_max = ROWS_MAX, .bytes_max = 1 << 30, .looks_max = ROWS_MAX};
    int64_t reached = 0;
    t->visitor.row = see_row;
    TRY(backend->ops->read(backend, &query, &t->visitor, &reached, err));
    return reached == state.revision ? TEND_OK
                                     : WRONG(t, "the log ends at %lld", (long long)reached);
}

static int see_ok(void *ok, int count, char **values, char **names)
{
    (void)names;
    *(bool *)ok = count == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0;
    return 0;
}

/* What was recovered takes the next row. */
static enum tend_code check_alive(struct crash_test *t, struct backend *backend, struct error *err)
{
    struct sqlite_backend *inside = CONTAINER_OF(backend, struct sqlite_backend, backend);
    bool ok = false;
    sqlite3_exec(inside->writer, "PRAGMA quick_check", see_ok, &ok, NULL);
    if (!ok) {
        return WRONG(t, "quick_check finds damage");
    }
    int64_t revision = inside->state.revision + 1;
    struct backend_row row = {.revision = revision,
                              .set_last = revision,
                              .op = CHANGE_CREATE,
                              .key = TEXT("k/after"),
                              .doc = TEXT("{}"),
                              .actor = TEXT(""),
                              .reason = TEXT("")};
    return backend->ops->append(backend, &row, 1, STORE_GROWS, err);
}

static void check_image(struct crash_images *images, const int64_t notes[CRASH_NOTES])
{
    struct crash_test *t = CONTAINER_OF(images, struct crash_test, images);
    struct error err = ERROR_INIT;
    struct backend *backend = NULL;
    struct sqlite_options options = {.directory = images->directory};
    t->states++;
    t->acked = notes[NOTE_ACKED];
    t->submitted = notes[NOTE_SUBMITTED] > t->acked ? notes[NOTE_SUBMITTED] : t->acked;
    t->why[0] = '\0';
    enum tend_code code = sqlite_backend_open(&options, &backend, &err);
    code = code == TEND_OK ? check_state(t, backend, notes, &err) : code;
    code = code == TEND_OK && t->states % 4 == 0 ? check_alive(t, backend, &err) : code;
    if (backend != NULL) {
        backend->ops->close(backend);
    }
    if (code != TEND_OK && t->violations++ < SAID_MAX && t->pragma == NULL &&
        t->log.ignore_sync_of == NULL) {
        fprintf(stderr, "state %zu: %s\n", t->states, t->why[0] != '\0' ? t->why : err.message);
    }
}

/* --- rounds ------------------------------------------------------------------------------------ */

static void explore_round(struct crash_test *t, const char *lie)
{
    t->count = 0;
    folder_init(&t->live, FOLDER_MEMORY);
    folder_init(&t->image, FOLDER_MEMORY);
    crash_log_init(&t->log, "crash");
    t->log.ignore_sync_of = lie;
    work(t, "crash");
    t->images = (struct crash_images){.check = check_image,
                                      .directory = t->image.path,
                                      .seed = t->seed,
                                      .random_choices = 2,
                                      .checks_max = t->states_max - t->states};
    crash_images_explore(&t->images, &t->log);
    crash_log_done(&t->log);
    for (size_t i = 0; i < t->count; i++) {
        free(t->rows[i].doc);
    }
    folder_done(&t->image);
    folder_done(&t->live);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value == NULL ? otherwise : strtoull(value, NULL, 10);
}

static struct crash_test *explore(size_t states, const char *pragma, const char *lie)
{
    struct crash_test *t = alloc_new(sizeof *t);
    uint64_t seed = setting("TEND_CRASH_SEED", 1);
    t->seed = seed;
    t->pragma = pragma;
    t->states_max = states;
    for (int round = 0; t->states < states && round < ROUNDS_MAX; round++) {
        explore_round(t, lie);
    }
    printf("%zu states, seed %llu, %zu violations\n", t->states, (unsigned long long)seed,
           t->violations);
    return t;
}

static void loses_nothing(void)
{
    size_t states = setting("TEND_CRASH_STATES", STATES);
    struct crash_test *t = explore(states, NULL, NULL);
    CHECK_INT((long long)t->states, (long long)states);
    CHECK_INT((long long)t->violations, 0);
    free(t);
}

static void sees_commits_that_are_not_synced(void)
{
    struct crash_test *t = explore(300, "PRAGMA synchronous=NORMAL", NULL);
    CHECK(t->violations > 0);
    free(t);
}

static void sees_a_disk_that_lies(void)
{
    struct crash_test *t = explore(300, NULL, "state.db");
    CHECK(t->violations > 0);
    free(t);
}

SUITE({"no acknowledged write is lost in any explored state", loses_nothing},
      {"the explorer sees that synchronous=NORMAL loses commits", sees_commits_that_are_not_synced},
      {"the explorer sees that a disk which does not sync loses data", sees_a_disk_that_lies})
