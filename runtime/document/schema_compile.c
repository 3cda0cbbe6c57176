/* From the value of openAPIV3Schema to a tree; the only place that knows keywords.
 *
 * One table says for each keyword how it is read; a keyword that is not in it refuses the schema, and so
 * does one that would have no effect where it stands. When all keywords of a node are read, the node is
 * judged as a whole: what Kubernetes calls structural (every node has a type, properties exclude
 * additionalProperties, lists have items), and its default against itself, so that a default can never
 * make an object invalid.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/schema_tree.h"

/* One node while it is read. */
struct node {
    struct schema *schema;
    struct schema_home *home;
    const struct schema_step *step; /* where it stands in the schema's text */
    struct error *err;
};

static enum tend_code compile_node(struct schema_home *home, const struct value *text,
                                   const struct schema_step *step, unsigned flags,
                                   const struct schema **ret_schema, struct error *err);

/* --- complaints -------------------------------------------------------------------------------- */

PRINTF_LIKE(3, 4)
static enum tend_code refuse_at(const struct schema_step *step, struct error *err,
                                const char *format, ...)
{
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(SCHEMA_PATH_MAX);
    char message[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    schema_path_write(&path, step);
    return FAIL(err, TEND_INVALID, "%s: %s", path.len == 0 ? "schema" : path.data, message);
}

/* A complaint about the keyword `name` of a node. */
PRINTF_LIKE(3, 4)
static enum tend_code refuse(const struct node *node, const char *name, const char *format, ...)
{
    struct schema_step step = {.up = node->step, .field = text_of(name)};
    char message[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return refuse_at(name == NULL ? node->step : &step, node->err, "%s", message);
}

static enum tend_code refuse_type(const struct node *node, const char *name, const char *expected,
                                  const struct value *found)
{
    CLEANUP(arena_done) struct arena arena = {0};
    return refuse(node, name, "expected %s, found %s", expected, schema_show(&arena, found));
}

/* --- keywords ---------------------------------------------------------------------------------- */

struct keyword {
    const char *name;
    enum tend_code (*read)(const struct node *node, const struct keyword *keyword,
                           const struct value *value);
    size_t detail; /* a flag, or the offset of a member of struct schema */
};

static void *member_of(const struct node *node, const struct keyword *keyword)
{
    return (char *)node->schema + keyword->detail;
}

/* Has a meaning for people or for merging, none for what is valid. */
static enum tend_code read_note(const struct node *node, const struct keyword *keyword,
                                const struct value *value)
{
    (void)node;
    (void)keyword;
    (void)value;
    return TEND_OK;
}

/* A rule of JSON Schema or Kubernetes that is not enforced here. */
static enum tend_code read_unsupported(const struct node *node, const struct keyword *keyword,
                                       const struct value *value)
{
    (void)value;
    return refuse(node, keyword->name, "not supported: it would not be enforced");
}

static enum tend_code read_flag(const struct node *node, const struct keyword *keyword,
                                const struct value *value)
{
    if (value->type != VALUE_BOOL) {
        return refuse_type(node, keyword->name, "true or false", value);
    }
    node->schema->flags |= value->boolean ? (unsigned)keyword->detail : 0;
    return TEND_OK;
}

static enum tend_code read_count(const struct node *node, const struct keyword *keyword,
                                 const struct value *value)
{
    int64_t count = value_int_or(value, -1);
    if (count < 0) {
        return refuse_type(node, keyword->name, "an integer, 0 or greater", value);
    }
    *(int64_t *)member_of(node, keyword) = count;
    return TEND_OK;
}

static enum tend_code read_number(const struct node *node, const struct keyword *keyword,
                                  const struct value *value)
{
    if (value->type != VALUE_INT && value->type != VALUE_REAL) {
        return refuse_type(node, keyword->name, "a number", value);
    }
    *(const struct value **)member_of(node, keyword) = value_copy(&node->home->arena, value);
    return TEND_OK;
}

static enum tend_code read_multiple(const struct node *node, const struct keyword *keyword,
                                    const struct value *value)
{
    TRY(read_number(node, keyword, value));
    struct value zero = {.type = VALUE_INT};
    return schema_order_numbers(value, &zero) > 0
               ? TEND_OK
               : refuse_type(node, keyword->name, "a number greater than 0", value);
}

static enum tend_code read_texts(const struct node *node, const struct keyword *keyword,
                                 const struct value *value)
{
    bool texts = value->type == VALUE_LIST;
    for (uint32_t i = 0; texts && i < value->count; i++) {
        texts = value->items[i]->type == VALUE_TEXT;
    }
    if (!texts) {
        return refuse_type(node, keyword->name, "a list of strings", value);
    }
    *(const struct value **)member_of(node, keyword) = value_copy(&node->home->arena, value);
    return TEND_OK;
}

static enum tend_code read_enum(const struct node *node, const struct keyword *keyword,
                                const struct value *value)
{
    if (value->type != VALUE_LIST || value->count == 0) {
        return refuse_type(node, keyword->name, "a list of values, at least one", value);
    }
    node->schema->choices = value_copy(&node->home->arena, value);
    return TEND_OK;
}

/* A deep copy that remembers no place: what a default adds to an object was written elsewhere. */
static const struct value *placeless_copy(struct arena *arena, const struct value *value)
{
    struct value *copy = arena_alloc(arena, sizeof *copy);
    *copy = *value;
    copy->line = copy->column = 0;
    if (value->type == VALUE_TEXT) {
        copy->text = arena_text(arena, value->text);
    } else if (value->type == VALUE_LIST) {
        const struct value **items = arena_alloc(arena, value->count * sizeof(struct value *));
        for (uint32_t i = 0; i < value->count; i++) {
            items[i] = placeless_copy(arena, value->items[i]);
        }
        copy->items = items;
    } else if (value->type == VALUE_MAP) {
        struct value_field *fields = arena_alloc(arena, value->count * sizeof fields[0]);
        for (uint32_t i = 0; i < value->count; i++) {
            const struct value_field *field = &value->fields[i];
            fields[i].key = arena_text(arena, field->key);
            fields[i].value = placeless_copy(arena, field->value);
        }
        copy->fields = fields;
    }
    return copy;
}

static enum tend_code read_default(const struct node *node, const struct keyword *keyword,
                                   const struct value *value)
{
    (void)keyword;
    node->schema->preset = placeless_copy(&node->home->arena, value);
    return TEND_OK;
}

static enum tend_code read_type(const struct node *node, const struct keyword *keyword,
                                const struct value *value)
{
    static const enum value_type types[] = {VALUE_BOOL, VALUE_INT,  VALUE_REAL,
                                            VALUE_TEXT, VALUE_LIST, VALUE_MAP};
    struct text name = value_text_or(value, TEXT(""));
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (text_is(name, value_type_name(types[i]))) {
            node->schema->type = types[i];
            return TEND_OK;
        }
    }
    return refuse_type(node, keyword->name,
                       "\"object\", \"array\", \"string\", \"integer\", \"number\" or \"boolean\"",
                       value);
}

static enum tend_code read_format(const struct node *node, const struct keyword *keyword,
                                  const struct value *value)
{
    if (value->type != VALUE_TEXT) {
        return refuse_type(node, keyword->name, "a string", value);
    }
    node->schema->format = text_is(value->text, "date-time")  ? FORMAT_DATE_TIME
                           : text_is(value->text, "duration") ? FORMAT_DURATION
                           : text_is(value->text, "int32")    ? FORMAT_INT32
                           : text_is(value->text, "int64")    ? FORMAT_INT64
                                                              : FORMAT_NONE;
    return TEND_OK;
}

static void keep_pattern(struct schema_home *home, struct pattern *pattern)
{
    if (home->pattern_count == home->pattern_capacity) {
        home->pattern_capacity = home->pattern_capacity * 2 + 4;
        home->patterns =
            alloc_resize(home->patterns, home->pattern_capacity, sizeof(struct pattern *));
    }
    home->patterns[home->pattern_count++] = pattern;
}

static enum tend_code read_pattern(const struct node *node, const struct keyword *keyword,
                                   const struct value *value)
{
    struct pattern *pattern = NULL;
    struct error reason = ERROR_INIT;
    if (value->type != VALUE_TEXT) {
        return refuse_type(node, keyword->name, "a string", value);
    }
    if (pattern_compile(value->text, &pattern, &reason) != TEND_OK) {
        return refuse(node, keyword->name, "%s", reason.message);
    }
    keep_pattern(node->home, pattern);
    node->schema->pattern = pattern;
    node->schema->pattern_text = arena_text(&node->home->arena, value->text);
    return TEND_OK;
}

static enum tend_code read_list_type(const struct node *node, const struct keyword *keyword,
                                     const struct value *value)
{
    struct text name = value_text_or(value, TEXT(""));
    if (text_is(name, "set")) {
        node->schema->list_type = LIST_TYPE_SET;
    } else if (text_is(name, "map")) {
        node->schema->list_type = LIST_TYPE_MAP;
    } else if (!text_is(name, "atomic")) {
        return refuse_type(node, keyword->name, "\"atomic\", \"set\" or \"map\"", value);
    }
    return TEND_OK;
}

static enum tend_code read_inner(const struct node *node, const struct keyword *keyword,
                                 const struct value *value)
{
    struct schema_step step = {.up = node->step, .field = text_of(keyword->name)};
    return compile_node(node->home, value, &step, 0, member_of(node, keyword), node->err);
}

static enum tend_code read_additional(const struct node *node, const struct keyword *keyword,
                                      const struct value *value)
{
    if (value->type == VALUE_BOOL) {
        node->schema->flags |= value->boolean ? (unsigned)SCHEMA_ANY_FIELDS : 0;
        return TEND_OK;
    }
    return read_inner(node, keyword, value);
}

static enum tend_code read_properties(const struct node *node, const struct keyword *keyword,
                                      const struct value *value)
{
    if (value->type != VALUE_MAP) {
        return refuse_type(node, keyword->name, "an object", value);
    }
    struct arena *arena = &node->home->arena;
    struct schema_property *properties = arena_alloc(arena, value->count * sizeof properties[0]);
    const char **names = arena_alloc(arena, value->count * sizeof names[0]);
    struct schema_step step = {.up = node->step, .field = text_of(keyword->name)};
    for (uint32_t i = 0; i < value->count; i++) {
        struct schema_step inner = {.up = &step, .field = value->fields[i].key};
        properties[i].name = arena_text(arena, value->fields[i].key);
        names[i] = properties[i].name.ptr;
        TRY(compile_node(node->home, value->fields[i].value, &inner, 0, &properties[i].schema,
                         node->err));
    }
    node->schema->properties = properties;
    node->schema->property_names = names;
    node->schema->property_count = value->count;
    return TEND_OK;
}

static bool is_type_only(const struct value *schema, const char *type)
{
    return value_count(schema) == 1 &&
           text_is(value_text_or(value_field(schema, "type"), TEXT("")), type);
}

/* What generators write beside x-kubernetes-int-or-string, saying the same thing again. */
static enum tend_code read_any_of(const struct node *node, const struct keyword *keyword,
                                  const struct value *value)
{
    bool known = value->type == VALUE_LIST && value->count == 2 &&
                 is_type_only(value->items[0], "integer") &&
                 is_type_only(value->items[1], "string");
    return known ? TEND_OK
                 : refuse(node, keyword->name,
                          "not supported, but as [{type: integer}, {type: string}] beside "
                          "x-kubernetes-int-or-string");
}

#define MEMBER(name) offsetof(struct schema, name)

static const struct keyword keywords[] = {
    {"$ref", read_unsupported, 0},
    {"additionalProperties", read_additional, MEMBER(additional)},
    {"allOf", read_unsupported, 0},
    {"anyOf", read_any_of, 0},
    {"default", read_default, 0},
    {"description", read_note, 0},
    {"enum", read_enum, 0},
    {"example", read_note, 0},
    {"exclusiveMaximum", read_flag, SCHEMA_BELOW_MAXIMUM},
    {"exclusiveMinimum", read_flag, SCHEMA_ABOVE_MINIMUM},
    {"externalDocs", read_note, 0},
    {"format", read_format, 0},
    {"items", read_inner, MEMBER(items)},
    {"maxItems", read_count, MEMBER(max_items)},
    {"maxLength", read_count, MEMBER(max_length)},
    {"maxProperties", read_count, MEMBER(max_properties)},
    {"maximum", read_number, MEMBER(maximum)},
    {"minItems", read_count, MEMBER(min_items)},
    {"minLength", read_count, MEMBER(min_length)},
    {"minProperties", read_count, MEMBER(min_properties)},
    {"minimum", read_number, MEMBER(minimum)},
    {"multipleOf", read_multiple, MEMBER(multiple_of)},
    {"not", read_unsupported, 0},
    {"nullable", read_flag, SCHEMA_NULLABLE},
    {"oneOf", read_unsupported, 0},
    {"pattern", read_pattern, 0},
    {"patternProperties", read_unsupported, 0},
    {"properties", read_properties, 0},
    {"required", read_texts, MEMBER(required)},
    {"title", read_note, 0},
    {"type", read_type, 0},
    {"uniqueItems", read_flag, SCHEMA_UNIQUE_ITEMS},
    {"x-kubernetes-embedded-resource", read_flag, SCHEMA_EMBEDDED},
    {"x-kubernetes-int-or-string", read_flag, SCHEMA_INT_OR_TEXT},
    {"x-kubernetes-list-map-keys", read_texts, MEMBER(map_keys)},
    {"x-kubernetes-list-type", read_list_type, 0},
    {"x-kubernetes-map-type", read_note, 0},
    {"x-kubernetes-preserve-unknown-fields", read_flag, SCHEMA_PRESERVE},
    {"x-kubernetes-validations", read_unsupported, 0},
};

static enum tend_code refuse_keyword(const struct node *node, struct text name)
{
    const char *names[COUNT_OF(keywords)];
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        names[i] = keywords[i].name;
    }
    struct schema_step step = {.up = node->step, .field = name};
    const char *nearest = text_nearest(name, names, COUNT_OF(names));
    if (nearest != NULL) {
        return refuse_at(&step, node->err, "unknown keyword, did you mean \"%s\"?", nearest);
    }
    return refuse_at(&step, node->err, "unknown keyword");
}

