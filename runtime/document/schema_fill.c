/* What a value gets and what it loses on its way in: defaults, and fields that nobody declared.
 *
 * A null where the schema allows none means "not set", as it does to Kubernetes: the default takes its
 * place, or the field goes. What a schema adds is complete (its own defaults are in it since it was
 * compiled), so filling in does not walk what it just added, and doing it twice changes nothing.
 *
 * A tree that does not change is returned as it is; one that does shares whatever stayed.
 */
#include <stdlib.h>

#include "document/schema_tree.h"

/* --- a copy of a container that begins with the first difference ------------------------------- */

struct rebuild {
    struct arena *arena;
    const struct value *from;
    size_t extra; /* fields that may come on top of those in `from` */
    struct value_field *fields;
    size_t count;
    bool changed;
};

/* Field `index` of the old container (an item of a list has no key) is `value` now; NULL: it is gone. */
static void rebuild_put(struct rebuild *rebuild, size_t index, struct value_field old,
                        const struct value *value)
{
    if (value != old.value && !rebuild->changed) {
        size_t most = rebuild->from->count + rebuild->extra;
        rebuild->changed = true;
        rebuild->fields = arena_alloc(rebuild->arena, most * sizeof rebuild->fields[0]);
        for (size_t i = 0; i < index; i++) {
            rebuild->fields[i] = rebuild->from->type == VALUE_MAP
                                     ? rebuild->from->fields[i]
                                     : (struct value_field){.value = rebuild->from->items[i]};
        }
        rebuild->count = index;
    }
    if (rebuild->changed && value != NULL) {
        old.value = value;
        rebuild->fields[rebuild->count++] = old;
    }
}

static void rebuild_add(struct rebuild *rebuild, struct text key, const struct value *value)
{
    rebuild_put(rebuild, rebuild->from->count, (struct value_field){.key = key}, value);
}

static int by_key(const void *left, const void *right)
{
    const struct value_field *a = left, *b = right;
    return text_compare(a->key, b->key);
}

static const struct value *rebuild_map(struct rebuild *rebuild)
{
    if (!rebuild->changed) {
        return rebuild->from;
    }
    struct value *map = arena_alloc(rebuild->arena, sizeof *map);
    *map = *rebuild->from;
    map->count = (uint32_t)rebuild->count;
    if (rebuild->count > 0) {
        qsort(rebuild->fields, rebuild->count, sizeof rebuild->fields[0], by_key);
    }
    map->fields = rebuild->fields;
    return map;
}

static const struct value *rebuild_list(struct rebuild *rebuild)
{
    if (!rebuild->changed) {
        return rebuild->from;
    }
    struct value *list = arena_alloc(rebuild->arena, sizeof *list);
    const struct value **items =
        arena_alloc(rebuild->arena, rebuild->count * sizeof(struct value *));
    for (size_t i = 0; i < rebuild->count; i++) {
        items[i] = rebuild->fields[i].value;
    }
    *list = *rebuild->from;
    list->items = items;
    return list;
}

/* --- defaults ---------------------------------------------------------------------------------- */

/* A null that means "not set". */
static bool is_unset(const struct schema *schema, const struct value *value)
{
    return value->type == VALUE_NULL && !schema_has(schema, SCHEMA_NULLABLE) &&
           (schema->type != VALUE_NULL || schema_has(schema, SCHEMA_INT_OR_TEXT));
}

/* A copy: the schema may be gone before the value is. NULL where there is no default. */
static const struct value *preset_of(const struct schema *schema, struct arena *arena)
{
    return schema->preset == NULL ? NULL : value_copy(arena, schema->preset);
}

static const struct value *default_map(const struct schema *schema, struct arena *arena,
                                       const struct value *map)
{
    struct rebuild rebuild = {.arena = arena, .from = map, .extra = schema->property_count};
    for (size_t i = 0; i < map->count; i++) {
        const struct value_field *field = &map->fields[i];
        const struct schema *inner = schema_field(schema, field->key);
        const struct value *value = field->value;
        if (inner != NULL) {
            value = is_unset(inner, value) ? preset_of(inner, arena)
                                           : schema_default(inner, arena, value);
        }
        rebuild_put(&rebuild, i, *field, value);
    }
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct schema_property *property = &schema->properties[i];
        if (property->schema->preset != NULL && value_get(map, property->name) == NULL &&
            schema_field(schema, property->name) != NULL) {
            rebuild_add(&rebuild, arena_text(arena, property->name),
                        preset_of(property->schema, arena));
        }
    }
    return rebuild_map(&rebuild);
}

