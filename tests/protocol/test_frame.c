#include "base/alloc.h"
#include "base/limits.h"
#include "protocol/frame.h"
#include "support/suite.h"

/* Feed `bytes` to the reader, `step` at a time, and count the frames that come out. */
static int feed(struct frame_reader *reader, struct text bytes, size_t step, struct frame *ret_last,
                struct error *err)
{
    int frames = 0;
    while (bytes.len > 0) {
        size_t size;
        char *space = frame_reader_space(reader, &size);
        size = size < step ? size : step;
        size = size < bytes.len ? size : bytes.len;
        memcpy(space, bytes.ptr, size);
        frame_reader_fed(reader, size);
        bytes = text_from(bytes, size);
        for (bool found = true; found; frames += found) {
            if (frame_reader_next(reader, ret_last, &found, err) != TEND_OK) {
                return -1;
            }
        }
    }
    return frames;
}

static void carries_frames_byte_by_byte(void)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(MIB);
    frame_write(&out, &(struct frame){FRAME_RUN, 7, TEXT("{\"a\":1}"), TEXT("{\"spec\":{}}")});
    frame_write(&out, &(struct frame){FRAME_STOP, 0, TEXT("{}"), TEXT("")});
    frame_write(&out, &(struct frame){FRAME_RESULT, 8, TEXT("{}"), TEXT("[]")});
    for (size_t step = 1; step <= out.len; step += 13) {
        CLEANUP(frame_reader_done) struct frame_reader reader;
        struct frame frame;
        struct error err = ERROR_INIT;
        frame_reader_init(&reader);
        CHECK_INT(feed(&reader, buffer_view(&out), step, &frame, &err), 3);
        CHECK_INT(frame.type, FRAME_RESULT);
        CHECK_INT((int)frame.call, 8);
        CHECK(text_is(frame.head, "{}") && text_is(frame.tail, "[]"));
    }
}

static void carries_the_largest_document(void)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(4 * MIB);
    char *document = alloc_new(DOC_BYTES_MAX);
    memset(document, 'x', DOC_BYTES_MAX);
    frame_write(&out, &(struct frame){FRAME_RUN, 1, TEXT("{}"), {document, DOC_BYTES_MAX}});
    CLEANUP(frame_reader_done) struct frame_reader reader;
    struct frame frame;
    struct error err = ERROR_INIT;
    frame_reader_init(&reader);
    CHECK_INT(feed(&reader, buffer_view(&out), SIZE_MAX, &frame, &err), 1);
    CHECK_INT((int)frame.tail.len, (int)DOC_BYTES_MAX);
    free(document);
}

struct raw {
    uint32_t length;
    uint16_t type, flags;
    uint64_t call;
    uint32_t head;
};

/* The message that refuses a frame with this header; "" where it is not refused. */
static const char *refusal(struct raw raw, struct error *err)
{
    CLEANUP(frame_reader_done) struct frame_reader reader;
    struct frame frame;
    *err = (struct error)ERROR_INIT;
    frame_reader_init(&reader);
    int frames = feed(&reader, (struct text){(char *)&raw, 20}, SIZE_MAX, &frame, err);
    if (frames < 0) {
        bool found;
        CHECK(frame_reader_next(&reader, &frame, &found, NULL) == TEND_INVALID);
    }
    return err->message;
}

static void refuses_what_is_no_frame(void)
{
    struct error err;
    CHECK_TEXT(refusal((struct raw){4, FRAME_STOP, 0, 0, 0}, &err), "");
    CHECK_TEXT(refusal((struct raw){4, 99, 0, 0, 0}, &err), "a frame of unknown type 99");
    CHECK_TEXT(refusal((struct raw){4, 0, 0, 0, 0}, &err), "a frame of unknown type 0");
    CHECK_TEXT(refusal((struct raw){3, FRAME_STOP, 0, 0, 0}, &err),
               "a frame \"stop\" of 3 bytes, expected 4 to 65540");
    CHECK_TEXT(refusal((struct raw){UINT32_MAX, FRAME_RUN, 0, 0, 0}, &err),
               "a frame \"run\" of 4294967295 bytes, expected 4 to 1638404");
    CHECK_TEXT(refusal((struct raw){4, FRAME_STOP, 1, 0, 0}, &err),
               "a frame \"stop\" with unknown flags 0x1");
    CHECK_TEXT(refusal((struct raw){4, FRAME_STOP, 0, 0, 1}, &err),
               "a frame \"stop\" with a head of 1 bytes in 0");
}

static void asks_for_no_memory_that_no_frame_needs(void)
{
    CLEANUP(frame_reader_done) struct frame_reader reader;
    struct raw raw = {UINT32_MAX, FRAME_RUN, 0, 0, 0};
    size_t size;
    frame_reader_init(&reader);
    memcpy(frame_reader_space(&reader, &size), &raw, 20);
    frame_reader_fed(&reader, 20);
    (void)frame_reader_space(&reader, &size);
    CHECK(size <= 64 * KIB);
    CHECK(reader.in.cap < 256 * KIB);
}

SUITE({"carries frames, however the stream is cut", carries_frames_byte_by_byte},
      {"carries the largest document", carries_the_largest_document},
      {"refuses what is no frame, and stays so", refuses_what_is_no_frame},
      {"asks for no memory that no frame needs", asks_for_no_memory_that_no_frame_needs})