static enum tend_code read_keyword(const struct node *node, const struct value_field *field)
{
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (text_is(field->key, keywords[i].name)) {
            return keywords[i].read(node, &keywords[i], field->value);
        }
    }
    return refuse_keyword(node, field->key);
}

/* --- a node as a whole ------------------------------------------------------------------------- */

static enum tend_code judge_type(const struct node *node, const struct value *text)
{
    const struct schema *schema = node->schema;
    bool either = schema_has(schema, SCHEMA_INT_OR_TEXT);
    bool object = schema_has(schema, SCHEMA_EMBEDDED) || schema_has(schema, SCHEMA_ROOT);
    if (either && schema->type != VALUE_NULL) {
        return refuse(node, "type", "expected no type beside x-kubernetes-int-or-string");
    }
    if (!either && value_field(text, "anyOf") != NULL) {
        return refuse(node, "anyOf", "expected x-kubernetes-int-or-string: true beside it");
    }
    if (object && schema->type != VALUE_MAP) {
        return refuse(node, "type", "expected \"object\"");
    }
    if (!either && schema->type == VALUE_NULL && !schema_has(schema, SCHEMA_PRESERVE)) {
        return refuse(node, "type",
                      "Required value: every field has a type (or "
                      "x-kubernetes-int-or-string, or "
                      "x-kubernetes-preserve-unknown-fields)");
    }
    return TEND_OK;
}

