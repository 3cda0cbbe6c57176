/* Work that takes long: calls are handed to a few threads of the plugin, and finished from there.
 *
 * The callback returns TEND_LATER at once; from then on the call is the pool's, until it calls finish. While a
 * thread has it, it reads and writes it as the callback would, but it asks nothing. It looks at time_left_ms
 * now and then: 0 says that nobody waits any more.
 *
 *     cc -std=c11 -shared -fPIC -fvisibility=hidden -Wl,-z,defs pool.c -o pool.so -pthread
 */
#include <pthread.h>
#include <stdlib.h>

#include <tend/plugin.h>

enum { THREADS = 2, LOOK_EVERY = 100000 };

/* In the memory of its call: gone with it. */
struct job {
    struct job *next;
    struct tend_call *call;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job *first, **last;
    int stopping, started;
    pthread_t threads[THREADS];
};

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: searches.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Search, plural: searches, singular: search}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec: {type: object, properties: {below: {type: integer}}}\n"
    "          status: {type: object, properties: {best: {type: integer}, steps: {type: integer}}}\n";

/* --- the work ---------------------------------------------------------------------------------- */

/* How many steps "3n + 1, or the half" take until 1. */
static int64_t steps_of(uint64_t n)
{
    int64_t steps = 0;
    for (; n > 1; steps++) {
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    }
    return steps;
}

static void work(struct tend_call *call)
{
    struct tend_result result = {.size = sizeof result};
    int64_t below = tend_int(call, TEND_THIS, "spec.below", 1), best = 0, most = -1;
    for (int64_t n = 1; n < below; n++) {
        int64_t steps = steps_of((uint64_t)n);
        if (steps > most) {
            most = steps;
            best = n;
        }
        if (n % LOOK_EVERY == 0 && call->api->time_left_ms(call) == 0) {
            tend_retry(&result, "TooLong", "the search took longer than a run may");
            call->api->finish(call, &result);
            return;
        }
    }
    tend_put_int(call, TEND_THIS, "status.best", best);
    tend_put_int(call, TEND_THIS, "status.steps", most);
    tend_done(&result);
    call->api->finish(call, &result); /* from here on there is no call, and no job */
}

/* --- the pool ---------------------------------------------------------------------------------- */

static void put(struct pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    *pool->last = job;
    pool->last = &job->next;
    pthread_cond_signal(&pool->more);
    pthread_mutex_unlock(&pool->lock);
}

/* NULL: the plugin stops. What is left is dropped by the host, after stop. */
static struct tend_call *take(struct pool *pool)
{
    struct tend_call *call = NULL;
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->stopping) {
        pthread_cond_wait(&pool->more, &pool->lock);
    }
    if (!pool->stopping) {
        call = pool->first->call;
        pool->first = pool->first->next;
        pool->last = pool->first == NULL ? &pool->first : pool->last;
    }
    pthread_mutex_unlock(&pool->lock);
    return call;
}

static void *run(void *data)
{
    struct tend_call *call;
    while ((call = take(data)) != NULL) {
        work(call);
    }
    return NULL;
}

static void stop(void *self)
{
    struct pool *pool = self;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = 1;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->started; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* Allocated, and no static: in one process it may be started again, and finds nothing of the last time. */
static const char *start(const struct tend_host *host, struct tend_str config, void **ret_self)
{
    struct pool *pool = calloc(1, sizeof *pool);
    (void)host;
    (void)config;
    if (pool == NULL) {
        return "there is no memory for it";
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    pool->last = &pool->first;
    for (; pool->started < THREADS; pool->started++) {
        if (pthread_create(&pool->threads[pool->started], NULL, run, pool) != 0) {
            stop(pool); /* the host calls none after a failed start */
            return "there is no room for its threads";
        }
    }
    *ret_self = pool;
    return NULL;
}

/* --- the controller ---------------------------------------------------------------------------- */

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    struct job *job = call->api->alloc(call, sizeof *job);
    job->call = call;
    tend_later(result);
    put(call->self, job); /* last: it may be finished before this returns */
}

static const struct tend_controller pool = {
    .size = sizeof pool,
    .name = "pool",
    .kind = "example.com/v1/Search",
    .crd = crd,
    .start = start,
    .stop = stop,
    .reconcile = reconcile,
    .limit_ms = 600000, /* a run may take ten minutes ... */
    .slice_ms = 1000,   /* ... but the callback is back at once */
};
static const struct tend_controller *const controllers[] = {&pool, NULL};
TEND_PLUGIN("pool", "1.0.0", controllers)
