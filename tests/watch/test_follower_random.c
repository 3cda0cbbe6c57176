/* Followers that start, lag, stop and reopen at random, against a replay of the log.
 *
 * Each follower keeps a copy of what it selects by applying its events. Whatever the schedule, at the end
 * every copy must equal a list of the store, each event must have come in order, and an event of an
 * object that is not in the copy must be ADDED (and the other way round). */
#include "watch/fixture.h"

enum { READERS = 12, NAMES = 7, STEPS = 600 };

struct copy {
    struct follower follower;
    bool present[NAMES];
    int64_t revision;
    bool running;
};

struct bench {
    struct fixture *f;
    struct watch *watch;
    struct copy copies[READERS];
    bool exists[NAMES], red[NAMES];
};

static void do_nothing(struct follower *follower)
{
    (void)follower;
}

static int name_of(struct text key)
{
    return key.ptr[key.len - 1] - 'a';
}

static void apply(struct copy *copy, const struct follow_event *event)
{
    CHECK(event->op == FOLLOW_SYNCED || copy->revision == 0 || event->change == NULL ||
          event->revision > copy->revision);
    copy->revision = event->change == NULL ? 0 : event->revision;
    switch (event->op) {
    case FOLLOW_ADDED:
        CHECK(!copy->present[name_of(event->key)]);
        copy->present[name_of(event->key)] = true;
        break;
    case FOLLOW_MODIFIED:
        CHECK(copy->present[name_of(event->key)]);
        break;
    case FOLLOW_DELETED:
        CHECK(copy->present[name_of(event->key)]);
        copy->present[name_of(event->key)] = false;
        break;
    case FOLLOW_SYNCED:
        break;
    }
}

static size_t pull(struct copy *copy, size_t max)
{
    struct follow_event events[8];
    struct error err = ERROR_INIT;
    size_t count = 0;
    CHECK_INT(follower_pull(&copy->follower, events, max, &count, &err), TEND_OK);
    for (size_t i = 0; i < count; i++) {
        apply(copy, &events[i]);
    }
    return count;
}

static void start(struct bench *b, int index, enum follow_start how)
{
    struct copy *copy = &b->copies[index];
    struct error err = ERROR_INIT;
    struct kind kind = {.resource = KIND};
    struct selector *selector = NULL;
    if (index % 2 == 0) {
        CHECK_INT(selector_parse(TEXT("team=red"), TEXT(""), &kind, &selector, &err), TEND_OK);
    }
    if (how == FOLLOW_INITIAL) {
        memset(copy->present, 0, sizeof copy->present);
        copy->revision = 0;
    }
    copy->follower = (struct follower){.ready = do_nothing};
    copy->running = true;
    CHECK_INT(follower_start(b->watch, &copy->follower,
                             selection_of(index % 3 == 0 ? TEXT("") : TEXT(KIND "/"), selector),
                             &(struct follow_options){.start = how, .after = copy->revision}, &err),
              TEND_OK);
}

static void write_some(struct bench *b, uint64_t random)
{
    int n = (int)(random % NAMES);
    char name[2] = {(char)('a' + n), '\0'};
    bool red = random / 100 % 2 == 0;
    if (!b->exists[n]) {
        create(b->f, name, red ? "red" : "blue");
    } else if (random / 1000 % 4 == 0) {
        drop(b->f, name, b->red[n] ? "red" : "blue");
        b->exists[n] = false;
        return;
    } else {
        update(b->f, name, red ? "red" : "blue");
    }
    b->exists[n] = true;
    b->red[n] = red;
}

/* The ring is empty afterwards: whoever is behind reads the log. */
static void reopen(struct bench *b)
{
    for (int i = 0; i < READERS; i++) {
        follower_stop(&b->copies[i].follower);
    }
    virtual_world_run(&b->f->v);
    watch_free(b->watch);
    fixture_reopen(b->f, (struct store_options){0});
    b->watch = watch_new(&b->f->v.world, b->f->store);
    for (int i = 0; i < READERS; i++) {
        bool resumes = b->copies[i].running && b->copies[i].revision > 0;
        start(b, i, resumes ? FOLLOW_AFTER : FOLLOW_INITIAL);
    }
}

static void step(struct bench *b)
{
    uint64_t random = world_random(&b->f->v.world);
    int index = (int)(random / 64 % READERS);
    switch (random % 32) {
    case 0:
        reopen(b);
        break;
    case 1:
        follower_stop(&b->copies[index].follower);
        start(b, index, FOLLOW_INITIAL);
        break;
    case 2:
        if (b->copies[index].revision > 0) {
            follower_stop(&b->copies[index].follower);
            start(b, index, FOLLOW_AFTER);
        }
        break;
    case 3:
        virtual_world_run(&b->f->v);
        break;
    default:
        if (random % 2 == 0) {
            write_some(b, random / 4096);
        } else {
            pull(&b->copies[index], 1 + random / 4096 % 8);
        }
        for (uint64_t i = random / 65536 % 4; i > 0; i--) {
            virtual_world_step(&b->f->v);
        }
    }
}

static void settle(struct bench *b)
{
    size_t count;
    do {
        virtual_world_run(&b->f->v);
        count = 0;
        for (int i = 0; i < READERS; i++) {
            count += pull(&b->copies[i], 8);
        }
    } while (count > 0 || virtual_world_step(&b->f->v));
}

static void run(uint64_t seed)
{
    struct bench b = {0};
    set_up(&b.f, &b.watch);
    b.f->v.seed = seed;
    for (int i = 0; i < READERS; i++) {
        start(&b, i, FOLLOW_INITIAL);
    }
    for (int i = 0; i < STEPS; i++) {
        step(&b);
    }
    settle(&b);
    for (int i = 0; i < READERS; i++) {
        for (int n = 0; n < NAMES; n++) {
            bool selected = b.exists[n] && (i % 2 == 1 || b.red[n]);
            CHECK_INT(b.copies[i].present[n], selected);
        }
        CHECK_INT(follower_bookmark(&b.copies[i].follower), store_revision(b.f->store));
        follower_stop(&b.copies[i].follower);
    }
    virtual_world_run(&b.f->v);
    tear_down(b.f, b.watch);
}

static void equals_a_replay(void)
{
    for (uint64_t seed = 1; seed <= 15; seed++) {
        run(seed);
    }
}

SUITE({"every copy equals the store, whatever the schedule", equals_a_replay})
