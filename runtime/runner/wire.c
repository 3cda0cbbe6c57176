/* Sending is put off to the end of the step, so that everything a step has to say is one system
 * call. One step reads READS_MAX times at the most, and looks at all that came: a runner that
 * floods costs the core a bounded slice.
 */
#include "runner/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

enum { READS_MAX = 4 };

static void watch(struct wire *wire)
{
    struct error err = ERROR_INIT;
    unsigned events = wire->out.len > 0 ? READY_READ | READY_WRITE : READY_READ;
    if (world_watch_fd(wire->world, &wire->readiness, events, &err) != TEND_OK) {
        wire->arrived(wire, NULL, err.message);
    }
}

static void send_out(struct wire *wire)
{
    while (wire->out.len > 0) {
        ssize_t sent = send(wire->readiness.fd, wire->out.data, wire->out.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            if (errno != EAGAIN) {
                buffer_clear(&wire->out); /* the end is seen by reading */
            }
            break;
        }
        buffer_consume(&wire->out, (size_t)sent);
    }
}

static void flush(struct task *task)
{
    struct wire *wire = CONTAINER_OF(task, struct wire, flush);
    if (wire->world == NULL) {
        return;
    }
    if (wire->out.full) { /* a frame is missing: what the other side waits for will never come */
        wire->arrived(wire, NULL, "it did not read what it was sent, of which there is too much");
        return;
    }
    send_out(wire);
    if (wire->out.len > 0) {
        watch(wire);
    }
}

/* Hand over the whole frames that are there; false where the wire is closed or broken now. */
static bool hand_over(struct wire *wire)
{
    struct frame frame;
    struct error err = ERROR_INIT;
    for (bool found = true; found;) {
        if (frame_reader_next(&wire->reader, &frame, &found, &err) != TEND_OK) {
            wire->arrived(wire, NULL, err.message);
            return false;
        }
        if (found) {
            wire->arrived(wire, &frame, NULL);
        }
        if (wire->world == NULL) {
            return false;
        }
    }
    return true;
}

/* One read and what it brought; false where there is nothing more to read now. */
static bool read_once(struct wire *wire)
{
    size_t size;
    char *space = frame_reader_space(&wire->reader, &size);
    ssize_t got = recv(wire->readiness.fd, space, size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got <= 0) {
        wire->arrived(wire, NULL, got == 0 || errno == ECONNRESET ? NULL : strerror(errno));
        return false;
    }
    frame_reader_fed(&wire->reader, (size_t)got);
    return hand_over(wire) && (size_t)got == size;
}

static void ready(struct readiness *readiness, unsigned events)
{
    struct wire *wire = CONTAINER_OF(readiness, struct wire, readiness);
    if (events & READY_WRITE) {
        send_out(wire);
        if (wire->out.len == 0) {
            watch(wire);
        }
    }
    for (int i = 0; i < READS_MAX && wire->world != NULL && read_once(wire); i++) {
    }
}

void wire_drain(struct wire *wire)
{
    while (wire->world != NULL && read_once(wire)) {
    }
}

enum tend_code wire_open(struct wire *wire, struct world *world, int fd,
                         void (*arrived)(struct wire *, const struct frame *, const char *),
                         struct error *err)
{
    *wire = (struct wire){.world = world,
                          .readiness = {.fd = fd, .ready = ready},
                          .out = BUFFER_INIT(RUNNER_UNREAD_MAX),
                          .flush.run = flush,
                          .arrived = arrived};
    frame_reader_init(&wire->reader);
    enum tend_code code = world_watch_fd(world, &wire->readiness, READY_READ, err);
    if (code != TEND_OK) {
        wire->world = NULL;
        close(fd);
    }
    return code;
}

void wire_close(struct wire *wire)
{
    if (wire->world == NULL) {
        return;
    }
    list_remove(&wire->flush.link);
    world_unwatch_fd(wire->world, &wire->readiness);
    close(wire->readiness.fd);
    frame_reader_done(&wire->reader);
    buffer_done(&wire->out);
    wire->world = NULL;
}

void wire_flush(struct wire *wire)
{
    if (wire->world != NULL) {
        world_soon(wire->world, &wire->flush);
    }
}
