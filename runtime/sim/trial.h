/* One test as `tend test` runs it: plainly, and then again with each fault that was asked for; in a process of
 * its own, because a compiled plugin may crash and a script may spin where nothing stops it. */
#ifndef SIM_TRIAL_H
#define SIM_TRIAL_H

#include <stdio.h>

#include "base/buffer.h"
#include "sim/play.h"
#include "sim/test_options.h"

/* The first group is the owner's. */
struct trial {
    const struct test_options *options;
    const char *file, *name;
    size_t index;
    const char *copies; /* struct play_options */

    struct play_options play;
    FILE *out;             /* in its process: to the one that waits for it */
    struct buffer failure; /* lines; empty: it has passed */
    char *story;           /* lines; NULL where it is not asked for */
    unsigned faults;       /* that it was run with ... */
    unsigned others;       /* ... beside the first that it failed with */
};

/* Run it; `failure` says how it ended. What the process complains of goes to standard error. */
void trial_run(struct trial *trial);
void trial_done(struct trial *trial);

#endif
