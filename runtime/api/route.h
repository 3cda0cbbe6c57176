/* What a path of the Kubernetes API names. It says nothing about whether the kind exists. */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/url.h"

enum route_target {
    ROUTE_NONE,       /* nothing that is served */
    ROUTE_VERSION,    /* /version */
    ROUTE_HEALTH,     /* /healthz /livez */
    ROUTE_READY,      /* /readyz */
    ROUTE_METRICS,    /* /metrics */
    ROUTE_CORE,       /* /api */
    ROUTE_GROUPS,     /* /apis */
    ROUTE_GROUP,      /* /apis/GROUP */
    ROUTE_RESOURCES,  /* /api/v1, /apis/GROUP/VERSION */
    ROUTE_COLLECTION, /* ...[/namespaces/NAMESPACE]/PLURAL */
    ROUTE_OBJECT,     /* ...[/namespaces/NAMESPACE]/PLURAL/NAME */
    ROUTE_STATUS,     /* ...[/namespaces/NAMESPACE]/PLURAL/NAME/status */
};

/* Texts are those of the url; empty where the path has none. */
struct route {
    enum route_target target;
    struct text group, version;
    struct text namespace, plural, name;
};

struct route route_of(const struct url *url);

#endif
