/* What controllers have done outside: while a run waits, and by name, once for an object. */
#include "base/limits.h"
#include "controller/fixture.h"
#include "support/noted_executor.h"

static struct noted_executor outside;

#define OK_RESULT  "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"made\"}"
#define BAD_RESULT "{\"code\":1,\"err\":\"no\",\"ok\":false,\"out\":\"\"}"

/* --- the bench ------------------------------------------------------------------------------------- */

static struct ring *outside_ring_of(scripted_run *run, size_t most)
{
    struct ring *r = alloc_new(sizeof *r);
    noted_init(&outside);
    r->b = bench_with_labs();
    r->run = run;
    r->most = most;
    r->options.executor = &outside.executor;
    ring_open(r);
    ring_live(r);
    return r;
}

static struct ring *outside_ring(scripted_run *run)
{
    return outside_ring_of(run, 0);
}

/* The only record that is there, or "(none)". */
static const char *record(struct ring *r, const char *path)
{
    struct store_entry entries[EFFECTS_KEPT_MAX + 1];
    size_t count =
        store_list(r->b->store, store_revision(r->b->store), TEXT(BUILTIN_EFFECTS "/default/"),
                   TEXT(""), entries, COUNT_OF(entries));
    CHECK(count < 2);
    return count == 0 ? "(none)" : stored(r->b, entries[0].key.ptr, path);
}

static size_t record_count(struct ring *r)
{
    return store_count(r->b->store, TEXT(BUILTIN_EFFECTS "/"));
}

static void end(struct ring *r, const char *result)
{
    noted_end(&outside, result);
    settle(r);
}

static void fill_disk(struct ring *r)
{
    memory_disk_limit(r->b->disk, 1);
}

static void worker_lose(struct ring *r)
{
    scripted_worker_die(&r->worker, false);
    controller_lost(r->controller, "the runner died");
    virtual_world_run(&r->b->v);
}

static void worker_find(struct ring *r)
{
    r->worker.worker.is_up = true;
    controller_live(r->controller);
    virtual_world_run(&r->b->v);
}

/* --- scripts --------------------------------------------------------------------------------------- */

static const char *told(struct scripted_worker *worker)
{
    snprintf(worker->text, sizeof worker->text, "{outcome: done, status: {message: '%.*s'}}",
             TEXT_ARG(buffer_view(&worker->answer)));
    return worker->text;
}

static const char *run_volatile(struct scripted_worker *worker, struct reconcile_call *call,
                                const struct value *root)
{
    (void)root;
    return worker->resumed == 0
               ? scripted_worker_wait(worker, call, "{http: {url: 'http://a/'}}", "{}")
               : told(worker);
}

/* Makes what spec.template says, by name; what studentEmail says ends it. */
static const char *run_named(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    char question[256];
    struct text template = value_text_or(path_get(root, TEXT("spec.template")), TEXT(""));
    struct text end = value_text_or(path_get(root, TEXT("spec.studentEmail")), TEXT(""));
    if (worker->resumed == 0) {
        snprintf(question, sizeof question, "{exec: {argv: [make, '%.*s'], name: make}}",
                 TEXT_ARG(template));
        return scripted_worker_wait(worker, call, question,
                                    "{status: {readyAt: going},\n"
                                    " events: [{type: Normal, reason: Making, message: begins}]}");
    }
    if (end.len > 0) {
        snprintf(worker->text, sizeof worker->text, "{outcome: %.*s, reason: R, afterMs: 1000}",
                 TEXT_ARG(end));
        return worker->text;
    }
    return told(worker);
}

/* --- while a run waits ------------------------------------------------------------------------------ */

static void a_run_waits_and_goes_on(void)
{
    struct ring *r = outside_ring(run_volatile);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(noted_question(&outside), "{\"http\":{\"url\":\"http://a/\"}}");
    CHECK_INT(r->worker.delivered, 0);
    end(r, "{\"ok\":true,\"status\":200}");
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"{\\\"ok\\\":true,\\\"status\\\":200}\"");
    CHECK_INT(record_count(r), 0);
    CHECK_INT(r->worker.started, 1);
    ring_free(r);
}

