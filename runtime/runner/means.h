/* The other side of a runner: how it is started, ended, and found to have ended. A process (birth.h), or a
 * thread of the host (host/tenant.h); whatever else is about a runner is the same for both. [core]
 */
#ifndef RUNNER_MEANS_H
#define RUNNER_MEANS_H

#include <sys/types.h>

#include "base/error.h"
#include "controller/worker.h"
#include "protocol/page.h"

struct runner_means;

/* What a start gives to the runner. */
struct means_ends {
    int socket, output; /* not blocking; the runner's from now on */
    const char *file;   /* what is to be loaded: `file`, or a copy of it; the means' */
};

struct runner_means_ops {
    /* Start it, over the content at `file`; it is not running. TEND_IO. */
    enum tend_code (*start)(struct runner_means *means, const char *file,
                            struct means_ends *ret_ends, struct error *err);
    /* End it now; harmless where it is not running. */
    void (*kill)(struct runner_means *means);
    /* It was killed and did not end; `why` is a sentence. Where kills are not in vain: NULL. */
    void (*given_up)(struct runner_means *means, const char *why);
    /* The runner is gone. What runs still is given up: it frees itself, and nothing is called. */
    void (*release)(struct runner_means *means);
};

enum means_nature {
    DIES_WHEN_KILLED, /* `ended` follows a kill */
    ENDS_BY_ITSELF,   /* it may follow never: code that does not return cannot be ended */
};

struct runner_means {
    const struct runner_means_ops *ops;
    enum means_nature nature;
    struct page *page;           /* the other side writes it, while it runs */
    pid_t pid;                   /* 0: there is no process */
    struct worker_remark remark; /* from the first frame of the other side on */

    /* the runner's: called once for each start, in a step of its own. `how` it ended, as a sentence. */
    void (*ended)(struct runner_means *means, const char *how);
    void *owner;
};

#endif
