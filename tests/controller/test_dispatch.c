/* What runs, when, and what becomes of what it says. The script does what spec.template asks for. */
#include "base/limits.h"
#include "controller/fixture.h"

static const char *word(const struct value *root, const char *path)
{
    const struct value *value = path_get(root, text_of(path));
    return value_is(value, VALUE_TEXT) ? value->text.ptr : "";
}

static bool asks_for(const struct value *root, const char *what)
{
    return text_is(value_text_or(path_get(root, TEXT("spec.template")), TEXT("")), what);
}

static const char *say(struct scripted_worker *worker, const struct value *root,
                       const char *outcome)
{
    struct text email = value_text_or(path_get(root, TEXT("spec.studentEmail")), TEXT("nobody"));
    snprintf(worker->text, sizeof worker->text, "{%s, status: {message: '%.*s'}}", outcome,
             TEXT_ARG(email));
    return worker->text;
}

static const char *run_words(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)call;
    if (asks_for(root, "again")) {
        return "{outcome: again, afterMs: 7000}";
    }
    if (asks_for(root, "retry")) {
        return "{outcome: retry, reason: NoCapacity, message: none left}";
    }
    if (asks_for(root, "retry-quietly")) {
        return "{outcome: retry, afterMs: 5000}";
    }
    if (asks_for(root, "retry-later")) {
        return "{outcome: retry, reason: NoCapacity, message: none left, afterMs: 20000}";
    }
    if (asks_for(root, "fail")) {
        return say(worker, root, "outcome: fail, reason: BadTemplate, message: no such template");
    }
    if (asks_for(root, "circles")) {
        return "{outcome: again, afterMs: 1}";
    }
    if (asks_for(root, "nonsense")) {
        return "{outcome: done, status: {colour: green}}";
    }
    return say(worker, root, "outcome: done");
}

static void its_own_write_does_not_wake(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "studentEmail: a");
    settle(r);
    CHECK_INT(r->worker.started, 1);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"a\"");
    CHECK_TEXT(lab(r, "lab-1", "status.observedGeneration"), "1");
    patch_lab(r, "lab-1", "{spec: {studentEmail: b}}");
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"b\"");
    CHECK_TEXT(lab(r, "lab-1", "status.observedGeneration"), "2");
    ring_free(r);
}

static void a_foreign_write_wakes(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    settle(r);
    patch_lab(r, "lab-1", "{metadata: {labels: {team: red}}}");
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_INT(ask(r->b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {message: mine}}")->code,
              TEND_OK);
    settle(r);
    CHECK_INT(r->worker.started, 3);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"nobody\""); /* put right again */
    ring_free(r);
}

static void a_change_during_a_run_runs_again(void)
{
    struct ring *r = ring_new_plain(run_words);
    r->worker.hold = true;
    create_lab(r, "lab-1", "studentEmail: a");
    CHECK_INT(scripted_worker_calls(&r->worker), 1);
    patch_lab(r, "lab-1", "{metadata: {labels: {team: red}}}");
    CHECK_INT(r->worker.started, 1); /* never two at a time */
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_INT(info(r).discarded, 0); /* only metadata moved: rebased, not thrown away */
    CHECK_TEXT(lab(r, "lab-1", "metadata.labels.team"), "\"red\"");
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"a\"");
    ring_free(r);
}

/* A foreign write that is durable after the run's set was submitted and before it is. */
static void a_change_between_submit_and_commit_runs_again(void)
{
    struct ring *r = ring_new_plain(run_words);
    virtual_world_hold(&r->b->v, LANE_WRITE);
    struct admission_request one =
        request(r->b, ADMIT_CREATE, "", "",
                "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: lab-1},\n"
                " spec: {template: t, studentEmail: a}}");
    submit(r->b, &one, 1);
    virtual_world_run(&r->b->v);
    CHECK(virtual_world_work(&r->b->v, LANE_WRITE)); /* created; it runs, and its set waits */
    virtual_world_run(&r->b->v);
    CHECK_INT(r->worker.delivered, 1);
    one = request(r->b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {labels: {team: red}}}");
    submit(r->b, &one, 1);
    virtual_world_release(&r->b->v, LANE_WRITE);
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"a\"");
    ring_free(r);
}

