/* tend-runner: the process that a plugin lives in.
 *
 * Born with a socket (3), a shared page (4) and a pipe on 1 and 2; told by the first frame what to
 * load; ended by a frame, by the end of the socket, or by a signal.
 *
 * Before it dies of something that a plugin did, it notes on the page which thread that was; nothing else
 * changes: a signal does what it would have done. What cannot be noted (SIGKILL, _exit, a plugin that took
 * the signal's handler away) is judged by the host alone (runner/blame.h).
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/serving.h"

/* Of malloc: each takes 64 MiB of address space, of which a runner has little. */
enum { ARENAS_MAX = 4 };

/* What holds for whatever is loaded; the host has set limits and priority. A process group of its own:
 * Ctrl-C is for the host, which ends its runners when it is done with them. */
static bool prepare(void)
{
    struct rlimit none = {0, 0};
    return setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, 9) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
}

/* --- who died
 * ------------------------------------------------------------------------------------- */

/* A sanitizer ends the process without a signal, and calls this before; weak: there is none. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

/* For handlers, which are given nothing: of this process. */
static struct {
    struct page *page;
    struct sigaction before[NSIG];
} the_process;

/* The first one counts: others may follow it. */
static void note_death(void)
{
    int32_t none = 0;
    (void)atomic_compare_exchange_strong(&the_process.page->died, &none, gettid());
}

/* What was there is put back (a sanitizer's, or nothing). A fault happens again on return; what was sent has
 * to be sent again. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)context;
    note_death();
    (void)sigaction(number, &the_process.before[number], NULL);
    if (info->si_code <= 0) {
        (void)raise(number);
    }
    errno = saved;
}

static void watch_for_death(struct page *page)
{
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    the_process.page = page;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        (void)sigaction(fatal[i], &action, &the_process.before[fatal[i]]);
    }
    (void)atexit(note_death);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(note_death);
    }
}

/* --- the start
 * ------------------------------------------------------------------------------------ */

/* tend-runner NAME CONFINEMENT: a name for people. */
static bool read_arguments(struct serving_ends *ends, char **argv)
{
    return argv[0] != NULL && argv[1] != NULL && argv[2] != NULL &&
           confinement_parse(argv[2], &ends->confinement);
}

int main(int argc, char **argv)
{
    (void)argc;
    struct serving_ends ends = {
        .socket = RUNNER_FD_SOCKET, .lines = STDERR_FILENO, .lanes = RUNNER_LANES_MAX};
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, RUNNER_FD_PAGE, 0);
    if (page == MAP_FAILED || !prepare() || !read_arguments(&ends, argv)) {
        fprintf(stderr, "tend-runner is started by tend, not by hand\n");
        return 2;
    }
    struct memory_watch memory;
    memory_watch_open(&memory);
    ends.memory = &memory;
    ends.page = page;
    watch_for_death(page);
    (void)mallopt(M_ARENA_MAX, ARENAS_MAX);
    return serving_run(&ends) ? 0 : 1;
}
