/* Events (core v1): what happened to an object, for people.
 *
 * The name follows from the object, the source, type, reason and message, so that the same thing said
 * again is the same object with count + 1, not another one.
 */
#ifndef RESOURCE_EVENT_H
#define RESOURCE_EVENT_H

#include <stdint.h>

#include "document/value.h"

enum event_type { EVENT_NORMAL, EVENT_WARNING };

struct event {
    const struct value *about; /* root of the object; it need not exist (any longer) */
    enum event_type type;
    struct text reason;    /* CamelCase: "ProvisioningTimeout" */
    struct text message;   /* a sentence; cut at EVENT_MESSAGE_MAX */
    struct text component; /* who says so: "labinstance", "tend" */
};

/* The namespace that the event is in: the object's, "default" for cluster-scoped objects. */
struct text event_namespace(const struct event *event);

/* Its name: "lab-1.0123456789abcdef", in `arena`. */
struct text event_name(const struct event *event, struct arena *arena);

/* The Event's root at wall moment `now_ms`. `before`: the root of the Event of that name, or NULL;
 * then count goes up and firstTimestamp stays. */
const struct value *event_root(const struct event *event, struct arena *arena,
                               const struct value *before, int64_t now_ms);

#endif
