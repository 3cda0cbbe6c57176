#include "base/limits.h"
#include "watch/fixture.h"
#include "watch/follower.h"
#include "watch/subscription.h"

static struct selector *team(const char *expression)
{
    struct selector *selector = NULL;
    struct error err = ERROR_INIT;
    struct kind kind = {.resource = KIND};
    CHECK_INT(selector_parse(text_of(expression), TEXT(""), &kind, &selector, &err), TEND_OK);
    return selector;
}

static void tells_what_comes(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    struct reader *reader = reader_new();
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 0), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(reader->readies, 0);
    create(f, "a", "red");
    update(f, "a", "blue");
    write_thing(f, CHANGE_CREATE, "others.example.com", "x", "red");
    create(f, "b", "red");
    drop(f, "a", "blue");
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "+a@1 ~a@2 +b@4 -a@5 ");
    CHECK(reader->stamps);
    reader_free(reader);
    tear_down(f, watch);
}

static void nothing_before_it_is_durable(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    struct reader *reader = reader_new();
    CHECK_INT(reader_start(reader, watch, "", NULL, FOLLOW_AFTER, 0), TEND_OK);
    virtual_world_hold(&f->v, LANE_WRITE);
    create(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "");
    virtual_world_release(&f->v, LANE_WRITE);
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "+a@1 ");
    reader_free(reader);
    tear_down(f, watch);
}

static void starts_in_the_past(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    create(f, "b", "red");
    update(f, "a", "red");
    virtual_world_run(&f->v);
    struct reader *reader = reader_new();
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 1), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "+b@2 ~a@3 ");
    reader_free(reader);
    tear_down(f, watch);
}

static void before_the_hub_looked(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    while (store_revision(f->store) == 0) {
        CHECK(virtual_world_step(&f->v));
    }
    CHECK_INT(watch_revision(watch), 0); /* durable, and not looked at yet */
    struct reader *late = reader_new(), *early = reader_new(), *listing = reader_new();
    CHECK_INT(reader_start(late, watch, KIND "/", NULL, FOLLOW_AFTER, 1), TEND_OK);
    CHECK_INT(reader_start(early, watch, KIND "/", NULL, FOLLOW_AFTER, 0), TEND_OK);
    CHECK_INT(reader_start(listing, watch, KIND "/", NULL, FOLLOW_INITIAL, 0), TEND_OK);
    CHECK_INT(follower_bookmark(&late->follower), 1);
    virtual_world_run(&f->v);
    update(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_TEXT(told(late), "~a@2 ");
    CHECK_TEXT(told(early), "+a@1 ~a@2 ");
    CHECK_TEXT(told(listing), "+a@1 *@1 ~a@2 ");
    reader_free(late);
    reader_free(early);
    reader_free(listing);
    tear_down(f, watch);
}

static void lists_first(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "b", "red");
    create(f, "a", "red");
    update(f, "b", "red");
    virtual_world_run(&f->v);
    struct reader *reader = reader_new();
    reader->batch = 1;
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_INITIAL, 0), TEND_OK);
    CHECK_INT(follower_bookmark(&reader->follower), 0);
    create(f, "c", "red");
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "+a@2 +b@3 *@3 +c@4 ");
    CHECK_INT(follower_bookmark(&reader->follower), 4);
    reader_free(reader);
    tear_down(f, watch);
}

static void lists_thousands_in_slices(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    char name[16];
    enum { MANY = FOLLOW_SCAN_MAX + 500 };
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "t%05d", i);
        create(f, name, "red");
        if (i % 1000 == 0) {
            virtual_world_run(&f->v);
        }
    }
    virtual_world_run(&f->v);
    struct reader *all = reader_new(), *none = reader_new();
    all->batch = 64;
    CHECK_INT(reader_start(all, watch, KIND "/", NULL, FOLLOW_INITIAL, 0), TEND_OK);
    CHECK_INT(reader_start(none, watch, KIND "/", team("team=blue"), FOLLOW_INITIAL, 0), TEND_OK);
    virtual_world_run(&f->v);
    char last[64];
    snprintf(last, sizeof last, "+t%05d@%d *@%d ", MANY - 1, MANY, MANY);
    struct text text = text_of(told(all));
    CHECK(text_ends(text, text_of(last)));
    size_t events = 0;
    for (size_t i = 0; i < text.len; i++) {
        events += text.ptr[i] == ' ' ? 1 : 0;
    }
    CHECK_INT(events, MANY + 1);
    snprintf(last, sizeof last, "*@%d ", MANY);
    CHECK_TEXT(told(none), last);
    CHECK(none->readies > 1);
    reader_free(all);
    reader_free(none);
    tear_down(f, watch);
}

