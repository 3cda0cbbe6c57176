#include "base/limits.h"
#include "watch/fixture.h"
#include "watch/subscription.h"

struct listener {
    struct subscription subscription;
    unsigned times;
    int64_t revision; /* of the last change; -1: not known */
    enum subscription_verdict verdict;
    struct listener *stops; /* stop this one when told */
};

static enum subscription_verdict outdated(struct subscription *subscription,
                                          const struct change *change)
{
    struct listener *listener = CONTAINER_OF(subscription, struct listener, subscription);
    listener->times++;
    listener->revision = change == NULL ? -1 : change->revision;
    if (listener->stops != NULL) {
        subscription_stop(&listener->stops->subscription);
    }
    return listener->verdict;
}

static struct listener listener_of(enum subscription_verdict verdict)
{
    return (struct listener){.subscription.outdated = outdated, .verdict = verdict};
}

static void on_key(struct watch *watch, struct listener *listener, const char *name,
                   int64_t revision)
{
    char key[160];
    snprintf(key, sizeof key, KIND "/default/%s", name);
    subscription_start_key(watch, &listener->subscription, text_of(key), revision);
}

static void is_told_once(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    virtual_world_run(&f->v);
    struct listener once = listener_of(SUBSCRIPTION_OVER), keeps = listener_of(SUBSCRIPTION_KEEP);
    on_key(watch, &once, "a", 1);
    on_key(watch, &keeps, "a", 1);
    virtual_world_run(&f->v);
    CHECK_INT(once.times + keeps.times, 0);
    update(f, "a", "blue");
    create(f, "b", "red");
    update(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_INT(once.times, 1);
    CHECK_INT(once.revision, 2);
    CHECK_INT(keeps.times, 2);
    CHECK_INT(keeps.revision, 4);
    subscription_stop(&once.subscription); /* is over already */
    subscription_stop(&keeps.subscription);
    tear_down(f, watch);
}

static void absence_counts(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    struct listener comes = listener_of(SUBSCRIPTION_OVER), goes = listener_of(SUBSCRIPTION_OVER);
    on_key(watch, &comes, "a", 0);
    create(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_INT(comes.times, 1);
    on_key(watch, &goes, "a", 1);
    drop(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_INT(goes.times, 1);
    tear_down(f, watch);
}

static void catches_up(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    create(f, "b", "red");
    update(f, "a", "red");
    virtual_world_run(&f->v);
    struct listener a = listener_of(SUBSCRIPTION_OVER), b = listener_of(SUBSCRIPTION_OVER);
    on_key(watch, &a, "a", 2); /* read before revision 3 */
    on_key(watch, &b, "b", 2);
    CHECK_INT(a.times, 0); /* in a later step */
    virtual_world_run(&f->v);
    CHECK_INT(a.times, 1);
    CHECK_INT(a.revision, 3);
    CHECK_INT(b.times, 0);
    subscription_stop(&b.subscription);
    tear_down(f, watch);
}

static void long_ways_are_not_looked_at(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    create(f, "a", "red");
    create(f, "b", "red");
    for (int i = 0; i < SUBSCRIPTION_LATE_MAX + 1; i++) {
        update(f, "b", "red");
    }
    virtual_world_run(&f->v);
    struct listener a = listener_of(SUBSCRIPTION_OVER);
    on_key(watch, &a, "a", 1);
    virtual_world_run(&f->v);
    CHECK_INT(a.times, 1); /* once too often, never too little */
    CHECK_INT(a.revision, -1);
    tear_down(f, watch);
}

static void selections_are_entered_and_left(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    struct kind kind = {.resource = KIND};
    struct error err = ERROR_INIT;
    struct selector *selector = NULL;
    CHECK_INT(selector_parse(TEXT("team=red"), TEXT(""), &kind, &selector, &err), TEND_OK);
    struct listener red = listener_of(SUBSCRIPTION_KEEP);
    subscription_start_selection(watch, &red.subscription,
                                 selection_of(TEXT(KIND "/default/"), selector), 0);
    create(f, "a", "blue");
    virtual_world_run(&f->v);
    CHECK_INT(red.times, 0);
    update(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_INT(red.times, 1);
    update(f, "a", "blue");
    virtual_world_run(&f->v);
    CHECK_INT(red.times, 2);
    create(f, "b", "red");
    drop(f, "b", "red");
    drop(f, "a", "blue");
    virtual_world_run(&f->v);
    CHECK_INT(red.times, 4);
    subscription_stop(&red.subscription);
    tear_down(f, watch);
}

static void may_stop_each_other(void)
{
    struct fixture *f;
    struct watch *watch;
    set_up(&f, &watch);
    struct listener first = listener_of(SUBSCRIPTION_OVER), second = listener_of(SUBSCRIPTION_KEEP);
    struct listener third = listener_of(SUBSCRIPTION_KEEP);
    on_key(watch, &first, "a", 0);
    on_key(watch, &second, "a", 0);
    on_key(watch, &third, "a", 0);
    first.stops = &second;
    third.stops = &third;
    create(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_INT(first.times, 1);
    CHECK_INT(second.times, 0);
    CHECK_INT(third.times, 1);
    update(f, "a", "red");
    virtual_world_run(&f->v);
    CHECK_INT(first.times + second.times + third.times, 2);
    tear_down(f, watch);
}

SUITE({"is told once, or as long as it declines", is_told_once},
      {"what was read as absent counts as well", absence_counts},
      {"hears of what came between the reading and the start", catches_up},
      {"is outdated where there is too much to look at", long_ways_are_not_looked_at},
      {"hears of objects that enter and leave a selection", selections_are_entered_and_left},
      {"may stop any other while it is told", may_stop_each_other})
