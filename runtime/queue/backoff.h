/* How long to wait after the n-th failure in a row: exponential, with jitter, capped.
 *
 * Jitter keeps keys that failed together (a service that is down) from coming back together.
 */
#ifndef QUEUE_BACKOFF_H
#define QUEUE_BACKOFF_H

#include <stdint.h>

/* Milliseconds to wait after `failures` (>= 1) failures in a row: BACKOFF_FIRST_MS doubled with each,
 * at most BACKOFF_MAX_MS, then up to BACKOFF_JITTER_PERCENT more or less as `random` says. */
int64_t backoff_ms(unsigned failures, uint64_t random);

#endif
