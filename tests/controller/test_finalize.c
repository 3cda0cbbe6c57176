/* Deletion: the host holds the object until its controller has cleaned up. */
#include "base/limits.h"
#include "controller/fixture.h"
#include "document/path.h"

/* Cleaning up fails while the object says so in spec.studentEmail. */
static const char *run_finalize(struct scripted_worker *worker, struct reconcile_call *call,
                                const struct value *root)
{
    (void)worker;
    struct text email = value_text_or(path_get(root, TEXT("spec.studentEmail")), TEXT(""));
    if (call->verb == VERB_RECONCILE) {
        return "{outcome: done, status: {message: up}}";
    }
    if (text_is(email, "retry")) {
        return "{outcome: retry, reason: CleanupFailed, message: it is still there}";
    }
    if (text_is(email, "fail")) {
        return "{outcome: fail, reason: CleanupFailed, message: it is still there}";
    }
    if (text_is(email, "again")) {
        return "{outcome: again, afterMs: 1000}";
    }
    return "{outcome: done}";
}

static void is_cleaned_up_before_it_goes(void)
{
    struct ring *r = ring_new_live(run_finalize);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "metadata.finalizers[0]"), "\"lab.neuroglia.com/tend\"");
    r->worker.hold = true;
    delete_lab(r, "lab-1");
    CHECK_TEXT(state_of(r, "lab-1"), "\"deleting\"");
    CHECK_INT(r->worker.finalized, 1);
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    CHECK_INT(times_said(r, "lab-1", "Finalized"), 1);
    const struct change *last = store_recent(r->b->store, 0);
    for (const struct change *next = last; next != NULL;
         next = store_recent(r->b->store, next->revision)) {
        last = next->op == CHANGE_DELETE ? next : last;
    }
    CHECK(strstr(last->doc->bytes, "\"state\":\"deleted\"") != NULL);
    CHECK_INT(r->worker.finalized, 1);
    CHECK_INT(info(r).running + info(r).waiting + info(r).later, 0);
    ring_free(r);
}

static void a_mark_during_a_run_turns_it_into_finalize(void)
{
    struct ring *r = ring_new_live(run_finalize);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    CHECK_INT(r->worker.started, 1);
    delete_lab(r, "lab-1");
    CHECK_INT(r->worker.started, 1);
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_INT(info(r).discarded, 1); /* it acted on an object that was not being deleted */
    CHECK_INT(r->worker.finalized, 1);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    ring_free(r);
}

static void try_until_done(const char *spec)
{
    struct ring *r = ring_new_live(run_finalize);
    create_lab(r, "lab-1", spec);
    delete_lab(r, "lab-1");
    pass(r, 3600 * 1000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"deleting\""); /* not gone, not given up */
    CHECK(r->worker.finalized > 10 && r->worker.finalized < 60);
    size_t before = r->worker.finalized;
    pass(r, 3600 * 1000);
    CHECK(r->worker.finalized >= before + 9);
    patch_lab(r, "lab-1", "{spec: {studentEmail: fine}}");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    ring_free(r);
}

static void is_tried_until_it_is_done(void)
{
    try_until_done("studentEmail: retry");
    try_until_done("studentEmail: fail");
}

static void may_take_several_looks(void)
{
    struct ring *r = ring_new_live(run_finalize);
    create_lab(r, "lab-1", "studentEmail: again");
    delete_lab(r, "lab-1");
    pass(r, 3000);
    CHECK_INT(r->worker.finalized, 4);
    CHECK_TEXT(state_of(r, "lab-1"), "\"deleting\"");
    ring_free(r);
}

static void waits_for_its_controller(void)
{
    struct ring *r = ring_new(run_finalize);
    create_lab(r, "lab-1", "");
    delete_lab(r, "lab-1");
    pass(r, 240 * 1000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"deleting\"");
    ring_crash(r);
    ring_live(r); /* another host, the same finalizer */
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    CHECK_INT(r->worker.finalized, 1);
    CHECK_INT(r->worker.started, 1);
    ring_free(r);
}

static void what_others_hold_is_left_to_them(void)
{
    struct ring *r = ring_new_live(run_finalize);
    create_lab(r, "lab-1", "");
    patch_lab(r, "lab-1", "{metadata: {finalizers: [lab.neuroglia.com/tend, example.com/other]}}");
    delete_lab(r, "lab-1");
    settle(r);
    CHECK_INT(r->worker.finalized, 1);
    CHECK_TEXT(lab(r, "lab-1", "metadata.finalizers"), "[\"example.com/other\"]");
    size_t started = r->worker.started;
    patch_lab(r, "lab-1", "{metadata: {labels: {team: red}}}");
    settle(r);
    CHECK_INT(r->worker.started, started); /* nothing is brought up again */
    patch_lab(r, "lab-1", "{metadata: {finalizers: null}}");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    ring_free(r);
}

static void finalizing_survives_kills(void)
{
    for (int steps = 0; steps < 30; steps++) {
        struct ring *r = ring_new_live(run_finalize);
        create_lab(r, "lab-1", "");
        settle(r);
        struct admission_request one = request(r->b, ADMIT_DELETE, LAB, "lab-1", NULL);
        submit(r->b, &one, 1);
        for (int i = 0; i < steps; i++) {
            virtual_world_step(&r->b->v);
        }
        ring_crash(r);
        ring_live(r);
        settle(r);
        if (strcmp(lab(r, "lab-1", "metadata.name"), "(none)") != 0) {
            CHECK_TEXT(lab(r, "lab-1", "metadata.deletionTimestamp"), "(absent)");
            delete_lab(r, "lab-1"); /* the wish itself was lost, and never acknowledged */
            settle(r);
        }
        CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
        CHECK_INT(times_said(r, "lab-1", "Finalized"), 1);
        ring_free(r);
    }
}

SUITE({"an object is cleaned up before it goes", is_cleaned_up_before_it_goes},
      {"a mark during a run turns it into finalize", a_mark_during_a_run_turns_it_into_finalize},
      {"cleaning up is tried until it is done", is_tried_until_it_is_done},
      {"cleaning up may take several looks", may_take_several_looks},
      {"a deleted object waits for its controller, over restarts", waits_for_its_controller},
      {"what others hold is left to them", what_others_hold_is_left_to_them},
      {"a kill at any step ends in one clean-up", finalizing_survives_kills})
