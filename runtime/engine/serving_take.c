/* Frames from the host, handed to the engine. A host that says what is none is left at once. */
#include <stdio.h>

#include "base/alloc.h"
#include "engine/serving_inside.h"
#include "protocol/message.h"

/* Both ends are of one build: there is nothing to be done about it. */
static void give_up(struct serving *serving, const struct error *err)
{
    dprintf(serving->ends.lines, "<3>%s\n", err->message);
    serving->stop = true;
}

static void take_answer(struct serving *serving, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct message_answer answer;
    struct error err = ERROR_INIT;
    if (message_read_answer(frame, &arena, &answer, &err) != TEND_OK) {
        give_up(serving, &err);
        return;
    }
    engine_answer(serving->engine, &(struct engine_answer){answer.call, answer.ask, answer.now_ms,
                                                           answer.bytes, answer.problem});
}

static void take_cancel(struct serving *serving, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text why;
    struct error err = ERROR_INIT;
    if (message_read_cancel(frame, &arena, &why, &err) != TEND_OK) {
        give_up(serving, &err);
        return;
    }
    engine_cancel(serving->engine, frame->call, why);
}

static void take_unexpected(struct serving *serving, const struct frame *frame)
{
    dprintf(serving->ends.lines, "<3>the host sends a frame \"%s\"\n",
            frame_type_name(frame->type));
    serving->stop = true;
}

static void take_run(struct serving *serving, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct message_run run;
    struct error err = ERROR_INIT;
    if (message_read_run(frame, &arena, &run, &err) != TEND_OK) {
        give_up(serving, &err);
        return;
    }
    serving->calls++;
    if (serving->ends.watch != NULL) {
        serving->ends.watch->takes(serving->ends.watch, run.call, run.object);
    }
    engine_start(serving->engine,
                 &(struct engine_call){.id = run.call,
                                       .controller = run.controller,
                                       .verb = run.verb == MESSAGE_FINALIZE ? ENGINE_FINALIZE
                                                                            : ENGINE_RECONCILE,
                                       .object = run.object,
                                       .now_ms = run.now_ms,
                                       .entered_ms = run.entered_ms,
                                       .slice_ms = run.slice_ms,
                                       .limit_ms = run.limit_ms,
                                       .kinds = run.kinds});
}

void serving_take(struct serving *serving, const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_RUN:
        take_run(serving, frame);
        return;
    case FRAME_ANSWER:
        take_answer(serving, frame);
        return;
    case FRAME_CANCEL:
        take_cancel(serving, frame);
        return;
    case FRAME_STOP:
        serving->stop = true;
        return;
    case FRAME_HELLO:
    case FRAME_DESCRIPTOR:
    case FRAME_REFUSED:
    case FRAME_ASK:
    case FRAME_RESULT:
    case FRAME_REPORT:
    case FRAME_HELD:
    case FRAME_TYPES:
        break;
    }
    take_unexpected(serving, frame);
}

bool serving_take_blocked(struct serving *serving, uint64_t call, const struct frame *frame)
{
    bool answers = frame->type == FRAME_ANSWER || frame->type == FRAME_CANCEL;
    if (frame->type == FRAME_RUN || (answers && frame->call != call)) {
        frame_reader_put(&serving->aside, frame);
        return false;
    }
    serving_take(serving, frame);
    return answers;
}
