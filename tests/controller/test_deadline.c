/* How long a state may last: in virtual time, across restarts, with and without a controller. */
#include "base/limits.h"
#include "controller/fixture.h"

/* Like run_lab, but provisioning never ends by itself. */
static const char *run_hang(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)worker;
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    if (call->verb == VERB_FINALIZE) {
        return "{outcome: retry, reason: CleanupFailed, message: it is still there}";
    }
    return text_is(state, "pending") ? "{outcome: enter, state: provisioning}" : "{outcome: done}";
}

static void counts_from_entry(void)
{
    struct ring *r = ring_new(run_hang);
    create_lab(r, "lab-1", "");
    pass(r, 50000); /* old, when it enters */
    ring_live(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 29999);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    CHECK_INT(times_said(r, "lab-1", "ProvisioningTimeout"), 1);
    ring_free(r);
}

static void another_spec_is_another_deadline(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "duration: 10m");
    pass(r, 5000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"ready\"");
    pass(r, 9 * 60000);
    patch_lab(r, "lab-1", "{spec: {duration: 20m}}"); /* extends a lab that runs */
    pass(r, 10 * 60000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"ready\"");
    pass(r, 60000);
    CHECK_TEXT(state_of(r, "lab-1"), "(none)");
    create_lab(r, "lab-2", "duration: 10m");
    pass(r, 5000);
    pass(r, 5 * 60000);
    patch_lab(r, "lab-2", "{spec: {duration: 1m}}"); /* that is over already */
    settle(r);
    virtual_world_advance(&r->b->v, 1);
    settle(r);
    CHECK_TEXT(state_of(r, "lab-2"), "(none)");
    ring_free(r);
}

static void waits_for_a_controller_unless_alone(void)
{
    struct ring *r = ring_new_live(run_hang);
    create_lab(r, "lab-1", "");
    settle(r);
    r->worker.worker.is_up = false;
    controller_lost(r->controller, "gone");
    create_lab(r, "lab-2", "");
    pass(r, 59999);
    CHECK_TEXT(state_of(r, "lab-2"), "\"pending\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-2"), "\"failed\"");       /* alone */
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\""); /* held, long overdue */
    int64_t before = revision(r);
    pass(r, 3000 * 1000);
    CHECK_INT(revision(r), before); /* and not written meanwhile */
    r->worker.worker.is_up = true;
    controller_live(r->controller);
    virtual_world_advance(&r->b->v, 1);
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    ring_free(r);
}

static void fires_after_a_restart(void)
{
    struct ring *r = ring_new_live(run_hang);
    create_lab(r, "lab-1", "");
    pass(r, 20000);
    ring_crash(r);
    pass(r, 3600 * 1000); /* no controller: held, over a restart as well */
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    ring_live(r);
    virtual_world_advance(&r->b->v, 1);
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    CHECK_INT(times_said(r, "lab-1", "ProvisioningTimeout"), 1);
    int64_t before = revision(r);
    ring_crash(r);
    ring_live(r);
    pass(r, 60000);
    CHECK_INT(revision(r), before); /* its effect was once */
    ring_free(r);
}

/* Killed while the set of the firing is on its way to the disk, at each step of it. */
static void fires_once_wherever_it_is_killed(void)
{
    for (int steps = 0; steps < 40; steps++) {
        struct ring *r = ring_new_live(run_hang);
        create_lab(r, "lab-1", "");
        pass(r, 29999);
        r->b->v.now_ms++;
        for (int i = 0; i < steps; i++) {
            virtual_world_step(&r->b->v);
        }
        ring_crash(r);
        ring_live(r);
        virtual_world_advance(&r->b->v, 1);
        settle(r);
        CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
        CHECK_INT(times_said(r, "lab-1", "ProvisioningTimeout"), 1);
        ring_free(r);
    }
}

static void sets_its_condition_once(void)
{
    struct ring *r = ring_new_live(run_hang);
    create_lab(r, "lab-1", "");
    delete_lab(r, "lab-1");
    pass(r, 299999);
    CHECK_TEXT(state_of(r, "lab-1"), "\"deleting\"");
    CHECK_TEXT(condition_of(r, "lab-1", "CleanupStuck"), "");
    pass(r, 1);
    CHECK_TEXT(condition_of(r, "lab-1", "CleanupStuck"), "True");
    CHECK_INT(times_said(r, "lab-1", "DeadlineExceeded"), 1);
    pass(r, 1800 * 1000);
    CHECK_INT(times_said(r, "lab-1", "DeadlineExceeded"), 1);
    ring_crash(r);
    ring_live(r);
    pass(r, 600 * 1000);
    CHECK_INT(times_said(r, "lab-1", "DeadlineExceeded"), 1);
    CHECK_TEXT(state_of(r, "lab-1"), "\"deleting\"");
    ring_free(r);
}