static void a_spec_that_moved_discards_the_run(void)
{
    struct ring *r = ring_new_plain(run_words);
    r->worker.hold = true;
    create_lab(r, "lab-1", "studentEmail: a");
    patch_lab(r, "lab-1", "{spec: {studentEmail: b}}");
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_INT(info(r).discarded, 1);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"b\"");
    CHECK_TEXT(lab(r, "lab-1", "status.observedGeneration"), "2");
    ring_free(r);
}

static void the_fourth_run_counts_anyway(void)
{
    struct ring *r = ring_new_plain(run_words);
    r->worker.hold = true;
    create_lab(r, "lab-1", "studentEmail: e1");
    for (int i = 2; i <= 5; i++) { /* the spec moves during each of four runs */
        char yaml[64];
        snprintf(yaml, sizeof yaml, "{spec: {studentEmail: e%d}}", i);
        patch_lab(r, "lab-1", yaml);
        CHECK(scripted_worker_deliver(&r->worker));
        virtual_world_run(&r->b->v);
    }
    CHECK_INT(info(r).discarded, 3);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"e4\"");
    CHECK_TEXT(lab(r, "lab-1", "status.observedGeneration"), "4"); /* what it acted on */
    CHECK_TEXT(lab(r, "lab-1", "metadata.generation"), "5");
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"e5\"");
    CHECK_TEXT(lab(r, "lab-1", "status.observedGeneration"), "5");
    ring_free(r);
}

static void again_comes_again(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    patch_lab(r, "lab-1", "{spec: {template: again}}");
    settle(r);
    size_t before = r->worker.started;
    pass(r, 6999);
    CHECK_INT(r->worker.started, before);
    pass(r, 1);
    CHECK_INT(r->worker.started, before + 1);
    patch_lab(r, "lab-1", "{metadata: {labels: {team: red}}}"); /* an event keeps the moment */
    settle(r);
    CHECK_INT(r->worker.started, before + 2);
    pass(r, 7000);
    CHECK_INT(r->worker.started, before + 3);
    ring_free(r);
}

static void retries_slow_down(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    settle(r);
    size_t before = r->worker.started;
    patch_lab(r, "lab-1", "{spec: {template: retry}}");
    pass(r, 60000);
    size_t runs = r->worker.started - before;
    CHECK(runs >= 8 && runs <= 11); /* 100 ms doubled: about 9.2 in a minute */
    CHECK_INT(times_said(r, "lab-1", "NoCapacity"), (long long)runs);
    CHECK_TEXT(info(r).last_error, "none left");
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "");
    patch_lab(r, "lab-1", "{spec: {template: good}}"); /* at once, not after the backoff */
    settle(r);
    CHECK_INT(r->worker.started, before + runs + 1);
    CHECK_INT(info(r).later, 0);
    pass(r, 3600 * 1000);
    CHECK_INT(r->worker.started, before + runs + 1);
    ring_free(r);
}

static void a_failure_is_a_condition_while_it_lasts(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    patch_lab(r, "lab-1", "{spec: {template: retry}}");
    settle(r);
    CHECK_TEXT(condition_of(r, "lab-1", "Failing"), "True");
    pass(r, 60000);
    CHECK_TEXT(lab(r, "lab-1", "status.conditions[0].reason"), "\"NoCapacity\"");
    CHECK_TEXT(lab(r, "lab-1", "status.conditions[0].message"), "\"none left\"");
    CHECK_TEXT(lab(r, "lab-1", "status.conditions[0].lastTransitionTime"),
               "\"2026-01-01T00:00:00Z\""); /* of the first that failed */
    patch_lab(r, "lab-1", "{spec: {template: fail}}");
    settle(r);
    CHECK_TEXT(condition_of(r, "lab-1", "Failing"), "");
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    patch_lab(r, "lab-1", "{spec: {template: retry}}");
    settle(r);
    CHECK_TEXT(condition_of(r, "lab-1", "Failing"), "True");
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "");
    patch_lab(r, "lab-1", "{spec: {template: good}}");
    settle(r);
    CHECK_TEXT(condition_of(r, "lab-1", "Failing"), "");
    ring_free(r);
}

