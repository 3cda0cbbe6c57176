/* Who asks, on a Controller object, for its file to be tried again (annotation tend.dev/retry). [core] */
#ifndef HOST_RETRIES_H
#define HOST_RETRIES_H

#include "watch/follower.h"

struct retries {
    /* The file that the Controller names, as it was told of last. */
    void (*asked)(struct retries *retries, const char *file);

    /* private */
    struct watch *watch;
    struct store *store;
    struct follower follower;
};

/* From now on; `asked` is set, the rest zeroed. What was asked for while no host was there is over: files that are
 * found at start are tried anyway. */
void retries_open(struct retries *retries, struct watch *watch, struct store *store);
void retries_close(struct retries *retries); /* harmless where it was not opened */

#endif
