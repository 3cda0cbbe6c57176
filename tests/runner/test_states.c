/* The states of objects that are there, when another machine comes. */
#include "runner/fixture.h"

#define DROPS   CONTENT("2", MACHINE_2, SAYS("v2"))
#define RENAMES CONTENT("2", MACHINE_RENAMED, SAYS("v2"))

static struct site *with_a_booting_lab(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    create_lab(s, "lab-2");
    CHECK_INT(enter(s, "lab-1", "booting"), TEND_OK);
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"booting\"");
    return s;
}

static const char *machine_in_force(struct site *s)
{
    return controller(s, "labinstance", "spec.owns[0].machine.states[1].name");
}

static void refuses_to_drop_a_state_in_use(void)
{
    struct site *s = with_a_booting_lab();
    put(s, DROPS);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK(says(s, "status.message",
               "1 object of " LAB
               " is in state booting, which this version does not have; let it say "
               "that it was renamed (booting=pending), or move it first and touch the file"));
    CHECK_TEXT(machine_in_force(s), "\"booting\"");
    CHECK_INT(enter(s, "lab-1", "ready"), TEND_OK);
    CHECK_TEXT(said(s, "status.version"), "\"1\""); /* it is not tried by itself */
    plugin_look(s->plugin);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(machine_in_force(s), "\"ready\"");
    CHECK_TEXT(lab(s, "lab-1", "status.message"), "\"v2\"");
    site_free(s);
}

static void drops_a_state_that_nobody_is_in(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    put(s, DROPS);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_INT(enter(s, "lab-1", "booting"), TEND_INVALID);
    site_free(s);
}

static void names_what_was_renamed(void)
{
    struct site *s = with_a_booting_lab();
    const char *since = "metadata.annotations['tend.dev/state-since']";
    pass(s, 10000);
    put(s, RENAMES);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"starting\"");
    CHECK_TEXT(lab(s, "lab-1", since), "\"2026-01-01T00:00:00.000000Z\"");
    pass(s, 48000); /* the deadline goes on */
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"starting\"");
    pass(s, 2000);
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"ready\"");
    site_free(s);
}

/* The machine that is in force keeps what the versions before called their states. */
static void names_are_inherited(void)
{
    struct site *s = with_a_booting_lab();
    put(s, RENAMES);
    put(s,
        CONTENT("3",
                "{field: status.state, initial: pending, states: [{name: pending,\n"
                " next: [starting]}, {name: starting, next: [ready]}, {name: ready, final: true}]}",
                SAYS("v3")));
    CHECK_TEXT(said(s, "status.version"), "\"3\"");
    CHECK_TEXT(controller(s, "labinstance", "spec.owns[0].machine.renamed"),
               "{\"booting\":\"starting\"}");
    put(s, CONTENT("4",
                   "{field: status.state, initial: pending, renamed: {starting: up}, states:\n"
                   " [{name: pending, next: [up]}, {name: up, next: [ready]},\n"
                   "  {name: ready, final: true}]}",
                   SAYS("v4")));
    CHECK_TEXT(controller(s, "labinstance", "spec.owns[0].machine.renamed"),
               "{\"booting\":\"up\",\"starting\":\"up\"}");
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"up\"");
    int64_t before = revision(s);
    pass(s, 60000);
    before = revision(s);
    restart(s);
    pass(s, 60000);
    CHECK_INT(revision(s), before); /* and change nothing by themselves */
    site_free(s);
}

/* Somebody puts the old file back. */
static void names_go_back(void)
{
    struct site *s = with_a_booting_lab();
    put(s, RENAMES);
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"starting\"");
    put(s, V1);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"booting\"");
    CHECK_TEXT(controller(s, "labinstance", "spec.owns[0].machine.renamed"),
               "{\"starting\":\"booting\"}");
    site_free(s);
}

/* The lab moves when the count is done and before the claim is durable: it is not lost. */
static void who_moves_in_between_counts(void)
{
    struct site *s = site_new();
    put(s, V1);
    create_lab(s, "lab-1");
    virtual_world_hold(&s->b->v, LANE_WRITE);
    const struct admission_request move =
        request(s->b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: booting}}");
    submit(s->b, &move, 1);
    put(s, DROPS);
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"pending\""); /* as far as can be seen */
    virtual_world_release(&s->b->v, LANE_WRITE);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"booting\"");
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK(says(s, "status.message", "1 object of " LAB " is in state booting"));
    CHECK_TEXT(machine_in_force(s), "\"booting\"");
    touch_lab(s, "lab-1", "a");
    CHECK_TEXT(lab(s, "lab-1", "status.observedGeneration"), "2"); /* it runs */
    CHECK_INT(enter(s, "lab-1", "ready"), TEND_OK);
    site_free(s);
}

/* ... also where it was given another name meanwhile: it gets the old one back. */
static void a_claim_that_is_taken_back_takes_names_back(void)
{
    struct site *s = with_a_booting_lab();
    CHECK_INT(enter(s, "lab-2", "booting"), TEND_OK);
    CHECK_INT(enter(s, "lab-2", "ready"), TEND_OK);
    virtual_world_hold(&s->b->v, LANE_WRITE);
    const struct admission_request move =
        request(s->b, ADMIT_PATCH_STATUS, LAB, "lab-2", "{status: {state: pending}}");
    submit(s->b, &move, 1);
    put(s,
        CONTENT("2",
                "{field: status.state, initial: starting, renamed: {booting: starting}, states:\n"
                " [{name: starting, next: [ready]}, {name: ready, final: true}]}",
                SAYS("v2")));
    virtual_world_release(&s->b->v, LANE_WRITE);
    virtual_world_run(&s->b->v);
    CHECK_TEXT(said(s, "status.version"), "\"1\"");
    CHECK_TEXT(lab(s, "lab-1", "status.state"), "\"booting\"");
    CHECK_TEXT(lab(s, "lab-2", "status.state"), "\"pending\"");
    CHECK_TEXT(machine_in_force(s), "\"booting\"");
    site_free(s);
}

static void many_objects_do_not_hold_up_the_core(void)
{
    enum { MANY = 3000 };
    struct site *s = site_new();
    char name[32];
    put(s, V1);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "lab-%04u", i);
        create_lab(s, name);
    }
    write_file(s, DROPS);
    plugin_look(s->plugin);
    unsigned steps = 0;
    while (scripted_maker_count(&s->maker) < 2) {
        CHECK(virtual_world_step(&s->b->v));
    }
    while (scripted_maker_count(&s->maker) == 2 && virtual_world_step(&s->b->v)) {
        steps++;
    }
    CHECK(steps > MANY / FEED_EVENTS); /* no step looks at more than a slice */
    virtual_world_run(&s->b->v);
    CHECK_TEXT(said(s, "status.version"), "\"2\"");
    site_free(s);
}

SUITE({"refuses to drop a state that is in use", refuses_to_drop_a_state_in_use},
      {"drops one that nobody is in", drops_a_state_that_nobody_is_in},
      {"names what was renamed, and keeps its deadline", names_what_was_renamed},
      {"names are inherited by later versions", names_are_inherited},
      {"and go back with the old file", names_go_back},
      {"who moves in between counts", who_moves_in_between_counts},
      {"a claim that is taken back takes names back", a_claim_that_is_taken_back_takes_names_back},
      {"many objects do not hold up the core", many_objects_do_not_hold_up_the_core})
