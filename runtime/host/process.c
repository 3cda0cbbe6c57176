/* vfork, because posix_spawn can set neither limits nor a parent-death signal, and fork would copy the
 * page tables of a store with 100 000 objects. Between vfork and exec the child runs on the parent's
 * memory: it only makes system calls. Why it failed comes back through a pipe that a successful exec
 * closes, not through that memory: ThreadSanitizer turns vfork into fork. */
#include "host/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { FDS_MAX = 8, STAGING = 64 /* descriptors are parked above this while they are placed */ };

struct failure {
    const char *step;
    int number;
};

static bool limit(int what, uint64_t value)
{
    struct rlimit both = {value, value};
    return value == 0 || setrlimit((__rlimit_resource_t)what, &both) == 0;
}

/* fds[i] becomes descriptor i, whatever numbers they have now. */
static bool place_descriptors(const struct child_spec *spec)
{
    int parked[FDS_MAX];
    for (size_t i = 0; i < spec->fd_count; i++) {
        int from = spec->fds[i] >= 0 ? spec->fds[i] : open("/dev/null", O_RDWR | O_CLOEXEC);
        parked[i] = fcntl(from, F_DUPFD_CLOEXEC, STAGING);
        if (parked[i] < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < spec->fd_count; i++) {
        if (dup2(parked[i], (int)i) < 0) {
            return false;
        }
    }
    for (size_t i = 3; i < spec->fd_count; i++) {
        if (spec->fds[i] < 0) {
            close((int)i);
        }
    }
    return true;
}

static void default_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become(const struct child_spec *spec, pid_t parent, int failures)
{
    struct failure failure = {"descriptors", 0};
    default_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); /* Ctrl-C is for the host, which ends its children in order */
    if (getppid() != parent) {
        _exit(127); /* the host ended before the death signal was set */
    }
    if (spec->directory != NULL && chdir(spec->directory) != 0) {
        failure.step = spec->directory;
    } else if (place_descriptors(spec)) {
        failure.step = "limits";
        if (limit(RLIMIT_AS, spec->limits.memory_bytes) &&
            limit(RLIMIT_NOFILE, spec->limits.open_files)) {
            failure.step = "exec";
            /* What our own parent had open when it started us is nobody else's. */
            close_range((unsigned)spec->fd_count, ~0u, CLOSE_RANGE_CLOEXEC);
            errno = 0;
            setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + spec->limits.nice);
            union {
                const char *const *given;
                char *const *wanted;
            } argv = {spec->argv}, environment = {spec->environment};
            execve(spec->path, argv.wanted,
                   spec->environment != NULL ? environment.wanted : environ);
        }
    }
    failure.number = errno;
    ssize_t told = write(failures, &failure, sizeof failure);
    _exit(told > 0 ? 127 : 126);
}

/* A pipe that exec closes; the writing end is out of the way of the descriptors to be placed. */
static bool open_failures(int ends[2])
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0) {
        return false;
    }
    ends[0] = low[0];
    ends[1] = fcntl(low[1], F_DUPFD_CLOEXEC, STAGING);
    close(low[1]);
    if (ends[1] < 0) {
        close(ends[0]);
        return false;
    }
    return true;
}

/* What the child said before it ended; its number is 0 where it became the program. */
static struct failure read_failure(int ends[2])
{
    struct failure failure;
    close(ends[1]);
    ssize_t got;
    do {
        got = read(ends[0], &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    close(ends[0]);
    return got == (ssize_t)sizeof failure ? failure : (struct failure){NULL, 0};
}

enum tend_code process_spawn(const struct child_spec *spec, pid_t *ret_pid, int *ret_pidfd,
                             struct error *err)
{
    int failures[2];
    if (!open_failures(failures)) {
        return FAIL(err, TEND_IO, "cannot start %s: pipe: %s", spec->path, strerror(errno));
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all,
                    &before); /* no handler of ours runs in the borrowed memory */
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0) {
        become(spec, parent, failures[1]);
    }
    int forked = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    struct failure failure = read_failure(failures);
    if (pid < 0) {
        return FAIL(err, TEND_IO, "cannot start %s: fork: %s", spec->path, strerror(forked));
    }
    if (failure.number != 0) {
        (void)process_wait(pid);
        return FAIL(err, TEND_IO, "cannot start %s: %s: %s", spec->path, failure.step,
                    strerror(failure.number));
    }
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        int number = errno;
        process_kill(pid, SIGKILL);
        (void)process_wait(pid);
        return FAIL(err, TEND_IO, "cannot watch %s: %s", spec->path, strerror(number));
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return TEND_OK;
}

void process_kill(pid_t pid, int signal)
{
    (void)kill(pid, signal); /* ended meanwhile: what was wanted */
    (void)kill(-pid, signal);
}

bool process_reap(pid_t pid, int *ret_status)
{
    return waitpid(pid, ret_status, WNOHANG) == pid;
}

int process_wait(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}
