/* Deletion and finalizers, one case for each rule. */
#include "admission/fixture.h"

#define HELD                                                                                       \
    "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"                                      \
    " metadata: {name: lab-1, finalizers: [a.b/c, d.e/f]}, spec: {template: python}}"

/* The newest change in the log. */
static const struct change *last_change(struct bench *b)
{
    return store_recent(b->store, store_revision(b->store) - 1);
}

static void goes_at_once(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    const struct told *told = ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(told->code, TEND_OK);
    CHECK_INT(told->effect, EFFECT_DELETED);
    CHECK_TEXT(stored(b, LAB_KEY, "kind"), "(none)");
    const struct change *change = last_change(b);
    CHECK_INT(change->op, CHANGE_DELETE);
    CHECK_INT(strtoll(in_answer(b, "metadata.resourceVersion") + 1, NULL, 10), change->revision);
    CHECK_INT(ask(b, ADMIT_DELETE, LAB, "lab-1", NULL)->code, TEND_NOT_FOUND);
}

static void is_held_by_finalizers(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    CHECK_INT(ask(b, ADMIT_DELETE, LAB, "lab-1", NULL)->effect, EFFECT_DELETING);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.deletionTimestamp"), "\"2026-01-01T00:00:00Z\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.deletionGracePeriodSeconds"), "0");
    virtual_world_advance(&b->v, 5000);
    CHECK_INT(ask(b, ADMIT_DELETE, LAB, "lab-1", NULL)->effect, EFFECT_NONE);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.deletionTimestamp"), "\"2026-01-01T00:00:00Z\"");
}

static void takes_no_new_finalizer(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: [a.b/c, g.h/i]}}")->code,
              TEND_INVALID);
    CHECK_TEXT(b->told[0].reason, "FieldValueForbidden");
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {retries: 1}}")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.finalizers"), "[\"a.b/c\",\"d.e/f\"]");
}

static void goes_with_the_last_finalizer(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: [d.e/f]}}")->effect,
              EFFECT_UPDATED);
    int64_t before = store_revision(b->store);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: []}}")->effect,
              EFFECT_DELETED);
    CHECK_INT(store_revision(b->store), before + 1); /* one row, in the same request */
    CHECK_INT(last_change(b)->op, CHANGE_DELETE);
    CHECK_TEXT(stored(b, LAB_KEY, "kind"), "(none)");
}

static void does_not_go_without_the_mark(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: null}}")->effect,
              EFFECT_UPDATED);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.name"), "\"lab-1\"");
}

static void keeps_its_preconditions(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    struct admission_request one = request(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    one.expect.uid = TEXT("another");
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_CONFLICT);
    one.expect = (struct admission_expect){.revision = 1};
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_CONFLICT);
    one.expect.revision = stored_int(b, LAB_KEY, "metadata.resourceVersion");
    CHECK_INT(ask_set(b, &one, 1)->effect, EFFECT_DELETED);
}

static void says_that_it_is_being_deleted(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", HELD)->code, TEND_EXISTS);
    CHECK_TEXT(b->told[0].message, "object is being deleted: " LAB " \"lab-1\" already exists");
}

static void what_did_not_see_the_mark_conflicts(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    CLEANUP(doc_unrefp) struct doc *seen = doc_ref(b->told[0].doc);
    struct admission_request one = request(b, ADMIT_EXPECT, LAB, "lab-1", NULL);
    one.expect.content = seen;
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {labels: {a: b}}}");
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_OK);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_CONFLICT);
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: null}}");
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_NOT_FOUND);
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_CONFLICT); /* the same name, another uid */
}

static void survives_a_restart(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", HELD);
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    const char *before = stored(b, LAB_KEY, "metadata");
    bench_forget(b);
    bench_close(b);
    bench_open(b);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata"), before);
    CHECK(catalogue_resource(admission_catalogue(b->gate), TEXT(LAB)) != NULL);
}

SUITE({"without finalizers it goes at once, with the deletion's revision", goes_at_once},
      {"finalizers hold it; the second delete does nothing", is_held_by_finalizers},
      {"while it is being deleted none may be added, the rest may change", takes_no_new_finalizer},
      {"the last finalizer taken off deletes it in the same request", goes_with_the_last_finalizer},
      {"taking finalizers off does not delete", does_not_go_without_the_mark},
      {"preconditions: uid and version", keeps_its_preconditions},
      {"create says that it is being deleted", says_that_it_is_being_deleted},
      {"what was judged before the mark, or of another uid, conflicts",
       what_did_not_see_the_mark_conflicts},
      {"a restart keeps finalizers and the mark (#8)", survives_a_restart})
