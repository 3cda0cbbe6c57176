/* Callbacks and not return values, because most answers come in a later step: when a write is durable,
 * when something changes. An answer that is there at once takes the same way, and the transport notes
 * that it came before service_handle returned. */
#include "api/exchange.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"

void exchange_init(struct exchange *exchange, void (*answered)(struct exchange *exchange),
                   void (*woken)(struct exchange *exchange))
{
    *exchange = (struct exchange){
        .answered = answered,
        .woken = woken,
        .response.body = BUFFER_INIT(RESPONSE_BODY_MAX),
    };
}

void exchange_done(struct exchange *exchange)
{
    struct pending_answer *pending = exchange->pending;
    exchange->pending = NULL;
    if (pending != NULL) {
        pending->cancel(pending);
    }
    if (exchange->response.stream != NULL) {
        exchange->response.stream->end(exchange->response.stream);
        exchange->response.stream = NULL;
    }
    buffer_done(&exchange->response.body);
    arena_done(&exchange->arena);
}

void exchange_header(struct exchange *exchange, const char *name, struct text value)
{
    struct response *response = &exchange->response;
    size_t len = 0;
    while (len < value.len && (unsigned char)value.ptr[len] >= ' ' && value.ptr[len] != 0x7f) {
        len++;
    }
    if (response->header_count < COUNT_OF(response->headers)) {
        response->headers[response->header_count++] = (struct response_header){
            .name = name,
            .value = arena_text(&exchange->arena, text_first(value, len)),
        };
    }
}

void exchange_warn(struct exchange *exchange, struct text says)
{
    CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(LOG_MESSAGE_MAX);
    buffer_chars(&line, "299 - ");
    json_write_text(&line, text_first(says, LOG_MESSAGE_MAX / 2));
    exchange_header(exchange, "Warning", buffer_view(&line));
}

void exchange_answer(struct exchange *exchange, int status, const char *content_type)
{
    assert(!exchange->is_answered);
    assert(!exchange->response.body.full); /* one object, bounded by DOC_BYTES_MAX, in any form */
    exchange->response.status = status;
    exchange->response.content_type = content_type;
    exchange->is_answered = true;
    if (exchange->listener != NULL) {
        exchange->listener->answered(exchange->listener, exchange);
    }
    exchange->answered(exchange);
}

void exchange_wake(struct exchange *exchange)
{
    exchange->woken(exchange);
}
