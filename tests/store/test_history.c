/* Listeners, the ring's end, pages of the log, and retention. */
#include "base/limits.h"
#include "store/fixture.h"

static void write_now(struct fixture *f, enum change_op op, const char *key, const char *body)
{
    CHECK_INT(put(f, op, key, body, NULL), TEND_OK);
    virtual_world_run(&f->v);
}

struct listener {
    struct store_listener listener;
    struct fixture *f;
    struct answer *answer;
    int64_t told[8];
    size_t times;
    unsigned early; /* the waiter was settled before the listener was told */
};

static void advanced(struct store_listener *listener, int64_t revision)
{
    struct listener *self = CONTAINER_OF(listener, struct listener, listener);
    self->told[self->times++ % COUNT_OF(self->told)] = revision;
    self->early += self->answer != NULL && self->answer->times > 0;
}

static void listeners_come_first(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct answer answer = ANSWER_INIT;
    struct listener a = {.listener.advanced = advanced, .answer = &answer};
    struct listener b = {.listener.advanced = advanced, .answer = &answer};
    store_listen(f->store, &a.listener);
    store_listen(f->store, &b.listener);
    CHECK_INT(put(f, CHANGE_CREATE, "a", "1", NULL), TEND_OK);
    CHECK_INT(put(f, CHANGE_CREATE, "b", "1", &answer), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT((long long)a.times, 1);
    CHECK_INT(a.told[0], 2);
    CHECK_INT(a.early + b.early, 0);
    CHECK_INT(answer.times, 1);
    store_unlisten(&a.listener);
    a.answer = b.answer = NULL;
    write_now(f, CHANGE_CREATE, "c", "1");
    CHECK_INT((long long)a.times, 1);
    CHECK_INT((long long)b.times, 2);
    CHECK_INT(b.told[1], 3);
    store_unlisten(&b.listener);
    fixture_free(f);
}

static void a_failed_commit_is_not_told(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct listener a = {.listener.advanced = advanced};
    store_listen(f->store, &a.listener);
    memory_disk_fail(f->disk, 1, TEND_UNAVAILABLE);
    write_now(f, CHANGE_CREATE, "a", "1");
    CHECK_INT((long long)a.times, 0);
    store_unlisten(&a.listener);
    fixture_free(f);
}

static void the_ring_has_a_floor(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    write_now(f, CHANGE_CREATE, "a", "0");
    for (unsigned i = 0; i < RING_ROWS_MAX + 9; i++) {
        if (put(f, CHANGE_UPDATE, "a", "1", NULL) != TEND_OK) {
            virtual_world_run(&f->v);
            i--;
        }
    }
    virtual_world_run(&f->v);
    int64_t floor = store_recent_floor(f->store);
    CHECK_INT(floor, 10);
    CHECK_INT(store_revision(f->store), RING_ROWS_MAX + 10);
    CHECK_INT(store_recent(f->store, floor)->revision, 11);
    CHECK(store_recent(f->store, store_revision(f->store)) == NULL);
    fixture_free(f);
}

/* --- pages ------------------------------------------------------------------------------------- */

struct reading {
    struct store_page page;
    unsigned times;
    enum tend_code code;
};

static void page_done(struct store_page *page, enum tend_code code, const struct error *err)
{
    (void)err;
    struct reading *reading = CONTAINER_OF(page, struct reading, page);
    reading->times++;
    reading->code = code;
}

static void read_page(struct fixture *f, struct reading *reading, int64_t after, size_t max)
{
    *reading = (struct reading){.page = {.after = after, .max = max, .done = page_done}};
    store_page_read(f->store, &reading->page);
    CHECK_INT(reading->times, 0);
    virtual_world_run(&f->v);
    CHECK_INT(reading->times, 1);
}

static bool same_doc(const struct doc *a, const struct doc *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || text_equal(doc_text(a), doc_text(b)));
}

static bool same_change(const struct change *a, const struct change *b)
{
    return a->revision == b->revision && a->set_last == b->set_last && a->op == b->op &&
           a->previous == b->previous && a->time_ms == b->time_ms && text_equal(a->key, b->key) &&
           text_equal(a->actor, b->actor) && text_equal(a->reason, b->reason) &&
           same_doc(a->doc, b->doc) && same_doc(a->before, b->before);
}

static void write_some(struct fixture *f)
{
    write_now(f, CHANGE_CREATE, "x/a", "1");
    write_now(f, CHANGE_CREATE, "y/b", "1");
    write_now(f, CHANGE_UPDATE, "x/a", "2");
    write_now(f, CHANGE_DELETE, "x/a", "3");
    write_now(f, CHANGE_CREATE, "x/a", "4");
}

