/* mkdtemp, and a walk from the leaves to remove it. */
#include "support/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *base_of(enum folder_medium medium)
{
    if (medium == FOLDER_MEMORY && access("/dev/shm", W_OK | X_OK) == 0) {
        return "/dev/shm";
    }
    const char *temporary = getenv("TMPDIR");
    return temporary != NULL ? temporary : "/tmp";
}

void folder_init(struct folder *folder, enum folder_medium medium)
{
    snprintf(folder->path, sizeof folder->path, "%s/tend-test-XXXXXX", base_of(medium));
    if (mkdtemp(folder->path) == NULL) {
        perror(folder->path);
        abort();
    }
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

void folder_done(struct folder *folder)
{
    nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