static void a_slow_list_is_gone(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    create(f, "b", "red");
    virtual_world_run(&f->v);
    struct reader *reader = reader_new();
    reader->batch = 1;
    reader->idle = true;
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_INITIAL, 0), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(reader_pull(reader), 1);
    update(f, "a", "red"); /* what the reader holds is no longer free */
    virtual_world_advance(&f->v, READER_AGE_MAX_MS * 3);
    update(f, "a", "red");
    virtual_world_advance(&f->v, READER_AGE_MAX_MS * 3);
    CHECK_INT(reader_pull(reader), 0);
    CHECK_INT(reader->code, TEND_GONE);
    reader_free(reader);
    tear_down(f, watch);
}

static void maps_a_selection(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "in", "red");
    create(f, "out", "blue");
    virtual_world_run(&f->v);
    struct reader *reader = reader_new();
    CHECK_INT(reader_start(reader, watch, KIND "/", team("team=red"), FOLLOW_INITIAL, 0), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "+in@1 *@2 ");
    update(f, "out", "green"); /* 3: still out */
    update(f, "out", "red");   /* 4: enters */
    update(f, "out", "red");   /* 5 */
    update(f, "in", "blue");   /* 6: leaves */
    update(f, "in", "green");  /* 7: still out */
    drop(f, "in", "green");    /* 8: nothing to it */
    drop(f, "out", "red");     /* 9 */
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "+out@4 ~out@5 -in@6 -out@9 ");
    CHECK(reader->stamps);
    reader_free(reader);
    tear_down(f, watch);
}

static void leaving_shows_what_was_selected(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "in", "red");
    virtual_world_run(&f->v);
    struct reader *reader = reader_new();
    reader->idle = true;
    CHECK_INT(reader_start(reader, watch, KIND "/", team("team=red"), FOLLOW_AFTER, 1), TEND_OK);
    update(f, "in", "blue");
    virtual_world_run(&f->v);
    struct follow_event event;
    struct error err = ERROR_INIT;
    size_t count;
    CHECK_INT(follower_pull(&reader->follower, &event, 1, &count, &err), TEND_OK);
    CHECK_INT(event.op, FOLLOW_DELETED);
    char body[256];
    CHECK_TEXT(event.doc->bytes, thing(body, sizeof body, "in", "red", 2));
    reader_free(reader);
    tear_down(f, watch);
}

/* A store whose ring is empty: what was written before it was opened is in the log alone. */
static void reopen(struct fixture *f, struct watch **watch)
{
    virtual_world_run(&f->v);
    watch_free(*watch);
    fixture_reopen(f, (struct store_options){0});
    *watch = watch_new(&f->v.world, f->store);
}

static void reads_the_log_behind_the_ring(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    char name[16];
    for (int i = 0; i < 700; i++) {
        snprintf(name, sizeof name, "t%03d", i);
        create(f, name, i % 2 == 0 ? "red" : "blue");
    }
    update(f, "t000", "blue");
    drop(f, "t002", "red");
    reopen(f, &watch);
    struct reader *all = reader_new(), *red = reader_new(), *other = reader_new();
    CHECK_INT(reader_start(all, watch, KIND "/", NULL, FOLLOW_AFTER, 0), TEND_OK);
    CHECK_INT(reader_start(red, watch, KIND "/", team("team=red"), FOLLOW_AFTER, 650), TEND_OK);
    CHECK_INT(reader_start(other, watch, "others/", NULL, FOLLOW_AFTER, 3), TEND_OK);
    create(f, "new", "red");
    virtual_world_run(&f->v);
    const char *text = told(all);
    CHECK(strncmp(text, "+t000@1 +t001@2 +t002@3 ", 24) == 0);
    CHECK(text_ends(text_of(text), TEXT("+t699@700 ~t000@701 -t002@702 +new@703 ")));
    text = told(red);
    CHECK(strncmp(text, "+t650@651 +t652@653 ", 20) == 0);
    CHECK(text_ends(text_of(text), TEXT("+t698@699 -t000@701 -t002@702 +new@703 ")));
    CHECK_TEXT(told(other), "");
    CHECK_INT(follower_bookmark(&other->follower), 703);
    CHECK(all->stamps && red->stamps);
    reader_free(all);
    reader_free(red);
    reader_free(other);
    tear_down(f, watch);
}

