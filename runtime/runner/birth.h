/* A runner's process: it is born with a socket, a pipe and a page. [core] */
#ifndef RUNNER_BIRTH_H
#define RUNNER_BIRTH_H

#include "base/world.h"
#include "protocol/confinement.h"
#include "protocol/page.h"

struct birth {
    const char *program, *name; /* of the process: argv is "tend-runner NAME CONFINEMENT" */
    int page_fd;
    enum confinement confinement;
    struct child_limits limits;
};

/* Start it as `child`. Our ends, not blocking, are the caller's. TEND_IO. */
NODISCARD enum tend_code birth_spawn(const struct birth *birth, struct world *world,
                                     struct child *child, int *ret_socket, int *ret_output,
                                     struct error *err);

/* How it ended, as a sentence, from what waitpid says. */
void birth_describe_end(int status, char *out, size_t size);

/* A page to share, mapped. Aborts where there is not even that much memory. */
struct page *birth_new_page(int *ret_fd);
void birth_free_page(struct page *page, int fd);

#endif
