/* What is said by the one that died goes before what is seen of all. */
#include "runner/blame.h"

/* NULL: nothing that is out executes there. */
static const struct reconcile_call *executing_on(const struct flight *flight,
                                                 const struct page_lane *lane)
{
    bool executes = atomic_load_explicit(&lane->slices, memory_order_acquire) % 2 == 1;
    return executes ? flight_find(flight, atomic_load(&lane->executing)) : NULL;
}

/* NULL: a thread that is no lane, or nobody knows. */
static const struct page_lane *lane_of(const struct page *page, int32_t thread)
{
    for (size_t i = 0; i < RUNNER_LANES_MAX; i++) {
        if (thread != 0 && atomic_load(&page->lanes[i].thread) == thread) {
            return &page->lanes[i];
        }
    }
    return NULL;
}

uint64_t blame_begun(const struct page *page)
{
    uint64_t begun = 0;
    for (size_t i = 0; i < RUNNER_LANES_MAX; i++) {
        uint64_t id = atomic_load_explicit(&page->lanes[i].executing, memory_order_acquire);
        begun = id > begun ? id : begun;
    }
    return begun;
}

const struct reconcile_call *blame_held(const struct flight *flight)
{
    const struct reconcile_call *found = NULL;
    LIST_FOREACH (link, &flight->sent) {
        const struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
        if (call->held && (found == NULL || call->asked_ticks_ms < found->asked_ticks_ms)) {
            found = call;
        }
    }
    return found;
}

/* By what is seen of all lanes: the one that does not wait, or that all of them do. */
static bool find_among_all(const struct flight *flight, const struct page *page, uint64_t *ret_call)
{
    unsigned executing = 0, running = 0;
    *ret_call = 0;
    for (size_t i = 0; i < RUNNER_LANES_MAX; i++) {
        const struct reconcile_call *call = executing_on(flight, &page->lanes[i]);
        executing += call != NULL ? 1 : 0;
        if (call != NULL && call->open == 0) {
            running++;
            *ret_call = call->id;
        }
    }
    return running == 1 || (running == 0 && executing > 0);
}

bool blame_find(const struct flight *flight, const struct page *page, uint64_t *ret_call)
{
    int32_t died = atomic_load(&page->died);
    const struct page_lane *lane = lane_of(page, died);
    const struct reconcile_call *call = NULL;
    if (lane != NULL) {
        call = executing_on(flight, lane); /* with a question open: it did not die of waiting */
    } else if (died != 0) {
        call = blame_held(flight);
    }
    if (call != NULL) {
        *ret_call = call->id;
        return true;
    }
    return lane == NULL && find_among_all(flight, page, ret_call);
}
