/* Lua collects its garbage and asks once more when it is refused, so the bound is what is alive. */
#include "script/memory.h"

#include <stdlib.h>

void *memory_alloc(void *owner, void *block, size_t old_size, size_t new_size)
{
    struct memory *memory = owner;
    size_t before = block == NULL ? 0 : old_size; /* else it says what kind of object it is */
    if (new_size == 0) {
        memory->used -= before;
        free(block);
        return NULL;
    }
    if (new_size > before &&
        (memory->used > memory->max || new_size - before > memory->max - memory->used)) {
        memory->wanted = new_size;
        if (memory->refused != NULL) {
            memory->refused(memory);
        }
        return NULL;
    }
    memory->wanted = memory->wanted == new_size ? 0 : memory->wanted;
    void *moved = realloc(block, new_size);
    if (moved != NULL) {
        memory->used = memory->used - before + new_size;
    }
    return moved;
}
