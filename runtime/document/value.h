/* A value: null, boolean, integer, real, text, list or map, as JSON knows them.
 *
 * Values are immutable and live in an arena: every pointer is borrowed until the arena ends. Making a
 * changed tree makes new nodes along the path and shares the rest, so old and new are both valid.
 * The fields of a map are sorted by the bytes of their keys and unique; that is the canonical order.
 * Every key and text is followed by a NUL that is not counted (and may hold one: \u0000 is a character).
 * A value remembers where it was written (1-based line and column), 0 where it came from no text.
 *
 * Depth is at most DOC_DEPTH_MAX and the number of nodes at most DOC_NODES_MAX wherever a value came
 * from input, so recursion over a value is bounded.
 */
#ifndef DOCUMENT_VALUE_H
#define DOCUMENT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum value_type {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,  /* 64-bit signed */
    VALUE_REAL, /* finite double */
    VALUE_TEXT, /* valid UTF-8 */
    VALUE_LIST,
    VALUE_MAP,
};

struct value;

struct value_field {
    struct text key;
    const struct value *value;
    uint32_t line, column; /* of the key */
};

struct value {
    enum value_type type;
    uint32_t count; /* of items or fields */
    uint32_t line, column;
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct text text;
        const struct value *const *items;
        const struct value_field *fields;
    };
};

/* "null", "boolean", "integer", "number", "string", "array", "object": the words of JSON Schema. */
const char *value_type_name(enum value_type type);

/* --- making ------------------------------------------------------------------------------------ */

const struct value *value_null(void);
const struct value *value_bool(struct arena *arena, bool boolean);
const struct value *value_int(struct arena *arena, int64_t integer);
const struct value *value_real(struct arena *arena, double real);      /* finite */
const struct value *value_text(struct arena *arena, struct text text); /* copies the bytes */
const struct value *value_chars(struct arena *arena, const char *chars);
const struct value *value_list(struct arena *arena, const struct value *const *items, size_t count);
const struct value *value_empty_map(void);
const struct value *value_empty_list(void);

/* A map from fields in any order; where a key stands twice the later one counts. Keys and the array
 * are copied, values shared. */
const struct value *value_map(struct arena *arena, const struct value_field *fields, size_t count);

/* `map` with `key` set to `value`, or without it where `value` is NULL. `map` may be NULL (empty). */
const struct value *value_with(struct arena *arena, const struct value *map, struct text key,
                               const struct value *value);

/* `list` with `item` at its end; `list` may be NULL (empty). */
const struct value *value_append(struct arena *arena, const struct value *list,
                                 const struct value *item);

/* A deep copy in another arena. */
const struct value *value_copy(struct arena *arena, const struct value *value);

/* For readers of text: sort `fields` in place by key, where they are not sorted already. Returns the
 * later (by line and column) of two fields that have one key, or NULL where every key is unique. */
const struct value_field *value_sort_fields(struct value_field *fields, size_t count);

/* --- reading: every function takes NULL for "absent" and answers it ---------------------------- */

/* The field of a map; NULL where it is absent or `map` is no map. */
const struct value *value_get(const struct value *map, struct text key);
#define value_field(map, literal) value_get((map), TEXT(literal))

/* Item `index` of a list, or NULL. */
const struct value *value_at(const struct value *list, size_t index);

static inline bool value_is(const struct value *value, enum value_type type)
{
    return value != NULL && value->type == type;
}

/* The text, or `otherwise` where it is absent or no text. */
struct text value_text_or(const struct value *value, struct text otherwise);
struct text value_get_text(const struct value *map, struct text key); /* of a field; or empty */
int64_t value_int_or(const struct value *value, int64_t otherwise); /* also a real that is whole */
bool value_bool_or(const struct value *value, bool otherwise);

/* Items of a list or fields of a map; 0 for anything else. */
size_t value_count(const struct value *value);

/* Same type and content; integers and reals are equal where their numbers are. */
bool value_equal(const struct value *a, const struct value *b);

/* Depth-first count of nodes: what limits and budgets are about. */
size_t value_nodes(const struct value *value);

/* TEND_LIMIT where `value` (not NULL) exceeds a limit that holds for a document: depth, number of
 * values, keys of a map, bytes of a key. For values that were put together and not read. */
NODISCARD enum tend_code value_check_bounds(const struct value *value, struct error *err);

#endif
