/* Another version takes over while objects change and runs are out. */
#include "base/limits.h"
#include "controller/fixture.h"
#include "resource/meta.h"

/* A ring with a second worker, whose version will take over. */
struct pair {
    struct ring *r;
    struct scripted_worker second;
    size_t overlaps; /* of one object, in both workers */
};

static struct pair *pair_new(struct ring *r, scripted_run *second)
{
    struct pair *p = alloc_new(sizeof *p);
    p->r = r;
    scripted_worker_init(&p->second, &r->b->v.world, second);
    return p;
}

static void pair_free(struct pair *p)
{
    CHECK_INT(p->overlaps, 0);
    CHECK_INT(p->second.overlaps, 0);
    ring_free(p->r);
    scripted_worker_done(&p->second);
    free(p);
}

static void replace_by(struct pair *p, struct scripted_worker *worker, const char *hash)
{
    struct controller_options options = {.name = "labinstance",
                                         .kind = "lab.neuroglia.com/v1/LabInstance",
                                         .owns = p->r->owns,
                                         .worker = &worker->worker,
                                         .parallel = 4,
                                         .file = "labinstance.so",
                                         .hash = hash,
                                         .version = "2.0.0"};
    struct error err = ERROR_INIT;
    CHECK_INT(controller_check(&options, &err), TEND_OK);
    controller_replace(p->r->controller, &options);
    controller_live(p->r->controller);
}

/* The second version takes over. */
static void take_over(struct pair *p)
{
    replace_by(p, &p->second, "def");
}

static const char *said(struct ring *r, const char *path)
{
    return stored(r->b, BUILTIN_CONTROLLERS "//labinstance", path);
}

/* --- scripts ------------------------------------------------------------------------------------- */

/* Copies the e-mail of the spec into the status, with its own name before it. */
static const char *copy_as(struct scripted_worker *worker, const char *version,
                           const struct value *root)
{
    struct text email = value_text_or(path_get(root, TEXT("spec.studentEmail")), TEXT("nobody"));
    snprintf(worker->text, sizeof worker->text, "{outcome: done, status: {message: '%s %.*s'}}",
             version, TEXT_ARG(email));
    return worker->text;
}

static const char *run_v1(struct scripted_worker *worker, struct reconcile_call *call,
                          const struct value *root)
{
    (void)call;
    return copy_as(worker, "v1", root);
}

static const char *run_v2(struct scripted_worker *worker, struct reconcile_call *call,
                          const struct value *root)
{
    (void)call;
    return copy_as(worker, "v2", root);
}

static const char *run_fail(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return "{outcome: fail, reason: Broken, message: this version cannot}";
}

static const char *run_retry(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return "{outcome: retry, reason: Busy, message: not yet}";
}

static const char *run_again(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return "{outcome: again, afterMs: 60000}";
}

static const char *run_in_circles(struct scripted_worker *worker, struct reconcile_call *call,
                                  const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return "{outcome: again, afterMs: 1}";
}

/* Into a state that only the first machine has. */
static const char *run_provision(struct scripted_worker *worker, struct reconcile_call *call,
                                 const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return "{outcome: enter, state: provisioning, reason: Starts, message: starts}";
}

/* --- taking over --------------------------------------------------------------------------------- */

static void looks_at_everything_anew(void)
{
    struct pair *p = pair_new(ring_new_plain(run_v1), run_v2);
    create_lab(p->r, "lab-1", "studentEmail: a");
    create_lab(p->r, "lab-2", "studentEmail: b");
    settle(p->r);
    size_t before = p->r->worker.started;
    pass(p->r, 5000);
    take_over(p);
    settle(p->r);
    CHECK_INT(p->r->worker.started, before);
    CHECK_TEXT(lab(p->r, "lab-1", "status.message"), "\"v2 a\"");
    CHECK_TEXT(lab(p->r, "lab-2", "status.message"), "\"v2 b\"");
    pair_free(p);
}

