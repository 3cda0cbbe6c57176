/* Eighteen mistakes that lab controllers and their runtimes are known for, each built here on the whole
 * host to show that it cannot happen. What is shown closer to its cause as well:
 *
 *     1, 2, 3, 6, 7, 10, 11, 12, 16, 17, 18   tests/controller/test_defects.c
 *     2, 4, 7, 11, 12, 14, 16                 tests/admission/test_machine.c
 *     8                                       tests/admission/test_delete.c, survives_a_restart
 *     9, 13                                   tests/admission/test_write.c
 *     5                                       tests/watch/test_follower_random.c
 */
#include "scenario/rig.h"
#include "watch/follower.h"

static const struct admission_writer client = {.role = WRITER_CLIENT};

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* 1: nothing happens to the lab after it entered the state; only time passes. */
static void a_state_is_left_without_an_event(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 5");
    rig_advance(&rig, "1m");
    CHECK_TEXT(rig_life(&rig, "lab-1"), "0s pending, 0s provisioning, 5s ready");
    rig_free(&rig);
}

/* 2: the old way counted from creation, so that a lab that waited had no time left. */
static void time_counts_from_entry(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_down(&rig);
    rig_up(&rig, RIG_WITHOUT_PLUGIN);
    rig_lab(&rig, "lab-1", "provisionSeconds: 20, provisionTimeout: 30s");
    rig_advance(&rig, "50s"); /* pending for 50 s: nobody is there to take it up */
    rig_down(&rig);
    rig_up(&rig, RIG_WITH_PLUGIN);
    rig_advance(&rig, "10m");
    CHECK_TEXT(rig_life(&rig, "lab-1"), "0s pending, 50s provisioning, 1m10s ready");
    rig_free(&rig);
}

/* 2: a deadline, or a client, brings a lab to deleting, and it does not stay there. */
static void deleting_ends(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0, duration: 20s");
    rig_lab(&rig, "lab-2", "provisionSeconds: 0");
    rig_delete(&rig, "lab-2");
    rig_advance(&rig, "21s");
    CHECK(has(rig_life(&rig, "lab-1"), "20s deleting, 20s gone"));
    CHECK(has(rig_life(&rig, "lab-2"), "0s deleting, 0s gone"));
    rig_free(&rig);
}

/* 2: many labs come in one commit; an earlier one does not hide a later one. */
static void a_batch_loses_nobody(void)
{
    enum { MANY = 100 };
    struct rig rig;
    rig_new(&rig);
    rig_down(&rig);
    rig_up(&rig, RIG_WITHOUT_PLUGIN);
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "lab-%d", i);
        rig_lab(&rig, name, "provisionSeconds: 1");
    }
    rig_down(&rig);
    rig_up(&rig, RIG_WITH_PLUGIN); /* all at once */
    rig_advance(&rig, "2s");
    for (int i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "lab-%d", i);
        CHECK_TEXT(rig_field(&rig, name, "status.state"), "ready");
    }
    rig_free(&rig);
}

/* 3: "look again in 10 s" is kept, and to the point. */
static void looking_again_happens(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "simulate: fail, provisionSeconds: 1, retries: 1");
    rig_advance(&rig, "1m");
    CHECK_TEXT(rig_life(&rig, "lab-1"),
               "0s pending, 0s provisioning, 1s failed, 11s pending, 11s provisioning, 12s failed");
    rig_free(&rig);
}

/* 4: whoever reads the status knows which spec it speaks of. */
static void the_observed_generation_follows(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0, duration: 1h");
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.observedGeneration"), "1");
    rig_lab(&rig, "lab-1", "provisionSeconds: 0, duration: 2h");
    CHECK_TEXT(rig_field(&rig, "lab-1", "metadata.generation"), "2");
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.observedGeneration"), "2");
    rig_free(&rig);
}

struct listener {
    struct follower follower;
    int64_t last;
    int told, disorder;
};

static void on_ready(struct follower *follower)
{
    struct listener *listener = CONTAINER_OF(follower, struct listener, follower);
    struct follow_event events[8];
    struct error err = ERROR_INIT;
    size_t count = 0;
    while (CHECK(follower_pull(follower, events, COUNT_OF(events), &count, &err) == TEND_OK) &&
           count > 0) {
        for (size_t i = 0; i < count; i++) {
            listener->disorder += events[i].revision <= listener->last ? 1 : 0;
            listener->last = events[i].revision;
            listener->told++;
        }
    }
}

static void follow(struct rig *rig, struct listener *listener, int64_t after)
{
    struct error err = ERROR_INIT;
    *listener = (struct listener){.follower.ready = on_ready, .last = after};
    CHECK(follower_start(rig->rooms.watch, &listener->follower,
                         selection_of(TEXT("labinstances.lab.neuroglia.com/"), NULL),
                         &(struct follow_options){.start = FOLLOW_AFTER, .after = after},
                         &err) == TEND_OK);
    virtual_world_run(&rig->v);
}

