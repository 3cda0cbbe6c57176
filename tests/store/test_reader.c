/* Snapshots: a reader sees its revision while writes go on, and does not keep it for ever. */
#include "base/limits.h"
#include "store/fixture.h"

struct reader {
    struct store_reader reader;
    unsigned expired;
};

static void reader_expired(struct store_reader *reader)
{
    CONTAINER_OF(reader, struct reader, reader)->expired++;
}

#define READER_INIT                                                                                \
    {                                                                                              \
        .reader.expired = reader_expired                                                           \
    }

static void write_now(struct fixture *f, enum change_op op, const char *key, const char *body)
{
    CHECK_INT(put(f, op, key, body, NULL), TEND_OK);
    virtual_world_run(&f->v);
}

static const char *at_revision(struct fixture *f, const char *key, int64_t revision)
{
    return body_of(store_get_at(f->store, text_of(key), revision));
}

static void sees_its_revision(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct reader reader = READER_INIT;
    write_now(f, CHANGE_CREATE, "a", "1");
    write_now(f, CHANGE_CREATE, "b", "1");
    store_reader_open(f->store, &reader.reader);
    CHECK_INT(reader.reader.revision, 2);
    write_now(f, CHANGE_UPDATE, "a", "2");
    write_now(f, CHANGE_DELETE, "b", "2");
    write_now(f, CHANGE_CREATE, "c", "2");
    write_now(f, CHANGE_CREATE, "b", "3");
    CHECK_TEXT(at_revision(f, "a", 2), "1");
    CHECK_TEXT(at_revision(f, "b", 2), "1");
    CHECK(at_revision(f, "c", 2) == NULL);
    CHECK_TEXT(at(f, "a"), "2");
    CHECK_TEXT(at(f, "b"), "3");
    struct store_entry entries[4];
    CHECK_INT((long long)store_list(f->store, 2, TEXT(""), TEXT(""), entries, 4), 2);
    CHECK_TEXT(entries[0].doc->bytes, "1");
    CHECK_INT(entries[1].revision, 2);
    CHECK_INT((long long)store_list(f->store, 6, TEXT(""), TEXT(""), entries, 4), 3);
    store_reader_close(f->store, &reader.reader);
    store_reader_close(f->store, &reader.reader);
    virtual_world_run(&f->v);
    CHECK(at_revision(f, "a", 2) == NULL);
    CHECK_INT(reader.expired, 0);
    fixture_free(f);
}

static void lists_in_slices(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    char key[16], last[16] = "";
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "x/%03d", (i * 37) % 100);
        CHECK_INT(put(f, CHANGE_CREATE, key, "1", NULL), TEND_OK);
    }
    write_now(f, CHANGE_CREATE, "y/1", "1");
    struct store_entry entries[7];
    int64_t revision = store_revision(f->store);
    size_t got = 0, all = 0;
    unsigned disorder = 0;
    do {
        got = store_list(f->store, revision, TEXT("x/"), text_of(last), entries, 7);
        for (size_t i = 0; i < got; i++) {
            disorder += strcmp(entries[i].key.ptr, last) <= 0;
            snprintf(last, sizeof last, "%.*s", TEXT_ARG(entries[i].key));
        }
        all += got;
    } while (got == 7);
    CHECK_INT((long long)all, 100);
    CHECK_INT(disorder, 0);
    CHECK_INT((long long)store_count(f->store, TEXT("x/")), 100);
    CHECK_INT((long long)store_count(f->store, TEXT("x/01")), 10);
    CHECK_INT((long long)store_count(f->store, TEXT("")), 101);
    fixture_free(f);
}

static void expires_by_age(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct reader old = READER_INIT, young = READER_INIT;
    write_now(f, CHANGE_CREATE, "a", "1");
    store_reader_open(f->store, &old.reader);
    virtual_world_advance(&f->v, 1000);
    write_now(f, CHANGE_UPDATE, "a", "2");
    store_reader_open(f->store, &young.reader);
    write_now(f, CHANGE_UPDATE, "a", "3");
    virtual_world_advance(&f->v, READER_AGE_MAX_MS - 1001);
    CHECK_INT(old.expired, 0);
    CHECK_TEXT(at_revision(f, "a", 1), "1");
    virtual_world_advance(&f->v, 1);
    CHECK_INT(old.expired, 1);
    CHECK_INT(young.expired, 0);
    CHECK(at_revision(f, "a", 1) == NULL);
    CHECK_TEXT(at_revision(f, "a", 2), "2");
    store_reader_close(f->store, &old.reader);
    virtual_world_advance(&f->v, 1000);
    CHECK_INT(young.expired, 1);
    fixture_free(f);
}

