/* The Kubernetes API over the store, without a transport: a request in, an answer out.
 *
 * Handlers see only api/exchange.h, so that they are tested on a virtual world without a socket, and
 * so that another transport may stand beside api/server.h. Everything runs on the core. A write is
 * answered when it is durable; a list is produced in slices over a snapshot, a watch as changes come:
 * neither holds more memory for a slow client than for a quick one.
 */
#ifndef API_SERVICE_H
#define API_SERVICE_H

#include "admission/admission.h"
#include "base/metrics.h"
#include "base/world.h"
#include "store/store.h"
#include "watch/watch.h"

struct exchange;
struct service;

/* What it serves; all outlive it. */
struct service_rooms {
    struct world *world;
    struct store *store;
    struct watch *watch;
    struct admission *gate;
    struct metrics
        *metrics; /* what /metrics shows, and where requests are counted; NULL: neither */
};

struct service *service_new(const struct service_rooms *rooms);

/* Every exchange has ended before. NULL is allowed. */
void service_free(struct service *service);

/* /readyz answers 503 until this was called. */
void service_set_ready(struct service *service);

/* The transport refuses the request of `exchange`, whose answer follows: it is counted. */
void service_refuses(struct service *service, struct exchange *exchange);

/* Answer the request of `exchange`: at once or in a later step (see api/exchange.h). */
void service_handle(struct service *service, struct exchange *exchange);

#endif