/* 5: "9" > "10" as text; and after a restart nobody hears of everything as new. */
static void revisions_are_numbers_and_outlive_a_restart(void)
{
    struct rig rig;
    struct listener listener;
    rig_new(&rig);
    follow(&rig, &listener, store_revision(rig.rooms.store));
    for (int i = 0; i < 40; i++) { /* over 9 -> 10 and 99 -> 100 */
        char name[32];
        snprintf(name, sizeof name, "lab-%d", i);
        rig_lab(&rig, name, "provisionSeconds: 0");
    }
    CHECK(listener.last > 100);
    CHECK_INT(listener.disorder, 0);
    int64_t bookmark = follower_bookmark(&listener.follower);
    follower_stop(&listener.follower);
    rig_down(&rig);
    rig_up(&rig, RIG_WITH_PLUGIN);
    follow(&rig, &listener, bookmark);
    CHECK_INT(listener.told, 0);
    rig_lab(&rig, "lab-0", "provisionSeconds: 0, duration: 2h");
    CHECK(listener.told >= 1);
    follower_stop(&listener.follower);
    rig_free(&rig);
}

/* 6: a disk that answers nothing is no empty list: nobody is finalized for it. */
static void an_error_is_not_an_empty_list(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0, duration: 1m");
    memory_disk_fail(rig.disk, 1, TEND_UNAVAILABLE);
    rig_advance(&rig, "10m");
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.state"), "ready");
    CHECK(!rig_event(&rig, "lab-1", "Deleted"));
    memory_disk_mend(rig.disk);
    rig_advance(&rig, "10m");
    CHECK(has(rig_life(&rig, "lab-1"), "deleting"));
    rig_free(&rig);
}

/* 7: the mark alone is a change: of generation, for watchers, and for the controller. */
static void the_mark_alone_is_a_change(void)
{
    struct rig rig;
    struct listener listener;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0, simulate: stuck");
    follow(&rig, &listener, store_revision(rig.rooms.store));
    CHECK_TEXT(rig_write(&rig, client, ADMIT_PATCH, "lab-1", "{metadata: {labels: {a: b}}}"), "");
    CHECK_INT(listener.told, 1);
    rig_delete(&rig, "lab-1");
    CHECK(listener.told >= 2);
    CHECK_TEXT(rig_field(&rig, "lab-1", "metadata.generation"), "2");
    CHECK(rig_event(&rig, "lab-1", "CleanupFailed")); /* finalize ran */
    follower_stop(&listener.follower);
    rig_free(&rig);
}

/* 8: what is stored comes back whole. */
static void a_restart_keeps_the_metadata(void)
{
    static const char *const paths[] = {"metadata.finalizers[0]",     "metadata.deletionTimestamp",
                                        "metadata.creationTimestamp", "metadata.uid",
                                        "metadata.generation",        "metadata.resourceVersion"};
    char before[COUNT_OF(paths)][64];
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0, simulate: stuck");
    rig_delete(&rig, "lab-1");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        snprintf(before[i], sizeof before[i], "%s", rig_field(&rig, "lab-1", paths[i]));
        CHECK(before[i][0] != '\0');
    }
    rig_down(&rig);
    rig_up(&rig, RIG_WITHOUT_PLUGIN);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        CHECK_TEXT(rig_field(&rig, "lab-1", paths[i]), before[i]);
    }
    rig_free(&rig);
}

/* 9: of two writers who read the same version one wins, and the other is told. */
static void no_update_is_lost(void)
{
    char mine[256], yours[256];
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0");
    const char *version = rig_field(&rig, "lab-1", "metadata.resourceVersion");
    snprintf(mine, sizeof mine, "{metadata: {resourceVersion: '%s'}, spec: {duration: 2h}}",
             version);
    snprintf(yours, sizeof yours, "{metadata: {resourceVersion: '%s'}, spec: {duration: 3h}}",
             version);
    CHECK_TEXT(rig_write(&rig, client, ADMIT_PATCH, "lab-1", mine), "");
    CHECK(rig_write(&rig, client, ADMIT_PATCH, "lab-1", yours)[0] != '\0');
    CHECK_TEXT(rig_field(&rig, "lab-1", "spec.duration"), "2h");
    rig_free(&rig);
}

/* 10: a handler that dies does not take the event with it. */
static void a_crash_loses_no_event(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 5");
    rig_advance(&rig, "4s999ms");
    rig.v.now_ms++;
    while (inline_worker_worker(rig.maker.latest)->calls == 0 && virtual_world_step(&rig.v)) {
    }
    CHECK_INT(inline_worker_worker(rig.maker.latest)->calls, 1);
    inline_worker_crash(rig.maker.latest, BLAME_CALL);
    rig_advance(&rig, "1m");
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.state"), "ready");
    rig_free(&rig);
}

