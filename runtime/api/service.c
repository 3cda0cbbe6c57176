/* From a request to its handler: take the target apart, find the kind, see whether the method is one
 * that the place knows. */
#include "api/service.h"

#include <stdlib.h>

#include "api/discovery.h"
#include "api/listing.h"
#include "api/operation.h"
#include "api/problem.h"
#include "api/scrape.h"
#include "api/watching.h"
#include "api/writing.h"
#include "base/alloc.h"
#include "document/json.h"
#include "resource/key.h"

struct service *service_new(const struct service_rooms *rooms)
{
    struct service *service = alloc_new(sizeof *service);
    *service = (struct service){.rooms = *rooms};
    snapshots_init(&service->snapshots, rooms->store);
    service_measure(service);
    return service;
}

void service_free(struct service *service)
{
    if (service != NULL) {
        snapshots_done(&service->snapshots);
        free(service);
    }
}

void service_set_ready(struct service *service)
{
    service->is_ready = true;
}

/* --- what handlers share ----------------------------------------------------------------------- */

struct kind *operation_kind(const struct operation *operation)
{
    return kind_ref((struct kind *)(uintptr_t)operation->kind); /* counting changes nothing in it */
}

struct text operation_prefix(const struct operation *operation)
{
    struct arena *arena = &operation->exchange->arena;
    struct text resource = text_of(operation->kind->resource);
    return operation->route.namespace.len > 0
               ? key_prefix_namespace(arena, resource, operation->route.namespace)
               : key_prefix_kind(arena, resource);
}

void operation_not_found(const struct operation *operation)
{
    struct exchange *exchange = operation->exchange;
    struct text name = text_first(operation->route.name, NAME_BYTES_MAX);
    struct problem problem = {
        .code = TEND_NOT_FOUND,
        .message = arena_format(&exchange->arena, "%s \"%.*s\" not found",
                                operation->kind->resource, TEXT_ARG(name))
                       .ptr,
        .group = text_of(operation->kind->group),
        .plural = text_of(operation->kind->plural),
        .name = name,
    };
    problem_answer(exchange, &problem);
}

static void refuse_method(struct operation *operation, const char *allowed)
{
    struct exchange *exchange = operation->exchange;
    struct problem problem = problem_other(
        PROBLEM_METHOD, arena_format(&exchange->arena, "this path knows %s only", allowed).ptr);
    exchange_header(exchange, "Allow", text_of(allowed));
    problem_answer(exchange, &problem);
}

static void answer_value(struct exchange *exchange, const struct value *value)
{
    json_write(&exchange->response.body, value);
    exchange_answer(exchange, 200, CONTENT_JSON);
}

static void answer_health(struct operation *operation, bool is_fine)
{
    struct exchange *exchange = operation->exchange;
    buffer_chars(&exchange->response.body, is_fine ? "ok" : "not ready: still starting");
    exchange_answer(exchange, is_fine ? 200 : 503, CONTENT_TEXT);
}

static void answer_nowhere(struct operation *operation)
{
    struct exchange *exchange = operation->exchange;
    struct problem problem = {
        .code = TEND_NOT_FOUND,
        .message = arena_format(&exchange->arena, "nothing is served at %.*s",
                                TEXT_ARG(text_first(exchange->request.target, 256)))
                       .ptr,
    };
    problem_answer(exchange, &problem);
}

/* --- documents about the service --------------------------------------------------------------- */

static const struct value *description(struct operation *operation)
{
    const struct catalogue *catalogue = admission_catalogue(operation->service->rooms.gate);
    struct arena *arena = &operation->exchange->arena;
    const struct route *route = &operation->route;
    switch (route->target) {
    case ROUTE_VERSION:
        return discovery_version(arena);
    case ROUTE_CORE:
        return discovery_core(arena);
    case ROUTE_GROUPS:
        return discovery_groups(catalogue, arena);
    case ROUTE_GROUP:
        return discovery_group(catalogue, route->group, arena);
    case ROUTE_RESOURCES:
        return discovery_resources(catalogue, route->group, route->version, arena);
    case ROUTE_NONE:
    case ROUTE_HEALTH:
    case ROUTE_READY:
    case ROUTE_METRICS:
    case ROUTE_COLLECTION:
    case ROUTE_OBJECT:
    case ROUTE_STATUS:
        break;
    }
    return NULL;
}

static void describe(struct operation *operation)
{
    if (operation->exchange->request.method != METHOD_GET) {
        refuse_method(operation, "GET");
        return;
    }
    const struct value *value = description(operation);
    if (value == NULL) {
        answer_nowhere(operation);
    } else {
        answer_value(operation->exchange, value);
    }
}

/* --- resources --------------------------------------------------------------------------------- */

