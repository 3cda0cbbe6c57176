/* The memory of a script: counted, and bounded. */
#ifndef SCRIPT_MEMORY_H
#define SCRIPT_MEMORY_H

#include <stddef.h>

struct memory {
    size_t used, max;
    size_t wanted; /* what was refused, and not given since: Lua asks again when it has collected */
    void (*refused)(struct memory *memory); /* NULL allowed */
};

/* A lua_Alloc over a struct memory: what would exceed it is refused. */
void *memory_alloc(void *memory, void *block, size_t old_size, size_t new_size);

#endif
