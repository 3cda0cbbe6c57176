/* Controllers that look at objects which others answer for. */
#include "base/limits.h"
#include "controller/fixture.h"
#include "controller/inside.h"

#define MAP(name) "configmaps/default/" name

/* An observer beside the owner of labs: a worker of its own, as a plugin of its own would have. */
struct post {
    struct ring *r;
    struct scripted_worker worker;
    struct controller *controller;
};

static void post_open(struct post *post, struct controller_options options, scripted_run *run)
{
    struct error err = ERROR_INIT;
    scripted_worker_init(&post->worker, &post->r->b->v.world, run);
    options.name = options.name == NULL ? "watcher" : options.name;
    options.role = ROLE_OBSERVER;
    options.worker = &post->worker.worker;
    options.parallel = 4;
    if (CHECK_INT(controller_add(post->r->loop, &options, &post->controller, &err), TEND_OK)) {
        controller_live(post->controller);
        settle(post->r);
    }
}

static void post_close(struct post *post)
{
    CHECK_INT(post->worker.overlaps, 0);
    controller_remove(post->controller);
    virtual_world_run(&post->r->b->v);
    scripted_worker_done(&post->worker);
}

static void post_free(struct post *post)
{
    post_close(post);
    ring_free(post->r);
}

static struct controller_info seen_by(const struct post *post)
{
    for (size_t i = 0; i < controller_count(post->r->loop); i++) {
        struct controller_info one = controller_at(post->r->loop, i);
        if (strcmp(one.name, "watcher") == 0) {
            return one;
        }
    }
    return (struct controller_info){0};
}

static void create_map(struct ring *r, const char *name, const char *metadata)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s%s}, data: {a: b}}", name,
             metadata);
    CHECK_INT(ask(r->b, ADMIT_APPLY, "", "", yaml)->code, TEND_OK);
}

static const struct value *root_of(struct ring *r, const char *key)
{
    return stored_root(r->b, key);
}

/* --- beside the owner ------------------------------------------------------------------------------ */

/* Notes each lab in a ConfigMap of its own, with the state that it was seen in. */
static const char *run_note(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)call;
    struct text name = meta_of(root).name;
    struct text state = value_text_or(path_get(root, TEXT("status.state")), TEXT(""));
    snprintf(worker->text, sizeof worker->text,
             "{outcome: done, events: [{type: Normal, reason: Seen, message: noted}],\n"
             " writes: [{verb: apply, object: {apiVersion: v1, kind: ConfigMap,\n"
             "  metadata: {name: note-%.*s}, data: {state: '%.*s'}}}]}",
             TEXT_ARG(name), TEXT_ARG(state));
    return worker->text;
}

static void works_beside_the_owner(void)
{
    struct post post = {.r = ring_new_live(run_lab)}, other = {.r = post.r};
    post_open(&post, (struct controller_options){.kind = "lab.neuroglia.com/v1/LabInstance"},
              run_note);
    post_open(&other, (struct controller_options){.name = "another", .kind = "labinstances"},
              run_done);
    create_lab(post.r, "lab-1", "");
    settle(post.r);
    CHECK_TEXT(stored(post.r->b, MAP("note-lab-1"), "data.state"), "\"provisioning\"");
    pass(post.r, 5000);
    CHECK_TEXT(state_of(post.r, "lab-1"), "\"ready\"");
    CHECK_TEXT(stored(post.r->b, MAP("note-lab-1"), "data.state"), "\"ready\"");
    CHECK(event_about(post.r, "lab-1", "Seen") != NULL);
    CHECK(other.worker.started > 0);
    pass(post.r, 10000); /* what the controllers report of themselves */
    size_t started = post.worker.started;
    int64_t before = revision(post.r);
    pass(post.r, 60000);
    CHECK_INT(post.worker.started, started); /* settled: nobody wakes anybody */
    CHECK_INT(revision(post.r), before);
    post_close(&other);
    post_free(&post);
}

/* Deadlines wait for the owner; whoever observes does not stand in for it. */
static void does_not_stand_in_for_the_owner(void)
{
    struct post post = {.r = ring_new(run_lab)};
    post_open(&post, (struct controller_options){.kind = "*"}, run_done);
    CHECK(!loop_serves(post.r->loop, TEXT(LAB)));
    create_lab(post.r, "lab-1", "");
    (void)status_by_owner(post.r->b, "{status: {state: provisioning}}");
    (void)status_by_owner(post.r->b, "{status: {state: ready}}");
    pass(post.r, 2 * 3600 * 1000);
    CHECK_TEXT(state_of(post.r, "lab-1"), "\"ready\""); /* held: its owner is not there */
    CHECK(post.worker.started > 0);
    post_free(&post);
}

