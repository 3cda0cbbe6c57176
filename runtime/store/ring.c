/* Revisions in the ring are contiguous, so a row is found by subtraction. The array grows by doubling
 * up to the cap: a quiet host does not pay for a busy one's ring. */
#include "store/ring.h"

#include <assert.h>

#include "base/alloc.h"

void ring_init(struct ring *ring, int64_t floor, size_t rows_max, size_t bytes_max)
{
    *ring = (struct ring){.floor = floor, .rows_max = rows_max, .bytes_max = bytes_max};
}

static struct row **slot(const struct ring *ring, size_t i)
{
    return &ring->rows[(ring->first + i) & (ring->capacity - 1)];
}

static void drop_first(struct ring *ring)
{
    struct row *row = *slot(ring, 0);
    ring->floor = row->change.revision;
    ring->bytes -= row_weight(row);
    ring->first = (ring->first + 1) & (ring->capacity - 1);
    ring->count--;
    row_free(row);
}

void ring_done(struct ring *ring)
{
    while (ring->count > 0) {
        drop_first(ring);
    }
    free(ring->rows);
    ring->rows = NULL;
    ring->capacity = 0;
}

static void grow(struct ring *ring)
{
    size_t capacity = ring->capacity == 0 ? 64 : ring->capacity * 2;
    struct row **rows = alloc_array(capacity, sizeof(struct row *));
    for (size_t i = 0; i < ring->count; i++) {
        rows[i] = *slot(ring, i);
    }
    free(ring->rows);
    ring->rows = rows;
    ring->first = 0;
    ring->capacity = capacity;
}

void ring_push(struct ring *ring, struct row *row)
{
    assert(row->change.revision == ring->floor + (int64_t)ring->count + 1);
    while (ring->count > 0 &&
           (ring->count >= ring->rows_max || ring->bytes + row_weight(row) > ring->bytes_max)) {
        drop_first(ring);
    }
    if (ring->count == ring->capacity) {
        grow(ring);
    }
    ring->count++;
    *slot(ring, ring->count - 1) = row;
    ring->bytes += row_weight(row);
}

const struct row *ring_after(const struct ring *ring, int64_t after)
{
    assert(after >= ring->floor);
    size_t skip = (size_t)(after - ring->floor);
    return skip < ring->count ? *slot(ring, skip) : NULL;
}