static enum tend_code judge_contents(const struct node *node, const struct value *text)
{
    const struct schema *schema = node->schema;
    bool properties = value_field(text, "properties") != NULL;
    bool additional = value_field(text, "additionalProperties") != NULL;
    if (schema->type != VALUE_MAP && (properties || additional)) {
        return refuse(node, properties ? "properties" : "additionalProperties",
                      "expected type: object beside it");
    }
    if (properties && (schema->additional != NULL || schema_has(schema, SCHEMA_ANY_FIELDS))) {
        return refuse(node, "additionalProperties", "expected none beside properties");
    }
    if (schema->type != VALUE_LIST && schema->items != NULL) {
        return refuse(node, "items", "expected type: array beside it");
    }
    if (schema->type == VALUE_LIST && schema->items == NULL) {
        return refuse(node, "items", "Required value: an array says what its items are");
    }
    return TEND_OK;
}

static enum tend_code judge_map_keys(const struct node *node)
{
    const struct schema *items = node->schema->items;
    const struct value *keys = node->schema->map_keys;
    for (uint32_t i = 0; i < keys->count; i++) {
        struct text key = keys->items[i]->text;
        const struct schema *property = schema_property(items, key);
        if (property == NULL || property->type == VALUE_LIST || property->type == VALUE_MAP) {
            return refuse(node, "x-kubernetes-list-map-keys",
                          "expected scalar properties of the items, found \"%.*s\"", TEXT_ARG(key));
        }
    }
    return TEND_OK;
}

