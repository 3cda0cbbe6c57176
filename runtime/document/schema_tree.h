/* A compiled schema as its files share it: what schema_compile.c builds and the others walk. */
#ifndef DOCUMENT_SCHEMA_TREE_H
#define DOCUMENT_SCHEMA_TREE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "document/schema.h"
#include "document/schema_path.h"
#include "document/schema_pattern.h"

struct schema_property {
    struct text name;
    const struct schema *schema;
};

enum schema_format { FORMAT_NONE, FORMAT_DATE_TIME, FORMAT_DURATION, FORMAT_INT32, FORMAT_INT64 };
enum schema_list_type { LIST_TYPE_ATOMIC, LIST_TYPE_SET, LIST_TYPE_MAP };
enum schema_flag {
    SCHEMA_NULLABLE = 1 << 0,
    SCHEMA_INT_OR_TEXT = 1 << 1,
    SCHEMA_PRESERVE = 1 << 2,      /* unknown fields stay */
    SCHEMA_EMBEDDED = 1 << 3,      /* an object of some kind: apiVersion, kind, metadata */
    SCHEMA_ROOT = 1 << 4,          /* of a kind: the same, and metadata is not ours to judge */
    SCHEMA_ANY_FIELDS = 1 << 5,    /* additionalProperties: true */
    SCHEMA_ABOVE_MINIMUM = 1 << 6, /* exclusiveMinimum */
    SCHEMA_BELOW_MAXIMUM = 1 << 7, /* exclusiveMaximum */
    SCHEMA_UNIQUE_ITEMS = 1 << 8,
};

#define SCHEMA_NO_COUNT (-1) /* a bound that is not declared */

struct schema {
    struct schema_home *home;
    enum value_type type; /* VALUE_NULL: none declared; VALUE_REAL: number */
    unsigned flags;       /* of enum schema_flag */
    enum schema_format format;
    enum schema_list_type list_type;

    const struct schema_property *properties; /* sorted by name */
    const char *const *property_names;        /* the same, for "did you mean" */
    size_t property_count;
    const struct schema *additional; /* of fields that are no property; NULL: there are none */
    const struct schema *items;

    const struct value *required, *map_keys;             /* lists of texts, or NULL */
    const struct value *choices;                         /* enum */
    const struct value *preset;                          /* default, its own defaults filled in */
    const struct value *minimum, *maximum, *multiple_of; /* numbers, or NULL */
    int64_t min_length, max_length;                      /* characters */
    int64_t min_items, max_items, min_properties, max_properties; /* or SCHEMA_NO_COUNT */
    const struct pattern *pattern;
    struct text pattern_text;
};

/* What all nodes of one compiled schema live in. */
struct schema_home {
    atomic_uint refs;
    struct schema root;
    struct arena arena; /* the other nodes, and what they refer to */
    struct pattern **patterns;
    size_t pattern_count, pattern_capacity;
    size_t preset_nodes; /* values in all defaults */
};

void schema_home_free(struct schema_home *home);

static inline bool schema_has(const struct schema *schema, enum schema_flag flag)
{
    return (schema->flags & (unsigned)flag) != 0;
}

/* Is `key` one of apiVersion, kind and metadata of an object that has them by its nature? */
bool schema_is_object_field(const struct schema *schema, struct text key);

/* The schema of the property `name`; NULL where it is none. */
const struct schema *schema_property(const struct schema *schema, struct text name);

/* The schema that judges the field `key`: of its property, else of additional fields. NULL where there
 * is none, and for the metadata of an object, which is judged elsewhere. */
const struct schema *schema_field(const struct schema *schema, struct text key);

/* schema_problem_add for a walk: the path is written only where the problem is kept. */
void schema_complain(struct schema_problems *problems, enum schema_reason reason,
                     const struct schema_step *step, const struct value *value, const char *format,
                     ...) PRINTF_LIKE(5, 6);
bool schema_problems_full(const struct schema_problems *problems);

/* `value` as JSON, cut to a length that fits a sentence, in `arena`; NUL-terminated. */
const char *schema_show(struct arena *arena, const struct value *value);

/* Is `value` of the type that the schema declares? A whole real is an integer up to 2^53. */
bool schema_type_fits(const struct schema *schema, const struct value *value);

/* Which of two numbers is greater, exactly: <0, 0, >0. */
int schema_order_numbers(const struct value *a, const struct value *b);

/* The first place in `list` of an item that stands before it already; list->count where there is none.
 * Where `keys` (a list of texts) is given, items are the same when these fields are. */
size_t schema_repeated_item(const struct value *list, const struct value *keys);

#endif
