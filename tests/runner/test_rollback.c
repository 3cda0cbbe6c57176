/* A version that fails is rolled back; a file that cannot serve is answered for by what went well last. */
#include "runner/fixture.h"

#define MISTAKE "'': '{outcome: fail, reason: PluginMistake, message: it put nothing}'"
#define BAD     CONTENT("2", MACHINE_1, MISTAKE)
#define FAILS   CONTENT("2", MACHINE_1, "'': '{outcome: fail, reason: NoRoom, message: full}'")

static const char unwilling[] = "{descriptor: {}, refuse: there is no licence}\n";

/* Version 1 has run well. */
static struct site *with_a_good_version(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v1\"");
    return s;
}

static const char *good_hash(struct site *s)
{
    return said(s, "status.lastGood");
}

/* Runs of version 2, one each. */
static void run_labs(struct site *s, unsigned count)
{
    char name[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "bad-%u", i);
        create_lab(s, name);
    }
}

static void remembers_what_went_well(void)
{
    struct site *s = with_a_good_version();
    CHECK_TEXT(good_hash(s), said(s, "status.hash"));
    put(s, FAILS); /* to fail is no fault; to go well it is not either */
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK(strcmp(good_hash(s), said(s, "status.hash")) != 0);
    pass(s, GOOD_AFTER_MS);
    CHECK_TEXT(good_hash(s), said(s, "status.hash"));
    site_free(s);
}

static void rolls_back_after_three_faults(void)
{
    struct site *s = with_a_good_version();
    const char *good = good_hash(s);
    put(s, BAD); /* one object, one fault */
    run_labs(s, 1);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    const char *bad = said(s, "status.hash");
    create_lab(s, "bad-1");
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(said(s, "status.phase"), "\"live\"");
    CHECK_TEXT(said(s, "status.reason"), "\"RolledBack\"");
    CHECK_TEXT(said(s, "status.hash"), good);
    CHECK_TEXT(said(s, "status.rejected"), bad);
    CHECK(says(s, "status.message",
               "failed 3 times before any run of it went well, the last time: "
               "PluginMistake: it put nothing; replace "));
    CHECK_INT(times(s, "labinstance", "RolledBack"), 1);
    CHECK_TEXT(lab(s, "bad-1", "status.message"), "\"v1\""); /* what it gave up is tried again */
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    site_free(s);
}

static void rolls_back_after_three_deaths(void)
{
    struct site *s = with_a_good_version();
    put(s, CONTENT("2", MACHINE_1, MISTAKE));
    for (unsigned i = 0; i < PROBATION_DEATHS; i++) {
        CHECK_TEXT(said(s, "status.version"), "\"2\"");
        scripted_maker_kill(&s->maker, scripted_maker_worker(&s->maker, 0));
        pass(s, 1000);
    }
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK(says(s, "status.message",
               "died 3 times before any run of it went well, the last time: "
               "the runner died; replace "));
    site_free(s);
}

static void one_run_that_went_well_is_enough(void)
{
    struct site *s = with_a_good_version();
    CHECK_INT(enter(s, "lab-1", "booting"), TEND_OK);
    put(s, CONTENT("2", MACHINE_1, MISTAKE ", booting: '{outcome: retry, reason: Busy}'"));
    run_labs(s, 5); /* a retry is no fault */
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(good_hash(s), said(s, "status.hash"));
    site_free(s);
}

static void the_first_version_has_nothing_before_it(void)
{
    struct site *s = site_new();
    put(s, BAD);
    run_labs(s, 5);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    site_free(s);
}

