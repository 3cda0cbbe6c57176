/* A request is smaller than a socket's buffer, so it is sent at once or something is wrong. */
#include "bench/lanes.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/figure.h"
#include "cli/reply.h"

enum { PADDING = 700, REQUEST_MAX = 65536, PATIENCE_MS = 30000 };

struct lane {
    int fd;
    struct reply reply;
};

struct run {
    const struct lanes_job *job;
    struct lane lanes[LANES_IN_FLIGHT];
    struct pollfd polled[LANES_IN_FLIGHT];
    int started, finished;
};

int lanes_connect(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    figure_must(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0,
                socket_path);
    return fd;
}

void lanes_request(struct buffer *out, const char *method, const char *target, struct text body)
{
    const char *type =
        strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : "application/json";
    buffer_format(out,
                  "%s %s HTTP/1.1\r\nHost: tend\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                  method, target, type, body.len);
    buffer_text(out, body);
}

void lanes_config_map(struct buffer *out, const char *prefix, int index, char filler)
{
    char padding[PADDING + 1];
    memset(padding, filler, PADDING);
    padding[PADDING] = '\0';
    buffer_format(out,
                  "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
                  "\"%s-%06d\",\"labels\":{\"team\":\"a\"}},\"data\":{\"padding\":\"%s\"}}",
                  prefix, index, padding);
}

static void send_next(struct run *run, struct lane *lane)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(REQUEST_MAX);
    run->job->write(run->job, run->started++, &out);
    figure_must(send(lane->fd, out.data, out.len, MSG_NOSIGNAL) == (ssize_t)out.len, "send");
}

static void take_answer(struct run *run, struct lane *lane)
{
    char bytes[16384];
    size_t used;
    struct error err = ERROR_INIT;
    ssize_t got = recv(lane->fd, bytes, sizeof bytes, 0);
    figure_must(got > 0 && reply_feed(&lane->reply, (struct text){bytes, (size_t)got}, &used,
                                      &err) == TEND_OK,
                "an answer is broken");
    if (!lane->reply.is_complete) {
        return;
    }
    if (lane->reply.status != run->job->status) {
        fprintf(stderr, "bench: status %d: %.*s\n", lane->reply.status,
                TEXT_ARG(buffer_view(&lane->reply.body)));
        exit(1);
    }
    reply_done(&lane->reply);
    reply_init(&lane->reply);
    run->finished++;
    if (run->started < run->job->count) {
        send_next(run, lane);
    }
}

static void open_lanes(struct run *run)
{
    for (int i = 0; i < LANES_IN_FLIGHT; i++) {
        struct lane *lane = &run->lanes[i];
        lane->fd = lanes_connect(run->job->socket);
        run->polled[i] = (struct pollfd){.fd = lane->fd, .events = POLLIN};
        reply_init(&lane->reply);
    }
}

static void close_lanes(struct run *run)
{
    for (int i = 0; i < LANES_IN_FLIGHT; i++) {
        close(run->lanes[i].fd);
        reply_done(&run->lanes[i].reply);
    }
}

double lanes_run(const struct lanes_job *job)
{
    struct run run = {.job = job};
    open_lanes(&run);
    double start = figure_clock_ms();
    for (int i = 0; i < LANES_IN_FLIGHT && run.started < job->count; i++) {
        send_next(&run, &run.lanes[i]);
    }
    while (run.finished < job->count) {
        figure_must(poll(run.polled, LANES_IN_FLIGHT, PATIENCE_MS) > 0, "no answer comes");
        for (int i = 0; i < LANES_IN_FLIGHT; i++) {
            if (run.polled[i].revents != 0) {
                take_answer(&run, &run.lanes[i]);
            }
        }
    }
    double ms = figure_clock_ms() - start;
    close_lanes(&run);
    return job->count * 1e3 / ms;
}
