/* What the status of Controller objects says. */
#include "base/limits.h"
#include "controller/fixture.h"

#define CONTROLLER(name) BUILTIN_CONTROLLERS "//" name

static const char *said(struct ring *r, const char *path)
{
    return stored(r->b, CONTROLLER("labinstance"), path);
}

static void says_what_is_live(void)
{
    struct ring *r = ring_new_live(run_done);
    settle(r);
    CHECK_TEXT(said(r, "status.phase"), "\"live\"");
    CHECK_TEXT(said(r, "status.kinds"), "[\"lab.neuroglia.com/v1/LabInstance\"]");
    CHECK_TEXT(said(r, "status.file"), "\"labinstance.so\"");
    CHECK_TEXT(said(r, "status.hash"), "\"abc\"");
    CHECK_TEXT(said(r, "status.version"), "\"1.0.0\"");
    CHECK_TEXT(said(r, "status.since"), "\"2026-01-01T00:00:00Z\"");
    CHECK_TEXT(said(r, "status.restarts"), "0");
    ring_free(r);
}

static void says_the_limits_that_hold(void)
{
    static const struct {
        int64_t declared_ms;
        const char *holds;
    } cases[] = {{0, "\"30s\""}, {20 * 1000, "\"20s\""}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ring *r = ring_new(run_done);
        r->limit_ms = cases[i].declared_ms;
        r->worker.worker.limits =
            (struct worker_limits){.confinement = "strict", .open_files = 64, .run_ms = 30 * 1000};
        ring_live(r);
        settle(r);
        CHECK_TEXT(said(r, "status.limits.runTime"), cases[i].holds);
        CHECK_TEXT(said(r, "status.limits.files"), "64");
        ring_free(r);
    }
}

static void says_what_is_lost_and_back(void)
{
    struct ring *r = ring_new_live(run_done);
    pass(r, 5000);
    controller_lost(r->controller, "the runner died");
    settle(r);
    CHECK_TEXT(said(r, "status.phase"), "\"lost\"");
    CHECK_TEXT(said(r, "status.reason"), "\"WorkerLost\"");
    CHECK_TEXT(said(r, "status.message"), "\"the runner died\"");
    controller_live(r->controller);
    pass(r, REPORT_PAUSE_MS);
    CHECK_TEXT(said(r, "status.phase"), "\"live\"");
    CHECK_TEXT(said(r, "status.message"), "\"\"");
    CHECK_TEXT(said(r, "status.since"), "\"2026-01-01T00:00:05Z\"");
    CHECK_TEXT(said(r, "status.restarts"), "1");
    ring_free(r);
}

static void a_worker_that_dies_all_the_time_is_no_flood(void)
{
    struct ring *r = ring_new_live(run_done);
    pass(r, 5000);
    int64_t before = revision(r);
    for (int i = 0; i < 500; i++) { /* ten seconds */
        controller_lost(r->controller, "the runner died");
        controller_live(r->controller);
        virtual_world_advance(&r->b->v, 20);
    }
    pass(r, REPORT_PAUSE_MS);
    CHECK(revision(r) - before <= 12);
    CHECK_TEXT(said(r, "status.phase"), "\"live\"");
    CHECK_TEXT(said(r, "status.restarts"), "500");
    ring_free(r);
}

static void a_report_waits_for_its_object(void)
{
    struct ring *r = ring_new(run_done);
    report_write(r->loop, &(struct report){.name = "other",
                                           .phase = "refused",
                                           .reason = "BadPlugin",
                                           .message = "built for another machine"});
    settle(r);
    CHECK_TEXT(stored(r->b, CONTROLLER("other"), "status.phase"), "(none)");
    struct admission_request one =
        request(r->b, ADMIT_CREATE, "", "",
                "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: other}, spec: {}}");
    CHECK_INT(ask_as(r->b, WRITER_HOST, "", &one)->code, TEND_OK);
    settle(r);
    CHECK_TEXT(stored(r->b, CONTROLLER("other"), "status.phase"), "\"refused\"");
    CHECK_TEXT(stored(r->b, CONTROLLER("other"), "status.reason"), "\"BadPlugin\"");
    ring_free(r);
}

