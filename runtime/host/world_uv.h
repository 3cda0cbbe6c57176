/* The real world: base/world.h on libuv, the kernel's clocks, two worker threads, threads of their own and
 * processes.
 *
 * One loop, run by the thread that made it: the core. With nothing to do it does not wake up: alarms
 * share one timer, workers sleep on a condition, children are watched by their descriptors.
 */
#ifndef HOST_WORLD_UV_H
#define HOST_WORLD_UV_H

#include "base/world.h"

struct world_uv;

/* `log` may be NULL and must outlive the world. TEND_IO where the kernel refuses a descriptor. */
NODISCARD enum tend_code world_uv_new(const struct log *log, struct world_uv **ret_world,
                                      struct error *err);

/* Ends it. Jobs that were handed over are worked off and their `done` is not called; readiness must
 * have been given up by its owners; children are killed and reaped, their `ended` is not called. Threads that run still
 * run on, and theirs is not called either. NULL is allowed. */
void world_uv_free(struct world_uv *world);

/* The table to pass to the rooms; lives as long as the world. */
struct world *world_uv_world(struct world_uv *world);

/* Run the loop until world_uv_stop, and until then sleep when there is nothing to do. */
void world_uv_run(struct world_uv *world);
void world_uv_stop(struct world_uv *world);

/* Wait until no job is under way: what was handed over is done, and told. For the end: rooms are closed
 * after it, and none of their jobs is out there any more. */
void world_uv_drain(struct world_uv *world);

/* Calls `raised` on the core, as an ordinary step, when the process receives `number`. Embedded in its
 * owner; given up with world_uv_forget_signal. */
struct signal_watch {
    int number;
    void (*raised)(struct signal_watch *watch);
    void *impl;
};
NODISCARD enum tend_code world_uv_watch_signal(struct world_uv *world, struct signal_watch *watch,
                                               struct error *err);
void world_uv_forget_signal(struct signal_watch *watch);

/* Threads (struct thread) that have not ended. */
size_t world_uv_threads(const struct world_uv *world);

/* How often the loop came back from waiting: with nothing to do it stays as it is. */
uint64_t world_uv_wakeups(const struct world_uv *world);

#endif
