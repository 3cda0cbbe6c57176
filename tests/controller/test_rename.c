/* States that a new version calls by another name. */
#include "base/limits.h"
#include "controller/fixture.h"

/* The machine of the second version: "provisioning" is called "starting", and it gives up half as late. */
static const char renaming[] =
    "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: labinstance},\n"
    " spec: {owns: [{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, finalizes: true,\n"
    "  machine: {field: status.state, initial: pending, renamed: {provisioning: starting},\n"
    "   states: [{name: pending, next: [starting, deleting]},\n"
    "    {name: starting, next: [ready, failed, deleting], within: 15000, otherwise: failed},\n"
    "    {name: ready, next: [deleting]}, {name: failed, next: [deleting]},\n"
    "    {name: deleting, next: [deleted], teardown: true}, {name: deleted, final: true}]}}]}}";

static void put_in_force(struct ring *r, const char *controller)
{
    const struct admission_request one = request(r->b, ADMIT_UPDATE, "", "", controller);
    CHECK_INT(ask_as(r->b, WRITER_HOST, "", &one)->code, TEND_OK);
}

/* Stays in provisioning; of what it sees in "starting" it keeps the moment. */
static const char *run_slow(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    if (text_is(state, "pending")) {
        return "{outcome: enter, state: provisioning}";
    }
    if (text_is(state, "starting")) {
        snprintf(worker->text, sizeof worker->text,
                 "{outcome: done, status: {message: 'since %lld'}}",
                 (long long)(call->entered_ms - VIRTUAL_WALL_START_MS));
        return worker->text;
    }
    CHECK(call->verb == VERB_FINALIZE || text_is(state, "provisioning") ||
          text_is(state, "failed"));
    return "{outcome: done}";
}

static const char *since_of(struct ring *r, const char *name)
{
    return lab(r, name, "metadata.annotations['tend.dev/state-since']");
}

static void gives_the_new_name_and_keeps_the_moment(void)
{
    struct ring *r = ring_new_live(run_slow);
    pass(r, 1000);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 3000);
    put_in_force(r, renaming);
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"starting\"");
    CHECK_TEXT(since_of(r, "lab-1"), "\"2026-01-01T00:00:01.000000Z\"");
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"since 1000\"");
    pass(r, 11999); /* 15 s after it entered */
    CHECK_TEXT(state_of(r, "lab-1"), "\"starting\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    ring_free(r);
}

/* The machine is durable, and nothing that follows from it has happened. */
static void put_in_force_just_now(struct ring *r, const char *controller)
{
    const struct admission_request one = request(r->b, ADMIT_UPDATE, "", "", controller);
    r->b->writer.role = WRITER_HOST;
    submit(r->b, &one, 1);
    while (r->b->answered == 0) {
        CHECK(virtual_world_step(&r->b->v));
    }
    CHECK_INT(r->b->code, TEND_OK);
    r->b->writer.role = WRITER_CLIENT;
}

static void nobody_runs_before(void)
{
    struct ring *r = ring_new_live(run_slow);
    create_lab(r, "lab-1", "");
    settle(r);
    controller_hold(r->controller);
    patch_lab(r, "lab-1", "{spec: {studentEmail: new}}");
    size_t before = r->worker.started;
    put_in_force_just_now(r, renaming);
    virtual_world_hold(&r->b->v, LANE_WRITE);
    controller_release(r->controller);
    virtual_world_run(&r->b->v);
    CHECK_INT(r->worker.started, before);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    virtual_world_release(&r->b->v, LANE_WRITE);
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"starting\"");
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"since 0\"");
    ring_free(r);
}

static void goes_on_after_a_crash(void)
{
    struct ring *r = ring_new_live(run_slow);
    create_lab(r, "lab-1", "");
    create_lab(r, "lab-2", "");
    settle(r);
    put_in_force_just_now(r, renaming);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    ring_crash(r);
    ring_live(r);
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"starting\"");
    CHECK_TEXT(state_of(r, "lab-2"), "\"starting\"");
    ring_free(r);
}

static void many_at_once_and_no_event(void)
{
    enum { MANY = 500 };
    struct ring *r = ring_new_live(run_slow);
    char name[32];
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "lab-%u", i);
        create_lab(r, name, "");
    }
    settle(r);
    put_in_force(r, renaming);
    settle(r);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "lab-%u", i);
        CHECK_TEXT(state_of(r, name), "\"starting\"");
    }
    CHECK_INT(store_count(r->b->store, TEXT("events/")), 0);
    ring_free(r);
}

static void works_without_a_controller(void)
{
    struct ring *r = ring_new_live(run_slow);
    create_lab(r, "lab-1", "");
    settle(r);
    controller_remove(r->controller);
    put_in_force(r, renaming);
    pass(r, 1000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"starting\"");
    ring_free(r);
}

SUITE({"gives the new name and keeps the moment of entry", gives_the_new_name_and_keeps_the_moment},
      {"nobody runs before that", nobody_runs_before},
      {"goes on after a crash", goes_on_after_a_crash},
      {"many at once, and no event for each", many_at_once_and_no_event},
      {"works without a controller", works_without_a_controller})
