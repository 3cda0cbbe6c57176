/* Shows that a call ends the process, as an assert or exhausted memory must.
 *
 *     CHECK(dies(overflows, "out of memory"));
 *
 * The call runs in a child, which is its own end: what the test owns is untouched.
 */
#ifndef SUPPORT_DIES_H
#define SUPPORT_DIES_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* An allocation that is too large returns NULL, as it does without the sanitizers, which would
 * otherwise end the process before the code under test can. Read by their runtimes at start. */
#define DIES_OPTIONS(name)                                                                         \
    __attribute__((visibility("default"))) const char *name(void);                                 \
    const char *name(void)                                                                         \
    {                                                                                              \
        return "allocator_may_return_null=1";                                                      \
    }
DIES_OPTIONS(__asan_default_options)
DIES_OPTIONS(__tsan_default_options)

/* True where `call` in a child ended by SIGABRT, with `message` on its standard error. */
static inline bool dies(void (*call)(void), const char *message)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        call();
        _exit(0);
    }
    close(ends[1]);
    char said[4096];
    size_t len = 0;
    ssize_t got = 1;
    while (child > 0 && got > 0 && len < sizeof said - 1) {
        got = read(ends[0], said + len, sizeof said - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    close(ends[0]);
    said[len] = '\0';
    int status = 0;
    bool ended = child > 0 && waitpid(child, &status, 0) == child;
    return ended && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           strstr(said, message) != NULL;
}

#endif
