/* A place in JSON text that is being read: what stands there, where that is, and what is wrong with it.
 *
 * Private to the reading of JSON. The text is a copy that belongs to the reader, with at least
 * JSON_CURSOR_PAD zero bytes behind it; strings are unescaped inside of it.
 *
 * Columns count characters, as editors do. Counting them afresh for each value would be quadratic on
 * the single line that canonical JSON is, so the cursor carries the number of continuation bytes met
 * on this line and subtracts.
 */
#ifndef DOCUMENT_JSON_CURSOR_H
#define DOCUMENT_JSON_CURSOR_H

#include "base/error.h"
#include "base/text.h"

enum { JSON_CURSOR_PAD = 8 };

struct json_cursor {
    char *at, *end;   /* the next byte, and the first zero byte behind the text */
    char *line_start; /* first byte of this line */
    size_t wide;      /* bytes of this line before `at` that continue a character */
    uint32_t line;
    struct error *err;
};

/* The failure "line L, column C: expected WHAT, found ...". */
enum tend_code json_cursor_expected(const struct json_cursor *cursor, const char *what);

/* The failures "line L, column C: WHY" and "line L, column C: WHAT LIMIT" (TEND_LIMIT). */
enum tend_code json_cursor_refuse(const struct json_cursor *cursor, const char *why);
enum tend_code json_cursor_beyond(const struct json_cursor *cursor, const char *what,
                                  unsigned limit);

/* From an opening quote to behind its closing one: the text, which stays where it stands. */
NODISCARD enum tend_code json_cursor_read_text(struct json_cursor *cursor, struct text *ret_text);

static inline uint32_t json_cursor_column(const struct json_cursor *cursor)
{
    return (uint32_t)((size_t)(cursor->at - cursor->line_start) - cursor->wide + 1);
}

static inline bool json_is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static inline void json_cursor_skip_space(struct json_cursor *cursor)
{
    for (;; cursor->at++) {
        switch (*cursor->at) {
        case '\n':
            cursor->line++;
            cursor->line_start = cursor->at + 1;
            cursor->wide = 0;
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

#endif
