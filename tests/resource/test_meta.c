#include "resource/fixture.h"
#include "resource/meta.h"

#define OBJECT                                                                                     \
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: n, uid: u-1,\n"              \
    " resourceVersion: '42', generation: 3, creationTimestamp: '2026-01-02T03:04:05Z',\n"          \
    " labels: {team: x}, annotations: {note: y}, finalizers: [a.b/c, d.e/f],\n"                    \
    " ownerReferences: [{apiVersion: v1, kind: X, name: o, uid: u-2, controller: true}]}}"

static void decodes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct meta meta = meta_of(yaml_value(&arena, OBJECT));
    CHECK(text_is(meta.kind, "ConfigMap") && text_is(meta.api_version, "v1"));
    CHECK(text_is(meta.name, "a") && text_is(meta.namespace, "n") && text_is(meta.uid, "u-1"));
    CHECK_INT(meta.revision, 42);
    CHECK_INT(meta.generation, 3);
    CHECK_INT(meta.creation_ms, 1767323045000);
    CHECK(!meta_deleting(&meta));
    CHECK(text_is(meta_label(&meta, "team"), "x") && text_is(meta_annotation(&meta, "note"), "y"));
    CHECK(meta_has_finalizer(&meta, TEXT("d.e/f")) && !meta_has_finalizer(&meta, TEXT("d.e")));
    CHECK(text_is(value_field(meta_controller_ref(&meta), "name")->text, "o"));
}

static void decodes_anything(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    static const char *const odd[] = {"[]", "{}", "{metadata: 1}", "{metadata: {labels: 1}}",
                                      "{metadata: {resourceVersion: '007', uid: []}}"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        struct meta meta = meta_of(yaml_value(&arena, odd[i]));
        CHECK_INT(meta.name.len, 0);
        CHECK_INT(meta.revision, 0);
        CHECK(meta.labels == NULL);
    }
    CHECK_INT(meta_of(NULL).name.len, 0);
}

static void reads_revisions(void)
{
    int64_t revision = 0;
    CHECK(meta_parse_revision(TEXT("1"), &revision) && revision == 1);
    CHECK(meta_parse_revision(TEXT("9223372036854775807"), &revision));
    static const char *const wrong[] = {"",   "0",  "01", "-1",
                                        "+1", "1x", " 1", "9223372036854775808"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK(!meta_parse_revision(text_of(wrong[i]), &revision));
    }
}

static void edits_without_touching(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = yaml_value(&arena, OBJECT);
    const char *before = json_of(&arena, root);
    const struct value *edited = meta_with_revision(&arena, root, 43);
    edited = meta_with_annotation(&arena, edited, "note", TEXT(""));
    edited = meta_with_label(&arena, edited, "tier", TEXT("web"));
    edited = meta_without_finalizer(&arena, edited, TEXT("a.b/c"));
    edited = meta_with_finalizer(&arena, edited, TEXT("g.h/i"));
    edited = meta_with_moment(&arena, edited, "deletionTimestamp", 1767323045999);
    struct meta meta = meta_of(edited);
    CHECK_INT(meta.revision, 43);
    CHECK(meta.annotations == NULL);
    CHECK_TEXT(json_of(&arena, meta.finalizers), "[\"d.e/f\",\"g.h/i\"]");
    CHECK_TEXT(json_of(&arena, meta.labels), "{\"team\":\"x\",\"tier\":\"web\"}");
    CHECK_INT(meta.deletion_ms, 1767323045000);
    CHECK_TEXT(json_of(&arena, root), before);
}

static void drops_empty_finalizers(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = yaml_value(&arena, "{metadata: {finalizers: [a.b/c]}}");
    root = meta_without_finalizer(&arena, root, TEXT("a.b/c"));
    CHECK_TEXT(json_of(&arena, root), "{\"metadata\":{}}");
    CHECK(meta_without_finalizer(&arena, root, TEXT("a.b/c")) == root);
}

static const char *first_problem(struct arena *arena, const char *yaml)
{
    struct schema_problems problems = {.arena = arena};
    meta_check(yaml_value(arena, yaml), &problems);
    return problems.count == 0 ? "none" : chars_of(arena, problems.items[0].path);
}

static void says_what_is_wrong(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_TEXT(first_problem(&arena, OBJECT), "none");
    CHECK_TEXT(first_problem(&arena, "{metadata: {creationTimestamp: null, labels: null}}"),
               "none");
    CHECK_TEXT(first_problem(&arena, "{metadata: 1}"), "metadata");
    CHECK_TEXT(first_problem(&arena, "{metadata: {name: 1}}"), "metadata.name");
    CHECK_TEXT(first_problem(&arena, "{metadata: {finalizers: [x]}}"), "metadata.finalizers[0]");
    CHECK_TEXT(first_problem(&arena, "{metadata: {finalizers: {}}}"), "metadata.finalizers");
    CHECK_TEXT(first_problem(&arena, "{metadata: {ownerReferences: [{apiVersion: v1, kind: K, "
                                     "name: n}]}}"),
               "metadata.ownerReferences[0].uid");
    CHECK_TEXT(first_problem(&arena,
                             "{metadata: {ownerReferences: [\n"
                             " {apiVersion: v1, kind: K, name: n, uid: u, controller: true},\n"
                             " {apiVersion: v1, kind: K, name: m, uid: w, controller: true}]}}"),
               "metadata.ownerReferences");
}

SUITE({"decodes what the server and writers say", decodes},
      {"decodes anything, as empty where it is malformed", decodes_anything},
      {"reads revisions: positive, no leading zero", reads_revisions},
      {"edits make another root", edits_without_touching},
      {"an empty list of finalizers disappears", drops_empty_finalizers},
      {"says what is malformed, with its path", says_what_is_wrong})
