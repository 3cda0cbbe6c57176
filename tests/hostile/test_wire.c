/* The host's end of a socket whose other end does not read, in the real world. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "host/world_uv.h"
#include "protocol/message.h"
#include "runner/wire.h"
#include "support/suite.h"

struct bench {
    struct world_uv *uv;
    struct wire wire;
    int other;
    char problem[200];
    struct alarm give_up;
};

static void arrived(struct wire *wire, const struct frame *frame, const char *problem)
{
    struct bench *bench = CONTAINER_OF(wire, struct bench, wire);
    CHECK(frame == NULL);
    snprintf(bench->problem, sizeof bench->problem, "%s", problem == NULL ? "ended" : problem);
    wire_close(wire);
    world_uv_stop(bench->uv);
}

static void give_up(struct alarm *alarm)
{
    world_uv_stop(CONTAINER_OF(alarm, struct bench, give_up)->uv);
}

static void begin(struct bench *bench)
{
    int ends[2] = {-1, -1};
    struct error err = ERROR_INIT;
    *bench = (struct bench){.give_up.fire = give_up};
    CHECK_INT(world_uv_new(NULL, &bench->uv, &err), TEND_OK);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    struct world *world = world_uv_world(bench->uv);
    bench->other = ends[1];
    world_alarm_set(world, &bench->give_up, world_ticks_ms(world) + 60000);
    CHECK_INT(wire_open(&bench->wire, world, ends[0], arrived, &err), TEND_OK);
}

static void finish(struct bench *bench)
{
    world_alarm_clear(world_uv_world(bench->uv), &bench->give_up);
    wire_close(&bench->wire);
    close(bench->other);
    world_uv_free(bench->uv);
}

/* `count` answers of 1 MiB each, and what frames them. */
static void send_answers(struct bench *bench, size_t count)
{
    CLEANUP(buffer_done) struct buffer large = BUFFER_INIT(MIB);
    char *space = buffer_reserve(&large, MIB);
    memset(space, ' ', MIB);
    struct message_answer answer = {.call = 1, .bytes = {space, MIB}};
    for (size_t i = 0; i < count; i++) {
        message_write_answer(&bench->wire.out, &answer);
        wire_flush(&bench->wire);
    }
}

static void breaks_where_a_frame_does_not_fit(void)
{
    CLEANUP(finish) struct bench bench;
    begin(&bench);
    send_answers(&bench, RUNNER_UNREAD_MAX / MIB);
    CHECK(bench.wire.out.full);
    world_uv_run(bench.uv);
    CHECK_TEXT(bench.problem, "it did not read what it was sent, of which there is too much");
}

static void an_end_is_no_problem(void)
{
    CLEANUP(finish) struct bench bench;
    begin(&bench);
    send_answers(&bench, RUNNER_UNREAD_MAX / MIB - 1);
    CHECK(!bench.wire.out.full);
    shutdown(bench.other, SHUT_WR);
    world_uv_run(bench.uv);
    CHECK_TEXT(bench.problem, "ended");
}

SUITE({"breaks where a frame does not fit", breaks_where_a_frame_does_not_fit},
      {"an end is no problem", an_end_is_no_problem})
