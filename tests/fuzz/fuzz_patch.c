/* Two lines of JSON, a and b. Merging into a what is between a and b arrives at b, except for nulls,
 * which a merge patch cannot say; merging a patch twice is merging it once. */
#include "base/alloc.h"
#include "document/json.h"
#include "document/patch.h"
#include "support/require.h"

/* `value` without the nulls that maps in maps hold. Depth is bounded by what was parsed. */
static const struct value *without_nulls(struct arena *arena, const struct value *value)
{
    const struct value *kept = value_empty_map();
    if (value->type != VALUE_MAP) {
        return value;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct value_field *field = &value->fields[i];
        if (field->value->type != VALUE_NULL) {
            kept = value_with(arena, kept, field->key, without_nulls(arena, field->value));
        }
    }
    return kept;
}

static void check_between(struct arena *arena, const struct value *from, const struct value *to)
{
    const struct value *patch = patch_between(arena, from, to);
    const struct value *there = patch == NULL ? from : patch_merge(arena, from, patch);
    require(value_equal(without_nulls(arena, there), without_nulls(arena, to)), "arrives");
    require(patch_between(arena, there, to) == NULL, "nothing is left between");
    require(patch_between(arena, from, from) == NULL, "nothing is between equals");
    const struct value *whole = patch_between(arena, NULL, to);
    require(value_equal(patch_merge(arena, NULL, whole), without_nulls(arena, to)), "from nothing");
}

static void check_merging(struct arena *arena, const struct value *target,
                          const struct value *patch)
{
    const struct value *once = patch_merge(arena, target, patch);
    const struct value *twice = patch_merge(arena, once, patch);
    require(value_equal(once, twice), "merging twice is merging once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text rest = {(const char *)data, size};
    struct text first = text_cut(&rest, '\n');
    const struct value *a, *b;
    if (json_parse(&arena, first, &a, NULL) != TEND_OK ||
        json_parse(&arena, rest, &b, NULL) != TEND_OK) {
        return 0;
    }
    check_between(&arena, a, b);
    check_between(&arena, b, a);
    check_merging(&arena, a, b);
    check_merging(&arena, b, a);
    return 0;
}
