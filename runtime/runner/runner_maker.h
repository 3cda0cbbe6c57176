/* Workers that are processes: one runner for each. */
#ifndef RUNNER_RUNNER_MAKER_H
#define RUNNER_RUNNER_MAKER_H

#include "runner/runner.h"
#include "runner/worker_maker.h"

struct runner_maker {
    struct worker_maker maker;
    struct world *world;
    const char *program;     /* tend-runner, absolute; the owner's */
    struct metrics *metrics; /* NULL: none */
};

/* `metrics` may be NULL, and outlives them. */
void runner_maker_init(struct runner_maker *maker, struct world *world, const char *program,
                       struct metrics *metrics);

#endif
