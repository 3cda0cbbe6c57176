/* Creates a second over HTTP with 64 in flight, a list of 10 000 objects of 1 KiB, and a
 * change that 1 000 watchers wait for.
 *
 *     bench.http [--socket PATH]     against a host that runs, or one started here on a real disk
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "cli/client.h"
#include "support/live_host.h"

enum { IN_FLIGHT = 64, OBJECTS = 10000, LISTS = 9, PADDING = 700, WATCHERS = 1000, ROUNDS = 10 };

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

struct lane {
    int fd;
    struct reply reply;
};

struct run {
    const char *socket;
    struct lane lanes[IN_FLIGHT];
    int started, finished;
    char prefix[32]; /* of names: one run's objects are not another's */
    char padding[PADDING + 1];
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void give_up(const char *what)
{
    fprintf(stderr, "bench.http: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        give_up(path);
    }
    return fd;
}

/* --- creates ----------------------------------------------------------------------------------- */

static void send_create(struct run *run, struct lane *lane)
{
    char body[PADDING + 300], head[300];
    int len = snprintf(body, sizeof body,
                       "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
                       "\"%s-%06d\",\"labels\":{\"team\":\"a\"}},\"data\":{\"padding\":\"%s\"}}",
                       run->prefix, run->started++, run->padding);
    int head_len = snprintf(head, sizeof head,
                            "POST " CONFIGMAPS " HTTP/1.1\r\nHost: tend\r\n"
                            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                            len);
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(8192);
    buffer_add(&out, head, (size_t)head_len);
    buffer_add(&out, body, (size_t)len);
    if (send(lane->fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len) {
        give_up("send");
    }
}

static void take_answer(struct run *run, struct lane *lane)
{
    char bytes[16384];
    size_t used;
    struct error err = ERROR_INIT;
    ssize_t got = recv(lane->fd, bytes, sizeof bytes, 0);
    if (got <= 0 ||
        reply_feed(&lane->reply, (struct text){bytes, (size_t)got}, &used, &err) != TEND_OK) {
        give_up(err.message);
    }
    if (!lane->reply.is_complete) {
        return;
    }
    if (lane->reply.status != 201) {
        fprintf(stderr, "bench.http: status %d: %.*s\n", lane->reply.status,
                TEXT_ARG(buffer_view(&lane->reply.body)));
        exit(1);
    }
    reply_done(&lane->reply);
    reply_init(&lane->reply);
    run->finished++;
    if (run->started < OBJECTS) {
        send_create(run, lane);
    }
}

static double creates_per_second(struct run *run)
{
    struct pollfd polled[IN_FLIGHT];
    double start = now_s();
    for (int i = 0; i < IN_FLIGHT; i++) {
        run->lanes[i].fd = connect_to(run->socket);
        polled[i] = (struct pollfd){.fd = run->lanes[i].fd, .events = POLLIN};
        reply_init(&run->lanes[i].reply);
        send_create(run, &run->lanes[i]);
    }
    while (run->finished < OBJECTS) {
        if (poll(polled, IN_FLIGHT, 30000) <= 0) {
            give_up("nothing comes");
        }
        for (int i = 0; i < IN_FLIGHT; i++) {
            if (polled[i].revents != 0) {
                take_answer(run, &run->lanes[i]);
            }
        }
    }
    double seconds = now_s() - start;
    for (int i = 0; i < IN_FLIGHT; i++) {
        close(run->lanes[i].fd);
        reply_done(&run->lanes[i].reply);
    }
    return OBJECTS / seconds;
}

/* --- lists ------------------------------------------------------------------------------------- */

static double list_ms(struct client *client, const char *target, size_t *ret_bytes)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    struct client_request request = {.method = "GET", .target = text_of(target)};
    reply_init(&reply);
    double start = now_s();
    if (client_call(client, &request, &reply, &err) != TEND_OK || reply.status != 200) {
        give_up(err.message);
    }
    *ret_bytes = reply.body.len;
    return (now_s() - start) * 1000;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static void print_list(struct client *client, const char *title, const char *target)
{
    double times[LISTS];
    size_t bytes = 0;
    for (int i = 0; i < LISTS; i++) {
        times[i] = list_ms(client, target, &bytes);
    }
    qsort(times, LISTS, sizeof times[0], by_value);
    printf("%-40s %10.1f ms   (best %.1f, %.1f MB)\n", title, times[LISTS / 2], times[0],
           (double)bytes / 1e6);
}

/* --- watchers ---------------------------------------------------------------------------------- */

static const char watch_request[] =
    "GET " CONFIGMAPS
    "?watch=true&fieldSelector=metadata.name%3Dnews HTTP/1.1\r\nHost: tend\r\n\r\n";
static const char news_request[] =
    "POST " CONFIGMAPS " HTTP/1.1\r\nHost: tend\r\nContent-Length: 65\r\n\r\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"news\"}}";
static const char no_news_request[] = "DELETE " CONFIGMAPS "/news HTTP/1.1\r\nHost: tend\r\n\r\n";

static void send_whole(int fd, const char *request)
{
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) {
        give_up("send");
    }
}

