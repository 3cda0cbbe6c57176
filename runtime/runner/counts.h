/* What the plugin of one runner counts, as its reports tell, on the host's page. [core]
 *
 * Series are numbered for each process anew and found by name: a counter goes on from one process to the next,
 * and from one version of the plugin to the next, a gauge ends with the process that spoke last. */
#ifndef RUNNER_COUNTS_H
#define RUNNER_COUNTS_H

#include "base/metrics.h"
#include "document/value.h"

/* A zeroed one counts nowhere. */
struct counts {
    struct metrics_lot *lot; /* NULL: nowhere */
    struct series *series;   /* that this process told; NULL: none */
    size_t count;
};

void counts_init(struct counts *counts, struct metrics *metrics, const char *plugin);

/* Take a report whose shape was judged. TEND_INVALID where it is not one that a runner makes: nothing more of
 * it is to be believed. In `notice` (not NULL, empty before) a sentence for each series that is not kept,
 * cut as an error is. */
NODISCARD enum tend_code counts_take(struct counts *counts, const struct value *report,
                                     struct error *notice, struct error *err);

/* The process is gone. */
void counts_end(struct counts *counts);

#endif
