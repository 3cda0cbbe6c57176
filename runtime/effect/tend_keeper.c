/* tend-keeper: runs one program for the host and outlives it, so that what a controller asked for by name goes
 * on while its host is replaced, and is done once.
 *
 * It leaves the host's process group and its parent, locks its folder (keep.h), runs the program, keeps the
 * first bytes of what it says, and writes down how it ended. SIGTERM ends it and the program, without a
 * result. It is a program of its own, libc and nothing else, because there may be hundreds of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "effect/keep.h"

enum { FIRST_ARGUMENT = 5, DISK_PAUSE_MS = 500 };

struct output {
    int fd; /* -1: closed */
    char *bytes;
    size_t len, max;
    bool cut;
};

struct keeper {
    int64_t timeout_ms, grace_ms;
    const char *path;
    char **argv;
    pid_t pid;
    int ended, terms; /* descriptors: of the program, and of SIGTERM */
    bool timed_out;
    struct output out, err;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the result ----------------------------------------------------------------------------------- */

struct piece {
    const char *bytes;
    size_t len;
};

static bool write_all(int fd, const struct piece *piece)
{
    size_t done = 0;
    while (done < piece->len) {
        ssize_t wrote = write(fd, piece->bytes + done, piece->len - done);
        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return true;
}

/* From open to rename: it is whole, or it is not there. */
static bool try_result(const struct piece *pieces, size_t count)
{
    int fd = openat(KEEP_FOLDER_FD, KEEP_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0;
    for (size_t i = 0; i < count && written; i++) {
        written = write_all(fd, &pieces[i]);
    }
    written = written && fsync(fd) == 0 &&
              renameat(KEEP_FOLDER_FD, KEEP_NEW, KEEP_FOLDER_FD, KEEP_RESULT) == 0 &&
              fsync(KEEP_FOLDER_FD) == 0;
    int number = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = number;
    return written;
}

/* A full disk is waited for, as the host does with its store; nobody can be told of another failure but by the
 * result's absence. */
static _Noreturn void put_result(int terms, const struct piece *pieces, size_t count)
{
    while (!try_result(pieces, count)) {
        struct pollfd unwanted = {terms, POLLIN, 0};
        if (errno != ENOSPC && errno != EDQUOT) {
            _exit(1);
        }
        unlinkat(KEEP_FOLDER_FD, KEEP_NEW, 0);
        if (poll(&unwanted, 1, DISK_PAUSE_MS) > 0) {
            _exit(1);
        }
    }
    _exit(0);
}

static _Noreturn void problem(const struct keeper *keeper, const char *step, int number)
{
    char line[1000];
    int len = snprintf(line, sizeof line, "%scannot start %.500s: %s%s\n", KEEP_PROBLEM,
                       keeper->path, step, strerror(number));
    struct piece piece = {line, (size_t)len};
    put_result(keeper->terms, &piece, 1);
}

static _Noreturn void tell_end(const struct keeper *keeper, int status)
{
    const struct output *out = &keeper->out, *err = &keeper->err;
    char head[200];
    int len = snprintf(head, sizeof head, KEEP_EXIT_FORMAT, status, keeper->timed_out, out->len,
                       out->cut, err->len, err->cut);
    struct piece pieces[] = {{head, (size_t)len}, {out->bytes, out->len}, {err->bytes, err->len}};
    put_result(keeper->terms, pieces, sizeof pieces / sizeof pieces[0]);
}

/* --- leaving the host ----------------------------------------------------------------------------- */

static bool lock_folder(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = openat(KEEP_FOLDER_FD, KEEP_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0; /* held until this process ends */
}

/* The host's child ends when the keeper holds the lock; with 1 where it never did. */
static void detach(void)
{
    int ends[2];
    char byte = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        _exit(1);
    }
    pid_t pid = fork();
    if (pid != 0) {
        close(ends[1]);
        _exit(pid > 0 && read(ends[0], &byte, 1) == 1 ? 0 : 1);
    }
    if (setsid() < 0 || !lock_folder() || write(ends[1], &byte, 1) != 1) {
        _exit(1);
    }
    close(ends[0]);
    close(ends[1]);
}

/* --- the program ---------------------------------------------------------------------------------- */

static _Noreturn void become(const struct keeper *keeper, int out, int err, int failures)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no program is left without its keeper */
    if (dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0) {
        close(KEEP_FOLDER_FD);
        execv(keeper->path, keeper->argv);
    }
    int number = errno;
    ssize_t told = write(failures, &number, sizeof number);
    _exit(told > 0 ? 127 : 126);
}

static void start(struct keeper *keeper)
{
    int out[2], err[2], failures[2], number = 0;
    int marker = openat(KEEP_FOLDER_FD, KEEP_STARTED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (marker < 0 || fsync(KEEP_FOLDER_FD) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
        pipe2(err, O_CLOEXEC) != 0 || pipe2(failures, O_CLOEXEC) != 0) {
        problem(keeper, "", errno);
    }
    keeper->pid = fork();
    if (keeper->pid == 0) {
        become(keeper, out[1], err[1], failures[1]);
    }
    close(out[1]);
    close(err[1]);
    close(failures[1]);
    if (keeper->pid < 0) {
        problem(keeper, "fork: ", errno);
    }
    if (read(failures[0], &number, sizeof number) == (ssize_t)sizeof number) {
        problem(keeper, "exec: ", number);
    }
    close(STDIN_FILENO);
    keeper->ended = pidfd_open(keeper->pid, 0);
    keeper->out.fd = out[0];
    keeper->err.fd = err[0];
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
}

/* All that is there. */
static void take(struct output *output)
{
    char bytes[16384];
    ssize_t got = 1;
    while (output->fd >= 0 && got > 0) {
        got = read(output->fd, bytes, sizeof bytes);
        if (got > 0) {
            size_t room = output->max - output->len, len = (size_t)got;
            output->cut = output->cut || len > room;
            len = len < room ? len : room;
            memcpy(output->bytes + output->len, bytes, len);
            output->len += len;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(output->fd);
            output->fd = -1;
        }
    }
}

static void signal_all(const struct keeper *keeper, int number)
{
    kill(keeper->pid, number);
    kill(-keeper->pid, number);
}

/* Until the program has ended; a deadline of 0 is none. */
static void watch(struct keeper *keeper)
{
    int64_t deadline = now_ms() + keeper->timeout_ms;
    for (;;) {
        struct pollfd fds[] = {{keeper->ended, POLLIN, 0},
                               {keeper->terms, POLLIN, 0},
                               {keeper->out.fd, POLLIN, 0},
                               {keeper->err.fd, POLLIN, 0}};
        int64_t left = deadline - now_ms();
        if (left <= 0) {
            signal_all(keeper, keeper->timed_out ? SIGKILL : SIGTERM);
            keeper->timed_out = true;
            deadline = now_ms() + keeper->grace_ms;
            continue;
        }
        poll(fds, sizeof fds / sizeof fds[0], (int)left);
        take(&keeper->out);
        take(&keeper->err);
        if (fds[1].revents != 0) { /* nobody wants it any more */
            signal_all(keeper, SIGKILL);
            _exit(1);
        }
        if (fds[0].revents != 0) {
            return;
        }
    }
}

static int finish(struct keeper *keeper)
{
    int status = 0;
    signal_all(keeper, SIGKILL); /* what it left behind; its number is its own until it is reaped */
    while (waitpid(keeper->pid, &status, 0) < 0 && errno == EINTR) {
    }
    take(&keeper->out);
    take(&keeper->err);
    return status;
}

static int open_terms(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    if (argc <= FIRST_ARGUMENT) {
        fprintf(stderr, "%s keeps a program for tend: it is started by the host\n", KEEP_PROGRAM);
        return 2;
    }
    size_t max = strtoul(argv[3], NULL, 10);
    struct keeper keeper = {.timeout_ms = strtoll(argv[1], NULL, 10),
                            .grace_ms = strtoll(argv[2], NULL, 10),
                            .path = argv[4],
                            .argv = argv + FIRST_ARGUMENT,
                            .terms = open_terms(),
                            .out = {-1, malloc(max), 0, max, false},
                            .err = {-1, malloc(max), 0, max, false}};
    detach();
    if (keeper.out.bytes == NULL || keeper.err.bytes == NULL || keeper.terms < 0) {
        problem(&keeper, "", ENOMEM);
    }
    start(&keeper);
    watch(&keeper);
    tell_end(&keeper, finish(&keeper));
}