static const char *run_meddle(struct scripted_worker *worker, struct reconcile_call *call,
                              const struct value *root)
{
    (void)worker;
    (void)call;
    struct meta meta = meta_of(root);
    struct text what = meta_annotation(&meta, "what");
    return text_is(what, "status") ? "{outcome: done, status: {message: mine}}"
           : text_is(what, "condition")
               ? "{outcome: done, conditions: [{type: Mine, status: 'True'}]}"
           : text_is(what, "state") ? "{outcome: enter, state: provisioning}"
           : text_is(what, "spec")  ? "{outcome: done, writes: [{verb: apply, object: {\n"
                                      " apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                                      " metadata: {name: lab-1}, spec: {template: other}}}]}"
                                    : "{outcome: done}";
}

static void annotate(struct ring *r, const char *name, const char *what)
{
    char yaml[128];
    snprintf(yaml, sizeof yaml, "{metadata: {annotations: {what: %s}}}", what);
    patch_lab(r, name, yaml);
    settle(r);
}

static void leaves_the_object_to_its_owner(void)
{
    static const struct {
        const char *what, *why;
    } tries[] = {
        {"status", "controller watcher observes labinstances, and an observer writes no status"},
        {"condition",
         "controller watcher observes labinstances, and an observer sets no conditions"},
        {"state", "controller watcher observes labinstances, and an observer moves no object"},
        {"spec", "an observer writes of its object labels and annotations, not \"spec\""},
    };
    struct post post = {.r = ring_new(run_lab)};
    post_open(&post, (struct controller_options){.kind = "li", .annotation = "what"}, run_meddle);
    create_lab(post.r, "lab-1", "");
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        annotate(post.r, "lab-1", tries[i].what);
        CHECK_INT(seen_by(&post).failures, i + 1); /* another annotation: tried anew */
        CHECK_TEXT(seen_by(&post).last_error, tries[i].why);
    }
    CHECK_TEXT(lab(post.r, "lab-1", "status.message"), "(absent)");
    CHECK_TEXT(lab(post.r, "lab-1", "status.conditions"), "(absent)");
    CHECK_TEXT(state_of(post.r, "lab-1"), "\"pending\"");
    CHECK(times_said(post.r, "lab-1", "WriteRefused") + times_said(post.r, "lab-1", "MoveRefused") >
          0);
    size_t started = post.worker.started;
    pass(post.r, 30 * 1000);
    CHECK_INT(post.worker.started, started); /* what failed is left alone until something changes */
    post_free(&post);
}

/* Marks each object that it sees, and each only once. */
static const char *run_mark(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: done, writes: [{verb: apply, object: {apiVersion: v1, kind: ConfigMap,\n"
           " metadata: {name: one, labels: {seen: 'yes'}}}}]}";
}

static void marks_its_object(void)
{
    struct post post = {.r = ring_new(run_lab)};
    post_open(&post, (struct controller_options){.kind = "v1/ConfigMap"}, run_mark);
    create_map(post.r, "one", "");
    settle(post.r);
    CHECK_TEXT(stored(post.r->b, MAP("one"), "metadata.labels.seen"), "\"yes\"");
    CHECK_TEXT(stored(post.r->b, MAP("one"), "metadata.ownerReferences"), "(absent)");
    CHECK_TEXT(stored(post.r->b, MAP("one"), "metadata.finalizers"), "(absent)");
    CHECK_INT(post.worker.started, 1); /* its own write does not wake it */
    post_free(&post);
}

/* --- which objects --------------------------------------------------------------------------------- */

#define WIDGET_CRD                                                                                 \
    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,\n"                      \
    " metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced,\n"      \
    "  names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true,\n"              \
    "  storage: true, schema: {openAPIV3Schema: {type: object}}}]}}"
#define WIDGET(metadata)                                                                           \
    "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w" metadata "}}"

static void sees_every_kind(void)
{
    struct post post = {.r = ring_new(run_lab)};
    create_map(post.r, "old", "");
    post_open(&post, (struct controller_options){.kind = "*"}, run_done);
    /* the ConfigMap, the namespace, the definition of labs; not the Controller */
    CHECK_INT(post.worker.started, 3);
    CHECK_INT(ask(post.r->b, ADMIT_CREATE, "", "", WIDGET_CRD)->code, TEND_OK);
    settle(post.r);
    size_t started = post.worker.started;
    CHECK_INT(ask(post.r->b, ADMIT_CREATE, "", "", WIDGET(""))->code, TEND_OK);
    settle(post.r);
    CHECK_INT(post.worker.started, started + 1);
    post_free(&post);
}