static void what_a_run_waits_for_ends_with_it(void)
{
    struct ring *r = outside_ring(run_volatile);
    create_lab(r, "lab-1", "");
    settle(r);
    patch_lab(r, "lab-1", "{spec: {studentEmail: b}}");
    settle(r);
    CHECK_INT(outside.cancelled, 1);
    CHECK_INT(outside.started, 2);
    CHECK_INT(r->worker.started, 2);
    ring_free(r);
    CHECK_INT(outside.cancelled, 2);
    CHECK(list_empty(&outside.going));
}

static void others_run_meanwhile(void)
{
    struct ring *r = outside_ring(run_volatile);
    char name[16];
    for (int i = 0; i < 100; i++) { /* of four places */
        snprintf(name, sizeof name, "lab-%d", i);
        create_lab(r, name, "");
    }
    settle(r);
    CHECK_INT(outside.started, 100);
    ring_free(r);
}

static void no_more_run_than_it_may(void)
{
    struct ring *r = outside_ring_of(run_volatile, 2);
    create_lab(r, "lab-1", "");
    create_lab(r, "lab-2", "");
    create_lab(r, "lab-3", "");
    virtual_world_run(&r->b->v); /* one of them waits for its place */
    CHECK_INT(outside.started, 2);
    end(r, "{\"ok\":true,\"status\":200}");
    CHECK_INT(outside.started, 3);
    ring_free(r);
}

static void nobody_is_outside(void)
{
    struct ring *r = ring_new_plain(run_volatile);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"this host does nothing outside\"");
    ring_free(r);
}

/* --- by name ---------------------------------------------------------------------------------------- */

static void look_around(void *owner)
{
    struct ring *r = owner;
    CHECK_TEXT(record(r, "status.phase"), "\"Running\"");
    CHECK_TEXT(lab(r, "lab-1", "status.readyAt"), "\"going\"");
}

static void it_is_written_before_it_begins(void)
{
    struct ring *r = outside_ring(run_named);
    outside.on_start = look_around;
    outside.owner = r;
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(info(r).last_error, "");
    CHECK_INT(outside.started, 1);
    ring_free(r);
}

static void what_cannot_be_written_is_not_begun(void)
{
    struct ring *r = outside_ring(run_named);
    worker_lose(r);
    create_lab(r, "lab-1", "");
    fill_disk(r);
    worker_find(r);
    CHECK_INT(outside.started, 0);
    CHECK_INT(record_count(r), 0);
    memory_disk_limit(r->b->disk, 0);
    pass(r, 60 * 1000);
    CHECK_INT(outside.started, 1);
    ring_free(r);
}

static void its_result_is_kept_before_it_is_told(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(noted_question(&outside), "{\"exec\":{\"argv\":[\"make\",\"python-basics\"]}}");
    CHECK_TEXT(lab(r, "lab-1", "status.readyAt"), "\"going\"");
    CHECK_INT(times_said(r, "lab-1", "Making"), 1);
    CHECK_TEXT(record(r, "status"), "{\"phase\":\"Running\"}");
    CHECK_TEXT(record(r, "spec.name"), "\"make\"");
    CHECK_TEXT(record(r, "spec.controller"), "\"labinstance\"");
    CHECK_TEXT(record(r, "spec.object.name"), "\"lab-1\"");
    CHECK_TEXT(record(r, "spec.exec"), "{\"argv\":[\"make\",\"python-basics\"]}");
    CHECK_TEXT(record(r, "metadata.ownerReferences[0].name"), "\"lab-1\"");
    end(r, OK_RESULT);
    CHECK_TEXT(record(r, "status.phase"), "\"Done\"");
    CHECK_TEXT(record(r, "status.result"), OK_RESULT);
    CHECK(strstr(lab(r, "lab-1", "status.message"), "made") != NULL);
    CHECK_INT(r->worker.started, 1); /* none of its own rows woke it */
    CHECK_INT(outside.started, 1);
    ring_free(r);
}

