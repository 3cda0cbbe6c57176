/* A folder of its own for a test, gone with the test. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

struct folder {
    char path[256];
};

enum folder_medium {
    FOLDER_MEMORY /* /dev/shm where there is one */,
    FOLDER_DISK /* TMPDIR, /tmp */
};

/* Makes it, mode 0700; aborts where that is not possible. */
void folder_init(struct folder *folder, enum folder_medium medium);

/* Removes it with everything in it. */
void folder_done(struct folder *folder);

#endif
