/* A call is embedded in its owner's record, so its ghost is a record of ours: a call without an
 * object. */
#include "runner/flight.h"

#include "base/alloc.h"
#include "base/limits.h"

static struct reconcile_call *call_of(struct list *link)
{
    return CONTAINER_OF(link, struct reconcile_call, link);
}

void flight_init(struct flight *flight, struct world *world)
{
    *flight = (struct flight){.world = world};
    list_init(&flight->queued);
    list_init(&flight->sent);
}

void flight_add(struct flight *flight, struct reconcile_call *call)
{
    call->id = ++flight->last_id;
    call->result = NULL;
    list_append(&flight->queued, &call->link);
}

static void begin_first(struct flight *flight)
{
    struct reconcile_call *first = flight_first(flight);
    if (first != NULL) {
        first->began_ticks_ms = world_ticks_ms(flight->world);
    }
}

struct reconcile_call *flight_send(struct flight *flight)
{
    bool idle = list_empty(&flight->sent);
    if (list_empty(&flight->queued) || (!idle && flight->bytes >= RUNNER_BYTES_OUT)) {
        return NULL;
    }
    struct reconcile_call *call = call_of(list_pop(&flight->queued));
    list_append(&flight->sent, &call->link);
    flight->bytes += call->object->len;
    if (idle) {
        begin_first(flight);
    }
    return call;
}

struct reconcile_call *flight_find(const struct flight *flight, uint64_t id)
{
    LIST_FOREACH (link, &flight->sent) {
        if (call_of(link)->id == id) {
            return call_of(link);
        }
    }
    return NULL;
}

struct reconcile_call *flight_first(const struct flight *flight)
{
    return list_empty(&flight->sent) ? NULL : call_of(flight->sent.next);
}

bool flight_land(struct flight *flight, struct reconcile_call *call)
{
    bool was_first = flight_first(flight) == call;
    list_remove(&call->link);
    if (was_first) {
        begin_first(flight);
    }
    if (flight_is_ghost(call)) {
        free(call);
        return false;
    }
    flight->bytes -= call->object->len;
    return true;
}

bool flight_cancel(struct flight *flight, struct reconcile_call *call)
{
    bool sent = flight_find(flight, call->id) == call;
    if (sent) {
        struct reconcile_call *ghost = alloc_new(sizeof *ghost);
        ghost->id = call->id;
        ghost->limit_ms = call->limit_ms;
        ghost->began_ticks_ms = call->began_ticks_ms;
        list_insert_after(&call->link, &ghost->link);
        flight->bytes -= call->object->len;
    }
    list_remove(&call->link);
    return sent;
}

int64_t flight_limit_ms(const struct reconcile_call *call)
{
    return call->limit_ms > 0 ? call->limit_ms : RECONCILE_LIMIT_MS;
}

void flight_take(struct flight *flight, struct list *from, struct list *gone)
{
    list_init(gone);
    list_splice(gone, from);
    LIST_FOREACH_SAFE (link, gone) {
        if (flight_is_ghost(call_of(link))) {
            list_remove(link);
            free(call_of(link));
        }
    }
    if (from == &flight->sent) {
        flight->bytes = 0;
    }
}
