/* The ring: the newest rows without a gap, capped by number and by bytes of documents. */
#ifndef STORE_RING_H
#define STORE_RING_H

#include "store/row.h"

struct ring {
    struct row **rows; /* capacity is a power of two; row i is at (first + i) & (capacity - 1) */
    size_t first, count, capacity;
    size_t bytes;
    int64_t floor; /* rows after this revision are here */
    size_t rows_max, bytes_max;
};

/* `floor`: the revision before the first row that will be pushed. */
void ring_init(struct ring *ring, int64_t floor, size_t rows_max, size_t bytes_max);
void ring_done(struct ring *ring);

/* Add the row of the next revision (taken over); the oldest ones leave where the caps demand it. The
 * newest row stays whatever its size. */
void ring_push(struct ring *ring, struct row *row);

/* The oldest row newer than `after`, which is >= ring->floor; NULL where there is none. */
const struct row *ring_after(const struct ring *ring, int64_t after);

#endif