static void is_not_tried_again_until_the_file_changes(void)
{
    struct site *s = with_a_good_version();
    put(s, BAD);
    run_labs(s, 3);
    CHECK_TEXT(said(s, "status.reason"), "\"RolledBack\"");
    pass(s, 60000);
    int64_t before = revision(s);
    size_t made = s->maker.made;
    put(s, BAD); /* written again, with the same content */
    pass(s, 60000);
    CHECK_INT(s->maker.made, made);
    CHECK_INT(revision(s), before);
    restart(s);
    pass(s, 60000);
    CHECK_INT(revision(s), before);
    CHECK_INT(s->maker.made, 1); /* not the bad one */
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(said(s, "status.reason"), "\"RolledBack\"");
    put(s, V3);
    CHECK_TEXT(said(s, "status.version"), "\"3\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    CHECK_TEXT(said(s, "status.rejected"), "(absent)");
    made = s->maker.made;
    put(s, BAD); /* another chance, which it does not use */
    CHECK_INT(s->maker.made, made + 2);
    CHECK_TEXT(said(s, "status.version"), "\"3\"");
    CHECK_TEXT(said(s, "status.reason"), "\"RolledBack\"");
    site_free(s);
}

static void the_good_file_put_back_is_forgiven(void)
{
    struct site *s = with_a_good_version();
    put(s, BAD);
    run_labs(s, 3);
    size_t made = s->maker.made;
    put(s, V1);
    CHECK_INT(s->maker.made, made); /* it serves already */
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    CHECK_TEXT(said(s, "status.rejected"), "(absent)");
    site_free(s);
}

static void a_version_without_runs_is_rolled_back_from_as_well(void)
{
    struct site *s = with_a_good_version();
    CHECK_INT(ask(s->b, ADMIT_DELETE, LAB, "lab-1", NULL)->code, TEND_OK);
    put(s, BAD);
    pass(s, 2 * GOOD_AFTER_MS); /* it counts as good, but no run has ended well */
    CHECK_TEXT(good_hash(s), said(s, "status.hash"));
    run_labs(s, 3);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(good_hash(s), said(s, "status.hash"));
    pass(s, 5000);
    restart(s);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    site_free(s);
}

/* Nothing runs at all: what serves counts as good, until it dies. */
static void a_rollback_without_runs_is_remembered(void)
{
    struct site *s = with_a_good_version();
    const char *good = good_hash(s);
    CHECK_INT(ask(s->b, ADMIT_DELETE, LAB, "lab-1", NULL)->code, TEND_OK);
    put(s, BAD);
    pass(s, 2 * GOOD_AFTER_MS);
    for (unsigned i = 0; i < PROBATION_DEATHS; i++) {
        scripted_maker_kill(&s->maker, scripted_maker_worker(&s->maker, 0));
        pass(s, 1000);
    }
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(good_hash(s), good);
    restart(s);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(said(s, "status.reason"), "\"RolledBack\"");
    site_free(s);
}

static void goes_back_to_what_was_quiet_for_long(void)
{
    struct site *s = with_a_good_version();
    CHECK_INT(ask(s->b, ADMIT_DELETE, LAB, "lab-1", NULL)->code, TEND_OK);
    put(s, V3);
    pass(s, GOOD_AFTER_MS);
    put(s, BAD);
    run_labs(s, 3);
    CHECK_TEXT(said(s, "status.version"), "\"3\"");
    site_free(s);
}

static void a_fault_is_not_good(void)
{
    struct site *s = with_a_good_version();
    put(s, BAD); /* with one fault */
    pass(s, 2 * GOOD_AFTER_MS);
    CHECK(strcmp(good_hash(s), said(s, "status.hash")) != 0);
    site_free(s);
}

/* Neither is any good, and neither was ever proven: it does not go back and forth. */
static void goes_back_once(void)
{
    struct site *s = site_new();
    put(s, CONTENT("1", MACHINE_1, MISTAKE));
    put(s, BAD);
    run_labs(s, 6);
    pass(s, 60000);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_INT(s->maker.made, 3);
    CHECK_INT(times(s, "labinstance", "RolledBack"), 1);
    site_free(s);
}

/* A run goes well while the one before is being proven. */
static void there_may_be_no_need_after_all(void)
{
    struct site *s = with_a_good_version();
    put(s, CONTENT("2", MACHINE_1, MISTAKE ", booting: '{outcome: done}'"));
    run_labs(s, 1);
    virtual_world_hold(&s->b->v, LANE_READ);
    create_lab(s, "bad-1"); /* the third fault */
    CHECK_INT(enter(s, "bad-0", "booting"), TEND_OK);
    touch_lab(s, "bad-0", "a"); /* it is looked at again, and well */
    virtual_world_release(&s->b->v, LANE_READ);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    site_free(s);
}

static void goes_back_past_a_version_that_was_never_proven(void)
{
    struct site *s = with_a_good_version();
    CHECK_INT(ask(s->b, ADMIT_DELETE, LAB, "lab-1", NULL)->code, TEND_OK);
    put(s, V3); /* nothing runs in it */
    put(s, BAD);
    run_labs(s, 3);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    site_free(s);
}

static void stays_where_states_do_not_allow_it(void)
{
    static const char other[] =
        CONTENT("2",
                "{field: status.state, initial: pending, states: [{name: pending, next: [odd]},\n"
                " {name: odd, next: [ready]}, {name: ready, next: [pending]}]}",
                MISTAKE);
    struct site *s = with_a_good_version();
    put(s, other);
    CHECK_INT(enter(s, "lab-1", "odd"), TEND_OK);
    run_labs(s, 3);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(said(s, "status.reason"), "\"NotRolledBack\"");
    CHECK(says(s, "status.message", "1 object of " LAB " is in state odd"));
    CHECK_INT(times(s, "labinstance", "NotRolledBack"), 1);
    pass(s, 60000);
    CHECK_INT(times(s, "labinstance", "NotRolledBack"), 1);
    site_free(s);
}

static void renames_are_inverted(void)
{
    struct site *s = with_a_good_version();
    CHECK_INT(enter(s, "lab-1", "booting"), TEND_OK);
    put(s, CONTENT("2", MACHINE_RENAMED, MISTAKE));
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"starting\"");
    run_labs(s, 3);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"booting\"");
    pass(s, 60000);
    int64_t before = revision(s);
    restart(s);
    pass(s, 60000);
    CHECK_INT(revision(s), before);
    site_free(s);
}