/* Crash, and a new host; what was under way outside is gone. */
static void crash(struct ring *r)
{
    ring_crash(r);
    CHECK(list_empty(&outside.going));
    ring_live(r);
    settle(r);
}

static void one_of_a_host_that_ended_is_begun_again(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    crash(r);
    CHECK_INT(outside.started, 2);
    CHECK_INT(record_count(r), 1);
    end(r, OK_RESULT);
    CHECK(strstr(lab(r, "lab-1", "status.message"), "made") != NULL);
    ring_free(r);
}

static void one_that_is_done_is_not_done_again(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    noted_end(&outside, OK_RESULT); /* it is kept, and the host dies before the run has ended */
    for (int i = 0; i < 100 && strcmp(record(r, "status.phase"), "\"Done\"") != 0; i++) {
        virtual_world_step(&r->b->v);
    }
    crash(r);
    CHECK_INT(outside.started, 1);
    CHECK(strstr(lab(r, "lab-1", "status.message"), "made") != NULL);
    pass(r, 60 * 1000);
    int64_t before = revision(r);
    crash(r);
    pass(r, 60 * 1000);
    CHECK_INT(outside.started, 1);
    CHECK_INT(times_said(r, "lab-1", "Making"), 1);
    CHECK_INT(revision(r), before);
    ring_free(r);
}

static void a_result_that_cannot_be_kept_is_not_told(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    fill_disk(r);
    noted_end(&outside, OK_RESULT);
    virtual_world_run(&r->b->v);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "(absent)");
    memory_disk_limit(r->b->disk, 0);
    pass(r, 60 * 1000);
    CHECK_INT(outside.started, 1);
    CHECK(strstr(lab(r, "lab-1", "status.message"), "made") != NULL);
    ring_free(r);
}

static void another_request_takes_its_place(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    patch_lab(r, "lab-1", "{spec: {template: other}}");
    settle(r);
    CHECK_INT(outside.cancelled, 1);
    CHECK_INT(outside.started, 2);
    CHECK_TEXT(noted_question(&outside), "{\"exec\":{\"argv\":[\"make\",\"other\"]}}");
    CHECK_TEXT(record(r, "spec.exec"), "{\"argv\":[\"make\",\"other\"]}");
    end(r, OK_RESULT);
    patch_lab(r, "lab-1", "{spec: {template: python-basics}}");
    settle(r);
    CHECK_INT(outside.started, 3); /* only the last is kept under a name */
    ring_free(r);
}

/* The first ends at any moment while the other takes its place: whichever it is, the other one's result counts. */
static void one_may_end_while_another_takes_its_place(void)
{
    for (int steps = 0; steps < 60; steps++) {
        struct ring *r = outside_ring(run_named);
        create_lab(r, "lab-1", "");
        settle(r);
        patch_lab(r, "lab-1", "{spec: {template: other}}");
        for (int i = 0; i < steps; i++) {
            virtual_world_step(&r->b->v);
        }
        noted_end(&outside, BAD_RESULT);
        settle(r);
        if (noted_first(&outside) != NULL) {
            end(r, OK_RESULT);
        }
        CHECK(list_empty(&outside.going));
        CHECK_TEXT(record(r, "spec.exec"), "{\"argv\":[\"make\",\"other\"]}");
        CHECK_TEXT(record(r, "status.phase"), "\"Done\"");
        ring_free(r);
    }
}

