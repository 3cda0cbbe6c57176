/* State machines, finalizers of owners, and who may write what. */
#include "admission/fixture.h"

static struct bench *bench_with_lab(void)
{
    struct bench *b = bench_with_machine();
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_1)->code, TEND_OK);
    return b;
}

static void starts(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "\"pending\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.annotations['tend.dev/state-since']"),
               "\"2026-01-01T00:00:00.000000Z\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.finalizers"), "[\"lab.neuroglia.com/tend\"]");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "1");
}

static void moves_where_it_may(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    virtual_world_advance(&b->v, 7250);
    CHECK_INT(status_by_owner(b, "{status: {state: provisioning}}")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.annotations['tend.dev/state-since']"),
               "\"2026-01-01T00:00:07.250000Z\"");
    virtual_world_advance(&b->v, 1000);
    CHECK_INT(status_by_owner(b, "{status: {message: working}}")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.annotations['tend.dev/state-since']"),
               "\"2026-01-01T00:00:07.250000Z\"");
}

static void refuses_undeclared_moves(void)
{
    static const enum admission_role roles[] = {WRITER_CLIENT, WRITER_MANIFEST, WRITER_CONTROLLER,
                                                WRITER_HOST};
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    int64_t before = store_revision(b->store);
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        const struct admission_request one =
            request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: ready}}");
        CHECK_INT(ask_as(b, roles[i], "labinstance", &one)->code, TEND_INVALID);
        CHECK_INT(b->told[0].fault, FAULT_OBJECT);
        CHECK_TEXT(b->told[0].cause, "status.state");
        CHECK_TEXT(b->told[0].reason, "FieldValueInvalid");
    }
    CHECK_INT(status_by_owner(b, "{status: {state: null}}")->code, TEND_INVALID);
    CHECK_INT(store_revision(b->store), before);
}

static void keeps_the_moment_of_entry(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    const char *since = "metadata.annotations['tend.dev/state-since']";
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1",
              "{metadata: {annotations: {tend.dev/state-since: '2001-01-01T00:00:00Z', a: b}}}");
    CHECK_INT(b->told[0].code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, since), "\"2026-01-01T00:00:00.000000Z\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.annotations.a"), "\"b\"");
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {annotations: null}}");
    CHECK_TEXT(stored(b, LAB_KEY, since), "\"2026-01-01T00:00:00.000000Z\"");
}

static void tears_down_when_deleted(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    int64_t before = store_revision(b->store);
    CHECK_INT(ask(b, ADMIT_DELETE, LAB, "lab-1", NULL)->effect, EFFECT_DELETING);
    CHECK_INT(store_revision(b->store), before + 1);
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "\"deleting\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "2");
}

static void is_deleted_by_teardown(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    int64_t before = store_revision(b->store);
    CHECK_INT(status_by_owner(b, "{status: {state: deleting}}")->effect, EFFECT_DELETING);
    CHECK_INT(store_revision(b->store), before + 1);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.deletionTimestamp"), "\"2026-01-01T00:00:00Z\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "2");
}

static void is_released_by_its_owner(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    const struct admission_request release = request(b, ADMIT_RELEASE, LAB, "lab-1", NULL);
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &release)->code, TEND_INVALID);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask_set(b, &release, 1)->code, TEND_DENIED);
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "other", &release)->code, TEND_DENIED);
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &release)->effect, EFFECT_DELETED);
    CHECK_TEXT(in_answer(b, "status.state"), "\"deleted\"");
    CHECK_TEXT(stored(b, LAB_KEY, "kind"), "(none)");
}

static void keeps_the_finalizer(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: null, labels: {a: b}}}");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.finalizers"), "[\"lab.neuroglia.com/tend\"]");
}

static void can_be_forced_off(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: null}}")->effect,
              EFFECT_DELETED);
    CHECK_TEXT(in_answer(b, "status.state"), "\"deleted\"");
}

/* The labinstance controller is in that phase. */
static void set_phase(struct bench *b, const char *phase)
{
    const struct admission_request one =
        request(b, ADMIT_PATCH_STATUS, "controllers.tend.dev", "labinstance",
                arena_format(&b->arena, "{status: {phase: %s}}", phase).ptr);
    CHECK_INT(ask_as(b, WRITER_HOST, "", &one)->code, TEND_OK);
}

