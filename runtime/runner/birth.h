/* A runner's process: it is born with a socket, a pipe and a page. [core] */
#ifndef RUNNER_BIRTH_H
#define RUNNER_BIRTH_H

#include "base/world.h"
#include "protocol/confinement.h"
#include "runner/means.h"

struct birth {
    const char *program, *name; /* of the process: argv is "tend-runner NAME CONFINEMENT" */
    enum confinement confinement;
    struct child_limits limits;
};

/* A process for a runner; texts are copied. */
struct runner_means *birth_means(struct world *world, const struct birth *birth);

/* A socket pair and a pipe: [0] not blocking, for the runner, [1] for its other side. */
struct birth_ends {
    int socket[2], output[2];
};
NODISCARD enum tend_code birth_open_ends(struct birth_ends *ret_ends, struct error *err);
void birth_close_ends(const struct birth_ends *ends, int which);

#endif