/* 11, 12: an undeclared move is refused, whoever asks, and nothing of the write is left. */
static void undeclared_moves_are_refused(void)
{
    const struct admission_writer writers[] = {
        {.role = WRITER_CLIENT},
        {.role = WRITER_MANIFEST},
        {.role = WRITER_CONTROLLER, .name = TEXT("labinstance")},
        {.role = WRITER_HOST}};
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0");
    int64_t revision = store_revision(rig.rooms.store);
    for (size_t i = 0; i < COUNT_OF(writers); i++) {
        CHECK(rig_write(&rig, writers[i], ADMIT_PATCH_STATUS, "lab-1",
                        "{status: {state: provisioning, message: again}}")[0] != '\0');
        CHECK(rig_write(&rig, writers[i], ADMIT_PATCH_STATUS, "lab-1",
                        "{status: {state: nowhere}}")[0] != '\0');
    }
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.state"), "ready");
    CHECK_INT(store_revision(rig.rooms.store), revision);
    rig_free(&rig);
}

/* 13: what does not fit the schema is said at once, with the path. */
static void what_does_not_fit_is_said_at_once(void)
{
    struct rig rig;
    rig_new(&rig);
    CHECK(has(rig_apply(&rig, "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: "
                              "{name: a}, spec: {template: t, retries: many}}"),
              "spec.retries"));
    CHECK(has(rig_apply(&rig, "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: "
                              "{name: a}, spec: {duration: 5m}}"),
              "spec.template"));
    CHECK_TEXT(rig_life(&rig, "a"), "");
    rig_free(&rig);
}

/* 14: a scheduler beside the controller does not write the same status. */
static void one_controller_writes_the_status(void)
{
    struct admission_writer other = {.role = WRITER_CONTROLLER, .name = TEXT("scheduler")};
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0");
    CHECK(rig_write(&rig, other, ADMIT_PATCH_STATUS, "lab-1", "{status: {message: mine}}")[0] !=
          '\0');
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.message"), "Lab instance is ready");
    rig_free(&rig);
}

/* 15: another group is another kind, and said not to be there, not silently kept. */
static void there_is_one_group(void)
{
    struct rig rig;
    rig_new(&rig);
    CHECK(has(rig_apply(&rig, "{apiVersion: lab.neuroglia.io/v1, kind: LabInstance, metadata: "
                              "{name: a}, spec: {template: t}}"),
              "lab.neuroglia.io"));
    rig_free(&rig);
}

/* 16: the finalizer of one incarnation is let go by the next, of another process. */
static void the_finalizer_belongs_to_the_kind(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0");
    CHECK_TEXT(rig_field(&rig, "lab-1", "metadata.finalizers[0]"), "lab.neuroglia.com/tend");
    rig_crash(&rig);
    rig_up(&rig, RIG_WITH_PLUGIN);
    rig_delete(&rig, "lab-1");
    CHECK(has(rig_life(&rig, "lab-1"), "gone"));
    rig_free(&rig);
}

/* 17: a clean-up that failed does not let go, says so, and is tried until it is done. */
static void a_failed_clean_up_does_not_let_go(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0, simulate: stuck");
    rig_delete(&rig, "lab-1");
    rig_advance(&rig, "1h");
    rig_down(&rig);
    rig_up(&rig, RIG_WITH_PLUGIN);
    rig_advance(&rig, "1h");
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.state"), "deleting");
    CHECK(rig_event(&rig, "lab-1", "CleanupFailed"));
    CHECK_TEXT(rig_write(&rig, client, ADMIT_PATCH, "lab-1", "{spec: {simulate: none}}"), "");
    CHECK(has(rig_life(&rig, "lab-1"), "gone"));
    rig_free(&rig);
}

/* 18: the declared number of retries, and not one more. */
static void retries_are_bounded(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "simulate: fail, provisionSeconds: 0, retries: 3");
    rig_advance(&rig, "10m");
    CHECK(rig_event(&rig, "lab-1", "GaveUp"));
    rig_advance(&rig, "10h");
    CHECK_TEXT(rig_field(&rig, "lab-1", "status.attempts"), "4");
    rig_free(&rig);
}

SUITE({"1: a state is left without an event", a_state_is_left_without_an_event},
      {"2: time counts from entry into the state", time_counts_from_entry},
      {"2: deleting ends", deleting_ends}, {"2: a batch loses nobody", a_batch_loses_nobody},
      {"3: looking again happens", looking_again_happens},
      {"4: the observed generation follows", the_observed_generation_follows},
      {"5: revisions are numbers and outlive a restart",
       revisions_are_numbers_and_outlive_a_restart},
      {"6: an error is not an empty list", an_error_is_not_an_empty_list},
      {"7: the mark alone is a change", the_mark_alone_is_a_change},
      {"8: a restart keeps the metadata", a_restart_keeps_the_metadata},
      {"9: no update is lost", no_update_is_lost},
      {"10: a crash loses no event", a_crash_loses_no_event},
      {"11, 12: undeclared moves are refused, whoever asks", undeclared_moves_are_refused},
      {"13: what does not fit is said at once", what_does_not_fit_is_said_at_once},
      {"14: one controller writes the status", one_controller_writes_the_status},
      {"15: there is one group", there_is_one_group},
      {"16: the finalizer belongs to the kind", the_finalizer_belongs_to_the_kind},
      {"17: a failed clean-up does not let go", a_failed_clean_up_does_not_let_go},
      {"18: retries are bounded", retries_are_bounded})
