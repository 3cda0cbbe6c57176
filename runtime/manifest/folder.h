/* One folder, and which of its files may have changed. */
#ifndef MANIFEST_FOLDER_H
#define MANIFEST_FOLDER_H

#include "base/world.h"

struct folder {
    struct world *world;
    char *path; /* absolute; owned */
    struct readiness inotify;
    struct alarm rescan; /* only where inotify does not serve */
    bool blind;          /* inotify does not serve */
    void (*changed)(struct folder *folder, const char *name); /* written, moved in, or gone */
    void (*list)(struct folder *folder);                      /* anything may have changed */
};

/* Start watching `path` (copied); `changed` and `list` are set by the owner and called in later steps,
 * `list` once for sure. TEND_IO where the folder cannot be read. */
NODISCARD enum tend_code folder_open(struct folder *folder, struct world *world, const char *path,
                                     struct error *err);
void folder_close(struct folder *folder);

/* Is `name` one that holds manifests? */
bool folder_takes(const char *name);

#endif
