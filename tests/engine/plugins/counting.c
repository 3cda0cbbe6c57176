/* A plugin that counts, as spec.do of its object says. */
#include <poll.h>
#include <pthread.h>

#include <tend/plugin.h>

struct self {
    const struct tend_host *host;
    tend_metric jobs, level, took;
    pthread_t thread;
    int has_thread;
};

static const char *const queue_a[] = {"queue", "a", NULL};

static const char *start(const struct tend_host *host, struct tend_str config, void **ret_self)
{
    static struct self self;
    (void)config;
    self.host = host;
    self.jobs = tend_declare(host, TEND_COUNTER, "jobs_total", "Jobs that were done", queue_a);
    self.level = tend_declare(host, TEND_GAUGE, "level", NULL, NULL);
    self.took = tend_declare(host, TEND_HISTOGRAM, "took_seconds", NULL, NULL);
    *ret_self = &self;
    return NULL;
}

/* While nothing runs; that it is not before the run is over is likely, and nothing depends on it. */
static void *count_alone(void *data)
{
    struct self *self = data;
    poll(NULL, 0, 20);
    tend_count(self->host, self->jobs, 1000);
    return NULL;
}

static void stop(void *data)
{
    struct self *self = data;
    if (self->has_thread) {
        pthread_join(self->thread, NULL);
    }
    tend_count(self->host, self->jobs, 10000);
}

static void blunder(struct tend_call *call)
{
    static const char *const half[] = {"a", NULL};
    static const char *const own[] = {"controller", "other", NULL};
    static const char *const many[] = {"a", "", "b", "", "c", "", "d", "", "e", "",
                                       "f", "", "g", "", "h", "", "i", "", NULL};
    const struct tend_host *host = call->host;
    int64_t made = 0;
    made += tend_declare(host, TEND_COUNTER, "no-name", NULL, NULL) != 0;
    made += tend_declare(host, TEND_COUNTER, NULL, NULL, NULL) != 0;
    made += tend_declare(host, 7, "fine", NULL, NULL) != 0;
    made += tend_declare(host, TEND_COUNTER, "tend_mine", NULL, NULL) != 0;
    made += tend_declare(host, TEND_COUNTER, "a", "\xff", NULL) != 0;
    made += tend_declare(host, TEND_COUNTER, "a", NULL, half) != 0;
    made += tend_declare(host, TEND_COUNTER, "a", NULL, own) != 0;
    made += tend_declare(host, TEND_COUNTER, "a", NULL, many) != 0;
    made += tend_declare(host, TEND_GAUGE, "jobs_total", NULL, queue_a) != 0;
    tend_gauge(host, 77, 1);
    tend_put_int(call, TEND_THIS, "status.made", made);
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    struct self *self = call->self;
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    if (strcmp(what, "count") == 0) {
        tend_count(call->host, self->jobs, 2);
        tend_count(call->host, self->jobs, 0.5);
        tend_gauge(call->host, self->level, -1.5);
        tend_observe(call->host, self->took, 0.2);
        tend_count(call->host, self->level, 1); /* none of these counts */
        tend_count(call->host, self->jobs, -1);
    } else if (strcmp(what, "exit") == 0) {
        __builtin_trap();
    } else if (strcmp(what, "thread") == 0 && !self->has_thread) {
        self->has_thread = pthread_create(&self->thread, NULL, count_alone, self) == 0;
    } else if (strcmp(what, "blunder") == 0) {
        blunder(call);
    } else if (strcmp(what, "find") == 0) {
        const struct tend_api *api = call->api;
        tend_put_bool(call, TEND_THIS, "status.metrics", tend_metrics_of(call->host) != NULL);
        tend_put_bool(call, TEND_THIS, "status.next",
                      api->find(call->host, "tend.metrics/2") != NULL);
        tend_put_bool(call, TEND_THIS, "status.unknown", api->find(call->host, "x") != NULL);
        tend_put_bool(call, TEND_THIS, "status.null", api->find(call->host, NULL) != NULL);
        tend_put_bool(call, TEND_THIS, "status.jobs", self->jobs != 0);
    }
    tend_done(result);
}

static const struct tend_controller counting = {.size = sizeof counting,
                                                .name = "counting",
                                                .kind = "example.com/v1/Counting",
                                                .start = start,
                                                .stop = stop,
                                                .reconcile = reconcile};
static const struct tend_controller *const controllers[] = {&counting, NULL};
TEND_PLUGIN("counting", "1.0.0", controllers)
