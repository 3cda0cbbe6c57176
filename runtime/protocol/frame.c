/* Why it is shaped so.
 *
 * The reader keeps one buffer and hands out frames that point into it: a run's object is parsed
 * from where the kernel put it. Bytes that were returned are dropped when room is asked for, at
 * most once a read, so the cost of moving the rest is bounded by what a read brings. The length is
 * judged from the header alone, per type, before room for the body is made.
 */
#include "protocol/frame.h"

#include <string.h>

#include "base/limits.h"

enum { READ_AT_LEAST = 64 * 1024 };

/* What a type may carry; the head's own length stands in the body as well. */
static const struct {
    const char *name;
    uint32_t head_max, tail_max;
} kinds[FRAME_TYPES] = {
    [FRAME_HELLO] = {"hello", FRAME_HEAD_MAX, 0},
    [FRAME_DESCRIPTOR] = {"descriptor", FRAME_HEAD_MAX, DESCRIPTOR_BYTES_MAX},
    [FRAME_REFUSED] = {"refused", FRAME_HEAD_MAX, 0},
    [FRAME_RUN] = {"run", FRAME_HEAD_MAX, DOC_BYTES_MAX},
    [FRAME_ASK] = {"ask", FRAME_HEAD_MAX, ASK_BYTES_MAX},
    [FRAME_ANSWER] = {"answer", FRAME_HEAD_MAX, ANSWER_BYTES_MAX},
    [FRAME_RESULT] = {"result", FRAME_HEAD_MAX, RESULT_BYTES_MAX},
    [FRAME_CANCEL] = {"cancel", FRAME_HEAD_MAX, 0},
    [FRAME_STOP] = {"stop", FRAME_HEAD_MAX, 0},
    [FRAME_REPORT] = {"report", FRAME_HEAD_MAX, METERING_BYTES_MAX},
    [FRAME_HELD] = {"held", FRAME_HEAD_MAX, 0},
};

struct header {
    uint32_t length;
    uint16_t type, flags;
    uint64_t call;
};
_Static_assert(sizeof(struct header) == FRAME_HEADER_BYTES, "the header has no holes");

static bool known(unsigned type)
{
    return type < FRAME_TYPES && kinds[type].name != NULL;
}

const char *frame_type_name(unsigned type)
{
    return known(type) ? kinds[type].name : "unknown";
}

void frame_write(struct buffer *out, const struct frame *frame)
{
    uint32_t head = (uint32_t)frame->head.len;
    struct header header = {(uint32_t)sizeof head + head + (uint32_t)frame->tail.len,
                            (uint16_t)frame->type, 0, frame->call};
    if (buffer_reserve(out, sizeof header + header.length) == NULL) {
        return;
    }
    buffer_add(out, &header, sizeof header);
    buffer_add(out, &head, sizeof head);
    buffer_text(out, frame->head);
    buffer_text(out, frame->tail);
}

void frame_reader_init(struct frame_reader *reader)
{
    *reader = (struct frame_reader){.in = BUFFER_INIT(FRAME_STREAM_MAX)};
}

void frame_reader_done(struct frame_reader *reader)
{
    buffer_done(&reader->in);
}

/* The header of the next frame, where it has come whole. */
static bool peek(const struct frame_reader *reader, struct header *ret_header)
{
    if (reader->in.len - reader->taken < sizeof *ret_header) {
        return false;
    }
    memcpy(ret_header, reader->in.data + reader->taken, sizeof *ret_header);
    return true;
}

static enum tend_code check(const struct header *header, struct error *err)
{
    if (!known(header->type)) {
        return FAIL(err, TEND_INVALID, "a frame of unknown type %u", header->type);
    }
    uint32_t most =
        (uint32_t)sizeof(uint32_t) + kinds[header->type].head_max + kinds[header->type].tail_max;
    if (header->length < sizeof(uint32_t) || header->length > most) {
        return FAIL(err, TEND_INVALID, "a frame \"%s\" of %u bytes, expected 4 to %u",
                    kinds[header->type].name, header->length, most);
    }
    if (header->flags != 0) {
        return FAIL(err, TEND_INVALID, "a frame \"%s\" with unknown flags 0x%x",
                    kinds[header->type].name, header->flags);
    }
    return TEND_OK;
}

char *frame_reader_space(struct frame_reader *reader, size_t *ret_size)
{
    buffer_consume(&reader->in, reader->taken);
    reader->taken = 0;
    size_t want = READ_AT_LEAST;
    struct header header;
    if (peek(reader, &header) && check(&header, NULL) == TEND_OK) {
        size_t whole = sizeof header + header.length;
        size_t missing = whole > reader->in.len ? whole - reader->in.len : 0;
        want = missing > want ? missing : want;
    }
    char *space = buffer_reserve(&reader->in, want);
    if (space == NULL) { /* more than any frame has was fed and not taken: nobody reads */
        reader->failed = true;
        buffer_clear(&reader->in);
        space = buffer_reserve(&reader->in, want);
    }
    *ret_size = want;
    return space;
}

void frame_reader_fed(struct frame_reader *reader, size_t size)
{
    reader->in.len += size;
    reader->in.data[reader->in.len] = '\0';
}

void frame_reader_put(struct frame_reader *reader, const struct frame *frame)
{
    struct buffer copy = BUFFER_INIT(FRAME_STREAM_MAX);
    size_t room;
    frame_write(&copy, frame);
    for (size_t at = 0; at < copy.len;) {
        char *space = frame_reader_space(reader, &room);
        size_t part = copy.len - at < room ? copy.len - at : room;
        memcpy(space, copy.data + at, part);
        frame_reader_fed(reader, part);
        at += part;
    }
    buffer_done(&copy);
}

static enum tend_code cut(const char *body, const struct header *header, struct frame *ret_frame,
                          struct error *err)
{
    uint32_t head;
    memcpy(&head, body, sizeof head);
    uint32_t rest = header->length - (uint32_t)sizeof head;
    if (head > rest || head > kinds[header->type].head_max ||
        rest - head > kinds[header->type].tail_max) {
        return FAIL(err, TEND_INVALID, "a frame \"%s\" with a head of %u bytes in %u",
                    kinds[header->type].name, head, rest);
    }
    *ret_frame = (struct frame){.type = (enum frame_type)header->type,
                                .call = header->call,
                                .head = {body + sizeof head, head},
                                .tail = {body + sizeof head + head, rest - head}};
    return TEND_OK;
}

enum tend_code frame_reader_next(struct frame_reader *reader, struct frame *ret_frame,
                                 bool *ret_found, struct error *err)
{
    if (reader->failed) {
        return FAIL(err, TEND_INVALID, "the stream of frames is broken");
    }
    *ret_found = false;
    struct header header;
    if (!peek(reader, &header)) {
        return TEND_OK;
    }
    reader->failed = true; /* until this frame has proved to be one */
    TRY(check(&header, err));
    if (reader->in.len - reader->taken >= sizeof header + header.length) {
        TRY(cut(reader->in.data + reader->taken + sizeof header, &header, ret_frame, err));
        reader->taken += sizeof header + header.length;
        *ret_found = true;
    }
    reader->failed = false;
    return TEND_OK;
}
