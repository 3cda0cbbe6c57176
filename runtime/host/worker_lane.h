/* One worker thread that does the jobs of one lane, in order. Started by the first job. */
#ifndef HOST_WORKER_LANE_H
#define HOST_WORKER_LANE_H

#include <pthread.h>

#include "base/world.h"

struct worker_lane {
    int wake_fd;  /* fixed: an eventfd that a finished job writes to */
    bool started; /* the core's */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t more;
    struct list waiting, finished;
    bool ending;
};

void worker_lane_init(struct worker_lane *lane, int wake_fd);

/* Works off what waits, then ends the thread. [core] */
void worker_lane_done(struct worker_lane *lane);

/* [core] */
void worker_lane_add(struct worker_lane *lane, struct job *job);

/* Move the finished jobs to `ret_jobs` (initialised here). [core] */
void worker_lane_collect(struct worker_lane *lane, struct list *ret_jobs);

#endif
