/* Starting and ending child processes, by descriptor (pidfd): a number that was reused is never hit. */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include "base/world.h"

/* Start `spec`; the child gets its limits, default signals, spec->fds and nothing else, and a SIGKILL
 * when the thread that called this ends. TEND_IO with the reason, also where exec itself failed. */
NODISCARD enum tend_code process_spawn(const struct child_spec *spec, pid_t *ret_pid,
                                       int *ret_pidfd, struct error *err);

void process_kill(int pidfd, int signal);

/* True when `pid` has ended and was reaped now. */
bool process_reap(pid_t pid, int *ret_status);

/* Wait until `pid` ends. */
int process_wait(pid_t pid);

#endif