static void a_new_file_comes_before_a_rollback(void)
{
    struct site *s = with_a_good_version();
    put(s, BAD);
    run_labs(s, 1);
    virtual_world_hold(&s->b->v, LANE_READ); /* the copy of version 1 is on its way */
    create_lab(s, "bad-1");
    put(s, V3);
    virtual_world_release(&s->b->v, LANE_READ);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(said(s, "status.version"), "\"3\"");
    CHECK_TEXT(said(s, "status.reason"), "\"\"");
    CHECK_INT(scripted_maker_count(&s->maker), 1);
    site_free(s);
}

/* --- the last good one ---------------------------------------------------------------------------- */

static void serves_the_last_good_one_at_start(void)
{
    static const char *const bad[] = {"", unwilling,
                                      "{descriptor: {name: lab, version: '2', controllers: []}}\n"};
    static const char *const why[] = {"the file is empty", "there is no licence", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct site *s = with_a_good_version();
        const char *good = good_hash(s);
        pass(s, 5000);
        site_unload(s);
        write_file(s, bad[i]);
        restart(s);
        CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
        CHECK_TEXT(said(s, "status.phase"), "\"live\"");
        CHECK_TEXT(said(s, "status.reason"), "\"ServingLastGood\"");
        CHECK_TEXT(said(s, "status.hash"), good);
        CHECK(says(s, "status.message", why[i]));
        CHECK_INT(times(s, "labinstance", "ServingLastGood"), 1);
        create_lab(s, "lab-2");
        CHECK_TEXT(lab(s, "lab-2", "status.message"), "\"v1\"");
        pass(s, 60000);
        int64_t before = revision(s);
        restart(s);
        pass(s, 60000);
        CHECK_INT(revision(s), before); /* as it went down */
        put(s, V2);
        CHECK_TEXT(said(s, "status.reason"), "\"\"");
        CHECK_TEXT(said(s, "status.version"), "\"2\"");
        site_free(s);
    }
}

