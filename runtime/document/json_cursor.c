/* Strings are skipped eight bytes at a time until something needs a look: a quote, an escape, a control
 * byte, a byte that is not ASCII. The zero bytes behind the text let those eight be read anywhere, and
 * stop every scan without comparing with the end. An escape is longer than what it means, so strings
 * are unescaped where they stand, and their closing quote becomes the NUL behind them.
 */
#include "document/json_cursor.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "document/utf8.h"

enum { FOUND_MAX = 32 };

/* --- complaints -------------------------------------------------------------------------------- */

/* How many letters stand at `at`, as far as there is room to say them. */
static int word_len(const struct json_cursor *cursor)
{
    int len = 0;
    while (json_is_letter(cursor->at[len]) && len < FOUND_MAX - 3) {
        len++;
    }
    return len;
}

/* What stands at `at`, for people: a word, a character, a byte, or the end. */
static void describe(const struct json_cursor *cursor, char found[FOUND_MAX])
{
    unsigned char byte = (unsigned char)*cursor->at;
    if (cursor->at >= cursor->end) {
        snprintf(found, FOUND_MAX, "the end");
    } else if (byte == '\n' || byte == '\r') {
        snprintf(found, FOUND_MAX, "the end of the line");
    } else if (json_is_letter(*cursor->at)) {
        snprintf(found, FOUND_MAX, "'%.*s'", word_len(cursor), cursor->at);
    } else if (byte > ' ' && byte < 0x7f) {
        snprintf(found, FOUND_MAX, "'%c'", byte);
    } else if (strncmp(cursor->at, "\xef\xbb\xbf", 3) == 0) {
        snprintf(found, FOUND_MAX, "a byte order mark");
    } else if (utf8_len(cursor->at) > 0) {
        snprintf(found, FOUND_MAX, "'%.*s'", (int)utf8_len(cursor->at), cursor->at);
    } else {
        snprintf(found, FOUND_MAX, "byte 0x%02X", byte);
    }
}

enum tend_code json_cursor_expected(const struct json_cursor *cursor, const char *what)
{
    char found[FOUND_MAX];
    describe(cursor, found);
    return FAIL(cursor->err, TEND_INVALID, "line %u, column %u: expected %s, found %s",
                cursor->line, json_cursor_column(cursor), what, found);
}

enum tend_code json_cursor_refuse(const struct json_cursor *cursor, const char *why)
{
    return FAIL(cursor->err, TEND_INVALID, "line %u, column %u: %s", cursor->line,
                json_cursor_column(cursor), why);
}

enum tend_code json_cursor_beyond(const struct json_cursor *cursor, const char *what,
                                  unsigned limit)
{
    return FAIL(cursor->err, TEND_LIMIT, "line %u, column %u: %s %u", cursor->line,
                json_cursor_column(cursor), what, limit);
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

/* What a hexadecimal digit means; -1 where `digit` is none. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static enum tend_code read_hex(struct json_cursor *cursor, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(*cursor->at);
        if (digit < 0) {
            return json_cursor_expected(cursor, "a hexadecimal digit");
        }
        unit = unit * 16 + (uint32_t)digit;
        cursor->at++;
    }
    *ret_unit = unit;
    return TEND_OK;
}

/* Behind the 'u' of an escape: the character it means, with the second half of a pair. */
static enum tend_code read_unicode(struct json_cursor *cursor, char **to)
{
    char *escape = cursor->at - 2;
    uint32_t high, low = 0;
    TRY(read_hex(cursor, &high));
    if (high < 0xd800 || high > 0xdfff) {
        *to = utf8_put(*to, high);
        return TEND_OK;
    }
    if (high < 0xdc00 && cursor->at[0] == '\\' && cursor->at[1] == 'u') {
        cursor->at += 2;
        TRY(read_hex(cursor, &low));
    }
    if (low < 0xdc00 || low > 0xdfff) {
        cursor->at = escape;
        return json_cursor_refuse(cursor, "half of a surrogate pair is no character");
    }
    *to = utf8_put(*to, 0x10000u + ((high & 0x3ffu) << 10 | (low & 0x3ffu)));
    return TEND_OK;
}

/* At a backslash: write what it means at `to`, which is never ahead of reading. */
static enum tend_code read_escape(struct json_cursor *cursor, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = *++cursor->at;
    if (letter == 'u') {
        cursor->at++;
        return read_unicode(cursor, to);
    }
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL) {
        return json_cursor_expected(cursor, "one of \" \\ / b f n r t u after a backslash");
    }
    *(*to)++ = meanings[found - letters];
    cursor->at++;
    return TEND_OK;
}

static enum tend_code read_wide(struct json_cursor *cursor)
{
    size_t len = utf8_len(cursor->at);
    if (len == 0) {
        return json_cursor_expected(cursor, "valid UTF-8");
    }
    cursor->at += len;
    cursor->wide += len - 1;
    return TEND_OK;
}

/* At the byte that ends a text without being its quote. */
static enum tend_code no_quote(struct json_cursor *cursor)
{
    bool line_ends = *cursor->at == '\n' || *cursor->at == '\r';
    if (line_ends || cursor->at == cursor->end) {
        return json_cursor_expected(cursor, "a closing quote");
    }
    return FAIL(cursor->err, TEND_INVALID,
                "line %u, column %u: expected a closing quote, found byte 0x%02X (write control "
                "characters as escapes)",
                cursor->line, json_cursor_column(cursor), (unsigned char)*cursor->at);
}

enum tend_code json_cursor_read_text(struct json_cursor *cursor, struct text *ret_text)
{
    char *start = ++cursor->at;
    char *from = start; /* read but not yet moved */
    char *to = start;   /* the text so far ends here */
    for (;;) {
        cursor->at = skip_plain(cursor->at);
        if ((unsigned char)*cursor->at >= 0x80) {
            TRY(read_wide(cursor));
            continue;
        }
        size_t run = (size_t)(cursor->at - from);
        if (to != from) {
            memmove(to, from, run);
        }
        to += run;
        if (*cursor->at == '"') {
            break;
        }
        if (*cursor->at != '\\') {
            return no_quote(cursor);
        }
        TRY(read_escape(cursor, &to));
        from = cursor->at;
    }
    cursor->at++;
    *to = '\0';
    *ret_text = (struct text){start, (size_t)(to - start)};
    return TEND_OK;
}