static void a_wall_clock_that_jumps_ahead_fires_nothing_together(void)
{
    struct ring *r = ring_new_live(run_hang);
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "lab-%02d", i);
        create_lab(r, name, "");
        pass(r, 1000);
    }
    r->b->v.wall_ahead += (int64_t)365 * 24 * 3600 * 1000;
    settle(r);
    pass(r, 9999); /* lab-00 has its 30 s by now minus one ms */
    CHECK_TEXT(state_of(r, "lab-00"), "\"provisioning\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-00"), "\"failed\"");
    CHECK_TEXT(state_of(r, "lab-01"), "\"provisioning\"");
    pass(r, 1000);
    CHECK_TEXT(state_of(r, "lab-01"), "\"failed\"");
    CHECK_TEXT(state_of(r, "lab-02"), "\"provisioning\"");
    ring_free(r);
}

static void a_wall_clock_that_is_set_back_fires_nothing_early(void)
{
    struct ring *r = ring_new_live(run_hang);
    create_lab(r, "lab-1", "");
    settle(r);
    r->b->v.wall_ahead -= 3600 * 1000;
    pass(r, 3600 * 1000); /* by the wall, it has just entered */
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 29999);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    ring_free(r);
}

/* The object leaves the state in the commit before. */
static void a_deadline_that_comes_too_late_does_nothing(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    pass(r, 4999);
    virtual_world_hold(&r->b->v, LANE_WRITE);
    virtual_world_advance(&r->b->v, 1); /* "ready" is on its way to the disk */
    virtual_world_advance(&r->b->v,
                          30000); /* and provisioning is over its time by what is durable */
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    virtual_world_release(&r->b->v, LANE_WRITE);
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"ready\"");
    CHECK_INT(times_said(r, "lab-1", "ProvisioningTimeout"), 0);
    ring_free(r);
}

static void survives_a_full_disk(void)
{
    struct ring *r = ring_new_live(run_hang);
    create_lab(r, "lab-1", "");
    pass(r, 29999);
    memory_disk_fail(r->b->disk, 1, TEND_UNAVAILABLE);
    virtual_world_advance(&r->b->v, 60000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    memory_disk_mend(r->b->disk);
    virtual_world_advance(&r->b->v, 600 * 1000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    CHECK_INT(times_said(r, "lab-1", "ProvisioningTimeout"), 1);
    CHECK(r->errors > 0); /* and it was said */
    r->errors = 0;
    ring_free(r);
}

static void events_live_an_hour(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    pass(r, 10000);
    CHECK_INT(times_said(r, "lab-1", "Provisioning"), 1);
    pass(r, EVENT_LIFE_MS - 10001);
    CHECK_INT(times_said(r, "lab-1", "Provisioning"), 1);
    ring_crash(r); /* which life they have is in the events */
    ring_live(r);
    pass(r, 2);
    CHECK_INT(times_said(r, "lab-1", "Provisioning"), 0);
    CHECK_INT(times_said(r, "lab-1", "Ready"), 1);
    pass(r, 5000);
    CHECK_INT(times_said(r, "lab-1", "Ready"), 0);
    ring_free(r);
}

static void what_is_said_again_lives_on(void)
{
    struct ring *r = ring_new_live(run_hang);
    create_lab(r, "lab-1", "");
    delete_lab(r, "lab-1");
    pass(r, 2 * (int64_t)EVENT_LIFE_MS);
    CHECK(times_said(r, "lab-1", "CleanupFailed") > 20); /* one event, counted */
    CHECK_INT(times_said(r, "lab-1", "DeadlineExceeded"), 0);
    ring_free(r);
}

SUITE({"a deadline counts from entry into the state", counts_from_entry},
      {"another spec is another deadline, later or at once", another_spec_is_another_deadline},
      {"it waits for a controller, unless it fires alone", waits_for_a_controller_unless_alone},
      {"it fires after a restart, once", fires_after_a_restart},
      {"it fires once wherever the host is killed", fires_once_wherever_it_is_killed},
      {"a condition is set once, also over a restart", sets_its_condition_once},
      {"a wall clock that jumps ahead fires nothing together",
       a_wall_clock_that_jumps_ahead_fires_nothing_together},
      {"a wall clock that is set back fires nothing early",
       a_wall_clock_that_is_set_back_fires_nothing_early},
      {"one that the object escaped does nothing", a_deadline_that_comes_too_late_does_nothing},
      {"one that met a full disk fires when there is space", survives_a_full_disk},
      {"events live an hour, over restarts", events_live_an_hour},
      {"an event that is said again lives on", what_is_said_again_lives_on})
