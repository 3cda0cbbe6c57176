/* Maps are sorted arrays: half the memory of a hash table, one canonical order for writing, merging
 * and comparing, and a lookup among the dozen fields that a map has is four comparisons.
 *
 * Changing copies one array, not the tree: what did not change is shared. Null and the empty
 * containers are constants, because most documents hold several.
 */
#include "document/value.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"

enum { FEW_FIELDS = 12 }; /* in a map that is looked through */

static const struct value the_null = {.type = VALUE_NULL};
static const struct value the_empty_map = {.type = VALUE_MAP};
static const struct value the_empty_list = {.type = VALUE_LIST};

const char *value_type_name(enum value_type type)
{
    switch (type) {
    case VALUE_NULL:
        return "null";
    case VALUE_BOOL:
        return "boolean";
    case VALUE_INT:
        return "integer";
    case VALUE_REAL:
        return "number";
    case VALUE_TEXT:
        return "string";
    case VALUE_LIST:
        return "array";
    case VALUE_MAP:
        return "object";
    }
    return "unknown";
}

/* --- making ------------------------------------------------------------------------------------ */

static struct value *new_value(struct arena *arena, enum value_type type)
{
    struct value *value = arena_alloc(arena, sizeof *value);
    value->type = type;
    return value;
}

static struct value *new_container(struct arena *arena, enum value_type type, size_t count,
                                   size_t size, void **ret_array)
{
    assert(count <= UINT32_MAX);
    struct value *value = new_value(arena, type);
    value->count = (uint32_t)count;
    *ret_array = count == 0 ? NULL : arena_alloc(arena, count * size);
    return value;
}

/* A map with room for `count` fields, to be filled in order by the caller. */
static struct value *new_map(struct arena *arena, size_t count, struct value_field **ret_fields)
{
    void *array;
    struct value *map = new_container(arena, VALUE_MAP, count, sizeof(struct value_field), &array);
    map->fields = *ret_fields = array;
    return map;
}

static struct value *new_list(struct arena *arena, size_t count, const struct value ***ret_items)
{
    void *array;
    struct value *list = new_container(arena, VALUE_LIST, count, sizeof(struct value *), &array);
    list->items = *ret_items = array;
    return list;
}

const struct value *value_null(void)
{
    return &the_null;
}

const struct value *value_bool(struct arena *arena, bool boolean)
{
    struct value *value = new_value(arena, VALUE_BOOL);
    value->boolean = boolean;
    return value;
}

const struct value *value_int(struct arena *arena, int64_t integer)
{
    struct value *value = new_value(arena, VALUE_INT);
    value->integer = integer;
    return value;
}

const struct value *value_real(struct arena *arena, double real)
{
    assert(__builtin_isfinite(real));
    struct value *value = new_value(arena, VALUE_REAL);
    value->real = real;
    return value;
}

const struct value *value_text(struct arena *arena, struct text text)
{
    struct value *value = new_value(arena, VALUE_TEXT);
    value->text = arena_text(arena, text);
    return value;
}

const struct value *value_chars(struct arena *arena, const char *chars)
{
    return value_text(arena, text_of(chars));
}

const struct value *value_list(struct arena *arena, const struct value *const *items, size_t count)
{
    const struct value **copy;
    struct value *list = new_list(arena, count, &copy);
    if (count > 0) {
        memcpy(copy, items, count * sizeof *copy);
    }
    return list;
}

const struct value *value_empty_map(void)
{
    return &the_empty_map;
}

const struct value *value_empty_list(void)
{
    return &the_empty_list;
}

static bool fields_ascend(const struct value_field *fields, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (text_compare(fields[i - 1].key, fields[i].key) >= 0) {
            return false;
        }
    }
    return true;
}

/* Pointers into one array: where keys are equal, the place in the array decides. */
static int compare_places(const void *left, const void *right)
{
    const struct value_field *a = *(const struct value_field *const *)left;
    const struct value_field *b = *(const struct value_field *const *)right;
    int order = text_compare(a->key, b->key);
    return order != 0 ? order : (a > b) - (a < b);
}

/* Keep the last of each run of equal keys; returns how many are left. */
static size_t drop_earlier(const struct value_field **places, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count || !text_equal(places[i]->key, places[i + 1]->key)) {
            places[kept++] = places[i];
        }
    }
    return kept;
}

static void copy_field(struct arena *arena, struct value_field *to, const struct value_field *from)
{
    *to = *from;
    to->key = arena_text(arena, from->key);
}

const struct value *value_map(struct arena *arena, const struct value_field *fields, size_t count)
{
    CLEANUP(freep) const struct value_field **places = NULL;
    size_t kept = count;
    if (!fields_ascend(fields, count)) {
        places = alloc_array(count, sizeof *places);
        for (size_t i = 0; i < count; i++) {
            places[i] = &fields[i];
        }
        qsort(places, count, sizeof *places, compare_places);
        kept = drop_earlier(places, count);
    }
    struct value_field *copy;
    struct value *map = new_map(arena, kept, &copy);
    for (size_t i = 0; i < kept; i++) {
        copy_field(arena, &copy[i], places == NULL ? &fields[i] : places[i]);
    }
    return map;
}

