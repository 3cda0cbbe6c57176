/* The server on a real socket, and peers that misbehave: nothing they do costs the others their answer,
 * or leaves anything behind. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/client.h"
#include "support/live_host.h"
#include "support/suite.h"

static struct live_host host;

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, host.socket, sizeof address.sun_path - 1); /* its folder is short */
    CHECK_INT(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The status of the next whole answer on `fd`; 0 where the connection was closed. */
static int answer(int fd)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    reply_init(&reply);
    while (!reply.is_complete) {
        char byte; /* one at a time: what follows is the next answer's */
        size_t used;
        ssize_t got = recv(fd, &byte, 1, 0);
        if (got <= 0 || reply_feed(&reply, (struct text){&byte, 1}, &used, &err) != TEND_OK) {
            return 0;
        }
    }
    return reply.status;
}

static int one_answer(const char *request)
{
    int fd = dial();
    send_text(fd, request);
    int status = answer(fd);
    close(fd);
    return status;
}

static int healthy(void)
{
    return one_answer("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void keeps_connections(void)
{
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        send_text(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK_INT(answer(fd), 200);
    }
    send_text(fd,
              "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_INT(answer(fd), 200);
    CHECK_INT(answer(fd), 404);
    close(fd);
}

static void creates_in_parallel(void)
{
    int fds[20];
    for (int i = 0; i < 20; i++) {
        char body[200], request[500];
        fds[i] = dial();
        snprintf(body, sizeof body,
                 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"p%d\"}}",
                 i);
        snprintf(request, sizeof request,
                 "POST " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
        send_text(fds[i], request);
    }
    for (int i = 0; i < 20; i++) {
        CHECK_INT(answer(fds[i]), 201);
        close(fds[i]);
    }
}

/* Is that on the page of what is counted? */
static bool is_counted(const char *sample)
{
    CLEANUP(reply_done) struct reply reply;
    CLEANUP(client_done) struct client client;
    struct error err = ERROR_INIT;
    struct client_request request = {.method = "GET", .target = TEXT("/metrics")};
    client_init(&client, host.socket);
    reply_init(&reply);
    CHECK_INT(client_call(&client, &request, &reply, &err), TEND_OK);
    CHECK_INT(reply.status, 200);
    return strstr(buffer_view(&reply.body).ptr, sample) != NULL;
}

static void refuses_large_bodies(void)
{
    static const char counted[] = "\napiserver_request_total{code=\"413\",verb=\"POST\"} 1\n";
    CHECK(!is_counted(counted));
    CHECK_INT(
        one_answer("POST " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\nContent-Length: 3145729\r\n\r\n"),
        413);
    CHECK_INT(healthy(), 200);
    CHECK(is_counted(counted));
}

/* A chunked body says beforehand how long it is in no way. */
static void bounds_endless_bodies(void)
{
    static char piece[65536 + 16];
    int fd = dial();
    size_t sent = 0;
    memcpy(piece, "10000\r\n", 7);
    memset(piece + 7, 'x', 65536);
    memcpy(piece + 7 + 65536, "\r\n", 2);
    send_text(fd, "POST " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (sent < 64 * (size_t)HTTP_BODY_MAX) {
        ssize_t taken = send(fd, piece, 7 + 65536 + 2, MSG_NOSIGNAL);
        if (taken <= 0) {
            break;
        }
        sent += (size_t)taken;
    }
    CHECK(sent < 4 * (size_t)HTTP_BODY_MAX); /* it was cut off, not swallowed */
    close(fd);
    CHECK_INT(healthy(), 200);
}

static void refuses_large_heads(void)
{
    CLEANUP(buffer_done) struct buffer request = BUFFER_INIT(1 << 20);
    buffer_chars(&request, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
    for (size_t i = 0; i < 2 * HTTP_MEMORY; i++) {
        buffer_byte(&request, 'x');
    }
    buffer_chars(&request, "\r\n\r\n");
    int fd = dial();
    ssize_t sent = send(fd, request.data, request.len, MSG_NOSIGNAL);
    CHECK(sent > 0);
    int status = answer(fd);
    CHECK(status == 431 || status == 400 || status == 413 || status == 0);
    close(fd);
    CHECK_INT(healthy(), 200);
}

static void survives_nonsense(void)
{
    static const char *const nonsense[] = {
        "\r\n\r\n\r\n",
        "\026\003\001\002\000\001\000\001\374\003\003", /* a TLS greeting */
        "GET\r\n\r\n",
        "GET /healthz HTTP/9.9\r\n\r\n",
        "POST " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET /%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        "BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
        int fd = dial();
        send_text(fd, nonsense[i]);
        CHECK_INT(healthy(), 200);
        close(fd);
        CHECK_INT(healthy(), 200);
    }
}

/* Bounded by requests, not by time: each one gives the host a turn. */
static bool comes_down_to(int descriptors)
{
    for (int i = 0; i < 10000; i++) {
        if (live_host_descriptors(&host) <= descriptors) {
            return true;
        }
        if (healthy() != 200) {
            return false;
        }
    }
    return false;
}

/* Without the connections that the host has yet to notice as closed. */
static int fewest_descriptors(void)
{
    int fewest = live_host_descriptors(&host);
    for (int i = 0; i < 100; i++) {
        CHECK_INT(healthy(), 200);
        int now = live_host_descriptors(&host);
        fewest = now < fewest ? now : fewest;
    }
    return fewest;
}

/* The kernel tells the host that a watcher hung up, though nothing is ever written to it. */
static void forgets_watchers_that_left(void)
{
    enum { WATCHERS = 50 };
    int fds[WATCHERS];
    int before = fewest_descriptors();
    for (int i = 0; i < WATCHERS; i++) {
        fds[i] = dial();
        send_text(fds[i], "GET /api/v1/events?watch=true HTTP/1.1\r\nHost: x\r\n\r\n");
        char byte;
        CHECK_INT(recv(fds[i], &byte, 1, 0), 1);
    }
    CHECK(live_host_descriptors(&host) >= before + WATCHERS);
    for (int i = 0; i < WATCHERS; i++) {
        close(fds[i]);
    }
    CHECK(comes_down_to(before));
}

static void leaves_half_requests_alone(void)
{
    int before = fewest_descriptors();
    int fd = dial();
    send_text(fd, "POST " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"api");
    CHECK_INT(healthy(), 200);
    CHECK(live_host_descriptors(&host) > before);
    close(fd);
    CHECK(comes_down_to(before));
}

/* What a stream carries comes when it happens, and the end of the host is the end of the stream. */
static void streams(void)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    struct client client;
    struct text line;
    struct client_request watch = {.method = "GET",
                                   .target = TEXT(CONFIGMAPS "?watch=true&fieldSelector="
                                                             "metadata.name%3Dnew")};
    client_init(&client, host.socket);
    reply_init(&reply);
    CHECK_INT(client_open_stream(&client, &watch, &reply, &err), TEND_OK);
    CHECK_INT(reply.status, 200);
    CHECK_INT(
        one_answer("POST " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\n"
                   "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"new\"}}"
                   " "),
        201);
    CHECK_INT(client_next_line(&client, &reply, &line, &err), TEND_OK);
    CHECK(text_starts(line, TEXT("{\"type\":\"ADDED\",\"object\":{")));
    CHECK(live_host_stop(&host)); /* with a watcher connected */
    CHECK_INT(client_next_line(&client, &reply, &line, &err), TEND_UNAVAILABLE);
    client_done(&client);
}

static void starts(void)
{
    live_host_start(&host, FOLDER_MEMORY);
    CHECK_INT(healthy(), 200);
}

SUITE({"a host starts", starts}, {"a connection serves several requests", keeps_connections},
      {"many writes wait for their commit at once", creates_in_parallel},
      {"a body that is too large is refused before it is read", refuses_large_bodies},
      {"a body without an end is cut off", bounds_endless_bodies},
      {"a head that is too large is refused", refuses_large_heads},
      {"nonsense costs the others nothing", survives_nonsense},
      {"watchers that left are forgotten", forgets_watchers_that_left},
      {"half a request holds nobody up", leaves_half_requests_alone},
      {"streams what happens, until the host ends", streams})
