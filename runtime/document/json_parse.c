/* Reading JSON in one pass over one copy.
 *
 * The text is copied into the arena once, and every string stays where it stands in that copy: an
 * escape is longer than what it means, so strings are unescaped in place and their closing quote
 * becomes the NUL behind them. Strings are skipped eight bytes at a time until something needs a look
 * (a quote, an escape, a control byte, a byte that is not ASCII). PAD zero bytes behind the copy let
 * those eight be read anywhere, and stop every scan without comparing with the end.
 *
 * Lists and maps gather their members on one stack and move to the arena when their count is known.
 * Recursion is bounded by DOC_DEPTH_MAX: text that opens more is refused where it opens them.
 *
 * Columns count characters, as editors do. Counting them afresh for each value would be quadratic on
 * the single line that canonical JSON is, so the reader carries the number of continuation bytes met
 * on this line and subtracts.
 */
#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/utf8.h"

enum { PAD = 8, STACK_FIRST = 64, FOUND_MAX = 32, DIGITS_MAX = 19 /* of a 64-bit number */ };

struct reader {
    struct arena *arena;
    struct error *err;
    char *at, *end;   /* the copy, from the next byte on */
    char *line_start; /* first byte of this line */
    uint32_t line;
    size_t wide; /* bytes of this line before `at` that continue a character */
    unsigned depth;
    size_t nodes;
    struct value_field *stack; /* members of the containers that are open; a list's have no key */
    size_t used, capacity;
};

static enum tend_code read_value(struct reader *reader, const struct value **ret_value);

/* --- places and complaints --------------------------------------------------------------------- */

