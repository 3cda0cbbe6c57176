#include <stdio.h>

#include "base/alloc.h"
#include "base/map.h"
#include "support/suite.h"

enum { MANY = 3000 };

struct entry {
    char key[16];
    size_t seen;
};

static struct text key_of(struct entry *entry)
{
    return text_of(entry->key);
}

static struct entry *new_entries(void)
{
    struct entry *entries = alloc_array(MANY, sizeof *entries);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(entries[i].key, sizeof entries[i].key, "key-%zu", i);
    }
    return entries;
}

static void is_empty_when_zeroed(void)
{
    CLEANUP(map_done) struct map map = {0};
    size_t seen = 0;
    CHECK(map_get(&map, TEXT("a")) == NULL);
    CHECK(map_remove(&map, TEXT("a")) == NULL);
    MAP_FOREACH (slot, &map) {
        seen++;
    }
    CHECK_INT(seen, 0);
}

static void replaces_and_returns_what_was_there(void)
{
    CLEANUP(map_done) struct map map = {0};
    int first = 1, second = 2;
    char old_key[] = "key", new_key[] = "key";
    CHECK(map_put(&map, text_of(old_key), &first) == NULL);
    CHECK(map_put(&map, text_of(new_key), &second) == &first);
    old_key[0] = 'X'; /* belonged to the value that is out */
    CHECK(map_get(&map, TEXT("key")) == &second);
    CHECK_INT(map.count, 1);
    CHECK(map_remove(&map, TEXT("key")) == &second);
    CHECK(map_get(&map, TEXT("key")) == NULL);
    CHECK_INT(map.count, 0);
}

static void tells_keys_apart_by_every_byte(void)
{
    CLEANUP(map_done) struct map map = {0};
    int empty = 0, one = 1, two = 2;
    map_put(&map, TEXT(""), &empty);
    map_put(&map, TEXT("a\0b"), &one);
    map_put(&map, TEXT("a\0c"), &two);
    CHECK(map_get(&map, (struct text){NULL, 0}) == &empty);
    CHECK(map_get(&map, TEXT("a\0b")) == &one);
    CHECK(map_get(&map, TEXT("a\0c")) == &two);
    CHECK(map_get(&map, TEXT("a")) == NULL);
}

/* Wrong answers over all keys, where the even ones were taken out. */
static size_t count_wrong(const struct map *map, struct entry *entries)
{
    size_t wrong = 0;
    for (size_t i = 0; i < MANY; i++) {
        wrong += map_get(map, key_of(&entries[i])) != (i % 2 == 0 ? NULL : &entries[i]);
    }
    return wrong;
}

static void finds_all_that_is_left_after_removals(void)
{
    CLEANUP(map_done) struct map map = {0};
    CLEANUP(freep) struct entry *entries = new_entries();
    for (size_t i = 0; i < MANY; i++) {
        map_put(&map, key_of(&entries[i]), &entries[i]);
    }
    CHECK_INT(map.count, MANY);
    for (size_t i = 0; i < MANY; i += 2) {
        map_remove(&map, key_of(&entries[i]));
    }
    CHECK_INT(map.count, MANY / 2);
    CHECK_INT(count_wrong(&map, entries), 0);
}

static void visits_each_once(void)
{
    CLEANUP(map_done) struct map map = {0};
    CLEANUP(freep) struct entry *entries = new_entries();
    size_t wrong = 0;
    for (size_t i = 0; i < MANY; i++) {
        map_put(&map, key_of(&entries[i]), &entries[i]);
    }
    MAP_FOREACH (slot, &map) {
        ((struct entry *)slot->value)->seen++;
    }
    for (size_t i = 0; i < MANY; i++) {
        wrong += entries[i].seen != 1;
    }
    CHECK_INT(wrong, 0);
}

static void does_not_grow_from_coming_and_going(void)
{
    CLEANUP(map_done) struct map map = {0};
    CLEANUP(freep) struct entry *entries = new_entries();
    for (size_t i = 0; i < MANY; i++) {
        map_put(&map, key_of(&entries[i]), &entries[i]);
        if (i >= 10) {
            map_remove(&map, key_of(&entries[i - 10]));
        }
    }
    CHECK_INT(map.count, 10);
    CHECK_INT(map.capacity, 16);
}

SUITE({"is empty when zeroed", is_empty_when_zeroed},
      {"replaces, and returns what was there", replaces_and_returns_what_was_there},
      {"tells keys apart by every byte", tells_keys_apart_by_every_byte},
      {"finds all that is left after removals", finds_all_that_is_left_after_removals},
      {"visits each entry once", visits_each_once},
      {"does not grow from coming and going", does_not_grow_from_coming_and_going})
