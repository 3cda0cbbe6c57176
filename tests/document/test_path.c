#include "base/limits.h"
#include "document/path.h"
#include "support/suite.h"
#include "support/tree.h"

static const char lab[] =
    "{\"metadata\":{\"annotations\":{\"a.b/c\":\"slashed\",\"it's\":\"quoted\",\"back\\\\slash\":1,"
    "\"\":\"empty\"}},\"spec\":{\"disks\":[{\"size\":10},{\"size\":20}],\"snake_case\":true,"
    "\"kebab-case\":false,\"0\":\"zero\",\"none\":null}}";

struct get_case {
    const char *path, *value;
};

static void gets(void)
{
    static const struct get_case cases[] = {
        {"spec.disks[0].size", "10"},
        {"spec.disks[1].size", "20"},
        {"spec.disks[1]", "{\"size\":20}"},
        {".spec.disks[0].size", "10"},
        {"metadata.annotations['a.b/c']", "\"slashed\""},
        {"metadata.annotations['it\\'s']", "\"quoted\""},
        {"metadata.annotations['back\\\\slash']", "1"},
        {"metadata.annotations['']", "\"empty\""},
        {"['spec']['disks'][0]['size']", "10"},
        {"spec.snake_case", "true"},
        {"spec.kebab-case", "false"},
        {"spec.0", "\"zero\""},
        {"spec.none", "null"},
        {"spec.disks[2].size", "(none)"},
        {"spec.disks.size", "(none)"},
        {"spec.disks[0][0]", "(none)"},
        {"spec[0]", "(none)"},
        {"spec.none.deeper", "(none)"},
        {"status.phase", "(none)"},
    };
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = tree_of(&arena, lab);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_INT(path_check(text_of(cases[i].path), NULL), TEND_OK);
        CHECK_TEXT(tree_text(&arena, path_get(root, text_of(cases[i].path))), cases[i].value);
    }
    CHECK(path_get(root, TEXT("")) == root);
    CHECK(path_get(NULL, TEXT("spec")) == NULL);
}

struct bad_case {
    const char *path, *message;
};

static void refuses_what_is_no_path(void)
{
    static const struct bad_case cases[] = {
        {".", "path \".\": expected a field at its end"},
        {"spec.", "path \"spec.\": expected a field at its end"},
        {"spec..x", "path \"spec..x\": expected a field at \".x\""},
        {"a b", "path \"a b\": expected '.' or '[' at \" b\""},
        {"a/b", "path \"a/b\": expected '.' or '[' at \"/b\""},
        {"$.a", "path \"$.a\": expected a field at \"$.a\""},
        {"a[", "path \"a[\": expected an index or a quoted field at its end"},
        {"a[]", "path \"a[]\": expected an index or a quoted field at \"]\""},
        {"a[*]", "path \"a[*]\": expected an index or a quoted field at \"*]\""},
        {"a[-1]", "path \"a[-1]\": expected an index or a quoted field at \"-1]\""},
        {"a[1", "path \"a[1\": expected ']' at its end"},
        {"a[1x]", "path \"a[1x]\": expected ']' at \"x]\""},
        {"a[1]b", "path \"a[1]b\": expected '.' or '[' at \"b\""},
        {"a['x", "path \"a['x\": expected a closing ' at its end"},
        {"a['x\\", "path \"a['x\\\": expected a closing ' at its end"},
        {"a['x'", "path \"a['x'\": expected ']' at its end"},
        {"a[99999999999999999999999]",
         "path \"a[99999999999999999999999]\": expected a smaller index at "
         "\"99999999999999999999999]\""},
    };
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = tree_of(&arena, lab), *unset = NULL;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = ERROR_INIT;
        struct text path = text_of(cases[i].path);
        CHECK_INT(path_check(path, &err), TEND_INVALID);
        CHECK_TEXT(err.message, cases[i].message);
        CHECK(path_get(root, path) == NULL);
        CHECK_INT(path_set(&arena, root, path, root, &unset, &err), TEND_INVALID);
    }
    CHECK(unset == NULL);
    CHECK_INT(path_check((struct text){"a\0b", 3}, NULL), TEND_INVALID);
}

