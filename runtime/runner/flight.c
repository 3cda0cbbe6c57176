/* A call is embedded in its owner's record, so its ghost is a record of ours: a call without an
 * object. */
#include "runner/flight.h"

#include "base/alloc.h"
#include "base/limits.h"

static struct reconcile_call *call_of(struct list *link)
{
    return CONTAINER_OF(link, struct reconcile_call, link);
}

static struct text key_of(const uint64_t *id)
{
    return (struct text){(const char *)id, sizeof *id};
}

static size_t size_of(const struct reconcile_call *call)
{
    return flight_is_ghost(call) ? 0 : call->object->len;
}

void flight_init(struct flight *flight)
{
    *flight = (struct flight){0};
    list_init(&flight->queued);
    list_init(&flight->sent);
}

void flight_done(struct flight *flight)
{
    map_done(&flight->by_id);
}

void flight_add(struct flight *flight, struct reconcile_call *call)
{
    call->id = ++flight->last_id;
    call->result = NULL;
    call->asked_ticks_ms = call->resumed_ticks_ms = 0;
    call->open = 0;
    call->is_over = false;
    call->held = false;
    list_append(&flight->queued, &call->link);
}

/* --- what is on its way ------------------------------------------------------------------------ */

static void count_in(struct flight *flight, const struct reconcile_call *call)
{
    flight->busy++;
    flight->bytes += size_of(call);
}

static void count_out(struct flight *flight, const struct reconcile_call *call)
{
    flight->busy--;
    flight->bytes -= size_of(call);
}

struct reconcile_call *flight_send(struct flight *flight)
{
    bool full = flight->bytes >= RUNNER_BYTES_OUT || flight->careful > 0;
    if (list_empty(&flight->queued) || (flight->busy > 0 && full)) {
        return NULL;
    }
    struct reconcile_call *call = call_of(list_pop(&flight->queued));
    list_append(&flight->sent, &call->link);
    map_put(&flight->by_id, key_of(&call->id), call);
    count_in(flight, call);
    return call;
}

struct reconcile_call *flight_find(const struct flight *flight, uint64_t id)
{
    return map_get(&flight->by_id, key_of(&id));
}

size_t flight_suspects(const struct flight *flight, uint64_t begun,
                       const struct reconcile_call **ret_one)
{
    size_t count = 0;
    *ret_one = NULL;
    LIST_FOREACH (link, &flight->sent) {
        const struct reconcile_call *call = call_of(link);
        if (call->id <= begun && call->open == 0) {
            *ret_one = call;
            count++;
        }
    }
    return count;
}

void flight_be_careful(struct flight *flight)
{
    flight->careful = flight->busy;
}

void flight_asked(struct flight *flight, struct reconcile_call *call, int64_t now_ms)
{
    if (call->asked_ticks_ms == 0) {
        call->asked_ticks_ms = now_ms;
    }
    if (call->open++ == 0) {
        count_out(flight, call);
    }
}

void flight_answered(struct flight *flight, struct reconcile_call *call, int64_t now_ms)
{
    call->resumed_ticks_ms = now_ms;
    if (--call->open == 0) {
        count_in(flight, call);
    }
}

void flight_held(struct flight *flight, struct reconcile_call *call, int64_t now_ms)
{
    if (!call->held) {
        call->held = true;
        flight_asked(flight, call, now_ms);
    }
}

/* --- ends -------------------------------------------------------------------------------------- */

static void take_out(struct flight *flight, struct reconcile_call *call)
{
    list_remove(&call->link);
    map_remove(&flight->by_id, key_of(&call->id));
    if (call->open == 0) {
        count_out(flight, call);
    }
}

bool flight_land(struct flight *flight, struct reconcile_call *call)
{
    take_out(flight, call);
    flight->careful -= flight->careful > 0 ? 1 : 0;
    if (flight_is_ghost(call)) {
        free(call);
        return false;
    }
    return true;
}

/* What a ghost asked nobody will answer but cancelling it, which was done: it executes, or is held. */
static void leave_ghost(struct flight *flight, struct reconcile_call *call)
{
    struct reconcile_call *ghost = alloc_new(sizeof *ghost);
    ghost->id = call->id;
    ghost->limit_ms = call->limit_ms;
    ghost->slice_ms = call->slice_ms;
    list_append(&flight->sent, &ghost->link);
    map_put(&flight->by_id, key_of(&ghost->id), ghost);
    count_in(flight, ghost);
    if (call->held) {
        flight_held(flight, ghost, call->asked_ticks_ms);
    }
}

bool flight_cancel(struct flight *flight, struct reconcile_call *call)
{
    if (flight_find(flight, call->id) != call) {
        list_remove(&call->link);
        return false;
    }
    take_out(flight, call);
    leave_ghost(flight, call);
    return true;
}

int64_t flight_limit_ms(const struct reconcile_call *call)
{
    return call->limit_ms > 0 ? call->limit_ms : RECONCILE_LIMIT_MS;
}

int64_t flight_slice_ms(const struct reconcile_call *call)
{
    return call->slice_ms > 0 ? call->slice_ms : flight_limit_ms(call);
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
        map_done(&flight->by_id);
        flight->by_id = (struct map){0};
        flight->bytes = flight->busy = 0;
    }
}