/* The disk was full when the first ended: it is about to be stored again. */
static void another_takes_the_place_of_one_that_is_being_stored(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    fill_disk(r);
    noted_end(&outside, BAD_RESULT);
    virtual_world_run(&r->b->v);
    memory_disk_limit(r->b->disk, 0);
    pass(r, 2000);
    patch_lab(r, "lab-1", "{spec: {template: other}}");
    settle(r);
    CHECK_TEXT(record(r, "spec.exec"), "{\"argv\":[\"make\",\"other\"]}");
    CHECK_INT(outside.started, 2);
    pass(r, 600 * 1000);
    CHECK_INT(outside.cancelled, 0);
    end(r, OK_RESULT);
    CHECK_TEXT(record(r, "status.phase"), "\"Done\"");
    ring_free(r);
}

static void the_same_request_goes_on(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    patch_lab(r, "lab-1", "{spec: {duration: 2h}}"); /* the run is taken back, and another asks */
    settle(r);
    CHECK_INT(r->worker.started, 2);
    CHECK_INT(outside.started, 1);
    CHECK_INT(outside.cancelled, 0);
    end(r, OK_RESULT);
    CHECK(strstr(lab(r, "lab-1", "status.message"), "made") != NULL);
    ring_free(r);
}

static void one_that_nobody_waits_for_wakes_its_object(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    worker_lose(r);
    noted_end(&outside, OK_RESULT);
    virtual_world_run(&r->b->v);
    CHECK_TEXT(record(r, "status.phase"), "\"Done\"");
    worker_find(r);
    settle(r);
    CHECK_INT(outside.started, 1);
    CHECK(strstr(lab(r, "lab-1", "status.message"), "made") != NULL);
    ring_free(r);
}

static void it_ends_with_its_object(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    delete_lab(r, "lab-1");
    settle(r);
    CHECK_INT(record_count(r), 0);
    CHECK_INT(outside.cancelled, 1);
    CHECK_INT(scripted_worker_calls(&r->worker), 0);
    ring_free(r);
}

static void it_ends_with_its_record(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "");
    settle(r);
    const char *name = record(r, "metadata.name");
    char bare[128];
    snprintf(bare, sizeof bare, "%.*s", (int)strlen(name) - 2, name + 1);
    CHECK_INT(ask(r->b, ADMIT_DELETE, BUILTIN_EFFECTS, bare, NULL)->code, TEND_OK);
    settle(r);
    CHECK_INT(outside.cancelled, 1);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"its record was deleted\"");
    ring_free(r);
}

static void what_went_wrong_is_tried_anew_on_retry(void)
{
    struct ring *r = outside_ring(run_named);
    create_lab(r, "lab-1", "studentEmail: retry");
    settle(r);
    end(r, BAD_RESULT);
    CHECK_INT(record_count(r), 0);
    pass(r, 60 * 1000);
    CHECK_INT(outside.started, 2);
    end(r, OK_RESULT);
    CHECK_INT(record_count(r), 1); /* what went well is not done again for what failed after it */
    size_t runs = r->worker.started;
    pass(r, 60 * 1000);
    CHECK(r->worker.started > runs);
    CHECK_INT(outside.started, 2);
    ring_free(r);
}

/* --- together --------------------------------------------------------------------------------------- */

static const char *run_many(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    char question[128];
    struct text many = value_text_or(path_get(root, TEXT("spec.studentEmail")), TEXT(""));
    if (worker->resumed > 0 && worker->answer_code != TEND_OK) {
        return told(worker);
    }
    if (worker->resumed < many.len) {
        snprintf(question, sizeof question, "{exec: {argv: [make], name: n%zu}}", worker->resumed);
        snprintf(worker->text, sizeof worker->text, "{status: {readyAt: at %zu}}", worker->resumed);
        return scripted_worker_wait(worker, call, question, worker->text);
    }
    return told(worker);
}

