/* Versions, generation and writes: the rules of section "versions, generation, writes" that clients of
 * the Kubernetes API rest on, one case each. */
#include "admission/fixture.h"

static void creates(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    const struct told *told = ask(b, ADMIT_CREATE, "", "",
                                  "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                                  " metadata: {name: lab-1, uid: mine, generation: 7,\n"
                                  "  creationTimestamp: '2001-01-01T00:00:00Z'},\n"
                                  " spec: {template: python}, status: {state: ready}}");
    CHECK_INT(told->code, TEND_OK);
    CHECK_INT(told->effect, EFFECT_CREATED);
    CHECK_TEXT(in_answer(b, "metadata.generation"), "1");
    CHECK_TEXT(in_answer(b, "metadata.creationTimestamp"), "\"2026-01-01T00:00:00Z\"");
    CHECK_TEXT(in_answer(b, "metadata.namespace"), "\"default\"");
    CHECK(strcmp(in_answer(b, "metadata.uid"), "\"mine\"") != 0);
    CHECK_TEXT(in_answer(b, "status"), "(absent)");
    CHECK_TEXT(in_answer(b, "spec.retries"), "3");
    CHECK_INT(stored_int(b, LAB_KEY, "metadata.resourceVersion"), store_revision(b->store));
    CHECK_INT(b->revision, store_revision(b->store));
}

static void exists(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_1)->code, TEND_OK);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_1)->code, TEND_EXISTS);
    CHECK_TEXT(b->told[0].message, LAB " \"lab-1\" already exists");
}

/* PUT with what is stored and one field changed; `version` is written as resourceVersion. */
static const struct told *put(struct bench *b, const char *version, const char *template)
{
    struct text yaml = arena_format(&b->arena,
                                    "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                                    " metadata: {name: lab-1%s%s%s}, spec: {template: %s}}",
                                    *version == '\0' ? "" : ", resourceVersion: '", version,
                                    *version == '\0' ? "" : "'", template);
    return ask(b, ADMIT_UPDATE, LAB, "lab-1", yaml.ptr);
}

static const char *version_of(struct bench *b)
{
    return arena_format(&b->arena, "%lld", stored_int(b, LAB_KEY, "metadata.resourceVersion")).ptr;
}

static void needs_a_version(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    CHECK_INT(put(b, "", "x")->code, TEND_INVALID);
    CHECK_TEXT(b->told[0].cause, "metadata.resourceVersion");
    CHECK_INT(b->told[0].fault, FAULT_OBJECT);
    CHECK_INT(put(b, "1", "x")->code, TEND_CONFLICT);
    CHECK_INT(put(b, "007", "x")->code, TEND_INVALID);
    CHECK_INT(put(b, version_of(b), "x")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "spec.template"), "\"x\"");
}

static void does_not_create_on_update(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    CHECK_INT(put(b, "5", "x")->code, TEND_NOT_FOUND);
    CHECK_TEXT(b->told[0].message, LAB " \"lab-1\" not found");
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {template: x}}")->code, TEND_NOT_FOUND);
}

static void loses_no_update(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    const char *version = version_of(b);
    CHECK_INT(put(b, version, "first")->code, TEND_OK);
    CHECK_INT(put(b, version, "second")->code, TEND_CONFLICT);
    CHECK_TEXT(stored(b, LAB_KEY, "spec.template"), "\"first\"");
}

static void patches_without_a_version(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {studentEmail: a@b}}")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "spec.template"), "\"python-basics\"");
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1",
                  "{metadata: {resourceVersion: '1'}, spec: {studentEmail: c@d}}")
                  ->code,
              TEND_CONFLICT);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {studentEmail: null}}")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "spec.studentEmail"), "(absent)");
}

static void writes_no_change_not(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    int64_t before = store_revision(b->store);
    CHECK_INT(put(b, version_of(b), "python-basics")->code, TEND_OK);
    CHECK_INT(b->told[0].effect, EFFECT_NONE);
    CHECK(b->told[0].doc != NULL);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{}")->effect, EFFECT_NONE);
    CHECK_INT(ask(b, ADMIT_APPLY, "", "", LAB_1)->code, TEND_OK);
    b->writer.role = WRITER_HOST;
    CHECK_INT(ask(b, ADMIT_APPLY, "", "", LAB_1)->effect, EFFECT_NONE);
    b->writer.role = WRITER_CLIENT;
    int64_t applied = store_revision(b->store);
    CHECK(applied <= before + 1); /* the first apply of a client remembers what it applied */
    CHECK_INT(ask(b, ADMIT_APPLY, "", "", LAB_1)->effect, EFFECT_NONE);
    CHECK_INT(store_revision(b->store), applied);
}

static void counts_generation(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {labels: {a: b}}}");
    CHECK_INT(b->told[0].effect, EFFECT_UPDATED);
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {annotations: {a: b}}}");
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {finalizers: [a.b/c]}}");
    (void)ask(b, ADMIT_PATCH_STATUS, LAB, "lab-1", "{status: {message: hello}}");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "1");
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {retries: 4}}");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "2");
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "3");
    (void)ask(b, ADMIT_DELETE, LAB, "lab-1", NULL);
    CHECK_INT(b->told[0].effect, EFFECT_NONE);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "3");
}

