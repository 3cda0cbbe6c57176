/* What is resident, not what was at most: a run that needed much and gave it back is no leak. */
#include "engine/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

enum { LOOK_PAUSE_NS = 1000 * 1000 * 1000 };

void memory_watch_open(struct memory_watch *watch)
{
    *watch = (struct memory_watch){.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
}

/* The second number, in pages; 0 where there is none. */
static uint64_t resident(const struct memory_watch *watch)
{
    char text[128];
    ssize_t got = pread(watch->statm, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    const char *space = strchr(text, ' ');
    return space == NULL ? 0 : strtoull(space, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool memory_has_grown(struct memory_watch *watch, int64_t now_ns, char *why, size_t size)
{
    bool is_first = watch->first_bytes == 0;
    if (watch->statm < 0 || (!is_first && now_ns - watch->looked_ns < LOOK_PAUSE_NS)) {
        return false;
    }
    uint64_t bytes = resident(watch);
    watch->looked_ns = now_ns;
    watch->first_bytes = is_first ? bytes : watch->first_bytes;
    if (bytes < RUNNER_GROWN_MIN || bytes < 2 * watch->first_bytes) {
        return false;
    }
    snprintf(
        why, size,
        "recycled: its memory has grown from %llu MiB to %llu MiB; does the plugin free what it allocates?",
        (unsigned long long)(watch->first_bytes / MIB), (unsigned long long)(bytes / MIB));
    return true;
}
