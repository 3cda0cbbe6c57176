/* The plugins and scripts of the host: the files of its folders, each kept live (runner/plugin.h), in the order
 * of folders and names. [core] */
#ifndef HOST_PLUGINS_H
#define HOST_PLUGINS_H

#include "admission/admission.h"
#include "base/world.h"
#include "controller/loop.h"
#include "host/configuration.h"
#include "runner/worker_maker.h"
#include "store/store.h"
#include "watch/watch.h"

struct plugins;

/* Of what was found at start. */
struct plugins_summary {
    size_t live, waiting, refused, disabled;
};

struct plugins_folder {
    const char *path; /* absolute */
    enum { HOLDS_PLUGINS /* *.so */, HOLDS_SCRIPTS /* *.lua, but not *_test.lua */ } holds;
};

struct plugins_options {
    struct world *world;
    struct store *store;
    struct watch *watch;
    struct admission *gate;
    struct loop *loop;
    struct worker_maker *maker;
    const struct configuration *configuration;
    const struct runner_bounds *bounds; /* of each file, where the configuration says nothing */
    const char *data;                   /* where private copies are kept */
    const struct plugins_folder *folders;
    size_t folder_count;
    /* Once, in a later step: every file that was found at start is live, waits or is refused. */
    void (*settled)(void *owner, struct plugins_summary summary);
    void *owner;
};

/* Watch the folders, and load what is there and what comes. TEND_IO where one of them cannot be read. */
NODISCARD enum tend_code plugins_open(const struct plugins_options *options,
                                      struct plugins **ret_plugins, struct error *err);

/* End them: their controllers leave the loop now, their workers are asked to stop, and `closed` runs, in
 * a later step, when the last one is gone and the memory freed. NULL is allowed: `closed` runs then, too. */
void plugins_close(struct world *world, struct plugins *plugins, struct task *closed);

#endif
