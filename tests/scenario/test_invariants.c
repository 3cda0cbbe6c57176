/* What must always hold, each on the whole host. That a write survives a kill, and that what one room
 * does delays no other, is shown by test_crash.c and by tests/system and tests/hostile. */
#include "base/alloc.h"
#include "document/path.h"
#include "scenario/rig.h"
#include "support/scripted_worker.h"
#include "watch/follower.h"

enum { LABS_MAX = 12 };

static void some_life(struct rig *rig)
{
    for (int i = 0; i < LABS_MAX; i++) {
        char name[32], spec[96];
        snprintf(name, sizeof name, "lab-%d", i);
        snprintf(spec, sizeof spec, "provisionSeconds: %d, duration: %dm%s", i % 4, 1 + i,
                 i % 5 == 4 ? ", simulate: fail, retries: 1" : "");
        rig_lab(rig, name, spec);
    }
    rig_advance(rig, "5m");
    rig_delete(rig, "lab-4");
    rig_advance(rig, "30m");
}

/* --- followers ---------------------------------------------------------------------------------- */

struct reader {
    struct follower follower;
    int64_t revisions[2048];
    size_t count;
    enum tend_code code;
    enum { READER_PULLS, READER_IDLES } manner;
};

static void on_ready(struct follower *follower)
{
    struct reader *reader = CONTAINER_OF(follower, struct reader, follower);
    struct follow_event events[7];
    struct error err = ERROR_INIT;
    size_t count = 0;
    if (reader->manner == READER_IDLES) {
        return;
    }
    while ((reader->code = follower_pull(follower, events, COUNT_OF(events), &count, &err)) ==
               TEND_OK &&
           count > 0) {
        for (size_t i = 0; i < count && reader->count < COUNT_OF(reader->revisions); i++) {
            reader->revisions[reader->count++] = events[i].revision;
        }
    }
}

static enum tend_code follow(struct rig *rig, struct reader *reader, const char *prefix,
                             int64_t after)
{
    struct error err = ERROR_INIT;
    reader->follower.ready = on_ready;
    enum tend_code code =
        follower_start(rig->rooms.watch, &reader->follower, selection_of(text_of(prefix), NULL),
                       &(struct follow_options){.start = FOLLOW_AFTER, .after = after}, &err);
    virtual_world_run(&rig->v);
    return code;
}

/* Everything, told live to one who was there from the start, is what anybody is told later. */
static void check_from(struct rig *rig, const struct reader *all, const char *prefix, int64_t after)
{
    struct reader *late = alloc_new(sizeof *late);
    CHECK(follow(rig, late, prefix, after) == TEND_OK);
    size_t first = 0;
    while (first < all->count && all->revisions[first] <= after) {
        first++;
    }
    CHECK_INT(late->count, all->count - first);
    CHECK(late->count == all->count - first &&
          memcmp(late->revisions, all->revisions + first, late->count * sizeof(int64_t)) == 0);
    follower_stop(&late->follower);
    free(late);
}

static void followers_see_what_comes_after_once(void)
{
    static const char *const prefixes[] = {"labinstances.lab.neuroglia.com/",
                                           "labinstances.lab.neuroglia.com/default/lab-3",
                                           "events/", ""};
    struct reader *all = alloc_array(COUNT_OF(prefixes), sizeof *all);
    struct rig rig;
    rig_new(&rig);
    int64_t start = store_revision(rig.rooms.store);
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        CHECK(follow(&rig, &all[i], prefixes[i], start) == TEND_OK);
    }
    some_life(&rig);
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        CHECK(all[i].count > 2 && all[i].count < COUNT_OF(all[i].revisions));
        follower_stop(&all[i].follower);
    }
    int64_t end = store_revision(rig.rooms.store);
    CHECK_INT(all[3].count, end - start); /* every revision */
    rig_crash(&rig);                      /* the ring is empty: pages of the log are read */
    rig_up(&rig, RIG_WITHOUT_PLUGIN);
    for (int i = 0; i < 200; i++) {
        int64_t after = start + (int64_t)(world_random(&rig.v.world) % (uint64_t)(end - start));
        check_from(&rig, &all[i % 4], prefixes[i % 4], after);
    }
    rig_free(&rig);
    free(all);
}

static void what_is_no_longer_kept_is_said_to_be_gone(void)
{
    struct reader *reader = alloc_new(sizeof *reader);
    struct rig rig;
    rig_new(&rig);
    rig_down(&rig);
    rig.store.retain_count = 32;
    rig_up(&rig, RIG_WITH_PLUGIN);
    some_life(&rig);
    int64_t oldest = store_oldest(rig.rooms.store);
    CHECK(oldest > 32);
    CHECK(follow(&rig, reader, "", oldest - 1) == TEND_GONE || reader->code == TEND_GONE);
    follower_stop(&reader->follower);
    memset(reader, 0, sizeof *reader);
    CHECK(follow(&rig, reader, "", oldest) == TEND_OK && reader->code == TEND_OK);
    CHECK_INT(reader->count, store_revision(rig.rooms.store) - oldest);
    follower_stop(&reader->follower);
    rig_free(&rig);
    free(reader);
}

