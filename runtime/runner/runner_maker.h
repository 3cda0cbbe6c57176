/* Workers that are processes: one runner for each. */
#ifndef RUNNER_RUNNER_MAKER_H
#define RUNNER_RUNNER_MAKER_H

#include "runner/runner.h"
#include "runner/worker_maker.h"

struct inline_place {
    struct runner_means *means;
    struct worker_remark remark; /* of the worker */
};

struct runner_maker {
    struct worker_maker maker;
    struct world *world;
    const char *program;     /* tend-runner, absolute; the owner's */
    struct metrics *metrics; /* NULL: none */

    /* Who takes in what is to run inline; NULL: nobody, it is refused. `ret_place->means` is NULL where it
     * shall have a process nevertheless. */
    enum tend_code (*take_in)(void *house, const struct worker_order *order,
                              struct inline_place *ret_place, struct error *err);
    bool (*forgive)(void *house, const char *file);
    void *house;
};

/* `metrics` may be NULL, and outlives them. */
void runner_maker_init(struct runner_maker *maker, struct world *world, const char *program,
                       struct metrics *metrics);

#endif