/* Who took lab-1's finalizer off, as an Event says it; "" where there is none. */
static const char *abandoned_by(struct bench *b)
{
    struct store_entry entries[16];
    size_t count = store_list(b->store, store_revision(b->store), TEXT("events/"), TEXT(""),
                              entries, COUNT_OF(entries));
    for (size_t i = 0; i < count; i++) {
        const struct value *root = NULL;
        struct error err = ERROR_INIT;
        if (doc_tree(entries[i].doc, &b->arena, &root, &err) == TEND_OK &&
            text_is(value_text_or(value_field(root, "reason"), TEXT("")), "Abandoned")) {
            return value_text_or(value_field(root, "message"), TEXT("")).ptr;
        }
    }
    return "";
}

static const struct told *force_off(struct bench *b, enum admission_role role, const char *name)
{
    const struct admission_request one =
        request(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: null}}");
    return ask_as(b, role, name, &one);
}

static void is_held_for_a_live_controller(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    set_phase(b, "live");
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(force_off(b, WRITER_CLIENT, "uid:7")->code, TEND_DENIED);
    CHECK_TEXT(b->told[0].message, LAB
               " \"lab-1\" is held by controller labinstance, which is live and cleans up; only "
               "without it may finalizer lab.neuroglia.com/tend be taken off");
    CHECK_INT(force_off(b, WRITER_MANIFEST, "")->code, TEND_DENIED);
    CHECK_INT(force_off(b, WRITER_CONTROLLER, "another")->code, TEND_DENIED);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {labels: {a: b}}}")->code, TEND_OK);
    CHECK_TEXT(abandoned_by(b), "");
    set_phase(b, "lost");
    CHECK_INT(force_off(b, WRITER_CLIENT, "uid:7")->effect, EFFECT_DELETED);
    CHECK_TEXT(abandoned_by(b),
               "let go without its controller's cleaning up, as client/uid:7 asked");
    CHECK_TEXT(stored(b, LAB_KEY, "kind"), "(none)");
}

/* The controller is live, and will never come to it. */
static void is_let_go_when_set_aside(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    set_phase(b, "live");
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(status_by_owner(b, "{status: {conditions: [{type: Quarantined, status: 'True',\n"
                                 " reason: Quarantined}]}}")
                  ->code,
              TEND_OK);
    CHECK_INT(force_off(b, WRITER_CLIENT, "")->effect, EFFECT_DELETED);
    CHECK_TEXT(abandoned_by(b), "let go without its controller's cleaning up, as client asked");
}

/* Whoever else holds it still does. */
static void is_let_go_by_one_of_two(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1",
              "{metadata: {finalizers: [lab.neuroglia.com/tend, x.y/z]}}");
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(
        ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: [lab.neuroglia.com/tend]}}")
            ->code,
        TEND_OK);
    CHECK_TEXT(abandoned_by(b), "");
    CHECK_INT(force_off(b, WRITER_CLIENT, "")->effect, EFFECT_DELETED);
    CHECK(abandoned_by(b)[0] != '\0');
}

/* The controller's object is gone as well: nobody knows any more that the kind was owned. */
static void is_told_without_an_owner(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask(b, ADMIT_DELETE, "controllers.tend.dev", "labinstance", NULL)->code, TEND_OK);
    CHECK_INT(force_off(b, WRITER_CLIENT, "")->effect, EFFECT_DELETED);
    CHECK(abandoned_by(b)[0] != '\0');
}

static void takes_in_older_objects(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    const struct admission_request one = request(b, ADMIT_CREATE, "", "", LAB_CONTROLLER);
    CHECK_INT(ask_as(b, WRITER_HOST, "", &one)->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "(absent)");
    const struct admission_request touch = request(b, ADMIT_PATCH, LAB, "lab-1", "{}");
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &touch)->effect, EFFECT_UPDATED);
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "\"pending\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.finalizers"), "[\"lab.neuroglia.com/tend\"]");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "1");
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &touch)->effect, EFFECT_NONE);
}

static void one_controller_writes_status(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    const struct admission_request one =
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {message: mine}}");
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "scheduler", &one)->code, TEND_DENIED);
    CHECK_TEXT(b->told[0].message,
               "the status of " LAB " is written by controller labinstance, not by scheduler");
    CHECK_INT(ask_as(b, WRITER_CLIENT, "", &one)->code, TEND_OK);
}

