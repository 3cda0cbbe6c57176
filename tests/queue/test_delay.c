#include "base/alloc.h"
#include "base/limits.h"
#include "queue/delay.h"
#include "sim/virtual_world.h"
#include "support/suite.h"

struct bench {
    struct virtual_world v;
    struct delays delays;
    size_t fired;
    int64_t fired_ms; /* when the last one did */
    const struct delay *last;
    int64_t repeat_ms; /* set the delay again from inside; 0: not */
};

static void due(struct delays *delays, struct delay *delay)
{
    struct bench *bench = CONTAINER_OF(delays, struct bench, delays);
    bench->fired++;
    bench->fired_ms = bench->v.now_ms;
    bench->last = delay;
    if (bench->repeat_ms > 0) {
        delay_set(delays, delay, bench->repeat_ms);
    }
}

static void setup(struct bench *bench)
{
    *bench = (struct bench){0};
    virtual_world_init(&bench->v, 1);
    delays_init(&bench->delays, &bench->v.world, due);
}

static void teardown(struct bench *bench)
{
    delays_done(&bench->delays);
    virtual_world_done(&bench->v);
}

static void fires_on_time(void)
{
    struct bench bench;
    setup(&bench);
    struct delay a = {0}, b = {0};
    delay_set(&bench.delays, &a, 300);
    delay_set(&bench.delays, &b, 100);
    virtual_world_advance(&bench.v, 99);
    CHECK_INT(bench.fired, 0);
    virtual_world_advance(&bench.v, 1);
    CHECK_INT(bench.fired, 1);
    CHECK(bench.last == &b);
    virtual_world_advance(&bench.v, 1000);
    CHECK_INT(bench.fired, 2);
    CHECK_INT(bench.fired_ms, 300);
    CHECK(!delay_is_set(&a) && !delay_is_set(&b));
    teardown(&bench);
}

/* A moment that nobody lives to see is after all others, and not before them. */
static void waits_for_ever(void)
{
    struct bench bench;
    setup(&bench);
    struct delay a = {0}, b = {0};
    virtual_world_advance(&bench.v, 1000);
    delay_set(&bench.delays, &a, INT64_MAX);
    delay_set(&bench.delays, &b, 100);
    virtual_world_advance(&bench.v, 100);
    CHECK_INT(bench.fired, 1);
    CHECK(bench.last == &b);
    delay_clear(&bench.delays, &a);
    teardown(&bench);
}

static void earlier_wins(void)
{
    struct bench bench;
    setup(&bench);
    struct delay a = {0};
    delay_set(&bench.delays, &a, 300);
    delay_set(&bench.delays, &a, 500); /* not later */
    virtual_world_advance(&bench.v, 100);
    delay_set(&bench.delays, &a, 50); /* but earlier */
    virtual_world_advance(&bench.v, 1000);
    CHECK_INT(bench.fired, 1);
    CHECK_INT(bench.fired_ms, 150);
    teardown(&bench);
}

static void clears(void)
{
    struct bench bench;
    setup(&bench);
    struct delay a = {0}, b = {0};
    delay_clear(&bench.delays, &a);
    delay_set(&bench.delays, &a, 10);
    delay_set(&bench.delays, &b, 20);
    delay_clear(&bench.delays, &a);
    virtual_world_advance(&bench.v, 15);
    CHECK_INT(bench.v.alarms_fired, 0);
    delay_clear(&bench.delays, &b);
    CHECK(!virtual_world_advance_to_alarm(&bench.v));
    CHECK_INT(bench.fired, 0);
    teardown(&bench);
}

static void sets_anew_from_inside(void)
{
    struct bench bench;
    setup(&bench);
    struct delay a = {0};
    bench.repeat_ms = 10;
    delay_set(&bench.delays, &a, 10);
    virtual_world_advance(&bench.v, 105);
    CHECK_INT(bench.fired, 10);
    teardown(&bench);
}

static void serves_a_crowd_in_slices(void)
{
    struct bench bench;
    setup(&bench);
    enum { CROWD = DELAY_SLICE * 3 + 5 };
    struct delay *crowd = alloc_array(CROWD, sizeof *crowd);
    for (size_t i = 0; i < CROWD; i++) {
        delay_set(&bench.delays, &crowd[i], 7);
    }
    virtual_world_advance(&bench.v, 7);
    CHECK_INT(bench.fired, CROWD);
    CHECK_INT(bench.v.alarms_fired, 4);
    free(crowd);
    teardown(&bench);
}

SUITE({"fires each delay at its moment", fires_on_time},
      {"waits for ever, and holds nobody up", waits_for_ever},
      {"keeps the earlier of two moments", earlier_wins},
      {"fires nothing that was cleared, and sets no alarm for nothing", clears},
      {"may be set anew while it fires", sets_anew_from_inside},
      {"serves what is due together in slices", serves_a_crowd_in_slices})
