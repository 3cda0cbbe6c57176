/* The same content may be loaded twice (after a hang that ended by itself; or put back): then from another path,
 * because the loader of the system would hand out the code that is there, with the state that it has. */
#include "host/tenants.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "host/tenant.h"

void tenants_init(struct tenants *tenants, struct world *world, const char *folder)
{
    *tenants = (struct tenants){.world = world};
    crash_notes_open(&tenants->notes, folder);
}

void tenants_done(struct tenants *tenants)
{
    MAP_FOREACH (slot, &tenants->loads) {
        free(slot->value);
    }
    map_done(&tenants->loads);
    crash_notes_done(&tenants->notes);
}

void tenants_hash(const char *file, char ret_hash[SHA256_HEX])
{
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    snprintf(ret_hash, SHA256_HEX, "%.*s", (int)strcspn(base, "."), base);
}

bool tenants_forgive(void *house, const char *file)
{
    struct tenants *tenants = house;
    char hash[SHA256_HEX];
    tenants_hash(file, hash);
    bool held = crash_notes_find(&tenants->notes, hash) != NULL;
    if (held) {
        crash_notes_forget(&tenants->notes, hash);
    }
    return held;
}

/* Said by who serves: its Controller, an Event and the log, once. */
static void raise_isolation(const char *what, struct worker_remark *ret_remark)
{
    ret_remark->reason = "IsolationRaised";
    snprintf(ret_remark->message, sizeof ret_remark->message,
             "it runs in a process of its own, because %s%s; put another content there, or "
             "`tend retry` its controller, to have it inline again",
             text_starts(text_of(what), TEXT("it ")) ? "inline " : "", what);
}

enum tend_code tenants_take_in(void *house, const struct worker_order *order,
                               struct inline_place *ret_place, struct error *err)
{
    struct tenants *tenants = house;
    if (text_ends(text_of(order->file), TEXT(".lua"))) {
        return FAIL(err, TEND_INVALID, "a script is never inline: its limits are its process's");
    }
    char hash[SHA256_HEX];
    tenants_hash(order->file, hash);
    const char *what = crash_notes_find(&tenants->notes, hash);
    if (what != NULL) {
        raise_isolation(what, &ret_place->remark);
    } else {
        ret_place->means = tenant_new(tenants, order->name);
    }
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

void tenants_keep(struct tenants *tenants, struct crash_desk *desk)
{
    desk->next = tenants->left;
    tenants->left = desk;
}

void tenants_note_pinned(struct tenants *tenants, const char *name, const char *path)
{
    struct stat found;
    tenants->pinned++;
    tenants->pinned_bytes += stat(path, &found) == 0 ? (uint64_t)found.st_size : 0;
    log_write(
        tenants->world->log, tenants->leaving ? LOG_DEBUG : LOG_INFO, LOG_FIELDS({"plugin", name}),
        "it was inline and has ended; its code stays mapped: %zu such versions, %llu KiB, until "
        "the host is restarted",
        tenants->pinned, (unsigned long long)(tenants->pinned_bytes / KIB));
}
