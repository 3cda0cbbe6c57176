/* Memory for things that die together: one arena per parsed document, request or reconcile.
 *
 * Allocation bumps a pointer; nothing is freed alone; arena_done() ends it all. Every pointer handed
 * out stays valid, at the same address, until then. One thread at a time.
 *
 *     CLEANUP(arena_done) struct arena arena = {0};
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/text.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *next, *end;           /* what is left of the newest */
    size_t bytes;               /* asked of malloc so far */
};

/* Free every block; the arena is empty and usable again. */
void arena_done(struct arena *arena);

/* `size` zeroed bytes, aligned for any type. Zero bytes are an address of their own. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* A NUL-terminated copy of `text`, as a text. */
struct text arena_text(struct arena *arena, struct text text);

/* Formatted text, NUL-terminated. */
struct text arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
