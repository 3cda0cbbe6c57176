/* libmicrohttpd in its external mode: no thread, no poll of its own. The world watches the daemon's epoll
 * descriptor; each time it is ready, and when the daemon's own timeout is due, the daemon takes one
 * turn. What it wants done at once is done in a later step, so that one busy connection does not keep
 * the core.
 *
 *   a request:   NEW --headers--> READING --body--> HANDLING --answered--> SENDING --> completed
 *                                                   suspended meanwhile     suspended while the stream waits
 *
 * A suspended connection is in none of the daemon's lists: it costs memory only, and has no timeout. It is
 * resumed when the answer is there, or when the stream has something. Nobody would notice either that the
 * peer of a waiting stream has gone, so its descriptor is watched for hang-up by the world.
 *
 *   1  a call is suspended only in HANDLING or SENDING, and resumed before its connection ends
 *   2  the sum of call->body.len is body_bytes, at most HTTP_BODIES_MAX
 */
#include "api/server.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/exchange.h"
#include "api/problem.h"
#include "base/alloc.h"

/* Pieces that a stream may leave empty in one step, before others get their turn. */
enum { EMPTY_FILLS_MAX = 4 };

struct server {
    struct world *world;
    struct service *service;
    struct MHD_Daemon *daemon;
    struct readiness epoll;
    struct alarm timeout;
    struct task again;
    struct list calls;
    size_t busy;
    size_t body_bytes;
};

enum call_phase { CALL_NEW, CALL_READING, CALL_HANDLING, CALL_SENDING };
enum refusal { REFUSED_NOT, REFUSED_PEER, REFUSED_TOO_LARGE, REFUSED_BUSY };

struct call {
    struct exchange exchange;
    struct server *server;
    struct list link;
    struct MHD_Connection *connection; /* NULL: only the request line is there */
    enum call_phase phase;
    enum refusal refusal;
    bool is_suspended, is_cut; /* cut: the stream ends here, as broken */
    struct buffer body;
    size_t dropped;      /* bytes of a body that is refused */
    struct buffer ready; /* what the stream produced ... */
    size_t sent;         /* ... and how much of it was taken */
    enum stream_state state;
    struct readiness peer; /* watched for hang-up once the stream has waited */
    bool peer_watched;
    struct task more; /* resumes a stream that produced nothing yet */
};

/* --- the daemon's turns ------------------------------------------------------------------------ */

static void arm(struct server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES) {
        world_alarm_clear(server->world, &server->timeout);
    } else if (wait_ms == 0) {
        world_soon(server->world, &server->again);
    } else {
        int64_t due = world_ticks_ms(server->world) + (int64_t)wait_ms;
        world_alarm_set(server->world, &server->timeout, due);
    }
}

static void take_turn(struct server *server)
{
    MHD_run(server->daemon);
    arm(server);
}

static void epoll_ready(struct readiness *readiness, unsigned events)
{
    (void)events;
    take_turn(CONTAINER_OF(readiness, struct server, epoll));
}

static void timeout_fired(struct alarm *alarm)
{
    take_turn(CONTAINER_OF(alarm, struct server, timeout));
}

static void run_again(struct task *task)
{
    take_turn(CONTAINER_OF(task, struct server, again));
}

/* --- suspending -------------------------------------------------------------------------------- */

static void unwatch_peer(struct call *call)
{
    if (call->peer_watched) {
        world_unwatch_fd(call->server->world, &call->peer);
        call->peer_watched = false;
    }
}

static void resume(struct call *call)
{
    list_remove(&call->more.link);
    if (call->is_suspended) {
        call->is_suspended = false;
        MHD_resume_connection(call->connection);
        world_soon(call->server->world, &call->server->again); /* only a turn takes it up */
    }
}

static void suspend(struct call *call)
{
    call->is_suspended = true;
    MHD_suspend_connection(call->connection);
}

static void peer_hung_up(struct readiness *readiness, unsigned events)
{
    struct call *call = CONTAINER_OF(readiness, struct call, peer);
    (void)events;
    unwatch_peer(call); /* it would be said again and again */
    call->is_cut = true;
    resume(call);
}

