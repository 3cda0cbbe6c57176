/* What is wrong with a value, in the words that users of Kubernetes know.
 *
 * One walk, value and schema side by side. A value of the wrong type is told once and not looked into.
 * Everything else that is wrong is told together, up to SCHEMA_PROBLEMS_MAX; a walk that has told so many
 * ends, so its cost is bounded by the value's size alone.
 */
#include <math.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "document/schema_tree.h"

enum { CHOICES_SHOWN_MAX = 20 }; /* of an enum, in a sentence */

#define COUNT_ARG(count) (long long)(count) /* for "%lld" */

struct check {
    const struct schema *schema;
    const struct value *value;
    const struct schema_step *step; /* NULL: the root */
    struct schema_problems *problems;
};

static const char *show(const struct check *check)
{
    return schema_show(check->problems->arena, check->value);
}

#define COMPLAIN(check, reason, ...)                                                               \
    schema_complain((check)->problems, (reason), (check)->step, (check)->value, __VA_ARGS__)

static void validate(const struct check *check);

/* --- types ------------------------------------------------------------------------------------- */

/* A whole real counts as far as doubles tell one integer from the next. */
static bool is_integer(const struct value *value)
{
    return value->type == VALUE_INT ||
           (value->type == VALUE_REAL && trunc(value->real) == value->real &&
            fabs(value->real) <= 0x1p53);
}

bool schema_type_fits(const struct schema *schema, const struct value *value)
{
    if (schema_has(schema, SCHEMA_INT_OR_TEXT)) {
        return is_integer(value) || value->type == VALUE_TEXT;
    }
    switch (schema->type) {
    case VALUE_NULL: /* none declared */
        return true;
    case VALUE_INT:
        return is_integer(value);
    case VALUE_REAL:
        return value->type == VALUE_INT || value->type == VALUE_REAL;
    case VALUE_BOOL:
    case VALUE_TEXT:
    case VALUE_LIST:
    case VALUE_MAP:
        return value->type == schema->type;
    }
    return false;
}

static void complain_type(const struct check *check)
{
    const char *wanted = schema_has(check->schema, SCHEMA_INT_OR_TEXT)
                             ? "integer or string"
                             : value_type_name(check->schema->type);
    COMPLAIN(check, SCHEMA_TYPE, "Invalid value: %s: must be of type %s, is %s", show(check),
             wanted, value_type_name(check->value->type));
}

/* --- numbers ----------------------------------------------------------------------------------- */

static void check_bounds(const struct check *check)
{
    const struct schema *schema = check->schema;
    struct arena *arena = check->problems->arena;
    bool above = schema_has(schema, SCHEMA_ABOVE_MINIMUM);
    bool below = schema_has(schema, SCHEMA_BELOW_MAXIMUM);
    if (schema->minimum != NULL &&
        schema_order_numbers(check->value, schema->minimum) < (above ? 1 : 0)) {
        COMPLAIN(check, SCHEMA_INVALID, "Invalid value: %s: must be greater than %s%s", show(check),
                 above ? "" : "or equal to ", schema_show(arena, schema->minimum));
    }
    if (schema->maximum != NULL &&
        schema_order_numbers(check->value, schema->maximum) > (below ? -1 : 0)) {
        COMPLAIN(check, SCHEMA_INVALID, "Invalid value: %s: must be less than %s%s", show(check),
                 below ? "" : "or equal to ", schema_show(arena, schema->maximum));
    }
}

static double number_of(const struct value *value)
{
    return value->type == VALUE_INT ? (double)value->integer : value->real;
}

/* Exact for integers; for reals within what a division of doubles may be off (0.3 is a multiple of 0.1). */
static bool is_multiple(const struct value *value, const struct value *of)
{
    if (value->type == VALUE_INT && of->type == VALUE_INT) {
        return value->integer % of->integer == 0;
    }
    double quotient = number_of(value) / number_of(of);
    double distance = fabs(quotient - round(quotient));
    return isfinite(quotient) && distance <= 1e-9 * fmax(1.0, fabs(quotient));
}

