/* tend-runner: the process that a plugin lives in.
 *
 * Born with a socket (3), a shared page (4) and a pipe on 1 and 2; told by the first frame what to
 * load; ended by a frame, by the end of the socket, or by a signal.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/serving.h"

/* What holds for whatever is loaded; the host has set limits and priority, and made it a session of its
 * own. */
static bool prepare(void)
{
    struct rlimit none = {0, 0};
    return prctl(PR_SET_PDEATHSIG, 9) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0;
}

/* tend-runner NAME CONFINEMENT: a name for people. */
static bool read_arguments(struct serving_ends *ends, char **argv)
{
    return argv[0] != NULL && argv[1] != NULL && argv[2] != NULL &&
           confinement_parse(argv[2], &ends->confinement);
}

int main(int argc, char **argv)
{
    (void)argc;
    struct serving_ends ends = {.socket = RUNNER_FD_SOCKET, .lines = STDERR_FILENO};
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, RUNNER_FD_PAGE, 0);
    if (page == MAP_FAILED || !prepare() || !read_arguments(&ends, argv)) {
        fprintf(stderr, "tend-runner is started by tend, not by hand\n");
        return 2;
    }
    struct memory_watch memory;
    memory_watch_open(&memory);
    ends.memory = &memory;
    ends.page = page;
    return serving_run(&ends) ? 0 : 1;
}
