/* What the cases of backend_suite.h stand on: a backend, and a model of what it should hold.
 *
 * The model is an array of every row ever appended, from which the right answer to any question is found
 * by looking at all of them.
 */
#ifndef CONFORMANCE_BACKEND_BENCH_H
#define CONFORMANCE_BACKEND_BENCH_H

#include "base/alloc.h"
#include "store/backend.h"
#include "support/suite.h"

struct place;
static struct place *place_new(void);
static void place_free(struct place *place);
static struct backend *place_open(struct place *place);

enum { ROWS_MAX = 6000, KEYS = 40, DOC_MAX = 64 };

struct known {
    struct backend_row row;
    char key[16], doc[DOC_MAX];
    int64_t successor; /* revision of the row that replaced it; 0: none */
};

struct bench {
    struct place *place;
    struct backend *backend;
    struct backend_state state; /* as load, compact said last */
    struct known *rows;         /* rows[revision - 1] */
    size_t count;
    uint64_t seed;
};

/* --- the model --------------------------------------------------------------------------------- */

static uint64_t chance(struct bench *b, uint64_t below)
{
    b->seed = b->seed * 6364136223846793005u + 1442695040888963407u;
    return (b->seed >> 33) % below;
}

/* The newest row of `key`, or NULL where it was never made or is deleted. */
static struct known *live(struct bench *b, struct text key)
{
    for (size_t i = b->count; i > 0; i--) {
        if (text_equal(b->rows[i - 1].row.key, key)) {
            return b->rows[i - 1].row.op == CHANGE_DELETE ? NULL : &b->rows[i - 1];
        }
    }
    return NULL;
}

/* The next row of the model: `op` on key number `key`. */
static struct known *known_add(struct bench *b, enum change_op op, unsigned key)
{
    struct known *known = &b->rows[b->count];
    int64_t revision = (int64_t)b->count + 1;
    snprintf(known->key, sizeof known->key, "k/%02u", key);
    snprintf(known->doc, sizeof known->doc, "{\"revision\":%lld}", (long long)revision);
    struct known *old = live(b, text_of(known->key));
    known->row = (struct backend_row){
        .revision = revision,
        .set_last = revision,
        .previous = old == NULL ? 0 : old->row.revision,
        .op = op,
        .key = text_of(known->key),
        .doc = text_of(known->doc),
        .actor = TEXT("tester"),
        .reason = TEXT("why"),
        .time_ms = 1000 + revision,
    };
    if (old != NULL) {
        old->successor = revision;
    }
    b->count++;
    return known;
}

/* Append the last `count` rows of the model as one set. */
static enum tend_code append_last(struct bench *b, size_t count)
{
    struct error err = ERROR_INIT;
    CLEANUP(freep) struct backend_row *rows = alloc_array(count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        struct known *known = &b->rows[b->count - count + i];
        known->row.set_last = (int64_t)b->count;
        rows[i] = known->row;
    }
    return b->backend->ops->append(b->backend, rows, count, STORE_GROWS, &err);
}

static void add(struct bench *b, enum change_op op, unsigned key)
{
    known_add(b, op, key);
    CHECK_INT(append_last(b, 1), TEND_OK);
}

/* Something sensible for key number `key`. */
static void known_add_any(struct bench *b, unsigned key)
{
    char name[16];
    snprintf(name, sizeof name, "k/%02u", key);
    bool there = live(b, text_of(name)) != NULL;
    known_add(b, !there ? CHANGE_CREATE : chance(b, 4) == 0 ? CHANGE_DELETE : CHANGE_UPDATE, key);
}

/* `sets` sets of up to `rows` rows. */
static void churn(struct bench *b, size_t sets, size_t rows)
{
    for (size_t i = 0; i < sets; i++) {
        size_t count = 1 + chance(b, rows);
        for (size_t r = 0; r < count; r++) {
            known_add_any(b, (unsigned)chance(b, KEYS));
        }
        if (append_last(b, count) != TEND_OK) {
            CHECK(count == 0);
            return;
        }
    }
}

/* --- looking ----------------------------------------------------------------------------------- */

struct loaded {
    struct backend_visitor visitor;
    struct bench *bench;
    int64_t newest[KEYS]; /* revision; 0: not there */
    int64_t last;         /* of the rows after H */
    size_t rows;
    bool wrong;
};

static enum tend_code see_loaded(struct backend_visitor *visitor, const struct backend_row *row,
                                 struct error *err)
{
    (void)err;
    struct loaded *loaded = CONTAINER_OF(visitor, struct loaded, visitor);
    const struct known *known = &loaded->bench->rows[row->revision - 1];
    unsigned key = (unsigned)strtoul(row->key.ptr + 2, NULL, 10);
    if (row->revision > (int64_t)loaded->bench->count || !text_equal(row->key, known->row.key) ||
        !text_equal(row->doc, known->row.doc) || key >= KEYS) {
        loaded->wrong = true;
        return TEND_OK;
    }
    loaded->newest[key] = row->op == CHANGE_DELETE ? 0 : row->revision;
    loaded->rows++;
    return TEND_OK;
}