static void check_number(const struct check *check)
{
    static const double int32_end = 0x1p31, int64_end = 0x1p63;
    const struct schema *schema = check->schema;
    check_bounds(check);
    if (schema->multiple_of != NULL && !is_multiple(check->value, schema->multiple_of)) {
        COMPLAIN(check, SCHEMA_INVALID, "Invalid value: %s: must be a multiple of %s", show(check),
                 schema_show(check->problems->arena, schema->multiple_of));
    }
    double end = schema->format == FORMAT_INT32   ? int32_end
                 : schema->format == FORMAT_INT64 ? int64_end
                                                  : 0;
    double number = number_of(check->value);
    bool outside = number < -end || number >= end;
    if (end > 0 && outside && check->value->type == VALUE_INT && end == int64_end) {
        outside =
            false; /* an integer value is within by its nature, whatever its double rounds to */
    }
    if (end > 0 && outside) {
        COMPLAIN(check, SCHEMA_INVALID, "Invalid value: %s: must be an integer of %s bits",
                 show(check), end == int32_end ? "32" : "64");
    }
}

/* --- texts ------------------------------------------------------------------------------------- */

static int64_t characters_in(struct text text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    }
    return count;
}

static void check_length(const struct check *check)
{
    const struct schema *schema = check->schema;
    if (schema->max_length == SCHEMA_NO_COUNT && schema->min_length == SCHEMA_NO_COUNT) {
        return;
    }
    int64_t length = characters_in(check->value->text);
    if (schema->max_length != SCHEMA_NO_COUNT && length > schema->max_length) {
        COMPLAIN(check, SCHEMA_TOO_LONG, "Too long: may not be more than %lld characters, has %lld",
                 COUNT_ARG(schema->max_length), COUNT_ARG(length));
    }
    if (schema->min_length != SCHEMA_NO_COUNT && length < schema->min_length) {
        COMPLAIN(check, SCHEMA_INVALID,
                 "Invalid value: %s: must have at least %lld characters, has %lld", show(check),
                 COUNT_ARG(schema->min_length), COUNT_ARG(length));
    }
}

static void check_pattern(const struct check *check)
{
    struct text shown = text_clip(check->schema->pattern_text, 200);
    switch (pattern_match(check->schema->pattern, check->value->text)) {
    case PATTERN_MATCHES:
        break;
    case PATTERN_DIFFERS:
        COMPLAIN(check, SCHEMA_INVALID, "Invalid value: %s: must match '%.*s'", show(check),
                 TEXT_ARG(shown));
        break;
    case PATTERN_EXHAUSTED:
        COMPLAIN(check, SCHEMA_INVALID,
                 "Invalid value: %s: took too many steps to compare with '%.*s'", show(check),
                 TEXT_ARG(shown));
        break;
    }
}

static void check_format(const struct check *check)
{
    int64_t ignored;
    switch (check->schema->format) {
    case FORMAT_NONE:
    case FORMAT_INT32:
    case FORMAT_INT64:
        break;
    case FORMAT_DATE_TIME:
        if (!moment_parse(check->value->text, &ignored)) {
            COMPLAIN(check, SCHEMA_INVALID,
                     "Invalid value: %s: must be a date-time like \"2026-01-02T03:04:05Z\"",
                     show(check));
        }
        break;
    case FORMAT_DURATION:
        if (!duration_parse(check->value->text, &ignored)) {
            COMPLAIN(check, SCHEMA_INVALID,
                     "Invalid value: %s: must be a duration like \"90s\" or \"1h30m\"",
                     show(check));
        }
        break;
    }
}

static void check_text(const struct check *check)
{
    check_length(check);
    check_format(check);
    if (check->schema->pattern != NULL) {
        check_pattern(check);
    }
}

/* --- lists ------------------------------------------------------------------------------------- */

/* The item without the fields that do not tell it apart. */
static const struct value *map_keys_of(const struct check *check, const struct value *item)
{
    const struct value *keys = check->schema->map_keys, *shown = value_empty_map();
    for (uint32_t i = 0; i < keys->count; i++) {
        const struct value *value = value_get(item, keys->items[i]->text);
        if (value != NULL) {
            shown = value_with(check->problems->arena, shown, keys->items[i]->text, value);
        }
    }
    return shown;
}

static void check_unique(const struct check *check)
{
    const struct schema *schema = check->schema;
    bool by_keys = schema->list_type == LIST_TYPE_MAP;
    if (!by_keys && schema->list_type != LIST_TYPE_SET &&
        !schema_has(schema, SCHEMA_UNIQUE_ITEMS)) {
        return;
    }
    size_t place = schema_repeated_item(check->value, by_keys ? schema->map_keys : NULL);
    if (place < check->value->count) {
        const struct value *item = check->value->items[place];
        struct schema_step step = {.up = check->step, .index = place};
        const struct value *shown = by_keys ? map_keys_of(check, item) : item;
        schema_complain(check->problems, SCHEMA_DUPLICATE, &step, item, "Duplicate value: %s",
                        schema_show(check->problems->arena, shown));
    }
}