static int compare_fields(const void *left, const void *right)
{
    const struct value_field *a = left, *b = right;
    int order = text_compare(a->key, b->key);
    if (order != 0) {
        return order;
    }
    int by_line = (a->line > b->line) - (a->line < b->line);
    return by_line != 0 ? by_line : (a->column > b->column) - (a->column < b->column);
}

const struct value_field *value_sort_fields(struct value_field *fields, size_t count)
{
    if (fields_ascend(fields, count)) {
        return NULL;
    }
    qsort(fields, count, sizeof *fields, compare_fields);
    for (size_t i = 1; i < count; i++) {
        if (text_equal(fields[i - 1].key, fields[i].key)) {
            return &fields[i];
        }
    }
    return NULL;
}

/* Index of the first field whose key is not below `key`. */
static size_t lower_bound(const struct value *map, struct text key)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_compare(map->fields[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool field_is(const struct value *map, size_t index, struct text key)
{
    return index < map->count && text_equal(map->fields[index].key, key);
}

static void copy_fields(struct value_field *to, const struct value_field *from, size_t count)
{
    if (count > 0) {
        memcpy(to, from, count * sizeof *to);
    }
}

static const struct value *map_without(struct arena *arena, const struct value *map, size_t index)
{
    struct value_field *fields;
    struct value *made = new_map(arena, map->count - 1u, &fields);
    size_t kept = 0;
    made->line = map->line;
    made->column = map->column;
    for (size_t i = 0; i < map->count; i++) {
        if (i != index) {
            fields[kept++] = map->fields[i];
        }
    }
    return made;
}

const struct value *value_with(struct arena *arena, const struct value *map, struct text key,
                               const struct value *value)
{
    const struct value *old = value_is(map, VALUE_MAP) ? map : &the_empty_map;
    size_t index = lower_bound(old, key);
    bool replaces = field_is(old, index, key);
    if (value == NULL) {
        return replaces ? map_without(arena, old, index) : old;
    }
    struct value_field *fields;
    struct value *made = new_map(arena, old->count + (replaces ? 0u : 1u), &fields);
    made->line = old->line;
    made->column = old->column;
    copy_fields(fields, old->fields, index);
    fields[index].key = replaces ? old->fields[index].key : arena_text(arena, key);
    fields[index].value = value;
    fields[index].line = replaces ? old->fields[index].line : value->line;
    fields[index].column = replaces ? old->fields[index].column : value->column;
    size_t rest = index + (replaces ? 1 : 0);
    copy_fields(fields + index + 1, rest == old->count ? NULL : old->fields + rest,
                old->count - rest);
    return made;
}

const struct value *value_append(struct arena *arena, const struct value *list,
                                 const struct value *item)
{
    const struct value *old = value_is(list, VALUE_LIST) ? list : &the_empty_list;
    const struct value **items;
    struct value *made = new_list(arena, old->count + 1u, &items);
    made->line = old->line;
    made->column = old->column;
    if (old->count > 0) {
        memcpy(items, old->items, old->count * sizeof *items);
    }
    items[old->count] = item;
    return made;
}

static void copy_list(struct arena *arena, struct value *copy)
{
    const struct value *const *from = copy->items;
    const struct value **items = arena_alloc(arena, copy->count * sizeof *items);
    for (size_t i = 0; i < copy->count; i++) {
        items[i] = value_copy(arena, from[i]);
    }
    copy->items = items;
}

static void copy_map(struct arena *arena, struct value *copy)
{
    const struct value_field *from = copy->fields;
    struct value_field *fields = arena_alloc(arena, copy->count * sizeof *fields);
    for (size_t i = 0; i < copy->count; i++) {
        copy_field(arena, &fields[i], &from[i]);
        fields[i].value = value_copy(arena, from[i].value);
    }
    copy->fields = fields;
}

const struct value *value_copy(struct arena *arena, const struct value *value)
{
    if (value == NULL) {
        return NULL;
    }
    struct value *copy = arena_alloc(arena, sizeof *copy);
    *copy = *value;
    switch (value->type) {
    case VALUE_TEXT:
        copy->text = arena_text(arena, value->text);
        break;
    case VALUE_LIST:
        copy_list(arena, copy);
        break;
    case VALUE_MAP:
        copy_map(arena, copy);
        break;
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_REAL:
        break;
    }
    return copy;
}

/* --- reading ----------------------------------------------------------------------------------- */

/* Most maps have a handful of fields, and their keys differ in length: to look at each is faster than to
 * halve, which needs their order. */
static const struct value *look_through(const struct value *map, struct text key)
{
    for (size_t i = 0; i < map->count; i++) {
        if (text_equal(map->fields[i].key, key)) {
            return map->fields[i].value;
        }
    }
    return NULL;
}

const struct value *value_get(const struct value *map, struct text key)
{
    if (!value_is(map, VALUE_MAP)) {
        return NULL;
    }
    if (map->count <= FEW_FIELDS) {
        return look_through(map, key);
    }
    size_t index = lower_bound(map, key);
    return field_is(map, index, key) ? map->fields[index].value : NULL;
}

const struct value *value_at(const struct value *list, size_t index)
{
    return value_is(list, VALUE_LIST) && index < list->count ? list->items[index] : NULL;
}

struct text value_text_or(const struct value *value, struct text otherwise)
{
    return value_is(value, VALUE_TEXT) ? value->text : otherwise;
}

struct text value_get_text(const struct value *map, struct text key)
{
    return value_text_or(value_get(map, key), TEXT(""));
}

/* Whether `real` is a whole number that int64_t holds; 2^63 itself is the first that is not. */
static bool real_to_int(double real, int64_t *ret_integer)
{
    if (!(real >= -0x1p63 && real < 0x1p63)) {
        return false;
    }
    *ret_integer = (int64_t)real;
    return (double)*ret_integer == real;
}

int64_t value_int_or(const struct value *value, int64_t otherwise)
{
    int64_t whole = 0;
    if (value_is(value, VALUE_INT)) {
        return value->integer;
    }
    return value_is(value, VALUE_REAL) && real_to_int(value->real, &whole) ? whole : otherwise;
}

bool value_bool_or(const struct value *value, bool otherwise)
{
    return value_is(value, VALUE_BOOL) ? value->boolean : otherwise;
}

size_t value_count(const struct value *value)
{
    return value_is(value, VALUE_LIST) || value_is(value, VALUE_MAP) ? value->count : 0;
}

/* Exact, not through double: 2^53 + 1 and 9007199254740992.0 are different numbers. */
static bool numbers_equal(const struct value *a, const struct value *b)
{
    int64_t whole = 0;
    if (a->type == VALUE_INT && b->type == VALUE_REAL) {
        return real_to_int(b->real, &whole) && whole == a->integer;
    }
    if (a->type == VALUE_REAL && b->type == VALUE_INT) {
        return real_to_int(a->real, &whole) && whole == b->integer;
    }
    return false;
}

static bool lists_equal(const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!value_equal(a->items[i], b->items[i])) {
            return false;
        }
    }
    return true;
}

