/* Mistakes that controllers and their runtimes are known for, each built here to show that it cannot
 * happen. Those of the store, the gate and the schema are shown in their rooms. */
#include "base/limits.h"
#include "controller/fixture.h"

/* Nothing happens to the object after it entered the state; only time passes. */
static void a_state_is_left_without_an_event(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    settle(r);
    pass(r, 5000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"ready\"");
    ring_free(r);
}

/* "Again" lives in memory: a restart must not lose it. */
static void a_timer_survives_a_restart(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    pass(r, 2000);
    ring_crash(r);
    ring_live(r);
    pass(r, 2999);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 1);
    CHECK_TEXT(state_of(r, "lab-1"), "\"ready\"");
    ring_free(r);
}

static const char *run_slow(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)worker;
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    if (call->verb == VERB_FINALIZE) {
        return "{outcome: done}";
    }
    return text_is(state, "pending") ? "{outcome: enter, state: provisioning}" : "{outcome: done}";
}

/* A timeout is counted from entering the state: an old object is not late at once. */
static void an_old_object_is_not_late_at_once(void)
{
    struct ring *r = ring_new(run_slow);
    create_lab(r, "lab-1", "");
    pass(r, 59000);
    ring_live(r);
    pass(r, 29000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    pass(r, 1000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    ring_free(r);
}

static void deleting_ends(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "duration: 1m");
    pass(r, 5000);
    pass(r, 60000);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    ring_free(r);
}

/* Many objects change in one group; none is dropped because a later one was seen first. */
static void a_batch_loses_nobody(void)
{
    struct ring *r = ring_new_live(run_lab);
    virtual_world_hold(&r->b->v, LANE_WRITE);
    enum { MANY = 60 };
    struct admission_request requests[MANY];
    char yaml[MANY][192];
    for (int i = 0; i < MANY; i++) {
        snprintf(yaml[i], sizeof yaml[i],
                 "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                 " metadata: {name: lab-%02d}, spec: {template: t}}",
                 i);
        requests[i] = request(r->b, ADMIT_CREATE, "", "", yaml[i]);
    }
    submit(r->b, requests, MANY);
    virtual_world_release(&r->b->v, LANE_WRITE);
    pass(r, 5000);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "lab-%02d", i);
        CHECK_TEXT(state_of(r, name), "\"ready\"");
    }
    ring_free(r);
}

static const char *run_requeue(struct scripted_worker *worker, struct reconcile_call *call,
                               const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: again, afterMs: 30000}";
}

static void requeue_really_runs_again(void)
{
    struct ring *r = ring_new_plain(run_requeue);
    create_lab(r, "lab-1", "");
    pass(r, 5 * 30000);
    CHECK_INT(r->worker.started, 6);
    ring_free(r);
}

/* "I could not read" must not be taken for "there are none": whoever cleans up what is not listed would
 * clean up everything. */
static const char *run_collector(struct scripted_worker *worker, struct reconcile_call *call,
                                 const struct value *root)
{
    (void)root;
    scripted_worker_ask(worker, call, "{select: {kind: v1/ConfigMap, labels: ''}}");
    if (worker->answer_code == TEND_OK && text_is(buffer_view(&worker->answer), "[]")) {
        return "{outcome: done, status: {message: none at all}}";
    }
    return worker->answer_code == TEND_OK ? "{outcome: done, status: {message: some}}"
                                          : "{outcome: retry, reason: CannotRead, message: x}";
}

static void too_much_to_read_is_an_error_not_an_empty_list(void)
{
    struct ring *r = ring_new_plain(run_collector);
    CLEANUP(buffer_done) struct buffer yaml = BUFFER_INIT(4u * MIB);
    for (int i = 0; i < 12; i++) { /* together more than one answer takes */
        buffer_clear(&yaml);
        buffer_format(&yaml,
                      "{apiVersion: v1, kind: ConfigMap, metadata: {name: big-%d}, data: {a: ", i);
        for (int k = 0; k < 1000 * 1000; k++) {
            buffer_byte(&yaml, 'x');
        }
        buffer_chars(&yaml, "}}");
        CHECK_INT(ask(r->b, ADMIT_CREATE, "", "", buffer_view(&yaml).ptr)->code, TEND_OK);
    }
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_INT(r->worker.answer_code, TEND_LIMIT);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "(absent)");
    ring_free(r);
}

static void a_mark_alone_makes_finalizers_run(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    settle(r);
    delete_lab(r, "lab-1");
    settle(r);
    CHECK_INT(r->worker.finalized, 1);
    ring_free(r);
}

