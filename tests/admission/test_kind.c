/* Definitions, controllers, namespaces, names: what is special about kinds and places. */
#include "admission/fixture.h"

static const char *message(struct bench *b)
{
    return b->told[0].message;
}

static void has_a_default_namespace(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    CHECK_TEXT(stored(b, "namespaces//default", "status.phase"), "\"Active\"");
    int64_t before = store_revision(b->store);
    bench_close(b);
    bench_open(b);
    CHECK_INT(store_revision(b->store), before);
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_NAMESPACES, "default", NULL)->code, TEND_DENIED);
}

static void needs_the_namespace(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    struct admission_request one =
        request(b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}");
    one.namespace = TEXT("nowhere");
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_NOT_FOUND);
    CHECK_TEXT(message(b), "namespaces \"nowhere\" not found, configmaps \"a\" needs it");
}

static void refuses_mismatches(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    struct admission_request one =
        request(b, ADMIT_CREATE, "configmaps", "",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: x}}");
    one.namespace = TEXT("default");
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_INVALID);
    CHECK_INT(b->told[0].fault, FAULT_REQUEST);
    CHECK_INT(ask(b, ADMIT_CREATE, "configmaps", "", LAB_1)->fault, FAULT_REQUEST);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "",
                  "{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}")
                  ->code,
              TEND_INVALID);
    CHECK_TEXT(b->told[0].cause, "metadata.namespace");
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", "{kind: ConfigMap}")->code, TEND_INVALID);
    CHECK_TEXT(message(b), "expected apiVersion and kind, apiVersion is missing");
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", "[]")->code, TEND_INVALID);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: Secret}")->code, TEND_NOT_FOUND);
}

static void checks_names(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    static const char *const wrong[] = {"Big", "a/b", "..", "a_b", ""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct text yaml = arena_format(
            &b->arena, "{apiVersion: v1, kind: ConfigMap, metadata: {name: '%s'}}", wrong[i]);
        CHECK_INT(ask(b, ADMIT_CREATE, "", "", yaml.ptr)->code, TEND_INVALID);
        CHECK_TEXT(b->told[0].cause, "metadata.name");
    }
    CHECK_INT(ask(b, ADMIT_CREATE, "", "",
                  "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {a: 1}}}")
                  ->code,
              TEND_INVALID);
    CHECK_TEXT(b->told[0].cause, "metadata.labels");
}

static void generates_names(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    CHECK_INT(ask(b, ADMIT_CREATE, "", "",
                  "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: cm-}}")
                  ->code,
              TEND_OK);
    const char *name = in_answer(b, "metadata.name");
    CHECK(strncmp(name, "\"cm-", 4) == 0 && strlen(name) == 10);
}

static void establishes_definitions(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    CHECK_TEXT(in_answer(b, "status.conditions[1].type"), "\"Established\"");
    CHECK_TEXT(in_answer(b, "status.conditions[1].status"), "\"True\"");
    CHECK_INT(ask(b, ADMIT_APPLY, "", "", LAB_CRD)->code, TEND_OK);
    CHECK_INT(ask(b, ADMIT_APPLY, "", "", LAB_CRD)->effect, EFFECT_NONE);
}

static void refuses_broken_definitions(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    CHECK_INT(ask(b, ADMIT_PATCH, BUILTIN_CRDS, LAB, "{spec: {scope: Cluster}}")->code, TEND_OK);
    CHECK_INT(ask(b, ADMIT_PATCH, BUILTIN_CRDS, LAB, "{spec: {versions: []}}")->code, TEND_INVALID);
    CHECK_TEXT(b->told[0].cause, "spec.versions");
    CHECK_INT(ask(b, ADMIT_PATCH, BUILTIN_CRDS, LAB, "{spec: {names: {plural: labs}}}")->code,
              TEND_INVALID);
    CHECK_TEXT(b->told[0].cause, "metadata.name");
}

static void keeps_what_objects_rest_on(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_labs();
    (void)ask(b, ADMIT_CREATE, "", "", LAB_1);
    CHECK_INT(ask(b, ADMIT_PATCH, BUILTIN_CRDS, LAB, "{spec: {scope: Cluster}}")->code,
              TEND_CONFLICT);
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_CRDS, LAB, NULL)->code, TEND_CONFLICT);
    CHECK_TEXT(message(b), BUILTIN_CRDS " \"" LAB "\" cannot go while it has objects: 1, the first "
                                        "is " LAB " default/lab-1; delete them first");
    const struct admission_request both[] = {
        request(b, ADMIT_DELETE, LAB, "lab-1", NULL),
        request(b, ADMIT_DELETE, BUILTIN_CRDS, LAB, NULL),
    };
    CHECK_INT(ask_set(b, both, 2)->code, TEND_OK);
    CHECK(catalogue_resource(admission_catalogue(b->gate), TEXT(LAB)) == NULL);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_1)->code, TEND_NOT_FOUND);
}

