/* Writing canonical JSON.
 *
 * Most output is keys and texts that need no escape: they are found clean eight bytes at a time and
 * copied whole. Single bytes go straight into the buffer's room; the buffer is asked only when
 * there is none.
 *
 * Escapes are those of RFC 8785: the short form where there is one, else \u00xx. Reals are the first
 * of 15, 16 and 17 significant digits that reads back as the same number; below the normal range a
 * double has fewer digits, and the search begins at one. The C library's conversions are exact but slow,
 * so the few decimals that people write take a way of their own.
 */
#include <endian.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document/json.h"

enum { REAL_TEXT_MAX = 48, INT_TEXT_MAX = 24 };

static void put(struct buffer *out, char byte)
{
    if (out->len < out->cap) {
        out->data[out->len++] = byte;
        out->data[out->len] = '\0';
    } else {
        buffer_byte(out, byte);
    }
}

/* --- text -------------------------------------------------------------------------------------- */

static bool needs_escape(char byte)
{
    return byte == '"' || byte == '\\' || (unsigned char)byte < ' ';
}

#define EACH_BYTE(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Whether one of eight bytes needs an escape; a byte that is not ASCII does not. */
static bool word_needs_escape(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t slash = word ^ EACH_BYTE('\\');
    uint64_t hits = ((quote - EACH_BYTE(1)) & ~quote) | ((slash - EACH_BYTE(1)) & ~slash) |
                    ((word - EACH_BYTE(' ')) & ~word);
    return (hits & EACH_BYTE(0x80)) != 0;
}

/* How many bytes of `text` need no escape. */
static size_t clean_len(struct text text)
{
    size_t len = 0;
    while (text.len - len >= 8 && !word_needs_escape(text.ptr + len)) {
        len += 8;
    }
    while (len < text.len && !needs_escape(text.ptr[len])) {
        len++;
    }
    return len;
}

static void write_escape(struct buffer *out, char byte)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = byte == '\0' ? NULL : strchr(bytes, byte);
    if (found != NULL) {
        buffer_add(out, (char[]){'\\', letters[found - bytes]}, 2);
    } else {
        buffer_format(out, "\\u%04x", (unsigned)(unsigned char)byte);
    }
}

/* Behind the opening quote, from the first byte that needs an escape on. */
static void write_escaped(struct buffer *out, struct text text)
{
    while (text.len > 0) {
        size_t clean = clean_len(text);
        buffer_add(out, text.ptr, clean);
        text = text_from(text, clean);
        if (text.len > 0) {
            write_escape(out, text.ptr[0]);
            text = text_from(text, 1);
        }
    }
}

void json_write_text(struct buffer *out, struct text text)
{
    size_t clean = clean_len(text);
    char *to = buffer_reserve(out, clean + 1);
    if (to != NULL) {
        *to = '"';
        if (clean > 0) {
            memcpy(to + 1, text.ptr, clean);
        }
        out->len += clean + 1;
        out->data[out->len] = '\0';
    }
    if (clean < text.len) {
        write_escaped(out, text_from(text, clean));
    }
    put(out, '"');
}

/* --- scalars ----------------------------------------------------------------------------------- */

static void write_int(struct buffer *out, int64_t integer)
{
    char text[INT_TEXT_MAX];
    char *first = text + sizeof text;
    uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        *--first = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (integer < 0) {
        *--first = '-';
    }
    buffer_add(out, first, (size_t)(text + sizeof text - first));
}

/* Reals of up to six decimals, as most are: a whole number of millionths, which the division (exact to
 * the last bit) proves to read back. They have at most 15 digits, so this is what the search would
 * find. False where `real` is none of them. */
static bool write_short_real(struct buffer *out, double real)
{
    double magnitude = fabs(real);
    if (!(magnitude >= 1e-4 && magnitude < 1e9)) {
        return false;
    }
    uint64_t millionths = (uint64_t)(magnitude * 1e6 + 0.5);
    if ((double)millionths / 1e6 != magnitude) {
        return false;
    }
    char decimals[8] = ".";
    uint64_t rest = millionths % 1000000;
    for (int i = 6; i > 0; i--, rest /= 10) {
        decimals[i] = (char)('0' + rest % 10);
    }
    size_t len = 7;
    while (len > 2 && decimals[len - 1] == '0') {
        len--;
    }
    if (real < 0) {
        put(out, '-');
    }
    write_int(out, (int64_t)(millionths / 1000000));
    buffer_add(out, decimals, len);
    return true;
}

/* `digits` is how many to try first. */
static void search_real(struct buffer *out, double real, int digits)
{
    char text[REAL_TEXT_MAX];
    do {
        snprintf(text, sizeof text, "%.*g", digits, real);
    } while (strtod(text, NULL) != real && ++digits <= DBL_DECIMAL_DIG);
    buffer_chars(out, text);
    if (strpbrk(text, ".e") == NULL) {
        buffer_chars(out, ".0");
    }
}

static void write_real(struct buffer *out, double real)
{
    if (real == 0) {
        buffer_chars(out, "0.0"); /* minus zero is the same number */
    } else if (!write_short_real(out, real)) {
        search_real(out, real, fabs(real) < DBL_MIN ? 1 : DBL_DIG);
    }
}

/* --- containers -------------------------------------------------------------------------------- */

enum { COMPACT = -1 }; /* else: how deep the line is indented */

static void break_line(struct buffer *out, int indent)
{
    if (indent != COMPACT) {
        put(out, '\n');
        for (int i = 0; i < indent * 2; i++) {
            put(out, ' ');
        }
    }
}

static int deeper(int indent)
{
    return indent == COMPACT ? COMPACT : indent + 1;
}

static void write_value(struct buffer *out, const struct value *value, int indent);

static void write_list(struct buffer *out, const struct value *list, int indent)
{
    put(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) {
            put(out, ',');
        }
        break_line(out, deeper(indent));
        write_value(out, list->items[i], deeper(indent));
    }
    if (list->count > 0) {
        break_line(out, indent);
    }
    put(out, ']');
}

static void write_map(struct buffer *out, const struct value *map, int indent)
{
    put(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0) {
            put(out, ',');
        }
        break_line(out, deeper(indent));
        json_write_text(out, map->fields[i].key);
        put(out, ':');
        if (indent != COMPACT) {
            put(out, ' ');
        }
        write_value(out, map->fields[i].value, deeper(indent));
    }
    if (map->count > 0) {
        break_line(out, indent);
    }
    put(out, '}');
}

static void write_value(struct buffer *out, const struct value *value, int indent)
{
    switch (value->type) {
    case VALUE_NULL:
        buffer_add(out, "null", 4);
        break;
    case VALUE_BOOL:
        buffer_chars(out, value->boolean ? "true" : "false");
        break;
    case VALUE_INT:
        write_int(out, value->integer);
        break;
    case VALUE_REAL:
        write_real(out, value->real);
        break;
    case VALUE_TEXT:
        json_write_text(out, value->text);
        break;
    case VALUE_LIST:
        write_list(out, value, indent);
        break;
    case VALUE_MAP:
        write_map(out, value, indent);
        break;
    }
}

void json_write(struct buffer *out, const struct value *value)
{
    write_value(out, value, COMPACT);
}

void json_write_pretty(struct buffer *out, const struct value *value)
{
    write_value(out, value, 0);
}
