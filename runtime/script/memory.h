/* The memory of a script: counted, and bounded. */
#ifndef SCRIPT_MEMORY_H
#define SCRIPT_MEMORY_H

#include <stddef.h>

struct memory {
    size_t used, max;
    unsigned refused;                     /* in a row: Lua asks once more when it has collected */
    void (*ended)(struct memory *memory); /* it was refused twice: an error follows. NULL allowed */
};

/* A lua_Alloc over a struct memory: what would exceed it is refused. */
void *memory_alloc(void *memory, void *block, size_t old_size, size_t new_size);

#endif
