#include "base/limits.h"
#include "document/value.h"
#include "support/suite.h"
#include "support/tree.h"

static void names_types(void)
{
    CHECK_TEXT(value_type_name(VALUE_NULL), "null");
    CHECK_TEXT(value_type_name(VALUE_BOOL), "boolean");
    CHECK_TEXT(value_type_name(VALUE_INT), "integer");
    CHECK_TEXT(value_type_name(VALUE_REAL), "number");
    CHECK_TEXT(value_type_name(VALUE_TEXT), "string");
    CHECK_TEXT(value_type_name(VALUE_LIST), "array");
    CHECK_TEXT(value_type_name(VALUE_MAP), "object");
}

static void sorts_a_map(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct value_field fields[] = {
        {.key = TEXT("b"), .value = value_int(&arena, 1)},
        {.key = TEXT("ab"), .value = value_int(&arena, 2)},
        {.key = TEXT("a"), .value = value_int(&arena, 3)},
        {.key = TEXT(""), .value = value_int(&arena, 4)},
        {.key = TEXT("\xc3\xa9"), .value = value_int(&arena, 5)},
        {.key = TEXT("B"), .value = value_int(&arena, 6)},
    };
    const struct value *map = value_map(&arena, fields, COUNT_OF(fields));
    CHECK_TEXT(tree_text(&arena, map), "{\"\":4,\"B\":6,\"a\":3,\"ab\":2,\"b\":1,\"\xc3\xa9\":5}");
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        CHECK(value_get(map, fields[i].key) == fields[i].value);
    }
    CHECK(value_field(map, "c") == NULL);
    CHECK(value_field(map, "aa") == NULL);
}

static void later_field_counts(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct value_field fields[40];
    for (int i = 0; i < 40; i++) { /* keys 0..9, four times over */
        static const char keys[] = "7305192846";
        fields[i] = (struct value_field){.key = {&keys[i % 10], 1}, .value = value_int(&arena, i)};
    }
    const struct value *map = value_map(&arena, fields, COUNT_OF(fields));
    CHECK_TEXT(tree_text(&arena, map), "{\"0\":32,\"1\":34,\"2\":36,\"3\":31,\"4\":38,\"5\":33,"
                                       "\"6\":39,\"7\":30,\"8\":37,\"9\":35}");
}

static void map_copies_its_keys(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char key[] = "name";
    struct value_field field = {.key = text_of(key), .value = value_null()};
    const struct value *map = value_map(&arena, &field, 1);
    key[0] = 'X';
    CHECK(value_field(map, "name") != NULL);
    CHECK_TEXT(map->fields[0].key.ptr, "name");
}

static void with_makes_a_new_map(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *old = tree_of(&arena, "{\"b\":{\"x\":1},\"d\":2}");
    const struct value *one = value_int(&arena, 1);
    CHECK_TEXT(tree_text(&arena, value_with(&arena, old, TEXT("a"), one)),
               "{\"a\":1,\"b\":{\"x\":1},\"d\":2}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, old, TEXT("c"), one)),
               "{\"b\":{\"x\":1},\"c\":1,\"d\":2}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, old, TEXT("e"), one)),
               "{\"b\":{\"x\":1},\"d\":2,\"e\":1}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, old, TEXT("d"), one)),
               "{\"b\":{\"x\":1},\"d\":1}");
    CHECK_TEXT(tree_text(&arena, old), "{\"b\":{\"x\":1},\"d\":2}");
    const struct value *grown = value_with(&arena, old, TEXT("a"), one);
    CHECK(value_field(grown, "b") == value_field(old, "b")); /* shared, not copied */
}

