/* Many moments on one alarm.
 *
 * A delay is embedded in what waits. The earlier one wins: setting a delay that is set already can only
 * bring it forward. With none set, no alarm is set.
 */
#ifndef QUEUE_DELAY_H
#define QUEUE_DELAY_H

#include <stdbool.h>

#include "base/heap.h"
#include "base/world.h"

/* A zeroed one is clear. */
struct delay {
    struct heap_node node;
};

struct delays {
    struct world *world;
    struct heap heap;
    struct alarm alarm;
    /* `delay` is due, and clear again; it may be set anew from inside. */
    void (*due)(struct delays *delays, struct delay *delay);
};

void delays_init(struct delays *delays, struct world *world,
                 void (*due)(struct delays *delays, struct delay *delay));
void delays_done(struct delays *delays); /* what is set is forgotten */

/* Due `delay_ms` (0 or more; a century where it is longer) from now, or when it is due already, whichever is earlier. */
void delay_set(struct delays *delays, struct delay *delay, int64_t delay_ms);
void delay_clear(struct delays *delays, struct delay *delay); /* harmless where it is clear */

static inline bool delay_is_set(const struct delay *delay)
{
    return heap_holds(&delay->node);
}

#endif
