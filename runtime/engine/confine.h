/* Confining the process that a plugin lives in: what is given up here never comes back.
 *
 * By two means of the kernel, each as far as it is there. seccomp (confine_calls.c) judges system calls by
 * number and plain arguments: only what a controller needs is allowed, the rest fails with an errno and
 * kills nobody. Landlock (confine_files.c) judges paths: only what loading needs may be read. Capabilities
 * are dropped as well, for hosts that run as root. It concerns the calling thread and those that it starts
 * afterwards, so it is called before there are any.
 *
 * What CONFINEMENT_STRICT leaves: memory, threads, clocks and timers, signals to itself, pipes and event
 * descriptors, descriptors that are open, and reading the libraries of the system, the time zones and the
 * file that is loaded (a script: that file alone). Whether some other file exists may be asked.
 *
 * Built with a sanitizer, a process may do more, because its leak check forks a thread group of its own,
 * traces it and reads /proc: CONFINE_SANITIZED says where.
 */
#ifndef ENGINE_CONFINE_H
#define ENGINE_CONFINE_H

#include "base/error.h"
#include "protocol/confinement.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define CONFINE_SANITIZED 1
#else
#    define CONFINE_SANITIZED 0
#endif

/* What this kernel has. */
struct confine_means {
    bool seccomp;
    int landlock; /* version of its interface; 0: none */
};
struct confine_means confine_means(void);

/* Confine this process, which is to load `file`. What the kernel has not is left out. TEND_IO with a
 * sentence where a means that is there could not be used; the others are in force nevertheless. */
NODISCARD enum tend_code confine_process(enum confinement level, const char *file,
                                         struct error *err);

/* --- its parts: each does nothing where the kernel has not got it -------------------------------- */

NODISCARD enum tend_code confine_calls(enum confinement level, const char *file, struct error *err);
NODISCARD enum tend_code confine_files(enum confinement level, const char *file, struct error *err);

#endif
