/* What the kernel knows of this process, as client libraries of Prometheus tell it. [core] */
#ifndef HOST_VITALS_H
#define HOST_VITALS_H

#include "base/metrics.h"

struct vitals {
    struct metrics_source source;
    struct metric *cpu, *resident, *virtual, *open_files, *max_files;
};

/* Tell them whenever the page of `metrics` is asked for. `started_ms` is the wall clock at start. */
void vitals_open(struct vitals *vitals, struct metrics *metrics, int64_t started_ms);
void vitals_close(struct vitals *vitals);

#endif
