/* Why it is shaped so.
 *
 * Alarms are a heap of ours under a single uv timer: libuv's own timers would cost an allocation each
 * and cannot be embedded. "Soon" is a list drained by an idle handle that runs only while the list
 * holds something, so that an empty list never keeps the loop spinning; a round drains what was there
 * when it began, so that tasks that ask for tasks cannot starve descriptors. Workers are one thread a
 * lane (a lane keeps its order) and report through an eventfd: uv_async_send costs several times more
 * in this libuv, and one write wakes the loop for a whole batch.
 */
#include "host/world_uv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "host/own_thread.h"
#include "host/process.h"
#include "host/worker_lane.h"

enum { RANDOM_BATCH = 32 };

struct world_uv {
    struct world world; /* first: the rooms hold a pointer to it */
    uv_loop_t loop;
    uv_timer_t timer; /* for the earliest alarm */
    uv_idle_t idle;   /* runs while `tasks` holds something */
    uv_prepare_t prepare;
    uv_poll_t finished; /* `lanes` have done jobs */
    struct heap alarms;
    struct list tasks;
    struct list children; /* struct running: not reaped yet */
    struct list threads;  /* struct own_thread: not ended yet */
    struct worker_lane lanes[LANES];
    int finished_fd;
    uint64_t random[RANDOM_BATCH];
    size_t random_left;
    uint64_t wakeups;
    size_t jobs_out; /* handed over, and not yet told */
};

static struct world_uv *of(struct world *world)
{
    return CONTAINER_OF(world, struct world_uv, world);
}

