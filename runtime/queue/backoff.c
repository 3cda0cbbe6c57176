/* Doubling is done by a loop that stops at the cap, so no number of failures overflows. The jitter is
 * applied after the cap: at the cap, too, keys must not march in step. */
#include "queue/backoff.h"

#include <assert.h>

#include "base/limits.h"

int64_t backoff_ms(unsigned failures, uint64_t random)
{
    assert(failures >= 1);
    int64_t delay_ms = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < failures && delay_ms < BACKOFF_MAX_MS; i++) {
        delay_ms *= 2;
    }
    if (delay_ms > BACKOFF_MAX_MS) {
        delay_ms = BACKOFF_MAX_MS;
    }
    int64_t spread_ms = delay_ms * BACKOFF_JITTER_PERCENT / 100;
    return delay_ms - spread_ms + (int64_t)(random % (uint64_t)(2 * spread_ms + 1));
}
