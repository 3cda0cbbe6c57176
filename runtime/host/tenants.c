/* The same content may be loaded twice (after a hang that ended by itself; or put back): then from another path,
 * because the loader of the system would hand out the code that is there, with the state that it has. */
#include "host/tenants.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "host/tenant.h"

void tenants_init(struct tenants *tenants, struct world *world)
{
    *tenants = (struct tenants){.world = world};
}

void tenants_done(struct tenants *tenants)
{
    MAP_FOREACH (slot, &tenants->loads) {
        free(slot->value);
    }
    map_done(&tenants->loads);
}

enum tend_code tenants_take_in(void *house, const struct worker_order *order,
                               struct inline_place *ret_place, struct error *err)
{
    if (text_ends(text_of(order->file), TEXT(".lua"))) {
        return FAIL(err, TEND_INVALID, "a script is never inline: its limits are its process's");
    }
    ret_place->means = tenant_new(house, order->name);
    return TEND_OK;
}

struct load {
    unsigned count;
    char path[]; /* the key */
};

unsigned tenants_count_load(struct tenants *tenants, const char *path)
{
    struct load *load = map_get(&tenants->loads, text_of(path));
    if (load == NULL) {
        load = alloc_new(sizeof *load + strlen(path) + 1);
        strcpy(load->path, path);
        map_put(&tenants->loads, text_of(load->path), load);
    }
    return ++load->count;
}

void tenants_note_pinned(struct tenants *tenants, const char *name, const char *path)
{
    struct stat found;
    tenants->pinned++;
    tenants->pinned_bytes += stat(path, &found) == 0 ? (uint64_t)found.st_size : 0;
    log_info(
        tenants->world->log, LOG_FIELDS({"plugin", name}),
        "it was inline and has ended; its code stays mapped: %zu such versions, %llu KiB, until "
        "the host is restarted",
        tenants->pinned, (unsigned long long)(tenants->pinned_bytes / KIB));
}