/* --- clocks and randomness --------------------------------------------------------------------- */

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t wall_ms(struct world *world)
{
    (void)world;
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

static int64_t ticks_ns(struct world *world)
{
    (void)world;
    return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t random_bits(struct world *world)
{
    struct world_uv *self = of(world);
    if (self->random_left == 0) {
        arc4random_buf(self->random, sizeof self->random);
        self->random_left = RANDOM_BATCH;
    }
    return self->random[--self->random_left];
}

/* --- alarms ------------------------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer);

/* One kernel timer for all alarms, set to the earliest. */
static void arm(struct world_uv *self)
{
    struct heap_node *first = heap_first(&self->alarms);
    if (first == NULL) {
        uv_timer_stop(&self->timer);
        return;
    }
    int64_t wait = first->due - world_ticks_ms(&self->world);
    uv_update_time(&self->loop);
    uv_timer_start(&self->timer, on_timer, wait < 0 ? 0 : (uint64_t)wait, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct world_uv *self = timer->data;
    int64_t now = world_ticks_ms(&self->world);
    struct heap_node *first = heap_first(&self->alarms);
    uint64_t before = self->alarms.turns; /* what is set from now on waits for the next step */
    while (first != NULL && first->due <= now && first->turn < before) {
        heap_remove(&self->alarms, first);
        struct alarm *alarm = CONTAINER_OF(first, struct alarm, node);
        alarm->fire(alarm);
        first = heap_first(&self->alarms);
    }
    arm(self);
}

static void alarm_set(struct world *world, struct alarm *alarm, int64_t due_ticks_ms)
{
    struct world_uv *self = of(world);
    struct heap_node *first = heap_first(&self->alarms);
    heap_add(&self->alarms, &alarm->node, due_ticks_ms);
    if (first != heap_first(&self->alarms) || first == &alarm->node) {
        arm(self);
    }
}

static void alarm_clear(struct world *world, struct alarm *alarm)
{
    struct world_uv *self = of(world);
    if (!heap_holds(&alarm->node)) {
        return;
    }
    bool was_first = heap_first(&self->alarms) == &alarm->node;
    heap_remove(&self->alarms, &alarm->node);
    if (was_first) {
        arm(self);
    }
}

/* --- soon -------------------------------------------------------------------------------------- */

static void on_idle(uv_idle_t *idle)
{
    struct world_uv *self = idle->data;
    struct list round;
    list_init(&round);
    list_splice(&round, &self->tasks);
    for (struct list *link = list_pop(&round); link != NULL; link = list_pop(&round)) {
        struct task *task = CONTAINER_OF(link, struct task, link);
        task->run(task);
    }
    if (list_empty(&self->tasks)) {
        uv_idle_stop(&self->idle);
    }
}

static void soon(struct world *world, struct task *task)
{
    struct world_uv *self = of(world);
    if (!list_linked(&task->link)) {
        list_append(&self->tasks, &task->link);
        uv_idle_start(&self->idle, on_idle);
    }
}

/* --- jobs -------------------------------------------------------------------------------------- */

static void collect_finished(struct world_uv *self)
{
    uint64_t count;
    ssize_t got = read(self->finished_fd, &count, sizeof count);
    (void)got; /* the lanes' lists are the truth, the counter only wakes */
    for (int lane = 0; lane < LANES; lane++) {
        struct list done;
        worker_lane_collect(&self->lanes[lane], &done);
        for (struct list *link = list_pop(&done); link != NULL; link = list_pop(&done)) {
            struct job *job = CONTAINER_OF(link, struct job, link);
            self->jobs_out--;
            job->done(job);
        }
    }
}

static void on_finished(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    collect_finished(handle->data);
}

static void offload(struct world *world, struct job *job)
{
    struct world_uv *self = of(world);
    self->jobs_out++;
    worker_lane_add(&self->lanes[job->lane], job);
}

/* --- descriptors ------------------------------------------------------------------------------- */

struct watched_fd {
    uv_poll_t handle;
    struct readiness *readiness; /* NULL once given up */
};

static void free_watched(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct watched_fd *watched = handle->data;
    if (watched->readiness == NULL) {
        return;
    }
    unsigned ready = ((events & UV_READABLE) ? READY_READ : 0u) |
                     ((events & UV_WRITABLE) ? READY_WRITE : 0u) |
                     ((events & UV_DISCONNECT) ? READY_HANGUP : 0u);
    if (status < 0) {
        ready = READY_READ | READY_WRITE | READY_HANGUP; /* the owner's next call sees the error */
    }
    watched->readiness->ready(watched->readiness, ready);
}

static enum tend_code watch_fd(struct world *world, struct readiness *readiness, unsigned events,
                               struct error *err)
{
    struct world_uv *self = of(world);
    struct watched_fd *watched = readiness->impl;
    if (watched == NULL) {
        watched = alloc_new(sizeof *watched);
        int failed = uv_poll_init(&self->loop, &watched->handle, readiness->fd);
        if (failed != 0) {
            free(watched);
            return FAIL(err, TEND_IO, "cannot watch descriptor %d: %s", readiness->fd,
                        uv_strerror(failed));
        }
        watched->handle.data = watched;
        watched->readiness = readiness;
        readiness->impl = watched;
    }
    int wanted = ((events & READY_READ) ? UV_READABLE : 0) |
                 ((events & READY_WRITE) ? UV_WRITABLE : 0) |
                 ((events & READY_HANGUP) ? UV_DISCONNECT : 0);
    if (wanted == 0) {
        uv_poll_stop(&watched->handle);
        return TEND_OK;
    }
    int failed = uv_poll_start(&watched->handle, wanted, on_ready);
    if (failed != 0) {
        return FAIL(err, TEND_IO, "cannot watch descriptor %d: %s", readiness->fd,
                    uv_strerror(failed));
    }
    return TEND_OK;
}

static void unwatch_fd(struct world *world, struct readiness *readiness)
{
    (void)world;
    struct watched_fd *watched = readiness->impl;
    if (watched != NULL) {
        readiness->impl = NULL;
        watched->readiness = NULL;
        uv_poll_stop(&watched->handle);
        uv_close((uv_handle_t *)&watched->handle, free_watched);
    }
}

/* --- children ---------------------------------------------------------------------------------- */

struct running {
    struct list link; /* in world_uv.children */
    struct world *world;
    struct child *child; /* NULL: abandoned */
    pid_t pid;
    struct readiness exited; /* its pidfd */
};

static void running_free(struct running *running)
{
    list_remove(&running->link);
    unwatch_fd(running->world, &running->exited);
    close(running->exited.fd);
    free(running);
}

static void on_exited(struct readiness *exited, unsigned events)
{
    (void)events;
    struct running *running = CONTAINER_OF(exited, struct running, exited);
    struct child *child = running->child;
    int status = 0;
    process_kill(running->pid, SIGKILL); /* what it left behind */
    if (!process_reap(running->pid, &status)) {
        return; /* the descriptor is readable before the process can be reaped only in theory */
    }
    running_free(running);
    if (child != NULL) {
        child->impl = NULL;
        child->pid = 0;
        child->ended(child, status);
    }
}

static enum tend_code spawn(struct world *world, struct child *child, const struct child_spec *spec,
                            struct error *err)
{
    int pidfd;
    TRY(process_spawn(spec, &child->pid, &pidfd, err));
    struct running *running = alloc_new(sizeof *running);
    *running = (struct running){
        .world = world, .child = child, .pid = child->pid, .exited = {pidfd, on_exited, NULL}};
    enum tend_code code = watch_fd(world, &running->exited, READY_READ, err);
    if (code != TEND_OK) {
        process_kill(child->pid, SIGKILL);
        (void)process_wait(child->pid);
        close(pidfd);
        free(running);
        return code;
    }
    child->impl = running;
    list_append(&of(world)->children, &running->link);
    return TEND_OK;
}

static void kill_child(struct world *world, struct child *child, int signal)
{
    (void)world;
    if (child->impl != NULL) {
        process_kill(child->pid, signal);
    }
}

static void abandon(struct world *world, struct child *child)
{
    struct running *running = child->impl;
    kill_child(world, child, SIGKILL);
    if (running != NULL) {
        running->child = NULL;
        child->impl = NULL;
        child->pid = 0;
    }
}

static void end_children(struct world_uv *self)
{
    while (!list_empty(&self->children)) {
        struct running *running = CONTAINER_OF(self->children.next, struct running, link);
        process_kill(running->pid, SIGKILL);
        (void)process_wait(running->pid);
        running_free(running);
    }
}

/* --- threads ----------------------------------------------------------------------------------- */

static void on_thread_ended(struct readiness *ended, unsigned events)
{
    (void)events;
    struct own_thread *own = CONTAINER_OF(ended, struct own_thread, ended);
    struct thread *thread = own->thread;
    list_remove(&own->link);
    unwatch_fd(own->world, ended);
    own_thread_join(own);
    thread->impl = NULL;
    thread->ended(thread);
}

static enum tend_code start_thread(struct world *world, struct thread *thread, struct error *err)
{
    struct own_thread *own;
    TRY(own_thread_prepare(thread, &own, err));
    own->world = world;
    own->ended.ready = on_thread_ended;
    enum tend_code code = watch_fd(world, &own->ended, READY_READ, err);
    if (code == TEND_OK) {
        code = own_thread_start(own, err);
    }
    if (code != TEND_OK) {
        unwatch_fd(world, &own->ended);
        own_thread_free(own);
        return code;
    }
    thread->impl = own;
    list_append(&of(world)->threads, &own->link);
    return TEND_OK;
}

static void forsake_threads(struct world_uv *self)
{
    for (struct list *link = list_pop(&self->threads); link != NULL;
         link = list_pop(&self->threads)) {
        struct own_thread *own = CONTAINER_OF(link, struct own_thread, link);
        unwatch_fd(own->world, &own->ended);
        own_thread_forsake(own);
    }
}

size_t world_uv_threads(const struct world_uv *self)
{
    size_t count = 0;
    LIST_FOREACH (link, &self->threads) {
        count++;
    }
    return count;
}

/* --- life -------------------------------------------------------------------------------------- */

static const struct world_ops ops = {
    .wall_ms = wall_ms,
    .ticks_ns = ticks_ns,
    .random = random_bits,
    .alarm_set = alarm_set,
    .alarm_clear = alarm_clear,
    .soon = soon,
    .offload = offload,
    .watch_fd = watch_fd,
    .unwatch_fd = unwatch_fd,
    .spawn = spawn,
    .kill = kill_child,
    .abandon = abandon,
    .start_thread = start_thread,
};

static void on_prepare(uv_prepare_t *prepare)
{
    ((struct world_uv *)prepare->data)->wakeups++;
}

static void init_handles(struct world_uv *self)
{
    uv_timer_init(&self->loop, &self->timer);
    uv_idle_init(&self->loop, &self->idle);
    uv_prepare_init(&self->loop, &self->prepare);
    uv_poll_init(&self->loop, &self->finished, self->finished_fd);
    self->timer.data = self->idle.data = self->prepare.data = self->finished.data = self;
    uv_prepare_start(&self->prepare, on_prepare);
    uv_poll_start(&self->finished, UV_READABLE, on_finished);
}

enum tend_code world_uv_new(const struct log *log, struct world_uv **ret_world, struct error *err)
{
    int finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (finished_fd < 0) {
        return FAIL(err, TEND_IO, "cannot make an eventfd: %s", strerror(errno));
    }
    struct world_uv *self = alloc_new(sizeof *self);
    int failed = uv_loop_init(&self->loop);
    if (failed != 0) {
        close(finished_fd);
        free(self);
        return FAIL(err, TEND_IO, "cannot make an event loop: %s", uv_strerror(failed));
    }
    self->world = (struct world){&ops, log};
    self->finished_fd = finished_fd;
    list_init(&self->tasks);
    list_init(&self->children);
    list_init(&self->threads);
    init_handles(self);
    for (int lane = 0; lane < LANES; lane++) {
        worker_lane_init(&self->lanes[lane], finished_fd);
    }
    *ret_world = self;
    return TEND_OK;
}

static void close_handle(uv_handle_t *handle, void *none)
{
    (void)none;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

void world_uv_free(struct world_uv *self)
{
    if (self == NULL) {
        return;
    }
    for (int lane = 0; lane < LANES; lane++) {
        worker_lane_done(&self->lanes[lane]);
    }
    end_children(self);
    forsake_threads(self);
    uv_walk(&self->loop, close_handle, NULL);
    uv_run(&self->loop, UV_RUN_DEFAULT);
    uv_loop_close(&self->loop);
    heap_done(&self->alarms);
    close(self->finished_fd);
    free(self);
}

struct world *world_uv_world(struct world_uv *self)
{
    return &self->world;
}

void world_uv_run(struct world_uv *self)
{
    uv_run(&self->loop, UV_RUN_DEFAULT);
}

void world_uv_stop(struct world_uv *self)
{
    uv_stop(&self->loop);
}

void world_uv_drain(struct world_uv *self)
{
    while (self->jobs_out > 0) {
        struct pollfd wait = {.fd = self->finished_fd, .events = POLLIN};
        (void)poll(&wait, 1, -1);
        collect_finished(self);
    }
}

uint64_t world_uv_wakeups(const struct world_uv *self)
{
    return self->wakeups;
}

/* --- signals ----------------------------------------------------------------------------------- */

static void free_signal(uv_handle_t *handle)
{
    free(handle);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct signal_watch *watch = handle->data;
    watch->raised(watch);
}

enum tend_code world_uv_watch_signal(struct world_uv *self, struct signal_watch *watch,
                                     struct error *err)
{
    uv_signal_t *handle = alloc_new(sizeof *handle);
    uv_signal_init(&self->loop, handle);
    handle->data = watch;
    int failed = uv_signal_start(handle, on_signal, watch->number);
    if (failed != 0) {
        uv_close((uv_handle_t *)handle, free_signal);
        return FAIL(err, TEND_IO, "cannot catch signal %d: %s", watch->number, uv_strerror(failed));
    }
    watch->impl = handle;
    return TEND_OK;
}

void world_uv_forget_signal(struct signal_watch *watch)
{
    if (watch->impl != NULL) {
        uv_close(watch->impl, free_signal);
        watch->impl = NULL;
    }
}
