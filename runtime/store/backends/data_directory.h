/* A directory that belongs to one process: made private, guarded by a lock, with space set aside. */
#ifndef STORE_BACKENDS_DATA_DIRECTORY_H
#define STORE_BACKENDS_DATA_DIRECTORY_H

#include <stddef.h>

#include "base/error.h"

struct data_directory {
    char *path;
    int fd;      /* of the directory; holds a lock as well */
    int lock_fd; /* -1: not held */
};

/* Make `path` (0700, with missing parents), take its guard file LOCK, and itself where
 * the file system can lock directories, and hold both until data_directory_done. TEND_UNAVAILABLE:
 * another process holds one of them. */
NODISCARD enum tend_code data_directory_init(struct data_directory *directory, const char *path,
                                             struct error *err);
void data_directory_done(struct data_directory *directory); /* harmless where init failed */

/* Make sure that `name` is there, empty where it was missing, readable by its owner only, and that its
 * entry survives a loss of power. Before anything else opens it. */
NODISCARD enum tend_code data_directory_touch(struct data_directory *directory, const char *name,
                                              struct error *err);

/* Set `bytes` aside in the file RESERVE, all in all. TEND_UNAVAILABLE where there is no space for it;
 * what was set aside before stays then. */
NODISCARD enum tend_code data_directory_reserve(struct data_directory *directory, size_t bytes,
                                                struct error *err);

/* Give them back to the file system. */
void data_directory_release(struct data_directory *directory);

#endif
