/* The index against an array that does the same slowly. */
#include "base/alloc.h"
#include "store/index.h"
#include "support/suite.h"

enum { KEYS = 3000, OPS = 60000 };

static struct doc *doc_number(int64_t number)
{
    char bytes[32];
    snprintf(bytes, sizeof bytes, "%lld", (long long)number);
    return doc_from_bytes(text_of(bytes));
}

static void push(struct index *index, const char *key, int64_t revision)
{
    CLEANUP(doc_unrefp) struct doc *doc = doc_number(revision);
    index_push(index, text_of(key), revision, doc);
}

static long long newest(const struct index *index, const char *key)
{
    const struct index_entry *entry = index_find(index, text_of(key));
    return entry == NULL ? 0 : entry->newest.revision;
}

static void finds_what_was_pushed(void)
{
    struct index index = {0};
    CHECK(index_find(&index, TEXT("a")) == NULL);
    push(&index, "b", 1);
    push(&index, "a", 2);
    push(&index, "b", 3);
    CHECK_INT(newest(&index, "a"), 2);
    CHECK_INT(newest(&index, "b"), 3);
    CHECK_INT(newest(&index, ""), 0);
    CHECK_INT(newest(&index, "c"), 0);
    CHECK_INT((long long)index.entries, 2);
    index_done(&index);
}

static void versions_are_by_revision(void)
{
    struct index index = {0};
    push(&index, "a", 5);
    struct index_entry *entry = index_push(&index, TEXT("a"), 8, NULL);
    CHECK(index_version(entry, 4) == NULL);
    CHECK_INT(index_version(entry, 5)->revision, 5);
    CHECK_INT(index_version(entry, 7)->revision, 5);
    CHECK(index_version(entry, 8)->doc == NULL);
    CHECK_INT(index_version(entry, INT64_MAX)->revision, 8);
    index_done(&index);
}

static void popping_goes_back(void)
{
    struct index index = {0};
    push(&index, "a", 1);
    push(&index, "a", 2);
    index_pop(&index, index_find(&index, TEXT("a")));
    CHECK_INT(newest(&index, "a"), 1);
    index_pop(&index, index_find(&index, TEXT("a")));
    CHECK(index_find(&index, TEXT("a")) == NULL);
    CHECK_INT((long long)index.entries, 0);
    index_done(&index);
}

static void popping_takes_a_trimmed_deletion_along(void)
{
    struct index index = {0};
    push(&index, "a", 1);
    struct index_entry *entry = index_push(&index, TEXT("a"), 2, NULL);
    push(&index, "a", 3);
    index_trim(&index, entry, 2);
    CHECK(index_version(entry, 2) != NULL);
    index_pop(&index, entry);
    CHECK_INT((long long)index.entries, 0);
    index_done(&index);
}

static void trimming_drops_what_is_older(void)
{
    struct index index = {0};
    for (int64_t revision = 1; revision <= 5; revision++) {
        push(&index, "a", revision);
    }
    struct index_entry *entry = index_find(&index, TEXT("a"));
    index_trim(&index, entry, 3);
    CHECK(index_version(entry, 2) == NULL);
    CHECK_INT(index_version(entry, 3)->revision, 3);
    CHECK_INT(index_version(entry, 4)->revision, 4);
    index_push(&index, TEXT("a"), 6, NULL);
    index_trim(&index, entry, 5);
    CHECK_INT((long long)index.entries, 1);
    index_trim(&index, entry, 6);
    CHECK_INT((long long)index.entries, 0);
    index_done(&index);
}

static void scans_stop_at_the_prefix(void)
{
    struct index index = {0};
    const char *keys[] = {"a", "a/", "a/1", "a/2", "a0", "b/1"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        push(&index, keys[i], (int64_t)i + 1);
    }
    struct index_cursor cursor = index_seek(&index, TEXT("a/"), TEXT(""));
    CHECK_INT(index_next(&cursor)->newest.revision, 2);
    CHECK_INT(index_next(&cursor)->newest.revision, 3);
    CHECK_INT(index_next(&cursor)->newest.revision, 4);
    CHECK(index_next(&cursor) == NULL);
    cursor = index_seek(&index, TEXT("a/"), TEXT("a/1"));
    CHECK_INT(index_next(&cursor)->newest.revision, 4);
    cursor = index_seek(&index, TEXT("a/"), TEXT("a/15")); /* is gone meanwhile */
    CHECK_INT(index_next(&cursor)->newest.revision, 4);
    cursor = index_seek(&index, TEXT("a/"), TEXT("a/2"));
    CHECK(index_next(&cursor) == NULL);
    cursor = index_seek(&index, TEXT("a/"), TEXT("0"));
    CHECK_INT(index_next(&cursor)->newest.revision, 2);
    cursor = index_seek(&index, TEXT("zz"), TEXT(""));
    CHECK(index_next(&cursor) == NULL);
    index_done(&index);
}

