/* How long a host waits for its runner: what is out, what the shared page says, and the time. [core]
 *
 * A call that executes longer than its slice_ms and a grace without a wait is stuck, and so is a runner
 * that executes nothing, and begins nothing, while calls lie before it. A lane whose call has a question
 * open blocks for its answer: that is no slice, and only the call's own limit ends it. A call whose limit_ms is over since it asked first is
 * overdue: it is told, and stuck where it has not ended a grace later. What never asks has one slice,
 * which is its whole time.
 */
#ifndef RUNNER_PATIENCE_H
#define RUNNER_PATIENCE_H

#include "protocol/page.h"
#include "runner/flight.h"

struct patience {
    struct {
        uint64_t slices; /* as the page said when it was looked at last ... */
        int64_t seen_ms; /* ... and when it said so first, ticks */
    } lanes[RUNNER_LANES_MAX];
};

struct patience_look {
    const struct flight *flight;
    const struct page *page;
    int64_t now_ms, grace_ms; /* ticks: the page's clock */
};

/* From now on something is expected of it, and nothing was before: how long it lay still until now says
 * nothing. */
void patience_begin(struct patience *patience, const struct patience_look *look);

/* Why a runner is stuck: whose fault that is (0: nobody's), and what it did not keep. */
struct patience_end {
    uint64_t call;
    int64_t limit_ms;
    bool held; /* by a thread of the plugin that does not finish it */
};

/* Is the runner stuck? */
bool patience_is_over(struct patience *patience, const struct patience_look *look,
                      struct patience_end *ret_end);

/* Is `call` overdue and was not told yet? */
bool patience_overdue(const struct reconcile_call *call, int64_t now_ms);

/* When to look again, ticks; INT64_MAX: nothing is out that anything is expected of. */
int64_t patience_next(struct patience *patience, const struct patience_look *look);

#endif