static void says_who_serves_and_since_when(void)
{
    struct pair *p = pair_new(ring_new_live(run_lab), run_lab);
    settle(p->r);
    CHECK_TEXT(said(p->r, "status.hash"), "\"abc\"");
    pass(p->r, 5000);
    take_over(p);
    settle(p->r);
    CHECK_TEXT(said(p->r, "status.hash"), "\"def\"");
    CHECK_TEXT(said(p->r, "status.version"), "\"2.0.0\"");
    CHECK_TEXT(said(p->r, "status.since"), "\"2026-01-01T00:00:05Z\"");
    CHECK_TEXT(said(p->r, "status.restarts"), "0");
    pair_free(p);
}

static void a_run_ends_where_it_began(void)
{
    struct pair *p = pair_new(ring_new_plain(run_v1), run_v2);
    p->r->worker.hold = true;
    create_lab(p->r, "lab-1", "studentEmail: a");
    CHECK_INT(scripted_worker_calls(&p->r->worker), 1);
    take_over(p);
    virtual_world_run(&p->r->b->v);
    CHECK_INT(p->second.started, 0); /* the key is out */
    CHECK(scripted_worker_deliver(&p->r->worker));
    virtual_world_run(&p->r->b->v);
    CHECK_INT(p->second.started, 1); /* that the sweep asked for */
    settle(p->r);
    CHECK_TEXT(lab(p->r, "lab-1", "status.message"), "\"v2 a\"");
    pair_free(p);
}

static void moments_stay(void)
{
    struct pair *p = pair_new(ring_new_plain(run_again), run_again);
    create_lab(p->r, "lab-1", "");
    settle(p->r);
    pass(p->r, 20000);
    take_over(p);
    settle(p->r);
    CHECK_INT(p->second.started, 1); /* the sweep; its moment is later than the first one's */
    pass(p->r, 39999);
    CHECK_INT(p->second.started, 1);
    pass(p->r, 1);
    CHECK_INT(p->second.started, 2);
    CHECK_INT(info(p->r).later, 1);
    pair_free(p);
}

static void backoff_stays(void)
{
    struct pair *p = pair_new(ring_new_plain(run_retry), run_retry);
    create_lab(p->r, "lab-1", "");
    pass(p->r, 2000); /* 100, 200, 400, 800 ms: it has failed some times by now */
    take_over(p);
    virtual_world_run(&p->r->b->v);
    CHECK_INT(p->second.started, 1);
    virtual_world_advance(&p->r->b->v, 1000); /* a first failure would be over */
    CHECK_INT(p->second.started, 1);
    virtual_world_advance(&p->r->b->v, 10000);
    CHECK(p->second.started >= 2);
    pair_free(p);
}

static void reads_stay(void)
{
    struct pair *p = pair_new(ring_new_plain(run_v1), run_v2);
    static const char *const owns[] = {"v1/ConfigMap", NULL};
    p->r->owns = owns;
    create_lab(p->r, "lab-1", "");
    settle(p->r);
    take_over(p);
    settle(p->r);
    size_t before = p->second.started;
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, ownerReferences:\n"
             " [{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, name: lab-1, uid: %s}]}}",
             lab(p->r, "lab-1", "metadata.uid"));
    CHECK_INT(ask(p->r->b, ADMIT_CREATE, "", "", yaml)->code, TEND_OK);
    settle(p->r);
    CHECK_INT(p->second.started, before + 1); /* what the new version owns wakes it */
    pair_free(p);
}

/* --- what an old run returns --------------------------------------------------------------------- */

/* A lab with a run of the first version out, and the second one in place. */
static struct pair *overtaken(scripted_run *first)
{
    struct pair *p = pair_new(ring_new_live(first), run_lab);
    p->r->worker.hold = true;
    create_lab(p->r, "lab-1", "");
    CHECK_INT(scripted_worker_calls(&p->r->worker), 1);
    take_over(p);
    virtual_world_run(&p->r->b->v);
    return p;
}