static void costs_nothing_for_what_it_does_not_select(void)
{
    struct post post = {.r = ring_new(run_lab)};
    create_map(post.r, "old", "");
    create_map(post.r, "old-one", ", annotations: {tend.dev/ttl: 1h}");
    create_map(post.r, "named-so", ", labels: {a: b}, annotations: {other: tend.dev/ttl}");
    post_open(&post, (struct controller_options){.kind = "*", .annotation = "tend.dev/ttl"},
              run_done);
    CHECK_INT(post.worker.started, 1);
    create_map(post.r, "new", "");
    settle(post.r);
    CHECK_INT(post.worker.started, 1);
    create_map(post.r, "new-one", ", annotations: {tend.dev/ttl: ''}"); /* there, if empty */
    settle(post.r);
    CHECK_INT(post.worker.started, 2);
    post_free(&post);
}

static void selects_by_labels(void)
{
    struct post post = {.r = ring_new(run_lab)};
    post_open(&post,
              (struct controller_options){.kind = "v1/ConfigMap, li", .labels = "team in (a, b)"},
              run_done);
    create_map(post.r, "no", ", labels: {team: c}");
    create_map(post.r, "yes", ", labels: {team: b}");
    create_lab(post.r, "lab-1", "");
    settle(post.r);
    CHECK_INT(post.worker.started, 1);
    patch_lab(post.r, "lab-1", "{metadata: {labels: {team: a}}}");
    settle(post.r);
    CHECK_INT(post.worker.started, 2);
    post_free(&post);
}

static const char *run_later(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: again, afterMs: 60000}";
}

static void forgets(void)
{
    struct post post = {.r = ring_new(run_lab)};
    post_open(&post, (struct controller_options){.kind = "*", .annotation = "watch"}, run_later);
    create_map(post.r, "one", ", annotations: {watch: a}");
    create_map(post.r, "two", ", annotations: {watch: a}");
    settle(post.r);
    CHECK_INT(seen_by(&post).later, 2);
    CHECK_INT(ask(post.r->b, ADMIT_DELETE, "configmaps", "one", NULL)->code, TEND_OK);
    settle(post.r);
    CHECK_INT(seen_by(&post).later, 1);
    CHECK_INT(
        ask(post.r->b, ADMIT_PATCH, "configmaps", "two", "{metadata: {annotations: {watch: null}}}")
            ->code,
        TEND_OK);
    settle(post.r);
    CHECK_INT(seen_by(&post).later, 0);
    size_t started = post.worker.started;
    pass(post.r, 3600 * 1000);
    CHECK_INT(post.worker.started, started);
    post_free(&post);
}

/* The owner holds it and cleans up: that is no business of an observer. */
static void does_not_hold_what_is_deleted(void)
{
    struct post post = {.r = ring_new_live(run_lab)};
    post_open(&post, (struct controller_options){.kind = "li"}, run_later);
    create_lab(post.r, "lab-1", "");
    settle(post.r);
    delete_lab(post.r, "lab-1");
    settle(post.r);
    CHECK(root_of(post.r, LAB "/default/lab-1") == NULL);
    CHECK_INT(post.worker.finalized, 0);
    CHECK_INT(seen_by(&post).later, 0);
    post_free(&post);
}

/* --- what it rests on ------------------------------------------------------------------------------ */

static const char *run_reap(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: done, writes: [{verb: remove, kind: v1/ConfigMap, name: one}]}";
}

static void what_was_withdrawn_is_not_acted_on(void)
{
    struct post post = {.r = ring_new(run_lab)};
    post_open(&post, (struct controller_options){.kind = "*", .annotation = "reap"}, run_reap);
    post.worker.hold = true;
    create_map(post.r, "one", ", annotations: {reap: 'yes'}");
    virtual_world_run(&post.r->b->v);
    CHECK_INT(
        ask(post.r->b, ADMIT_PATCH, "configmaps", "one", "{metadata: {annotations: {reap: null}}}")
            ->code,
        TEND_OK);
    CHECK(scripted_worker_deliver(&post.worker));
    post.worker.hold = false;
    settle(post.r);
    CHECK(root_of(post.r, MAP("one")) != NULL);
    create_map(post.r, "one", ", annotations: {reap: 'yes'}");
    settle(post.r);
    CHECK(root_of(post.r, MAP("one")) == NULL);
    post_free(&post);
}

static const char *run_reap_space(struct scripted_worker *worker, struct reconcile_call *call,
                                  const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: done, writes: [{verb: remove, kind: v1/Namespace, name: space}]}";
}

