/* Something that is done in a process of its own, so that its end is not ours: a controller that is tested may
 * crash, or spin in what cannot be stopped. */
#ifndef SIM_APART_H
#define SIM_APART_H

#include <stdio.h>

#include "base/buffer.h"

struct apart {
    struct buffer said;       /* what it wrote to `out` */
    struct buffer complaints; /* what it wrote to its standard error */
    char death[128];          /* how it ended, where it did not end well; otherwise empty */
};

/* Fork, and run `work` there; returns when that process has ended. `work` returns normally. */
void apart_run(void (*work)(void *job, FILE *out), void *job, struct apart *ret_apart);
void apart_done(struct apart *apart);

#endif
