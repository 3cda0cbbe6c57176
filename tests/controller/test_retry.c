/* Asking for another try: annotation tend.dev/retry brings back what was given up, once for each time that
 * it changes, and nothing is left of it to be compared after a restart. */
#include "controller/fixture.h"

/* Fails until the third run, whatever the object says: what was in the way is outside. */
static const char *run_third(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)call;
    (void)root;
    return worker->started < 3 ? "{outcome: fail, reason: NoLicence, message: none left}"
                               : "{outcome: done, status: {message: well}}";
}

static const char *run_retries(struct scripted_worker *worker, struct reconcile_call *call,
                               const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: retry, reason: NoCapacity, message: none left}";
}

/* Writes the annotation itself, as nobody should, and fails. */
static const char *run_asks_itself(struct scripted_worker *worker, struct reconcile_call *call,
                                   const struct value *root)
{
    (void)call;
    (void)root;
    snprintf(
        worker->text, sizeof worker->text,
        "{outcome: fail, reason: No, message: no, writes: [{verb: apply, object: {\n"
        " apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
        " metadata: {name: lab-1, namespace: default, annotations: {tend.dev/retry: n%zu}}}}]}",
        worker->started);
    return worker->text;
}

static void ask_retry(struct ring *r, const char *text)
{
    char yaml[128];
    snprintf(yaml, sizeof yaml, "{metadata: {annotations: {tend.dev/retry: %s}}}", text);
    patch_lab(r, "lab-1", yaml);
}

static void a_stalled_object_comes_back(void)
{
    struct ring *r = ring_new_plain(run_third);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    patch_lab(r, "lab-1", "{metadata: {labels: {team: red}}}");
    settle(r);
    CHECK_INT(r->worker.started, 1); /* any other change of the metadata is not enough */
    ask_retry(r, "a");
    settle(r);
    CHECK_INT(times_said(r, "lab-1", "RetryAsked"), 1);
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, 2); /* once; it failed again */
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    ask_retry(r, "a");
    settle(r);
    CHECK_INT(r->worker.started, 2); /* the same text asks for nothing */
    ask_retry(r, "null");
    settle(r);
    CHECK_INT(r->worker.started, 2); /* nor does taking it off */
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    ask_retry(r, "b");
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, 3);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "");
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"well\"");
    CHECK_TEXT(lab(r, "lab-1", "metadata.generation"), "1"); /* its spec was left alone */
    ring_free(r);
}

static void a_quarantined_object_comes_back(void)
{
    struct ring *r = ring_new_plain(run_third);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    for (int i = 0; i < 2; i++) {
        virtual_world_advance(&r->b->v, 1000);
        CHECK_INT(scripted_worker_calls(&r->worker), 1);
        scripted_worker_die(&r->worker, true);
    }
    pass(r, 3600 * 1000);
    CHECK_TEXT(condition_of(r, "lab-1", "Quarantined"), "True");
    CHECK_INT(r->worker.started, 2);
    ask_retry(r, "a");
    virtual_world_run(&r->b->v);
    CHECK_INT(r->worker.started, 3);
    CHECK_TEXT(condition_of(r, "lab-1", "Quarantined"), "");
    scripted_worker_die(&r->worker, true); /* its first death, again: it has one more try */
    virtual_world_advance(&r->b->v, 1000);
    CHECK_INT(r->worker.started, 4);
    CHECK_TEXT(condition_of(r, "lab-1", "Quarantined"), "");
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"well\"");
    ring_free(r);
}

/* What kills its workers when it is cleaned up as well: it is not let go, and not forgotten. */
static void a_cleanup_comes_back(void)
{
    struct ring *r = ring_new_live(run_done);
    create_lab(r, "lab-1", "");
    settle(r);
    r->worker.hold = true;
    delete_lab(r, "lab-1");
    for (int i = 0; i < 2; i++) {
        virtual_world_advance(&r->b->v, 1000);
        CHECK_INT(scripted_worker_calls(&r->worker), 1);
        scripted_worker_die(&r->worker, true);
    }
    r->worker.hold = false;
    pass(
        r,
        1000); /* it has moved into its last state less than a second ago, and is looked at once more */
    pass(r, 3600 * 1000);
    CHECK_TEXT(condition_of(r, "lab-1", "Quarantined"), "True");
    ask_retry(r, "a");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    ring_free(r);
}

