/* Frames: what goes over the socket pair between the host and a runner.
 *
 * A stream of frames, each a fixed header and a body, in the byte order of the machine (both ends
 * are the same one):
 *
 *     u32 length of the body | u16 type | u16 flags (0) | u64 call     16 bytes
 *     u32 length of the head | head: one JSON map | tail: raw bytes    the body
 *
 * The head says what the frame is about; the tail carries documents as they are stored, so that a
 * snapshot is copied and never encoded again. A stream, not packets: a document of 1.5 MiB passes
 * without a socket buffer of that size, and one system call carries as many frames as there are.
 *
 * The other side may be hostile: a length is checked against what the type may have before anything
 * is allocated, and a reader that has failed stays failed.
 */
#ifndef PROTOCOL_FRAME_H
#define PROTOCOL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum frame_type {
    FRAME_HELLO = 1,      /* both ways, first: versions; to the runner also what to load */
    FRAME_DESCRIPTOR = 2, /* to the host: loaded, this is what it says of itself */
    FRAME_REFUSED = 3,    /* to the host: not loaded, and why; the last one */
    FRAME_RUN = 4,        /* to the runner: execute a call; tail: the object */
    FRAME_ASK = 5,        /* to the host; tail: a question of a call, and what it wrote so far */
    FRAME_ANSWER = 6,     /* to the runner; tail: the object, null, or a list */
    FRAME_RESULT = 7,     /* to the host: a call is over; tail: its result */
    FRAME_CANCEL = 8,     /* to the runner: end this call soon */
    FRAME_STOP = 9,       /* to the runner: stop the controllers and exit */
    FRAME_HELD = 10,      /* to the host: the code of a call has returned, a thread will end it */
    FRAME_REPORT = 11,    /* to the host; tail: what the plugin has counted since the last one */
    FRAME_TYPES
};

/* "run", "answer"; "unknown" for a number that is none. */
const char *frame_type_name(unsigned type);

struct frame {
    enum frame_type type;
    uint64_t call; /* 0 where the type has none */
    struct text head, tail;
};

enum { FRAME_HEADER_BYTES = 16 };

/* Append `frame` to `out`; out->full where it does not fit. */
void frame_write(struct buffer *out, const struct frame *frame);

/* Cuts a stream of bytes into frames. */
struct frame_reader {
    struct buffer in;
    size_t taken; /* bytes of `in` that were returned as frames */
    bool failed;
};

void frame_reader_init(struct frame_reader *reader);
void frame_reader_done(struct frame_reader *reader);

/* Room for the next bytes of the stream, `*ret_size` (at least 1) of them; say then how many came.
 * Frames that were returned before are no longer valid. */
char *frame_reader_space(struct frame_reader *reader, size_t *ret_size);
void frame_reader_fed(struct frame_reader *reader, size_t size);

/* As if a copy of `frame` had come behind the rest. */
void frame_reader_put(struct frame_reader *reader, const struct frame *frame);

/* The next whole frame, borrowed until frame_reader_space; *ret_found says whether there is one.
 * TEND_INVALID (and from then on always) where the bytes are no frame, or one that is too long. */
NODISCARD enum tend_code frame_reader_next(struct frame_reader *reader, struct frame *ret_frame,
                                           bool *ret_found, struct error *err);

#endif
