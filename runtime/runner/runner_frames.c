/* What a runner says, frame by frame. It is hostile until `protocol` has judged it: who breaks the protocol
 * is killed, with the call to blame that the frame was about. */
#include <string.h>

#include "base/limits.h"
#include "protocol/descriptor.h"
#include "protocol/message.h"
#include "protocol/shape.h"
#include "runner/runner_inside.h"

static void nonsense(struct runner *runner, uint64_t call, const char *what)
{
    runner->accused = call;
    runner->garbled = true;
    runner_end_process(runner, "it does not keep the protocol: %s", what);
}

static void take_descriptor(struct runner *runner, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *given, *descriptor;
    struct error err = ERROR_INIT;
    if (runner->phase != STARTING) {
        nonsense(runner, 0, "a second descriptor");
        return;
    }
    if (message_read_descriptor(frame, &arena, &given, &err) != TEND_OK ||
        descriptor_read(given, &arena, &descriptor, &err) != TEND_OK) {
        runner->refuse = true;
        runner_end_process(runner, "%s", err.message);
        return;
    }
    world_alarm_clear(runner->world, &runner->alarm);
    runner->phase = UP;
    runner->worker.is_up = runner->was_up = true;
    if (runner->means->remark.reason != NULL) {
        runner->worker.remark = runner->means->remark;
    }
    runner->worker.listener->ops->up(runner->worker.listener, &runner->worker, descriptor);
}

static void take_refusal(struct runner *runner, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text reason;
    struct error err = ERROR_INIT;
    if (runner->phase != STARTING) {
        nonsense(runner, 0, "a refusal after the descriptor");
        return;
    }
    if (message_read_refused(frame, &arena, &reason, &err) != TEND_OK) {
        nonsense(runner, 0, err.message);
        return;
    }
    runner->refuse = true;
    runner_end_process(runner, "%.*s", TEXT_ARG(reason));
}

/* The call that a frame is about; NULL, and the stream is broken, where there is none. */
static struct reconcile_call *about(struct runner *runner, const struct frame *frame)
{
    struct reconcile_call *call = flight_find(&runner->flight, frame->call);
    if (call == NULL) {
        nonsense(runner, 0, "a frame about a call that is not out");
    }
    return call;
}

/* It is through with something of which the loop is not told: what is next did not execute before. */
static void note_heard(struct runner *runner)
{
    runner->worker.heard_ms = world_ticks_ms(runner->world);
}

/* A sentence is small: it fits where the answers do not. */
static const char *problem_of(const struct runner *runner, const struct worker_answer *given)
{
    if (given->code != TEND_OK) {
        return given->message;
    }
    if (given->bytes.len > ANSWER_BYTES_MAX) {
        return "the answer is larger than 8 MiB; select less";
    }
    if (runner->wire.out.len + given->bytes.len > RUNNER_ANSWERS_MAX) {
        return "the answers to this plugin are larger than 64 MiB together; select less";
    }
    return NULL;
}

void runner_answer(struct runner *runner, uint64_t call, uint32_t ask,
                   const struct worker_answer *given)
{
    struct message_answer answer = {
        .call = call, .ask = ask, .now_ms = world_wall_ms(runner->world)};
    const char *problem = problem_of(runner, given);
    if (problem != NULL) {
        answer.problem = text_of(problem);
    } else {
        answer.bytes = given->bytes;
    }
    message_write_answer(&runner->wire.out, &answer);
    wire_flush(&runner->wire);
}

static void answer_nothing(struct runner *runner, uint64_t call, uint32_t ask, const char *problem)
{
    struct worker_answer answer = {TEND_UNAVAILABLE, TEXT(""), problem};
    runner_answer(runner, call, ask, &answer);
}

