#include "document/patch.h"
#include "support/suite.h"
#include "support/tree.h"

struct merge_case {
    const char *target, *patch, *result;
};

static void check_merge(const struct merge_case *merge)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *target = tree_of(&arena, merge->target);
    const char *before = tree_text(&arena, target);
    const struct value *result = patch_merge(&arena, target, tree_of(&arena, merge->patch));
    CHECK_TEXT(tree_text(&arena, result), merge->result);
    CHECK_TEXT(tree_text(&arena, target), before);
}

/* RFC 7386, appendix A, row by row. */
static void merges_as_the_rfc_says(void)
{
    static const struct merge_case rows[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_merge(&rows[i]);
    }
}

/* RFC 7386, section 3: the example of the text. */
static void merges_a_whole_document(void)
{
    check_merge(&(struct merge_case){
        "{\"title\":\"Goodbye!\",\"author\":{\"givenName\":\"John\",\"familyName\":\"Doe\"},"
        "\"tags\":[\"example\",\"sample\"],\"content\":\"This will be unchanged\"}",
        "{\"title\":\"Hello!\",\"phoneNumber\":\"+01-123-456-7890\","
        "\"author\":{\"familyName\":null},\"tags\":[\"example\"]}",
        "{\"author\":{\"givenName\":\"John\"},\"content\":\"This will be unchanged\","
        "\"phoneNumber\":\"+01-123-456-7890\",\"tags\":[\"example\"],\"title\":\"Hello!\"}"});
}

static void merges_onto_nothing(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *patch = tree_of(&arena, "{\"a\":1,\"b\":null,\"c\":{\"d\":null}}");
    CHECK_TEXT(tree_text(&arena, patch_merge(&arena, NULL, patch)), "{\"a\":1,\"c\":{}}");
    CHECK_TEXT(tree_text(&arena, patch_merge(&arena, NULL, value_empty_map())), "{}");
}

static void shares_what_is_unchanged(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *target = tree_of(&arena, "{\"spec\":{\"x\":1},\"status\":{\"y\":1}}");
    const struct value *merged =
        patch_merge(&arena, target, tree_of(&arena, "{\"status\":{\"y\":2}}"));
    CHECK(value_field(merged, "spec") == value_field(target, "spec"));
}

static void check_between(const char *from, const char *to, const char *patch)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *old = tree_of(&arena, from), *new = tree_of(&arena, to);
    CHECK_TEXT(tree_text(&arena, patch_between(&arena, old, new)), patch);
}

static void finds_the_smallest_patch(void)
{
    check_between("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", "{\"b\":3}");
    check_between("{\"a\":1,\"b\":2}", "{\"a\":1}", "{\"b\":null}");
    check_between("{\"a\":1}", "{\"a\":1,\"b\":{\"c\":2}}", "{\"b\":{\"c\":2}}");
    check_between("{\"a\":{\"b\":{\"c\":1,\"d\":2}}}", "{\"a\":{\"b\":{\"c\":1,\"d\":3}}}",
                  "{\"a\":{\"b\":{\"d\":3}}}");
    check_between("{\"a\":{\"b\":1}}", "{\"a\":{}}", "{\"a\":{\"b\":null}}");
    check_between("{\"a\":[1,2]}", "{\"a\":[1,3]}", "{\"a\":[1,3]}");
    check_between("{\"a\":1}", "{\"a\":{}}", "{\"a\":{}}");
    check_between("{\"a\":{\"x\":1}}", "{\"a\":7}", "{\"a\":7}");
    check_between("7", "{}", "{}");
    check_between("{\"x\":1}", "null", "null");
    check_between("[1]", "[2]", "[2]");
}

static void finds_nothing_between_equals(void)
{
    check_between("{\"a\":{\"b\":[1,{\"c\":2}]}}", "{\"a\":{\"b\":[1,{\"c\":2}]}}", "(none)");
    check_between("[]", "[]", "(none)");
    check_between("{}", "{}", "(none)");
    check_between("null", "null", "(none)");
    check_between("{\"a\":1}", "{\"a\":1.0}", "(none)");
}

static void reads_nulls_as_absent(void)
{
    check_between("{\"a\":1}", "{\"a\":null}", "{\"a\":null}");
    check_between("{}", "{\"a\":null}", "(none)");
    check_between("{\"a\":null}", "{}", "(none)");
    check_between("{}", "{\"a\":{\"b\":null,\"c\":1}}", "{\"a\":{\"c\":1}}");
    check_between("{}", "{\"a\":[null,{\"b\":null}]}", "{\"a\":[null,{\"b\":null}]}");
}

/* merge(a, between(a, b)) is b, for every pair of these; none holds a null inside a map. */
static void merging_what_is_between_arrives(void)
{
    static const char *const values[] = {
        "{}",
        "null",
        "7",
        "\"text\"",
        "[]",
        "[{\"a\":1}]",
        "{\"a\":1}",
        "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":[1]}",
        "{\"a\":{\"b\":2,\"c\":{}},\"f\":\"x\"}",
        "{\"a\":{\"c\":{\"d\":2,\"g\":{\"h\":{}}}},\"e\":[1,2]}",
        "{\"\":{},\"a\":[null]}",
    };
    for (size_t i = 0; i < COUNT_OF(values) * COUNT_OF(values); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *from = tree_of(&arena, values[i / COUNT_OF(values)]);
        const struct value *to = tree_of(&arena, values[i % COUNT_OF(values)]);
        const struct value *patch = patch_between(&arena, from, to);
        CHECK((patch == NULL) == value_equal(from, to));
        const struct value *there = patch == NULL ? from : patch_merge(&arena, from, patch);
        CHECK_TEXT(tree_text(&arena, there), values[i % COUNT_OF(values)]);
    }
}

SUITE({"merges as the appendix of RFC 7386 says", merges_as_the_rfc_says},
      {"merges the example of RFC 7386", merges_a_whole_document},
      {"merges onto nothing", merges_onto_nothing},
      {"shares what a patch does not touch", shares_what_is_unchanged},
      {"finds the smallest patch between two values", finds_the_smallest_patch},
      {"finds none between equals", finds_nothing_between_equals},
      {"reads nulls inside maps as absent", reads_nulls_as_absent},
      {"arrives at the other value by merging what is between", merging_what_is_between_arrives})
