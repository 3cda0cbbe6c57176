/* Three pipes, a child and a timeout:
 *
 *     waiting --> running --ended--> reported        cancelled: at any time, and nothing is left
 *
 * It is over when the child has ended, not when its pipes are closed: a process that it left behind in a
 * session of its own may hold them for ever. What was written until then is read.
 */
#include "effect/program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "effect/capture.h"
#include "effect/command.h"

struct program {
    struct list link;
    struct programs *programs;
    struct effect *effect;
    struct arena arena; /* of the request and what is made of it */
    const struct value *request;
    struct child child;
    struct readiness in, out, err; /* our ends; fd -1: closed */
    struct text input;             /* what was not written yet */
    struct capture said[2];
    struct alarm timeout;
    struct task failed;
    bool timed_out;
};

/* --- pipes ---------------------------------------------------------------------------------------- */

static void pipe_close(struct program *program, struct readiness *end)
{
    if (end->fd >= 0) {
        world_unwatch_fd(program->programs->world, end);
        close(end->fd);
        end->fd = -1;
    }
}

/* One end is ours and never blocks, the other is the child's. */
static bool pipe_open(struct readiness *ours, int *theirs, int our_index)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    ours->fd = ends[our_index];
    *theirs = ends[1 - our_index];
    return fcntl(ours->fd, F_SETFL, O_NONBLOCK) == 0;
}

static void write_input(struct readiness *in, unsigned events)
{
    (void)events;
    struct program *program = CONTAINER_OF(in, struct program, in);
    while (program->input.len > 0) {
        ssize_t wrote = write(in->fd, program->input.ptr, program->input.len);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0 && errno == EAGAIN) {
            return;
        }
        if (wrote <= 0) { /* it reads no further, which is its right */
            break;
        }
        program->input = text_from(program->input, (size_t)wrote);
    }
    pipe_close(program, in);
}

static void read_output(struct program *program, struct readiness *end, struct capture *said)
{
    static const int reads_max = 16; /* in one step: a program that never stops is not alone here */
    char bytes[16 * KIB];
    for (int i = 0; i < reads_max && end->fd >= 0; i++) {
        ssize_t got = read(end->fd, bytes, sizeof bytes);
        if (got > 0) {
            capture_add(said, bytes, (size_t)got);
        } else if (got == 0 || errno != EINTR) {
            if (got == 0 || errno != EAGAIN) {
                pipe_close(program, end);
            }
            return;
        }
    }
}

static void read_out(struct readiness *end, unsigned events)
{
    (void)events;
    struct program *program = CONTAINER_OF(end, struct program, out);
    read_output(program, end, &program->said[0]);
}

static void read_err(struct readiness *end, unsigned events)
{
    (void)events;
    struct program *program = CONTAINER_OF(end, struct program, err);
    read_output(program, end, &program->said[1]);
}

/* --- the end -------------------------------------------------------------------------------------- */

static void begin_waiting(struct programs *programs);

static void program_free(struct program *program)
{
    struct programs *programs = program->programs;
    world_alarm_clear(programs->world, &program->timeout);
    world_abandon(programs->world, &program->child);
    pipe_close(program, &program->in);
    pipe_close(program, &program->out);
    pipe_close(program, &program->err);
    capture_done(&program->said[0]);
    capture_done(&program->said[1]);
    list_remove(&program->failed.link);
    list_remove(&program->link);
    arena_done(&program->arena);
    free(program);
}

/* Tell `result`, and make room for the next. */
static void finish(struct program *program, const struct value *result)
{
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(MIB);
    struct programs *programs = program->programs;
    struct effect *effect = program->effect;
    json_write(&json, result);
    program_free(program);
    effect->done(effect, buffer_view(&json));
    begin_waiting(programs);
}

static void on_ended(struct child *child, int status)
{
    struct program *program = CONTAINER_OF(child, struct program, child);
    program->programs->count--;
    read_output(program, &program->out, &program->said[0]);
    read_output(program, &program->err, &program->said[1]);
    struct command_end end = {status, program->timed_out, &program->said[0], &program->said[1]};
    finish(program, command_result(&program->arena, &end));
}

static void on_timeout(struct alarm *alarm)
{
    struct program *program = CONTAINER_OF(alarm, struct program, timeout);
    struct world *world = program->programs->world;
    world_kill(world, &program->child, program->timed_out ? SIGKILL : SIGTERM);
    if (!program->timed_out) {
        program->timed_out = true;
        world_alarm_set(world, alarm, world_ticks_ms(world) + EXEC_GRACE_MS);
    }
}

