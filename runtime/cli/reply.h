/* Reading an HTTP/1.1 answer as its bytes arrive (RFC 9112), without trusting them.
 *
 *     struct reply reply; reply_init(&reply);
 *     while (!reply.is_complete) { ... reply_feed(&reply, bytes, &used, &err) ... reply_end at the close }
 *
 * Head and lines are bounded (base/limits.h), chunk sizes and lengths checked; a body that is cut short is
 * an error, never a short body.
 */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum reply_phase {
    REPLY_STATUS,
    REPLY_HEADERS,
    REPLY_LENGTH, /* a body of known length */
    REPLY_CHUNK_SIZE,
    REPLY_CHUNK,
    REPLY_CHUNK_END,
    REPLY_TRAILERS,
    REPLY_UNTIL_CLOSE,
    REPLY_COMPLETE
};

enum { REPLY_EFFECT_MAX = 24 };

struct reply {
    int status; /* 100..599 when the head was read */
    bool has_head, is_complete;
    bool closes; /* the connection ends with it */
    struct buffer body;
    struct buffer warnings;        /* texts of Warning headers, one a line */
    char effect[REPLY_EFFECT_MAX]; /* of the header Tend-Effect; "" where there is none */

    /* private */
    enum reply_phase phase;
    struct buffer line;
    size_t head_bytes;
    uint64_t left; /* of the body or chunk */
    bool is_chunked, has_length;
    size_t taken; /* bytes of the body that client_next_line handed out */
};

void reply_init(struct reply *reply);
void reply_done(struct reply *reply);

/* Take bytes; `*ret_used` of them belong to this answer (all, unless it is complete). Body bytes are
 * appended to reply->body, which the caller may empty between two calls. TEND_INVALID where this is no
 * HTTP, TEND_LIMIT where it is too much of it. */
NODISCARD enum tend_code reply_feed(struct reply *reply, struct text bytes, size_t *ret_used,
                                    struct error *err);

/* The peer closed the connection. TEND_UNAVAILABLE where the answer is not complete. */
NODISCARD enum tend_code reply_end(struct reply *reply, struct error *err);

#endif