static void an_old_success_counts(void)
{
    struct pair *p = overtaken(run_provision);
    CHECK(scripted_worker_deliver(&p->r->worker));
    virtual_world_run(&p->r->b->v);
    CHECK_TEXT(state_of(p->r, "lab-1"), "\"provisioning\"");
    pass(p->r, 6000);
    CHECK_TEXT(state_of(p->r, "lab-1"), "\"ready\"");
    pair_free(p);
}

static void an_old_failure_is_nobodys(void)
{
    static scripted_run *const failing[] = {run_fail, run_retry};
    for (size_t i = 0; i < COUNT_OF(failing); i++) {
        struct pair *p = overtaken(failing[i]);
        CHECK(scripted_worker_deliver(&p->r->worker));
        pass(p->r, 6000);
        CHECK_TEXT(state_of(p->r, "lab-1"), "\"ready\"");
        CHECK_TEXT(condition_of(p->r, "lab-1", "Stalled"), "");
        CHECK_INT(times_said(p->r, "lab-1", "Broken"), 0);
        CHECK_INT(info(p->r).failures, 0);
        pair_free(p);
    }
}

static void an_old_death_is_nobodys(void)
{
    struct pair *p = overtaken(run_lab);
    scripted_worker_die(&p->r->worker, false);
    virtual_world_run(&p->r->b->v);
    CHECK_INT(p->second.started, 2); /* at once, and on from there */
    CHECK_INT(info(p->r).failures, 0);
    pass(p->r, 6000);
    CHECK_TEXT(state_of(p->r, "lab-1"), "\"ready\"");
    pair_free(p);
}

/* The claim of the second version is in force before it serves. */
static const char second_machine[] =
    "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: labinstance},\n"
    " spec: {owns: [{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, finalizes: true,\n"
    "  machine: {field: status.state, initial: pending,\n"
    "   states: [{name: pending, next: [deleting]}, {name: deleting, next: [deleted],\n"
    "    teardown: true}, {name: deleted, final: true}]}}]}}";

static void a_move_of_the_old_machine_is_nobodys(void)
{
    struct pair *p = pair_new(ring_new_live(run_provision), run_v2);
    p->r->worker.hold = true;
    create_lab(p->r, "lab-1", "");
    controller_hold(p->r->controller);
    const struct admission_request one = request(p->r->b, ADMIT_UPDATE, "", "", second_machine);
    CHECK_INT(ask_as(p->r->b, WRITER_HOST, "", &one)->code, TEND_OK);
    CHECK(scripted_worker_deliver(&p->r->worker));
    virtual_world_run(&p->r->b->v);
    CHECK_INT(p->r->worker.started, 1); /* it waits for who comes */
    take_over(p);
    pass(p->r, 1000);
    CHECK_TEXT(lab(p->r, "lab-1", "status.message"), "\"v2 nobody\"");
    CHECK_TEXT(condition_of(p->r, "lab-1", "Stalled"), "");
    CHECK_INT(info(p->r).failures, 0);
    pair_free(p);
}

/* As before, but it was on its way to the gate when the machine changed. */
static void so_is_one_that_the_gate_refuses(void)
{
    struct pair *p = pair_new(ring_new_live(run_provision), run_v2);
    p->r->worker.hold = true;
    create_lab(p->r, "lab-1", "");
    controller_hold(p->r->controller);
    virtual_world_hold(&p->r->b->v, LANE_WRITE);
    const struct admission_request one = request(p->r->b, ADMIT_UPDATE, "", "", second_machine);
    p->r->b->writer.role = WRITER_HOST;
    submit(p->r->b, &one, 1);
    p->r->b->writer.role = WRITER_CLIENT;
    CHECK(scripted_worker_deliver(&p->r->worker)); /* judged by the durable machine, then refused */
    virtual_world_release(&p->r->b->v, LANE_WRITE);
    virtual_world_run(&p->r->b->v);
    take_over(p);
    pass(p->r, 1000);
    CHECK_TEXT(lab(p->r, "lab-1", "status.message"), "\"v2 nobody\"");
    CHECK_TEXT(condition_of(p->r, "lab-1", "Stalled"), "");
    CHECK_INT(info(p->r).failures, 0);
    pair_free(p);
}

