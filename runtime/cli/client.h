/* One connection to a host over its Unix socket: a request, its answer, the next one.
 *
 * Blocking, for a command line: one request at a time, the connection kept for the next. A host that
 * says nothing for CLIENT_SILENCE_MS counts as gone, except while its changes are watched.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/reply.h"

struct client {
    const char *socket; /* borrowed */
    int fd;             /* -1: not connected */
    int interrupt_fd;   /* readable: whoever waits gives up; -1: none */
    bool was_interrupted;
    struct buffer input; /* received, not yet part of an answer */
};

struct client_request {
    const char *method;
    struct text target;       /* "/api/v1/namespaces?limit=5", escaped */
    const char *accept;       /* NULL: JSON */
    const char *content_type; /* NULL: no body */
    struct text body;
};

/* `socket` is borrowed and outlives it. Connects when it is first needed. */
void client_init(struct client *client, const char *socket);
void client_done(struct client *client);

/* Close the connection, and with it whatever is still on its way; the next request makes another. */
void client_disconnect(struct client *client);

/* Send and wait for the whole answer, whatever its status; `reply` was initialised. TEND_UNAVAILABLE
 * where no host answers, with what to do about it. */
NODISCARD enum tend_code client_call(struct client *client, const struct client_request *request,
                                     struct reply *reply, struct error *err);

/* Send and wait for the head only: the body comes by client_next_line. Where the status is no 200 the
 * whole answer is read, as by client_call. */
NODISCARD enum tend_code client_open_stream(struct client *client,
                                            const struct client_request *request,
                                            struct reply *reply, struct error *err);

/* The next line of the body, without its end, borrowed until the next call; an empty text with TEND_OK
 * where the stream ended, or where it was interrupted (client->was_interrupted). Waits as long as it
 * takes. */
NODISCARD enum tend_code client_next_line(struct client *client, struct reply *reply,
                                          struct text *ret_line, struct error *err);

#endif