struct set_case {
    const char *root, *path, *value, *result; /* value NULL: remove */
};

static void check_set(const struct set_case *set)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *root = set->root == NULL ? NULL : tree_of(&arena, set->root);
    const struct value *value = set->value == NULL ? NULL : tree_of(&arena, set->value);
    const struct value *made = NULL;
    const char *before = tree_text(&arena, root);
    CHECK_INT(path_set(&arena, root, text_of(set->path), value, &made, &err), TEND_OK);
    CHECK_TEXT(tree_text(&arena, made), set->result);
    CHECK_TEXT(tree_text(&arena, root), before);
}

static void sets(void)
{
    static const struct set_case cases[] = {
        {"{}", "a", "1", "{\"a\":1}"},
        {"{\"a\":1}", "a", "2", "{\"a\":2}"},
        {"{\"b\":1}", "status.phase", "\"Ready\"", "{\"b\":1,\"status\":{\"phase\":\"Ready\"}}"},
        {NULL, "a.b", "1", "{\"a\":{\"b\":1}}"},
        {"null", "a.b", "1", "{\"a\":{\"b\":1}}"},
        {"{\"a\":null}", "a.b", "1", "{\"a\":{\"b\":1}}"},
        {"{\"a\":[1,2,3]}", "a[1]", "7", "{\"a\":[1,7,3]}"},
        {"{\"a\":[1,2,3]}", "a[3]", "7", "{\"a\":[1,2,3,7]}"},
        {"{}", "a[0].b", "7", "{\"a\":[{\"b\":7}]}"},
        {"[[1],[2]]", "[1][0]", "7", "[[1],[7]]"},
        {"{}", "a['x.y/z'].b", "1", "{\"a\":{\"x.y/z\":{\"b\":1}}}"},
        {"{\"a\":1}", "", "2", "2"},
        {"{\"a\":1}", "a", "null", "{\"a\":null}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_set(&cases[i]);
    }
}

static void removes(void)
{
    static const struct set_case cases[] = {
        {"{\"a\":1,\"b\":2}", "a", NULL, "{\"b\":2}"},
        {"{\"a\":{\"b\":{\"c\":1,\"d\":2}}}", "a.b.c", NULL, "{\"a\":{\"b\":{\"d\":2}}}"},
        {"{\"a\":{\"b\":1}}", "a.b", NULL, "{\"a\":{}}"},
        {"{\"a\":[1,2,3]}", "a[0]", NULL, "{\"a\":[2,3]}"},
        {"{\"a\":[1,2,3]}", "a[2]", NULL, "{\"a\":[1,2]}"},
        {"{\"a\":[1,2,3]}", "a[3]", NULL, "{\"a\":[1,2,3]}"},
        {"{\"a\":1}", "b", NULL, "{\"a\":1}"},
        {"{\"a\":1}", "b.c.d", NULL, "{\"a\":1}"},
        {"{\"a\":null}", "a.b", NULL, "{\"a\":null}"},
        {"{}", "a[0].b", NULL, "{}"},
        {NULL, "a", NULL, "(none)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_set(&cases[i]);
    }
}

static void shares_the_rest(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = tree_of(&arena, lab), *made = NULL;
    CHECK_INT(path_set(&arena, root, TEXT("spec.x"), value_null(), &made, NULL), TEND_OK);
    CHECK(value_field(made, "metadata") == value_field(root, "metadata"));
    CHECK(path_get(made, TEXT("spec.disks")) == path_get(root, TEXT("spec.disks")));
    CHECK_INT(path_set(&arena, root, TEXT("spec.y"), NULL, &made, NULL), TEND_OK);
    CHECK(made == root); /* nothing was there to remove */
}

static void refuses_to_set(const char *root, const char *path, const char *message)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *made = NULL;
    CHECK_INT(path_set(&arena, tree_of(&arena, root), text_of(path), value_null(), &made, &err),
              TEND_INVALID);
    CHECK_TEXT(err.message, message);
    CHECK(made == NULL);
}

static void says_what_is_in_the_way(void)
{
    refuses_to_set("{\"a\":7}", "a.b", "path \"a.b\": \"b\" cannot be in an integer");
    refuses_to_set("{\"a\":[]}", "a.b", "path \"a.b\": \"b\" cannot be in an array");
    refuses_to_set("{\"a\":\"\"}", "a.b.c", "path \"a.b.c\": \"b\" cannot be in a string");
    refuses_to_set("{\"a\":{}}", "a[0]", "path \"a[0]\": [0] cannot be in an object");
    refuses_to_set("{\"a\":[1]}", "a[2]", "path \"a[2]\": [2] is beyond the end (1 items)");
    refuses_to_set("{}", "a[1]", "path \"a[1]\": [1] is beyond the end (0 items)");
}

static void keeps_the_root(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *made = NULL;
    CHECK_INT(path_set(&arena, value_empty_map(), TEXT(""), NULL, &made, &err), TEND_INVALID);
    CHECK_TEXT(err.message, "the whole value cannot be removed");
}

static void builds(void)
{
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(1000);
    path_add_field(&path, TEXT("spec"));
    path_add_field(&path, TEXT("disks"));
    path_add_index(&path, 12);
    path_add_field(&path, TEXT("size_in-GB"));
    CHECK_TEXT(path.data, "spec.disks[12].size_in-GB");
    buffer_clear(&path);
    path_add_field(&path, TEXT("a.b/c"));
    path_add_field(&path, TEXT("it's \\"));
    path_add_field(&path, TEXT(""));
    path_add_field(&path, TEXT("\xc3\xa9"));
    CHECK_TEXT(path.data, "['a.b/c']['it\\'s \\\\']['']['\xc3\xa9']");
}

/* Whatever key a map has, the path built from it leads back to its value. */
static void what_is_built_is_found(void)
{
    static const char *const keys[] = {"a", "a.b", "'", "\\", "']", "", "[0]", "0", "\n", "x y"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(1000);
        const struct value *root = NULL, *value = value_int(&arena, 1);
        path_add_field(&path, TEXT("spec"));
        path_add_field(&path, text_of(keys[i]));
        path_add_index(&path, 0);
        CHECK_INT(path_set(&arena, NULL, buffer_view(&path), value, &root, NULL), TEND_OK);
        CHECK(value_at(value_get(value_field(root, "spec"), text_of(keys[i])), 0) == value);
        CHECK(path_get(root, buffer_view(&path)) == value);
    }
}

static void steps_are_bounded(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(4096);
    struct error err = ERROR_INIT;
    const struct value *made = NULL;
    for (unsigned i = 0; i < DOC_DEPTH_MAX; i++) {
        path_add_field(&path, TEXT("a"));
    }
    CHECK_INT(path_check(buffer_view(&path), &err), TEND_OK);
    CHECK_INT(path_set(&arena, NULL, buffer_view(&path), value_null(), &made, &err), TEND_OK);
    CHECK(path_get(made, buffer_view(&path)) == value_null());
    path_add_field(&path, TEXT("a"));
    CHECK_INT(path_check(buffer_view(&path), &err), TEND_INVALID);
    CHECK(strstr(err.message, "more steps than 64") != NULL);
    CHECK(path_get(made, buffer_view(&path)) == NULL);
}

static void a_field_is_bounded(void)
{
    char path[DOC_KEY_MAX + 8] = "['";
    memset(path + 2, 'x', DOC_KEY_MAX + 1);
    memcpy(path + 2 + DOC_KEY_MAX, "']", 3);
    CHECK_INT(path_check(text_of(path), NULL), TEND_OK);
    memcpy(path + 2 + DOC_KEY_MAX, "x']", 4);
    CHECK_INT(path_check(text_of(path), NULL), TEND_INVALID);
}

SUITE({"finds what is there", gets}, {"refuses what is no path", refuses_what_is_no_path},
      {"sets, making what is missing on the way", sets}, {"removes", removes},
      {"shares what it does not change", shares_the_rest},
      {"says what is in the way", says_what_is_in_the_way},
      {"does not remove the root", keeps_the_root}, {"builds paths in canonical writing", builds},
      {"finds what it built", what_is_built_is_found}, {"bounds the steps", steps_are_bounded},
      {"bounds the length of a field", a_field_is_bounded})
