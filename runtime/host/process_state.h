/* What all of a process shares and a plugin could change behind its back: looked at before and after. */
#ifndef HOST_PROCESS_STATE_H
#define HOST_PROCESS_STATE_H

#include <limits.h>
#include <signal.h>

#include "base/buffer.h"

enum { STATE_SIGNALS = 65 };

struct process_state {
    char folder[PATH_MAX]; /* the working folder */
    char umask[16];
    char locale[256];
    struct sigaction handlers[STATE_SIGNALS];
    sigset_t mask; /* of this thread */
};

void process_state_read(struct process_state *ret_state);

/* What is different, as a list of words: "the working folder (/a, was /b), the umask (0000, was 0077)". Nothing
 * is written where nothing is. */
void process_state_compare(const struct process_state *before, const struct process_state *after,
                           struct buffer *out);

#endif
