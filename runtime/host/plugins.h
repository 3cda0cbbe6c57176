/* The plugins of the host: every *.so of its plugin folders, each in a runner of its own. [core] */
#ifndef HOST_PLUGINS_H
#define HOST_PLUGINS_H

#include "admission/admission.h"
#include "base/world.h"
#include "controller/loop.h"
#include "store/store.h"

struct plugins;

struct plugins_summary {
    size_t live, refused;
};

struct plugins_options {
    struct world *world;
    struct store *store;
    struct admission *gate;
    struct loop *loop;
    const char *data;           /* where private copies are kept */
    const char *const *folders; /* absolute paths */
    size_t folder_count;
    /* Once, in a later step: every plugin that was found is live or refused. */
    void (*settled)(void *owner, struct plugins_summary summary);
    void *owner;
};

/* Load what is there now, in the order of folders and names. TEND_DENIED where a folder is another
 * user's or writable by others, TEND_IO where it cannot be read. */
NODISCARD enum tend_code plugins_open(const struct plugins_options *options,
                                      struct plugins **ret_plugins, struct error *err);

/* End them: their controllers leave the loop now, their processes are asked to stop, and `closed` runs, in
 * a later step, when the last one is gone and the memory freed. NULL is allowed: `closed` runs then, too. */
void plugins_close(struct world *world, struct plugins *plugins, struct task *closed);

#endif