static void a_retry_without_words_says_nothing(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    settle(r);
    patch_lab(r, "lab-1", "{spec: {template: retry-quietly}}");
    settle(r);
    size_t before = r->worker.started;
    int64_t written = revision(r);
    pass(r, 5000);
    CHECK_INT(r->worker.started, before + 1);
    CHECK_INT(revision(r), written);
    CHECK_TEXT(condition_of(r, "lab-1", "Failing"), "");
    CHECK_INT(times_said(r, "lab-1", "ReconcileFailed"), 0);
    CHECK_INT(info(r).failures, 0);
    ring_free(r);
}

static void another_spec_starts_over(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    patch_lab(r, "lab-1", "{spec: {template: retry}}");
    pass(r, 60000); /* the next retry is half a minute away */
    patch_lab(r, "lab-1", "{spec: {studentEmail: new}}");
    settle(r);
    size_t before = r->worker.started;
    pass(r, 1000);
    CHECK(r->worker.started - before >= 2); /* 100, 200, 400 ms */
    ring_free(r);
}

static void a_retry_may_ask_for_patience(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    patch_lab(r, "lab-1", "{spec: {template: retry-later}}");
    settle(r);
    size_t before = r->worker.started;
    pass(r, 19999);
    CHECK_INT(r->worker.started, before);
    pass(r, 1);
    CHECK_INT(r->worker.started, before + 1);
    ring_free(r);
}

static void failure_waits_for_another_spec(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    settle(r);
    patch_lab(r, "lab-1", "{spec: {template: fail}}");
    settle(r);
    size_t before = r->worker.started;
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    CHECK_INT(times_said(r, "lab-1", "BadTemplate"), 1);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"nobody\""); /* what it wrote counts */
    patch_lab(r, "lab-1", "{metadata: {labels: {team: red}}}");
    pass(r, 3600 * 1000 - 1);
    CHECK_INT(r->worker.started, before);
    ring_crash(r); /* the condition is durable, so the sweep leaves it alone */
    ring_live(r);
    CHECK_INT(r->worker.started, 0);
    patch_lab(r, "lab-1", "{spec: {template: good}}");
    settle(r);
    CHECK_INT(r->worker.started, 1);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "");
    ring_free(r);
}

static const char *run_fail(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: fail, reason: Never, message: not like this}";
}

/* A ConfigMap has no status that could say it. */
static void a_kind_without_conditions_may_fail_as_well(void)
{
    struct ring *r = ring_new(run_fail);
    struct controller_options options = {
        .name = "maps", .kind = "v1/ConfigMap", .worker = &r->worker.worker};
    struct error err = ERROR_INIT;
    CHECK_INT(controller_add(r->loop, &options, &r->controller, &err), TEND_OK);
    controller_live(r->controller);
    CHECK_INT(ask(r->b, ADMIT_CREATE, "", "",
                  "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {b: c}}")
                  ->code,
              TEND_OK);
    settle(r);
    CHECK_INT(times_said(r, "a", "Never"), 1);
    ask(r->b, ADMIT_PATCH, "configmaps", "a", "{metadata: {labels: {team: red}}}");
    pass(r, 1800 * 1000);
    CHECK_INT(r->worker.started, 1);
    ask(r->b, ADMIT_PATCH, "configmaps", "a", "{data: {b: d}}");
    settle(r);
    CHECK_INT(r->worker.started, 2);
    ring_free(r);
}

static void what_cannot_be_written_fails_the_run(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    patch_lab(r, "lab-1", "{spec: {template: nonsense}}");
    settle(r);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    CHECK_INT(times_said(r, "lab-1", "WriteRefused"), 1);
    CHECK(strstr(info(r).last_error, "colour") != NULL);
    CHECK_TEXT(lab(r, "lab-1", "status.colour"), "(absent)");
    ring_free(r);
}

