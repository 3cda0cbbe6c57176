/* Reading JSON in one pass over one copy.
 *
 * The text is copied into the arena once, and every string stays where it stands in that copy: a
 * document costs one allocation for its bytes and one for each value. Lists and maps gather their
 * members on one stack and move to the arena when their count is known. Recursion is bounded by
 * DOC_DEPTH_MAX: text that opens more is refused where it opens them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/json_cursor.h"

enum { STACK_FIRST = 64, DIGITS_MAX = 19 /* of a 64-bit number */ };

struct reader {
    struct json_cursor in;
    struct arena *arena;
    unsigned depth;
    size_t nodes;
    struct value_field *stack; /* members of the containers that are open; a list's have no key */
    size_t used, capacity;
};

static enum tend_code read_value(struct reader *reader, const struct value **ret_value);

/* --- nodes ------------------------------------------------------------------------------------- */

static enum tend_code new_value(struct reader *reader, enum value_type type,
                                struct value **ret_value)
{
    if (++reader->nodes > DOC_NODES_MAX) {
        return json_cursor_beyond(&reader->in, "more values than", DOC_NODES_MAX);
    }
    struct value *value = arena_alloc(reader->arena, sizeof *value);
    value->type = type;
    value->line = reader->in.line;
    value->column = json_cursor_column(&reader->in);
    *ret_value = value;
    return TEND_OK;
}

static struct value_field *push(struct reader *reader)
{
    if (reader->used == reader->capacity) {
        reader->capacity = reader->capacity == 0 ? STACK_FIRST : reader->capacity * 2;
        reader->stack = alloc_resize(reader->stack, reader->capacity, sizeof *reader->stack);
    }
    return &reader->stack[reader->used++];
}

static enum tend_code read_text_value(struct reader *reader, const struct value **ret_value)
{
    struct value *value;
    TRY(new_value(reader, VALUE_TEXT, &value));
    TRY(json_cursor_read_text(&reader->in, &value->text));
    *ret_value = value;
    return TEND_OK;
}

/* --- numbers ----------------------------------------------------------------------------------- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static enum tend_code skip_digits(struct reader *reader, const char *what)
{
    if (!is_digit(*reader->in.at)) {
        return json_cursor_expected(&reader->in, what);
    }
    while (is_digit(*reader->in.at)) {
        reader->in.at++;
    }
    return TEND_OK;
}

/* Fraction and exponent, where they are there. */
static enum tend_code skip_real(struct reader *reader)
{
    if (*reader->in.at == '.') {
        reader->in.at++;
        TRY(skip_digits(reader, "a digit after the decimal point"));
    }
    if (*reader->in.at == 'e' || *reader->in.at == 'E') {
        reader->in.at++;
        reader->in.at += *reader->in.at == '+' || *reader->in.at == '-' ? 1 : 0;
        TRY(skip_digits(reader, "a digit of the exponent"));
    }
    return TEND_OK;
}