static void receive_some(int fd)
{
    char bytes[4096];
    if (recv(fd, bytes, sizeof bytes, 0) <= 0) {
        give_up("receive");
    }
}

/* Send `request`; how long until its answer, and until the last watcher has heard of it. */
static double tell_all(struct pollfd *watchers, int writer, const char *request, double *ret_answer)
{
    int waiting = WATCHERS;
    double start = now_s();
    *ret_answer = 0;
    watchers[WATCHERS] = (struct pollfd){.fd = writer, .events = POLLIN};
    send_whole(writer, request);
    while (waiting > 0 || *ret_answer == 0) {
        if (poll(watchers, WATCHERS + 1, 30000) <= 0) {
            give_up("nothing comes");
        }
        for (int i = 0; i <= WATCHERS; i++) {
            if (watchers[i].revents == 0) {
                continue;
            }
            receive_some(watchers[i].fd);
            watchers[i].events = 0;
            if (i == WATCHERS) {
                *ret_answer = (now_s() - start) * 1000;
            } else {
                waiting--;
            }
        }
    }
    for (int i = 0; i <= WATCHERS; i++) {
        watchers[i].events = POLLIN;
    }
    return (now_s() - start) * 1000;
}

static void measure_watchers(const char *socket)
{
    static struct pollfd watchers[WATCHERS + 1];
    double all[ROUNDS], answers[ROUNDS];
    int writer = connect_to(socket);
    for (int i = 0; i < WATCHERS; i++) {
        watchers[i] = (struct pollfd){.fd = connect_to(socket), .events = POLLIN};
        send_whole(watchers[i].fd, watch_request);
        receive_some(watchers[i].fd); /* its head: it watches */
    }
    for (int i = 0; i < ROUNDS; i++) {
        all[i] =
            tell_all(watchers, writer, i % 2 == 0 ? news_request : no_news_request, &answers[i]);
    }
    for (int i = 0; i < WATCHERS; i++) {
        close(watchers[i].fd);
    }
    close(writer);
    qsort(all, ROUNDS, sizeof all[0], by_value);
    qsort(answers, ROUNDS, sizeof answers[0], by_value);
    printf("%-40s %10.1f ms   (best %.1f; the write was answered after %.1f)\n",
           "1 000 watchers, one change: last has it", all[ROUNDS / 2], all[0], answers[ROUNDS / 2]);
}

static void raise_descriptors(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void measure(const char *socket)
{
    struct run run = {.socket = socket};
    struct client client;
    snprintf(run.prefix, sizeof run.prefix, "bench-%d", (int)getpid());
    memset(run.padding, 'x', PADDING);
    printf("%-40s %10.0f /s\n", "durable creates over HTTP, 64 in flight",
           creates_per_second(&run));
    client_init(&client, socket);
    print_list(&client, "list of 10 000 objects of 1 KiB", CONFIGMAPS);
    print_list(&client, "the same, by label", CONFIGMAPS "?labelSelector=team%3Da");
    print_list(&client, "a page of 500", CONFIGMAPS "?limit=500");
    client_done(&client);
    measure_watchers(socket);
}

int main(int argc, char **argv)
{
    struct live_host host;
    raise_descriptors();
    if (argc == 3 && strcmp(argv[1], "--socket") == 0) {
        measure(argv[2]);
        return 0;
    }
    live_host_start(&host, FOLDER_DISK);
    measure(host.socket);
    return live_host_stop(&host) ? 0 : 1;
}
