/* The umask can only be asked for by setting it, which other threads would feel: /proc says it. */
#include "host/process_state.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void read_umask(char out[16])
{
    char status[1024] = "";
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, status, sizeof status - 1);
    const char *line = got > 0 ? strstr(status, "Umask:\t") : NULL;
    if (fd >= 0) {
        close(fd);
    }
    snprintf(out, 16, "%.4s", line == NULL ? "" : line + strlen("Umask:\t"));
}

void process_state_read(struct process_state *state)
{
    const char *locale = setlocale(LC_ALL, NULL);
    memset(state, 0, sizeof *state);
    if (getcwd(state->folder, sizeof state->folder) == NULL) {
        state->folder[0] = '\0';
    }
    read_umask(state->umask);
    snprintf(state->locale, sizeof state->locale, "%s", locale == NULL ? "" : locale);
    for (int i = 1; i < STATE_SIGNALS; i++) {
        (void)sigaction(i, NULL, &state->handlers[i]);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &state->mask);
}

static void tell(struct buffer *out, const char *what, const char *is, const char *was)
{
    if (strcmp(is, was) != 0) {
        buffer_format(out, "%s%s (%s, was %s)", out->len > 0 ? ", " : "", what, is, was);
    }
}

static void tell_signals(struct buffer *out, const struct process_state *before,
                         const struct process_state *after)
{
    for (int i = 1; i < STATE_SIGNALS; i++) {
        if (before->handlers[i].sa_handler != after->handlers[i].sa_handler) {
            buffer_format(out, "%sthe handler of signal %d", out->len > 0 ? ", " : "", i);
        }
        if (sigismember(&before->mask, i) != sigismember(&after->mask, i)) {
            buffer_format(out, "%swhether its thread takes signal %d", out->len > 0 ? ", " : "", i);
        }
    }
}

void process_state_compare(const struct process_state *before, const struct process_state *after,
                           struct buffer *out)
{
    tell(out, "the working folder", after->folder, before->folder);
    tell(out, "the umask", after->umask, before->umask);
    tell(out, "the locale", after->locale, before->locale);
    tell_signals(out, before, after);
}
