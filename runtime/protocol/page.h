/* The page that a runner shares with its host: the call that it executes, or executed last, so that
 * a death is charged to that one. A memfd of PAGE_BYTES, mapped by both; only the runner writes.
 */
#ifndef PROTOCOL_PAGE_H
#define PROTOCOL_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096 };

struct page {
    _Atomic uint64_t executing; /* 0: none yet */
};

/* The descriptors that a runner is born with. */
enum { RUNNER_FD_SOCKET = 3, RUNNER_FD_PAGE = 4 };

#endif
