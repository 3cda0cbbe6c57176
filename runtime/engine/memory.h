/* How much memory this process has, so that one which leaks is opened anew while it is idle, before it dies of
 * its limit in the middle of somebody's call. */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_watch {
    int statm; /* the kernel's count of it, which a confined process cannot open any more; -1: none */
    uint64_t first_bytes; /* resident when it was looked at first; 0: not yet */
    int64_t looked_ns;    /* ... and last */
};

/* Before the process is confined. */
void memory_watch_open(struct memory_watch *watch);

/* Has it become twice as large as at the first look, and larger than RUNNER_GROWN_MIN? Then `why` is a sentence.
 * Looks once a second at most; `now_ns`: of any clock that does not jump. */
bool memory_has_grown(struct memory_watch *watch, int64_t now_ns, char *why, size_t size);

#endif
