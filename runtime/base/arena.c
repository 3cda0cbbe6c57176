/* Blocks double from 1 KiB to 64 KiB: a small document costs one malloc, a large one few. An
 * allocation larger than the next block gets a block of its own size. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { BLOCK_MIN = 1024, BLOCK_MAX = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t size; /* of `data` */
    _Alignas(max_align_t) char data[];
};

void arena_done(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){0};
}

/* The sum; where it exceeds what can be asked for, a size that malloc refuses, so that the process
 * says so instead of getting less than it asked for. */
static size_t sum_or_refused(size_t a, size_t b)
{
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

static void add_block(struct arena *arena, size_t least)
{
    size_t size = arena->blocks == NULL ? BLOCK_MIN : arena->blocks->size * 2;
    size = size > BLOCK_MAX ? BLOCK_MAX : size;
    size = size < least ? least : size;
    struct arena_block *block = alloc_resize(NULL, 1, sum_or_refused(sizeof *block, size));
    block->next = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->next = block->data;
    arena->end = block->data + size;
    arena->bytes += sizeof *block + size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t unit = _Alignof(max_align_t);
    size_t aligned = size == 0 ? unit : sum_or_refused(size, unit - 1) & ~(unit - 1);
    if (arena->blocks == NULL || (size_t)(arena->end - arena->next) < aligned) {
        add_block(arena, aligned);
    }
    char *memory = arena->next;
    arena->next += aligned;
    return memset(memory, 0, size);
}

struct text arena_text(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, sum_or_refused(text.len, 1));
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return (struct text){copy, text.len};
}

struct text arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)(len < 0 ? 0 : len) + 1);
    vsnprintf(text, (size_t)(len < 0 ? 0 : len) + 1, format, again);
    va_end(again);
    return (struct text){text, (size_t)(len < 0 ? 0 : len)};
}
