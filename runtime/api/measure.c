/* Requests by verb and status, named as kube-apiserver does. A series is made when its status is answered for
 * the first time; then it is found by looking at the few that there are.
 *
 * How long a request took is until its answer began, which for a watch says nothing: those are counted only. */
#include <stdio.h>

#include "api/operation.h"
#include "base/alloc.h"

static const char *verb_name(enum operation_verb verb)
{
    static const char *const names[] = {
        [OPERATION_GET] = "GET",       [OPERATION_LIST] = "LIST",  [OPERATION_WATCH] = "WATCH",
        [OPERATION_POST] = "POST",     [OPERATION_PUT] = "PUT",    [OPERATION_PATCH] = "PATCH",
        [OPERATION_DELETE] = "DELETE", [OPERATION_OTHER] = "OTHER"};
    return names[verb];
}

static enum operation_verb verb_of(enum method method)
{
    switch (method) {
    case METHOD_GET:
        break;
    case METHOD_POST:
        return OPERATION_POST;
    case METHOD_PUT:
        return OPERATION_PUT;
    case METHOD_PATCH:
        return OPERATION_PATCH;
    case METHOD_DELETE:
        return OPERATION_DELETE;
    case METHOD_OTHER:
        return OPERATION_OTHER;
    }
    return OPERATION_GET;
}

static struct metric *request_series(struct service *service, enum operation_verb verb, int status)
{
    static const struct metric_spec spec = {
        METRIC_COUNTER, "apiserver_request_total", "Requests by verb and status", {NULL, 0}};
    struct verb_measures *measures = &service->measures.verbs[verb];
    for (size_t i = 0; i < COUNT_OF(measures->requests); i++) {
        if (measures->requests[i].status == 0) {
            char code[16];
            snprintf(code, sizeof code, "%d", status);
            measures->requests[i].status = status;
            measures->requests[i].metric =
                metrics_series(service->rooms.metrics, &spec,
                               METRIC_LABELS({"verb", verb_name(verb)}, {"code", code}));
        }
        if (measures->requests[i].status == status) {
            return measures->requests[i].metric;
        }
    }
    return NULL;
}

static void answered(struct answer_listener *listener, const struct exchange *exchange)
{
    struct operation *operation = CONTAINER_OF(listener, struct operation, measured);
    struct service *service = operation->service;
    int64_t ns = world_ticks_ns(service->rooms.world) - operation->began_ns;
    metric_add(request_series(service, operation->verb, exchange->response.status), 1);
    metric_observe(service->measures.verbs[operation->verb].seconds, (double)ns / 1e9);
}

void service_measure(struct service *service)
{
    static const struct metric_spec watches = {
        METRIC_GAUGE, "apiserver_longrunning_requests", "Watches that are open", {NULL, 0}};
    struct metric_spec seconds = {METRIC_HISTOGRAM, "apiserver_request_duration_seconds",
                                  "How long requests took until their answer began",
                                  metric_seconds()};
    for (unsigned i = 0; i < OPERATION_VERBS; i++) {
        enum operation_verb verb = (enum operation_verb)i;
        service->measures.verbs[verb].seconds =
            verb == OPERATION_WATCH ? NULL
                                    : metrics_series(service->rooms.metrics, &seconds,
                                                     METRIC_LABELS({"verb", verb_name(verb)}));
    }
    service->measures.watches =
        metrics_series(service->rooms.metrics, &watches, METRIC_LABELS({"verb", "WATCH"}));
    metric_set(service->measures.watches, 0);
}

void operation_measure(struct operation *operation)
{
    const struct service *service = operation->service;
    if (service->rooms.metrics != NULL) {
        operation->verb = verb_of(operation->exchange->request.method);
        operation->began_ns = world_ticks_ns(service->rooms.world);
        operation->measured.answered = answered;
        operation->exchange->listener = &operation->measured;
    }
}

void operation_measure_route(struct operation *operation)
{
    bool watches = false;
    if (operation->verb == OPERATION_GET && operation->route.target == ROUTE_COLLECTION) {
        bool is_known = url_flag(&operation->url, "watch", &watches, NULL) == TEND_OK;
        operation->verb = is_known && watches ? OPERATION_WATCH : OPERATION_LIST;
    }
}
