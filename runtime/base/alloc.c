/* One place where memory runs out, so that one place decides what that means. */
#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t count, size_t size)
{
    fprintf(stderr, "tend: out of memory (%zu x %zu bytes)\n", count, size);
    abort();
}

void *alloc_new(size_t size)
{
    return alloc_array(1, size);
}

void *alloc_array(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (memory == NULL) {
        out_of_memory(count, size);
    }
    return memory;
}

void *alloc_resize(void *old, size_t count, size_t size)
{
    void *memory = reallocarray(old, count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (memory == NULL) {
        out_of_memory(count, size);
    }
    return memory;
}

char *alloc_text(const char *text, size_t len)
{
    if (len == SIZE_MAX) {
        out_of_memory(1, len);
    }
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        out_of_memory(1, len + 1);
    }
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

char *alloc_dup(const char *text)
{
    return text == NULL ? NULL : alloc_text(text, strlen(text));
}