static void where_states_forbid_the_file_the_last_good_one_serves(void)
{
    struct site *s = with_a_good_version();
    CHECK_INT(enter(s, "lab-1", "booting"), TEND_OK);
    pass(s, 5000);
    write_file(s, CONTENT("2", MACHINE_2, SAYS("v2")));
    restart(s);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK(says(s, "status.message", "1 object of " LAB " is in state booting"));
    site_free(s);
}

static void without_a_copy_it_is_refused(void)
{
    struct site *s = with_a_good_version();
    pass(s, 5000);
    write_file(s, unwilling);
    loader_tidy(s->copies.path, NULL, 0);
    restart(s);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_REFUSED);
    CHECK(strstr(controller(s, "lab", "status.message"), "cannot serve either") != NULL);
    site_free(s);
}

/* It was removed, and a broken one is dropped: nobody asked for the old one. */
static void only_at_start(void)
{
    struct site *s = with_a_good_version();
    take_away(s);
    pass(s, 5000);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_GONE);
    site_unload(s);
    virtual_world_run(&s->b->v);
    s->entry = PLUGIN_DROPPED;
    site_load(s);
    put(s, unwilling);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_REFUSED);
    CHECK_TEXT(said(s, "status.reason"), "\"FileRemoved\"");
    site_free(s);
}

static void what_was_rolled_back_to_may_be_lost(void)
{
    struct site *s = with_a_good_version();
    put(s, BAD);
    run_labs(s, 3);
    pass(s, 5000);
    loader_tidy(s->copies.path, NULL, 0);
    restart(s);
    CHECK_INT(plugin_phase(s->plugin), PLUGIN_LIVE);
    CHECK_TEXT(said(s, "status.version"), "\"2\""); /* better than nothing */
    CHECK_TEXT(said(s, "status.rejected"), "(absent)");
    site_free(s);
}

SUITE({"remembers what went well", remembers_what_went_well},
      {"rolls back after three faults", rolls_back_after_three_faults},
      {"rolls back after three deaths", rolls_back_after_three_deaths},
      {"one run that went well is enough", one_run_that_went_well_is_enough},
      {"the first version has nothing before it", the_first_version_has_nothing_before_it},
      {"is not tried again until the file changes", is_not_tried_again_until_the_file_changes},
      {"the good file put back is forgiven", the_good_file_put_back_is_forgiven},
      {"a version without runs is rolled back from as well",
       a_version_without_runs_is_rolled_back_from_as_well},
      {"a rollback without runs is remembered", a_rollback_without_runs_is_remembered},
      {"goes back to what was quiet for long", goes_back_to_what_was_quiet_for_long},
      {"there may be no need after all", there_may_be_no_need_after_all},
      {"a fault is not good", a_fault_is_not_good}, {"goes back once", goes_back_once},
      {"goes back past a version that was never proven",
       goes_back_past_a_version_that_was_never_proven},
      {"stays where states do not allow it", stays_where_states_do_not_allow_it},
      {"renames are inverted", renames_are_inverted},
      {"a new file comes before a rollback", a_new_file_comes_before_a_rollback},
      {"serves the last good one at start", serves_the_last_good_one_at_start},
      {"where states forbid the file the last good one serves",
       where_states_forbid_the_file_the_last_good_one_serves},
      {"without a copy it is refused", without_a_copy_it_is_refused},
      {"only at start", only_at_start},
      {"what was rolled back to may be lost", what_was_rolled_back_to_may_be_lost})
