/* One request and its answer, as handlers see them; the transport stands on the other side.
 *
 *     transport:  exchange_init, fill in `request`, service_handle
 *     handler:    response.body or response.stream, then exchange_answer, now or in a later step
 *     transport:  `answered` is called; sends the body, or asks the stream for bytes until it ends
 *     transport:  exchange_done, at any moment: what was under way is called off
 */
#ifndef API_EXCHANGE_H
#define API_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/text.h"

struct exchange;

enum method {
    METHOD_GET, /* HEAD as well: the transport leaves the body out */
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OTHER
};

/* Texts live as long as the exchange. */
struct request {
    enum method method;
    struct text target; /* as sent: "/api/v1/namespaces?limit=5" */
    struct text accept, content_type;
    struct text client; /* who asks, for the log of changes: "uid:0"; may be empty */
    struct text body;
};

enum stream_state {
    STREAM_MORE, /* ask again */
    STREAM_WAIT, /* nothing now; exchange_wake says when */
    STREAM_END,  /* that was all */
    STREAM_BROKEN, /* the body cannot be finished: the connection is cut, so that nobody takes it as whole */
};

/* Produces a body piece by piece. Embedded in its owner. */
struct stream {
    /* Append about `room` bytes to `out`, at most one item more, and only a bounded amount of work.
     * What was appended counts whatever is returned. Called again without an exchange_wake, it may
     * answer STREAM_WAIT again. */
    enum stream_state (*fill)(struct stream *stream, struct buffer *out, size_t room);
    void (*end)(struct stream *stream); /* frees it; called once */
};

struct response_header {
    const char *name;
    struct text value;
};

struct response {
    int status;
    const char *content_type;
    struct buffer body;    /* the whole body ... */
    struct stream *stream; /* ... or, not NULL, what produces it; owned */
    struct response_header headers[RESPONSE_HEADERS_MAX];
    size_t header_count;
};

/* What a handler has under way before it answered; embedded in its record. */
struct pending_answer {
    void (*cancel)(struct pending_answer *pending); /* call it off and free it */
};

/* Hears of the answer before it is sent; embedded in its owner. */
struct answer_listener {
    void (*answered)(struct answer_listener *listener, const struct exchange *exchange);
};

struct exchange {
    struct arena arena; /* dies with the exchange */
    struct request request;
    struct response response;
    bool is_answered;
    struct answer_listener *listener; /* NULL: nobody */
    struct pending_answer *pending;   /* the handler's; NULL: nothing under way */
    /* The transport's. Either may be called from inside service_handle and stream callbacks. */
    void (*answered)(struct exchange *exchange);
    void (*woken)(struct exchange *exchange);
};

void exchange_init(struct exchange *exchange, void (*answered)(struct exchange *exchange),
                   void (*woken)(struct exchange *exchange));

/* Call off what is under way, end the stream, free everything. */
void exchange_done(struct exchange *exchange);

/* Add a header to the answer; `value` is copied, cut at the first control character. Beyond
 * RESPONSE_HEADERS_MAX nothing is added. */
void exchange_header(struct exchange *exchange, const char *name, struct text value);

/* Add a Warning, which clients print beside the answer. */
void exchange_warn(struct exchange *exchange, struct text says);

/* The answer is complete (its body or stream is in place). `content_type` is a constant. */
void exchange_answer(struct exchange *exchange, int status, const char *content_type);

/* The stream has something again. */
void exchange_wake(struct exchange *exchange);

#define CONTENT_JSON "application/json"
#define CONTENT_YAML "application/yaml"
#define CONTENT_TEXT "text/plain; charset=utf-8"

#endif