static void a_run_may_ask_again_and_again(void)
{
    struct ring *r = outside_ring(run_many);
    create_lab(r, "lab-1", "studentEmail: '........................................'");
    settle(r);
    for (size_t i = 1; i <= 40; i++) {
        CHECK_INT(outside.started, i);
        end(r, OK_RESULT);
    }
    CHECK_TEXT(lab(r, "lab-1", "status.readyAt"), "\"at 39\"");
    CHECK_INT(record_count(r), EFFECTS_KEPT_MAX); /* the oldest made room */
    CHECK_INT(r->worker.started, 1);
    ring_free(r);
}

static const char *run_apply(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)root;
    static const char child[] = "{verb: apply, object: {apiVersion: v1, kind: ConfigMap,\n"
                                " metadata: {name: child}, data: {a: '%zu'}}}";
    char write[256], so_far[300];
    snprintf(write, sizeof write, child, worker->resumed);
    if (worker->resumed == 0) {
        scripted_worker_ask(worker, call, "{fetch: {kind: v1/ConfigMap, name: child}}");
        snprintf(so_far, sizeof so_far, "{writes: [%s]}", write);
        return scripted_worker_wait(worker, call, "{exec: {argv: [make], name: make}}", so_far);
    }
    snprintf(worker->text, sizeof worker->text, "{outcome: done, writes: [%s]}", write);
    return worker->text;
}

static void it_may_write_again_what_it_wrote_before(void)
{
    struct ring *r = outside_ring(run_apply);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(stored(r->b, "configmaps/default/child", "data.a"), "\"0\"");
    end(r, OK_RESULT);
    CHECK_TEXT(stored(r->b, "configmaps/default/child", "data.a"), "\"1\"");
    CHECK_INT(r->worker.started, 1);
    CHECK_INT(outside.started, 1);
    ring_free(r);
}

static void somebody_else_in_between_runs_it_again(void)
{
    struct ring *r = outside_ring(run_apply);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_INT(ask(r->b, ADMIT_PATCH, "configmaps", "child", "{data: {a: mine}}")->code, TEND_OK);
    settle(r);
    end(r, OK_RESULT);
    CHECK(r->worker.started > 1);
    CHECK_TEXT(stored(r->b, "configmaps/default/child", "data.a"), "\"1\"");
    CHECK_INT(outside.started, 1);
    ring_free(r);
}

static const char *run_nonsense(struct scripted_worker *worker, struct reconcile_call *call,
                                const struct value *root)
{
    (void)root;
    return scripted_worker_wait(worker, call, "{exec: {argv: [make], name: make}}",
                                "{status: {colour: green}}");
}

static void what_may_not_be_written_begins_nothing(void)
{
    struct ring *r = outside_ring(run_nonsense);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_INT(outside.started, 0);
    CHECK_INT(record_count(r), 0);
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    CHECK(strstr(info(r).last_error, "colour") != NULL);
    ring_free(r);
}

/* Input of control characters: each byte is six in JSON. */
static const char *run_long(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    CLEANUP(buffer_done) struct buffer question = BUFFER_INIT(MIB);
    (void)root;
    if (worker->resumed > 0) {
        return told(worker);
    }
    buffer_chars(&question, "{exec: {argv: [make], name: make, stdin: \"");
    while (question.len < 480 * KIB) {
        buffer_chars(&question, "\\x01");
    }
    buffer_chars(&question, "\"}}");
    return scripted_worker_wait(worker, call, question.data, "{}");
}

static void what_its_result_may_not_fit_beside_is_not_begun(void)
{
    struct ring *r = outside_ring(run_long);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_INT(outside.started, 0);
    CHECK(strstr(lab(r, "lab-1", "status.message"), "longer than 704 KiB") != NULL);
    ring_free(r);
}

/* --- states ----------------------------------------------------------------------------------------- */

static const char *run_states(struct scripted_worker *worker, struct reconcile_call *call,
                              const struct value *root)
{
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    if (worker->resumed == 0) {
        return scripted_worker_wait(worker, call, "{exec: {argv: [make], name: make}}", "{}");
    }
    return text_is(state, "pending")        ? "{outcome: enter, state: provisioning, reason: Go}"
           : text_is(state, "provisioning") ? "{outcome: enter, state: failed, reason: Go}"
                                            : "{outcome: done}";
}

