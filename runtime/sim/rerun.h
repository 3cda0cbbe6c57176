/* Waiting for the next change of what is tested: scripts, plugins, tests and manifests in some folders. */
#ifndef SIM_RERUN_H
#define SIM_RERUN_H

#include <stddef.h>

#include "base/error.h"

struct rerun {
    int fd;
};

/* Watch the folders at `paths` and those in them; of a file its folder. TEND_IO. */
NODISCARD enum tend_code rerun_open(const char *const *paths, size_t count, struct rerun *ret_rerun,
                                    struct error *err);

/* Block until something was changed, and no more is for a moment. TEND_IO. */
NODISCARD enum tend_code rerun_wait(const struct rerun *rerun, struct error *err);

void rerun_close(struct rerun *rerun);

#endif
