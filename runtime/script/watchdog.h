/* Ends a slice that takes too much processor time.
 *
 * A timer of this thread's processor clock ticks while it computes, and never while it waits: an idle
 * script is not woken. A slice that is over its time is stopped by an error at its next instruction, again
 * and again, so that no pcall of the script keeps it. What does not come to an instruction (a loop inside
 * a function of C) is over the hard limit soon, and its process dies. Lua's own document for lua_sethook
 * says that it may be called from a signal handler; nothing else of Lua is.
 */
#ifndef SCRIPT_WATCHDOG_H
#define SCRIPT_WATCHDOG_H

#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "base/error.h"

/* OVER: the run is, whatever its slice has left. */
enum watchdog_stop { STOP_NONE, STOP_TIME, STOP_MEMORY, STOP_OVER };

struct watchdog {
    void (*die)(void *owner, const char *why);
    void *owner;
    const char *file; /* for its last words */
    lua_Hook hook;    /* raises the error that stops a slice */
    timer_t timer;
    bool armed;

    /* read by the handler */
    lua_State *volatile running; /* whose code runs; NULL: no slice does */
    volatile unsigned slice;     /* counts them */
    volatile unsigned soft_ticks, hard_ticks;
    volatile sig_atomic_t stop; /* enum watchdog_stop */

    /* the handler's */
    unsigned seen, ticks;
};

/* Start ticking for this thread; the first group was set. TEND_IO. */
NODISCARD enum tend_code watchdog_open(struct watchdog *watchdog, struct error *err);
void watchdog_close(struct watchdog *watchdog); /* harmless where it is not open */

/* A slice of `limit_ms` begins, in `L`; it is over. */
void watchdog_begin(struct watchdog *watchdog, lua_State *L, unsigned limit_ms);
void watchdog_end(struct watchdog *watchdog);

/* The slice goes on in another coroutine. */
void watchdog_move(struct watchdog *watchdog, lua_State *L);

/* The slice has to end, for that reason (or an earlier one), as if its time were over. */
void watchdog_stop(struct watchdog *watchdog, enum watchdog_stop why);

#endif