static void what_waits_is_written_before_the_end(void)
{
    struct ring *r = ring_new_live(run_done);
    pass(r, 5000);
    controller_lost(r->controller, "the runner died");
    virtual_world_run(&r->b->v);
    controller_live(r->controller);
    virtual_world_run(&r->b->v);
    CHECK_TEXT(said(r, "status.phase"), "\"lost\""); /* it has its second */
    report_flush(r->loop);
    virtual_world_run(&r->b->v);
    CHECK_TEXT(said(r, "status.phase"), "\"live\"");
    int64_t before = revision(r);
    report_flush(r->loop);
    pass(r, 5000);
    CHECK_INT(revision(r), before);
    ring_free(r);
}

/* Nobody else would tell of a word that is no kind. */
static void says_which_kind_is_missing(void)
{
    struct ring *r = ring_new_live(run_done);
    static const char *const owns[] = {"gizmos", NULL};
    const struct controller_options options = {.name = "labinstance",
                                               .kind = "lab.neuroglia.com/v1/LabInstance",
                                               .owns = owns,
                                               .worker = &r->worker.worker,
                                               .file = "labinstance.so"};
    controller_replace(r->controller, &options);
    controller_live(r->controller);
    pass(r, REPORT_PAUSE_MS);
    CHECK_TEXT(said(r, "status.reason"), "\"KindMissing\"");
    CHECK(strstr(said(r, "status.message"), "it waits for a kind: ") != NULL);
    CHECK(strstr(said(r, "status.message"), "gizmos") != NULL);
    struct admission_request definition =
        request(r->b, ADMIT_CREATE, "", "",
                "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,"
                " metadata: {name: gizmos.example.com}, spec: {group: example.com,"
                " scope: Namespaced, names: {kind: Gizmo, plural: gizmos}, versions: [{name: v1,"
                " served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}");
    CHECK_INT(ask_as(r->b, WRITER_HOST, "", &definition)->code, TEND_OK);
    pass(r, REPORT_PAUSE_MS);
    CHECK_TEXT(said(r, "status.reason"), "\"\"");
    CHECK_TEXT(said(r, "status.message"), "\"\"");
    ring_free(r);
}

static void coming_back_as_it_was_is_no_news(void)
{
    struct ring *r = ring_new_live(run_done);
    pass(r, 5000);
    int64_t before = revision(r);
    ring_crash(r);
    ring_live(r);
    pass(r, 5000);
    CHECK_INT(revision(r), before);
    ring_free(r);
}

static const char *run_retry(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: retry, reason: NoCapacity, message: none left}";
}

static void counts_what_was_run_and_what_failed(void)
{
    struct ring *r = ring_new_live(run_retry);
    settle(r);
    CHECK_TEXT(said(r, "status.counts"), "{\"failures\":0,\"runs\":0}");
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(said(r, "status.counts.runs"), "0"); /* not after each run */
    pass(r, 2 * TALLY_FIRST_MS);                    /* but soon */
    long long first = atoll(said(r, "status.counts.failures"));
    CHECK(first > 0);
    pass(r, TALLY_PAUSE_MS / 2);
    CHECK_INT(atoll(said(r, "status.counts.failures")), first);
    CHECK((long long)info(r).failures > first);
    pass(r, TALLY_PAUSE_MS / 2);
    CHECK_INT(atoll(said(r, "status.counts.runs")), (long long)info(r).runs);
    CHECK_INT(atoll(said(r, "status.counts.failures")), (long long)info(r).failures);
    CHECK_TEXT(said(r, "status.lastError.message"), "\"none left\"");
    CHECK_TEXT(said(r, "status.lastError.object"), "\"" LAB " default/lab-1\"");
    CHECK(strncmp(said(r, "status.lastError.time"), "\"2026-01-01T00:00:0", 19) == 0);
    ring_free(r);
}

/* Of two that are out the second one waited for the first; and a worker that is asked for nothing holds up
 * nobody. */
