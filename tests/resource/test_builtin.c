#include "document/schema.h"
#include "resource/builtin.h"
#include "resource/fixture.h"

#define START INT64_C(1767225600000)

static void are_complete(void)
{
    static const char *const resources[] = {
        BUILTIN_NAMESPACES,  BUILTIN_CONFIGMAPS, BUILTIN_EVENTS, BUILTIN_CRDS,
        BUILTIN_CONTROLLERS, BUILTIN_MANIFESTS,  BUILTIN_EFFECTS};
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = catalogue_new();
    CHECK_INT(builtin_count(), COUNT_OF(resources));
    CHECK_INT(catalogue_count(catalogue), COUNT_OF(resources));
    for (size_t i = 0; i < COUNT_OF(resources); i++) {
        const struct kind *kind = catalogue_resource(catalogue, text_of(resources[i]));
        if (CHECK(kind != NULL)) {
            CHECK(kind->schema != NULL && kind->column_count > 1);
            CHECK_INT(kind->origin, ORIGIN_BUILTIN);
        }
    }
}

/* One row as a reader sees it: cells with '|' between, wide ones in brackets. */
static const char *row(struct arena *arena, const char *resource, const char *yaml)
{
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = catalogue_new();
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(4096);
    const struct kind *kind = catalogue_resource(catalogue, text_of(resource));
    const struct value *root = yaml_value(arena, yaml);
    for (size_t i = 0; kind != NULL && i < kind->column_count; i++) {
        const struct value *cell = column_cell(arena, &kind->columns[i], root, START + 90000);
        buffer_format(&out, "%s%s=%s%s", i == 0 ? "" : " ", kind->columns[i].name,
                      json_of(arena, cell), kind->columns[i].priority > 0 ? "*" : "");
    }
    return arena_text(arena, buffer_view(&out)).ptr;
}

static void show_rows(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_TEXT(row(&arena, BUILTIN_NAMESPACES,
                   "{metadata: {name: a, creationTimestamp: '2026-01-01T00:00:00Z'},\n"
                   " status: {phase: Active}}"),
               "Name=\"a\" Status=\"Active\" Age=\"90s\"");
    CHECK_TEXT(row(&arena, BUILTIN_CONFIGMAPS,
                   "{metadata: {name: a, creationTimestamp: '2026-01-01T00:00:00Z'},\n"
                   " data: {x: y, z: w}}"),
               "Name=\"a\" Data=2 Age=\"90s\"");
    CHECK_TEXT(row(&arena, BUILTIN_CRDS,
                   "{metadata: {name: a, creationTimestamp: '2026-01-01T00:00:00Z'}}"),
               "Name=\"a\" Created At=\"2026-01-01T00:00:00Z\"");
}

static void show_controllers(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_TEXT(row(&arena, BUILTIN_CONTROLLERS,
                   "{metadata: {name: labinstance, creationTimestamp: '2026-01-01T00:00:00Z'},\n"
                   " status: {phase: live, kinds: [LabInstance, ConfigMap], version: '1.0',\n"
                   "  hash: 0123456789abcdef0123456789abcdef, file: /p/labinstance.so,\n"
                   "  counts: {runs: 7, failures: 1}, lastError: {message: it broke},\n"
                   "  since: '2026-01-01T00:01:00Z'}}"),
               "Name=\"labinstance\" Phase=\"live\" Kind=\"LabInstance, ConfigMap\" "
               "Version=\"1.0\" Runs=7 Failures=1 Since=\"30s\" Message=(absent) "
               "Reason=(absent)* Last Error=\"it broke\"* Hash=\"0123456789ab\"* "
               "File=\"/p/labinstance.so\"* Observes=(absent)* "
               "Age=\"90s\"*");
}

static void show_events(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_TEXT(row(&arena, BUILTIN_EVENTS,
                   "{metadata: {name: e}, involvedObject: {kind: LabInstance, name: lab-1},\n"
                   " type: Normal, reason: Ready, message: it is, count: 2,\n"
                   " lastTimestamp: '2026-01-01T00:01:00Z'}"),
               "Last Seen=\"30s\" Type=\"Normal\" Reason=\"Ready\" Object=\"labinstance/lab-1\" "
               "Source=(absent)* Message=\"it is\" First Seen=(absent)* Count=2* Name=\"e\"*");
}

static void validate_for_real(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(catalogue_unrefp) struct catalogue *catalogue = catalogue_new();
    struct schema_problems problems = {.arena = &arena};
    const struct kind *kind = catalogue_resource(catalogue, TEXT(BUILTIN_CONFIGMAPS));
    schema_validate(kind->schema, yaml_value(&arena, "{data: {a: 1}}"), &problems);
    CHECK_INT(problems.count, 1);
    problems.count = 0;
    kind = catalogue_resource(catalogue, TEXT(BUILTIN_CONTROLLERS));
    schema_validate(kind->schema, yaml_value(&arena, "{status: {phase: asleep}}"), &problems);
    CHECK_INT(problems.count, 1);
    CHECK(kind->schema != NULL && problems.items[0].reason == SCHEMA_NOT_SUPPORTED);
}

static void default_namespace(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_TEXT(
        json_of(&arena, builtin_default_namespace(&arena)),
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"default\"}}");
}

SUITE({"the built-in kinds are there, with schema and columns", are_complete},
      {"rows as kubectl users know them", show_rows},
      {"controllers show what they are, the hash short", show_controllers},
      {"events show when, what and about whom", show_events},
      {"their schemas are real", validate_for_real},
      {"the namespace that a new store has", default_namespace})