/* A refusal that time may heal is told, and tried again and again, slower and slower. */
static void what_cannot_be_done_yet_is_told(void)
{
    struct post post = {.r = ring_new(run_lab)};
    struct bench *b = post.r->b;
    post_open(&post, (struct controller_options){.kind = "*", .annotation = "reap"},
              run_reap_space);
    (void)ask(b, ADMIT_CREATE, "", "",
              "{apiVersion: v1, kind: Namespace, metadata: {name: space}}");
    (void)ask(b, ADMIT_CREATE, "", "",
              "{apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: space}}");
    CHECK_INT(ask(b, ADMIT_PATCH, "namespaces", "space", "{metadata: {annotations: {reap: 'yes'}}}")
                  ->code,
              TEND_OK);
    pass(post.r, 60000);
    CHECK_TEXT(seen_by(&post).last_error,
               "namespaces \"space\" is not empty: 1 configmaps; delete them first");
    CHECK(post.worker.started < 100);
    struct admission_request one = request(b, ADMIT_DELETE, "configmaps", "one", NULL);
    one.namespace = TEXT("space");
    CHECK_INT(ask_as(b, WRITER_CLIENT, "", &one)->code, TEND_OK);
    pass(post.r, 15 * 60000);
    CHECK(root_of(post.r, "namespaces//space") == NULL);
    post_free(&post);
}

/* --- what a declaration says beside ---------------------------------------------------------------- */

static const char *run_limits(struct scripted_worker *worker, struct reconcile_call *call,
                              const struct value *root)
{
    (void)root;
    snprintf(worker->text, sizeof worker->text,
             "{outcome: done, events: [{type: Normal, reason: L%lldS%lld}]}",
             (long long)call->limit_ms, (long long)call->slice_ms);
    return worker->text;
}

static void a_run_takes_as_long_as_is_declared(void)
{
    struct post post = {.r = ring_new(run_lab)};
    post_open(
        &post,
        (struct controller_options){.kind = "v1/ConfigMap", .limit_ms = 90000, .slice_ms = 250},
        run_limits);
    create_map(post.r, "one", "");
    settle(post.r);
    CHECK(event_about(post.r, "one", "L90000S250") != NULL);
    post_free(&post);
}

/* Kinds that it owns are named as people name them, and may come later than it. */
static void owns_what_is_called_so(void)
{
    static const char *const owns[] = {"cm", "Widget", NULL};
    struct ring *r = ring_new(run_lab);
    char yaml[512];
    r->owns = owns;
    ring_live(r);
    create_lab(r, "lab-1", "");
    pass(r, 10000);
    CHECK_INT(ask(r->b, ADMIT_CREATE, "", "", WIDGET_CRD)->code, TEND_OK);
    settle(r);
    size_t started = r->worker.started;
    const struct value *owner = root_of(r, LAB "/default/lab-1");
    snprintf(yaml, sizeof yaml,
             WIDGET(", ownerReferences: [{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                    " name: lab-1, uid: %.*s}]"),
             TEXT_ARG(meta_of(owner).uid));
    CHECK_INT(ask(r->b, ADMIT_CREATE, "", "", yaml)->code, TEND_OK);
    settle(r);
    CHECK_INT(r->worker.started, started + 1);
    ring_free(r);
}

static void refuses_what_cannot_be_looked_at(void)
{
    static const struct controller_options wrong[] = {
        {.name = "w", .role = ROLE_OBSERVER, .kind = ""},
        {.name = "w", .role = ROLE_OBSERVER, .kind = "v1/ConfigMap, *"},
        {.name = "w", .role = ROLE_OBSERVER, .kind = "*", .labels = "a in"},
        {.name = "w", .role = ROLE_OBSERVER, .kind = "*", .annotation = ""},
        {.name = "w", .kind = "*"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct error err = ERROR_INIT;
        CHECK_INT(controller_check(&wrong[i], &err), TEND_INVALID);
        CHECK(err.message[0] != '\0');
    }
}

SUITE({"works beside the owner, and beside another", works_beside_the_owner},
      {"does not stand in for the owner", does_not_stand_in_for_the_owner},
      {"leaves the object to its owner, and says why", leaves_the_object_to_its_owner},
      {"marks its object", marks_its_object},
      {"sees every kind, also what comes later", sees_every_kind},
      {"costs nothing for what it does not select", costs_nothing_for_what_it_does_not_select},
      {"selects by labels, of several kinds", selects_by_labels},
      {"forgets what is gone, or not selected any more", forgets},
      {"does not hold what is deleted", does_not_hold_what_is_deleted},
      {"does not act on what was withdrawn meanwhile", what_was_withdrawn_is_not_acted_on},
      {"tells what cannot be done yet, and tries again", what_cannot_be_done_yet_is_told},
      {"a run takes as long as is declared", a_run_takes_as_long_as_is_declared},
      {"owns what is called so", owns_what_is_called_so},
      {"refuses what cannot be looked at", refuses_what_cannot_be_looked_at})
