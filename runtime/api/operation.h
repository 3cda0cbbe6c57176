/* One request on its way through the handlers; seen only inside this room.
 *
 * It lives in the exchange's arena. Its kind is borrowed from the catalogue until control returns to the
 * loop: whoever answers later takes a reference.
 */
#ifndef API_OPERATION_H
#define API_OPERATION_H

#include "api/exchange.h"
#include "api/media.h"
#include "api/route.h"
#include "api/service.h"
#include "api/snapshot.h"

/* What is counted of requests, by verb as kube-apiserver names them; measure.c. */
enum operation_verb {
    OPERATION_GET,
    OPERATION_LIST,
    OPERATION_WATCH,
    OPERATION_POST,
    OPERATION_PUT,
    OPERATION_PATCH,
    OPERATION_DELETE,
    OPERATION_OTHER,
    OPERATION_VERBS
};

struct service_measures {
    struct verb_measures {
        struct {
            int status; /* 0: none */
            struct metric *metric;
        } requests[16]; /* by status, in the order in which they came */
        struct metric *seconds;
    } verbs[OPERATION_VERBS];
    struct metric *watches; /* that are open */
};

struct service {
    struct service_rooms rooms;
    struct snapshots snapshots;
    struct service_measures measures;
    bool is_ready;
};

struct operation {
    struct service *service;
    struct exchange *exchange;
    struct url url;
    struct route route;
    enum media_form form;
    const struct kind *kind; /* of COLLECTION, OBJECT and STATUS; otherwise NULL */
    enum operation_verb verb;
    int64_t began_ns; /* ticks */
    struct answer_listener measured;
};

/* measure.c: count the answers of a service; note when the operation, which begins now, is answered; say what
 * its route tells of its verb. */
void service_measure(struct service *service);
void operation_measure(struct operation *operation);
void operation_measure_route(struct operation *operation);

/* What every key that a collection may show begins with, in the exchange's arena. */
struct text operation_prefix(const struct operation *operation);

/* A reference to the kind, for those who answer later; the caller's. */
struct kind *operation_kind(const struct operation *operation);

/* "labinstances.lab.neuroglia.com "lab1" not found". */
void operation_not_found(const struct operation *operation);

#endif
