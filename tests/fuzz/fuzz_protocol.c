/* The host's side of the protocol: whatever bytes a runner sends, each reader refuses or
 * understands. The first byte is how many bytes the stream is cut into; what is read must not
 * depend on it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "protocol/message.h"
#include "protocol/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_value(enum tend_code (*read)(const struct frame *, struct arena *,
                                              const struct value **, struct error *),
                       enum tend_code (*shape)(const struct value *, struct error *),
                       const struct frame *frame, struct arena *arena)
{
    const struct value *value;
    struct error err = ERROR_INIT;
    if (read(frame, arena, &value, &err) == TEND_OK) {
        (void)!shape(value, &err);
    }
}

static void read_frame(const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct message_hello hello;
    struct message_run run;
    struct message_answer answer;
    struct text text;
    struct message_ask ask;
    (void)!message_read_hello(frame, &arena, &hello, &err);
    (void)!message_read_run(frame, &arena, &run, &err);
    (void)!message_read_answer(frame, &arena, &answer, &err);
    (void)!message_read_refused(frame, &arena, &text, &err);
    (void)!message_read_cancel(frame, &arena, &text, &err);
    if (message_read_ask(frame, &arena, &ask, &err) == TEND_OK) {
        (void)!shape_question(ask.question, &err);
        (void)!shape_writes(ask.so_far, &err);
    }
    read_value(message_read_result, shape_result, frame, &arena);
    read_value(message_read_report, shape_report, frame, &arena);
    read_value(message_read_descriptor, shape_descriptor, frame, &arena);
}

/* Frames that come out, where the stream arrives `step` bytes at a time. */
static unsigned read_stream(struct text bytes, size_t step)
{
    CLEANUP(frame_reader_done) struct frame_reader reader;
    unsigned frames = 0;
    frame_reader_init(&reader);
    while (bytes.len > 0) {
        size_t room;
        char *space = frame_reader_space(&reader, &room);
        size_t size = bytes.len < step ? bytes.len : step;
        size = size < room ? size : room;
        memcpy(space, bytes.ptr, size);
        frame_reader_fed(&reader, size);
        bytes = text_from(bytes, size);
        struct frame frame;
        for (bool found = true; found; frames += found) {
            if (frame_reader_next(&reader, &frame, &found, NULL) != TEND_OK) {
                return frames;
            }
            if (found && step > 4096) {
                read_frame(&frame);
            }
        }
    }
    return frames;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct text bytes = {(const char *)data + 1, size - 1};
    if (read_stream(bytes, 1 + data[0]) != read_stream(bytes, SIZE_MAX)) {
        fprintf(stderr, "the cut of the stream changes what is read\n");
        abort();
    }
    return 0;
}
