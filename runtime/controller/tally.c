/* How its runs went, for people: how many there were, how many failed, what the last error was. A status
 * that was written after each run would double the writes, so it follows soon after the first news and then, for
 * what comes meanwhile, in a while; and only runs that wrote something or failed are news: where all is well
 * and stays so, nothing is written. */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "resource/key.h"

static void tell(struct alarm *alarm)
{
    struct controller *controller = CONTAINER_OF(alarm, struct controller, tally.alarm);
    controller->tally.next_ms = world_ticks_ms(controller->loop->world) + TALLY_PAUSE_MS;
    report_controller(controller);
}

void tally_told(struct controller *controller)
{
    controller->tally.has_news = false;
    world_alarm_clear(controller->loop->world, &controller->tally.alarm);
}

void tally_news(struct controller *controller)
{
    struct world *world = controller->loop->world;
    struct tally *tally = &controller->tally;
    if (!tally->has_news) {
        tally->has_news = true;
        tally->alarm.fire = tell;
        int64_t soon_ms = world_ticks_ms(world) + TALLY_FIRST_MS;
        world_alarm_set(world, &tally->alarm, soon_ms > tally->next_ms ? soon_ms : tally->next_ms);
    }
}

void tally_failure(struct controller *controller, struct text key, const char *message)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct tally *tally = &controller->tally;
    tally->failures++;
    free(tally->error);
    free(tally->object);
    tally->error = alloc_dup(message);
    tally->object = alloc_dup(key_show(&arena, key).ptr);
    tally->error_ms = world_wall_ms(controller->loop->world);
    tally_news(controller);
}

void tally_flush(struct controller *controller)
{
    if (controller->tally.has_news) {
        report_controller(controller);
    }
}

void tally_done(struct controller *controller)
{
    world_alarm_clear(controller->loop->world, &controller->tally.alarm);
    free(controller->tally.error);
    free(controller->tally.object);
}