/* --- revisions ---------------------------------------------------------------------------------- */

struct rows {
    struct store_listener listener;
    struct rig *rig;
    int64_t last, last_set;
    int repeats, halves, moves, moves_alone;
};

static bool moves(const struct change *change)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *before = NULL, *after = NULL;
    return change->op == CHANGE_UPDATE &&
           text_starts(change->key, TEXT("labinstances.lab.neuroglia.com/")) &&
           text_starts(change->actor, TEXT("controller/")) &&
           doc_tree(change->before, &arena, &before, NULL) == TEND_OK &&
           doc_tree(change->doc, &arena, &after, NULL) == TEND_OK &&
           !text_equal(value_text_or(path_get(before, TEXT("status.state")), TEXT("")),
                       value_text_or(path_get(after, TEXT("status.state")), TEXT("")));
}

/* A controller's move comes with the event that tells it: a set of one row has none. */
static void on_advanced(struct store_listener *listener, int64_t revision)
{
    struct rows *rows = CONTAINER_OF(listener, struct rows, listener);
    const struct change *change = store_recent(rows->rig->rooms.store, rows->last);
    for (; change != NULL; change = store_recent(rows->rig->rooms.store, rows->last)) {
        bool alone = change->set_last == change->revision && change->set_last != rows->last_set;
        rows->repeats += change->revision == rows->last + 1 ? 0 : 1;
        rows->halves += change->set_last > revision ? 1 : 0;
        rows->moves += moves(change) ? 1 : 0;
        rows->moves_alone += alone && moves(change) ? 1 : 0;
        rows->last = change->revision;
        rows->last_set = change->set_last;
    }
}

static void listen(struct rig *rig, struct rows *rows)
{
    rows->listener = (struct store_listener){.advanced = on_advanced};
    rows->rig = rig;
    store_listen(rig->rooms.store, &rows->listener);
}

static void revisions_never_repeat_and_sets_are_whole(void)
{
    struct rig rig;
    struct rows rows = {0};
    rig_new(&rig);
    rows.last = store_revision(rig.rooms.store);
    for (int round = 0; round < 20; round++) {
        listen(&rig, &rows);
        rig_lab(&rig, "lab-1", round % 2 == 0 ? "duration: 1h" : "duration: 2h");
        rig_lab(&rig, "lab-2", "provisionSeconds: 1, duration: 10s");
        rig_advance(&rig, "7s");
        store_unlisten(&rows.listener);
        if (round % 2 == 0) {
            rig_crash(&rig);
        } else {
            rig_down(&rig);
        }
        rig_start(&rig, RIG_WITH_PLUGIN);
        CHECK(store_revision(rig.rooms.store) >= rows.last);
        rows.last = store_revision(rig.rooms.store);
        virtual_world_run(&rig.v);
        rows.last = store_revision(rig.rooms.store);
    }
    CHECK(rows.last > 100);
    CHECK_INT(rows.repeats, 0);
    CHECK_INT(rows.halves, 0); /* nobody is called between two rows of a set */
    CHECK(rows.moves > 20);
    CHECK_INT(rows.moves_alone, 0);
    rig_free(&rig);
}

/* --- runs --------------------------------------------------------------------------------------- */

static const char *run_noting(struct scripted_worker *worker, struct reconcile_call *call,
                              const struct value *root)
{
    (void)root;
    (void)worker;
    (void)call;
    return "{outcome: done}";
}

static const struct admission_writer client = {.role = WRITER_CLIENT};

/* The worker holds its answer back while the lab is changed again and again. */
static void runs_do_not_overlap_and_changes_run_again(void)
{
    struct rig rig;
    struct scripted_worker worker;
    struct controller *controller;
    struct error err = ERROR_INIT;
    rig_new(&rig); /* the plugin brings the kind */
    rig_down(&rig);
    rig_up(&rig, RIG_WITHOUT_PLUGIN);
    scripted_worker_init(&worker, &rig.v.world, run_noting);
    struct controller_options options = {.name = "labinstance",
                                         .kind = "lab.neuroglia.com/v1/LabInstance",
                                         .worker = &worker.worker,
                                         .parallel = 4};
    CHECK(controller_add(rig.rooms.loop, &options, &controller, &err) == TEND_OK);
    controller_live(controller);
    rig_lab(&rig, "lab-1", "");
    size_t started = worker.started;
    CHECK_INT(started, 1);
    for (int i = 0; i < 50; i++) {
        char label[64];
        worker.hold = true;
        snprintf(label, sizeof label, "{metadata: {labels: {round: 'a%d'}}}", i);
        CHECK_TEXT(rig_write(&rig, client, ADMIT_PATCH, "lab-1", label), "");
        snprintf(label, sizeof label, "{metadata: {labels: {round: 'b%d'}}}", i);
        CHECK_TEXT(rig_write(&rig, client, ADMIT_PATCH, "lab-1", label), "");
        CHECK_INT(worker.started, started + 1); /* one at a time */
        worker.hold = false;
        scripted_worker_deliver(&worker);
        rig_advance(&rig, "1s");
        CHECK_INT(worker.started, started + 2); /* and once more, for what changed meanwhile */
        started = worker.started;
    }
    CHECK_INT(worker.overlaps, 0);
    controller_remove(controller);
    scripted_worker_done(&worker);
    rig_free(&rig);
}