static void get_collection(struct operation *operation)
{
    struct error err = ERROR_INIT;
    bool watches = false;
    if (url_flag(&operation->url, "watch", &watches, &err) != TEND_OK) {
        problem_answer_error(operation->exchange, &err);
    } else if (watches) {
        watch_collection(operation);
    } else {
        read_collection(operation);
    }
}

static void serve_collection(struct operation *operation)
{
    bool in_its_place = operation->route.namespace.len > 0 || !kind_namespaced(operation->kind);
    switch (operation->exchange->request.method) {
    case METHOD_GET:
        get_collection(operation);
        return;
    case METHOD_POST:
        if (in_its_place) {
            write_create(operation);
            return;
        }
        break;
    case METHOD_PUT:
    case METHOD_PATCH:
    case METHOD_DELETE:
    case METHOD_OTHER:
        break;
    }
    refuse_method(operation, in_its_place ? "GET, POST" : "GET");
}

static void serve_object(struct operation *operation)
{
    bool is_status = operation->route.target == ROUTE_STATUS;
    switch (operation->exchange->request.method) {
    case METHOD_GET:
        read_object(operation);
        return;
    case METHOD_PUT:
        write_update(operation);
        return;
    case METHOD_PATCH:
        write_patch(operation);
        return;
    case METHOD_DELETE:
        if (!is_status) {
            write_delete(operation);
            return;
        }
        break;
    case METHOD_POST:
    case METHOD_OTHER:
        break;
    }
    refuse_method(operation, is_status ? "GET, PUT, PATCH" : "GET, PUT, PATCH, DELETE");
}

/* The kind that the path names, in a place where it can be: a cluster-scoped kind is in no namespace,
 * an object of a namespaced one always in one. */
static const struct kind *find_kind(const struct operation *operation)
{
    const struct route *route = &operation->route;
    const struct kind *kind = catalogue_plural(admission_catalogue(operation->service->rooms.gate),
                                               route->group, route->version, route->plural);
    if (kind == NULL) {
        return NULL;
    }
    bool in_namespace = route->namespace.len > 0;
    bool misplaced =
        kind_namespaced(kind) ? route->target != ROUTE_COLLECTION && !in_namespace : in_namespace;
    bool no_status = route->target == ROUTE_STATUS && !kind->has_status;
    return misplaced || no_status ? NULL : kind;
}

static void serve_resource(struct operation *operation)
{
    struct error err = ERROR_INIT;
    operation->kind = find_kind(operation);
    if (operation->kind == NULL) {
        answer_nowhere(operation);
    } else if (media_accept(operation->exchange->request.accept, &operation->form, &err) !=
               TEND_OK) {
        struct problem problem = problem_other(PROBLEM_NOT_ACCEPTABLE, err.message);
        problem_answer(operation->exchange, &problem);
    } else if (operation->route.target == ROUTE_COLLECTION) {
        serve_collection(operation);
    } else {
        serve_object(operation);
    }
}

static void serve_metrics(struct operation *operation)
{
    if (operation->service->rooms.metrics == NULL) {
        answer_nowhere(operation);
    } else if (operation->exchange->request.method != METHOD_GET) {
        refuse_method(operation, "GET");
    } else {
        scrape_answer(operation);
    }
}

static void dispatch(struct operation *operation)
{
    switch (operation->route.target) {
    case ROUTE_HEALTH:
        answer_health(operation, true);
        return;
    case ROUTE_READY:
        answer_health(operation, operation->service->is_ready);
        return;
    case ROUTE_METRICS:
        serve_metrics(operation);
        return;
    case ROUTE_VERSION:
    case ROUTE_CORE:
    case ROUTE_GROUPS:
    case ROUTE_GROUP:
    case ROUTE_RESOURCES:
        describe(operation);
        return;
    case ROUTE_COLLECTION:
    case ROUTE_OBJECT:
    case ROUTE_STATUS:
        serve_resource(operation);
        return;
    case ROUTE_NONE:
        break;
    }
    answer_nowhere(operation);
}

static struct operation *begin(struct service *service, struct exchange *exchange)
{
    struct operation *operation = arena_alloc(&exchange->arena, sizeof *operation);
    *operation = (struct operation){.service = service, .exchange = exchange};
    operation_measure(operation);
    return operation;
}

void service_refuses(struct service *service, struct exchange *exchange)
{
    (void)begin(service, exchange);
}

void service_handle(struct service *service, struct exchange *exchange)
{
    struct error err = ERROR_INIT;
    struct operation *operation = begin(service, exchange);
    if (url_parse(&exchange->arena, exchange->request.target, &operation->url, &err) != TEND_OK) {
        problem_answer_error(exchange, &err);
        return;
    }
    operation->route = route_of(&operation->url);
    operation_measure_route(operation);
    dispatch(operation);
}
