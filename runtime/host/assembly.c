/* The order is the order of floors; closing is the exact reverse. */
#include "host/assembly.h"

#include "store/backend.h"

static enum tend_code open_rooms(struct assembly *assembly, struct backend *backend,
                                 const struct store_options *store, const struct loop_options *loop,
                                 struct error *err)
{
    struct world *world = assembly->world;
    enum tend_code code = store_open(world, backend, store, &assembly->store, err);
    if (code != TEND_OK) {
        return code;
    }
    TRY(admission_open(world, assembly->store, &assembly->gate, err));
    assembly->watch = watch_new(world, assembly->store);
    assembly->loop = loop_new(world, assembly->store, assembly->watch, assembly->gate, loop);
    return TEND_OK;
}

enum tend_code assembly_open(struct assembly *assembly, struct world *world,
                             struct backend *backend, const struct store_options *store,
                             const struct loop_options *loop, struct error *err)
{
    *assembly = (struct assembly){.world = world};
    enum tend_code code = open_rooms(assembly, backend, store, loop, err);
    if (code != TEND_OK) {
        assembly_close(assembly);
    }
    return code;
}

void assembly_close(struct assembly *assembly)
{
    loop_free(assembly->loop);
    watch_free(assembly->watch);
    admission_close(assembly->gate);
    if (assembly->store != NULL) {
        store_close(assembly->store);
    }
    *assembly = (struct assembly){0};
}
