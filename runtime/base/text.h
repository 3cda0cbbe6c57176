/* A piece of text: a pointer and a length, borrowed, UTF-8. Not NUL-terminated unless said. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *ptr;
    size_t len;
};

#define TEXT(literal)  ((struct text){(literal), sizeof(literal) - 1})
#define TEXT_ARG(text) (int)(text).len, (text).ptr /* for "%.*s" */

/* The text of a C string; NULL gives the empty text. */
static inline struct text text_of(const char *chars)
{
    return (struct text){chars, chars == NULL ? 0 : strlen(chars)};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool text_is(struct text a, const char *chars)
{
    return text_equal(a, text_of(chars));
}

/* Byte order, shorter first where one begins the other: <0, 0, >0. */
int text_compare(struct text a, struct text b);

bool text_starts(struct text whole, struct text start);
bool text_ends(struct text whole, struct text end);

/* Index of the first `byte` in `text`, or text.len. */
size_t text_find(struct text text, char byte);

/* Index of the first `part` (not empty) in `text`, or text.len. */
size_t text_search(struct text text, struct text part);

/* From `from` (at most len) to the end; the first `len` bytes at most. */
struct text text_from(struct text text, size_t from);
struct text text_first(struct text text, size_t len);

/* The same, but never half a character of UTF-8: for a piece of input in a sentence. */
struct text text_clip(struct text text, size_t len);

/* Cut `*rest` at the first `separator`: returns what is before it and leaves what is after. Where
 * there is none, returns all and leaves the empty text. */
struct text text_cut(struct text *rest, char separator);

/* A whole decimal integer, optional '-', nothing around it. False where it is none or too large. */
bool text_to_int(struct text text, int64_t *ret_value);

/* 64-bit hash for tables; the same in one process, not to be stored. */
uint64_t text_hash(struct text text);

/* The nearest of `count` candidates by edit distance for "did you mean"; NULL where none is near. */
const char *text_nearest(struct text word, const char *const *candidates, size_t count);

#endif