/* --- a model ----------------------------------------------------------------------------------- */

struct model {
    struct index index;
    int64_t newest[KEYS]; /* by number; 0: not there */
    int64_t revision;
    uint64_t seed;
    unsigned wrong;
};

static uint64_t chance(struct model *m, uint64_t below)
{
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return (m->seed >> 33) % below;
}

static struct text key_of(char *out, unsigned number)
{
    return (struct text){out, (size_t)sprintf(out, "k/%u/%04u", number % 7, number)};
}

/* Keys in the order in which the index has them: by group, then by number. */
static void check_scan(struct model *m, unsigned group)
{
    char prefix[16], key[32];
    snprintf(prefix, sizeof prefix, "k/%u/", group);
    struct index_cursor cursor = index_seek(&m->index, text_of(prefix), TEXT(""));
    for (unsigned number = group; number < KEYS; number += 7) {
        if (m->newest[number] != 0) {
            const struct index_entry *entry = index_next(&cursor);
            m->wrong += entry == NULL || !text_equal(index_key(entry), key_of(key, number)) ||
                        entry->newest.revision != m->newest[number];
        }
    }
    m->wrong += index_next(&cursor) != NULL;
}

static void step(struct model *m)
{
    char buffer[32];
    unsigned number = (unsigned)chance(m, KEYS);
    struct text key = key_of(buffer, number);
    struct index_entry *entry = index_find(&m->index, key);
    m->wrong += (entry == NULL ? 0 : entry->newest.revision) != m->newest[number];
    switch (chance(m, 5)) {
    case 0:
        if (entry != NULL) {
            index_pop(&m->index, entry);
            m->newest[number] = 0;
        }
        break;
    case 1:
        if (entry != NULL) {
            index_push(&m->index, key, ++m->revision, NULL);
            index_trim(&m->index, entry, m->revision);
            m->newest[number] = 0;
        }
        break;
    default:
        push(&m->index, buffer, ++m->revision);
        index_trim(&m->index, index_find(&m->index, key), m->revision);
        m->newest[number] = m->revision;
        break;
    }
}

static void agrees_with_an_array(void)
{
    struct model *m = alloc_new(sizeof *m);
    m->seed = 20260101;
    for (int i = 0; i < OPS && m->wrong == 0; i++) {
        step(m);
        if (i % 1000 == 0) {
            check_scan(m, (unsigned)chance(m, 7));
        }
    }
    size_t there = 0;
    for (unsigned number = 0; number < KEYS; number++) {
        there += m->newest[number] != 0;
    }
    CHECK_INT(m->wrong, 0);
    CHECK_INT((long long)m->index.entries, (long long)there);
    for (unsigned group = 0; group < 7; group++) {
        check_scan(m, group);
    }
    CHECK_INT(m->wrong, 0);
    index_done(&m->index);
    free(m);
}

/* Many keys in order, then gone from the front, middle and end: chunks split, join and vanish. */
static void survives_growing_and_shrinking(void)
{
    struct index index = {0};
    char key[32];
    unsigned missing = 0;
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "%06d", (i * 7919) % 5000);
        push(&index, key, i + 1);
    }
    CHECK_INT((long long)index.entries, 5000);
    CHECK(index.count >= 5000 / 254 && index.count < 5000 / 100);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "%06d", (i * 104729) % 5000);
        struct index_entry *entry = index_find(&index, text_of(key));
        if (entry == NULL) {
            missing++;
        } else if (i % 10 != 0) {
            index_pop(&index, entry);
        }
    }
    CHECK_INT(missing, 0);
    CHECK_INT((long long)index.entries, 500);
    CHECK(index.count < 20);
    index_done(&index);
}

SUITE({"finds what was pushed", finds_what_was_pushed},
      {"a version is the newest at or before a revision", versions_are_by_revision},
      {"popping goes back to the version before", popping_goes_back},
      {"popping takes a trimmed deletion along", popping_takes_a_trimmed_deletion_along},
      {"trimming drops what is older, and a deletion that is the last word",
       trimming_drops_what_is_older},
      {"a scan begins after a key and stops at the end of its prefix", scans_stop_at_the_prefix},
      {"agrees with an array over 60 000 random steps", agrees_with_an_array},
      {"survives growing and shrinking", survives_growing_and_shrinking})