/* --- deadlines, rest ---------------------------------------------------------------------------- */

static void deadlines_fire_once_over_any_restart(void)
{
    for (int ms = 0; ms <= 26000; ms += 325) {
        struct rig rig;
        rig_new(&rig);
        rig_lab(&rig, "lab-1", "provisionSeconds: 5, duration: 20s");
        virtual_world_advance(&rig.v, ms);
        rig_crash(&rig);
        rig_up(&rig, RIG_WITH_PLUGIN);
        rig_advance(&rig, "1m");
        CHECK_TEXT(rig_life(&rig, "lab-1"),
                   "0s pending, 0s provisioning, 5s ready, 25s deleting, 25s gone");
        rig_free(&rig);
    }
}

static void who_has_converged_writes_and_wakes_for_nothing(void)
{
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 1, duration: 900h");
    rig_lab(&rig, "lab-2", "simulate: fail, provisionSeconds: 1, retries: 0");
    rig_advance(&rig, "5m");
    int64_t revision = store_revision(rig.rooms.store);
    size_t alarms = rig.v.alarms_fired;
    rig_advance(&rig, "45m");
    CHECK_INT(rig.v.alarms_fired, alarms);
    CHECK_INT(store_revision(rig.rooms.store), revision);
    for (int i = 0; i < 5; i++) {
        rig_down(&rig);
        rig.loop = (struct loop_options){.resync_ms = 1000};
        rig_up(&rig, RIG_WITH_PLUGIN);
        rig_advance(&rig, "30s");
        CHECK_INT(store_revision(rig.rooms.store), revision);
    }
    rig_free(&rig);
}

/* Whoever asks, an object that breaks the schema is not stored. */
static void what_breaks_the_schema_is_refused_at_every_door(void)
{
    static const enum admission_role roles[] = {WRITER_CLIENT, WRITER_MANIFEST, WRITER_HOST};
    struct admission_writer owner = {.role = WRITER_CONTROLLER, .name = TEXT("labinstance")};
    struct rig rig;
    rig_new(&rig);
    rig_lab(&rig, "lab-1", "provisionSeconds: 0");
    int64_t revision = store_revision(rig.rooms.store);
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        struct admission_writer writer = {.role = roles[i]};
        CHECK(rig_write(&rig, writer, ADMIT_PATCH, "lab-1", "{spec: {retries: -1}}")[0] != '\0');
        CHECK(rig_write(&rig, writer, ADMIT_PATCH_STATUS, "lab-1",
                        "{status: {attempts: several}}")[0] != '\0');
    }
    CHECK(rig_write(&rig, owner, ADMIT_PATCH_STATUS, "lab-1", "{status: {attempts: several}}")[0] !=
          '\0');
    CHECK_INT(store_revision(rig.rooms.store), revision);
    rig_free(&rig);
}

/* A follower that never pulls is a position: it holds no page, no reader, no document. */
static void who_never_pulls_costs_a_fixed_amount(void)
{
    struct reader *reader = alloc_new(sizeof *reader);
    struct rig rig;
    rig_new(&rig);
    reader->manner = READER_IDLES;
    CHECK(follow(&rig, reader, "", store_revision(rig.rooms.store)) == TEND_OK);
    some_life(&rig);
    CHECK(reader->follower.page == NULL && reader->follower.made == NULL);
    CHECK(!list_linked(&reader->follower.reader.link));
    reader->manner = READER_PULLS;
    on_ready(&reader->follower);
    virtual_world_run(&rig.v);
    CHECK(reader->code == TEND_OK && reader->count > 100);
    follower_stop(&reader->follower);
    rig_free(&rig);
    free(reader);
}

SUITE({"followers see what comes after, in order, once", followers_see_what_comes_after_once},
      {"what is no longer kept is said to be gone", what_is_no_longer_kept_is_said_to_be_gone},
      {"revisions never repeat, and sets are whole", revisions_never_repeat_and_sets_are_whole},
      {"runs do not overlap, and changes run again", runs_do_not_overlap_and_changes_run_again},
      {"deadlines fire once over any restart", deadlines_fire_once_over_any_restart},
      {"who has converged writes and wakes for nothing",
       who_has_converged_writes_and_wakes_for_nothing},
      {"what breaks the schema is refused at every door",
       what_breaks_the_schema_is_refused_at_every_door},
      {"who never pulls costs a fixed amount", who_never_pulls_costs_a_fixed_amount})