static void more_now(struct task *task)
{
    resume(CONTAINER_OF(task, struct call, more));
}

/* Without a watch on its peer a stream that waits would only be found dead when it next sends. It is
 * watched from its first waiting to its end: a change that wakes a thousand streams must not ask the
 * kernel for each of them again. */
static void watch_peer(struct call *call)
{
    struct error err = ERROR_INIT;
    if (call->peer_watched) {
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    call->peer.fd = info->connect_fd;
    call->peer.ready = peer_hung_up;
    call->peer_watched =
        world_watch_fd(call->server->world, &call->peer, READY_HANGUP, &err) == TEND_OK;
}

static void on_answered(struct exchange *exchange)
{
    resume(CONTAINER_OF(exchange, struct call, exchange));
}

static void on_woken(struct exchange *exchange)
{
    struct call *call = CONTAINER_OF(exchange, struct call, exchange);
    if (call->phase == CALL_SENDING) {
        resume(call);
    }
}

/* --- sending ----------------------------------------------------------------------------------- */

/* Let the stream produce until there is something, it waits or ends, or it had its turn. */
static void produce(struct call *call, size_t room)
{
    struct stream *stream = call->exchange.response.stream;
    if (call->ready.cap > 2 * HTTP_MEMORY) {
        buffer_done(&call->ready); /* one large object must not stay the size of this stream */
    }
    buffer_clear(&call->ready);
    call->sent = 0;
    call->state = STREAM_MORE;
    for (int i = 0; i < EMPTY_FILLS_MAX && call->ready.len == 0 && call->state == STREAM_MORE;
         i++) {
        call->state = stream->fill(stream, &call->ready, room);
    }
    if (call->ready.full) {
        call->state = STREAM_BROKEN;
    }
}

static ssize_t take(struct call *call, char *out, size_t room)
{
    size_t left = call->ready.len - call->sent;
    size_t taken = left < room ? left : room;
    memcpy(out, call->ready.data + call->sent, taken);
    call->sent += taken;
    return (ssize_t)taken;
}

/* The daemon asks for the next piece of a body; it takes 0 as "ask again when it is resumed". */
static ssize_t next_piece(void *closure, uint64_t position, char *out, size_t room)
{
    struct call *call = closure;
    (void)position;
    if (call->is_cut || call->state == STREAM_BROKEN) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (call->sent == call->ready.len && call->state != STREAM_END) {
        produce(call, room);
    }
    if (call->sent < call->ready.len) {
        return take(call, out, room);
    }
    switch (call->state) {
    case STREAM_END:
        return MHD_CONTENT_READER_END_OF_STREAM;
    case STREAM_BROKEN:
        return MHD_CONTENT_READER_END_WITH_ERROR;
    case STREAM_MORE:
        suspend(call);
        world_soon(call->server->world, &call->more);
        return 0;
    case STREAM_WAIT:
        suspend(call);
        watch_peer(call);
        return 0;
    }
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *response_of(struct call *call)
{
    struct response *response = &call->exchange.response;
    if (response->stream != NULL) {
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_MEMORY, next_piece, call,
                                                 NULL);
    }
    size_t len = response->body.len;
    char *bytes = buffer_take(&response->body);
    return MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
}

static void add_headers(struct MHD_Response *answer, const struct response *response)
{
    MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
    MHD_add_response_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache, private");
    for (size_t i = 0; i < response->header_count; i++) {
        MHD_add_response_header(answer, response->headers[i].name, response->headers[i].value.ptr);
    }
}

static enum MHD_Result send_answer(struct call *call)
{
    struct response *response = &call->exchange.response;
    struct MHD_Response *answer = response_of(call);
    if (answer == NULL) {
        return MHD_NO;
    }
    call->phase = CALL_SENDING;
    add_headers(answer, response);
    enum MHD_Result queued =
        MHD_queue_response(call->connection, (unsigned)response->status, answer);
    MHD_destroy_response(answer); /* the connection holds it until it is sent */
    return queued;
}

/* --- receiving --------------------------------------------------------------------------------- */

static struct text header(struct call *call, const char *name)
{
    return arena_text(&call->exchange.arena, text_of(MHD_lookup_connection_value(
                                                 call->connection, MHD_HEADER_KIND, name)));
}

static enum method method_of(const char *name)
{
    static const struct {
        const char *name;
        enum method method;
    } methods[] = {
        {"GET", METHOD_GET}, {"HEAD", METHOD_GET},    {"POST", METHOD_POST},
        {"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE},
    };
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (strcmp(name, methods[i].name) == 0) {
            return methods[i].method;
        }
    }
    return METHOD_OTHER;
}

/* Who is at the other end: asked of the kernel once a connection, kept with it. */
struct peer {
    bool is_known; /* it came over a Unix socket */
    uid_t uid;
};

static struct peer ask_peer(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct ucred peer;
    socklen_t size = sizeof peer;
    int domain = AF_UNSPEC;
    socklen_t domain_size = sizeof domain;
    if (getsockopt(info->connect_fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) != 0 ||
        domain != AF_UNIX ||
        getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return (struct peer){.is_known = false};
    }
    return (struct peer){.is_known = true, .uid = peer.uid};
}

static void on_connection(void *closure, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    (void)closure;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct peer *peer = alloc_new(sizeof *peer);
        *peer = ask_peer(connection);
        *context = peer;
    } else {
        free(*context);
        *context = NULL;
    }
}