static void keeps_status_and_main_apart(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1", "{status: {message: smuggled}}");
    CHECK_INT(b->told[0].effect, EFFECT_NONE);
    (void)ask(b, ADMIT_PATCH_STATUS, LAB, "lab-1",
              "{metadata: {labels: {a: b}}, spec: {template: x}, status: {message: hello}}");
    CHECK_INT(b->told[0].code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "status.message"), "\"hello\"");
    CHECK_TEXT(stored(b, LAB_KEY, "spec.template"), "\"python-basics\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.labels"), "(absent)");
    CHECK_INT(put(b, version_of(b), "y")->code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "status.message"), "\"hello\"");
}

static void keeps_what_never_changes(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    const char *uid = stored(b, LAB_KEY, "metadata.uid");
    virtual_world_advance(&b->v, 60000);
    (void)ask(b, ADMIT_PATCH, LAB, "lab-1",
              "{metadata: {creationTimestamp: '2001-01-01T00:00:00Z', generation: 99,\n"
              " deletionTimestamp: '2001-01-01T00:00:00Z', labels: {a: b}}}");
    CHECK_INT(b->told[0].code, TEND_OK);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.uid"), uid);
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.creationTimestamp"), "\"2026-01-01T00:00:00Z\"");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.generation"), "1");
    CHECK_TEXT(stored(b, LAB_KEY, "metadata.deletionTimestamp"), "(absent)");
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {uid: other}}")->code, TEND_CONFLICT);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{metadata: {name: other}}")->code, TEND_INVALID);
    CHECK_INT(b->told[0].fault, FAULT_REQUEST);
}

static void runs_dry(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    int64_t before = store_revision(b->store);
    b->run = RUN_DRY;
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_1)->code, TEND_OK);
    CHECK_INT(b->told[0].effect, EFFECT_CREATED);
    CHECK_TEXT(in_answer(b, "metadata.resourceVersion"), "(absent)");
    CHECK_TEXT(in_answer(b, "spec.duration"), "\"60m\"");
    CHECK_INT(ask(b, ADMIT_CREATE, "", "",
                  "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"
                  " metadata: {name: bad}, spec: {}}")
                  ->code,
              TEND_INVALID);
    CHECK_INT(store_revision(b->store), before);
    CHECK_TEXT(stored(b, LAB_KEY, "kind"), "(none)");
}

#define BOGUS                                                                                      \
    "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance,\n"                                      \
    " metadata: {name: lab-1, lables: {a: b}}, spec: {template: x, tempalte: y}}"

static void treats_unknown_fields_as_asked(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    b->fields = FIELDS_STRICT;
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", BOGUS)->code, TEND_INVALID);
    CHECK_INT(b->told[0].fault, FAULT_REQUEST);
    CHECK_INT(b->told[0].causes, 2);
    CHECK_TEXT(b->told[0].cause, "metadata.lables");
    b->fields = FIELDS_WARN;
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", BOGUS)->code, TEND_OK);
    CHECK_INT(b->told[0].warnings, 2);
    CHECK_TEXT(b->told[0].warning, "unknown field \"metadata.lables\"");
    CHECK_TEXT(in_answer(b, "spec.tempalte"), "(absent)");
    b->fields = FIELDS_IGNORE;
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {bogus: 1, retries: 1}}")->code, TEND_OK);
    CHECK_INT(b->told[0].warnings, 0);
    CHECK_TEXT(in_answer(b, "spec.bogus"), "(absent)");
}

static void refuses_what_breaks_the_schema(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    CHECK_INT(ask(b, ADMIT_CREATE, "", "",
                  "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: lab-1},\n"
                  " spec: {retries: 99}}")
                  ->code,
              TEND_INVALID);
    CHECK_INT(b->told[0].fault, FAULT_OBJECT);
    CHECK_INT(b->told[0].causes, 2);
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    CHECK_INT(ask(b, ADMIT_PATCH, LAB, "lab-1", "{spec: {retries: three}}")->code, TEND_INVALID);
    CHECK_TEXT(b->told[0].cause, "spec.retries");
    CHECK_TEXT(b->told[0].reason, "FieldValueTypeInvalid");
    CHECK_TEXT(stored(b, LAB_KEY, "spec.retries"), "3");
}

SUITE({"create: generation 1, what the server sets is the server's, status dropped", creates},
      {"create of what exists says so", exists},
      {"PUT needs the version that was read", needs_a_version},
      {"update and patch do not create", does_not_create_on_update},
      {"two writers from one version: one wins, nothing is lost (#9)", loses_no_update},
      {"PATCH needs no version, one in its body is a precondition", patches_without_a_version},
      {"a write that changes nothing is not written", writes_no_change_not},
      {"generation counts changes outside metadata and status, and the mark (#7)",
       counts_generation},
      {"status and the rest are written apart", keeps_status_and_main_apart},
      {"name, uid, creation and deletion never change (#8)", keeps_what_never_changes},
      {"dry run does everything but write", runs_dry},
      {"unknown fields: strict, warn, ignore", treats_unknown_fields_as_asked},
      {"what breaks the schema is refused with its path (#13)", refuses_what_breaks_the_schema})