static void take_ask(struct runner *runner, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct reconcile_call *call = about(runner, frame);
    struct message_ask ask;
    struct error err = ERROR_INIT;
    if (call == NULL) {
        return;
    }
    if (message_read_ask(frame, &arena, &ask, &err) != TEND_OK ||
        shape_question(ask.question, &err) != TEND_OK ||
        (ask.so_far != NULL && shape_writes(ask.so_far, &err) != TEND_OK)) {
        nonsense(runner, frame->call, err.message);
    } else if (flight_is_ghost(call) || call->open >= CALL_OPEN_MAX) {
        note_heard(runner);
        answer_nothing(runner, frame->call, ask.ask,
                       flight_is_ghost(call) ? "the call was cancelled"
                                             : "too many questions are open");
    } else {
        flight_asked(&runner->flight, call, world_ticks_ms(runner->world));
        if (!list_empty(&runner->flight.queued)) {
            world_soon(runner->world, &runner->push); /* it makes room */
        }
        runner_look_within(runner, flight_limit_ms(call));
        runner->worker.listener->ops->asked(runner->worker.listener, &runner->worker, call, ask.ask,
                                            ask.question, ask.so_far);
    }
}

static void take_held(struct runner *runner, const struct frame *frame)
{
    struct reconcile_call *call = about(runner, frame);
    if (call != NULL) {
        note_heard(runner);
        flight_held(&runner->flight, call, world_ticks_ms(runner->world));
        runner_look_within(runner, flight_limit_ms(call));
    }
}

static void take_result(struct runner *runner, const struct frame *frame)
{
    struct reconcile_call *call = about(runner, frame);
    const struct value *result;
    struct error err = ERROR_INIT;
    if (call == NULL) {
        return;
    }
    if (!flight_is_ghost(call)) {
        if (message_read_result(frame, &call->arena, &result, &err) != TEND_OK ||
            shape_result(result, &err) != TEND_OK) {
            nonsense(runner, frame->call, err.message);
            return;
        }
        call->result = result;
    }
    runner->failures = 0;
    bool awaited = flight_land(&runner->flight, call);
    runner_rest(runner);
    if (!list_empty(&runner->flight.queued)) {
        world_soon(runner->world, &runner->push);
    }
    if (awaited) {
        runner->worker.calls--;
        runner->worker.listener->ops->done(runner->worker.listener, &runner->worker, call);
    } else {
        note_heard(runner);
    }
}

/* What was counted counts, also where its plugin is being closed. */
static void take_report(struct runner *runner, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *report;
    struct error err = ERROR_INIT, notice = ERROR_INIT;
    if (message_read_report(frame, &arena, &report, &err) != TEND_OK ||
        shape_report(report, &err) != TEND_OK ||
        counts_take(&runner->counts, report, &notice, &err) != TEND_OK) {
        nonsense(runner, 0, err.message);
    } else if (notice.message[0] != '\0') {
        log_warn(runner->world->log, LOG_FIELDS({"plugin", runner->name}), "%s", notice.message);
    }
}

/* The stream ended or broke. Mostly that is a death which has not been reaped, and its status says
 * more; what lives on is killed after RUNNER_STOP_MS. */
static void hang_up(struct runner *runner, const char *problem)
{
    wire_close(&runner->wire);
    if (!runner->alive || (runner->phase != STARTING && runner->phase != UP)) {
        return;
    }
    if (problem != NULL) {
        runner->garbled = true;
        runner_end_process(runner, "%s", problem);
        return;
    }
    runner->phase = ENDING;
    runner_set_alarm(runner, RUNNER_STOP_MS);
}

void runner_arrived(struct wire *wire, const struct frame *frame, const char *problem)
{
    struct runner *runner = CONTAINER_OF(wire, struct runner, wire);
    if (frame == NULL) {
        hang_up(runner, problem);
        return;
    }
    if (frame->type == FRAME_REPORT && runner->phase == CLOSING) {
        take_report(runner, frame);
        return;
    }
    if (runner->phase != STARTING && runner->phase != UP) {
        return;
    }
    switch (frame->type) {
    case FRAME_DESCRIPTOR:
        take_descriptor(runner, frame);
        return;
    case FRAME_REFUSED:
        take_refusal(runner, frame);
        return;
    case FRAME_ASK:
        take_ask(runner, frame);
        return;
    case FRAME_RESULT:
        take_result(runner, frame);
        return;
    case FRAME_REPORT:
        take_report(runner, frame);
        return;
    case FRAME_HELD:
        take_held(runner, frame);
        return;
    case FRAME_HELLO:
    case FRAME_RUN:
    case FRAME_ANSWER:
    case FRAME_CANCEL:
    case FRAME_STOP:
    case FRAME_TYPES:
        break;
    }
    nonsense(runner, 0, "a frame that only a host sends");
}
