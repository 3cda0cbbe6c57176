/* Controllers that run several calls at once, and two that do not: a call does what spec.do says. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <tend/plugin.h>

/* One for each group of calls that may run beside each other. */
struct room {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int64_t inside, most, met;
};

static void come_in(struct room *room)
{
    pthread_mutex_lock(&room->lock);
    room->inside++;
    room->most = room->inside > room->most ? room->inside : room->most;
    pthread_mutex_unlock(&room->lock);
}

static void go_out(struct room *room)
{
    pthread_mutex_lock(&room->lock);
    room->inside--;
    pthread_mutex_unlock(&room->lock);
}

/* Until `n` are here at the same time: who comes alone waits for ever. */
static void meet(struct room *room, int64_t n)
{
    pthread_mutex_lock(&room->lock);
    int64_t all = (room->met++ / n + 1) * n;
    pthread_cond_broadcast(&room->came);
    while (room->met < all) {
        pthread_cond_wait(&room->came, &room->lock);
    }
    pthread_mutex_unlock(&room->lock);
}

static void linger(struct room *room)
{
    come_in(room);
    for (int i = 0; i < 100; i++) {
        sched_yield();
    }
    go_out(room);
}

static void stay_until_cancelled(struct tend_call *call)
{
    while (call->api->time_left_ms(call) > 0) {
        sched_yield();
    }
    tend_put_text(call, TEND_THIS, "status.was", "cancelled");
}

static int overflow(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = above[0];
    return frame[0] == 'x' ? 0 : overflow(frame) + frame[0];
}

static void die(struct tend_call *call, const char *how)
{
    volatile char top = 'a';
    if (strcmp(how, "crash") == 0) {
        *(volatile int *)(uintptr_t)tend_int(call, TEND_THIS, "spec.nowhere", 16) = 1;
    } else if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "raise") == 0) {
        raise(SIGFPE);
    } else if (strcmp(how, "overflow") == 0) {
        exit(overflow(&top));
    } else if (strcmp(how, "exit") == 0) {
        exit(3);
    } else if (strcmp(how, "_exit") == 0) {
        _exit(3);
    } else if (strcmp(how, "kill") == 0) {
        kill(getpid(), SIGKILL);
    } else if (strcmp(how, "spin") == 0) {
        for (volatile int forever = 1; forever;) {
        }
    }
}

static void end(struct tend_call *call, struct tend_result *result)
{
    struct room *room = call->self;
    tend_put_int(call, TEND_THIS, "status.most", room->most);
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_done(result);
}

static void answered(struct tend_call *call, tend_node answer, void *data)
{
    struct tend_result result = {.size = sizeof result};
    (void)data;
    tend_put_text(call, TEND_THIS, "status.answer", tend_text(call, answer, "data.a", "none"));
    (void)call->api->problem(call);
    end(call, &result);
    call->api->finish(call, &result);
}

static void ask(struct tend_call *call, const char *name)
{
    tend_node answer = tend_fetch(call, "v1/ConfigMap", name);
    const char *problem = call->api->problem(call);
    tend_put_text(call, TEND_THIS, "status.answer",
                  problem != NULL ? problem : tend_text(call, answer, "data.a", "none"));
}

static void ask_and_rest(struct tend_call *call, struct tend_result *result)
{
    tend_node question = call->api->make_map(call);
    tend_put_text(call, question, "fetch.kind", "v1/ConfigMap");
    tend_put_text(call, question, "fetch.name", "a");
    call->api->ask(call, question, answered, NULL);
    tend_later(result);
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    if (strcmp(what, "rest") == 0) {
        ask_and_rest(call, result);
        return;
    }
    if (strcmp(what, "meet") == 0) {
        meet(call->self, tend_int(call, TEND_THIS, "spec.with", 4));
    } else if (strcmp(what, "linger") == 0) {
        linger(call->self);
    } else if (strcmp(what, "ask") == 0) {
        ask(call, "a");
    } else if (strcmp(what, "later") == 0) {
        ask(call, "later");
    } else if (strcmp(what, "tell-and-stay") == 0) {
        ask(call, "told");
        stay_until_cancelled(call);
    } else if (strcmp(what, "stay") == 0) {
        stay_until_cancelled(call);
    }
    die(call, what);
    end(call, result);
}

#define ROOM                                                                                       \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0                               \
    }
static struct room many_room = ROOM, two_room = ROOM, alone_room = ROOM;

#define CONTROLLER(controller, kind_name, at_once, its_room)                                       \
    static const struct tend_controller controller = {.size = sizeof controller,                   \
                                                      .parallel = at_once,                         \
                                                      .name = #controller,                         \
                                                      .kind = "example.com/v1/" kind_name,         \
                                                      .reconcile = reconcile,                      \
                                                      .data = &its_room}
CONTROLLER(many, "Many", 4, many_room);
CONTROLLER(two, "Two", 2, two_room);
CONTROLLER(one, "One", 1, alone_room);
CONTROLLER(another, "Another", 0, alone_room);
static const struct tend_controller *const controllers[] = {&many, &two, &one, &another, NULL};
TEND_PLUGIN("lanes", "1.0.0", controllers)