static void going_in_circles_is_slowed_down(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    settle(r);
    size_t before = r->worker.started;
    patch_lab(r, "lab-1", "{spec: {template: circles}}");
    pass(r, 10000);
    CHECK(r->worker.started - before <= HOT_RUNS_MAX + 2);
    CHECK_TEXT(condition_of(r, "lab-1", "HotLoop"), "True");
    CHECK_INT(times_said(r, "lab-1", "HotLoop"), 1);
    size_t later = r->worker.started;
    pass(r, 3600 * 1000);
    CHECK(r->worker.started - later <= 60); /* slower and slower; at least every five minutes */
    CHECK(r->worker.started - later >= 5);
    patch_lab(r, "lab-1", "{spec: {template: good}}");
    pass(r, 3600 * 1000);
    CHECK_TEXT(condition_of(r, "lab-1", "HotLoop"), "");
    ring_free(r);
}

static void a_controller_has_its_places(void)
{
    struct ring *r = ring_new(run_words);
    r->parallel = 2;
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    create_lab(r, "lab-2", "");
    create_lab(r, "lab-3", "");
    ring_live(r);
    CHECK_INT(scripted_worker_calls(&r->worker), 2);
    CHECK_INT(info(r).waiting, 1);
    CHECK_INT(info(r).running, 2);
    r->worker.hold = false;
    while (scripted_worker_deliver(&r->worker)) {
    }
    settle(r);
    CHECK_INT(r->worker.started, 3);
    ring_free(r);
}

static void converged_objects_are_left_alone(void)
{
    struct ring *r = ring_new_plain(run_words);
    char name[16];
    for (int i = 0; i < 150; i++) {
        snprintf(name, sizeof name, "lab-%d", i);
        create_lab(r, name, "studentEmail: a");
    }
    settle(r);
    int64_t settled = revision(r);
    ring_crash(r);
    ring_live(r);
    settle(r);
    CHECK_INT(r->worker.started, 150); /* the sweep looked at everything ... */
    CHECK_INT(revision(r), settled);   /* ... and wrote nothing */
    ring_free(r);
}

static void a_change_passes_the_sweep(void)
{
    struct ring *r = ring_new(run_words);
    r->parallel = 1;
    char name[16];
    for (int i = 0; i < 600; i++) {
        snprintf(name, sizeof name, "lab-%03d", i);
        create_lab(r, name, "");
    }
    ring_crash(r);
    ring_add(r);
    controller_live(r->controller);
    while (r->worker.delivered < 20) {
        CHECK(virtual_world_step(&r->b->v));
    }
    CHECK(info(r).waiting <= SWEEP_AHEAD + 1); /* a sweep is not a flood */
    struct admission_request one =
        request(r->b, ADMIT_PATCH, LAB, "lab-599", "{spec: {studentEmail: now}}");
    submit(r->b, &one, 1);
    size_t before = r->worker.delivered;
    while (strcmp(lab(r, "lab-599", "status.message"), "\"now\"") != 0) {
        CHECK(virtual_world_step(&r->b->v));
    }
    CHECK(r->worker.delivered - before <= 6);
    settle(r);
    CHECK_INT(r->worker.started, 601);
    ring_free(r);
}

static void polls_where_it_is_told_to(void)
{
    struct ring *r = ring_new(run_words);
    ring_close(r);
    r->options = (struct loop_options){.watch_interval_ms = 2000, .resync_ms = 10000};
    ring_open(r);
    ring_live(r);
    pass(r, 500);
    create_lab(r, "lab-1", "studentEmail: a");
    virtual_world_run(&r->b->v);
    CHECK_INT(r->worker.started, 0);
    virtual_world_advance(&r->b->v, 1499);
    CHECK_INT(r->worker.started, 0);
    virtual_world_advance(&r->b->v, 1);
    CHECK_INT(r->worker.started, 1);
    virtual_world_advance(&r->b->v, 30000);
    CHECK_INT(r->worker.started, 4); /* a resync every 10 s */
    ring_free(r);
}

