#include <string.h>

#include "resource/fixture.h"
#include "resource/name.h"

static char long_text[300];

static struct text of_length(size_t len)
{
    memset(long_text, 'a', sizeof long_text);
    return (struct text){long_text, len};
}

static void labels(void)
{
    CHECK(name_check_label(TEXT("lab-1")) == NULL);
    CHECK(name_check_label(of_length(63)) == NULL);
    CHECK(name_check_label(of_length(64)) != NULL);
    CHECK(name_check_label(TEXT("")) != NULL);
    CHECK(name_check_label(TEXT("a.b")) != NULL);
    CHECK(name_check_label(TEXT("-a")) != NULL);
    CHECK(name_check_label(TEXT("a-")) != NULL);
    CHECK(name_check_label(TEXT("Lab")) != NULL);
}

static void subdomains(void)
{
    CHECK(name_check_subdomain(TEXT("lab.neuroglia.com")) == NULL);
    CHECK(name_check_subdomain(of_length(253)) == NULL);
    CHECK(name_check_subdomain(of_length(254)) != NULL);
    static const char *const wrong[] = {"",   ".",   "..",  "a..b", ".a",
                                        "a.", "a/b", "a%b", "a.-b", "ä"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK(name_check_subdomain(text_of(wrong[i])) != NULL);
    }
}

static void qualified(void)
{
    CHECK(name_check_qualified(TEXT("team")) == NULL);
    CHECK(name_check_qualified(TEXT("app.kubernetes.io/Name_1.x")) == NULL);
    CHECK(name_check_qualified(TEXT("/team")) != NULL);
    CHECK(name_check_qualified(TEXT("a/b/c")) != NULL);
    CHECK(name_check_qualified(TEXT("a/")) != NULL);
    CHECK(name_check_qualified(TEXT("te am")) != NULL);
    CHECK(name_check_qualified(of_length(64)) != NULL);
}

static void label_values(void)
{
    CHECK(name_check_label_value(TEXT("")) == NULL);
    CHECK(name_check_label_value(TEXT("A_b.c-9")) == NULL);
    CHECK(name_check_label_value(of_length(63)) == NULL);
    CHECK(name_check_label_value(of_length(64)) != NULL);
    CHECK(name_check_label_value(TEXT("a b")) != NULL);
    CHECK(name_check_label_value(TEXT("-a")) != NULL);
}

static void finalizers(void)
{
    CHECK(name_check_finalizer(TEXT("lab.neuroglia.com/tend")) == NULL);
    CHECK(name_check_finalizer(TEXT("orphan")) == NULL);
    CHECK(name_check_finalizer(TEXT("foregroundDeletion")) == NULL);
    CHECK(name_check_finalizer(TEXT("cleanup")) != NULL);
}

static void bounds_annotations(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char *big = arena_alloc(&arena, ANNOTATIONS_MAX);
    memset(big, 'x', ANNOTATIONS_MAX);
    struct schema_problems problems = {.arena = &arena};
    struct text fits = {big, ANNOTATIONS_MAX - 1}, over = {big, ANNOTATIONS_MAX};
    const struct value *map = value_with(&arena, NULL, TEXT("a"), value_text(&arena, fits));
    name_check_annotations(map, "metadata.annotations", &problems);
    CHECK_INT(problems.count, 0);
    map = value_with(&arena, NULL, TEXT("a"), value_text(&arena, over));
    name_check_annotations(map, "metadata.annotations", &problems);
    CHECK_INT(problems.count, 1);
    CHECK_INT(problems.items[0].reason, SCHEMA_TOO_LONG);
}

static void names_what_is_wrong_with_labels(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct schema_problems problems = {.arena = &arena};
    name_check_labels(yaml_value(&arena, "{tier: 1, 'b ad': x, ok: 'no way'}"), "metadata.labels",
                      &problems);
    CHECK_INT(problems.count, 3);
    CHECK_TEXT(chars_of(&arena, problems.items[2].message),
               "the value of \"tier\" must be a string, is integer; quote it");
}

static void generates(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text name = name_generate(&arena, TEXT("lab-"), 123456789);
    CHECK_INT(name.len, 9);
    CHECK(text_starts(name, TEXT("lab-")));
    CHECK(name_check_label(name) == NULL);
    CHECK(!text_equal(name, name_generate(&arena, TEXT("lab-"), 987654321)));
    CHECK_INT(name_generate(&arena, of_length(100), 1).len, 63);
}

static void makes_uids(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_TEXT(name_uid(&arena, UINT64_MAX, UINT64_MAX).ptr,
               "ffffffff-ffff-4fff-bfff-ffffffffffff");
    CHECK_TEXT(name_uid(&arena, 0, 0).ptr, "00000000-0000-4000-8000-000000000000");
}

SUITE({"labels: lower case, digits and '-', at most 63", labels},
      {"subdomains: at most 253, a safe path segment", subdomains},
      {"qualified names have at most one prefix", qualified},
      {"values of labels may be empty", label_values}, {"finalizers are qualified", finalizers},
      {"annotations have at most 256 KiB in all", bounds_annotations},
      {"names what is wrong with labels", names_what_is_wrong_with_labels},
      {"generates names from a base cut to 58", generates}, {"makes uids of version 4", makes_uids})
