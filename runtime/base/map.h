/* A hash table from text to a pointer. Open addressing, linear probing.
 *
 * The table keeps the key text that map_put was given without copying it: let it point into the
 * value, and change neither while it is in the table. Iteration order is not defined; removing
 * while iterating is not allowed.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "base/text.h"

struct map_slot {
    struct text key;
    void *value; /* NULL: free slot */
    uint64_t hash;
};

struct map {
    struct map_slot *slots;
    size_t count, capacity; /* capacity is a power of two, or 0 */
};

/* Free the table itself; the values are their owner's. A zeroed map is an empty one. */
void map_done(struct map *map);

void *map_get(const struct map *map, struct text key);

/* Insert or replace; returns what was there before, or NULL. `value` is not NULL. */
void *map_put(struct map *map, struct text key, void *value);

/* Take out; returns what was there, or NULL. */
void *map_remove(struct map *map, struct text key);

/* The slot in use after `slot` (NULL: the first), or NULL. */
static inline struct map_slot *map_next(const struct map *map, const struct map_slot *slot)
{
    for (size_t i = slot == NULL ? 0 : (size_t)(slot - map->slots) + 1; i < map->capacity; i++) {
        if (map->slots[i].value != NULL) {
            return &map->slots[i];
        }
    }
    return NULL;
}

#define MAP_FOREACH(slot, map)                                                                     \
    for (struct map_slot *slot = map_next((map), NULL); slot != NULL; slot = map_next((map), slot))

#endif
