#include "base/alloc.h"
#include "base/heap.h"
#include "support/suite.h"

enum { MANY = 400 };

/* A number sequence that looks random and is the same in every run (an LCG's high bits). */
static uint64_t next_number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static struct heap_node *pop(struct heap *heap)
{
    struct heap_node *node = heap_first(heap);
    heap_remove(heap, node);
    return node;
}

/* The header's promise: every parent before its children, every node knows its place. */
static size_t count_disorder(const struct heap *heap)
{
    size_t wrong = 0;
    for (size_t i = 0; i < heap->count; i++) {
        const struct heap_node *node = heap->nodes[i],
                               *parent = heap->nodes[i == 0 ? 0 : (i - 1) / 2];
        wrong += node->place != i + 1;
        wrong += parent->due > node->due;
        wrong += i > 0 && parent->due == node->due && parent->turn > node->turn;
    }
    return wrong;
}

static void gives_the_earliest_first(void)
{
    CLEANUP(heap_done) struct heap heap = {0};
    struct heap_node nodes[MANY] = {0};
    uint64_t state = 1;
    for (size_t i = 0; i < MANY; i++) {
        heap_add(&heap, &nodes[i], (int64_t)(next_number(&state) % 1000) - 500);
    }
    int64_t before = INT64_MIN;
    size_t wrong = 0, count = 0;
    while (heap_first(&heap) != NULL) {
        struct heap_node *node = pop(&heap);
        wrong += node->due < before || heap_holds(node);
        before = node->due;
        count++;
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(count, MANY);
}

static void keeps_the_order_of_adding_for_ties(void)
{
    CLEANUP(heap_done) struct heap heap = {0};
    struct heap_node nodes[MANY] = {0};
    size_t wrong = 0;
    for (size_t i = 0; i < MANY; i++) {
        heap_add(&heap, &nodes[i], 7);
    }
    for (size_t i = 0; i < MANY; i++) {
        wrong += pop(&heap) != &nodes[i];
    }
    CHECK_INT(wrong, 0);
}

static void moves_what_is_added_again(void)
{
    CLEANUP(heap_done) struct heap heap = {0};
    struct heap_node a = {0}, b = {0};
    heap_add(&heap, &a, 10);
    heap_add(&heap, &b, 20);
    heap_add(&heap, &a, 30);
    CHECK_INT(heap.count, 2);
    CHECK(heap_first(&heap) == &b);
    heap_add(&heap, &a, 20); /* a tie now, and later in turn */
    CHECK(pop(&heap) == &b);
    CHECK(pop(&heap) == &a);
    CHECK(heap_first(&heap) == NULL);
}

static void takes_out_any_element(void)
{
    CLEANUP(heap_done) struct heap heap = {0};
    struct heap_node nodes[MANY] = {0};
    uint64_t state = 42;
    size_t wrong = 0, held = 0;
    for (size_t step = 0; step < 5000; step++) {
        struct heap_node *node = &nodes[next_number(&state) % MANY];
        if (next_number(&state) % 3 == 0) {
            heap_remove(&heap, node);
            wrong += heap_holds(node);
        } else {
            heap_add(&heap, node, (int64_t)(next_number(&state) % 50));
            wrong += !heap_holds(node);
        }
        wrong += count_disorder(&heap);
    }
    for (size_t i = 0; i < MANY; i++) {
        held += heap_holds(&nodes[i]);
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(heap.count, held);
}

static void ignores_what_it_does_not_hold(void)
{
    CLEANUP(heap_done) struct heap heap = {0};
    struct heap_node in = {0}, out = {0};
    heap_remove(&heap, &out);
    heap_add(&heap, &in, 1);
    heap_remove(&heap, &out);
    CHECK_INT(heap.count, 1);
    heap_remove(&heap, &in);
    heap_remove(&heap, &in);
    CHECK_INT(heap.count, 0);
}

static void orders_the_ends_of_time(void)
{
    CLEANUP(heap_done) struct heap heap = {0};
    struct heap_node first = {0}, last = {0}, middle = {0};
    heap_add(&heap, &last, INT64_MAX);
    heap_add(&heap, &first, INT64_MIN);
    heap_add(&heap, &middle, 0);
    CHECK(pop(&heap) == &first);
    CHECK(pop(&heap) == &middle);
    CHECK(pop(&heap) == &last);
}

SUITE({"gives the earliest first", gives_the_earliest_first},
      {"keeps the order of adding for ties", keeps_the_order_of_adding_for_ties},
      {"moves what is added again", moves_what_is_added_again},
      {"takes out any element and stays in order", takes_out_any_element},
      {"ignores what it does not hold", ignores_what_it_does_not_hold},
      {"orders the ends of time", orders_the_ends_of_time})
