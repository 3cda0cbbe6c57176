/* The plugins that live in the host itself (`isolation: inline`): who takes them in, and what is known of all
 * of them. Whatever they do is done to the host. [core]
 */
#ifndef HOST_TENANTS_H
#define HOST_TENANTS_H

#include "base/map.h"
#include "host/crash_desk.h"
#include "runner/runner_maker.h"

struct tenants {
    struct world *world;
    struct crash_notes notes;
    bool leaving;     /* the host ends: what stays mapped is no news */
    struct map loads; /* how often each content was loaded, by hash */
    /* Code is never unmapped: somebody may still be in it. */
    size_t pinned;           /* contents that are mapped and that no thread serves any more ... */
    uint64_t pinned_bytes;   /* ... and the size of their files */
    struct crash_desk *left; /* of contents of which threads run on: the host ends without them */
};

/* `folder`: where crashes are noted; copied; NULL: nowhere. */
void tenants_init(struct tenants *tenants, struct world *world, const char *folder);
void tenants_done(struct tenants *tenants);

/* For runner_maker: a thread to be; none where that content ended a host. TEND_INVALID for a script. */
NODISCARD enum tend_code tenants_take_in(void *tenants, const struct worker_order *order,
                                         struct inline_place *ret_place, struct error *err);

/* For runner_maker: what the content at `file` did to a host is forgotten. */
bool tenants_forgive(void *tenants, const char *file);

/* "a3f...", of "/data/plugins/a3f....so". */
void tenants_hash(const char *file, char ret_hash[SHA256_HEX]);

/* Which load of the content at `path` is it? From 1 on. */
unsigned tenants_count_load(struct tenants *tenants, const char *path);

/* Threads that `desk` is for outlived what served. */
void tenants_keep(struct tenants *tenants, struct crash_desk *desk);

/* A thread has ended for good, and left the code of `path` mapped. */
void tenants_note_pinned(struct tenants *tenants, const char *name, const char *path);

#endif