static enum tend_code judge_list_type(const struct node *node, const struct value *text)
{
    const struct schema *schema = node->schema;
    bool keys = value_count(schema->map_keys) > 0;
    if (schema->type != VALUE_LIST && value_field(text, "x-kubernetes-list-type") != NULL) {
        return refuse(node, "x-kubernetes-list-type", "expected type: array beside it");
    }
    if (keys != (schema->list_type == LIST_TYPE_MAP)) {
        return refuse(node, "x-kubernetes-list-map-keys", "%s",
                      keys ? "expected x-kubernetes-list-type: map beside it"
                           : "Required value: a list of type map says what its keys are");
    }
    if (schema->list_type == LIST_TYPE_MAP && schema->items->type != VALUE_MAP) {
        return refuse(node, "items", "expected objects in a list of type map");
    }
    return schema->list_type == LIST_TYPE_MAP ? judge_map_keys(node) : TEND_OK;
}

/* Fill the default's own defaults in, and hold it against its schema. */
static enum tend_code judge_default(const struct node *node)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct schema_problems problems = {.arena = &arena};
    struct schema *schema = node->schema;
    if (schema->preset == NULL) {
        return TEND_OK;
    }
    schema->preset = schema_default(schema, &node->home->arena, schema->preset);
    node->home->preset_nodes += value_nodes(schema->preset);
    if (node->home->preset_nodes > SCHEMA_DEFAULT_NODES_MAX) {
        return refuse(node, "default", "expected at most %u values in all defaults of a schema",
                      SCHEMA_DEFAULT_NODES_MAX);
    }
    (void)schema_prune(schema, &arena, schema->preset, &problems);
    schema_validate(schema, schema->preset, &problems);
    if (problems.count > 0) {
        const struct schema_problem *first = &problems.items[0];
        return refuse(node, "default", "%.*s%s%.*s", TEXT_ARG(first->path),
                      first->path.len == 0 ? "" : ": ", TEXT_ARG(first->message));
    }
    return TEND_OK;
}

