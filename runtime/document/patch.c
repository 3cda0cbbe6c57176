/* Both directions walk two sorted maps side by side, as a merge does: linear in the fields of one
 * level, and what is on one side only is shared, not copied. Depth never grows beyond the deeper of
 * the two, so recursion is bounded as theirs is. */
#include "document/patch.h"

/* Two maps walked in the order of their keys. */
struct walk {
    const struct value *left, *right; /* a map, or NULL for an empty one */
    size_t left_at, right_at;
};

/* The next key, with the field of each side that has it (else NULL); false at the end of both. */
static bool walk_next(struct walk *walk, const struct value_field **ret_left,
                      const struct value_field **ret_right)
{
    bool left = walk->left_at < value_count(walk->left);
    bool right = walk->right_at < value_count(walk->right);
    int order = left ? -1 : 1;
    if (left && right) {
        order = text_compare(walk->left->fields[walk->left_at].key,
                             walk->right->fields[walk->right_at].key);
    }
    *ret_left = left && order <= 0 ? &walk->left->fields[walk->left_at++] : NULL;
    *ret_right = right && order >= 0 ? &walk->right->fields[walk->right_at++] : NULL;
    return left || right;
}

/* A map being made: room for all fields of both sides. */
static struct value *map_begin(struct arena *arena, const struct value *left,
                               const struct value *right, struct value_field **ret_fields)
{
    size_t most = value_count(left) + value_count(right);
    struct value *map = arena_alloc(arena, sizeof *map);
    const struct value *place = right != NULL ? right : left;
    map->type = VALUE_MAP;
    map->line = place->line;
    map->column = place->column;
    *ret_fields = arena_alloc(arena, most * sizeof **ret_fields);
    map->fields = *ret_fields;
    return map;
}

const struct value *patch_merge(struct arena *arena, const struct value *target,
                                const struct value *patch)
{
    if (patch->type != VALUE_MAP) {
        return patch;
    }
    struct walk walk = {.left = value_is(target, VALUE_MAP) ? target : NULL, .right = patch};
    struct value_field *fields;
    struct value *merged = map_begin(arena, walk.left, walk.right, &fields);
    const struct value_field *old, *change;
    while (walk_next(&walk, &old, &change)) {
        if (change == NULL) {
            fields[merged->count++] = *old;
        } else if (change->value->type != VALUE_NULL) {
            struct value_field *field = &fields[merged->count++];
            *field = *change;
            field->value = patch_merge(arena, old == NULL ? NULL : old->value, change->value);
        }
    }
    return merged;
}

static bool absent(const struct value_field *field)
{
    return field == NULL || field->value->type == VALUE_NULL;
}

/* The patch for one field, or NULL where there is nothing to change. */
static const struct value *field_between(struct arena *arena, const struct value_field *from,
                                         const struct value_field *to)
{
    if (absent(to)) {
        return absent(from) ? NULL : value_null();
    }
    return patch_between(arena, from == NULL ? NULL : from->value, to->value);
}

static const struct value *maps_between(struct arena *arena, const struct value *from,
                                        const struct value *to)
{
    struct walk walk = {.left = from, .right = to};
    struct value_field *fields;
    struct value *patch = map_begin(arena, from, to, &fields);
    const struct value_field *old, *new;
    while (walk_next(&walk, &old, &new)) {
        const struct value *change = field_between(arena, old, new);
        if (change != NULL) {
            fields[patch->count] = new != NULL ? *new : *old;
            fields[patch->count++].value = change;
        }
    }
    return patch;
}

const struct value *patch_between(struct arena *arena, const struct value *from,
                                  const struct value *to)
{
    if (value_is(from, VALUE_MAP) && to->type == VALUE_MAP) {
        const struct value *patch = from == to ? NULL : maps_between(arena, from, to);
        return value_count(patch) == 0 ? NULL : patch;
    }
    if (value_equal(from, to)) {
        return NULL;
    }
    return to->type == VALUE_MAP ? maps_between(arena, NULL, to) : to;
}