static void stops_while_a_page_is_read(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    reopen(f, &watch);
    struct reader *reader = reader_new();
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 0), TEND_OK);
    virtual_world_hold(&f->v, LANE_READ);
    virtual_world_run(&f->v);
    CHECK_INT(virtual_world_waiting(&f->v, LANE_READ), 1);
    CHECK_TEXT(told(reader), "");
    reader_free(reader);
    virtual_world_release(&f->v, LANE_READ);
    virtual_world_run(&f->v);
    tear_down(f, watch);
}

static void says_what_it_cannot_do(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    virtual_world_run(&f->v);
    struct reader *reader = reader_new();
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 5), TEND_INVALID);
    CHECK_TEXT(reader->message, "revision 5 is not there yet; the newest is 1");
    reader_free(reader);
    tear_down(f, watch);
}

static void what_is_gone_is_gone(void)
{
    struct fixture *f = fixture_new((struct store_options){.retain_count = 10});
    struct watch *watch = watch_new(&f->v.world, f->store);
    create(f, "a", "red");
    for (int i = 0; i < 200; i++) {
        update(f, "a", "red");
    }
    virtual_world_advance(&f->v, 3600 * 1000);
    virtual_world_run(&f->v);
    watch_free(watch);
    fixture_reopen(f, (struct store_options){.retain_count = 10});
    virtual_world_advance(&f->v, 3600 * 1000);
    watch = watch_new(&f->v.world, f->store);
    CHECK(store_oldest(f->store) > 100);
    struct reader *reader = reader_new();
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 50), TEND_GONE);
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 200), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_TEXT(told(reader), "~a@201 ");
    reader_free(reader);
    tear_down(f, watch);
}

static void sets_end_bookmarks(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "z", "red");
    virtual_world_run(&f->v);
    struct reader *reader = reader_new(), *inside = reader_new();
    reader->batch = 1;
    reader->idle = true;
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 1), TEND_OK);
    struct error err = ERROR_INIT;
    struct store_write writes[3];
    static const char *const keys[3] = {KIND "/default/a", KIND "/default/b", "others/default/c"};
    for (size_t i = 0; i < 3; i++) {
        char body[256];
        thing(body, sizeof body, "x", "red", (long long)(2 + i));
        writes[i] = (struct store_write){
            .op = CHANGE_CREATE, .key = text_of(keys[i]), .doc = doc_from_bytes(text_of(body))};
    }
    CHECK_INT(store_commit(f->store, writes, 3, TEXT("tester"), STORE_GROWS, NULL, &err), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_INT(follower_bookmark(&reader->follower), 1);
    CHECK_INT(reader_pull(reader), 1);
    CHECK_INT(follower_bookmark(&reader->follower), 1); /* inside the set */
    CHECK_INT(reader_pull(reader), 1);
    CHECK_INT(follower_bookmark(&reader->follower), 1);
    CHECK_INT(reader_pull(reader), 0);
    CHECK_INT(follower_bookmark(&reader->follower), 4);
    CHECK_TEXT(told(reader), "+a@2 +b@3 ");
    CHECK_INT(reader_start(inside, watch, KIND "/", NULL, FOLLOW_AFTER, 2), TEND_OK);
    virtual_world_run(&f->v);
    CHECK_TEXT(told(inside), "+b@3 ");
    for (size_t i = 0; i < 3; i++) {
        doc_unref(writes[i].doc);
    }
    reader_free(reader);
    reader_free(inside);
    tear_down(f, watch);
}

