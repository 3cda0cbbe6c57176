/* The Unix socket that the host serves: for its owner only, and for one host only. */
#ifndef HOST_SOCKET_H
#define HOST_SOCKET_H

#include "base/error.h"

struct host_socket {
    char *path;  /* owned */
    int fd;      /* listening; whoever serves it takes it over and sets it to -1 */
    int lock_fd; /* PATH.lock, under flock as long as the host lives */
};

/* Listen at `path`, its folder made private (0700), the socket 0600. A socket that a dead host left
 * behind is replaced, one that lives is not: TEND_EXISTS says who holds it. */
NODISCARD enum tend_code host_socket_open(struct host_socket *sock, const char *path,
                                          struct error *err);

/* Remove the file, give up the lock. Harmless on a zeroed one. */
void host_socket_close(struct host_socket *sock);

#endif