static const struct peer *peer_of(const struct call *call)
{
    return MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

/* The socket's mode keeps others out already; this holds where somebody opened it up by mistake. */
static bool is_foreign(const struct peer *peer)
{
    return !peer->is_known || (peer->uid != 0 && peer->uid != geteuid());
}

static enum refusal refusal_of(struct call *call)
{
    int64_t length = 0;
    bool is_known = text_to_int(header(call, MHD_HTTP_HEADER_CONTENT_LENGTH), &length);
    if (is_foreign(peer_of(call))) {
        return REFUSED_PEER;
    }
    if (is_known && length > (int64_t)HTTP_BODY_MAX) {
        return REFUSED_TOO_LARGE;
    }
    return call->server->body_bytes + (size_t)(length > 0 ? length : 0) > HTTP_BODIES_MAX
               ? REFUSED_BUSY
               : REFUSED_NOT;
}

static void refuse(struct call *call)
{
    struct problem problem;
    switch (call->refusal) {
    case REFUSED_PEER:
        problem =
            (struct problem){.code = TEND_DENIED, .message = "this host serves its own user only"};
        break;
    case REFUSED_NOT:
    case REFUSED_BUSY:
        problem = problem_other(PROBLEM_BUSY, "too many request bodies are on their way");
        break;
    case REFUSED_TOO_LARGE:
        problem = problem_other(PROBLEM_TOO_LARGE, "the request body is larger than 3 MiB");
        break;
    }
    service_refuses(call->server->service, &call->exchange);
    problem_answer(&call->exchange, &problem);
}

static enum MHD_Result begin(struct call *call, struct MHD_Connection *connection,
                             const char *method)
{
    struct request *request = &call->exchange.request;
    call->connection = connection;
    call->phase = CALL_READING;
    request->method = method_of(method);
    request->accept = header(call, MHD_HTTP_HEADER_ACCEPT);
    request->content_type = header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
    request->client =
        arena_format(&call->exchange.arena, "uid:%lu", (unsigned long)peer_of(call)->uid);
    call->refusal = refusal_of(call);
    if (call->refusal == REFUSED_NOT) {
        return MHD_YES;
    }
    refuse(call);
    return send_answer(call);
}

/* A body that grows beyond its limit on the way is read to its end to be answered, but not for ever. */
static enum MHD_Result receive(struct call *call, const char *bytes, size_t len)
{
    struct server *server = call->server;
    if (call->refusal == REFUSED_NOT) {
        size_t before = call->body.len;
        buffer_add(&call->body, bytes, len);
        server->body_bytes += call->body.len - before;
        call->refusal = call->body.full                        ? REFUSED_TOO_LARGE
                        : server->body_bytes > HTTP_BODIES_MAX ? REFUSED_BUSY
                                                               : REFUSED_NOT;
        return MHD_YES;
    }
    call->dropped += len;
    return call->dropped > HTTP_BODY_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result handle(struct call *call)
{
    call->phase = CALL_HANDLING;
    call->exchange.request.body = buffer_view(&call->body);
    if (call->refusal != REFUSED_NOT) {
        refuse(call);
    } else {
        service_handle(call->server->service, &call->exchange);
    }
    if (call->exchange.is_answered) {
        return send_answer(call);
    }
    suspend(call);
    return MHD_YES;
}

/* The daemon comes here with the headers, with each piece of the body, at its end, and resumed. */
static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *bytes_len, void **context)
{
    struct call *call = *context;
    size_t len = *bytes_len;
    (void)closure;
    (void)url;
    (void)version;
    *bytes_len = 0;
    switch (call->phase) {
    case CALL_NEW:
        *bytes_len = len;
        return begin(call, connection, method);
    case CALL_READING:
        return len > 0 ? receive(call, bytes, len) : handle(call);
    case CALL_HANDLING:
        return call->exchange.is_answered ? send_answer(call) : MHD_NO;
    case CALL_SENDING:
        break;
    }
    return MHD_NO;
}

/* --- the life of a call ------------------------------------------------------------------------ */

/* The only place where the daemon shows the target as it was sent. */
static void *on_target(void *closure, const char *target, struct MHD_Connection *connection)
{
    struct server *server = closure;
    struct call *call = alloc_new(sizeof *call);
    (void)connection;
    *call = (struct call){
        .server = server,
        .body = BUFFER_INIT(HTTP_BODY_MAX),
        .ready = BUFFER_INIT(RESPONSE_BODY_MAX),
        .more.run = more_now,
    };
    exchange_init(&call->exchange, on_answered, on_woken);
    call->exchange.request.target = arena_text(&call->exchange.arena, text_of(target));
    list_append(&server->calls, &call->link);
    server->busy++;
    return call;
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct server *server = closure;
    struct call *call = *context;
    (void)connection;
    (void)why;
    if (call == NULL) {
        return;
    }
    assert(!call->is_suspended);
    unwatch_peer(call);
    *context = NULL;
    list_remove(&call->link);
    list_remove(&call->more.link);
    server->busy--;
    server->body_bytes -= call->body.len;
    exchange_done(&call->exchange);
    buffer_done(&call->body);
    buffer_done(&call->ready);
    free(call);
}

static struct MHD_Daemon *start_daemon(struct server *server, int listen_fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

enum tend_code server_open(struct world *world, struct service *service, int listen_fd,
                           struct server **ret_server, struct error *err)
{
    struct server *server = alloc_new(sizeof *server);
    *server = (struct server){.world = world, .service = service};
    list_init(&server->calls);
    server->timeout.fire = timeout_fired;
    server->again.run = run_again;
    server->daemon = start_daemon(server, listen_fd);
    if (server->daemon == NULL) {
        free(server);
        return FAIL(err, TEND_IO, "the HTTP server cannot start on this socket");
    }
    server->epoll.ready = epoll_ready;
    server->epoll.fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (world_watch_fd(world, &server->epoll, READY_READ, err) != TEND_OK) {
        MHD_quiesce_daemon(server->daemon); /* the listening socket stays the caller's */
        MHD_stop_daemon(server->daemon);
        free(server);
        return err->code;
    }
    arm(server);
    *ret_server = server;
    return TEND_OK;
}

void server_close(struct server *server)
{
    if (server == NULL) {
        return;
    }
    LIST_FOREACH (link, &server->calls) {
        struct call *call = CONTAINER_OF(link, struct call, link);
        call->is_cut = true;
        resume(call);
    }
    world_unwatch_fd(server->world, &server->epoll);
    MHD_stop_daemon(server->daemon); /* completes every call */
    world_alarm_clear(server->world, &server->timeout);
    list_remove(&server->again.link);
    assert(list_empty(&server->calls));
    free(server);
}

size_t server_busy(const struct server *server)
{
    return server->busy;
}
