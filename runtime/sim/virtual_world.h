/* The world of base/world.h in virtual time, for tests: nothing happens until the test says so.
 *
 *     struct virtual_world v;
 *     virtual_world_init(&v, 1);                 -- v.world goes to the code under test
 *     virtual_world_run(&v);                     -- tasks, alarms that are due, jobs, until nothing is left
 *     virtual_world_advance(&v, 5000);           -- the same, with the clock moving from alarm to alarm
 *
 * Everything runs on the calling thread. Tasks run in the order in which they were asked for, before
 * alarms that are due, before jobs. Jobs run one at a time, lane by lane; virtual_world_hold() keeps a
 * lane's jobs waiting, so that a test can look while a commit is under way. The clock moves only in
 * virtual_world_advance(); it starts at ticks 0 and at 2026-01-01T00:00:00Z. Randomness comes from the
 * seed. There are no descriptors and no children: TEND_UNAVAILABLE.
 */
#ifndef SIM_VIRTUAL_WORLD_H
#define SIM_VIRTUAL_WORLD_H

#include "base/world.h"

#define VIRTUAL_WALL_START_MS ((int64_t)1767225600000)

struct virtual_world {
    struct world world;
    int64_t now_ms; /* ticks */
    int64_t
        wall_ahead; /* wall clock minus ticks, in ms; a test may change it: a jump of the clock */
    uint64_t seed;  /* of the next random number */
    struct heap alarms;
    struct list tasks;
    struct list jobs[LANES];
    bool held[LANES];
    size_t alarms_fired; /* since init: what counts idle wake-ups */
    enum virtual_order {
        VIRTUAL_IN_ORDER,
        VIRTUAL_SHUFFLED /* by the seed, as far as the real world leaves it open: which of a task, a due
                            alarm and a job comes next, and which of several due alarms */
    } order;
};

void virtual_world_init(struct virtual_world *v, uint64_t seed);

/* What is still pending is dropped, never called. */
void virtual_world_done(struct virtual_world *v);

/* Do one thing: a task, an alarm that is due, or a job (its work, then its done). False where there
 * is nothing to do now. */
bool virtual_world_step(struct virtual_world *v);

/* Step until there is nothing to do now. Aborts after VIRTUAL_STEPS_MAX: something runs in circles. */
void virtual_world_run(struct virtual_world *v);
#define VIRTUAL_STEPS_MAX 20000000u

/* Run, then let `ms` pass: the clock stops at every alarm on the way, and runs until idle there. */
void virtual_world_advance(struct virtual_world *v, int64_t ms);

/* Advance to the next alarm, if one is set; false where there is none (the world is idle for good). */
bool virtual_world_advance_to_alarm(struct virtual_world *v);

/* Keep the jobs of `lane` waiting, or let them go again (they run in the next step). */
void virtual_world_hold(struct virtual_world *v, enum job_lane lane);
void virtual_world_release(struct virtual_world *v, enum job_lane lane);

/* How many jobs wait on `lane`. */
size_t virtual_world_waiting(const struct virtual_world *v, enum job_lane lane);

/* Work on the first waiting job of a held lane, then its done; false where none waits. */
bool virtual_world_work(struct virtual_world *v, enum job_lane lane);

#endif
