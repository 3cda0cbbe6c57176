/* A binary heap of elements that carry their own place: the earliest first, any removable.
 *
 *     struct alarm { struct heap_node node; ... };   node.due orders; ties leave in order of adding
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t due;   /* the order; any unit */
    uint64_t turn; /* set by heap_add: breaks ties */
    size_t place;  /* 1-based; 0: not in a heap (a zeroed node is valid) */
};

struct heap {
    struct heap_node **nodes;
    size_t count, capacity;
    uint64_t turns;
};

void heap_done(struct heap *heap); /* frees the array, not the elements */

/* Add, or move where `node` is in the heap already. */
void heap_add(struct heap *heap, struct heap_node *node, int64_t due);
void heap_remove(struct heap *heap, struct heap_node *node); /* harmless where it is in none */

static inline bool heap_holds(const struct heap_node *node)
{
    return node->place != 0;
}

/* The earliest, or NULL. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count == 0 ? NULL : heap->nodes[0];
}

#endif
