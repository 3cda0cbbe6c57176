/* Linear probing at a load of at most 3/4. Removal shifts the run back instead of leaving a
 * tombstone, so lookups never slow down with age. */
#include "base/map.h"

#include <assert.h>

#include "base/alloc.h"

enum { CAPACITY_MIN = 16 };

void map_done(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

static struct map_slot *find(const struct map *map, struct text key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (slot->value == NULL || (slot->hash == hash && text_equal(slot->key, key))) {
            return slot;
        }
    }
}

static void grow(struct map *map)
{
    struct map old = *map;
    map->capacity = old.capacity == 0 ? CAPACITY_MIN : old.capacity * 2;
    map->slots = alloc_array(map->capacity, sizeof *map->slots);
    MAP_FOREACH (slot, &old) {
        *find(map, slot->key, slot->hash) = *slot;
    }
    free(old.slots);
}

void *map_get(const struct map *map, struct text key)
{
    return map->count == 0 ? NULL : find(map, key, text_hash(key))->value;
}

void *map_put(struct map *map, struct text key, void *value)
{
    assert(value != NULL); /* NULL marks a free slot */
    if ((map->count + 1) * 4 > map->capacity * 3) {
        grow(map);
    }
    uint64_t hash = text_hash(key);
    struct map_slot *slot = find(map, key, hash);
    void *before = slot->value;
    map->count += before == NULL;
    *slot = (struct map_slot){key, value, hash};
    return before;
}

void *map_remove(struct map *map, struct text key)
{
    struct map_slot *slot = map->count == 0 ? NULL : find(map, key, text_hash(key));
    if (slot == NULL || slot->value == NULL) {
        return NULL;
    }
    void *before = slot->value;
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(slot - map->slots);
    for (size_t i = (hole + 1) & mask; map->slots[i].value != NULL; i = (i + 1) & mask) {
        size_t home = map->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct map_slot){0};
    map->count--;
    return before;
}
