/* The API on a real socket: store, gate, watch and server in a child process, on the real loop. No
 * controllers. For tests of what only a socket shows, and for measuring.
 */
#ifndef SUPPORT_LIVE_HOST_H
#define SUPPORT_LIVE_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "support/folder.h"

struct live_host {
    struct folder folder;
    char socket[300];
    pid_t pid;
};

/* Start it, with a new store in SQLite; returns when it serves. Aborts where that is not possible. */
void live_host_start(struct live_host *host, enum folder_medium medium);

/* End it by SIGTERM and remove its folder. True where it ended by itself, with exit code 0. */
bool live_host_stop(struct live_host *host);

/* How many descriptors it has open. */
int live_host_descriptors(const struct live_host *host);

#endif
