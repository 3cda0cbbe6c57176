/* The page that a runner shares with its host. For each lane, a thread that runs calls, it says which call that
 * executes, or executed last, so that a death is charged to it; and since when, so that a hang is seen. And it
 * says which thread died, where that could still be noted, and why the runner ended itself. A memfd of
 * PAGE_BYTES, mapped by both; only the runner writes, and what it writes is believed only where it harms
 * itself: a plugin can accuse another object of its own, and nobody else.
 *
 * A runner whose calls all run on one thread has one lane, the first.
 */
#ifndef PROTOCOL_PAGE_H
#define PROTOCOL_PAGE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/limits.h"

enum { PAGE_BYTES = 4096 };

struct page_lane {
    alignas(64) _Atomic uint64_t executing; /* 0: none yet; lanes share no line of a cache */
    _Atomic uint64_t slices;  /* beginnings and ends of slices: odd while one executes */
    _Atomic int64_t began_ms; /* of the slice, CLOCK_MONOTONIC */
    _Atomic int32_t thread;   /* as gettid says; 0: there is no such lane */
};

struct page {
    struct page_lane lanes[RUNNER_LANES_MAX];
    _Atomic int32_t
        died; /* the thread that a fatal signal was for, or that called exit; 0: not known */
    char last_words[512]; /* a sentence; "": it did not end itself */
};
_Static_assert(sizeof(struct page) <= PAGE_BYTES, "the page is one");

static inline void page_begin_slice(struct page_lane *lane, uint64_t call, int64_t now_ms)
{
    atomic_store_explicit(&lane->executing, call, memory_order_relaxed);
    atomic_store_explicit(&lane->began_ms, now_ms, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->slices, 1, memory_order_release);
}

static inline void page_end_slice(struct page_lane *lane)
{
    atomic_fetch_add_explicit(&lane->slices, 1, memory_order_release);
}

/* The descriptors that a runner is born with. */
enum { RUNNER_FD_SOCKET = 3, RUNNER_FD_PAGE = 4 };

#endif
