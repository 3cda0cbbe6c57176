/* A heap and the alarm of its earliest element.
 *
 * What is due at once is called in slices of DELAY_SLICE, so that a hundred thousand keys that come due
 * together do not hold the loop; the alarm, set to a moment that has passed, continues in the next step.
 */
#include "queue/delay.h"

#include <assert.h>

#include "base/limits.h"
#include "base/moment.h"

static void arm(struct delays *delays)
{
    struct heap_node *first = heap_first(&delays->heap);
    if (first == NULL) {
        world_alarm_clear(delays->world, &delays->alarm);
    } else {
        world_alarm_set(delays->world, &delays->alarm, first->due);
    }
}

static void fire(struct alarm *alarm)
{
    struct delays *delays = CONTAINER_OF(alarm, struct delays, alarm);
    int64_t now_ms = world_ticks_ms(delays->world);
    for (unsigned i = 0; i < DELAY_SLICE; i++) {
        struct heap_node *first = heap_first(&delays->heap);
        if (first == NULL || first->due > now_ms) {
            break;
        }
        heap_remove(&delays->heap, first);
        delays->due(delays, CONTAINER_OF(first, struct delay, node));
    }
    arm(delays);
}

void delays_init(struct delays *delays, struct world *world,
                 void (*due)(struct delays *delays, struct delay *delay))
{
    *delays = (struct delays){.world = world, .alarm.fire = fire, .due = due};
}

void delays_done(struct delays *delays)
{
    world_alarm_clear(delays->world, &delays->alarm);
    heap_done(&delays->heap);
}

void delay_set(struct delays *delays, struct delay *delay, int64_t delay_ms)
{
    assert(delay_ms >= 0);
    int64_t after_ms = delay_ms < DURATION_MAX_MS ? delay_ms : DURATION_MAX_MS;
    int64_t due_ms = world_ticks_ms(delays->world) + after_ms;
    if (delay_is_set(delay) && delay->node.due <= due_ms) {
        return;
    }
    heap_add(&delays->heap, &delay->node, due_ms);
    if (heap_first(&delays->heap) == &delay->node) {
        arm(delays);
    }
}

void delay_clear(struct delays *delays, struct delay *delay)
{
    bool first = heap_first(&delays->heap) == &delay->node;
    heap_remove(&delays->heap, &delay->node);
    if (first) {
        arm(delays);
    }
}
