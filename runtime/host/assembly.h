/* The rooms wired to one another: store, gate, watch and loop over a backend, in a world.
 *
 * What is assembled here is the same in the host (real world, SQLite) and in scenario tests (virtual
 * time, memory). Doors (api, manifest) and plugins are put on top by whoever assembles. [core]
 */
#ifndef HOST_ASSEMBLY_H
#define HOST_ASSEMBLY_H

#include "admission/admission.h"
#include "base/world.h"
#include "controller/loop.h"
#include "store/store.h"
#include "watch/watch.h"

struct assembly {
    struct world *world;
    struct store *store;
    struct admission *gate;
    struct watch *watch;
    struct loop *loop;
};

/* Open them all, lowest first; `backend` is taken over, also where it fails. Blocks while the store is
 * loaded. The errors are store_open's and admission_open's. */
NODISCARD enum tend_code assembly_open(struct assembly *assembly, struct world *world,
                                       struct backend *backend, const struct store_options *store,
                                       const struct loop_options *loop, struct error *err);

/* Close in reverse. Harmless on a zeroed or half-open one. */
void assembly_close(struct assembly *assembly);

#endif