static void another_state_asks_anew(void)
{
    struct ring *r = alloc_new(sizeof *r);
    noted_init(&outside);
    r->b = bench_with_machine();
    r->run = run_states;
    r->options.executor = &outside.executor;
    ring_open(r);
    ring_live(r);
    create_lab(r, "lab-1", "");
    settle(r);
    end(r, OK_RESULT);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    CHECK_INT(outside.started, 2);
    CHECK_INT(record_count(r), 1);
    pass(r, 30 * 1000); /* its deadline moves it on: the host, not the run */
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    CHECK_INT(outside.started, 3);
    CHECK_INT(outside.cancelled, 1);
    CHECK_INT(record_count(r), 1);
    ring_free(r);
}

/* Only a lab that is provisioned asks, and nobody waits for the answer for ever. */
static const char *run_provisioning(struct scripted_worker *worker, struct reconcile_call *call,
                                    const struct value *root)
{
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    if (text_is(state, "pending")) {
        return "{outcome: enter, state: provisioning, reason: Go}";
    }
    return text_is(state, "provisioning") && worker->resumed == 0
               ? scripted_worker_wait(worker, call, "{exec: {argv: [make], name: make}}", "{}")
               : "{outcome: done}";
}

static void what_a_state_asked_for_ends_with_it(void)
{
    struct ring *r = alloc_new(sizeof *r);
    noted_init(&outside);
    r->b = bench_with_machine();
    r->run = run_provisioning;
    r->options.executor = &outside.executor;
    ring_open(r);
    ring_live(r);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_INT(outside.started, 1);
    pass(r, 30 * 1000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"failed\"");
    CHECK_INT(outside.started, 1);
    CHECK_INT(outside.cancelled, 1);
    CHECK_INT(record_count(r), 0);
    ring_free(r);
}

SUITE({"a run waits for what it asked for, and goes on", a_run_waits_and_goes_on},
      {"what a run waits for ends with it", what_a_run_waits_for_ends_with_it},
      {"others run while it waits", others_run_meanwhile},
      {"a host may do nothing outside", nobody_is_outside},
      {"an effect is written before it begins", it_is_written_before_it_begins},
      {"what cannot be written is not begun", what_cannot_be_written_is_not_begun},
      {"its result is kept before it is told", its_result_is_kept_before_it_is_told},
      {"a result that cannot be kept is not told", a_result_that_cannot_be_kept_is_not_told},
      {"one of a host that ended is begun again", one_of_a_host_that_ended_is_begun_again},
      {"no more run than the controller may", no_more_run_than_it_may},
      {"one that is done is not done again", one_that_is_done_is_not_done_again},
      {"another request takes its place", another_request_takes_its_place},
      {"one may end while another takes its place", one_may_end_while_another_takes_its_place},
      {"another takes the place of one that is being stored",
       another_takes_the_place_of_one_that_is_being_stored},
      {"the same request goes on", the_same_request_goes_on},
      {"one that nobody waits for wakes its object", one_that_nobody_waits_for_wakes_its_object},
      {"it ends with its object", it_ends_with_its_object},
      {"it ends with its record", it_ends_with_its_record},
      {"what went wrong is tried anew on retry", what_went_wrong_is_tried_anew_on_retry},
      {"a run may ask again and again", a_run_may_ask_again_and_again},
      {"it may write again what it wrote before", it_may_write_again_what_it_wrote_before},
      {"somebody else in between runs it again", somebody_else_in_between_runs_it_again},
      {"what may not be written begins nothing", what_may_not_be_written_begins_nothing},
      {"what its result may not fit beside is not begun",
       what_its_result_may_not_fit_beside_is_not_begun},
      {"another state asks anew", another_state_asks_anew},
      {"what a state asked for ends with it", what_a_state_asked_for_ends_with_it})