static const struct value *default_list(const struct schema *items, struct arena *arena,
                                        const struct value *list)
{
    struct rebuild rebuild = {.arena = arena, .from = list};
    for (size_t i = 0; i < list->count; i++) {
        struct value_field old = {.value = list->items[i]};
        rebuild_put(&rebuild, i, old, schema_default(items, arena, list->items[i]));
    }
    return rebuild_list(&rebuild);
}

const struct value *schema_default(const struct schema *schema, struct arena *arena,
                                   const struct value *value)
{
    if (value->type == VALUE_MAP) {
        return default_map(schema, arena, value);
    }
    if (value->type == VALUE_LIST && schema->items != NULL) {
        return default_list(schema->items, arena, value);
    }
    return value;
}

/* --- unknown fields ---------------------------------------------------------------------------- */

struct prune {
    struct arena *arena;
    struct schema_problems *problems;
};

static const struct value *prune_value(const struct prune *prune, const struct schema *schema,
                                       const struct value *value, const struct schema_step *step);

static void report_unknown(const struct prune *prune, const struct schema *schema,
                           const struct value_field *field, const struct schema_step *step)
{
    struct value place = {.line = field->line, .column = field->column};
    const char *nearest = text_nearest(field->key, schema->property_names, schema->property_count);
    struct text shown = text_clip(field->key, 80);
    if (nearest == NULL) {
        schema_complain(prune->problems, SCHEMA_UNKNOWN, step, &place, "unknown field \"%.*s\"",
                        TEXT_ARG(shown));
    } else {
        schema_complain(prune->problems, SCHEMA_UNKNOWN, step, &place,
                        "unknown field \"%.*s\", did you mean \"%s\"?", TEXT_ARG(shown), nearest);
    }
}

static bool keeps_unknown(const struct schema *schema, struct text key)
{
    return schema_has(schema, SCHEMA_PRESERVE) || schema_has(schema, SCHEMA_ANY_FIELDS) ||
           schema_is_object_field(schema, key);
}

static const struct value *prune_map(const struct prune *prune, const struct schema *schema,
                                     const struct value *map, const struct schema_step *up)
{
    struct rebuild rebuild = {.arena = prune->arena, .from = map};
    for (size_t i = 0; i < map->count; i++) {
        const struct value_field *field = &map->fields[i];
        const struct schema *inner = schema_field(schema, field->key);
        const struct value *value = field->value;
        struct schema_step step = {.up = up, .field = field->key};
        if (inner != NULL) {
            value = prune_value(prune, inner, value, &step);
        } else if (!keeps_unknown(schema, field->key)) {
            report_unknown(prune, schema, field, &step);
            value = NULL;
        }
        rebuild_put(&rebuild, i, *field, value);
    }
    return rebuild_map(&rebuild);
}

static const struct value *prune_list(const struct prune *prune, const struct schema *items,
                                      const struct value *list, const struct schema_step *up)
{
    struct rebuild rebuild = {.arena = prune->arena, .from = list};
    for (size_t i = 0; i < list->count; i++) {
        struct schema_step step = {.up = up, .index = i};
        struct value_field old = {.value = list->items[i]};
        rebuild_put(&rebuild, i, old, prune_value(prune, items, list->items[i], &step));
    }
    return rebuild_list(&rebuild);
}

static const struct value *prune_value(const struct prune *prune, const struct schema *schema,
                                       const struct value *value, const struct schema_step *step)
{
    if (value->type == VALUE_MAP) {
        return prune_map(prune, schema, value, step);
    }
    if (value->type == VALUE_LIST && schema->items != NULL) {
        return prune_list(prune, schema->items, value, step);
    }
    return value;
}

const struct value *schema_prune(const struct schema *schema, struct arena *arena,
                                 const struct value *value, struct schema_problems *problems)
{
    struct prune prune = {arena, problems};
    return prune_value(&prune, schema, value, NULL);
}
