/* Sets: together or not at all, judged by each other, answered when durable. */
#include "admission/fixture.h"

static void commits_together(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    const struct event event = {.about = stored_root(b, LAB_KEY),
                                .type = EVENT_NORMAL,
                                .reason = TEXT("Provisioning"),
                                .message = TEXT("it starts"),
                                .component = TEXT("labinstance")};
    const struct admission_request requests[] = {
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: provisioning}}"),
        request(b, ADMIT_CREATE, "", "",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: child}, data: {a: b}}"),
        {.verb = ADMIT_EVENT, .event = &event},
    };
    int64_t before = store_revision(b->store);
    CHECK_INT(ask_set(b, requests, 3)->code, TEND_OK);
    CHECK_INT(store_revision(b->store), before + 3);
    for (int64_t i = 1; i <= 3; i++) {
        const struct change *change = store_recent(b->store, before + i - 1);
        CHECK_INT(change->revision, before + i);
        CHECK_INT(change->set_last, before + 3);
    }
    CHECK_INT(b->told[2].effect, EFFECT_CREATED);
    const struct admission_request twice[] = {requests[2], requests[2]};
    CHECK_INT(ask_set(b, twice, 2)->effect, EFFECT_UPDATED);
    CHECK_TEXT(in_answer(b, "count"), "2"); /* what a set says twice it says once */
}

static void says_nothing_about_nobody(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    const struct event event = {.about = value_empty_map(), .reason = TEXT("R")};
    const struct admission_request say = {.verb = ADMIT_EVENT, .event = &event};
    CHECK_INT(ask_set(b, &say, 1)->code, TEND_INVALID);
}

static void refuses_together(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    const struct admission_request requests[] = {
        request(b, ADMIT_CREATE, "", "", LAB_1),
        request(b, ADMIT_PATCH, LAB, "nobody", "{spec: {template: x}}"),
        request(b, ADMIT_CREATE, "", "", LAB_1),
    };
    int64_t before = store_revision(b->store);
    (void)ask_set(b, requests, 3);
    CHECK_INT(b->code, TEND_NOT_FOUND);
    CHECK_INT(b->failed, 1);
    CHECK_INT(b->told[0].code, TEND_UNAVAILABLE);
    CHECK(b->told[0].doc == NULL);
    CHECK_INT(b->told[1].code, TEND_NOT_FOUND);
    CHECK_INT(store_revision(b->store), before);
}

static void sees_its_own_writes(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    const struct admission_request requests[] = {
        request(b, ADMIT_CREATE, "", "", LAB_CRD),
        request(b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: Namespace, metadata: {name: n}}"),
        request(b, ADMIT_CREATE, "", "",
                "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                " metadata: {name: a, namespace: n}, spec: {template: x}}"),
    };
    CHECK_INT(ask_set(b, requests, 3)->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB "/n/a", "spec.duration"), "\"60m\"");
}

static void writes_one_row_for_one_object(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    const struct admission_request requests[] = {
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {message: cleaned up}}"),
        request(b, ADMIT_RELEASE, LAB, "lab-1", NULL),
    };
    int64_t before = store_revision(b->store);
    b->writer = (struct admission_writer){WRITER_CONTROLLER, TEXT("labinstance")};
    CHECK_INT(ask_set(b, requests, 2)->code, TEND_OK);
    CHECK_INT(store_revision(b->store), before + 1);
    CHECK_INT(b->told[0].effect, EFFECT_DELETED);
    CHECK_TEXT(in_answer(b, "status.message"), "\"cleaned up\"");
    CHECK_TEXT(in_answer(b, "status.state"), "\"deleted\"");
}

static void moves_once(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    const struct admission_request requests[] = {
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: provisioning}}"),
        request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {state: ready}}"),
    };
    CHECK_INT(ask_set(b, requests, 2)->code, TEND_UNAVAILABLE);
    CHECK_INT(b->told[1].code, TEND_INVALID);
    CHECK_TEXT(b->told[1].cause, "status.state");
    CHECK_INT(ask_set(b, requests, 1)->code, TEND_OK);
}

static void expects(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    struct admission_request one = request(b, ADMIT_EXPECT, LAB, "lab-1", NULL);
    one.expect.revision = EXPECT_ABSENT;
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_OK);
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_CONFLICT);
    one.expect.revision = stored_int(b, LAB_KEY, "metadata.resourceVersion");
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_OK);
    CHECK_INT(b->told[0].effect, EFFECT_NONE);
}