static void a_slow_consumer_is_not_called_again(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    struct reader *slow = reader_new();
    slow->idle = true;
    CHECK_INT(reader_start(slow, watch, KIND "/", NULL, FOLLOW_AFTER, 0), TEND_OK);
    create(f, "a", "red");
    virtual_world_run(&f->v);
    for (int i = 0; i < 100; i++) {
        update(f, "a", "red");
        virtual_world_run(&f->v);
    }
    CHECK_INT(slow->readies, 1);
    slow->batch = 50;
    CHECK_INT(reader_pull(slow), 50);
    CHECK_INT(reader_pull(slow), 50);
    CHECK_INT(reader_pull(slow), 1);
    CHECK_INT(reader_pull(slow), 0);
    update(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_INT(slow->readies, 2);
    reader_free(slow);
    tear_down(f, watch);
}

static enum subscription_verdict note_outdated(struct subscription *subscription,
                                               const struct change *change)
{
    (void)subscription;
    CHECK(change == NULL); /* which one it was is not in the ring any more */
    return SUBSCRIPTION_OVER;
}

/* One group of changes that is larger than the ring, so that the hub itself cannot see each of them. */
static void a_burst_larger_than_the_ring(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    enum { LARGE = 20, BYTES = 1400 * 1000 };
    char *body = alloc_new(BYTES + 100);
    struct reader *reader = reader_new();
    struct subscription subscription = {.outdated = note_outdated};
    CHECK_INT(reader_start(reader, watch, KIND "/", NULL, FOLLOW_AFTER, 0), TEND_OK);
    for (int round = 0; round < 2; round++) {
        virtual_world_hold(&f->v, LANE_WRITE);
        for (int i = 0; i < LARGE; i++) {
            char key[64];
            snprintf(key, sizeof key, KIND "/default/t%02d", i);
            int head = snprintf(body, 100, "{\"metadata\":{\"resourceVersion\":\"%d\"},\"x\":\"",
                                round * LARGE + i + 1);
            memset(body + head, 'x', BYTES);
            strcpy(body + head + BYTES, "\"}");
            CHECK_INT(put(f, round == 0 ? CHANGE_CREATE : CHANGE_UPDATE, key, body, NULL), TEND_OK);
        }
        virtual_world_release(&f->v, LANE_WRITE);
        virtual_world_run(&f->v);
        if (round == 0) {
            CHECK(text_ends(text_of(told(reader)), TEXT("+t19@20 ")));
            subscription_start_key(watch, &subscription, TEXT(KIND "/default/t00"), LARGE);
        }
    }
    CHECK(store_recent_floor(f->store) > LARGE);
    CHECK(strncmp(told(reader), "~t00@21 ~t01@22 ", 16) == 0);
    CHECK(text_ends(text_of(reader->last), TEXT("~t19@40 ")));
    CHECK_INT(reader->code, TEND_OK);
    CHECK(reader->stamps);
    CHECK(subscription.watch == NULL); /* told, and over */
    reader_free(reader);
    free(body);
    tear_down(f, watch);
}

static void a_crowd_of_others_costs_nothing(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    enum { CROWD = 1000 };
    struct reader *crowd[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        char prefix[64];
        crowd[i] = reader_new();
        snprintf(prefix, sizeof prefix, i % 2 == 0 ? KIND "/" : "kind%zu/", i);
        CHECK_INT(reader_start(crowd[i], watch, prefix, NULL, FOLLOW_AFTER, 0), TEND_OK);
    }
    create(f, "a", "red");
    virtual_world_run(&f->v);
    size_t told_some = 0;
    for (size_t i = 0; i < CROWD; i++) {
        bool of_kind = i % 2 == 0;
        CHECK_INT(crowd[i]->readies, of_kind ? 1 : 0);
        CHECK_INT(follower_bookmark(&crowd[i]->follower), 1);
        told_some += strcmp(told(crowd[i]), "+a@1 ") == 0 ? 1 : 0;
        reader_free(crowd[i]);
    }
    CHECK_INT(told_some, CROWD / 2);
    tear_down(f, watch);
}

SUITE({"tells what comes, in order, once", tells_what_comes},
      {"tells nothing before it is durable", nothing_before_it_is_durable},
      {"starts after a revision in the past", starts_in_the_past},
      {"neither misses nor repeats what is durable but not looked at yet", before_the_hub_looked},
      {"lists what exists, says so, and follows", lists_first},
      {"lists thousands in slices", lists_thousands_in_slices},
      {"says gone where its list took too long", a_slow_list_is_gone},
      {"maps entering and leaving a selection", maps_a_selection},
      {"shows of what leaves the last content that was selected", leaving_shows_what_was_selected},
      {"reads the log where the ring does not reach back", reads_the_log_behind_the_ring},
      {"may stop while a page is read", stops_while_a_page_is_read},
      {"refuses a revision in the future", says_what_it_cannot_do},
      {"says gone where the log was compacted", what_is_gone_is_gone},
      {"bookmarks ends of sets, and resumes inside them", sets_end_bookmarks},
      {"calls a slow consumer once", a_slow_consumer_is_not_called_again},
      {"misses nothing of a burst that is larger than the ring", a_burst_larger_than_the_ring},
      {"wakes none but those that a change concerns", a_crowd_of_others_costs_nothing})
