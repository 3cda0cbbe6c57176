/* Growable bytes, born with a maximum.
 *
 * An append that would exceed `max` adds nothing and sets `full`; from then on nothing is added, so
 * that the content is always a true beginning of what was written. A writer appends without asking
 * and checks once at the end. The bytes always end in a NUL that is not counted.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct buffer {
    char *data; /* NULL while empty */
    size_t len, cap, max;
    bool full; /* something did not fit; until buffer_clear, _take or _done */
};

#define BUFFER_INIT(max_bytes)                                                                     \
    {                                                                                              \
        .max = (max_bytes)                                                                         \
    }

void buffer_done(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* keeps the memory; `full` is reset */

void buffer_add(struct buffer *buffer, const void *bytes, size_t len);
void buffer_text(struct buffer *buffer, struct text text);
void buffer_chars(struct buffer *buffer, const char *chars);
void buffer_byte(struct buffer *buffer, char byte);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_formatv(struct buffer *buffer, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Space for `len` more bytes, at data + the buffer's len; the caller adds to that what it wrote, and
 * the next append ends it in a NUL again. NULL and `full` where it would exceed the maximum. */
char *buffer_reserve(struct buffer *buffer, size_t len);

/* Drop the first `len` bytes. */
void buffer_consume(struct buffer *buffer, size_t len);

/* What is in it, borrowed until the next change; never NULL. */
struct text buffer_view(const struct buffer *buffer);

/* The bytes, NUL-terminated, now the caller's to free(); the buffer is empty again. */
char *buffer_take(struct buffer *buffer);

#endif