static enum tend_code observe(struct bench *b, enum admission_verb verb, const char *yaml)
{
    const struct admission_request one = request(b, verb, LAB, "lab-1", yaml);
    return ask_as(b, WRITER_OBSERVER, "watcher", &one)->code;
}

static void an_observer_leaves_no_trace(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    CHECK_INT(observe(b, ADMIT_PATCH_STATUS, "{status: {message: mine}}"), TEND_DENIED);
    CHECK_TEXT(b->told[0].message,
               "controller watcher is an observer, it may not write the status of " LAB
               " \"lab-1\"; that is for controller labinstance");
    CHECK_INT(observe(b, ADMIT_PATCH_STATUS, "{status: {state: provisioning}}"), TEND_DENIED);
    CHECK_INT(observe(b, ADMIT_PATCH, "{metadata: {finalizers: []}}"), TEND_DENIED);
    CHECK_TEXT(b->told[0].message,
               "controller watcher is an observer, it may not write the finalizers of " LAB
               " \"lab-1\"; that is for controller labinstance");
    CHECK_INT(observe(b, ADMIT_RELEASE, NULL), TEND_DENIED);
    CHECK_INT(observe(b, ADMIT_APPLY, "{metadata: {labels: {seen: 'yes'}}}"), TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.labels.seen"), "\"yes\"");
    CHECK_INT(observe(b, ADMIT_DELETE, NULL), TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "\"deleting\"");
}

static void an_observer_writes_no_status_of_what_nobody_owns(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    CHECK_INT(observe(b, ADMIT_PATCH_STATUS, "{status: {message: mine}}"), TEND_DENIED);
    CHECK_TEXT(b->told[0].message,
               "controller watcher is an observer, it may not write the status of " LAB
               " \"lab-1\"; only a controller that owns the kind may");
}

/* What was read of labels and annotations is what the run rests on. */
static void expects_the_same_marks(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    struct doc *seen = doc_ref(store_get(b->store, TEXT(LAB_KEY)));
    struct admission_request one = request(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    one.expect.marks = seen;
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {labels: {keep: 'yes'}}}");
    CHECK_INT(ask_as(b, WRITER_OBSERVER, "watcher", &one)->code, TEND_CONFLICT);
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1",
              "{metadata: {labels: {keep: null}}, spec: {duration: 5m}}");
    CHECK_INT(ask_as(b, WRITER_OBSERVER, "watcher", &one)->code, TEND_OK);
    doc_unref(seen);
}

static void is_in_force_after_a_restart(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    bench_forget(b);
    bench_close(b);
    bench_open(b);
    CHECK_INT(status_by_owner(b, "{status: {state: ready}}")->code, TEND_INVALID);
    CHECK_INT(status_by_owner(b, "{status: {state: provisioning}}")->code, TEND_OK);
}

/* The lab, in provisioning since second 7, under a machine that calls that state "starting". */
static struct bench *bench_with_renaming(void)
{
    static const char renaming[] =
        "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: labinstance},\n"
        " spec: {owns: [{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, finalizes: true,\n"
        "  machine: {field: status.state, initial: pending, renamed: {provisioning: starting},\n"
        "   states: [{name: pending, next: [starting]},\n"
        "    {name: starting, next: [ready, deleting], within: 60000, otherwise: deleting},\n"
        "    {name: ready, next: [starting, deleting]}, {name: deleting, next: [deleted], teardown: true},\n"
        "    {name: deleted, final: true}]}}]}}";
    struct bench *b = bench_with_lab();
    virtual_world_advance(&b->v, 7000);
    CHECK_INT(status_by_owner(b, "{status: {state: provisioning}}")->code, TEND_OK);
    const struct admission_request one = request(b, ADMIT_UPDATE, "", "", renaming);
    CHECK_INT(ask_as(b, WRITER_HOST, "", &one)->code, TEND_OK);
    CHECK_TEXT(b->told[0].message, "");
    virtual_world_advance(&b->v, 1000);
    return b;
}

static void only_the_host_renames(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_renaming();
    const struct admission_request one =
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: starting}}");
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &one)->code, TEND_INVALID);
    CHECK_TEXT(b->told[0].message,
               LAB " \"lab-1\" is invalid: status.state: "
                   "provisioning was renamed to starting; the host writes the new name");
    CHECK_INT(ask_as(b, WRITER_CLIENT, "", &one)->code, TEND_INVALID);
    CHECK_INT(ask_as(b, WRITER_MANIFEST, "", &one)->code, TEND_INVALID);
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "\"provisioning\"");
    CHECK_INT(ask_as(b, WRITER_HOST, "", &one)->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "\"starting\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.annotations['tend.dev/state-since']"),
               "\"2026-01-01T00:00:07.000000Z\"");
}