static void check_load(struct bench *b)
{
    struct error err = ERROR_INIT;
    struct loaded loaded = {.visitor.row = see_loaded, .bench = b};
    CHECK_INT(b->backend->ops->load(b->backend, &loaded.visitor, &b->state, &err), TEND_OK);
    CHECK(!loaded.wrong);
    CHECK_INT(b->state.revision, (long long)b->count);
    unsigned wrong = 0;
    for (unsigned key = 0; key < KEYS; key++) {
        char name[16];
        snprintf(name, sizeof name, "k/%02u", key);
        const struct known *known = live(b, text_of(name));
        wrong += loaded.newest[key] != (known == NULL ? 0 : known->row.revision);
    }
    CHECK_INT(wrong, 0);
}

static void reopen(struct bench *b)
{
    b->backend->ops->close(b->backend);
    b->backend = place_open(b->place);
    check_load(b);
}

struct seen {
    struct backend_visitor visitor;
    struct bench *bench;
    int64_t last;
    size_t rows, wrong;
    enum tend_code answer;
};

static bool same_row(const struct bench *b, const struct backend_row *row)
{
    const struct backend_row *known = &b->rows[row->revision - 1].row;
    struct text before =
        row->previous == 0 ? (struct text){NULL, 0} : b->rows[row->previous - 1].row.doc;
    return row->set_last == known->set_last && row->previous == known->previous &&
           row->op == known->op && text_equal(row->key, known->key) &&
           text_equal(row->doc, known->doc) && text_equal(row->actor, known->actor) &&
           text_equal(row->reason, known->reason) && row->time_ms == known->time_ms &&
           text_equal(row->before, before) && (row->before.ptr == NULL) == (row->previous == 0);
}

static enum tend_code see_row(struct backend_visitor *visitor, const struct backend_row *row,
                              struct error *err)
{
    struct seen *seen = CONTAINER_OF(visitor, struct seen, visitor);
    seen->wrong += row->revision <= seen->last || !same_row(seen->bench, row);
    seen->last = row->revision;
    seen->rows++;
    return seen->answer == TEND_OK ? TEND_OK : FAIL(err, seen->answer, "enough");
}

#define QUERY(after_revision)                                                                      \
    (struct backend_query)                                                                         \
    {                                                                                              \
        .after = (after_revision), .rows_max = ROWS_MAX, .bytes_max = 1 << 30,                     \
        .looks_max = ROWS_MAX                                                                      \
    }

/* Reads and checks each row against the model; what was seen is in `ret_seen`. */
static enum tend_code look(struct bench *b, struct backend_query query, struct seen *ret_seen,
                           int64_t *ret_reached)
{
    struct error err = ERROR_INIT;
    enum tend_code answer = ret_seen->answer;
    *ret_seen = (struct seen){.visitor.row = see_row, .bench = b, .answer = answer};
    enum tend_code code =
        b->backend->ops->read(b->backend, &query, &ret_seen->visitor, ret_reached, &err);
    CHECK_INT((long long)ret_seen->wrong, 0);
    return code;
}

/* Everything that is kept reads as it was written. */
static void check_log(struct bench *b)
{
    struct seen seen = {0};
    int64_t reached = 0;
    CHECK_INT(look(b, QUERY(b->state.oldest), &seen, &reached), TEND_OK);
    CHECK_INT(reached, (long long)b->count);
    CHECK_INT((long long)seen.rows, (long long)b->count - b->state.oldest);
}

static void compact_to(struct bench *b, int64_t count)
{
    struct error err = ERROR_INIT;
    struct backend_keep keep = {.count = count, .bytes = INT64_MAX};
    enum backend_more more = BACKEND_MORE;
    for (int steps = 0; more == BACKEND_MORE && steps < 10000; steps++) {
        enum tend_code code = b->backend->ops->compact(b->backend, &keep, &b->state, &more, &err);
        if (code != TEND_OK) {
            CHECK_INT(code, TEND_OK);
            return;
        }
    }
    CHECK_INT(more, BACKEND_DONE);
}

static void tidy_all(struct bench *b)
{
    struct error err = ERROR_INIT;
    enum backend_more more = BACKEND_MORE;
    for (int steps = 0; more == BACKEND_MORE && steps < 10000; steps++) {
        CHECK_INT(b->backend->ops->tidy(b->backend, &more, &err), TEND_OK);
    }
    CHECK_INT(more, BACKEND_DONE);
}

static struct bench *bench_new(void)
{
    struct bench *b = alloc_new(sizeof *b);
    b->rows = alloc_array(ROWS_MAX + 64, sizeof *b->rows);
    b->seed = 42;
    b->place = place_new();
    b->backend = place_open(b->place);
    check_load(b);
    return b;
}

static void bench_free(struct bench *b)
{
    b->backend->ops->close(b->backend);
    place_free(b->place);
    free(b->rows);
    free(b);
}

#endif