static void pages_equal_the_ring(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    write_some(f);
    struct reading reading;
    read_page(f, &reading, 0, 100);
    CHECK_INT(reading.code, TEND_OK);
    CHECK_INT((long long)reading.page.count, 5);
    CHECK_INT(reading.page.reached, 5);
    for (size_t i = 0; i < reading.page.count; i++) {
        CHECK(same_change(&reading.page.changes[i], store_recent(f->store, (int64_t)i)));
    }
    store_page_clear(&reading.page);
    store_page_clear(&reading.page);
    fixture_reopen(f, (struct store_options){0});
    CHECK(store_recent(f->store, 5) == NULL);
    CHECK_INT(store_recent_floor(f->store), 5);
    read_page(f, &reading, 1, 2);
    CHECK_INT((long long)reading.page.count, 2);
    CHECK_INT(reading.page.reached, 3);
    CHECK_TEXT(body_of(reading.page.changes[1].before), "1");
    store_page_clear(&reading.page);
    fixture_free(f);
}

static void pages_by_prefix(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    write_some(f);
    struct reading reading = {
        .page = {.after = 0, .max = 10, .prefix = TEXT("y/"), .done = page_done}};
    store_page_read(f->store, &reading.page);
    virtual_world_run(&f->v);
    CHECK_INT((long long)reading.page.count, 1);
    CHECK_INT(reading.page.reached, 5);
    store_page_clear(&reading.page);
    fixture_free(f);
}

/* On disk already, but its `done` has not run: nobody may see it yet. */
static void pages_end_at_the_durable_head(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    write_some(f);
    virtual_world_hold(&f->v, LANE_WRITE);
    CHECK_INT(put(f, CHANGE_CREATE, "z", "1", NULL), TEND_OK);
    virtual_world_run(&f->v);
    struct job *job = CONTAINER_OF(list_pop(&f->v.jobs[LANE_WRITE]), struct job, link);
    job->work(job);
    struct reading reading;
    read_page(f, &reading, 0, 100);
    CHECK_INT((long long)reading.page.count, 5);
    CHECK_INT(reading.page.reached, 5);
    store_page_clear(&reading.page);
    job->done(job);
    read_page(f, &reading, 0, 100);
    CHECK_INT((long long)reading.page.count, 6);
    store_page_clear(&reading.page);
    fixture_free(f);
}

/* --- retention --------------------------------------------------------------------------------- */

static void old_rows_go_by_count(void)
{
    struct fixture *f = fixture_new((struct store_options){.retain_count = 160});
    write_now(f, CHANGE_CREATE, "a", "1");
    for (int i = 0; i < 170; i++) {
        write_now(f, CHANGE_UPDATE, "a", "2");
    }
    CHECK_INT(store_oldest(f->store), 171 - 160); /* a sixteenth more than 160, then cut to 160 */
    struct reading reading;
    read_page(f, &reading, 5, 10);
    CHECK_INT(reading.code, TEND_GONE);
    read_page(f, &reading, store_oldest(f->store), 1);
    CHECK_INT(reading.code, TEND_OK);
    store_page_clear(&reading.page);
    CHECK_TEXT(at(f, "a"), "2");
    fixture_free(f);
}

static void old_rows_go_by_bytes(void)
{
    struct fixture *f = fixture_new((struct store_options){.retain_bytes = 1600});
    write_now(f, CHANGE_CREATE, "a", "1");
    for (int i = 0; i < 200; i++) {
        write_now(f, CHANGE_UPDATE, "a", "1234567890");
    }
    int64_t kept = (store_revision(f->store) - store_oldest(f->store)) * 10;
    CHECK(kept > 1400 && kept <= 1700);
    fixture_free(f);
}

static void old_rows_go_by_age_and_then_nothing_wakes(void)
{
    struct fixture *f = fixture_new((struct store_options){.retain_ms = 3600000});
    write_now(f, CHANGE_CREATE, "a", "1");
    virtual_world_advance(&f->v, 1800000);
    write_now(f, CHANGE_UPDATE, "a", "2");
    CHECK_INT(store_oldest(f->store), 0);
    virtual_world_advance(&f->v, 1800000 + 3600000 / 16);
    CHECK_INT(store_oldest(f->store), 1);
    virtual_world_advance(&f->v, 7200000);
    CHECK_INT(store_oldest(f->store), 2);
    CHECK_TEXT(at(f, "a"), "2");
    CHECK(f->v.alarms_fired <= 3);
    CHECK(!virtual_world_advance_to_alarm(&f->v));
    fixture_reopen(f, (struct store_options){0});
    CHECK_INT(store_revision(f->store), 2);
    CHECK_TEXT(at(f, "a"), "2");
    CHECK(!virtual_world_advance_to_alarm(&f->v));
    fixture_free(f);
}

