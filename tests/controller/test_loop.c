/* The life of objects through the whole loop. */
#include "controller/fixture.h"

static void a_lab_lives(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "duration: 10m");
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 4999);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-1"), "\"ready\"");
    CHECK_TEXT(condition_of(r, "lab-1", "Ready"), "True");
    CHECK_INT(times_said(r, "lab-1", "Provisioning"), 1);
    pass(r, 10 * 60 * 1000 - 1);
    CHECK_TEXT(state_of(r, "lab-1"), "\"ready\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-1"), "(none)");
    CHECK_INT(times_said(r, "lab-1", "Expired"), 1);
    CHECK_INT(times_said(r, "lab-1", "Deleted"), 1);
    CHECK_INT(r->worker.finalized, 1);
    CHECK_INT(r->moves, 4); /* one line for each change of state */
    ring_free(r);
}

SUITE({"a lab goes from pending to ready, expires, and is gone", a_lab_lives})