static void expires_by_bytes(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct reader reader = READER_INIT;
    size_t len = MIB;
    CLEANUP(freep) char *large = alloc_new(len + 1);
    memset(large, 'x', len);
    write_now(f, CHANGE_CREATE, "a", large);
    store_reader_open(f->store, &reader.reader);
    for (unsigned i = 0; i < READER_BYTES_MAX / MIB; i++) {
        write_now(f, CHANGE_UPDATE, "a", large);
    }
    CHECK_INT(reader.expired, 0);
    CHECK(at_revision(f, "a", 1) != NULL);
    write_now(f, CHANGE_UPDATE, "a", large);
    CHECK_INT(reader.expired, 1);
    CHECK(at_revision(f, "a", 1) == NULL);
    fixture_free(f);
}

static void idle_means_no_alarm(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct reader reader = READER_INIT;
    store_reader_open(f->store, &reader.reader);
    store_reader_close(f->store, &reader.reader);
    virtual_world_run(&f->v);
    CHECK(!virtual_world_advance_to_alarm(&f->v));
    CHECK_INT((long long)f->v.alarms_fired, 0);
    fixture_free(f);
}

/* Random writes and readers against copies of the whole state at each revision. */
enum { KEYS = 12, STEPS = 3000, OPEN = 5 };

struct world_model {
    struct fixture *f;
    uint64_t seed;
    int64_t now[KEYS]; /* revision of the newest version; 0: not there */
    struct {
        struct reader reader;
        int64_t then[KEYS];
    } open[OPEN];
    unsigned wrong;
};

static uint64_t chance(struct world_model *m, uint64_t below)
{
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return (m->seed >> 33) % below;
}

static void check_reader(struct world_model *m, size_t i)
{
    struct store_entry entries[KEYS];
    size_t got = store_list(m->f->store, m->open[i].reader.reader.revision, TEXT(""), TEXT(""),
                            entries, KEYS);
    size_t next = 0;
    for (size_t key = 0; key < KEYS; key++) {
        if (m->open[i].then[key] != 0) {
            m->wrong += next >= got || entries[next].revision != m->open[i].then[key];
            next++;
        }
    }
    m->wrong += next != got;
}

static void change_something(struct world_model *m)
{
    char name[2] = {0};
    size_t key = chance(m, KEYS);
    name[0] = (char)('a' + key);
    enum change_op op = m->now[key] == 0    ? CHANGE_CREATE
                        : chance(m, 3) == 0 ? CHANGE_DELETE
                                            : CHANGE_UPDATE;
    int64_t revision = store_next_revision(m->f->store);
    m->wrong += put(m->f, op, name, "1", NULL) != TEND_OK;
    m->now[key] = op == CHANGE_DELETE ? 0 : revision;
}

static void readers_step(struct world_model *m)
{
    size_t i = chance(m, OPEN);
    if (list_linked(&m->open[i].reader.reader.link)) {
        check_reader(m, i);
        store_reader_close(m->f->store, &m->open[i].reader.reader);
        return;
    }
    m->open[i].reader = (struct reader)READER_INIT;
    store_reader_open(m->f->store, &m->open[i].reader.reader);
    memcpy(m->open[i].then, m->now, sizeof m->now);
}

static void agrees_with_copies(void)
{
    struct world_model *m = alloc_new(sizeof *m);
    m->f = fixture_new((struct store_options){0});
    m->seed = 99;
    for (int step = 0; step < STEPS; step++) {
        for (uint64_t writes = chance(m, 4); writes > 0; writes--) {
            change_something(m);
        }
        virtual_world_run(&m->f->v);
        readers_step(m);
        if (chance(m, 4) == 0) {
            virtual_world_run(&m->f->v);
        }
    }
    CHECK_INT(m->wrong, 0);
    for (size_t i = 0; i < OPEN; i++) {
        store_reader_close(m->f->store, &m->open[i].reader.reader);
    }
    fixture_free(m->f);
    free(m);
}

SUITE({"a reader sees its revision while writes go on", sees_its_revision},
      {"a list can be taken in slices, in order", lists_in_slices},
      {"a reader that is too old is closed and told", expires_by_age},
      {"a reader that keeps too much is closed and told", expires_by_bytes},
      {"without readers nothing wakes up", idle_means_no_alarm},
      {"random readers agree with copies of the state", agrees_with_copies})