static void empties_namespaces_first(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    (void)ask(b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: Namespace, metadata: {name: n}}");
    (void)ask(b, ADMIT_CREATE, "", "",
              "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: n}}");
    const struct event event = {.about = stored_root(b, "configmaps/n/a"),
                                .reason = TEXT("R"),
                                .message = TEXT("m"),
                                .component = TEXT("c")};
    const struct admission_request say = {.verb = ADMIT_EVENT, .event = &event};
    CHECK_INT(ask_set(b, &say, 1)->effect, EFFECT_CREATED);
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_NAMESPACES, "n", NULL)->code, TEND_CONFLICT);
    CHECK_TEXT(message(b), "namespaces \"n\" is not empty: 1 configmaps; delete them first");
    struct admission_request one = request(b, ADMIT_DELETE, "configmaps", "a", NULL);
    one.namespace = TEXT("n");
    CHECK_INT(ask_set(b, &one, 1)->code, TEND_OK);
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_NAMESPACES, "n", NULL)->effect, EFFECT_DELETED);
    CHECK_INT(store_count(b->store, TEXT("events/n/")), 0);
    CHECK_INT(ask_set(b, &say, 1)->effect, EFFECT_NONE); /* nowhere to say it, and no refusal */
    CHECK_INT(b->code, TEND_OK);
}

static void takes_nothing_new_into_a_leaving_namespace(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    (void)ask(b, ADMIT_CREATE, "", "",
              "{apiVersion: v1, kind: Namespace, metadata: {name: n, finalizers: [a.b/c]}}");
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_NAMESPACES, "n", NULL)->effect, EFFECT_DELETING);
    CHECK_INT(ask(b, ADMIT_CREATE, "", "",
                  "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: n}}")
                  ->code,
              TEND_DENIED);
}

static void bounds_objects(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    char *big = arena_alloc(&b->arena, DOC_BYTES_MAX + 1);
    memset(big, 'x', DOC_BYTES_MAX);
    struct admission_request requests[] = {
        request(b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"),
        request(b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}"),
    };
    const struct value *data =
        value_with(&b->arena, NULL, TEXT("k"), value_text(&b->arena, text_of(big)));
    requests[1].body = value_with(&b->arena, requests[1].body, TEXT("data"), data);
    (void)ask_set(b, requests, 2);
    CHECK_INT(b->code, TEND_LIMIT);
    CHECK_INT(b->failed, 1);
    CHECK_INT(b->told[0].code, TEND_UNAVAILABLE);
    CHECK_TEXT(stored(b, "configmaps/default/a", "kind"), "(none)");
}

#define AN_EFFECT                                                                                  \
    "{apiVersion: tend.dev/v1, kind: Effect, metadata: {name: a},\n"                               \
    " spec: {controller: c, object: {kind: LabInstance, name: lab-1}, name: make}}"

static void effects_are_the_hosts(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", AN_EFFECT)->code, TEND_DENIED);
    struct admission_request one = request(b, ADMIT_CREATE, "", "", AN_EFFECT);
    CHECK_INT(ask_as(b, WRITER_CONTROLLER, "c", &one)->code, TEND_OK);
    CHECK_INT(ask(b, ADMIT_PATCH, BUILTIN_EFFECTS, "a", "{status: {phase: Done}}")->code,
              TEND_DENIED);
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_EFFECTS, "a", NULL)->code, TEND_OK);
}

static void controllers_are_the_hosts(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    CHECK_INT(ask(b, ADMIT_CREATE, "", "",
                  "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: mine}}")
                  ->code,
              TEND_DENIED);
    struct admission_request rival =
        request(b, ADMIT_CREATE, "", "",
                "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: rival},\n"
                " spec: {owns: [{apiVersion: lab.neuroglia.com/v1, kind: LabInstance}]}}");
    CHECK_INT(ask_as(b, WRITER_HOST, "", &rival)->code, TEND_INVALID);
    CHECK_TEXT(b->told[0].reason, "FieldValueDuplicate");
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_CONTROLLERS, "labinstance", NULL)->code, TEND_OK);
    CHECK_INT(ask_as(b, WRITER_HOST, "", &rival)->code, TEND_OK);
    const struct kind *kind = catalogue_resource(admission_catalogue(b->gate), TEXT(LAB));
    CHECK_TEXT(kind->controller, "rival");
    CHECK(kind->machine == NULL);
}

