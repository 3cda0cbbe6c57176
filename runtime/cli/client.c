/* A few hundred lines instead of an HTTP library: the peer is one host behind a file, the protocol
 * HTTP/1.1 without anything optional, and the client starts in a millisecond.
 *
 * A kept connection may have been closed by the host meanwhile. A GET is then sent again on a new one;
 * anything else only where nothing of it was sent.
 */
#include "cli/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"

void client_init(struct client *client, const char *socket)
{
    *client = (struct client){
        .socket = socket,
        .fd = -1,
        .interrupt_fd = -1,
        .input = BUFFER_INIT(CLIENT_READ_MAX),
    };
}

void client_disconnect(struct client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
        client->fd = -1;
    }
    buffer_clear(&client->input);
}

void client_done(struct client *client)
{
    client_disconnect(client);
    buffer_done(&client->input);
}

/* --- connecting -------------------------------------------------------------------------------- */

static enum tend_code nobody_there(const struct client *client, int why, struct error *err)
{
    if (why == EACCES || why == EPERM) {
        return FAIL(err, TEND_DENIED, "the socket %s belongs to another user", client->socket);
    }
    if (why == ENOENT || why == ECONNREFUSED || why == ENOTSOCK) {
        return FAIL(err, TEND_UNAVAILABLE,
                    "no host listens at %s: start one with `tend run`, or name its socket with "
                    "--socket",
                    client->socket);
    }
    return FAIL(err, TEND_UNAVAILABLE, "cannot connect to %s: %s", client->socket, strerror(why));
}

static enum tend_code connect_host(struct client *client, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(client->socket);
    if (len == 0 || len >= sizeof address.sun_path) {
        return FAIL(err, TEND_INVALID, "the name of the socket must have 1 to %zu bytes: %s",
                    sizeof address.sun_path - 1, client->socket);
    }
    memcpy(address.sun_path, client->socket, len + 1);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        return FAIL(err, TEND_IO, "cannot make a socket: %s", strerror(errno));
    }
    if (connect(client->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int why = errno;
        client_disconnect(client);
        return nobody_there(client, why, err);
    }
    return TEND_OK;
}

/* --- waiting and moving bytes ------------------------------------------------------------------ */

enum patience { PATIENCE_BOUNDED, PATIENCE_ENDLESS };

/* Wait until the connection is ready for `events`. TEND_OK also where somebody interrupts. */
static enum tend_code wait_for(struct client *client, short events, enum patience patience,
                               struct error *err)
{
    struct pollfd polled[2] = {{.fd = client->fd, .events = events},
                               {.fd = client->interrupt_fd, .events = POLLIN}};
    int timeout = patience == PATIENCE_ENDLESS ? -1 : CLIENT_SILENCE_MS;
    int ready = poll(polled, 2, timeout);
    if (ready == 0) {
        return FAIL(err, TEND_UNAVAILABLE, "the host at %s has not answered for %d s",
                    client->socket, CLIENT_SILENCE_MS / 1000);
    }
    if (ready < 0 && errno != EINTR) {
        return FAIL(err, TEND_IO, "cannot wait for the host: %s", strerror(errno));
    }
    client->was_interrupted = ready > 0 && polled[1].revents != 0;
    return TEND_OK;
}

static enum tend_code send_all(struct client *client, struct text bytes, size_t *ret_sent,
                               struct error *err)
{
    *ret_sent = 0;
    while (*ret_sent < bytes.len) {
        ssize_t sent = send(client->fd, bytes.ptr + *ret_sent, bytes.len - *ret_sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            *ret_sent += (size_t)sent;
        } else if (errno == EAGAIN || errno == EINTR) {
            TRY(wait_for(client, POLLOUT, PATIENCE_BOUNDED, err));
        } else {
            return FAIL(err, TEND_UNAVAILABLE, "the host closed the connection: %s",
                        strerror(errno));
        }
    }
    return TEND_OK;
}

enum arrival { ARRIVED, CLOSED, INTERRUPTED };

static enum tend_code receive(struct client *client, enum patience patience,
                              enum arrival *ret_arrival, struct error *err)
{
    char *space = buffer_reserve(&client->input, CLIENT_READ_MAX / 2);
    *ret_arrival = INTERRUPTED;
    for (;;) {
        TRY(wait_for(client, POLLIN, patience, err));
        if (client->was_interrupted) {
            return TEND_OK;
        }
        ssize_t got = recv(client->fd, space, CLIENT_READ_MAX / 2, MSG_DONTWAIT);
        if (got > 0) {
            client->input.len += (size_t)got;
        }
        if (got >= 0) {
            *ret_arrival = got > 0 ? ARRIVED : CLOSED;
            return TEND_OK;
        }
        if (errno == ECONNRESET) {
            *ret_arrival = CLOSED;
            return TEND_OK;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return FAIL(err, TEND_IO, "cannot read from the host: %s", strerror(errno));
        }
    }
}