static uint32_t column(const struct reader *reader)
{
    return (uint32_t)((size_t)(reader->at - reader->line_start) - reader->wide + 1);
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* What stands at `at`, for people: a word, a character, a byte, or the end. */
static void describe(const struct reader *reader, char found[FOUND_MAX])
{
    unsigned char byte = (unsigned char)*reader->at;
    size_t len = 0;
    while (is_letter(reader->at[len]) && len < FOUND_MAX - 8) {
        len++;
    }
    if (reader->at >= reader->end) {
        snprintf(found, FOUND_MAX, "the end");
    } else if (len > 1) {
        snprintf(found, FOUND_MAX, "'%.*s'", (int)len, reader->at);
    } else if (byte == '\n' || byte == '\r') {
        snprintf(found, FOUND_MAX, "the end of the line");
    } else if (byte > ' ' && byte < 0x7f) {
        snprintf(found, FOUND_MAX, "'%c'", byte);
    } else {
        snprintf(found, FOUND_MAX, "byte 0x%02X", byte);
    }
}

static enum tend_code expected(const struct reader *reader, const char *what)
{
    char found[FOUND_MAX];
    describe(reader, found);
    return FAIL(reader->err, TEND_INVALID, "line %u, column %u: expected %s, found %s",
                reader->line, column(reader), what, found);
}

static enum tend_code refuse(const struct reader *reader, enum tend_code code, const char *why)
{
    return FAIL(reader->err, code, "line %u, column %u: %s", reader->line, column(reader), why);
}

static enum tend_code beyond(const struct reader *reader, const char *what, unsigned limit)
{
    return FAIL(reader->err, TEND_LIMIT, "line %u, column %u: %s %u", reader->line, column(reader),
                what, limit);
}

/* --- nodes ------------------------------------------------------------------------------------- */

static enum tend_code new_value(struct reader *reader, enum value_type type,
                                struct value **ret_value)
{
    if (++reader->nodes > DOC_NODES_MAX) {
        return beyond(reader, "more values than", DOC_NODES_MAX);
    }
    struct value *value = arena_alloc(reader->arena, sizeof *value);
    value->type = type;
    value->line = reader->line;
    value->column = column(reader);
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

static void skip_space(struct reader *reader)
{
    for (;; reader->at++) {
        switch (*reader->at) {
        case '\n':
            reader->line++;
            reader->line_start = reader->at + 1;
            reader->wide = 0;
            break;
        case ' ':
        case '\t':
        case '\r':
            break;
        default:
            return;
        }
    }
}

/* --- text -------------------------------------------------------------------------------------- */

#define EACH_BYTE(byte) (0x0101010101010101u * (uint64_t)(byte))

/* The first byte from `at` on that is a quote, a backslash, below space or not ASCII. Of each test
 * only the lowest hit is exact (a borrow may fake higher ones), and the lowest of all is wanted. */
static char *skip_plain(char *at)
{
    for (;; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        word = le64toh(word);
        uint64_t quote = word ^ EACH_BYTE('"');
        uint64_t slash = word ^ EACH_BYTE('\\');
        uint64_t hits = ((quote - EACH_BYTE(1)) & ~quote) | ((slash - EACH_BYTE(1)) & ~slash) |
                        ((word - EACH_BYTE(' ')) & ~word) | word;
        hits &= EACH_BYTE(0x80);
        if (hits != 0) {
            return at + __builtin_ctzll(hits) / 8;
        }
    }
}

/* Four hexadecimal digits at `at`; -1 where they are none. */
static int32_t read_hex(const char *at)
{
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        char digit = at[i];
        if (digit >= '0' && digit <= '9') {
            unit = unit * 16 + (digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            unit = unit * 16 + (digit - 'a' + 10);
        } else if (digit >= 'A' && digit <= 'F') {
            unit = unit * 16 + (digit - 'A' + 10);
        } else {
            return -1;
        }
    }
    return unit;
}

/* At the 'u' of an escape: the character it means, with the second half of a pair. */
static enum tend_code read_unicode(struct reader *reader, char **to)
{
    int32_t high = read_hex(reader->at + 1);
    if (high < 0) {
        return expected(reader, "four hexadecimal digits after \\u");
    }
    reader->at += 5;
    if (high < 0xd800 || high > 0xdfff) {
        *to = utf8_put(*to, (uint32_t)high);
        return TEND_OK;
    }
    int32_t low = reader->at[0] == '\\' && reader->at[1] == 'u' ? read_hex(reader->at + 2) : -1;
    if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        reader->at -= 6;
        return refuse(reader, TEND_INVALID, "half of a surrogate pair is no character");
    }
    reader->at += 6;
    *to = utf8_put(*to, 0x10000u + (((uint32_t)high & 0x3ffu) << 10 | ((uint32_t)low & 0x3ffu)));
    return TEND_OK;
}

/* At a backslash: write what it means at `to`, which is never ahead of reading. */
static enum tend_code read_escape(struct reader *reader, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = *++reader->at;
    if (letter == 'u') {
        return read_unicode(reader, to);
    }
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL) {
        return expected(reader, "one of \" \\ / b f n r t u after a backslash");
    }
    *(*to)++ = meanings[found - letters];
    reader->at++;
    return TEND_OK;
}

static enum tend_code read_wide(struct reader *reader)
{
    size_t len = utf8_len(reader->at);
    if (len == 0) {
        return expected(reader, "valid UTF-8");
    }
    reader->at += len;
    reader->wide += len - 1;
    return TEND_OK;
}

/* At the opening quote: the text, unescaped in place. */
static enum tend_code read_text(struct reader *reader, struct text *ret_text)
{
    char *start = ++reader->at;
    char *from = start; /* read but not yet moved */
    char *to = start;   /* the text so far ends here */
    for (;;) {
        reader->at = skip_plain(reader->at);
        if ((unsigned char)*reader->at >= 0x80) {
            TRY(read_wide(reader));
            continue;
        }
        size_t run = (size_t)(reader->at - from);
        if (to != from) {
            memmove(to, from, run);
        }
        to += run;
        if (*reader->at == '"') {
            break;
        }
        if (*reader->at != '\\') {
            return expected(reader, "a closing quote (control characters are written as escapes)");
        }
        TRY(read_escape(reader, &to));
        from = reader->at;
    }
    reader->at++;
    *to = '\0';
    *ret_text = (struct text){start, (size_t)(to - start)};
    return TEND_OK;
}

