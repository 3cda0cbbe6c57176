/* Between the files of misbehaving.so. */
#ifndef HOSTILE_PLUGINS_MISBEHAVING_H
#define HOSTILE_PLUGINS_MISBEHAVING_H

#include <stdint.h>

#include "hostile/plugins/misdeeds.h"

struct tend_call;

struct deed {
    struct tend_call *call;
    uint64_t chance;
};

/* The next number that chance gives it. */
static inline uint64_t draw(struct deed *deed)
{
    deed->chance ^= deed->chance << 13;
    deed->chance ^= deed->chance >> 7;
    deed->chance ^= deed->chance << 17;
    return deed->chance;
}

/* One function for each of misdeeds.h: what a process can do to itself is in misbehaving_alone.c, what it
 * can say to others in misbehaving_loud.c. */
#define DECLARE(name, function, fate, share) void function(struct deed *deed);
MISDEEDS(DECLARE)
#undef DECLARE

#endif