/* Give what was received to the answer; receive more first where nothing is there. */
static enum tend_code advance(struct client *client, struct reply *reply, enum patience patience,
                              struct error *err)
{
    if (client->input.len == 0) {
        enum arrival arrival;
        TRY(receive(client, patience, &arrival, err));
        if (arrival == CLOSED) {
            client_disconnect(client);
            return reply_end(reply, err);
        }
        if (arrival == INTERRUPTED) {
            return TEND_OK;
        }
    }
    size_t used = 0;
    TRY(reply_feed(reply, buffer_view(&client->input), &used, err));
    buffer_consume(&client->input, used);
    return TEND_OK;
}

/* --- requests ---------------------------------------------------------------------------------- */

static void write_request(const struct client_request *request, struct buffer *out)
{
    buffer_format(out, "%s %.*s HTTP/1.1\r\nHost: tend\r\nAccept: %s\r\n", request->method,
                  TEXT_ARG(request->target),
                  request->accept != NULL ? request->accept : "application/json");
    if (request->content_type != NULL) {
        buffer_format(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", request->content_type,
                      request->body.len);
    }
    buffer_chars(out, "\r\n");
    if (request->content_type != NULL) {
        buffer_text(out, request->body);
    }
}

static enum tend_code send_request(struct client *client, const struct client_request *request,
                                   size_t *ret_sent, struct error *err)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(CLIENT_REQUEST_MAX);
    *ret_sent = 0;
    write_request(request, &out);
    if (out.full) {
        return FAIL(err, TEND_LIMIT, "the request is larger than %u MiB", CLIENT_REQUEST_MAX / MIB);
    }
    if (client->fd < 0) {
        TRY(connect_host(client, err));
    }
    return send_all(client, buffer_view(&out), ret_sent, err);
}

static enum tend_code read_head(struct client *client, struct reply *reply, struct error *err)
{
    while (!reply->has_head) {
        TRY(advance(client, reply, PATIENCE_BOUNDED, err));
        if (client->was_interrupted) {
            return FAIL(err, TEND_UNAVAILABLE, "interrupted");
        }
    }
    return TEND_OK;
}

/* Send and read the head, on a new connection where the kept one turns out to be closed. */
static enum tend_code start(struct client *client, const struct client_request *request,
                            struct reply *reply, struct error *err)
{
    bool was_kept = client->fd >= 0;
    size_t sent = 0;
    enum tend_code code = send_request(client, request, &sent, err);
    if (code == TEND_OK) {
        code = read_head(client, reply, err);
    }
    bool is_stale = code == TEND_UNAVAILABLE && was_kept && reply->status == 0;
    bool is_harmless = sent == 0 || strcmp(request->method, "GET") == 0;
    if (is_stale && is_harmless && !client->was_interrupted) {
        client_disconnect(client);
        TRY(send_request(client, request, &sent, err));
        return read_head(client, reply, err);
    }
    return code;
}

static enum tend_code read_rest(struct client *client, struct reply *reply, struct error *err)
{
    while (!reply->is_complete) {
        TRY(advance(client, reply, PATIENCE_BOUNDED, err));
        if (client->was_interrupted) {
            return FAIL(err, TEND_UNAVAILABLE, "interrupted");
        }
    }
    if (reply->closes) {
        client_disconnect(client);
    }
    return TEND_OK;
}

enum tend_code client_call(struct client *client, const struct client_request *request,
                           struct reply *reply, struct error *err)
{
    enum tend_code code = start(client, request, reply, err);
    if (code == TEND_OK) {
        code = read_rest(client, reply, err);
    }
    if (code != TEND_OK) {
        client_disconnect(client); /* whatever else comes on it belongs to this answer */
    }
    return code;
}

enum tend_code client_open_stream(struct client *client, const struct client_request *request,
                                  struct reply *reply, struct error *err)
{
    enum tend_code code = start(client, request, reply, err);
    if (code == TEND_OK && reply->status != 200) {
        code = read_rest(client, reply, err);
    }
    if (code != TEND_OK) {
        client_disconnect(client);
    }
    return code;
}

/* A line that was handed out stays at the start of the body, ended by a NUL, until the next call. */
static void drop_line(struct reply *reply)
{
    if (reply->taken > 0) {
        buffer_consume(&reply->body, reply->taken);
        reply->taken = 0;
    }
}

enum tend_code client_next_line(struct client *client, struct reply *reply, struct text *ret_line,
                                struct error *err)
{
    drop_line(reply);
    *ret_line = TEXT("");
    for (;;) {
        struct text body = buffer_view(&reply->body);
        size_t end = text_find(body, '\n');
        if (end > 0 && (end < body.len || reply->is_complete)) {
            *ret_line = text_first(body, end);
            reply->taken = end < body.len ? end + 1 : end;
            return TEND_OK;
        }
        if (end == 0 && body.len > 0) {
            buffer_consume(&reply->body, 1);
        } else if (reply->is_complete) {
            return TEND_OK;
        } else {
            TRY(advance(client, reply, PATIENCE_ENDLESS, err));
            if (client->was_interrupted) {
                return TEND_OK;
            }
        }
    }
}
