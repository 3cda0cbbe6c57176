/* Cells are made here, not in the API, because what a column means belongs to the kind. Built-in kinds
 * have columns that no path can express (a count, a shortened hash), hence `show`. */
#include "resource/column.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/moment.h"
#include "document/json.h"
#include "document/path.h"

enum { SHORT_CHARS = 12, CELL_BYTES_MAX = 4096 };

const char *column_type_name(enum column_type type)
{
    switch (type) {
    case COLUMN_STRING:
        return "string";
    case COLUMN_INTEGER:
        return "integer";
    case COLUMN_NUMBER:
        return "number";
    case COLUMN_BOOLEAN:
        return "boolean";
    case COLUMN_DATE:
        return "date";
    }
    return "string";
}

static const struct value *age_cell(struct arena *arena, const struct value *value, int64_t now_ms)
{
    int64_t moment = 0;
    if (!moment_parse(value_text_or(value, TEXT("")), &moment)) {
        return value_chars(arena, "<unknown>");
    }
    char text[DURATION_TEXT_MAX];
    return value_chars(arena, duration_age(now_ms > moment ? now_ms - moment : 0, text));
}

/* A cell of a text column: the text itself, anything else as JSON. */
static const struct value *text_cell(struct arena *arena, const struct value *value)
{
    if (value->type == VALUE_TEXT) {
        return value;
    }
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(CELL_BYTES_MAX);
    json_write(&out, value);
    return value_text(arena, buffer_view(&out));
}

static const struct value *plain_cell(struct arena *arena, enum column_type type,
                                      const struct value *value, int64_t now_ms)
{
    switch (type) {
    case COLUMN_STRING:
        return text_cell(arena, value);
    case COLUMN_INTEGER:
        return value->type == VALUE_INT ? value : NULL;
    case COLUMN_NUMBER:
        return value->type == VALUE_INT || value->type == VALUE_REAL ? value : NULL;
    case COLUMN_BOOLEAN:
        return value->type == VALUE_BOOL ? value : NULL;
    case COLUMN_DATE:
        return age_cell(arena, value, now_ms);
    }
    return NULL;
}

static const struct value *joined_cell(struct arena *arena, const struct value *list)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(CELL_BYTES_MAX);
    for (size_t i = 0; i < value_count(list); i++) {
        buffer_chars(&out, i == 0 ? "" : ", ");
        buffer_text(&out, value_text_or(value_at(list, i), TEXT("?")));
    }
    return value_text(arena, buffer_view(&out));
}

/* "labinstance/lab-1", in lower case, as kubectl writes references. */
static const struct value *object_cell(struct arena *arena, const struct value *reference)
{
    struct text kind = value_text_or(value_field(reference, "kind"), TEXT(""));
    struct text name = value_text_or(value_field(reference, "name"), TEXT(""));
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(CELL_BYTES_MAX);
    for (size_t i = 0; i < kind.len; i++) {
        char byte = kind.ptr[i];
        buffer_byte(&out, byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte);
    }
    buffer_byte(&out, '/');
    buffer_text(&out, name);
    return value_text(arena, buffer_view(&out));
}

const struct value *column_cell(struct arena *arena, const struct column *column,
                                const struct value *root, int64_t now_ms)
{
    const struct value *value = path_get(root, text_of(column->path));
    if (column->show == COLUMN_COUNT) {
        return value_int(arena, (int64_t)value_count(value));
    }
    if (value == NULL || value->type == VALUE_NULL) {
        return NULL;
    }
    switch (column->show) {
    case COLUMN_VALUE:
    case COLUMN_COUNT:
        return plain_cell(arena, column->type, value, now_ms);
    case COLUMN_SHORT:
        return value_text(arena, text_first(value_text_or(value, TEXT("")), SHORT_CHARS));
    case COLUMN_JOINED:
        return joined_cell(arena, value);
    case COLUMN_OBJECT:
        return object_cell(arena, value);
    }
    return NULL;
}