static void check_count(const struct check *check, int64_t least, int64_t most, const char *noun)
{
    int64_t count = check->value->count;
    if (most != SCHEMA_NO_COUNT && count > most) {
        COMPLAIN(check, SCHEMA_TOO_MANY, "Too many: %lld: must have at most %lld %s",
                 COUNT_ARG(count), COUNT_ARG(most), noun);
    }
    if (least != SCHEMA_NO_COUNT && count < least) {
        COMPLAIN(check, SCHEMA_INVALID, "Invalid value: %s: must have at least %lld %s, has %lld",
                 show(check), COUNT_ARG(least), noun, COUNT_ARG(count));
    }
}

static void check_list(const struct check *check)
{
    const struct value *list = check->value;
    check_count(check, check->schema->min_items, check->schema->max_items, "items");
    check_unique(check);
    for (uint32_t i = 0; check->schema->items != NULL && i < list->count; i++) {
        struct schema_step step = {.up = check->step, .index = i};
        validate(&(struct check){check->schema->items, list->items[i], &step, check->problems});
    }
}

/* --- maps -------------------------------------------------------------------------------------- */

static void check_required_field(const struct check *check, struct text name)
{
    if (value_get(check->value, name) == NULL) {
        struct schema_step step = {.up = check->step, .field = name};
        schema_complain(check->problems, SCHEMA_REQUIRED, &step, check->value, "Required value");
    }
}

static void check_required(const struct check *check)
{
    const struct value *required = check->schema->required;
    for (uint32_t i = 0; i < value_count(required); i++) {
        check_required_field(check, required->items[i]->text);
    }
    if (schema_has(check->schema, SCHEMA_EMBEDDED)) {
        check_required_field(check, TEXT("apiVersion"));
        check_required_field(check, TEXT("kind"));
    }
}

static void check_map(const struct check *check)
{
    const struct value *map = check->value;
    check_required(check);
    check_count(check, check->schema->min_properties, check->schema->max_properties, "fields");
    for (uint32_t i = 0; i < map->count; i++) {
        const struct schema *inner = schema_field(check->schema, map->fields[i].key);
        if (inner != NULL) {
            struct schema_step step = {.up = check->step, .field = map->fields[i].key};
            validate(&(struct check){inner, map->fields[i].value, &step, check->problems});
        }
    }
}

/* --- any value --------------------------------------------------------------------------------- */

static void complain_choices(const struct check *check)
{
    const struct value *choices = check->schema->choices;
    CLEANUP(buffer_done) struct buffer supported = BUFFER_INIT(SCHEMA_MESSAGE_MAX / 2);
    for (uint32_t i = 0; i < choices->count && i < CHOICES_SHOWN_MAX; i++) {
        buffer_chars(&supported, i == 0 ? "" : ", ");
        buffer_chars(&supported, schema_show(check->problems->arena, choices->items[i]));
    }
    COMPLAIN(check, SCHEMA_NOT_SUPPORTED, "Unsupported value: %s: supported values: %s%s",
             show(check), supported.data, choices->count > CHOICES_SHOWN_MAX ? ", ..." : "");
}

static void check_choices(const struct check *check)
{
    const struct value *choices = check->schema->choices;
    for (uint32_t i = 0; i < choices->count; i++) {
        if (value_equal(check->value, choices->items[i])) {
            return;
        }
    }
    complain_choices(check);
}

static void check_contents(const struct check *check)
{
    switch (check->value->type) {
    case VALUE_NULL:
    case VALUE_BOOL:
        break;
    case VALUE_INT:
    case VALUE_REAL:
        check_number(check);
        break;
    case VALUE_TEXT:
        check_text(check);
        break;
    case VALUE_LIST:
        check_list(check);
        break;
    case VALUE_MAP:
        check_map(check);
        break;
    }
}

static void validate(const struct check *check)
{
    if (schema_problems_full(check->problems)) {
        return;
    }
    if (check->value->type == VALUE_NULL && schema_has(check->schema, SCHEMA_NULLABLE)) {
        return;
    }
    if (!schema_type_fits(check->schema, check->value)) {
        complain_type(check);
        return;
    }
    if (check->schema->choices != NULL) {
        check_choices(check);
    }
    check_contents(check);
}

void schema_validate(const struct schema *schema, const struct value *value,
                     struct schema_problems *problems)
{
    validate(&(struct check){schema, value, NULL, problems});
}