static void labels_and_finalizers_are_seen(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    settle(r);
    size_t before = r->worker.started;
    patch_lab(r, "lab-1", "{metadata: {annotations: {note: hello}}}");
    settle(r);
    CHECK_INT(r->worker.started, before + 1);
    ring_free(r);
}

static const char *run_crash(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)call;
    (void)root;
    return worker->started < 4 ? "{outcome: retry, reason: Oops, message: an exception}"
                               : "{outcome: done, status: {message: made it}}";
}

static void a_failed_event_is_not_lost(void)
{
    struct ring *r = ring_new_plain(run_crash);
    create_lab(r, "lab-1", "");
    pass(r, 2000);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"made it\"");
    CHECK_INT(times_said(r, "lab-1", "Oops"), 3);
    ring_free(r);
}

static const char *run_illegal(struct scripted_worker *worker, struct reconcile_call *call,
                               const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: enter, state: ready, reason: Ready, status: {readyAt: '2026-01-01T00:00:00Z'},\n"
           " writes: [{verb: apply, object: {apiVersion: v1, kind: ConfigMap,\n"
           "  metadata: {name: container}}}]}";
}

/* An undeclared move fails before anything of the run is kept: no container without a lab. */
static void an_undeclared_move_leaves_nothing_behind(void)
{
    struct ring *r = ring_new_live(run_illegal);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"pending\"");
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    CHECK_INT(times_said(r, "lab-1", "MoveRefused"), 1);
    CHECK(strstr(info(r).last_error, "no move from pending to ready") != NULL);
    CHECK_TEXT(stored(r->b, "configmaps/default/container", "data"), "(none)");
    CHECK_INT(r->worker.started, 1);
    ring_free(r);
}

static void the_finalizer_belongs_to_the_kind(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    settle(r);
    ring_crash(r); /* another host takes over */
    delete_lab(r, "lab-1");
    ring_live(r);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    ring_free(r);
}

static const char *run_leak(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)root;
    if (call->verb == VERB_RECONCILE) {
        return "{outcome: done}";
    }
    return worker->finalized < 5 ? "{outcome: retry, reason: StillThere, message: it runs}"
                                 : "{outcome: done}";
}

static void a_failed_clean_up_does_not_let_go(void)
{
    struct ring *r = ring_new_live(run_leak);
    create_lab(r, "lab-1", "");
    delete_lab(r, "lab-1");
    settle(r);
    CHECK_TEXT(state_of(r, "lab-1"), "\"deleting\"");
    pass(r, 60000);
    CHECK_INT(r->worker.finalized, 5);
    CHECK_TEXT(lab(r, "lab-1", "metadata.name"), "(none)");
    ring_free(r);
}

static const char *run_retry(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: retry, reason: Down, message: the service is down}";
}

/* Retries are bounded in rate, whatever the plugin does; and one failing object costs others nothing. */
static void retries_are_bounded(void)
{
    struct ring *r = ring_new_plain(run_retry);
    create_lab(r, "lab-1", "");
    pass(r, 24 * 3600 * 1000);
    CHECK(r->worker.started < 24 * 12 * 2); /* at most one in some five minutes */
    CHECK(r->worker.started > 24 * 9);
    ring_free(r);
}

SUITE({"1: a state is left without an event", a_state_is_left_without_an_event},
      {"1: a timer survives a restart", a_timer_survives_a_restart},
      {"2: an old object is not late at once", an_old_object_is_not_late_at_once},
      {"2: deleting ends", deleting_ends}, {"2: a batch loses nobody", a_batch_loses_nobody},
      {"3: to ask for another run is to get it", requeue_really_runs_again},
      {"6: too much to read is an error, not an empty list",
       too_much_to_read_is_an_error_not_an_empty_list},
      {"7: a mark alone makes finalizers run", a_mark_alone_makes_finalizers_run},
      {"7: a change of metadata alone is seen", labels_and_finalizers_are_seen},
      {"10: an event whose run failed is not lost", a_failed_event_is_not_lost},
      {"11, 12: an undeclared move leaves nothing behind",
       an_undeclared_move_leaves_nothing_behind},
      {"16: the finalizer belongs to the kind, not to a host", the_finalizer_belongs_to_the_kind},
      {"17: a failed clean-up does not let go", a_failed_clean_up_does_not_let_go},
      {"18: retries are bounded", retries_are_bounded})
