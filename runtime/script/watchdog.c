/* Ticks are counted, no clock is read: one compare in the handler tells whether it is the same slice still.
 * Nothing is armed for a slice, so a slice costs two stores. */
#include "script/watchdog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

#define WATCHDOG_SIGNAL SIGVTALRM

static void set_hook(const struct watchdog *watchdog)
{
    lua_sethook(watchdog->running, watchdog->hook,
                LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* The process dies: what is said first stays if looking for the place should crash as well. */
static void die(struct watchdog *watchdog)
{
    char why[256];
    lua_Debug record;
    lua_State *L = watchdog->running;
    snprintf(why, sizeof why, "%s ran for more than %d ms in something that cannot be stopped",
             watchdog->file, SCRIPT_HARD_MS);
    for (int level = 0; lua_getstack(L, level, &record) == 1; level++) {
        if (lua_getinfo(L, "Sl", &record) != 0 && record.currentline > 0) {
            snprintf(why, sizeof why,
                     "%s:%d: ran for more than %d ms in something that cannot be stopped",
                     record.short_src, record.currentline, SCRIPT_HARD_MS);
            break;
        }
    }
    watchdog->die(watchdog->owner, why);
}

static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    struct watchdog *watchdog = info->si_value.sival_ptr;
    int saved = errno;
    if (info->si_code == SI_TIMER && watchdog->running != NULL) {
        if (watchdog->seen != watchdog->slice) {
            watchdog->seen = watchdog->slice;
            watchdog->ticks = 0;
        }
        watchdog->ticks++;
        if (watchdog->ticks >= watchdog->hard_ticks) {
            die(watchdog);
        } else if (watchdog->ticks >= watchdog->soft_ticks) {
            watchdog_stop(watchdog, STOP_TIME);
        }
    }
    errno = saved;
}

enum tend_code watchdog_open(struct watchdog *watchdog, struct error *err)
{
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                             .sigev_signo = WATCHDOG_SIGNAL,
                             .sigev_value.sival_ptr = watchdog};
    event._sigev_un._tid = gettid();
    struct timespec tick = {.tv_nsec = SCRIPT_TICK_MS * 1000000};
    struct itimerspec both = {tick, tick};
    sigemptyset(&action.sa_mask);
    if (sigaction(WATCHDOG_SIGNAL, &action, NULL) != 0 ||
        timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &watchdog->timer) != 0) {
        return FAIL(err, TEND_IO, "cannot watch over the script: %s", strerror(errno));
    }
    watchdog->armed = true;
    if (timer_settime(watchdog->timer, 0, &both, NULL) != 0) {
        watchdog_close(watchdog);
        return FAIL(err, TEND_IO, "cannot watch over the script: %s", strerror(errno));
    }
    return TEND_OK;
}

void watchdog_close(struct watchdog *watchdog)
{
    if (watchdog->armed) {
        timer_delete(watchdog->timer);
        watchdog->armed = false;
    }
}

void watchdog_begin(struct watchdog *watchdog, lua_State *L, unsigned limit_ms)
{
    watchdog->stop = STOP_NONE;
    watchdog->soft_ticks = limit_ms / SCRIPT_TICK_MS;
    watchdog->hard_ticks = watchdog->soft_ticks + SCRIPT_HARD_MS / SCRIPT_TICK_MS;
    watchdog->slice++;
    watchdog->running = L;
}

void watchdog_end(struct watchdog *watchdog)
{
    watchdog->running = NULL;
}

void watchdog_move(struct watchdog *watchdog, lua_State *L)
{
    watchdog->running = L;
    if (watchdog->stop != STOP_NONE) {
        set_hook(watchdog);
    }
}

void watchdog_stop(struct watchdog *watchdog, enum watchdog_stop why)
{
    if (watchdog->stop == STOP_NONE) {
        watchdog->stop = (sig_atomic_t)why;
    }
    set_hook(watchdog);
}
