/* Virtual time: a heap of alarms, a list of tasks, a list of jobs for each lane, and one function that
 * takes the next thing from them. A job's work and done run back to back; whoever wants to see the
 * time between holds the lane. */
#include "sim/virtual_world.h"

#include <stdio.h>
#include <stdlib.h>

static struct virtual_world *of(struct world *world)
{
    return CONTAINER_OF(world, struct virtual_world, world);
}

static int64_t wall_ms(struct world *world)
{
    return of(world)->now_ms + of(world)->wall_ahead;
}

static int64_t ticks_ns(struct world *world)
{
    return of(world)->now_ms * 1000000;
}

/* splitmix64 (public domain, Sebastiano Vigna): every seed gives a good sequence. */
static uint64_t random_next(struct world *world)
{
    uint64_t z = of(world)->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void alarm_set(struct world *world, struct alarm *alarm, int64_t due_ticks_ms)
{
    heap_add(&of(world)->alarms, &alarm->node, due_ticks_ms);
}

static void alarm_clear(struct world *world, struct alarm *alarm)
{
    heap_remove(&of(world)->alarms, &alarm->node);
}

static void soon(struct world *world, struct task *task)
{
    if (!list_linked(&task->link)) {
        list_append(&of(world)->tasks, &task->link);
    }
}

static void offload(struct world *world, struct job *job)
{
    list_append(&of(world)->jobs[job->lane], &job->link);
}

static enum tend_code watch_fd(struct world *world, struct readiness *readiness, unsigned events,
                               struct error *err)
{
    (void)world, (void)readiness, (void)events;
    return FAIL(err, TEND_UNAVAILABLE, "there are no descriptors in virtual time");
}

static void unwatch_fd(struct world *world, struct readiness *readiness)
{
    (void)world, (void)readiness;
}

static enum tend_code spawn(struct world *world, struct child *child, const struct child_spec *spec,
                            struct error *err)
{
    (void)world, (void)child, (void)spec;
    return FAIL(err, TEND_UNAVAILABLE, "there are no child processes in virtual time");
}

static void no_kill(struct world *world, struct child *child, int signal)
{
    (void)world, (void)child, (void)signal;
}

static void no_abandon(struct world *world, struct child *child)
{
    (void)world, (void)child;
}

static enum tend_code start_thread(struct world *world, struct thread *thread, struct error *err)
{
    (void)world, (void)thread;
    return FAIL(err, TEND_UNAVAILABLE, "there are no threads in virtual time");
}

static const struct world_ops ops = {
    .wall_ms = wall_ms,
    .ticks_ns = ticks_ns,
    .random = random_next,
    .alarm_set = alarm_set,
    .alarm_clear = alarm_clear,
    .soon = soon,
    .offload = offload,
    .watch_fd = watch_fd,
    .unwatch_fd = unwatch_fd,
    .spawn = spawn,
    .kill = no_kill,
    .abandon = no_abandon,
    .start_thread = start_thread,
};

void virtual_world_init(struct virtual_world *v, uint64_t seed)
{
    *v = (struct virtual_world){
        .world.ops = &ops, .wall_ahead = VIRTUAL_WALL_START_MS, .seed = seed};
    list_init(&v->tasks);
    for (int lane = 0; lane < LANES; lane++) {
        list_init(&v->jobs[lane]);
    }
}

void virtual_world_done(struct virtual_world *v)
{
    for (struct heap_node *first; (first = heap_first(&v->alarms)) != NULL;) {
        heap_remove(&v->alarms, first);
    }
    while (list_pop(&v->tasks) != NULL) {
    }
    for (int lane = 0; lane < LANES; lane++) {
        while (list_pop(&v->jobs[lane]) != NULL) {
        }
    }
    heap_done(&v->alarms);
}

static bool run_task(struct virtual_world *v)
{
    struct list *link = list_pop(&v->tasks);
    if (link == NULL) {
        return false;
    }
    struct task *task = CONTAINER_OF(link, struct task, link);
    task->run(task);
    return true;
}

static bool fire_alarm(struct virtual_world *v)
{
    struct heap_node *first = heap_first(&v->alarms);
    if (first == NULL || first->due > v->now_ms) {
        return false;
    }
    heap_remove(&v->alarms, first);
    struct alarm *alarm = CONTAINER_OF(first, struct alarm, node);
    v->alarms_fired++;
    alarm->fire(alarm);
    return true;
}

bool virtual_world_work(struct virtual_world *v, enum job_lane lane)
{
    struct list *link = list_pop(&v->jobs[lane]);
    if (link == NULL) {
        return false;
    }
    struct job *job = CONTAINER_OF(link, struct job, link);
    job->work(job);
    job->done(job);
    return true;
}

/* Some alarms that are due, the one to fire put first; the others are set again. */
static bool fire_any_alarm(struct virtual_world *v)
{
    struct heap_node *due[8];
    size_t count = 0;
    for (struct heap_node *first = heap_first(&v->alarms);
         first != NULL && first->due <= v->now_ms && count < COUNT_OF(due);
         first = heap_first(&v->alarms)) {
        heap_remove(&v->alarms, first);
        due[count++] = first;
    }
    if (count == 0) {
        return false;
    }
    size_t chosen = (size_t)(random_next(&v->world) % count);
    for (size_t i = 0; i < count; i++) {
        if (i != chosen) {
            heap_add(&v->alarms, due[i], due[i]->due);
        }
    }
    v->alarms_fired++;
    struct alarm *alarm = CONTAINER_OF(due[chosen], struct alarm, node);
    alarm->fire(alarm);
    return true;
}

enum { WAYS = 2 + LANES }; /* a task, an alarm, a job of each lane */

static bool go_way(struct virtual_world *v, unsigned way)
{
    switch (way) {
    case 0:
        return run_task(v);
    case 1:
        return fire_any_alarm(v);
    default:
        return !v->held[way - 2] && virtual_world_work(v, (enum job_lane)(way - 2));
    }
}

static bool step_anyhow(struct virtual_world *v)
{
    unsigned first = (unsigned)(random_next(&v->world) % WAYS);
    for (unsigned i = 0; i < WAYS; i++) {
        if (go_way(v, (first + i) % WAYS)) {
            return true;
        }
    }
    return false;
}

bool virtual_world_step(struct virtual_world *v)
{
    if (v->order == VIRTUAL_SHUFFLED) {
        return step_anyhow(v);
    }
    if (run_task(v) || fire_alarm(v)) {
        return true;
    }
    for (int lane = 0; lane < LANES; lane++) {
        if (!v->held[lane] && virtual_world_work(v, (enum job_lane)lane)) {
            return true;
        }
    }
    return false;
}

void virtual_world_run(struct virtual_world *v)
{
    for (unsigned steps = 0; virtual_world_step(v); steps++) {
        if (steps == VIRTUAL_STEPS_MAX) {
            fputs("virtual world: does not come to rest\n", stderr);
            abort();
        }
    }
}

void virtual_world_advance(struct virtual_world *v, int64_t ms)
{
    int64_t until = v->now_ms + ms;
    virtual_world_run(v);
    for (struct heap_node *next = heap_first(&v->alarms); next != NULL && next->due <= until;
         next = heap_first(&v->alarms)) {
        v->now_ms = next->due;
        virtual_world_run(v);
    }
    v->now_ms = until;
}

bool virtual_world_advance_to_alarm(struct virtual_world *v)
{
    virtual_world_run(v);
    struct heap_node *next = heap_first(&v->alarms);
    if (next == NULL) {
        return false;
    }
    v->now_ms = next->due;
    virtual_world_run(v);
    return true;
}

void virtual_world_hold(struct virtual_world *v, enum job_lane lane)
{
    v->held[lane] = true;
}

void virtual_world_release(struct virtual_world *v, enum job_lane lane)
{
    v->held[lane] = false;
}

size_t virtual_world_waiting(const struct virtual_world *v, enum job_lane lane)
{
    size_t count = 0;
    LIST_FOREACH (link, &v->jobs[lane]) {
        count++;
    }
    return count;
}