static void what_holds_up_others_is_told(void)
{
    struct ring *r = ring_new_live(run_done);
    pass(r, 60 * 1000);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    create_lab(r, "lab-2", "");
    virtual_world_run(&r->b->v);
    virtual_world_advance(&r->b->v, 1700);
    CHECK(scripted_worker_deliver(&r->worker));
    virtual_world_advance(&r->b->v, SLOW_RUN_MS - 1);
    CHECK(scripted_worker_deliver(&r->worker));
    r->worker.hold = false;
    pass(r, TALLY_PAUSE_MS + TALLY_FIRST_MS);
    CHECK_TEXT(said(r, "status.longestRun.held"), "\"1700ms\"");
    CHECK_TEXT(said(r, "status.longestRun.object"), "\"" LAB " default/lab-1\"");
    CHECK_INT(times_said(r, "labinstance", "SlowReconcile"), 1);
    const struct value *event = event_about(r, "labinstance", "SlowReconcile");
    if (CHECK(event != NULL)) {
        CHECK(strstr(value_get_text(event, TEXT("message")).ptr, "held its process for 1.7 s") !=
              NULL);
    }
    ring_free(r);
}

static const char *run_held(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    call->held = true; /* by a thread of the plugin */
    return run_done(worker, call, root);
}

static void what_a_thread_holds_holds_up_nobody(void)
{
    struct ring *r = ring_new_live(run_held);
    pass(r, 60 * 1000);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    virtual_world_run(&r->b->v);
    virtual_world_advance(&r->b->v, 17 * SLOW_RUN_MS);
    CHECK(scripted_worker_deliver(&r->worker));
    r->worker.hold = false;
    pass(r, TALLY_PAUSE_MS + TALLY_FIRST_MS);
    CHECK_TEXT(said(r, "status.counts.runs"), "1");
    CHECK_TEXT(said(r, "status.longestRun"), "(absent)");
    CHECK_INT(times_said(r, "labinstance", "SlowReconcile"), 0);
    ring_free(r);
}

/* As when another file takes over. */
static void counts_go_on_in_the_next_controller(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    pass(r, 60 * 1000);
    long long runs = (long long)info(r).runs;
    CHECK(runs > 0);
    controller_remove(r->controller);
    ring_live(r);
    create_lab(r, "lab-2", "");
    pass(r, 60 * 1000);
    report_flush(r->loop);
    virtual_world_run(&r->b->v);
    CHECK(info(r).runs > 0);
    CHECK_INT(atoll(said(r, "status.counts.runs")), runs + (long long)info(r).runs);
    ring_free(r);
}

static void counts_go_on_in_the_next_host(void)
{
    struct ring *r = ring_new_live(run_lab);
    create_lab(r, "lab-1", "");
    pass(r, 60 * 1000);
    long long runs = atoll(said(r, "status.counts.runs"));
    CHECK_INT(runs, (long long)info(r).runs);
    int64_t before = revision(r);
    ring_crash(r);
    ring_live(r);
    pass(r, 60 * 1000); /* every object is looked at, and all is well */
    CHECK(info(r).runs > 0);
    CHECK_INT(revision(r), before);
    create_lab(r, "lab-2", "");
    settle(r);
    report_flush(r->loop);
    virtual_world_run(&r->b->v);
    CHECK_INT(atoll(said(r, "status.counts.runs")), runs + (long long)info(r).runs);
    ring_free(r);
}

SUITE({"counts what was run and what failed", counts_what_was_run_and_what_failed},
      {"what holds up others is told", what_holds_up_others_is_told},
      {"what a thread holds holds up nobody", what_a_thread_holds_holds_up_nobody},
      {"counts go on in the next controller of that name", counts_go_on_in_the_next_controller},
      {"counts go on in the next host", counts_go_on_in_the_next_host},
      {"says what is live, from where and since when", says_what_is_live},
      {"says the limits that hold", says_the_limits_that_hold},
      {"says what is lost, and that it is back", says_what_is_lost_and_back},
      {"a worker that dies all the time is no flood of writes",
       a_worker_that_dies_all_the_time_is_no_flood},
      {"a report waits for its object", a_report_waits_for_its_object},
      {"what waits is written before the end", what_waits_is_written_before_the_end},
      {"says which kind is missing", says_which_kind_is_missing},
      {"a host that comes back as it was writes nothing", coming_back_as_it_was_is_no_news})
