/* Doubling growth with a hard cap; see the header for why overflow is a flag and not a code. */
#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { FIRST_CAPACITY = 256 };

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer)BUFFER_INIT(buffer->max);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->full = false;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

static void grow(struct buffer *buffer, size_t needed)
{
    size_t cap = buffer->cap < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->cap;
    while (cap < needed) {
        cap = cap > buffer->max / 2 ? buffer->max : cap * 2;
    }
    cap = cap > buffer->max ? buffer->max : cap;
    buffer->data = alloc_resize(buffer->data, cap + 1, 1);
    buffer->cap = cap;
    buffer->data[buffer->len] = '\0';
}

char *buffer_reserve(struct buffer *buffer, size_t len)
{
    if (buffer->full || len > buffer->max - buffer->len) {
        buffer->full = true;
        return NULL;
    }
    if (buffer->data == NULL || buffer->len + len > buffer->cap) {
        grow(buffer, buffer->len + len);
    }
    return buffer->data + buffer->len;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t len)
{
    char *space = buffer_reserve(buffer, len);
    if (space == NULL) {
        return;
    }
    if (len > 0) {
        memcpy(space, bytes, len);
    }
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void buffer_text(struct buffer *buffer, struct text text)
{
    buffer_add(buffer, text.ptr, text.len);
}

void buffer_chars(struct buffer *buffer, const char *chars)
{
    buffer_add(buffer, chars, strlen(chars));
}

void buffer_byte(struct buffer *buffer, char byte)
{
    buffer_add(buffer, &byte, 1);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_formatv(buffer, format, args);
    va_end(args);
}

void buffer_formatv(struct buffer *buffer, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *space = buffer_reserve(buffer, len < 0 ? SIZE_MAX : (size_t)len);
    if (space != NULL) {
        vsnprintf(space, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}

void buffer_consume(struct buffer *buffer, size_t len)
{
    size_t left = len < buffer->len ? buffer->len - len : 0;
    if (left > 0) {
        memmove(buffer->data, buffer->data + len, left);
    }
    buffer->len = left;
    if (buffer->data != NULL) {
        buffer->data[left] = '\0';
    }
}

struct text buffer_view(const struct buffer *buffer)
{
    return (struct text){buffer->data == NULL ? "" : buffer->data, buffer->len};
}

char *buffer_take(struct buffer *buffer)
{
    char *data = buffer->data == NULL ? alloc_text("", 0) : buffer->data;
    *buffer = (struct buffer)BUFFER_INIT(buffer->max);
    return data;
}
