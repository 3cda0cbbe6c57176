/* Workers that run in this very process, one engine for each. For virtual time. */
#ifndef SIM_INLINE_MAKER_H
#define SIM_INLINE_MAKER_H

#include "runner/worker_maker.h"
#include "sim/inline_worker.h"

struct inline_maker {
    struct worker_maker maker;
    struct world *world;
    struct metrics *metrics;      /* NULL: none */
    struct inline_worker *latest; /* that was made and is not closed; NULL: none */
};

/* `metrics`, where what plugins count is told, outlives it; it may be NULL. */
void inline_maker_init(struct inline_maker *maker, struct world *world, struct metrics *metrics);

#endif