/* --- the beginning -------------------------------------------------------------------------------- */

static NODISCARD enum tend_code watch(struct program *program, struct error *err)
{
    struct world *world = program->programs->world;
    program->in.ready = write_input;
    program->out.ready = read_out;
    program->err.ready = read_err;
    TRY(world_watch_fd(world, &program->in, READY_WRITE, err));
    TRY(world_watch_fd(world, &program->out, READY_READ, err));
    return world_watch_fd(world, &program->err, READY_READ, err);
}

static NODISCARD enum tend_code spawn(struct program *program, struct child_spec *spec,
                                      struct error *err)
{
    int theirs[3] = {-1, -1, -1};
    bool open = pipe_open(&program->in, &theirs[0], 1) && pipe_open(&program->out, &theirs[1], 0) &&
                pipe_open(&program->err, &theirs[2], 0);
    enum tend_code code = open ? TEND_OK : FAIL(err, TEND_IO, "no pipe: %s", strerror(errno));
    memcpy(spec->fds, theirs, sizeof theirs);
    spec->fd_count = COUNT_OF(theirs);
    program->child.ended = on_ended;
    if (code == TEND_OK) {
        code = world_spawn(program->programs->world, &program->child, spec, err);
    }
    for (size_t i = 0; i < COUNT_OF(theirs); i++) {
        if (theirs[i] >= 0) {
            close(theirs[i]);
        }
    }
    return code;
}

static NODISCARD enum tend_code begin(struct program *program, struct error *err)
{
    struct world *world = program->programs->world;
    struct command command;
    TRY(command_read(&program->arena, program->request, &command, err));
    struct child_spec spec = {
        .path = command.path,
        .argv = command.argv,
        .environment = command.environment,
        .directory = command.directory,
        .limits = {.nice = EXEC_NICE},
    };
    program->input = command.input;
    TRY(spawn(program, &spec, err));
    TRY(watch(program, err));
    program->timeout.fire = on_timeout;
    world_alarm_set(world, &program->timeout, world_ticks_ms(world) + command.timeout_ms);
    return TEND_OK;
}

static void on_failed(struct task *task)
{
    struct program *program = CONTAINER_OF(task, struct program, failed);
    finish(program, program->request);
}

static void begin_waiting(struct programs *programs)
{
    while (programs->count < EFFECTS_MAX && !list_empty(&programs->waiting)) {
        struct program *program = CONTAINER_OF(list_pop(&programs->waiting), struct program, link);
        struct error err = ERROR_INIT;
        list_append(&programs->running, &program->link);
        if (begin(program, &err) == TEND_OK) {
            programs->count++;
            continue;
        }
        world_abandon(programs->world, &program->child);
        program->request = command_problem(&program->arena, err.message); /* told in its place */
        program->failed.run = on_failed;
        world_soon(programs->world, &program->failed);
    }
}

/* --- all of them ---------------------------------------------------------------------------------- */

static void start(struct executor *executor, struct effect *effect, const struct value *request)
{
    struct program *program = alloc_new(sizeof *program);
    *program = (struct program){.programs = CONTAINER_OF(executor, struct programs, executor),
                                .effect = effect,
                                .in.fd = -1,
                                .out.fd = -1,
                                .err.fd = -1,
                                .said = {CAPTURE_INIT, CAPTURE_INIT}};
    program->request = value_copy(&program->arena, request);
    effect->impl = program;
    list_append(&program->programs->waiting, &program->link);
    begin_waiting(program->programs);
}

static void cancel(struct executor *executor, struct effect *effect)
{
    struct programs *programs = CONTAINER_OF(executor, struct programs, executor);
    struct program *program = effect->impl;
    programs->count -= program->child.pid > 0 ? 1 : 0;
    program_free(program);
    begin_waiting(programs);
}

void programs_init(struct programs *programs, struct world *world)
{
    static const struct executor_ops ops = {.start = start, .cancel = cancel};
    *programs = (struct programs){.executor.ops = &ops, .world = world};
    list_init(&programs->running);
    list_init(&programs->waiting);
}

void programs_done(struct programs *programs)
{
    assert(list_empty(&programs->running) && list_empty(&programs->waiting));
    (void)programs;
}