static enum tend_code read_text_value(struct reader *reader, const struct value **ret_value)
{
    struct value *value;
    TRY(new_value(reader, VALUE_TEXT, &value));
    TRY(read_text(reader, &value->text));
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
    if (!is_digit(*reader->at)) {
        return expected(reader, what);
    }
    while (is_digit(*reader->at)) {
        reader->at++;
    }
    return TEND_OK;
}

/* Fraction and exponent, where they are there. */
static enum tend_code skip_real(struct reader *reader)
{
    if (*reader->at == '.') {
        reader->at++;
        TRY(skip_digits(reader, "a digit after the decimal point"));
    }
    if (*reader->at == 'e' || *reader->at == 'E') {
        reader->at++;
        reader->at += *reader->at == '+' || *reader->at == '-' ? 1 : 0;
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
        reader->at = start;
        return refuse(reader, TEND_INVALID, "the number is too large for a double");
    }
    *ret_real = real;
    return TEND_OK;
}

static enum tend_code read_number(struct reader *reader, const struct value **ret_value)
{
    struct value *value;
    TRY(new_value(reader, VALUE_INT, &value));
    char *start = reader->at;
    bool negative = *start == '-';
    char *digits = start + (negative ? 1 : 0);
    reader->at = digits;
    TRY(skip_digits(reader, "a digit after the minus sign"));
    size_t count = (size_t)(reader->at - digits);
    if (*digits == '0' && count > 1) {
        reader->at = digits;
        return refuse(reader, TEND_INVALID, "a number does not begin with 0");
    }
    TRY(skip_real(reader));
    bool whole = reader->at == digits + count;
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
    if (strncmp(reader->at, word, len) != 0 || is_letter(reader->at[len])) {
        return expected(reader, "a value");
    }
    TRY(new_value(reader, type, ret_value));
    reader->at += len;
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
    bool boolean = *reader->at == 't';
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
    skip_space(reader);
    char byte = *reader->at;
    if (byte != ',' && byte != close) {
        return expected(reader, what);
    }
    reader->at++;
    *ret_more = byte == ',';
    return TEND_OK;
}

static enum tend_code open_container(struct reader *reader, enum value_type type, char close,
                                     struct value **ret_value, bool *ret_more)
{
    if (reader->depth == DOC_DEPTH_MAX) {
        return beyond(reader, "nested deeper than", DOC_DEPTH_MAX);
    }
    TRY(new_value(reader, type, ret_value));
    reader->depth++;
    reader->at++;
    skip_space(reader);
    *ret_more = *reader->at != close;
    reader->at += *ret_more ? 0 : 1;
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
    struct value_field *fields = reader->stack + base;
    const struct value_field *twice = count == 0 ? NULL : value_sort_fields(fields, count);
    if (twice != NULL) {
        return FAIL(
            reader->err, TEND_INVALID,
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
    skip_space(reader);
    if (*reader->at != '"') {
        return expected(reader, "a key in double quotes");
    }
    field->line = reader->line;
    field->column = column(reader);
    TRY(read_text(reader, &field->key));
    if (field->key.len > DOC_KEY_MAX) {
        return beyond(reader, "a key is longer in bytes than", DOC_KEY_MAX);
    }
    skip_space(reader);
    if (*reader->at != ':') {
        return expected(reader, "':' after the key");
    }
    reader->at++;
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
            return beyond(reader, "more keys in a map than", DOC_KEYS_MAX);
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
    skip_space(reader);
    switch (*reader->at) {
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
        return is_digit(*reader->at) || *reader->at == '-' ? read_number(reader, ret_value)
                                                           : expected(reader, "a value");
    }
}

static enum tend_code read_document(struct reader *reader, const struct value **ret_value)
{
    TRY(read_value(reader, ret_value));
    skip_space(reader);
    if (reader->at != reader->end) {
        return expected(reader, "nothing after the value");
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
    char *copy = arena_alloc(arena, text.len + PAD);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    struct reader reader = {.arena = arena,
                            .err = err,
                            .at = copy,
                            .end = copy + text.len,
                            .line_start = copy,
                            .line = 1};
    const struct value *value = NULL;
    enum tend_code code = read_document(&reader, &value);
    free(reader.stack);
    if (code == TEND_OK) {
        *ret_value = value;
    }
    return code;
}
