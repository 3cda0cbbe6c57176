/* Calls that are left to threads of the plugin, in every way that spec.do says. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <tend/plugin.h>

enum { THREADS_MAX = 256 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    int stopping;
    pthread_t threads[THREADS_MAX];
    int count;
    struct tend_call *kept; /* by "keep", for "release" */
} the = {.lock = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER};

static void end(struct tend_call *call, const char *how)
{
    struct tend_result result = {.size = sizeof result};
    tend_put_text(call, TEND_THIS, "status.ended", how);
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_done(&result);
    call->api->finish(call, &result);
}

/* --- what threads do --------------------------------------------------------------------------- */

static void *finish(void *call)
{
    end(call, "by a thread");
    return NULL;
}

static void *finish_when_cancelled(void *data)
{
    struct tend_call *call = data;
    while (call->api->time_left_ms(call) != 0) {
        sched_yield();
    }
    end(call, "cancelled");
    return NULL;
}

static void *finish_when_stopped(void *call)
{
    pthread_mutex_lock(&the.lock);
    while (!the.stopping) {
        pthread_cond_wait(&the.stopped, &the.lock);
    }
    pthread_mutex_unlock(&the.lock);
    end(call, "stopped");
    return NULL;
}

static void ignore(struct tend_call *call, tend_node answer, void *data)
{
    (void)call;
    (void)answer;
    (void)data;
}

static tend_node question_of(struct tend_call *call)
{
    tend_node question = call->api->make_map(call);
    tend_put_text(call, question, "fetch.kind", "v1/ConfigMap");
    tend_put_text(call, question, "fetch.name", "a");
    return question;
}

static void *ask(void *data)
{
    struct tend_call *call = data;
    call->api->ask(call, question_of(call), ignore, NULL);
    end(call, "after it asked");
    return NULL;
}

static void *wait(void *data)
{
    struct tend_call *call = data;
    end(call, call->api->wait(call) != 0 ? "after it waited" : "it waited");
    return NULL;
}

static void *crash(void *call)
{
    (void)call;
    abort();
}

/* --- what callbacks do ------------------------------------------------------------------------- */

static pthread_t begin(void *(*what)(void *), struct tend_call *call)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, what, call) != 0) {
        abort();
    }
    return thread;
}

static void leave_to(void *(*what)(void *), struct tend_call *call)
{
    pthread_mutex_lock(&the.lock);
    if (the.count == THREADS_MAX) {
        abort();
    }
    the.threads[the.count++] = begin(what, call);
    pthread_mutex_unlock(&the.lock);
}

/* It has finished the call before the callback returns. */
static void be_overtaken(struct tend_call *call)
{
    pthread_join(begin(finish, call), NULL);
}

static void leave_answer(struct tend_call *call, tend_node answer, void *data)
{
    (void)data;
    tend_put_text(call, TEND_THIS, "status.answer", tend_text(call, answer, "data.a", "none"));
    leave_to(finish, call);
}

static void release(struct tend_call *call)
{
    end(the.kept, "by another call");
    end(call, "by itself");
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    tend_later(result);
    if (strcmp(what, "thread") == 0) {
        leave_to(finish, call);
    } else if (strcmp(what, "fast") == 0) {
        be_overtaken(call);
    } else if (strcmp(what, "cancelled") == 0) {
        leave_to(finish_when_cancelled, call);
    } else if (strcmp(what, "stopped") == 0) {
        leave_to(finish_when_stopped, call);
    } else if (strcmp(what, "ask") == 0) {
        leave_to(ask, call);
    } else if (strcmp(what, "wait") == 0) {
        leave_to(wait, call);
    } else if (strcmp(what, "crash") == 0) {
        leave_to(crash, call);
    } else if (strcmp(what, "then") == 0) {
        call->api->ask(call, question_of(call), leave_answer, NULL);
    } else if (strcmp(what, "keep") == 0) {
        the.kept = call;
    } else if (strcmp(what, "release") == 0) {
        release(call);
    } else if (strcmp(what, "never") != 0) {
        end(call, "at once");
    }
}

static void stop(void *self)
{
    (void)self;
    pthread_mutex_lock(&the.lock);
    the.stopping = 1;
    pthread_cond_broadcast(&the.stopped);
    pthread_mutex_unlock(&the.lock);
    for (int i = 0; i < the.count; i++) {
        pthread_join(the.threads[i], NULL);
    }
    the.count = the.stopping = 0;
}

#ifndef PARALLEL
#    define PARALLEL 1
#endif
static const struct tend_controller held = {
    .size = sizeof held,
    .parallel = PARALLEL,
    .name = "held",
    .kind = "example.com/v1/Held",
    .stop = stop,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&held, NULL};
TEND_PLUGIN("held", "1.0.0", controllers)
