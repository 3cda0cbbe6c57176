/* What may be on the disk after power was lost at some point of a crash log.
 *
 * What was synced is there. Of what was not, any part may be: every write, truncation, creation and
 * deletion after its file's last sync is kept, dropped, or (a write) torn at a boundary of 512 bytes,
 * independently of the others. For each prefix of the log the images are: nothing unsynced; everything;
 * each one dropped alone and each one torn alone (the first few of them); and random choices.
 */
#ifndef STORE_CRASH_CRASH_IMAGES_H
#define STORE_CRASH_CRASH_IMAGES_H

#include <stdbool.h>

#include "store/crash/crash_log.h"

struct crash_images {
    /* Called for each image that differs from the one before; the files are in `directory`. */
    void (*check)(struct crash_images *images, const int64_t notes[CRASH_NOTES]);
    const char *directory;
    uint64_t seed;
    unsigned random_choices; /* for each prefix */
    size_t checks_max;       /* where to stop */
    size_t checked;          /* how many images there were */
};

void crash_images_explore(struct crash_images *images, const struct crash_log *log);

#endif
