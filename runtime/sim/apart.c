/* The process ends by exit() and not at once: what checks for leaks as it ends has its say. */
#include "sim/apart.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"

enum { SAID, COMPLAINTS, STREAMS };

static _Noreturn void be_apart(void (*work)(void *job, FILE *out), void *job, int said,
                               int complaints)
{
    const struct rlimit seconds = {APART_CPU_S, APART_CPU_S + 1};
    FILE *out = fdopen(said, "w");
    (void)setrlimit(RLIMIT_CPU, &seconds);
    (void)dup2(complaints, STDERR_FILENO);
    close(complaints);
    if (out == NULL) {
        _exit(1);
    }
    work(job, out);
    fclose(out);
    exit(0);
}

/* False where the stream has ended. */
static bool take(int fd, struct buffer *buffer)
{
    char part[16384];
    ssize_t got = read(fd, part, sizeof part);
    if (got > 0) {
        buffer_add(buffer, part, (size_t)got);
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

/* Take what comes from both, to their ends. */
static void listen_to(int said, int complaints, struct apart *apart)
{
    struct pollfd streams[STREAMS] = {[SAID] = {.fd = said, .events = POLLIN},
                                      [COMPLAINTS] = {.fd = complaints, .events = POLLIN}};
    struct buffer *buffers[STREAMS] = {[SAID] = &apart->said, [COMPLAINTS] = &apart->complaints};
    for (int open = STREAMS; open > 0;) {
        if (poll(streams, STREAMS, -1) < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < STREAMS; i++) {
            if (streams[i].fd >= 0 && streams[i].revents != 0 && !take(streams[i].fd, buffers[i])) {
                streams[i].fd = -1; /* which poll passes over */
                open--;
            }
        }
    }
}

static void note_death(int status, struct apart *apart)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
        snprintf(apart->death, sizeof apart->death, "it computed for more than %d s", APART_CPU_S);
    } else if (WIFSIGNALED(status)) {
        snprintf(apart->death, sizeof apart->death, "its process was ended by signal %d, %s",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(apart->death, sizeof apart->death, "its process ended with code %d",
                 WEXITSTATUS(status));
    }
}

static void wait_for(pid_t pid, struct apart *apart)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            snprintf(apart->death, sizeof apart->death, "its process is lost: %s", strerror(errno));
            return;
        }
    }
    note_death(status, apart);
}

void apart_run(void (*work)(void *job, FILE *out), void *job, struct apart *ret_apart)
{
    int said[2] = {-1, -1}, complaints[2] = {-1, -1};
    *ret_apart = (struct apart){.said = BUFFER_INIT(16 * MIB), .complaints = BUFFER_INIT(MIB)};
    fflush(stdout);
    bool open = pipe(said) == 0 && pipe(complaints) == 0;
    pid_t pid = open ? fork() : -1;
    if (pid == 0) {
        close(said[0]);
        close(complaints[0]);
        be_apart(work, job, said[1], complaints[1]);
    }
    int number = errno;
    close(said[1]);
    close(complaints[1]);
    if (pid > 0) {
        listen_to(said[0], complaints[0], ret_apart);
        wait_for(pid, ret_apart);
    } else {
        snprintf(ret_apart->death, sizeof ret_apart->death, "no process for it: %s",
                 strerror(number));
    }
    close(said[0]);
    close(complaints[0]);
}

void apart_done(struct apart *apart)
{
    buffer_done(&apart->said);
    buffer_done(&apart->complaints);
}