static void a_live_controller_stays(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    struct admission_request status =
        request(b, ADMIT_UPDATE_STATUS, "", "",
                "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: labinstance},\n"
                " status: {phase: live}}");
    CHECK_INT(ask_as(b, WRITER_HOST, "", &status)->code, TEND_OK);
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_CONTROLLERS, "labinstance", NULL)->code, TEND_DENIED);
    const struct kind *kind = catalogue_resource(admission_catalogue(b->gate), TEXT(LAB));
    CHECK(kind->machine != NULL);
    status = request(b, ADMIT_UPDATE_STATUS, "", "",
                     "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: labinstance},\n"
                     " status: {phase: lost}}");
    CHECK_INT(ask_as(b, WRITER_HOST, "", &status)->code, TEND_OK);
    CHECK_INT(ask(b, ADMIT_DELETE, BUILTIN_CONTROLLERS, "labinstance", NULL)->code, TEND_OK);
}

/* ... but for asking that its file is tried again, by that annotation and nothing beside it. */
static void a_controller_may_be_retried(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    static const char *const refused[] = {
        "{metadata: {annotations: {tend.dev/retry: a, b: c}}}",
        "{metadata: {annotations: {tend.dev/retry: a}, labels: {a: b}}}",
        "{metadata: {annotations: {tend.dev/retry: a}}, spec: {owns: []}}",
        "{metadata: {annotations: {b: c}}}",
        "{metadata: {annotations: null}}",
        "{}"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CHECK_INT(ask(b, ADMIT_PATCH, BUILTIN_CONTROLLERS, "labinstance", refused[i])->code,
                  TEND_DENIED);
    }
    const char *retry = "{metadata: {annotations: {tend.dev/retry: a}}}";
    CHECK_INT(ask(b, ADMIT_PATCH_STATUS, BUILTIN_CONTROLLERS, "labinstance", retry)->code,
              TEND_DENIED);
    CHECK_INT(ask(b, ADMIT_PATCH, BUILTIN_CONTROLLERS, "labinstance", retry)->effect,
              EFFECT_UPDATED);
    const struct kind *kind = catalogue_resource(admission_catalogue(b->gate), TEXT(LAB));
    CHECK(kind->machine != NULL); /* and is what it was */
}

static void the_host_creates_with_status(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    struct admission_request one =
        request(b, ADMIT_CREATE, "", "",
                "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: c},\n"
                " status: {phase: live, restarts: 0}}");
    CHECK_INT(ask_as(b, WRITER_HOST, "", &one)->code, TEND_OK);
    CHECK_TEXT(in_answer(b, "status.phase"), "\"live\"");
}

static void immutable_stays(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    (void)ask(b, ADMIT_CREATE, "", "",
              "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: y},\n"
              " immutable: true}");
    CHECK_INT(ask(b, ADMIT_PATCH, "configmaps", "a", "{data: {x: z}}")->code, TEND_INVALID);
    CHECK_INT(ask(b, ADMIT_PATCH, "configmaps", "a", "{metadata: {labels: {a: b}}}")->code,
              TEND_OK);
}

static void knows_no_status_where_there_is_none(void)
{
    CLEANUP(benchp) struct bench *b = bench_new();
    (void)ask(b, ADMIT_CREATE, "", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}");
    CHECK_INT(ask(b, ADMIT_PATCH_STATUS, "configmaps", "a", "{status: {}}")->code, TEND_NOT_FOUND);
}

static void manifests_are_told_about_status(void)
{
    CLEANUP(benchp) struct bench *b = bench_with_machine();
    struct admission_request one =
        request(b, ADMIT_APPLY, "", "",
                "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: lab-1},\n"
                " spec: {template: x}, status: {state: ready}}");
    CHECK_INT(ask_as(b, WRITER_MANIFEST, "", &one)->code, TEND_OK);
    CHECK_INT(b->told[0].warnings, 1);
    CHECK_TEXT(in_answer(b, "status.state"), "\"pending\"");
}

SUITE({"namespace default is there, once, and stays", has_a_default_namespace},
      {"a namespaced object needs its namespace", needs_the_namespace},
      {"what the body and the request say must agree", refuses_mismatches},
      {"names and labels are checked", checks_names}, {"names are generated", generates_names},
      {"definitions are established", establishes_definitions},
      {"broken definitions are refused with the path", refuses_broken_definitions},
      {"a definition stays while it has objects", keeps_what_objects_rest_on},
      {"a namespace goes when only events are in it, with them", empties_namespaces_first},
      {"a namespace that is being deleted takes nothing new",
       takes_nothing_new_into_a_leaving_namespace},
      {"an object has a size, and the request is named", bounds_objects},
      {"effects are the host's; anybody may delete one", effects_are_the_hosts},
      {"controllers are the host's; a kind has one owner", controllers_are_the_hosts},
      {"a client says of a controller that it is to be tried again, and no more",
       a_controller_may_be_retried},
      {"a live controller cannot be deleted from under its objects", a_live_controller_stays},
      {"the host creates with status", the_host_creates_with_status},
      {"an immutable ConfigMap stays as it is", immutable_stays},
      {"kinds without status have no status to write", knows_no_status_where_there_is_none},
      {"a manifest is told that its status does not count", manifests_are_told_about_status})
