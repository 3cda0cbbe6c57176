/* One suite for every backend. A test file says what a place to keep rows is, then lists the cases:
 *
 *     struct place { ... };
 *     static struct place *place_new(void) ...
 *     static void place_free(struct place *place) ...
 *     static struct backend *place_open(struct place *place)      open (again) what is kept there
 *
 *     SUITE(BACKEND_CASES)
 */
#ifndef CONFORMANCE_BACKEND_SUITE_H
#define CONFORMANCE_BACKEND_SUITE_H

#include <pthread.h>

#include "conformance/backend_bench.h"

/* --- cases: append and load -------------------------------------------------------------------- */

static void starts_empty(void)
{
    struct bench *b = bench_new();
    struct seen seen = {0};
    int64_t reached = -1;
    CHECK_INT(b->state.revision, 0);
    CHECK_INT(b->state.oldest, 0);
    CHECK_INT(b->state.bytes, 0);
    CHECK_INT(b->state.oldest_ms, 0);
    CHECK_INT(b->state.space, STORE_READY);
    CHECK_INT(look(b, QUERY(0), &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, 0);
    CHECK_INT(reached, 0);
    reopen(b);
    bench_free(b);
}

static void keeps_a_create(void)
{
    struct bench *b = bench_new();
    add(b, CHANGE_CREATE, 1);
    check_log(b);
    reopen(b);
    check_log(b);
    CHECK_INT(b->state.oldest_ms, 1001);
    CHECK_INT(b->state.bytes, (long long)b->rows[0].row.doc.len);
    bench_free(b);
}

static void keeps_an_update(void)
{
    struct bench *b = bench_new();
    add(b, CHANGE_CREATE, 1);
    add(b, CHANGE_UPDATE, 1);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void keeps_a_delete(void)
{
    struct bench *b = bench_new();
    add(b, CHANGE_CREATE, 1);
    add(b, CHANGE_DELETE, 1);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void keeps_a_rebirth(void)
{
    struct bench *b = bench_new();
    add(b, CHANGE_CREATE, 1);
    add(b, CHANGE_DELETE, 1);
    add(b, CHANGE_CREATE, 1);
    add(b, CHANGE_UPDATE, 1);
    CHECK_INT(b->rows[2].row.previous, 0);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void keeps_a_set(void)
{
    struct bench *b = bench_new();
    known_add(b, CHANGE_CREATE, 1);
    known_add(b, CHANGE_CREATE, 2);
    known_add(b, CHANGE_UPDATE, 1);
    CHECK_INT(append_last(b, 3), TEND_OK);
    CHECK_INT(b->rows[0].row.set_last, 3);
    check_log(b);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void keeps_two_sets_of_an_append(void)
{
    struct bench *b = bench_new();
    struct error err = ERROR_INIT;
    struct backend_row rows[3];
    for (unsigned i = 0; i < 3; i++) {
        struct known *known = known_add(b, CHANGE_CREATE, i);
        known->row.set_last = i == 0 ? 1 : 3;
        rows[i] = known->row;
    }
    CHECK_INT(b->backend->ops->append(b->backend, rows, 3, STORE_GROWS, &err), TEND_OK);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void goes_on_after_reopen(void)
{
    struct bench *b = bench_new();
    for (int round = 0; round < 5; round++) {
        churn(b, 10, 3);
        reopen(b);
        check_log(b);
    }
    bench_free(b);
}

static void keeps_empty_texts(void)
{
    struct bench *b = bench_new();
    struct known *known = known_add(b, CHANGE_CREATE, 1);
    known->row.actor = known->row.reason = TEXT("");
    CHECK_INT(append_last(b, 1), TEND_OK);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void keeps_any_bytes(void)
{
    struct bench *b = bench_new();
    struct known *known = known_add(b, CHANGE_CREATE, 1);
    known->row.reason = TEXT("na\xc3\xafve \xe2\x98\x83 'quoted' \"twice\" \\ %s");
    known->row.doc = TEXT("{\"text\":\"\xf0\x9f\x90\x8b\\u0000\"}");
    CHECK_INT(append_last(b, 1), TEND_OK);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void keeps_a_large_document(void)
{
    struct bench *b = bench_new();
    size_t len = 1536 * 1024;
    CLEANUP(freep) char *large = alloc_new(len);
    memset(large, 'x', len);
    struct known *known = known_add(b, CHANGE_CREATE, 1);
    known->row.doc = (struct text){large, len};
    CHECK_INT(append_last(b, 1), TEND_OK);
    add(b, CHANGE_UPDATE, 1);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void keeps_large_numbers(void)
{
    struct bench *b = bench_new();
    struct known *known = known_add(b, CHANGE_CREATE, 1);
    known->row.time_ms = INT64_MAX;
    CHECK_INT(append_last(b, 1), TEND_OK);
    known = known_add(b, CHANGE_CREATE, 2);
    known->row.time_ms = -5;
    CHECK_INT(append_last(b, 1), TEND_OK);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void takes_a_large_append(void)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < 3000; i++) {
        known_add_any(b, (unsigned)chance(b, KEYS));
    }
    CHECK_INT(append_last(b, 3000), TEND_OK);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void counts_bytes(void)
{
    struct bench *b = bench_new();
    churn(b, 50, 4);
    reopen(b);
    int64_t bytes = 0;
    for (size_t i = 0; i < b->count; i++) {
        bytes += (int64_t)b->rows[i].row.doc.len;
    }
    CHECK_INT(b->state.bytes, bytes);
    compact_to(b, 10);
    for (int64_t i = 0; i < b->state.oldest; i++) {
        bytes -= (int64_t)b->rows[i].row.doc.len;
    }
    CHECK_INT(b->state.bytes, bytes);
    reopen(b);
    CHECK_INT(b->state.bytes, bytes);
    bench_free(b);
}

static enum tend_code stop(struct backend_visitor *visitor, const struct backend_row *row,
                           struct error *err)
{
    (void)visitor, (void)row;
    return FAIL(err, TEND_LIMIT, "enough");
}

static void load_stops_with_the_visitor(void)
{
    struct bench *b = bench_new();
    struct error err = ERROR_INIT;
    add(b, CHANGE_CREATE, 1);
    struct backend_visitor visitor = {.row = stop};
    struct backend_state state;
    b->backend->ops->close(b->backend);
    b->backend = place_open(b->place);
    CHECK_INT(b->backend->ops->load(b->backend, &visitor, &state, &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "enough");
    bench_free(b);
}

/* --- cases: read ------------------------------------------------------------------------------- */

static void reads_after_a_revision(void)
{
    struct bench *b = bench_new();
    churn(b, 20, 3);
    for (int64_t after = 0; after <= (int64_t)b->count; after++) {
        struct seen seen = {0};
        int64_t reached = 0;
        CHECK_INT(look(b, QUERY(after), &seen, &reached), TEND_OK);
        CHECK_INT((long long)seen.rows, (long long)b->count - after);
        CHECK_INT(reached, (long long)b->count);
    }
    bench_free(b);
}

static void reads_past_the_end(void)
{
    struct bench *b = bench_new();
    struct seen seen = {0};
    int64_t reached = 0;
    add(b, CHANGE_CREATE, 1);
    CHECK_INT(look(b, QUERY(100), &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, 0);
    CHECK_INT(reached, 100);
    bench_free(b);
}

static void reads_at_most_so_many(void)
{
    struct bench *b = bench_new();
    struct seen seen = {0};
    int64_t reached = 0;
    churn(b, 20, 1);
    struct backend_query query = QUERY(3);
    query.rows_max = 5;
    CHECK_INT(look(b, query, &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, 5);
    CHECK_INT(reached, 8);
    bench_free(b);
}

static void reads_at_most_so_many_bytes(void)
{
    struct bench *b = bench_new();
    struct seen seen = {0};
    int64_t reached = 0;
    churn(b, 20, 1);
    struct backend_query query = QUERY(10);
    query.bytes_max = 3 * b->rows[10].row.doc.len;
    CHECK_INT(look(b, query, &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, 3);
    CHECK_INT(reached, 13);
    query.bytes_max = 1;
    CHECK_INT(look(b, query, &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, 1);
    CHECK_INT(reached, 11);
    bench_free(b);
}

static void looks_at_no_more_than_asked(void)
{
    struct bench *b = bench_new();
    struct seen seen = {0};
    int64_t reached = 0;
    churn(b, 30, 1);
    struct backend_query query = QUERY(5);
    query.looks_max = 7;
    query.prefix = TEXT("nothing/");
    CHECK_INT(look(b, query, &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, 0);
    CHECK_INT(reached, 12);
    bench_free(b);
}

static void reads_by_prefix(void)
{
    struct bench *b = bench_new();
    struct seen seen = {0};
    int64_t reached = 0;
    churn(b, 60, 2);
    size_t expected = 0;
    for (size_t i = 0; i < b->count; i++) {
        expected += text_starts(b->rows[i].row.key, TEXT("k/0"));
    }
    struct backend_query query = QUERY(0);
    query.prefix = TEXT("k/0");
    CHECK_INT(look(b, query, &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, (long long)expected);
    CHECK(expected > 0 && expected < b->count);
    CHECK_INT(reached, (long long)b->count);
    bench_free(b);
}

static void pages_make_the_whole(void)
{
    struct bench *b = bench_new();
    churn(b, 60, 3);
    size_t rows = 0;
    int64_t reached = 0;
    struct backend_query query = QUERY(0);
    query.rows_max = 7;
    query.looks_max = 11;
    query.prefix = TEXT("k/1");
    size_t expected = 0;
    for (size_t i = 0; i < b->count; i++) {
        expected += text_starts(b->rows[i].row.key, TEXT("k/1"));
    }
    while (query.after < (int64_t)b->count) {
        struct seen seen = {0};
        CHECK_INT(look(b, query, &seen, &reached), TEND_OK);
        if (!CHECK(reached > query.after)) {
            break;
        }
        rows += seen.rows;
        query.after = reached;
    }
    CHECK_INT((long long)rows, (long long)expected);
    bench_free(b);
}

static void read_stops_with_the_visitor(void)
{
    struct bench *b = bench_new();
    churn(b, 5, 1);
    struct seen seen = {.answer = TEND_LIMIT};
    int64_t reached = -1;
    CHECK_INT(look(b, QUERY(0), &seen, &reached), TEND_LIMIT);
    CHECK_INT((long long)seen.rows, 1);
    check_log(b);
    bench_free(b);
}

static void reads_what_was_just_appended(void)
{
    struct bench *b = bench_new();
    for (int i = 0; i < 20; i++) {
        struct seen seen = {0};
        int64_t reached = 0;
        int64_t before = (int64_t)b->count;
        churn(b, 1, 2);
        CHECK_INT(look(b, QUERY(before), &seen, &reached), TEND_OK);
        CHECK_INT((long long)seen.rows, (long long)b->count - before);
    }
    bench_free(b);
}

/* The reader's thread: follows the log to its end, row by row. */
struct chase {
    struct backend_visitor visitor;
    struct backend *backend;
    int64_t until, last;
    unsigned wrong;
};

static enum tend_code chase_row(struct backend_visitor *visitor, const struct backend_row *row,
                                struct error *err)
{
    (void)err;
    struct chase *chase = CONTAINER_OF(visitor, struct chase, visitor);
    char doc[DOC_MAX];
    snprintf(doc, sizeof doc, "{\"revision\":%lld}", (long long)row->revision);
    chase->wrong += row->revision != chase->last + 1 || !text_is(row->doc, doc);
    chase->last = row->revision;
    return TEND_OK;
}

static void *chase_log(void *argument)
{
    struct chase *chase = argument;
    while (chase->last < chase->until && chase->wrong == 0) {
        struct error err = ERROR_INIT;
        struct backend_query query = QUERY(chase->last);
        int64_t reached = 0;
        chase->wrong += chase->backend->ops->read(chase->backend, &query, &chase->visitor, &reached,
                                                  &err) != TEND_OK;
        chase->wrong += reached != chase->last;
    }
    return NULL;
}

static void reads_while_it_is_written(void)
{
    struct bench *b = bench_new();
    struct chase chase = {.visitor.row = chase_row, .backend = b->backend, .until = 1000};
    pthread_t thread;
    if (CHECK_INT(pthread_create(&thread, NULL, chase_log, &chase), 0)) {
        while (b->count < 1000) {
            churn(b, 1, 4);
            tidy_all(b);
        }
        pthread_join(thread, NULL);
    }
    CHECK_INT(chase.wrong, 0);
    CHECK(chase.last >= 1000);
    bench_free(b);
}

/* --- cases: compact ---------------------------------------------------------------------------- */

static void compacts_by_count(void)
{
    struct bench *b = bench_new();
    churn(b, 100, 1);
    compact_to(b, 30);
    CHECK_INT(b->state.oldest, 70);
    CHECK_INT(b->state.revision, 100);
    check_log(b);
    reopen(b);
    CHECK_INT(b->state.oldest, 70);
    check_log(b);
    bench_free(b);
}

static void compacts_by_bytes(void)
{
    struct bench *b = bench_new();
    struct error err = ERROR_INIT;
    churn(b, 100, 1);
    int64_t keep_bytes = 0;
    for (int i = 60; i < 100; i++) {
        keep_bytes += (int64_t)b->rows[i].row.doc.len;
    }
    struct backend_keep keep = {.count = INT64_MAX, .bytes = keep_bytes};
    enum backend_more more = BACKEND_MORE;
    while (more == BACKEND_MORE) {
        CHECK_INT(b->backend->ops->compact(b->backend, &keep, &b->state, &more, &err), TEND_OK);
    }
    CHECK_INT(b->state.oldest, 60);
    CHECK_INT(b->state.bytes, keep_bytes);
    check_log(b);
    bench_free(b);
}

static void compacts_by_age(void)
{
    struct bench *b = bench_new();
    struct error err = ERROR_INIT;
    churn(b, 100, 1);
    struct backend_keep keep = {.count = INT64_MAX, .bytes = INT64_MAX, .since_ms = 1000 + 41};
    enum backend_more more = BACKEND_MORE;
    while (more == BACKEND_MORE) {
        CHECK_INT(b->backend->ops->compact(b->backend, &keep, &b->state, &more, &err), TEND_OK);
    }
    CHECK_INT(b->state.oldest, 40);
    CHECK_INT(b->state.oldest_ms, 1041);
    check_log(b);
    bench_free(b);
}

static void compacting_keeps_what_fits(void)
{
    struct bench *b = bench_new();
    churn(b, 20, 1);
    compact_to(b, 20);
    CHECK_INT(b->state.oldest, 0);
    compact_to(b, 1000);
    CHECK_INT(b->state.oldest, 0);
    check_log(b);
    bench_free(b);
}

static void compacts_everything(void)
{
    struct bench *b = bench_new();
    churn(b, 50, 3);
    compact_to(b, 0);
    CHECK_INT(b->state.oldest, (long long)b->count);
    CHECK_INT(b->state.revision, (long long)b->count);
    CHECK_INT(b->state.bytes, 0);
    CHECK_INT(b->state.oldest_ms, 0);
    reopen(b);
    CHECK_INT(b->state.oldest, (long long)b->count);
    check_log(b);
    bench_free(b);
}

static void never_reuses_a_revision(void)
{
    struct bench *b = bench_new();
    add(b, CHANGE_CREATE, 1);
    add(b, CHANGE_DELETE, 1);
    compact_to(b, 0);
    reopen(b);
    CHECK_INT(b->state.revision, 2);
    add(b, CHANGE_CREATE, 1);
    reopen(b);
    CHECK_INT(b->state.revision, 3);
    check_log(b);
    bench_free(b);
}

static void compacts_whole_sets(void)
{
    struct bench *b = bench_new();
    for (int set = 0; set < 10; set++) {
        for (unsigned i = 0; i < 5; i++) {
            known_add_any(b, i);
        }
        CHECK_INT(append_last(b, 5), TEND_OK);
    }
    compact_to(b, 12); /* the set that the limit cuts goes as a whole */
    CHECK_INT(b->state.oldest, 40);
    check_log(b);
    bench_free(b);
}

static void what_is_compacted_is_gone(void)
{
    struct bench *b = bench_new();
    struct seen seen = {0};
    int64_t reached = 0;
    churn(b, 50, 1);
    compact_to(b, 10);
    CHECK_INT(look(b, QUERY(39), &seen, &reached), TEND_GONE);
    CHECK_INT(look(b, QUERY(0), &seen, &reached), TEND_GONE);
    CHECK_INT((long long)seen.rows, 0);
    CHECK_INT(look(b, QUERY(40), &seen, &reached), TEND_OK);
    CHECK_INT((long long)seen.rows, 10);
    bench_free(b);
}

static void compacting_is_bounded(void)
{
    struct bench *b = bench_new();
    struct error err = ERROR_INIT;
    churn(b, 5000, 1);
    struct backend_keep keep = {.count = 0, .bytes = INT64_MAX};
    enum backend_more more = BACKEND_MORE;
    unsigned steps = 0;
    while (more == BACKEND_MORE && steps < 1000) {
        int64_t oldest = b->state.oldest;
        CHECK_INT(b->backend->ops->compact(b->backend, &keep, &b->state, &more, &err), TEND_OK);
        CHECK(b->state.oldest - oldest <= 2048);
        steps++;
    }
    CHECK(steps > 2);
    CHECK_INT(b->state.oldest, (long long)b->count);
    bench_free(b);
}

/* A row is shown with what was before it, although that row itself was compacted long ago. */
static void before_outlives_compaction(void)
{
    struct bench *b = bench_new();
    add(b, CHANGE_CREATE, 1);
    add(b, CHANGE_CREATE, 2);
    add(b, CHANGE_CREATE, 3);
    compact_to(b, 0);
    add(b, CHANGE_UPDATE, 1);
    add(b, CHANGE_DELETE, 2);
    check_log(b);
    compact_to(b, 2);
    check_log(b);
    churn(b, 40, 2);
    check_log(b);
    compact_to(b, 10);
    check_log(b);
    reopen(b);
    check_log(b);
    bench_free(b);
}

/* --- cases: tidy, recover ---------------------------------------------------------------------- */

static void tidying_changes_nothing(void)
{
    struct bench *b = bench_new();
    churn(b, 300, 3);
    tidy_all(b);
    check_log(b);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void says_when_it_is_tidy(void)
{
    struct bench *b = bench_new();
    CHECK_INT(b->backend->untidy, BACKEND_DONE);
    churn(b, 1000, 4);
    tidy_all(b);
    CHECK_INT(b->backend->untidy, BACKEND_DONE);
    bench_free(b);
}

static void recovers_where_there_is_space(void)
{
    struct bench *b = bench_new();
    struct error err = ERROR_INIT;
    CHECK_INT(b->backend->ops->recover(b->backend, &err), TEND_OK);
    churn(b, 10, 1);
    CHECK_INT(b->backend->ops->recover(b->backend, &err), TEND_OK);
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void takes_what_shrinks(void)
{
    struct bench *b = bench_new();
    struct error err = ERROR_INIT;
    add(b, CHANGE_CREATE, 1);
    struct known *known = known_add(b, CHANGE_DELETE, 1);
    CHECK_INT(b->backend->ops->append(b->backend, &known->row, 1, STORE_SHRINKS, &err), TEND_OK);
    reopen(b);
    check_log(b);
    bench_free(b);
}

/* --- cases: everything at once ----------------------------------------------------------------- */

static void random_life(uint64_t seed)
{
    struct bench *b = bench_new();
    b->seed = seed;
    for (int round = 0; round < 60 && b->count < ROWS_MAX - 400; round++) {
        churn(b, 1 + chance(b, 20), 1 + chance(b, 8));
        switch (chance(b, 6)) {
        case 0:
            compact_to(b, (int64_t)chance(b, b->count + 1));
            break;
        case 1:
            tidy_all(b);
            break;
        case 2:
            reopen(b);
            break;
        default:
            break;
        }
        check_log(b);
    }
    reopen(b);
    check_log(b);
    bench_free(b);
}

static void random_life_1(void)
{
    random_life(1);
}

static void random_life_2(void)
{
    random_life(20260101);
}

static void random_life_3(void)
{
    random_life(777);
}

#define BACKEND_CASES                                                                              \
    {"an empty place loads as revision 0", starts_empty},                                          \
        {"a create is there after reopening", keeps_a_create},                                     \
        {"an update is there after reopening", keeps_an_update},                                   \
        {"a delete is there after reopening", keeps_a_delete},                                     \
        {"a key can be deleted and created again", keeps_a_rebirth},                               \
        {"a set keeps its end", keeps_a_set},                                                      \
        {"one append may carry several sets", keeps_two_sets_of_an_append},                        \
        {"revisions go on after reopening", goes_on_after_reopen},                                 \
        {"actor and reason may be empty", keeps_empty_texts},                                      \
        {"texts come back byte for byte", keeps_any_bytes},                                        \
        {"the largest document comes back", keeps_a_large_document},                               \
        {"any time comes back", keeps_large_numbers},                                              \
        {"three thousand rows fit in one append", takes_a_large_append},                           \
        {"bytes are those of the documents that are kept", counts_bytes},                          \
        {"loading stops when the visitor fails", load_stops_with_the_visitor},                     \
        {"reading starts after any revision", reads_after_a_revision},                             \
        {"reading past the end shows nothing", reads_past_the_end},                                \
        {"a page has at most the rows that were asked for", reads_at_most_so_many},                \
        {"a page has about the bytes that were asked for, one row at least",                       \
         reads_at_most_so_many_bytes},                                                             \
        {"a page looks at no more rows than asked", looks_at_no_more_than_asked},                  \
        {"a page can be of a prefix", reads_by_prefix},                                            \
        {"pages make the whole, each once", pages_make_the_whole},                                 \
        {"reading stops when the visitor fails, and can be repeated",                              \
         read_stops_with_the_visitor},                                                             \
        {"what was appended can be read at once", reads_what_was_just_appended},                   \
        {"reads on one thread while it is written on another", reads_while_it_is_written},         \
        {"compacts by number of rows", compacts_by_count},                                         \
        {"compacts by bytes", compacts_by_bytes}, {"compacts by age", compacts_by_age},            \
        {"compacting leaves what the limits allow", compacting_keeps_what_fits},                   \
        {"the whole log can go, the objects stay", compacts_everything},                           \
        {"a revision is never used again, however much was compacted", never_reuses_a_revision},   \
        {"compacting stops at the end of a set", compacts_whole_sets},                             \
        {"what was compacted is gone, and says so", what_is_compacted_is_gone},                    \
        {"compacting goes in bounded steps", compacting_is_bounded},                               \
        {"every kept row knows the document before it", before_outlives_compaction},               \
        {"tidying changes nothing that can be read", tidying_changes_nothing},                     \
        {"tidying comes to an end", says_when_it_is_tidy},                                         \
        {"recovering says when there is space", recovers_where_there_is_space},                    \
        {"an append that shrinks is an append", takes_what_shrinks},                               \
        {"a random life, seed 1", random_life_1}, {"a random life, seed 20260101", random_life_2}, \
    {                                                                                              \
        "a random life, seed 777", random_life_3                                                   \
    }

#endif
