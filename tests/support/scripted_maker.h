/* Workers for contents that are YAML, and say what a plugin would do:
 *
 *     {descriptor: {name: lab, version: '1', controllers: [...]},
 *      refuse: why it does not start,                                   instead of starting
 *      run: {pending: '{outcome: enter, state: ready}', '': '{outcome: done}'}}
 *
 * `run` has what a run returns, by the state of its object; '' for all other states. */
#ifndef SUPPORT_SCRIPTED_MAKER_H
#define SUPPORT_SCRIPTED_MAKER_H

#include "runner/worker_maker.h"
#include "support/scripted_worker.h"

struct scripted_maker {
    struct worker_maker maker;
    struct world *world;
    struct list workers; /* that are there, oldest first */
    size_t made, closed;
    bool holds;        /* workers that are made hold their results */
    const char *stuck; /* none can be started: why; NULL: they can */
};

void scripted_maker_init(struct scripted_maker *maker, struct world *world);

/* How many workers there are, and number `index` of them; NULL where there are not so many. */
size_t scripted_maker_count(const struct scripted_maker *maker);
struct scripted_worker *scripted_maker_worker(const struct scripted_maker *maker, size_t index);

/* It dies, and is up again in a later step: what it executed last is to blame. */
void scripted_maker_kill(struct scripted_maker *maker, struct scripted_worker *worker);

/* Who is not up tries again: nothing is in the way any more, or it is still. */
void scripted_maker_unstick(struct scripted_maker *maker, const char *stuck);

#endif
