/* Conditions are a list in the object but a map by type in meaning. The list is small, so it is walked;
 * setting what is already there returns the same root, which is what keeps a converged controller from
 * writing. */
#include "resource/condition.h"

#include "base/alloc.h"
#include "base/moment.h"
#include "resource/meta.h"

static const struct value *condition_list(const struct value *root)
{
    const struct value *list = value_field(value_field(root, "status"), "conditions");
    return value_is(list, VALUE_LIST) ? list : NULL;
}

/* The place of `type` in the list; its count where it is not there. */
static size_t find(const struct value *list, struct text type)
{
    size_t place = 0;
    while (place < value_count(list) &&
           !text_equal(value_get_text(value_at(list, place), TEXT("type")), type)) {
        place++;
    }
    return place;
}

bool condition_get(const struct value *root, struct text type, struct condition *ret_condition)
{
    const struct value *list = condition_list(root);
    const struct value *item = value_at(list, find(list, type));
    if (item == NULL) {
        return false;
    }
    struct condition condition = {
        .type = type,
        .status = value_get_text(item, TEXT("status")),
        .reason = value_get_text(item, TEXT("reason")),
        .message = value_get_text(item, TEXT("message")),
        .observed_generation = value_int_or(value_field(item, "observedGeneration"), 0),
        .since_ms = META_NO_MOMENT,
    };
    if (!moment_parse(value_get_text(item, TEXT("lastTransitionTime")), &condition.since_ms)) {
        condition.since_ms = META_NO_MOMENT;
    }
    *ret_condition = condition;
    return true;
}

bool condition_is_true(const struct value *root, struct text type)
{
    struct condition condition;
    return condition_get(root, type, &condition) && text_is(condition.status, "True");
}

/* The condition as a value; `before` is what stands in its place, or NULL. */
static const struct value *to_value(struct arena *arena, const struct condition *condition,
                                    const struct value *before, int64_t now_ms)
{
    char moment[MOMENT_TEXT_MAX];
    const struct value *since = value_field(before, "lastTransitionTime");
    if (since == NULL || !text_equal(value_get_text(before, TEXT("status")), condition->status)) {
        since = value_chars(arena, moment_format(now_ms, moment));
    }
    const struct value_field fields[] = {
        {.key = TEXT("type"), .value = value_text(arena, condition->type)},
        {.key = TEXT("status"), .value = value_text(arena, condition->status)},
        {.key = TEXT("reason"), .value = value_text(arena, condition->reason)},
        {.key = TEXT("message"), .value = value_text(arena, condition->message)},
        {.key = TEXT("lastTransitionTime"), .value = since},
    };
    const struct value *value = value_map(arena, fields, COUNT_OF(fields));
    if (condition->observed_generation > 0) {
        value = value_with(arena, value, TEXT("observedGeneration"),
                           value_int(arena, condition->observed_generation));
    }
    return value;
}

static const struct value *with_list(struct arena *arena, const struct value *root,
                                     const struct value *list)
{
    const struct value *status = value_field(root, "status");
    status =
        value_with(arena, value_is(status, VALUE_MAP) ? status : NULL, TEXT("conditions"), list);
    return value_with(arena, root, TEXT("status"), status);
}

const struct value *condition_set(struct arena *arena, const struct value *root,
                                  const struct condition *condition, int64_t now_ms)
{
    const struct value *list = condition_list(root), *changed = NULL;
    size_t place = find(list, condition->type);
    const struct value *before = value_at(list, place);
    const struct value *value = to_value(arena, condition, before, now_ms);
    if (value_equal(before, value)) {
        return root;
    }
    for (size_t i = 0; i < value_count(list); i++) {
        changed = value_append(arena, changed, i == place ? value : value_at(list, i));
    }
    return with_list(arena, root, before == NULL ? value_append(arena, changed, value) : changed);
}

const struct value *condition_remove(struct arena *arena, const struct value *root,
                                     struct text type)
{
    const struct value *list = condition_list(root), *changed = NULL;
    size_t place = find(list, type);
    if (value_at(list, place) == NULL) {
        return root;
    }
    for (size_t i = 0; i < value_count(list); i++) {
        changed = i == place ? changed : value_append(arena, changed, value_at(list, i));
    }
    return with_list(arena, root, changed);
}
