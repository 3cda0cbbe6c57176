#include "resource/condition.h"
#include "resource/fixture.h"

#define START INT64_C(1767225600000)

static struct condition ready(const char *status, const char *reason)
{
    return (struct condition){.type = TEXT("Ready"),
                              .status = text_of(status),
                              .reason = text_of(reason),
                              .message = TEXT("because"),
                              .observed_generation = 2};
}

static void is_absent_at_first(void)
{
    struct condition found;
    CHECK(!condition_get(value_empty_map(), TEXT("Ready"), &found));
    CHECK(!condition_is_true(value_empty_map(), TEXT("Ready")));
}

static void is_set(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct condition found = {0}, wanted = ready("True", "Observed");
    const struct value *root = condition_set(&arena, value_empty_map(), &wanted, START);
    CHECK(condition_get(root, TEXT("Ready"), &found));
    CHECK(text_is(found.status, "True") && text_is(found.reason, "Observed"));
    CHECK_INT(found.since_ms, START);
    CHECK_INT(found.observed_generation, 2);
    CHECK(condition_is_true(root, TEXT("Ready")));
}

static void keeps_the_moment_until_the_status_changes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct condition found = {0}, wanted = ready("True", "Observed");
    const struct value *root = condition_set(&arena, value_empty_map(), &wanted, START);
    wanted = ready("True", "StillObserved");
    root = condition_set(&arena, root, &wanted, START + 5000);
    CHECK(condition_get(root, TEXT("Ready"), &found) && found.since_ms == START);
    wanted = ready("False", "Lost");
    root = condition_set(&arena, root, &wanted, START + 9000);
    CHECK(condition_get(root, TEXT("Ready"), &found) && found.since_ms == START + 9000);
}

static void changes_nothing_where_nothing_changes(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct condition wanted = ready("True", "Observed");
    const struct value *root = condition_set(&arena, value_empty_map(), &wanted, START);
    CHECK(condition_set(&arena, root, &wanted, START + 9000) == root);
}

static void keeps_the_others(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct condition wanted = ready("True", "Observed");
    const struct value *root =
        yaml_value(&arena, "{status: {state: a, conditions: [{type: A, status: 'True'},\n"
                           " {type: Ready, status: 'False'}, {type: B, status: 'True'}]}}");
    root = condition_set(&arena, root, &wanted, START);
    CHECK(condition_is_true(root, TEXT("A")) && condition_is_true(root, TEXT("B")));
    CHECK(condition_is_true(root, TEXT("Ready")));
    CHECK_INT(value_count(value_field(value_field(root, "status"), "conditions")), 3);
    root = condition_remove(&arena, root, TEXT("Ready"));
    CHECK_INT(value_count(value_field(value_field(root, "status"), "conditions")), 2);
    CHECK(condition_remove(&arena, root, TEXT("Ready")) == root);
}

SUITE({"absent is unknown", is_absent_at_first}, {"is set with its moment", is_set},
      {"the moment changes only with the status", keeps_the_moment_until_the_status_changes},
      {"setting what is there returns the same root", changes_nothing_where_nothing_changes},
      {"one for each type, the others stay", keeps_the_others})