static void the_worker_may_go_and_come(void)
{
    struct ring *r = ring_new_plain(run_words);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    create_lab(r, "lab-2", "");
    r->worker.hold = false;
    scripted_worker_die(&r->worker, false);
    controller_lost(r->controller, "it died");
    pass(r, 60000);
    CHECK_INT(r->worker.started, 2);
    CHECK_INT(info(r).phase, CONTROLLER_LOST);
    r->worker.worker.is_up = true;
    controller_live(r->controller);
    settle(r);
    CHECK_INT(r->worker.started, 4);
    CHECK_INT(info(r).restarts, 1);
    CHECK_INT(info(r).lost, 2);
    ring_free(r);
}

static void a_death_is_charged_to_its_object(void)
{
    struct ring *r = ring_new_plain(run_words);
    r->worker.hold = true;
    create_lab(r, "bad", "");
    create_lab(r, "good", "");
    scripted_worker_die(&r->worker, true); /* "bad" was executing */
    virtual_world_run(&r->b->v);
    CHECK_INT(scripted_worker_calls(&r->worker), 1); /* "good", again at once */
    CHECK(scripted_worker_deliver(&r->worker));
    virtual_world_advance(&r->b->v, 200);
    CHECK_INT(scripted_worker_calls(&r->worker), 1); /* "bad", after a backoff */
    CHECK_TEXT(condition_of(r, "bad", "Quarantined"), "");
    CHECK_INT(times_said(r, "bad", "RunnerDied"), 1);
    CHECK_INT(times_said(r, "good", "RunnerDied"), 0);
    scripted_worker_die(&r->worker, true);
    r->worker.hold = false;
    pass(r, 3600 * 1000 - 1000);
    CHECK_TEXT(condition_of(r, "bad", "Quarantined"), "True");
    CHECK_INT(times_said(r, "bad", "Quarantined"), 1);
    CHECK_INT(r->worker.started, 4);
    CHECK_TEXT(lab(r, "good", "status.message"), "\"nobody\"");
    patch_lab(r, "bad", "{spec: {studentEmail: new}}"); /* another spec is another chance */
    settle(r);
    CHECK_TEXT(lab(r, "bad", "status.message"), "\"new\"");
    CHECK_TEXT(condition_of(r, "bad", "Quarantined"), "");
    ring_free(r);
}

static void removing_cancels(void)
{
    struct ring *r = ring_new_plain(run_words);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    controller_remove(r->controller);
    CHECK_INT(r->worker.cancelled, 1);
    CHECK_INT(controller_count(r->loop), 0);
    r->worker.hold = false;
    ring_live(r); /* and another one takes over */
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"nobody\"");
    virtual_world_hold(&r->b->v, LANE_WRITE);
    struct admission_request one =
        request(r->b, ADMIT_PATCH, LAB, "lab-1", "{spec: {studentEmail: b}}");
    submit(r->b, &one, 1);
    virtual_world_run(&r->b->v);
    CHECK(virtual_world_work(&r->b->v, LANE_WRITE));
    virtual_world_run(&r->b->v); /* its set is under way */
    controller_remove(r->controller);
    virtual_world_release(&r->b->v, LANE_WRITE);
    virtual_world_run(&r->b->v);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"b\"");
    ring_free(r);
}

static void an_object_that_went_is_forgotten(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    patch_lab(r, "lab-1", "{spec: {template: again}}");
    settle(r);
    delete_lab(r, "lab-1");
    settle(r);
    CHECK_INT(info(r).later, 0);
    r->worker.hold = true;
    create_lab(r, "lab-2", "");
    delete_lab(r, "lab-2"); /* while it runs */
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_TEXT(lab(r, "lab-2", "status.message"), "(none)");
    CHECK_INT(info(r).running, 0);
    ring_free(r);
}