/* What fills the disk is history: it goes when its time has come, and writes are taken again. */
static void a_full_disk_is_freed_by_retention(void)
{
    struct fixture *f = fixture_new((struct store_options){.retain_ms = 3600000});
    write_now(f, CHANGE_CREATE, "a", "1234567890");
    memory_disk_limit(f->disk, 25);
    write_now(f, CHANGE_UPDATE, "a", "1234567890");
    CHECK_INT(store_state(f->store), STORE_READY);
    write_now(f, CHANGE_UPDATE, "a", "1234567890");
    CHECK_INT(store_state(f->store), STORE_FULL);
    memory_disk_limit(f->disk, 15);
    virtual_world_advance(&f->v, 1800000);
    CHECK_INT(store_state(f->store), STORE_FULL);
    virtual_world_advance(&f->v, 3600000);
    CHECK_INT(store_state(f->store), STORE_READY);
    CHECK_INT(store_oldest(f->store), 2);
    write_now(f, CHANGE_UPDATE, "a", "1");
    CHECK_TEXT(at(f, "a"), "1");
    fixture_free(f);
}

struct finisher {
    struct task task;
    unsigned times;
};

static void finished(struct task *task)
{
    CONTAINER_OF(task, struct finisher, task)->times++;
}

static void a_page_is_refused_when_finishing(void)
{
    struct fixture *f = fixture_new((struct store_options){0});
    struct finisher finisher = {.task.run = finished};
    write_some(f);
    struct reading before = {.page = {.max = 10, .done = page_done}}, after = before;
    store_page_read(f->store, &before.page);
    store_finish(f->store, &finisher.task);
    store_page_read(f->store, &after.page);
    CHECK_INT(after.times + finisher.times, 0);
    virtual_world_run(&f->v);
    CHECK_INT(before.code, TEND_OK);
    CHECK_INT((long long)before.page.count, 5);
    CHECK_INT(after.code, TEND_UNAVAILABLE);
    CHECK_INT(before.times + after.times + finisher.times, 3);
    store_page_clear(&before.page);
    fixture_free(f);
}

static void a_set_goes_as_a_whole(void)
{
    struct fixture *f = fixture_new((struct store_options){.retain_count = 16});
    struct error err = ERROR_INIT;
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes(TEXT("1"));
    struct store_write writes[10];
    for (int i = 0; i < 10; i++) {
        writes[i] = (struct store_write){
            .op = i == 0 ? CHANGE_CREATE : CHANGE_UPDATE, .key = TEXT("a"), .doc = doc};
    }
    for (int set = 0; set < 20; set++) {
        writes[0].op = set == 0 ? CHANGE_CREATE : CHANGE_UPDATE;
        CHECK_INT(store_commit(f->store, writes, 10, TEXT("x"), STORE_GROWS, NULL, &err), TEND_OK);
        virtual_world_run(&f->v);
        CHECK_INT(store_oldest(f->store) % 10, 0);
    }
    CHECK(store_oldest(f->store) >= 180);
    fixture_free(f);
}

SUITE({"listeners are told before waiters, once for each commit", listeners_come_first},
      {"a commit that failed is not told", a_failed_commit_is_not_told},
      {"the ring forgets the oldest changes and says where it begins", the_ring_has_a_floor},
      {"a page shows what the ring shows", pages_equal_the_ring},
      {"a page can be of a prefix", pages_by_prefix},
      {"a page ends at the durable head", pages_end_at_the_durable_head},
      {"rows beyond a number go, and are gone", old_rows_go_by_count},
      {"rows beyond an amount of bytes go", old_rows_go_by_bytes},
      {"rows beyond an age go, and then nothing wakes up any more",
       old_rows_go_by_age_and_then_nothing_wakes},
      {"a disk that is full of history is freed by retention", a_full_disk_is_freed_by_retention},
      {"a page is refused when the store finishes, one under way is not",
       a_page_is_refused_when_finishing},
      {"a set goes as a whole", a_set_goes_as_a_whole})
