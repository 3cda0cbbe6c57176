/* What became of a controller, in the status of its tend.dev/v1 Controller object.
 *
 * For controllers that were added, the loop reports by itself. The loader reports those that it refused,
 * that wait or that are gone. Reports are written through the gate by the host, one at a time for each
 * name, at most one a second after the first; only the newest counts. Where there is no such object yet,
 * the report waits for it. What the store says already is not written again, nor is a moment: a
 * controller that is as it was before the host came up again is that since then. Counts go on from what
 * the object said when the host came up.
 */
#ifndef CONTROLLER_REPORT_H
#define CONTROLLER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/loop.h"
#include "controller/worker.h"

struct tally;

struct report {
    const char *name;             /* of the Controller object */
    const char *phase;            /* "live", "refused", "waiting", "lost", "disabled" */
    const char *reason, *message; /* CamelCase and a sentence; NULL: none */
    /* NULL: leave what is there; "": remove it */
    const char *file, *hash, *version, *kind, *last_good, *rejected, *isolation;
    const struct worker_limits *limits; /* NULL: leave what is there */
    size_t most;                        /* with them: objects at once; 0: no bound of its own */
    int64_t limit_ms;                   /* with them: of its runs, goes before theirs; 0: theirs */
    const char *contested; /* the message of condition Contested; NULL and "" as above */
    int64_t since_ms;      /* wall clock */
    uint64_t restarts;
    const struct tally *tally; /* how its runs went; NULL: nobody counted */
};

/* Everything is copied. */
void report_write(struct loop *loop, const struct report *report);

/* Was anything reported of `name`, by this host? */
bool report_is_known(const struct loop *loop, struct text name);

/* Write what waits for its moment, in the next steps: the host is about to end. */
void report_flush(struct loop *loop);

#endif