static void with_null_takes_out(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *old = tree_of(&arena, "{\"a\":1,\"b\":2,\"c\":3}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, old, TEXT("a"), NULL)), "{\"b\":2,\"c\":3}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, old, TEXT("b"), NULL)), "{\"a\":1,\"c\":3}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, old, TEXT("c"), NULL)), "{\"a\":1,\"b\":2}");
    CHECK(value_with(&arena, old, TEXT("d"), NULL) == old);
    CHECK_TEXT(tree_text(&arena, value_with(&arena, NULL, TEXT("d"), NULL)), "{}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, NULL, TEXT("d"), value_null())),
               "{\"d\":null}");
    const struct value *single = tree_of(&arena, "{\"a\":1}");
    CHECK_TEXT(tree_text(&arena, value_with(&arena, single, TEXT("a"), NULL)), "{}");
}

static void appends_to_a_list(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *first = value_append(&arena, NULL, value_chars(&arena, "x"));
    const struct value *second = value_append(&arena, first, value_bool(&arena, true));
    CHECK_TEXT(tree_text(&arena, first), "[\"x\"]");
    CHECK_TEXT(tree_text(&arena, second), "[\"x\",true]");
    CHECK(value_at(second, 0) == value_at(first, 0));
    CHECK(value_at(second, 2) == NULL);
    CHECK_TEXT(tree_text(&arena, value_list(&arena, second->items, 2)), "[\"x\",true]");
    CHECK_TEXT(tree_text(&arena, value_list(&arena, NULL, 0)), "[]");
}

static void copy_outlives_its_origin(void)
{
    static const char json[] =
        "{\"list\":[1,2.5,null,true,[],{}],\"map\":{\"deep\":{\"text\":\"words\"}}}";
    CLEANUP(arena_done) struct arena keeps = {0};
    struct arena ends = {0};
    const struct value *original = tree_of(&ends, json);
    const struct value *copy = value_copy(&keeps, original);
    CHECK(value_equal(copy, original));
    CHECK_INT(value_field(copy, "map")->column, value_field(original, "map")->column);
    arena_done(&ends);
    CHECK_TEXT(tree_text(&keeps, copy), json);
    CHECK(value_copy(&keeps, NULL) == NULL);
}

static void absent_is_answered(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *text = value_chars(&arena, "t");
    CHECK(value_field(NULL, "a") == NULL);
    CHECK(value_field(text, "a") == NULL);
    CHECK(value_at(NULL, 0) == NULL);
    CHECK(value_at(text, 0) == NULL);
    CHECK(value_field(value_empty_map(), "a") == NULL);
    CHECK(value_at(value_empty_list(), 0) == NULL);
    CHECK(!value_is(NULL, VALUE_NULL));
    CHECK_INT(value_count(NULL), 0);
    CHECK_INT(value_count(text), 0);
    CHECK_INT(value_nodes(NULL), 0);
    CHECK(text_is(value_text_or(NULL, TEXT("other")), "other"));
    CHECK(text_is(value_text_or(text, TEXT("other")), "t"));
    CHECK(text_is(value_text_or(value_null(), TEXT("other")), "other"));
    CHECK(value_bool_or(NULL, true));
    CHECK(!value_bool_or(value_bool(&arena, false), true));
    CHECK_INT(value_int_or(NULL, 7), 7);
    CHECK_INT(value_int_or(text, 7), 7);
}

static void whole_reals_are_integers(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_INT(value_int_or(value_int(&arena, -3), 7), -3);
    CHECK_INT(value_int_or(value_real(&arena, 3.0), 7), 3);
    CHECK_INT(value_int_or(value_real(&arena, 3.5), 7), 7);
    CHECK_INT(value_int_or(value_real(&arena, -0x1p63), 7), INT64_MIN);
    CHECK_INT(value_int_or(value_real(&arena, 0x1p63), 7), 7); /* one too many */
    CHECK_INT(value_int_or(value_real(&arena, 1e300), 7), 7);
}

static bool equal(const char *a, const char *b)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *left = tree_of(&arena, a), *right = tree_of(&arena, b);
    bool forth = value_equal(left, right);
    CHECK(forth == value_equal(right, left));
    return forth;
}

static void compares(void)
{
    CHECK(equal("null", "null"));
    CHECK(equal("{\"a\":[1,{\"b\":\"c\"}],\"z\":true}", "{\"z\":true,\"a\":[1,{\"b\":\"c\"}]}"));
    CHECK(equal("[]", "[]"));
    CHECK(!equal("[]", "{}"));
    CHECK(!equal("null", "false"));
    CHECK(!equal("true", "false"));
    CHECK(!equal("\"1\"", "1"));
    CHECK(!equal("\"a\"", "\"ab\""));
    CHECK(!equal("[1,2]", "[2,1]"));
    CHECK(!equal("[1]", "[1,1]"));
    CHECK(!equal("{\"a\":1}", "{\"b\":1}"));
    CHECK(!equal("{\"a\":1}", "{\"a\":2}"));
    CHECK(!equal("{\"a\":1}", "{\"a\":1,\"b\":1}"));
    CHECK(value_equal(NULL, NULL));
    CHECK(!value_equal(NULL, value_null()));
}

static void compares_numbers_exactly(void)
{
    CHECK(equal("1", "1.0"));
    CHECK(equal("100", "1e2"));
    CHECK(equal("0", "-0.0"));
    CHECK(!equal("1", "1.5"));
    CHECK(!equal("9007199254740993", "9007199254740992.0")); /* equal once rounded to double */
    CHECK(!equal("9223372036854775807", "9223372036854775808"));
    CHECK(equal("-9223372036854775808", "-9.223372036854775808e18"));
    CHECK(!equal("1.5", "2.5"));
}

static void counts_nodes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_INT(value_nodes(tree_of(&arena, "7")), 1);
    CHECK_INT(value_nodes(tree_of(&arena, "{\"a\":[1,2,{}],\"b\":null}")), 6);
}

static void reports_the_later_twin(void)
{
    const struct value *null = value_null();
    struct value_field unique[] = {{TEXT("b"), null, 1, 1}, {TEXT("a"), null, 1, 5}};
    CHECK(value_sort_fields(unique, 2) == NULL);
    CHECK(text_is(unique[0].key, "a"));
    struct value_field twins[] = {
        {TEXT("b"), null, 3, 1}, {TEXT("a"), null, 2, 9}, {TEXT("b"), null, 1, 7}};
    const struct value_field *later = value_sort_fields(twins, 3);
    if (CHECK(later != NULL)) {
        CHECK_INT(later->line, 3);
        CHECK_INT(later[-1].line, 1);
    }
}

static const struct value *nested(struct arena *arena, unsigned depth)
{
    const struct value *value = value_null();
    for (unsigned i = 0; i < depth; i++) {
        value = i % 2 == 0 ? value_append(arena, NULL, value)
                           : value_with(arena, NULL, TEXT("k"), value);
    }
    return value;
}

static void bounds_depth(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    CHECK_INT(value_check_bounds(nested(&arena, DOC_DEPTH_MAX), &err), TEND_OK);
    CHECK_INT(value_check_bounds(nested(&arena, DOC_DEPTH_MAX + 1), &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "nested deeper than 64");
    CHECK_INT(value_check_bounds(nested(&arena, 100 * DOC_DEPTH_MAX), &err), TEND_LIMIT);
}

static void bounds_nodes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    CLEANUP(freep) const struct value **items = alloc_array(DOC_NODES_MAX, sizeof *items);
    for (size_t i = 0; i < DOC_NODES_MAX; i++) {
        items[i] = value_null();
    }
    const struct value *most = value_list(&arena, items, DOC_NODES_MAX - 1);
    const struct value *more = value_list(&arena, items, DOC_NODES_MAX);
    CHECK_INT(value_nodes(most), DOC_NODES_MAX);
    CHECK_INT(value_check_bounds(most, &err), TEND_OK);
    CHECK_INT(value_check_bounds(more, &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "more than 200000 values in one document");
}

static const struct value *map_of(struct arena *arena, size_t count)
{
    CLEANUP(freep) struct value_field *fields = alloc_array(count, sizeof *fields);
    for (size_t i = 0; i < count; i++) {
        fields[i].key = arena_format(arena, "%zu", i);
        fields[i].value = value_null();
    }
    return value_map(arena, fields, count);
}

static void bounds_keys(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    static const char longest[DOC_KEY_MAX + 1];
    struct text key = {longest, DOC_KEY_MAX}, longer = {longest, DOC_KEY_MAX + 1};
    CHECK_INT(value_check_bounds(map_of(&arena, DOC_KEYS_MAX), &err), TEND_OK);
    CHECK_INT(value_check_bounds(map_of(&arena, DOC_KEYS_MAX + 1), &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "a map has 10001 keys, more than 10000");
    CHECK_INT(value_check_bounds(value_with(&arena, NULL, key, value_null()), &err), TEND_OK);
    CHECK_INT(value_check_bounds(value_with(&arena, NULL, longer, value_null()), &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "a key has 1025 bytes, more than 1024");
}

SUITE({"names types in the words of JSON Schema", names_types},
      {"sorts the fields of a map by the bytes of their keys", sorts_a_map},
      {"lets the later of two equal keys count", later_field_counts},
      {"copies the keys of a map", map_copies_its_keys},
      {"makes a changed map beside the old one, sharing the rest", with_makes_a_new_map},
      {"takes a field out", with_null_takes_out}, {"appends to a list", appends_to_a_list},
      {"copies deeply, places too", copy_outlives_its_origin},
      {"answers for what is absent", absent_is_answered},
      {"reads a whole real as an integer", whole_reals_are_integers},
      {"compares by type and content, not by the order written", compares},
      {"compares integers and reals as numbers", compares_numbers_exactly},
      {"counts nodes", counts_nodes},
      {"reports the later of two fields with one key", reports_the_later_twin},
      {"refuses what is nested too deeply", bounds_depth},
      {"refuses too many values", bounds_nodes},
      {"refuses too many keys and keys too long", bounds_keys})
