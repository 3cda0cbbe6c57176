/* The world's interface: everything that the core may not do by itself.
 *
 * Clock, alarms, randomness, "later", blocking work, threads, readiness of descriptors and child
 * processes come in through this table. Only `host` (the real one, on an event loop) and `sim` (virtual time, a
 * seeded order) implement it; no other room reads a clock, sleeps, starts a thread or polls.
 *
 * One thread, the core, calls everything here and receives every callback, except job.work and
 * thread.work, which run elsewhere and may block. No callback comes from inside a call: what is asked for now arrives
 * in a later step. Records (alarm, task, job, readiness, child, thread) belong to the caller and must stay at
 * their place while they are pending; each is embedded in its owner (CONTAINER_OF).
 */
#ifndef BASE_WORLD_H
#define BASE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"

struct world;

/* Calls `fire` once, at or after a moment of the monotonic clock. A zeroed alarm is a clear one. */
struct alarm {
    struct heap_node node; /* the world's */
    void (*fire)(struct alarm *alarm);
};

/* Calls `run` once, after the current step; tasks run in the order in which they were asked for. */
struct task {
    struct list link; /* the world's */
    void (*run)(struct task *task);
};

/* Blocking code, written plainly: `work` runs on another thread and touches only its own job (and
 * what it reaches through it); then `done` runs on the core. Jobs of the same lane never overlap and
 * keep their order; jobs of different lanes may overlap. */
enum job_lane {
    LANE_WRITE /* the store's writer */,
    LANE_READ /* history, files, hashes */,
    LANES
};
struct job {
    struct list link; /* the world's */
    enum job_lane lane;
    void (*work)(struct job *job); /* [worker] */
    void (*done)(struct job *job); /* [core] */
};

/* Calls `ready` while `fd` is ready for what is watched (level-triggered). */
enum { READY_READ = 1, READY_WRITE = 2, READY_HANGUP = 4 };
struct readiness {
    int fd;
    void (*ready)(struct readiness *readiness, unsigned events);
    void *impl; /* the world's */
};

/* A child process. `ended` is called once, after it was reaped. */
struct child {
    pid_t pid;
    void (*ended)(struct child *child, int wait_status); /* as from waitpid */
    void *impl;                                          /* the world's */
};

struct child_limits {
    uint64_t memory_bytes; /* RLIMIT_AS; 0: as the host */
    uint32_t open_files;   /* RLIMIT_NOFILE; 0: as the host */
    int nice;              /* added to the host's niceness */
};

struct child_spec {
    const char *path;               /* absolute, or from `directory` */
    const char *const *argv;        /* NULL-ended, argv[0] included */
    const char *const *environment; /* "NAME=value", NULL-ended; NULL: the host's */
    const char *directory;          /* absolute; NULL: the host's */
    int fds[8]; /* fds[i] becomes descriptor i of the child; -1: closed (0, 1, 2: null) */
    size_t fd_count;
    struct child_limits limits;
};

/* Code that may never return, and cannot be asked to: a thread of its own, once. It takes no signals but those
 * that its own faults raise. `ended` is called once after `work` returned, or after the thread ended itself. */
struct thread {
    void (*work)(struct thread *thread);  /* [that thread] */
    void (*ended)(struct thread *thread); /* [core] */
    void *impl;                           /* the world's */
};

struct world_ops {
    int64_t (*wall_ms)(struct world *world);
    int64_t (*ticks_ns)(struct world *world);
    uint64_t (*random)(struct world *world);
    void (*alarm_set)(struct world *world, struct alarm *alarm, int64_t due_ticks_ms);
    void (*alarm_clear)(struct world *world, struct alarm *alarm);
    void (*soon)(struct world *world, struct task *task);
    void (*offload)(struct world *world, struct job *job);
    enum tend_code (*watch_fd)(struct world *world, struct readiness *readiness, unsigned events,
                               struct error *err);
    void (*unwatch_fd)(struct world *world, struct readiness *readiness);
    enum tend_code (*spawn)(struct world *world, struct child *child, const struct child_spec *spec,
                            struct error *err);
    void (*kill)(struct world *world, struct child *child, int signal);
    void (*abandon)(struct world *world, struct child *child);
    enum tend_code (*start_thread)(struct world *world, struct thread *thread, struct error *err);
};

struct world {
    const struct world_ops *ops;
    const struct log *log; /* may be NULL */
};

/* Milliseconds since 1970, UTC. It may jump: for what is shown and stored, never for waiting. */
static inline int64_t world_wall_ms(struct world *world)
{
    return world->ops->wall_ms(world);
}

/* Nanoseconds and milliseconds of a clock that never jumps; its zero means nothing. */
static inline int64_t world_ticks_ns(struct world *world)
{
    return world->ops->ticks_ns(world);
}
static inline int64_t world_ticks_ms(struct world *world)
{
    return world->ops->ticks_ns(world) / 1000000;
}

/* 64 random bits: from the kernel in the host, from the seed in the sim. */
static inline uint64_t world_random(struct world *world)
{
    return world->ops->random(world);
}

/* Set or move `alarm` to `due_ticks_ms`; a moment that has passed fires in the next step. */
static inline void world_alarm_set(struct world *world, struct alarm *alarm, int64_t due_ticks_ms)
{
    world->ops->alarm_set(world, alarm, due_ticks_ms);
}
static inline void world_alarm_clear(struct world *world, struct alarm *alarm)
{
    world->ops->alarm_clear(world, alarm); /* harmless where it is not set */
}

/* Run `task` after this step; harmless where it already waits. Taken back with list_remove(&link). */
static inline void world_soon(struct world *world, struct task *task)
{
    world->ops->soon(world, task);
}

/* Hand `job` to its lane; it cannot be taken back. */
static inline void world_offload(struct world *world, struct job *job)
{
    world->ops->offload(world, job);
}

/* Watch readiness->fd for `events`; called again, changes the events. The descriptor stays the
 * caller's and is unwatched before it is closed. TEND_UNAVAILABLE where this world has no descriptors
 * (the virtual one). */
NODISCARD static inline enum tend_code world_watch_fd(struct world *world,
                                                      struct readiness *readiness, unsigned events,
                                                      struct error *err)
{
    return world->ops->watch_fd(world, readiness, events, err);
}
static inline void world_unwatch_fd(struct world *world, struct readiness *readiness)
{
    world->ops->unwatch_fd(world, readiness);
}

/* Start a process. It dies with the host, starts with default signals and an empty signal mask, leads a
 * process group of its own, and has no descriptors but spec->fds. When it has ended, what is left of
 * its group is killed. TEND_IO with the reason where it cannot be started. */
NODISCARD static inline enum tend_code world_spawn(struct world *world, struct child *child,
                                                   const struct child_spec *spec, struct error *err)
{
    return world->ops->spawn(world, child, spec, err);
}

/* Signal a child that has not ended and its group (never by a number that may be another's). */
static inline void world_kill(struct world *world, struct child *child, int signal)
{
    world->ops->kill(world, child, signal);
}

/* Kill a child that has not ended, and its group. `ended` is not called and the record is the caller's
 * again at once: the world reaps what is left. Harmless for a child that was never started. */
static inline void world_abandon(struct world *world, struct child *child)
{
    world->ops->abandon(world, child);
}

/* Start a thread. It cannot be ended from outside, and a world may end before it does. TEND_IO where there can
 * be no more of them, TEND_UNAVAILABLE where this world has none (the virtual one). */
NODISCARD static inline enum tend_code world_start_thread(struct world *world,
                                                          struct thread *thread, struct error *err)
{
    return world->ops->start_thread(world, thread, err);
}

#endif