static void a_failure_on_its_way_to_the_disk_is_no_mark(void)
{
    struct pair *p = pair_new(ring_new_live(run_fail), run_lab);
    virtual_world_hold(&p->r->b->v, LANE_WRITE);
    p->r->worker.hold = true;
    virtual_world_release(&p->r->b->v, LANE_WRITE);
    create_lab(p->r, "lab-1", "");
    virtual_world_hold(&p->r->b->v, LANE_WRITE);
    CHECK(scripted_worker_deliver(&p->r->worker));
    virtual_world_run(&p->r->b->v); /* it is being committed */
    take_over(p);
    virtual_world_run(&p->r->b->v);
    virtual_world_release(&p->r->b->v, LANE_WRITE);
    pass(p->r, 6000);
    CHECK_TEXT(state_of(p->r, "lab-1"), "\"ready\"");
    CHECK_TEXT(condition_of(p->r, "lab-1", "Stalled"), "");
    pair_free(p);
}

static void what_was_given_up_is_tried_again(void)
{
    struct pair *p = pair_new(ring_new_live(run_fail), run_lab);
    create_lab(p->r, "lab-1", "");
    pass(p->r, 1000);
    CHECK_TEXT(condition_of(p->r, "lab-1", "Stalled"), "True");
    take_over(p);
    pass(p->r, 6000);
    CHECK_TEXT(state_of(p->r, "lab-1"), "\"ready\"");
    CHECK_TEXT(condition_of(p->r, "lab-1", "Stalled"), "");
    pair_free(p);
}

static void the_new_version_may_give_up_as_well(void)
{
    struct pair *p = pair_new(ring_new_live(run_fail), run_fail);
    create_lab(p->r, "lab-1", "");
    pass(p->r, 1000);
    take_over(p);
    pass(p->r, 1000);
    CHECK_INT(p->second.started, 1);
    patch_lab(p->r, "lab-1", "{metadata: {labels: {team: red}}}");
    pass(p->r, 1000);
    CHECK_INT(p->second.started, 1);
    pair_free(p);
}

/* --- recall, hold, leave ------------------------------------------------------------------------- */

static void recalls_what_is_out(void)
{
    struct pair *p = overtaken(run_lab);
    controller_recall(p->r->controller, &p->r->worker.worker);
    CHECK_INT(p->r->worker.cancelled, 1);
    CHECK_INT(scripted_worker_calls(&p->r->worker), 0);
    pass(p->r, 6000);
    CHECK_TEXT(state_of(p->r, "lab-1"), "\"ready\"");
    CHECK_INT(info(p->r).failures, 0);
    pair_free(p);
}

static void removing_cancels_where_each_run_is(void)
{
    struct pair *p = overtaken(run_lab);
    controller_remove(p->r->controller);
    CHECK_INT(p->r->worker.cancelled, 1);
    CHECK_INT(p->second.cancelled, 0);
    CHECK_INT(scripted_worker_calls(&p->r->worker), 0);
    pair_free(p);
}

static void holds_what_is_new(void)
{
    struct ring *r = ring_new_plain(run_v1);
    controller_hold(r->controller);
    create_lab(r, "lab-1", "");
    virtual_world_advance(&r->b->v, 1000);
    controller_lost(r->controller, "it died");
    controller_live(r->controller); /* coming back releases nobody */
    virtual_world_run(&r->b->v);
    CHECK_INT(r->worker.started, 0);
    controller_release(r->controller);
    settle(r);
    CHECK_INT(r->worker.started, 1);
    ring_free(r);
}