/* While the disk is at work, what was asked is neither seen nor answered, and is built upon. */
static void answers_when_durable(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    struct admission_request one = request(b, ADMIT_CREATE, "", "", LAB_1);
    virtual_world_hold(&b->v, LANE_WRITE);
    submit(b, &one, 1);
    virtual_world_run(&b->v);
    CHECK_INT(b->answered, 0);
    CHECK_TEXT(stored(b, LAB_KEY, "kind"), "(none)");
    struct bench other = {.call = {.answered = bench_answered}};
    const struct admission_set set = {.requests = &one, .count = 1};
    admission_submit(b->gate, &set, &other.call);
    virtual_world_run(&b->v);
    CHECK_INT(other.answered, 0); /* "exists" rests on what is not durable yet */
    virtual_world_release(&b->v, LANE_WRITE);
    virtual_world_run(&b->v);
    CHECK_INT(b->answered, 1);
    CHECK_INT(b->told[0].code, TEND_OK);
    CHECK_INT(other.told[0].code, TEND_EXISTS);
    bench_forget(&other);
    arena_done(&other.arena);
}

static void shows_kinds_when_durable(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    struct admission_request crd = request(b, ADMIT_CREATE, "", "", LAB_CRD);
    virtual_world_hold(&b->v, LANE_WRITE);
    submit(b, &crd, 1);
    struct bench other = {.call = {.answered = bench_answered}};
    struct admission_request lab = request(b, ADMIT_CREATE, "", "", LAB_1);
    const struct admission_set set = {.requests = &lab, .count = 1};
    admission_submit(b->gate, &set, &other.call);
    virtual_world_run(&b->v);
    CHECK(catalogue_resource(admission_catalogue(b->gate), TEXT(LAB)) == NULL);
    virtual_world_release(&b->v, LANE_WRITE);
    virtual_world_run(&b->v);
    CHECK(catalogue_resource(admission_catalogue(b->gate), TEXT(LAB)) != NULL);
    CHECK_INT(other.told[0].code, TEND_OK); /* it was judged by the kind that was coming */
    bench_forget(&other);
    arena_done(&other.arena);
}

static void falls_back_when_the_disk_is_full(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    memory_disk_fail(b->disk, 1, TEND_UNAVAILABLE);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_CRD)->code, TEND_UNAVAILABLE);
    CHECK(catalogue_resource(admission_catalogue(b->gate), TEXT(LAB)) == NULL);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_1)->code, TEND_NOT_FOUND);
}

static void can_be_cancelled(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    struct admission_request one = request(b, ADMIT_CREATE, "", "", LAB_1);
    submit(b, &one, 1);
    admission_cancel(&b->call);
    admission_cancel(&b->call);
    virtual_world_run(&b->v);
    CHECK_INT(b->answered, 0);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.name"), "\"lab-1\"");
}

static void closes_with_answers_under_way(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    struct admission_request one = request(b, ADMIT_CREATE, "", "", LAB_1);
    submit(b, &one, 1);
    admission_close(b->gate);
    b->gate = NULL;
    virtual_world_run(&b->v);
    CHECK_INT(b->answered, 0);
}

static void bounds_sets(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    struct admission_request one = request(b, ADMIT_CREATE, "", "", LAB_1);
    submit(b, &one, 0);
    virtual_world_run(&b->v);
    CHECK_INT(b->code, TEND_LIMIT);
    struct admission_request *many = arena_alloc(&b->arena, (SET_REQUESTS_MAX + 1) * sizeof *many);
    submit(b, many, SET_REQUESTS_MAX + 1);
    virtual_world_run(&b->v);
    CHECK_INT(b->code, TEND_LIMIT);
}

SUITE({"commits together: contiguous, one set", commits_together},
      {"an event is about somebody", says_nothing_about_nobody},
      {"refuses together: one refusal writes nothing", refuses_together},
      {"judges by what came before in the set", sees_its_own_writes},
      {"one object changed twice is one row", writes_one_row_for_one_object},
      {"the row's own move is a declared one", moves_once}, {"expects without writing", expects},
      {"answers only when what it rests on is durable", answers_when_durable},
      {"kinds are seen when durable, and used before", shows_kinds_when_durable},
      {"a failed commit takes its kinds with it", falls_back_when_the_disk_is_full},
      {"an answer can be cancelled, the write happens", can_be_cancelled},
      {"closes with answers under way", closes_with_answers_under_way},
      {"bounds the size of a set", bounds_sets})
