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
    uint64_t count;
    const struct reconcile_call *call; /* NULL: none executes, or the page names what is not out */
    int64_t since_ms;                  /* nothing has moved */
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The one whose turn it is where none executes: calls are begun in the order in which they are sent. */
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

static struct slice read_slice(const struct patience *patience, const struct patience_look *look,
                               size_t lane)
{
    const struct page_lane *slot = &look->page->lanes[lane];
    uint64_t count = atomic_load_explicit(&slot->slices, memory_order_acquire);
    int64_t began_ms = atomic_load_explicit(&slot->began_ms, memory_order_relaxed);
    uint64_t id = atomic_load_explicit(&slot->executing, memory_order_relaxed);
    struct slice slice = {
        .executing = count % 2 == 1,
        .count = count,
        .call = count % 2 == 1 ? flight_find(look->flight, id) : NULL,
        .since_ms =
            count == patience->lanes[lane].slices ? patience->lanes[lane].seen_ms : look->now_ms,
    };
    began_ms = began_ms < 0 ? 0 : began_ms; /* no clock says so, and sums would overflow */
    slice.since_ms = slice.executing ? sooner(slice.since_ms, began_ms) : slice.since_ms;
    slice.since_ms =
        slice.call == NULL ? slice.since_ms : later(slice.since_ms, slice.call->resumed_ticks_ms);
    return slice;
}

/* It blocks in its call for an answer, which the host owes it. */
static bool is_waiting(const struct slice *slice)
{
    return slice->call != NULL && slice->call->open > 0;
}

static int64_t slice_limit_ms(const struct flight *flight, const struct slice *slice)
{
    const struct reconcile_call *call = slice->call == NULL ? find_next(flight) : slice->call;
    return call == NULL ? RECONCILE_LIMIT_MS : flight_slice_ms(call);
}

/* What all lanes say together. */
struct sight {
    unsigned executing;       /* lanes, those that wait included */
    unsigned running;         /* lanes that do not wait */
    int64_t due_ms, limit_ms; /* it is stuck then, for what was not kept; INT64_MAX: never */
    const struct reconcile_call *call; /* whose fault that is; NULL: nobody's */
};

static void see_slice(struct sight *sight, const struct patience_look *look,
                      const struct slice *slice)
{
    int64_t limit_ms = slice_limit_ms(look->flight, slice);
    int64_t due_ms = slice->since_ms + limit_ms + look->grace_ms;
    if (due_ms < sight->due_ms) {
        sight->due_ms = due_ms;
        sight->limit_ms = limit_ms;
        sight->call = slice->call;
    }
}

/* What was seen is noted in `patience`. Where no lane executes, the one that moved last counts. */
static struct sight look_at(struct patience *patience, const struct patience_look *look)
{
    struct sight sight = {.due_ms = INT64_MAX};
    struct slice still = {.since_ms = 0};
    for (size_t lane = 0; lane < RUNNER_LANES_MAX; lane++) {
        struct slice slice = read_slice(patience, look, lane);
        patience->lanes[lane].slices = slice.count;
        patience->lanes[lane].seen_ms = slice.since_ms;
        still.since_ms = later(still.since_ms, slice.since_ms);
        sight.executing += slice.executing ? 1 : 0;
        if (slice.executing && !is_waiting(&slice)) {
            sight.running++;
            see_slice(&sight, look, &slice);
        }
    }
    if (sight.executing == 0) {
        see_slice(&sight, look, &still);
    }
    return sight;
}

void patience_begin(struct patience *patience, const struct patience_look *look)
{
    for (size_t lane = 0; lane < RUNNER_LANES_MAX; lane++) {
        patience->lanes[lane].slices =
            atomic_load_explicit(&look->page->lanes[lane].slices, memory_order_acquire);
        patience->lanes[lane].seen_ms = look->now_ms;
    }
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

/* Who keeps a deaf call from ending: on a lone thread that may be another one. */
static const struct reconcile_call *find_cause(const struct patience_look *look,
                                               const struct sight *sight,
                                               const struct reconcile_call *deaf)
{
    bool lone = atomic_load_explicit(&look->page->lanes[1].thread, memory_order_relaxed) == 0;
    return lone && !deaf->held && sight->running > 0 && sight->call != NULL ? sight->call : deaf;
}

bool patience_is_over(struct patience *patience, const struct patience_look *look,
                      struct patience_end *ret_end)
{
    struct sight sight = look_at(patience, look);
    if (look->flight->busy > 0 && look->now_ms >= sight.due_ms) {
        *ret_end =
            (struct patience_end){sight.call == NULL ? 0 : sight.call->id, sight.limit_ms, false};
        return true;
    }
    const struct reconcile_call *deaf = find_deaf(look);
    if (deaf != NULL) {
        *ret_end = (struct patience_end){find_cause(look, &sight, deaf)->id, flight_limit_ms(deaf),
                                         deaf->held};
    }
    return deaf != NULL;
}

/* What waits for a lane may begin, and hang, at any time. */
static int64_t next_slice_ms(struct patience *patience, const struct patience_look *look)
{
    struct sight sight = look_at(patience, look);
    bool queued = sight.executing > 0 && look->flight->busy > sight.running;
    return queued ? sooner(sight.due_ms, look->now_ms + QUEUED_LOOK_MS) : sight.due_ms;
}

int64_t patience_next(struct patience *patience, const struct patience_look *look)
{
    int64_t next_ms = look->flight->busy > 0 ? next_slice_ms(patience, look) : INT64_MAX;
    LIST_FOREACH (link, &look->flight->sent) {
        const struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
        if (call->asked_ticks_ms > 0) {
            next_ms = sooner(next_ms, due_ms(call, look->grace_ms));
        }
    }
    return next_ms;
}