static void a_backoff_ends(void)
{
    struct ring *r = ring_new_plain(run_retries);
    create_lab(r, "lab-1", "");
    pass(r, 3600 * 1000);
    size_t before = r->worker.started;
    ask_retry(r, "a");
    settle(r);
    CHECK_INT(r->worker.started, before + 1); /* at once ... */
    pass(r, 1000);
    CHECK(r->worker.started >= before + 3); /* ... and its patience is that of the first failure */
    ring_free(r);
}

static void a_healthy_object_is_woken_once(void)
{
    struct ring *r = ring_new_plain(run_done);
    create_lab(r, "lab-1", "");
    settle(r);
    size_t before = r->worker.started;
    ask_retry(r, "a");
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, before + 1);
    ring_crash(r);
    ring_live(r);
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, 1); /* the sweep's look, and nothing else */
    ring_free(r);
}

static void a_restart_repeats_nothing(void)
{
    struct ring *r = ring_new_plain(run_third);
    create_lab(r, "lab-1", "");
    settle(r);
    ask_retry(r, "a");
    settle(r);
    CHECK_INT(r->worker.started, 2);
    ring_crash(r);
    ring_live(r);
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, 0); /* asked for, tried, failed: it is set aside */
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    ring_free(r);
}

/* What was asked for while nobody was there to try it is tried by whoever comes. */
static void a_restart_forgets_nothing(void)
{
    struct ring *r = ring_new_plain(run_third);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    controller_remove(r->controller);
    ask_retry(r, "a");
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "");
    ring_crash(r);
    ring_live(r);
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, 1);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    ring_free(r);
}

/* A run that began before is no answer, however it ends. */
static void a_run_under_way_is_repeated(void)
{
    struct ring *r = ring_new_plain(run_third);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    CHECK_INT(scripted_worker_calls(&r->worker), 1);
    ask_retry(r, "a");
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True"); /* by the second */
    ring_free(r);
}

static void submit_blindly(struct ring *r, enum admission_verb verb, const char *resource,
                           const char *name, const char *yaml)
{
    const struct admission_request one = request(r->b, verb, resource, name, yaml);
    const struct admission_set set = {.requests = &one, .count = 1};
    admission_submit(r->b->gate, &set, NULL);
}

/* Asked for behind a failure that is on its way to the disk, and durable together with it. */
static void a_failure_under_way_is_taken_back(void)
{
    struct ring *r = ring_new_plain(run_third);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    virtual_world_hold(&r->b->v, LANE_WRITE);
    submit_blindly(r, ADMIT_CREATE, "", "",
                   "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}");
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    submit_blindly(r, ADMIT_PATCH, LAB, "lab-1", "{metadata: {annotations: {tend.dev/retry: a}}}");
    virtual_world_release(&r->b->v, LANE_WRITE);
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_INT(info(r).discarded, 0);
    ring_free(r);
}

static void its_own_asking_does_not_count(void)
{
    struct ring *r = ring_new_live(run_asks_itself);
    create_lab(r, "lab-1", "");
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, 1);
    CHECK_TEXT(lab(r, "lab-1", "metadata.annotations['tend.dev/retry']"), "\"n1\"");
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    ring_free(r);
}

SUITE({"an object that failed for good is run again, once each time", a_stalled_object_comes_back},
      {"one that killed its workers too, with its deaths forgotten",
       a_quarantined_object_comes_back},
      {"so is one whose cleaning up did", a_cleanup_comes_back},
      {"a long backoff ends, and starts over", a_backoff_ends},
      {"what is well is woken once, and not by a restart", a_healthy_object_is_woken_once},
      {"a retry that was acted on is not repeated by a restart", a_restart_repeats_nothing},
      {"one that was not is done after it", a_restart_forgets_nothing},
      {"a run that began before is repeated", a_run_under_way_is_repeated},
      {"a failure on its way to the disk is taken back", a_failure_under_way_is_taken_back},
      {"a controller cannot ask for its own objects", its_own_asking_does_not_count})
