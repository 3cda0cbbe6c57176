/* Written in pieces, as a list is: with many plugins the page is a few megabytes, and the core has other things
 * to do. Gauges are of the moment at which it was asked for; counters go on meanwhile. */
#include "api/scrape.h"

#include "base/alloc.h"

struct scrape {
    struct stream stream;
    const struct metrics *metrics;
    struct metrics_cursor cursor;
};

static enum stream_state fill(struct stream *stream, struct buffer *out, size_t room)
{
    struct scrape *scrape = CONTAINER_OF(stream, struct scrape, stream);
    return metrics_write(scrape->metrics, &scrape->cursor, out, room) ? STREAM_MORE : STREAM_END;
}

static void end(struct stream *stream)
{
    free(CONTAINER_OF(stream, struct scrape, stream));
}

void scrape_answer(struct operation *operation)
{
    struct exchange *exchange = operation->exchange;
    struct scrape *scrape = alloc_new(sizeof *scrape);
    *scrape = (struct scrape){.stream = {.fill = fill, .end = end},
                              .metrics = operation->service->rooms.metrics};
    metrics_collect(operation->service->rooms.metrics);
    exchange->response.stream = &scrape->stream;
    exchange_answer(exchange, 200, METRICS_CONTENT_TYPE);
}
