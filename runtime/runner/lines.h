/* What a runner writes to its standard output and error, as lines of the host's log. [core] */
#ifndef RUNNER_LINES_H
#define RUNNER_LINES_H

#include "base/buffer.h"
#include "base/world.h"

struct lines {
    struct world *world;
    const char *plugin; /* the field of each line */
    struct readiness readiness;
    struct buffer line;  /* begun */
    int64_t second;      /* that is counted, of the ticks */
    unsigned logged;     /* in it */
    unsigned suppressed; /* since the last that was logged */
};

/* Log what arrives at `fd` (not blocking, the lines' from now on). */
NODISCARD enum tend_code lines_open(struct lines *lines, struct world *world, const char *plugin,
                                    int fd, struct error *err);

/* Log what is still there, then close. Harmless where it is not open. */
void lines_close(struct lines *lines);

#endif
