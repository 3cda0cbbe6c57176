/* HTTP/1.1 on a listening socket, for one service; libmicrohttpd without threads of its own.
 *
 * The daemon's epoll descriptor is watched by the world and its timeouts are an alarm of the world; with
 * nobody connected it never wakes the core. Connections, header and body sizes and idle time are
 * bounded (base/limits.h). A peer of a Unix socket must be the host's own user or root: the kernel
 * says who it is (SO_PEERCRED), and it is told 403 otherwise.
 */
#ifndef API_SERVER_H
#define API_SERVER_H

#include "api/service.h"

struct server;

/* Serve on `listen_fd`, a listening stream socket (bound, its file made private, by the caller), which
 * is taken over: server_close closes it, not so a failure. The socket's file stays the caller's.
 * `world` must have descriptors (TEND_UNAVAILABLE otherwise); TEND_IO where the daemon cannot start. */
NODISCARD enum tend_code server_open(struct world *world, struct service *service, int listen_fd,
                                     struct server **ret_server, struct error *err);

/* Stop listening, drop every connection, end what they waited for. Before service_free. NULL is
 * allowed. */
void server_close(struct server *server);

/* How many requests are being answered now, watches included. */
size_t server_busy(const struct server *server);

#endif
