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

struct service {
    struct service_rooms rooms;
    struct snapshots snapshots;
    bool is_ready;
};

struct operation {
    struct service *service;
    struct exchange *exchange;
    struct url url;
    struct route route;
    enum media_form form;
    const struct kind *kind; /* of COLLECTION, OBJECT and STATUS; otherwise NULL */
};

/* What every key that a collection may show begins with, in the exchange's arena. */
struct text operation_prefix(const struct operation *operation);

/* A reference to the kind, for those who answer later; the caller's. */
struct kind *operation_kind(const struct operation *operation);

/* "labinstances.lab.neuroglia.com "lab1" not found". */
void operation_not_found(const struct operation *operation);

#endif