/* The digits as a 64-bit integer; false where they are too many. */
static bool to_integer(const char *digits, size_t count, bool negative, int64_t *ret_integer)
{
    uint64_t magnitude = 0; /* 19 digits fit always */
    if (count > DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        magnitude = magnitude * 10 + (uint64_t)(digits[i] - '0');
    }
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *ret_integer = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

/* strtod sees only what the grammar has passed, and stops where it stops. */
static enum tend_code to_real(struct reader *reader, char *start, double *ret_real)
{
    double real = strtod(start, NULL);
    if (!__builtin_isfinite(real)) {
        reader->in.at = start;
        return json_cursor_refuse(&reader->in, "the number is too large for a double");
    }
    *ret_real = real;
    return TEND_OK;
}

static enum tend_code read_number(struct reader *reader, const struct value **ret_value)
{
    struct value *value;
    TRY(new_value(reader, VALUE_INT, &value));
    char *start = reader->in.at;
    bool negative = *start == '-';
    char *digits = start + (negative ? 1 : 0);
    reader->in.at = digits;
    TRY(skip_digits(reader, "a digit after the minus sign"));
    size_t count = (size_t)(reader->in.at - digits);
    if (*digits == '0' && count > 1) {
        reader->in.at = digits;
        return json_cursor_refuse(&reader->in, "a number does not begin with 0");
    }
    TRY(skip_real(reader));
    bool whole = reader->in.at == digits + count;
    if (!whole || !to_integer(digits, count, negative, &value->integer)) {
        value->type = VALUE_REAL;
        TRY(to_real(reader, start, &value->real));
    }
    *ret_value = value;
    return TEND_OK;
}

/* --- words ------------------------------------------------------------------------------------- */

static enum tend_code read_word(struct reader *reader, const char *word, enum value_type type,
                                struct value **ret_value)
{
    size_t len = strlen(word);
    if (strncmp(reader->in.at, word, len) != 0 || json_is_letter(reader->in.at[len])) {
        return json_cursor_expected(&reader->in, "a value");
    }
    TRY(new_value(reader, type, ret_value));
    reader->in.at += len;
    return TEND_OK;
}

static enum tend_code read_null(struct reader *reader, const struct value **ret_value)
{
    struct value *value;
    TRY(read_word(reader, "null", VALUE_NULL, &value));
    *ret_value = value;
    return TEND_OK;
}

static enum tend_code read_bool(struct reader *reader, const struct value **ret_value)
{
    struct value *value;
    bool boolean = *reader->in.at == 't';
    TRY(read_word(reader, boolean ? "true" : "false", VALUE_BOOL, &value));
    value->boolean = boolean;
    *ret_value = value;
    return TEND_OK;
}

/* --- containers -------------------------------------------------------------------------------- */

/* Behind a member: true in `ret_more` after a comma, false after `close`. */
static enum tend_code read_separator(struct reader *reader, char close, const char *what,
                                     bool *ret_more)
{
    json_cursor_skip_space(&reader->in);
    char byte = *reader->in.at;
    if (byte != ',' && byte != close) {
        return json_cursor_expected(&reader->in, what);
    }
    reader->in.at++;
    *ret_more = byte == ',';
    return TEND_OK;
}

static enum tend_code open_container(struct reader *reader, enum value_type type, char close,
                                     struct value **ret_value, bool *ret_more)
{
    if (reader->depth == DOC_DEPTH_MAX) {
        return json_cursor_beyond(&reader->in, "nested deeper than", DOC_DEPTH_MAX);
    }
    TRY(new_value(reader, type, ret_value));
    reader->depth++;
    reader->in.at++;
    json_cursor_skip_space(&reader->in);
    *ret_more = *reader->in.at != close;
    reader->in.at += *ret_more ? 0 : 1;
    return TEND_OK;
}

static void close_list(struct reader *reader, struct value *list, size_t base)
{
    size_t count = reader->used - base;
    const struct value **items = arena_alloc(reader->arena, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = reader->stack[base + i].value;
    }
    list->count = (uint32_t)count;
    list->items = items;
    reader->used = base;
    reader->depth--;
}

static enum tend_code read_list(struct reader *reader, const struct value **ret_value)
{
    struct value *list;
    bool more;
    size_t base = reader->used;
    TRY(open_container(reader, VALUE_LIST, ']', &list, &more));
    while (more) {
        const struct value *item;
        TRY(read_value(reader, &item));
        push(reader)->value = item;
        TRY(read_separator(reader, ']', "',' or ']'", &more));
    }
    close_list(reader, list, base);
    *ret_value = list;
    return TEND_OK;
}

static enum tend_code close_map(struct reader *reader, struct value *map, size_t base)
{
    size_t count = reader->used - base;
    struct value_field *fields = count == 0 ? NULL : reader->stack + base; /* no stack yet */
    const struct value_field *twice = count == 0 ? NULL : value_sort_fields(fields, count);
    if (twice != NULL) {
        return FAIL(
            reader->in.err, TEND_INVALID,
            "line %u, column %u: the key \"%.64s\" stands twice, first in line %u, column %u",
            twice->line, twice->column, twice->key.ptr, twice[-1].line, twice[-1].column);
    }
    struct value_field *copy = arena_alloc(reader->arena, count * sizeof *copy);
    if (count > 0) {
        memcpy(copy, fields, count * sizeof *copy);
    }
    map->count = (uint32_t)count;
    map->fields = copy;
    reader->used = base;
    reader->depth--;
    return TEND_OK;
}

/* The key and its colon. */
static enum tend_code read_key(struct reader *reader, struct value_field *field)
{
    json_cursor_skip_space(&reader->in);
    if (*reader->in.at != '"') {
        return json_cursor_expected(&reader->in, "a key in double quotes");
    }
    char *start = reader->in.at;
    size_t wide = reader->in.wide;
    field->line = reader->in.line;
    field->column = json_cursor_column(&reader->in);
    TRY(json_cursor_read_text(&reader->in, &field->key));
    if (field->key.len > DOC_KEY_MAX) {
        reader->in.at = start;
        reader->in.wide = wide;
        return json_cursor_beyond(&reader->in, "a key is longer in bytes than", DOC_KEY_MAX);
    }
    json_cursor_skip_space(&reader->in);
    if (*reader->in.at != ':') {
        return json_cursor_expected(&reader->in, "':' after the key");
    }
    reader->in.at++;
    return TEND_OK;
}

static enum tend_code read_map(struct reader *reader, const struct value **ret_value)
{
    struct value *map;
    bool more;
    size_t base = reader->used;
    TRY(open_container(reader, VALUE_MAP, '}', &map, &more));
    while (more) {
        struct value_field field;
        if (reader->used - base == DOC_KEYS_MAX) {
            return json_cursor_beyond(&reader->in, "more keys in a map than", DOC_KEYS_MAX);
        }
        TRY(read_key(reader, &field));
        TRY(read_value(reader, &field.value));
        *push(reader) = field;
        TRY(read_separator(reader, '}', "',' or '}'", &more));
    }
    TRY(close_map(reader, map, base));
    *ret_value = map;
    return TEND_OK;
}

/* --- all --------------------------------------------------------------------------------------- */

static enum tend_code read_value(struct reader *reader, const struct value **ret_value)
{
    json_cursor_skip_space(&reader->in);
    switch (*reader->in.at) {
    case '{':
        return read_map(reader, ret_value);
    case '[':
        return read_list(reader, ret_value);
    case '"':
        return read_text_value(reader, ret_value);
    case 't':
    case 'f':
        return read_bool(reader, ret_value);
    case 'n':
        return read_null(reader, ret_value);
    default:
        return is_digit(*reader->in.at) || *reader->in.at == '-'
                   ? read_number(reader, ret_value)
                   : json_cursor_expected(&reader->in, "a value");
    }
}

static enum tend_code read_document(struct reader *reader, const struct value **ret_value)
{
    TRY(read_value(reader, ret_value));
    json_cursor_skip_space(&reader->in);
    if (reader->in.at != reader->in.end) {
        return json_cursor_expected(&reader->in, "nothing after the value");
    }
    assert(reader->used == 0 && reader->depth == 0);
    return TEND_OK;
}

enum tend_code json_parse(struct arena *arena, struct text text, const struct value **ret_value,
                          struct error *err)
{
    if (text.len > INPUT_BYTES_MAX) {
        return FAIL(err, TEND_LIMIT, "the text has %zu bytes, more than %u", text.len,
                    INPUT_BYTES_MAX);
    }
    char *copy = arena_alloc(arena, text.len + JSON_CURSOR_PAD);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    struct json_cursor in = {
        .at = copy, .end = copy + text.len, .line_start = copy, .line = 1, .err = err};
    struct reader reader = {.in = in, .arena = arena};
    const struct value *value = NULL;
    enum tend_code code = read_document(&reader, &value);
    free(reader.stack);
    if (code == TEND_OK) {
        *ret_value = value;
    }
    return code;
}