static void leaves_with_its_runs_done(void)
{
    struct ring *r = ring_new_live(run_lab);
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    controller_leave(r->controller, "FileRemoved", "labinstance.so was removed");
    create_lab(r, "lab-2", "");
    CHECK_INT(r->worker.started, 1);
    CHECK(scripted_worker_deliver(&r->worker));
    pass(r, 1000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\"");
    CHECK_TEXT(state_of(r, "lab-2"), "\"pending\"");
    CHECK_TEXT(said(r, "status.phase"), "\"lost\"");
    CHECK_TEXT(said(r, "status.reason"), "\"FileRemoved\"");
    controller_remove(r->controller);
    pass(r, 120000);
    CHECK_TEXT(state_of(r, "lab-1"), "\"provisioning\""); /* its deadline waits */
    CHECK_TEXT(state_of(r, "lab-2"), "\"failed\"");       /* this one does not */
    CHECK_TEXT(said(r, "status.reason"), "\"FileRemoved\"");
    ring_free(r);
}

static void shows_what_it_is_told(void)
{
    struct ring *r = ring_new_live(run_lab);
    settle(r);
    controller_tell(r->controller, &(struct controller_note){.reason = "RolledBack",
                                                             .message = "it was bad",
                                                             .last_good = "abc",
                                                             .rejected = "def"});
    pass(r, REPORT_PAUSE_MS);
    CHECK_TEXT(said(r, "status.reason"), "\"RolledBack\"");
    CHECK_TEXT(said(r, "status.message"), "\"it was bad\"");
    CHECK_TEXT(said(r, "status.lastGood"), "\"abc\"");
    CHECK_TEXT(said(r, "status.rejected"), "\"def\"");
    controller_lost(r->controller, "it died");
    pass(r, REPORT_PAUSE_MS);
    CHECK_TEXT(said(r, "status.message"), "\"it died\"");
    controller_live(r->controller);
    pass(r, REPORT_PAUSE_MS);
    CHECK_TEXT(said(r, "status.message"), "\"it was bad\"");
    controller_tell(r->controller, &(struct controller_note){.last_good = "abc"});
    pass(r, REPORT_PAUSE_MS);
    CHECK_TEXT(said(r, "status.reason"), "\"\"");
    CHECK_TEXT(said(r, "status.rejected"), "(absent)");
    CHECK_TEXT(said(r, "status.lastGood"), "\"abc\"");
    int64_t before = revision(r);
    controller_tell(r->controller, &(struct controller_note){.last_good = "abc"});
    pass(r, REPORT_PAUSE_MS);
    CHECK_INT(revision(r), before);
    ring_free(r);
}

/* --- under load ---------------------------------------------------------------------------------- */

enum { LABS = 30, ROUNDS = 400 };

static bool same_key(const struct list *calls, const struct reconcile_call *call)
{
    LIST_FOREACH (link, calls) {
        const struct reconcile_call *other = CONTAINER_OF(link, struct reconcile_call, link);
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *left = NULL, *right = NULL;
        CHECK(doc_tree(other->object, &arena, &left, NULL) == TEND_OK);
        CHECK(doc_tree(call->object, &arena, &right, NULL) == TEND_OK);
        if (text_equal(meta_of(left).uid, meta_of(right).uid)) {
            return true;
        }
    }
    return false;
}

static void look_for_overlaps(struct pair *p)
{
    const struct list *first[] = {&p->r->worker.waiting, &p->r->worker.executed};
    for (size_t i = 0; i < COUNT_OF(first); i++) {
        LIST_FOREACH (link, first[i]) {
            const struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
            p->overlaps += same_key(&p->second.waiting, call) ? 1 : 0;
            p->overlaps += same_key(&p->second.executed, call) ? 1 : 0;
        }
    }
}

static void edit_one(struct pair *p, unsigned round)
{
    char name[32], yaml[96];
    snprintf(name, sizeof name, "lab-%u", (unsigned)(world_random(&p->r->b->v.world) % LABS));
    snprintf(yaml, sizeof yaml, "{spec: {studentEmail: r%u}}", round);
    const struct admission_request one = request(p->r->b, ADMIT_PATCH, LAB, name, yaml);
    submit(p->r->b, &one, 1);
}

