/* Starting and ending child processes. Each leads a group, and is known by descriptor (pidfd) and, until it is reaped, by number. */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "base/world.h"

/* Start `spec`; the child gets its limits, default signals, a process group, spec->fds and nothing else, and a
 * SIGKILL when the thread that called this ends. TEND_IO with the reason, also where exec itself failed. */
NODISCARD enum tend_code process_spawn(const struct child_spec *spec, pid_t *ret_pid,
                                       int *ret_pidfd, struct error *err);

/* Signal a child and its group. It was not reaped: until then its number is no other's. */
void process_kill(pid_t pid, int signal);

/* True when `pid` has ended and was reaped now. */
bool process_reap(pid_t pid, int *ret_status);

/* Wait until `pid` ends. */
int process_wait(pid_t pid);

#endif
