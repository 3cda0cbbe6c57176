/* A folder that is watched: which of its files may have changed.
 *
 *     folder->takes = is_manifest; folder->changed = ...; folder->list = ...;
 *     TRY(folder_open(folder, world, "/etc/tend/manifests", err));
 *
 * Names that begin with a dot are not looked at, nor what `takes` does not take: so whoever writes beside
 * a file and renames is seen once, with the whole. A folder that is deleted and made again is found again.
 * [core], but for folder_read.
 */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "base/world.h"

struct folder {
    /* the owner's, set before it is opened */
    bool (*takes)(const char *name);
    void (*changed)(struct folder *folder,
                    const char *name);   /* complete, or gone, or another's now */
    void (*list)(struct folder *folder); /* anything may have changed */

    struct world *world;
    char *path; /* absolute; owned */
    struct readiness inotify;
    struct alarm rescan; /* a listing is due: `list` follows */
    bool blind;          /* inotify does not serve, for now */
};

/* Start watching `path` (copied); `changed` and `list` are called in later steps, `list` once for sure.
 * TEND_IO where the folder cannot be read. */
NODISCARD enum tend_code folder_open(struct folder *folder, struct world *world, const char *path,
                                     struct error *err);
void folder_close(struct folder *folder); /* harmless where it is not open */

/* The files of a folder, as paths, in the order of their names. */
struct folder_files {
    char **paths;
    size_t count;
    size_t left_out; /* beyond what was asked for */
};

/* List what `takes` takes in the folder at `path`, the first `max` files at the most. Blocking: a job.
 * [worker] TEND_IO where it cannot be read. */
NODISCARD enum tend_code folder_read(const char *path, bool (*takes)(const char *name), size_t max,
                                     struct folder_files *ret_files, struct error *err);
void folder_files_done(struct folder_files *files);

#endif