/* Some steps of the world, so that runs are out in whatever place. */
static void some_steps(struct pair *p)
{
    for (uint64_t i = world_random(&p->r->b->v.world) % 40; i > 0; i--) {
        if (!virtual_world_step(&p->r->b->v)) {
            p->r->b->v.now_ms += 50;
        }
        look_for_overlaps(p);
    }
}

/* The versions take turns; the one before is drained, or what it holds is taken back. */
static void loses_nothing_under_load(void)
{
    struct pair *p = pair_new(ring_new_plain(run_v1), run_v1);
    struct scripted_worker *workers[] = {&p->r->worker, &p->second};
    unsigned serving = 0;
    char name[32], expected[64];
    for (unsigned i = 0; i < LABS; i++) {
        snprintf(name, sizeof name, "lab-%u", i);
        create_lab(p->r, name, "");
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        edit_one(p, round);
        some_steps(p);
        if (world_random(&p->r->b->v.world) % 4 == 0) {
            struct scripted_worker *old = workers[serving];
            controller_recall(p->r->controller, &workers[1 - serving]->worker);
            serving = 1 - serving;
            replace_by(p, workers[serving], serving == 0 ? "abc" : "def");
            if (world_random(&p->r->b->v.world) % 2 == 0) {
                controller_recall(p->r->controller, &old->worker);
            }
        }
        virtual_world_run(&p->r->b->v);
    }
    pass(p->r, 120000);
    for (unsigned i = 0; i < LABS; i++) {
        snprintf(name, sizeof name, "lab-%u", i);
        const char *email = lab(p->r, name, "spec.studentEmail");
        snprintf(expected, sizeof expected, "\"v1 %s", email[0] == '"' ? email + 1 : "nobody\"");
        CHECK_TEXT(lab(p->r, name, "status.message"), expected);
    }
    CHECK_INT(info(p->r).failures, 0);
    CHECK(p->second.started > ROUNDS / 4);
    pair_free(p);
}

static void what_was_slowed_down_runs_at_once(void)
{
    struct pair *p = pair_new(ring_new_plain(run_in_circles), run_v2);
    create_lab(p->r, "lab-1", "studentEmail: a");
    pass(p->r, 3600 * 1000); /* it runs every five minutes by now */
    CHECK_TEXT(condition_of(p->r, "lab-1", "HotLoop"), "True");
    take_over(p);
    pass(p->r, 1000);
    CHECK_TEXT(lab(p->r, "lab-1", "status.message"), "\"v2 a\"");
    CHECK_TEXT(condition_of(p->r, "lab-1", "HotLoop"), "");
    pair_free(p);
}

SUITE({"looks at everything anew", looks_at_everything_anew},
      {"says who serves, and since when", says_who_serves_and_since_when},
      {"a run ends where it began; its key waits", a_run_ends_where_it_began},
      {"moments stay", moments_stay}, {"backoff stays", backoff_stays},
      {"what the new version owns wakes it", reads_stay},
      {"an old success counts", an_old_success_counts},
      {"an old failure is nobody's", an_old_failure_is_nobodys},
      {"an old death is nobody's", an_old_death_is_nobodys},
      {"a move of the old machine is nobody's", a_move_of_the_old_machine_is_nobodys},
      {"so is one that the gate refuses", so_is_one_that_the_gate_refuses},
      {"a failure on its way to the disk is no mark", a_failure_on_its_way_to_the_disk_is_no_mark},
      {"what an earlier version gave up is tried again", what_was_given_up_is_tried_again},
      {"what was slowed down runs at once", what_was_slowed_down_runs_at_once},
      {"and may be given up again", the_new_version_may_give_up_as_well},
      {"recalls what is out, without a mark", recalls_what_is_out},
      {"removing cancels where each run is", removing_cancels_where_each_run_is},
      {"holds what is new until it is released", holds_what_is_new},
      {"leaves with its runs done", leaves_with_its_runs_done},
      {"shows what it is told, while it is live", shows_what_it_is_told},
      {"loses nothing under load, and nothing overlaps", loses_nothing_under_load})