static void names_and_kinds_are_checked(void)
{
    struct ring *r = ring_new_plain(run_words);
    struct controller *second;
    struct error err = ERROR_INIT;
    struct controller_options options = {.name = "labinstance", .kind = "v1/ConfigMap"};
    CHECK_INT(controller_add(r->loop, &options, &second, &err), TEND_EXISTS);
    options = (struct controller_options){.name = "other", .kind = "ConfigMap"};
    CHECK_INT(controller_add(r->loop, &options, &second, &err), TEND_INVALID);
    CHECK_TEXT(err.message, "\"ConfigMap\" is no kind; expected GROUP/VERSION/KIND");
    ring_free(r);
}

static void a_kind_may_come_later(void)
{
    struct ring *r = alloc_new(sizeof *r);
    r->b = bench_new();
    r->run = run_words;
    ring_open(r);
    ring_live(r);
    CHECK_TEXT(info(r).resource, "");
    CHECK_INT(ask(r->b, ADMIT_CREATE, "", "", LAB_CRD)->code, TEND_OK);
    create_lab(r, "lab-1", "studentEmail: a");
    settle(r);
    CHECK_TEXT(info(r).resource, LAB);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"a\"");
    CHECK_INT(r->worker.started, 1);
    ring_free(r);
}

static void nothing_due_sets_no_alarm(void)
{
    struct ring *r = ring_new_plain(run_words);
    create_lab(r, "lab-1", "");
    settle(r);
    pass(r, (int64_t)3 * 24 * 3600 * 1000); /* reports and old history are over */
    size_t fired = r->b->v.alarms_fired;
    pass(r, (int64_t)30 * 24 * 3600 * 1000);
    CHECK_INT(r->b->v.alarms_fired, fired);
    CHECK_TEXT(word(stored_root(r->b, LAB "/default/lab-1"), "status.message"), "nobody");
    ring_free(r);
}

SUITE({"its own write does not wake the writer", its_own_write_does_not_wake},
      {"somebody else's write does, also one to the status", a_foreign_write_wakes},
      {"a change while it runs makes it run again, and metadata is rebased",
       a_change_during_a_run_runs_again},
      {"so does one between submit and commit", a_change_between_submit_and_commit_runs_again},
      {"a spec that moved discards the run", a_spec_that_moved_discards_the_run},
      {"after three discards a run counts, with the generation it acted on",
       the_fourth_run_counts_anyway},
      {"again comes again, whatever happens meanwhile", again_comes_again},
      {"retries slow down, and a new spec ends that", retries_slow_down},
      {"a failure is a condition while it lasts", a_failure_is_a_condition_while_it_lasts},
      {"a retry without words says nothing", a_retry_without_words_says_nothing},
      {"another spec starts the backoff over", another_spec_starts_over},
      {"a retry may ask for more patience", a_retry_may_ask_for_patience},
      {"a failure waits for another spec, also over a restart", failure_waits_for_another_spec},
      {"so does one of a kind that has no conditions", a_kind_without_conditions_may_fail_as_well},
      {"what the gate refuses fails the run", what_cannot_be_written_fails_the_run},
      {"what goes in circles is slowed down and says so", going_in_circles_is_slowed_down},
      {"a controller runs as many as it has places", a_controller_has_its_places},
      {"a restart looks at everything and writes nothing", converged_objects_are_left_alone},
      {"a change passes the sweep", a_change_passes_the_sweep},
      {"looks at intervals and sweeps where it is told to", polls_where_it_is_told_to},
      {"what a worker loses waits for the next", the_worker_may_go_and_come},
      {"a death is charged to its object; two set it aside", a_death_is_charged_to_its_object},
      {"removing a controller cancels its runs", removing_cancels},
      {"an object that went is forgotten", an_object_that_went_is_forgotten},
      {"refuses a second of the same name, and what is no kind", names_and_kinds_are_checked},
      {"waits for its kind to come", a_kind_may_come_later},
      {"with nothing due sets no alarm", nothing_due_sets_no_alarm})