static void a_renamed_state_moves_as_its_new_name(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_renaming();
    CHECK_INT(status_by_owner(b, "{status: {message: still here}}")->code, TEND_OK);
    CHECK_INT(status_by_owner(b, "{status: {state: pending}}")->code, TEND_INVALID);
    CHECK_INT(status_by_owner(b, "{status: {state: ready}}")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.annotations['tend.dev/state-since']"),
               "\"2026-01-01T00:00:08.000000Z\"");
    struct admission_request two[] = {
        /* there and on, in one row */
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: deleting}}")};
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &two[0])->effect, EFFECT_DELETING);
}

static void a_renaming_is_no_way_around_for_a_set(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_renaming();
    const struct admission_request two[] = {
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: ready}}"),
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: starting}}")};
    (void)ask_set(b, two, 2);
    CHECK_INT(b->told[1].code, TEND_INVALID);
    CHECK(strstr(b->told[1].message, "was renamed to starting") != NULL);
    CHECK_TEXT(stored(b, LAB_KEY, "status.state"), "\"provisioning\"");
}

static void observes_what_it_acted_on(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    CLEANUP(doc_unrefp) struct doc *seen = doc_ref(b->told[0].doc);
    struct admission_request one =
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1",
                "{status: {state: provisioning, observedGeneration: 1}}");
    one.expect.content = seen;
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {labels: {moved: 'yes'}}}");
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &one)->code, TEND_OK); /* rebased */
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.labels.moved"), "\"yes\"");
    CHECK_TEXT(stored(b, LAB_KEY, "status.observedGeneration"), "1");
    one.expect.content = b->told[0].doc;
    doc_unref(seen);
    seen = doc_ref(b->told[0].doc);
    one.expect.content = seen;
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {retries: 5}}");
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "labinstance", &one)->code, TEND_CONFLICT);
}

static void a_mark_is_a_change(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_lab();
    CLEANUP(doc_unrefp) struct doc *seen = doc_ref(b->told[0].doc);
    struct admission_request one = request(b, ADMIT_EXPECT, LAB, "lab-1", NULL);
    one.expect.content = seen;
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_OK);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_CONFLICT);
}

SUITE({"create enters the initial state, with moment and finalizer", starts},
      {"declared moves stamp the moment of entry, staying does not (#2)", moves_where_it_may},
      {"an undeclared move is refused whoever asks (#11, #12)", refuses_undeclared_moves},
      {"the moment of entry is nobody else's to write", keeps_the_moment_of_entry},
      {"deleting enters the teardown state in the same write", tears_down_when_deleted},
      {"entering the teardown state is deletion", is_deleted_by_teardown},
      {"the owner releases it; the last event shows the final state", is_released_by_its_owner},
      {"a live object keeps the kind's finalizer (#16)", keeps_the_finalizer},
      {"a client may force the finalizer off a deleted object", can_be_forced_off},
      {"but not while its controller is live, and who did it is told",
       is_held_for_a_live_controller},
      {"a live controller does not hold what it has set aside", is_let_go_when_set_aside},
      {"only the kind's own finalizer is told of", is_let_go_by_one_of_two},
      {"also where the controller's object is gone", is_told_without_an_owner},
      {"objects older than their owner are taken in by the first write", takes_in_older_objects},
      {"one controller writes a kind's status (#14)", one_controller_writes_status},
      {"an observer writes no status, state or finalizer", an_observer_leaves_no_trace},
      {"an observer writes no status of what nobody owns",
       an_observer_writes_no_status_of_what_nobody_owns},
      {"expects the same labels and annotations", expects_the_same_marks},
      {"the machine is in force before any runner", is_in_force_after_a_restart},
      {"only the host gives a state its new name, and keeps the moment of entry",
       only_the_host_renames},
      {"a renamed state moves as its new name would", a_renamed_state_moves_as_its_new_name},
      {"a set cannot rename by going there and back", a_renaming_is_no_way_around_for_a_set},
      {"a status write is rebased over metadata, not over the spec (#4)",
       observes_what_it_acted_on},
      {"the mark of deletion discards what did not see it (#7)", a_mark_is_a_change})
