/* How its runs went, for people: how many there were, how many failed, what the last error was. A status
 * that was written after each run would double the writes, so it follows soon after the first news and then, for
 * what comes meanwhile, in a while; and only runs that wrote something or failed are news: where all is well
 * and stays so, nothing is written.
 *
 * A run that blocks where it could have asked holds up all others of its worker, which works on one at a time. How
 * long it did is seen from here: from when the worker could go on with it, and was through with what it did
 * before, to what it says next. One that a thread of the plugin holds keeps nobody
 * waiting, and is not looked at. It is told when it is much longer than anything that was told already. */
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
    free(TAKE(controller->tally.slow));
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

void tally_attended(struct run *run)
{
    run->attended_ms = world_ticks_ms(run->controller->loop->world);
}

static void tally_slow(struct controller *controller, struct text key, int64_t held_ms)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct tally *tally = &controller->tally;
    bool is_news = held_ms >= 2 * tally->longest_ms;
    if (held_ms <= tally->longest_ms) {
        return;
    }
    free(tally->longest_of);
    tally->longest_of = alloc_dup(key_show(&arena, key).ptr);
    tally->longest_ms = held_ms;
    tally->longest_at_ms = world_wall_ms(controller->loop->world);
    if (is_news) {
        struct text told = arena_format(
            &arena,
            "a run over %s held its process for %lld.%lld s, and its other runs wait for so long: "
            "let the host wait (sleep, exec, http), or do less in one run",
            tally->longest_of, (long long)held_ms / 1000, (long long)held_ms / 100 % 10);
        free(tally->slow);
        tally->slow = alloc_dup(told.ptr);
        log_warn(controller->loop->log, LOG_FIELDS({"controller", controller->name}), "%s",
                 tally->slow);
        tally_news(controller);
    }
}

void tally_heard(struct run *run)
{
    struct worker *worker = run->worker;
    int64_t now_ms = world_ticks_ms(run->controller->loop->world);
    int64_t since_ms = run->attended_ms > worker->heard_ms ? run->attended_ms : worker->heard_ms;
    if (run->call.held) {
        return; /* and whoever executes now is heard by itself */
    }
    worker->heard_ms = now_ms;
    if (now_ms - since_ms >= SLOW_RUN_MS) {
        tally_slow(run->controller, run->work->key, now_ms - since_ms);
    }
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
    free(controller->tally.longest_of);
    free(controller->tally.slow);
    free(controller->tally.error);
    free(controller->tally.object);
}
