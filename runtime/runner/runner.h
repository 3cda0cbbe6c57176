/* A runner: the process that a plugin lives in, or a thread of the host, as its host sees it. A worker
 * (controller/worker.h).
 *
 *     new --start--> starting --descriptor--> up --death--> waiting --at once, 1 s ... 5 min-->
 *     starting
 *                        |                     |
 *                        +--> refused          +--close--> closing --> gone
 *
 * Calls are pipelined: many are sent before the first result is back, and the runner executes them
 * in order. The runner says in a shared page which call it executes, so that its death is charged
 * to that one (BLAME_CALL); the others come back as lost without blame. A call that executes longer
 * than its limit and a grace ends the process. What the process and its plugin write to standard
 * output and error is logged, line by line, at most RUNNER_LINES_MAX a second.
 *
 * A thread cannot be ended from outside (runner/means.h). Where a call does not end, it is lost as ever, and so
 * are those behind it, but nothing is started in its place: the worker is stuck, and down, until the call ends by
 * itself. So no object is worked on twice at once.
 *
 * A first start that fails for a reason that will not go away (the file is refused, the plugin
 * crashes or hangs while it is loaded) is `refused`, and final; later ones are tried again. Two
 * runners of the same plugin may be up at once: a new version starts beside the old one.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include "base/metrics.h"
#include "base/world.h"
#include "controller/worker.h"
#include "protocol/confinement.h"

struct runner;
struct runner_means;

/* What one may have and do; all zero: the default. */
struct runner_bounds {
    uint64_t memory_bytes; /* address space; 0: RUNNER_MEMORY_MAX */
    uint32_t open_files;   /* descriptors; 0: RUNNER_FILES_MAX */
    int64_t run_ms;        /* of a call that has no limit of its own; 0: RECONCILE_LIMIT_MS */
    enum confinement confinement;
};

struct runner_options {
    struct world *world;
    const char *program;        /* tend-runner, absolute; copied */
    struct runner_means *means; /* the runner's from now on; NULL: a process of `program` */
    const char *file;           /* the plugin: absolute, never changed afterwards; copied */
    const char *name;           /* for people; copied */
    const struct value *config; /* for the controllers' start: a map; NULL: {}; copied */
    struct runner_bounds bounds;
    struct metrics *metrics; /* outlives it; NULL: none */
    /* Beyond a call's limit, before the process is killed; 0: RECONCILE_GRACE_MS, or as long as
     * bounds.run_ms where that is shorter, but no less than RECONCILE_GRACE_MIN. */
    int64_t grace_ms;
};

/* A runner that is not started; its worker's listener is NULL, and is set before the start. */
struct runner *runner_new(const struct runner_options *options);
struct worker *runner_worker(struct runner *runner);

/* Start the process; `up` or `refused` follows. */
void runner_start(struct runner *runner);

/* End it: no callback follows, calls that are out are forgotten. The process is asked to stop,
 * killed after RUNNER_STOP_MS, and the runner freed; then `closed` (which may be NULL) runs. */
void runner_close(struct runner *runner, struct task *closed);

/* The process, 0 where there is none: for people and for tests. */
pid_t runner_pid(const struct runner *runner);

#endif