static enum tend_code compile_node(struct schema_home *home, const struct value *text,
                                   const struct schema_step *step, unsigned flags,
                                   const struct schema **ret_schema, struct error *err)
{
    struct schema *schema = arena_alloc(&home->arena, sizeof *schema);
    struct node node = {schema, home, step, err};
    if (text->type != VALUE_MAP) {
        return refuse_type(&node, NULL, "a schema (an object)", text);
    }
    *schema = (struct schema){.home = home,
                              .flags = flags,
                              .min_length = SCHEMA_NO_COUNT,
                              .max_length = SCHEMA_NO_COUNT,
                              .min_items = SCHEMA_NO_COUNT,
                              .max_items = SCHEMA_NO_COUNT,
                              .min_properties = SCHEMA_NO_COUNT,
                              .max_properties = SCHEMA_NO_COUNT};
    for (uint32_t i = 0; i < text->count; i++) {
        TRY(read_keyword(&node, &text->fields[i]));
    }
    TRY(judge_type(&node, text));
    TRY(judge_contents(&node, text));
    TRY(judge_list_type(&node, text));
    TRY(judge_default(&node));
    *ret_schema = schema;
    return TEND_OK;
}

enum tend_code schema_compile(const struct value *openapi, struct schema **ret_schema,
                              struct error *err)
{
    struct schema_home *home = alloc_new(sizeof *home);
    const struct schema *root = NULL;
    enum tend_code code = compile_node(home, openapi, NULL, SCHEMA_ROOT, &root, err);
    if (code != TEND_OK) {
        schema_home_free(home);
        return code;
    }
    atomic_store_explicit(&home->refs, 1, memory_order_relaxed);
    home->root = *root;
    *ret_schema = &home->root;
    return TEND_OK;
}