static bool maps_equal(const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!text_equal(a->fields[i].key, b->fields[i].key) ||
            !value_equal(a->fields[i].value, b->fields[i].value)) {
            return false;
        }
    }
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a == b || a == NULL || b == NULL) {
        return a == b;
    }
    if (a->type != b->type) {
        return numbers_equal(a, b);
    }
    switch (a->type) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOL:
        return a->boolean == b->boolean;
    case VALUE_INT:
        return a->integer == b->integer;
    case VALUE_REAL:
        return a->real == b->real;
    case VALUE_TEXT:
        return text_equal(a->text, b->text);
    case VALUE_LIST:
        return a->count == b->count && lists_equal(a, b);
    case VALUE_MAP:
        return a->count == b->count && maps_equal(a, b);
    }
    return false;
}

static const struct value *child(const struct value *container, size_t index)
{
    return container->type == VALUE_MAP ? container->fields[index].value : container->items[index];
}

size_t value_nodes(const struct value *value)
{
    size_t nodes = value == NULL ? 0 : 1;
    for (size_t i = 0; i < value_count(value); i++) {
        nodes += value_nodes(child(value, i));
    }
    return nodes;
}

static enum tend_code check_keys(const struct value *map, struct error *err)
{
    if (map->count > DOC_KEYS_MAX) {
        return FAIL(err, TEND_LIMIT, "a map has %u keys, more than %u", map->count, DOC_KEYS_MAX);
    }
    for (size_t i = 0; i < map->count; i++) {
        if (map->fields[i].key.len > DOC_KEY_MAX) {
            return FAIL(err, TEND_LIMIT, "a key has %zu bytes, more than %u",
                        map->fields[i].key.len, DOC_KEY_MAX);
        }
    }
    return TEND_OK;
}

static enum tend_code check_bounds(const struct value *value, unsigned depth, size_t *nodes,
                                   struct error *err)
{
    if (++*nodes > DOC_NODES_MAX) {
        return FAIL(err, TEND_LIMIT, "more than %u values in one document", DOC_NODES_MAX);
    }
    if (value->type != VALUE_LIST && value->type != VALUE_MAP) {
        return TEND_OK;
    }
    if (depth >= DOC_DEPTH_MAX) {
        return FAIL(err, TEND_LIMIT, "nested deeper than %u", DOC_DEPTH_MAX);
    }
    if (value->type == VALUE_MAP) {
        TRY(check_keys(value, err));
    }
    for (size_t i = 0; i < value->count; i++) {
        TRY(check_bounds(child(value, i), depth + 1, nodes, err));
    }
    return TEND_OK;
}

enum tend_code value_check_bounds(const struct value *value, struct error *err)
{
    size_t nodes = 0;
    return check_bounds(value, 0, &nodes, err);
}
