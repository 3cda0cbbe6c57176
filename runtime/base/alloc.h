/* Allocation that does not fail, and owners that are visible.
 *
 * Every size that input drives is bounded first (base/limits.h), so running out of memory is not an
 * outcome to handle: the process says which size it was and aborts. The store is crash-safe and
 * reconciling is level-triggered; restart is the recovery.
 *
 *     CLEANUP(buffer_done) struct buffer out = ...;   -- ends with the scope
 *     *ret_doc = TAKE(doc);                           -- ... unless given away
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>
#include <stdlib.h>

#define CLEANUP(destroy) __attribute__((cleanup(destroy)))
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) *take_from_ = &(pointer);                                              \
        __typeof__(pointer) take_value_ = *take_from_;                                             \
        *take_from_ = NULL;                                                                        \
        take_value_;                                                                               \
    })

/* From a member back to the struct that embeds it. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* `size` zeroed bytes; the caller frees them with free(). Aborts when there is no memory. */
void *alloc_new(size_t size) __attribute__((malloc, returns_nonnull));

/* `count` zeroed elements of `size` bytes; aborts on overflow as well. */
void *alloc_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* `old` moved to `count` elements of `size` bytes; what is new is not zeroed. */
void *alloc_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* A NUL-terminated copy of `len` bytes at `text`; the caller frees it. */
char *alloc_text(const char *text, size_t len) __attribute__((malloc, returns_nonnull));

/* A copy of a C string; NULL gives NULL. */
char *alloc_dup(const char *text);

/* For CLEANUP on a pointer that free() ends: CLEANUP(freep) char *name = ...; */
static inline void freep(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

#endif
