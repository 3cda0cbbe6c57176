/* A runner in the real world, for tests of what becomes of its calls.
 *
 *     CLEANUP(finish) struct bench bench;
 *     if (!begin(&bench, PLUGINS "naughty.so")) { return; }    -- a failed CHECK says why
 *     run_until(&bench, "up ");
 *     start_call(&bench, 0, "spin");                           -- a call whose object has that in spec.do
 *     run_until(&bench, "down ");
 */
#ifndef HOSTILE_RUNNER_BENCH_H
#define HOSTILE_RUNNER_BENCH_H

#include "base/alloc.h"
#include "base/limits.h"
#include "host/tenant.h"
#include "host/world_uv.h"
#include "runner/runner.h"

#define PLUGINS TEND_BUILD "/tests/plugins/"

enum { CALLS = 100 };

/* Of the runner that a case begins. */
extern enum place { IN_A_PROCESS, IN_A_THREAD } place;

/* A listener that notes what it is told, one word each: up, down, refused, asked, done, lost. */
struct bench {
    struct world_uv *uv;
    struct log log;
    struct buffer lines;
    struct tenants tenants;
    struct runner *runner;
    struct worker *worker;
    const char *controller;
    struct worker_listener listener;
    struct reconcile_call calls[CALLS];
    struct buffer trace; /* "up done:{...} lost:blamed ..." */
    struct buffer reason;
    struct arena arena;
    const struct value *descriptor;
    const char *until; /* stop when the trace holds this */
    unsigned done;     /* results */
    unsigned stop_at;  /* stop at so many; 0: never */
    bool cancel_who_asks;
    struct reconcile_call *waiting; /* asked for something that is answered later */
    struct task closed;
    struct alarm give_up, look;
};

bool begin(struct bench *bench, const char *file);

/* Run until the trace holds `until`. */
void run_until(struct bench *bench, const char *until);
void start_call(struct bench *bench, int number, const char *what);
void closed(struct task *task); /* of a bench, whose runner is gone then */
void close_runner(struct bench *bench);
void finish(struct bench *bench);
void await_threads(struct bench *bench);

#endif
