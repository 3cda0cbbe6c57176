/* The test bench's own test: what it promises about order and time is what other tests rest on. */
#include "sim/virtual_world.h"
#include "support/suite.h"

struct recorder {
    struct virtual_world v;
    struct alarm alarms[2];
    struct task task;
    struct job job;
    char seen[32];
};

static void note(struct recorder *r, char what)
{
    r->seen[strlen(r->seen)] = what;
}

static void first_fires(struct alarm *alarm)
{
    note(CONTAINER_OF(alarm, struct recorder, alarms[0]), 'a');
}

static void second_fires(struct alarm *alarm)
{
    note(CONTAINER_OF(alarm, struct recorder, alarms[1]), 'b');
}

static void task_runs(struct task *task)
{
    note(CONTAINER_OF(task, struct recorder, task), 't');
}

static void job_works(struct job *job)
{
    note(CONTAINER_OF(job, struct recorder, job), 'w');
}

static void job_done(struct job *job)
{
    note(CONTAINER_OF(job, struct recorder, job), 'd');
}

static struct recorder *recorder_new(void)
{
    struct recorder *r = alloc_new(sizeof *r);
    virtual_world_init(&r->v, 1);
    r->alarms[0].fire = first_fires;
    r->alarms[1].fire = second_fires;
    r->task.run = task_runs;
    r->job.work = job_works;
    r->job.done = job_done;
    return r;
}

static void recorder_free(struct recorder *r)
{
    virtual_world_done(&r->v);
    free(r);
}

static void runs_in_order(void)
{
    struct recorder *r = recorder_new();
    world_offload(&r->v.world, &r->job);
    world_alarm_set(&r->v.world, &r->alarms[0], 0);
    world_soon(&r->v.world, &r->task);
    world_soon(&r->v.world, &r->task);
    CHECK_TEXT(r->seen, "");
    virtual_world_run(&r->v);
    CHECK_TEXT(r->seen, "tawd");
    recorder_free(r);
}

static void time_stops_at_alarms(void)
{
    struct recorder *r = recorder_new();
    int64_t wall = world_wall_ms(&r->v.world);
    world_alarm_set(&r->v.world, &r->alarms[0], 20);
    world_alarm_set(&r->v.world, &r->alarms[1], 10);
    virtual_world_run(&r->v);
    CHECK_TEXT(r->seen, "");
    virtual_world_advance(&r->v, 10);
    CHECK_TEXT(r->seen, "b");
    CHECK(virtual_world_advance_to_alarm(&r->v));
    CHECK_TEXT(r->seen, "ba");
    CHECK_INT(world_ticks_ms(&r->v.world), 20);
    CHECK_INT(world_wall_ms(&r->v.world) - wall, 20);
    CHECK(!virtual_world_advance_to_alarm(&r->v));
    recorder_free(r);
}

static void a_held_lane_waits(void)
{
    struct recorder *r = recorder_new();
    virtual_world_hold(&r->v, LANE_WRITE);
    world_offload(&r->v.world, &r->job);
    virtual_world_run(&r->v);
    CHECK_TEXT(r->seen, "");
    CHECK_INT((long long)virtual_world_waiting(&r->v, LANE_WRITE), 1);
    CHECK(virtual_world_work(&r->v, LANE_WRITE));
    CHECK_TEXT(r->seen, "wd");
    world_offload(&r->v.world, &r->job);
    virtual_world_release(&r->v, LANE_WRITE);
    virtual_world_run(&r->v);
    CHECK_TEXT(r->seen, "wdwd");
    recorder_free(r);
}

static void a_seed_repeats(void)
{
    struct virtual_world a, b;
    virtual_world_init(&a, 7);
    virtual_world_init(&b, 7);
    uint64_t first = world_random(&a.world);
    CHECK(first == world_random(&b.world));
    CHECK(first != world_random(&a.world));
    virtual_world_done(&a);
    virtual_world_done(&b);
}

/* What may come in any order does, and with the same seed in the same. */
static void a_seed_shuffles(void)
{
    char seen[2][32] = {"", ""};
    bool differs = false;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        for (int again = 0; again < 2; again++) {
            struct recorder *r = recorder_new();
            virtual_world_init(&r->v, seed);
            r->v.order = VIRTUAL_SHUFFLED;
            world_offload(&r->v.world, &r->job);
            world_alarm_set(&r->v.world, &r->alarms[0], 0);
            world_alarm_set(&r->v.world, &r->alarms[1], 0);
            world_soon(&r->v.world, &r->task);
            virtual_world_run(&r->v);
            CHECK_INT((long long)strlen(r->seen), 5);
            CHECK(strstr(r->seen, "wd") != NULL);
            differs = differs || (seen[0][0] != '\0' && strcmp(seen[0], r->seen) != 0);
            memcpy(seen[again], r->seen, sizeof r->seen);
            recorder_free(r);
        }
        CHECK_TEXT(seen[1], seen[0]);
    }
    CHECK(differs);
}

SUITE({"tasks run before alarms, alarms before jobs, each asked for once", runs_in_order},
      {"the clock stops at every alarm on its way", time_stops_at_alarms},
      {"jobs of a held lane wait for the test", a_held_lane_waits},
      {"the same seed gives the same numbers", a_seed_repeats},
      {"a seed shuffles what may come in any order", a_seed_shuffles})
