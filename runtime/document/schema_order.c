/* Finding what stands twice in a list by sorting pointers to its items: a list may be as long as a
 * document, and comparing each with each would take minutes.
 *
 * The order of values is ours alone and means nothing; it agrees with value_equal, so 1 and 1.0 are the
 * same. An integer and a real are compared without rounding either.
 */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "document/schema_tree.h"

static int sign_of(bool greater, bool less)
{
    return (int)greater - (int)less;
}

static int order_int_real(int64_t integer, double real)
{
    if (real >= 0x1p63) {
        return -1;
    }
    if (real < -0x1p63) {
        return 1;
    }
    double whole = trunc(real);
    int64_t other = (int64_t)whole;
    if (integer != other) {
        return integer < other ? -1 : 1;
    }
    return sign_of(whole > real, whole < real);
}

int schema_order_numbers(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_INT && b->type == VALUE_INT) {
        return sign_of(a->integer > b->integer, a->integer < b->integer);
    }
    if (a->type == VALUE_REAL && b->type == VALUE_REAL) {
        return sign_of(a->real > b->real, a->real < b->real);
    }
    return a->type == VALUE_INT ? order_int_real(a->integer, b->real)
                                : -order_int_real(b->integer, a->real);
}

static int order_values(const struct value *a, const struct value *b);

static int order_lists(const struct value *a, const struct value *b)
{
    for (uint32_t i = 0; i < a->count && i < b->count; i++) {
        int order = order_values(a->items[i], b->items[i]);
        if (order != 0) {
            return order;
        }
    }
    return sign_of(a->count > b->count, a->count < b->count);
}

static int order_maps(const struct value *a, const struct value *b)
{
    for (uint32_t i = 0; i < a->count && i < b->count; i++) {
        int order = text_compare(a->fields[i].key, b->fields[i].key);
        order = order != 0 ? order : order_values(a->fields[i].value, b->fields[i].value);
        if (order != 0) {
            return order;
        }
    }
    return sign_of(a->count > b->count, a->count < b->count);
}

/* Absent (NULL) comes first. */
static int order_values(const struct value *a, const struct value *b)
{
    if (a == NULL || b == NULL) {
        return sign_of(a != NULL, b != NULL);
    }
    enum value_type left = a->type == VALUE_REAL ? VALUE_INT : a->type;
    enum value_type right = b->type == VALUE_REAL ? VALUE_INT : b->type;
    if (left != right) {
        return left < right ? -1 : 1;
    }
    switch (a->type) {
    case VALUE_NULL:
        return 0;
    case VALUE_BOOL:
        return (int)a->boolean - (int)b->boolean;
    case VALUE_INT:
    case VALUE_REAL:
        return schema_order_numbers(a, b);
    case VALUE_TEXT:
        return text_compare(a->text, b->text);
    case VALUE_LIST:
        return order_lists(a, b);
    case VALUE_MAP:
        return order_maps(a, b);
    }
    return 0;
}

/* `keys` is a list of texts: only these fields of an item count; NULL: all of it. */
static int order_items(const struct value *a, const struct value *b, const struct value *keys)
{
    if (keys == NULL) {
        return order_values(a, b);
    }
    int order = 0;
    for (uint32_t i = 0; order == 0 && i < keys->count; i++) {
        struct text key = keys->items[i]->text;
        order = order_values(value_get(a, key), value_get(b, key));
    }
    return order;
}

/* Slots of the list's array: of equal items the earlier slot comes first. */
static int by_item_then_place(const void *left, const void *right, void *keys)
{
    const struct value *const *a = *(const struct value *const *const *)left;
    const struct value *const *b = *(const struct value *const *const *)right;
    int order = order_items(*a, *b, keys);
    return order != 0 ? order : sign_of(a > b, a < b);
}

size_t schema_repeated_item(const struct value *list, const struct value *keys)
{
    CLEANUP(freep)
    const struct value *const **slots = alloc_array(list->count + 1u, sizeof slots[0]);
    for (uint32_t i = 0; i < list->count; i++) {
        slots[i] = &list->items[i];
    }
    union {
        const struct value *in;
        void *out; /* qsort_r hands it through untouched */
    } context = {keys};
    qsort_r(slots, list->count, sizeof slots[0], by_item_then_place, context.out);
    size_t first = list->count;
    for (uint32_t i = 1; i < list->count; i++) {
        size_t place = (size_t)(slots[i] - list->items);
        if (place < first && order_items(*slots[i - 1], *slots[i], keys) == 0) {
            first = place;
        }
    }
    return first;
}
