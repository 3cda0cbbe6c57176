/* The page is written by the other side, which may be hostile: that a slice began just now is believed
 * only where the count of slices has moved as well. Moments are looked at, not waited for one by one:
 * ten thousand calls that wait have one alarm. */
#include "runner/patience.h"

#include "base/limits.h"

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct slice {
    bool executing;
    uint64_t count, call;
    int64_t began_ms;
};

static struct slice read_page(const struct page *page)
{
    uint64_t count = atomic_load_explicit(&page->slices, memory_order_acquire);
    int64_t began_ms = atomic_load_explicit(&page->began_ms, memory_order_relaxed);
    return (struct slice){
        .executing = count % 2 == 1,
        .count = count,
        .call = atomic_load_explicit(&page->executing, memory_order_relaxed),
        .began_ms = began_ms < 0 ? 0 : began_ms, /* no clock says so, and sums would overflow */
    };
}

/* The one whose turn it is where none executes: calls are executed in the order in which they are sent. */
static const struct reconcile_call *find_next(const struct flight *flight)
{
    LIST_FOREACH (link, &flight->sent) {
        const struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
        if (call->open == 0) {
            return call;
        }
    }
    return NULL;
}

/* What executes; NULL where nothing does, or where the page names what is not out. */
static const struct reconcile_call *find_executing(const struct flight *flight,
                                                   const struct slice *slice)
{
    return slice->executing ? flight_find(flight, slice->call) : NULL;
}

static int64_t slice_limit_ms(const struct flight *flight, const struct slice *slice)
{
    const struct reconcile_call *call = find_executing(flight, slice);
    call = call == NULL ? find_next(flight) : call;
    return call == NULL ? RECONCILE_LIMIT_MS : flight_slice_ms(call);
}

/* Since when nothing has moved. */
static int64_t still_since_ms(const struct patience *patience, const struct slice *slice,
                              int64_t now_ms)
{
    int64_t since_ms = slice->count == patience->slices ? patience->seen_ms : now_ms;
    return slice->executing ? sooner(since_ms, slice->began_ms) : since_ms;
}

void patience_begin(struct patience *patience, const struct patience_look *look)
{
    *patience = (struct patience){read_page(look->page).count, look->now_ms};
}

static int64_t due_ms(const struct reconcile_call *call, int64_t grace_ms)
{
    return call->asked_ticks_ms + flight_limit_ms(call) + (call->is_over ? grace_ms : 0);
}

bool patience_overdue(const struct reconcile_call *call, int64_t now_ms)
{
    return call->asked_ticks_ms > 0 && !call->is_over && due_ms(call, 0) <= now_ms;
}

/* A call that was told that its time is over, and does not end. */
static const struct reconcile_call *find_deaf(const struct patience_look *look)
{
    LIST_FOREACH (link, &look->flight->sent) {
        const struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
        if (call->is_over && due_ms(call, look->grace_ms) <= look->now_ms) {
            return call;
        }
    }
    return NULL;
}

bool patience_is_over(struct patience *patience, const struct patience_look *look,
                      uint64_t *ret_call, int64_t *ret_limit_ms)
{
    struct slice slice = read_page(look->page);
    const struct reconcile_call *executing = find_executing(look->flight, &slice);
    int64_t since_ms = still_since_ms(patience, &slice, look->now_ms);
    int64_t limit_ms = slice_limit_ms(look->flight, &slice);
    *patience = (struct patience){slice.count, since_ms};
    if (look->flight->busy > 0 && look->now_ms - since_ms >= limit_ms + look->grace_ms) {
        *ret_call = executing != NULL ? executing->id : 0;
        *ret_limit_ms = limit_ms;
        return true;
    }
    const struct reconcile_call *deaf = find_deaf(look);
    if (deaf != NULL) {
        *ret_call = executing != NULL ? executing->id : deaf->id;
        *ret_limit_ms = flight_limit_ms(deaf);
    }
    return deaf != NULL;
}

int64_t patience_next(const struct patience *patience, const struct patience_look *look)
{
    struct slice slice = read_page(look->page);
    int64_t next_ms = INT64_MAX;
    if (look->flight->busy > 0) {
        next_ms = still_since_ms(patience, &slice, look->now_ms) +
                  slice_limit_ms(look->flight, &slice) + look->grace_ms;
    }
    LIST_FOREACH (link, &look->flight->sent) {
        const struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
        if (call->asked_ticks_ms > 0) {
            next_ms = sooner(next_ms, due_ms(call, look->grace_ms));
        }
    }
    return next_ms;
}
