/* The page that a runner shares with its host: the call that it executes, or executed last, so that
 * a death is charged to that one; since when, so that a hang is seen; and why it ended itself. A memfd
 * of PAGE_BYTES, mapped by both; only the runner writes, and what it writes is believed only where it
 * harms itself: a plugin can accuse another object of its own, and nobody else.
 */
#ifndef PROTOCOL_PAGE_H
#define PROTOCOL_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096 };

struct page {
    _Atomic uint64_t executing; /* 0: none yet */
    _Atomic uint64_t slices;    /* beginnings and ends of slices: odd while one executes */
    _Atomic int64_t began_ms;   /* of the slice, CLOCK_MONOTONIC */
    char last_words[512];       /* a sentence; "": it did not end itself */
};

/* The descriptors that a runner is born with. */
enum { RUNNER_FD_SOCKET = 3, RUNNER_FD_PAGE = 4 };

#endif
