/* The queue against a plain model: the same random operations, and what may be taken must agree.
 *
 * The model is a table of (flow, key) with flags and moments and no cleverness at all. It does not
 * know turns; it knows which keys may be taken, and for what class. */
#include "base/alloc.h"
#include "queue/work_queue.h"
#include "sim/virtual_world.h"
#include "support/suite.h"

enum { FLOWS = 3, KEYS = 6, NEVER = -1 };

struct model_key {
    int waiting;      /* class, or NEVER */
    int added;        /* class while it runs, or NEVER */
    int64_t later_ms; /* or NEVER */
    unsigned failures;
    struct work *running;
};

struct model {
    struct virtual_world v;
    struct work_listener listener;
    struct work_queue *queue;
    struct work_flow *flows[FLOWS];
    size_t places[FLOWS], running[FLOWS];
    struct model_key keys[FLOWS][KEYS];
};

static void ready(struct work_listener *listener)
{
    (void)listener;
}

static struct text key_text(int key)
{
    static const char *const names[KEYS] = {"a", "b", "c", "d", "e", "f"};
    return text_of(names[key]);
}

static void model_add(struct model_key *key, int class)
{
    if (key->running != NULL) {
        key->added = key->added == NEVER || class < key->added ? class : key->added;
    } else if (key->waiting == NEVER || class < key->waiting) {
        key->waiting = class;
    }
}

static void model_pass(struct model *m, int64_t ms)
{
    virtual_world_advance(&m->v, ms);
    for (int f = 0; f < FLOWS; f++) {
        for (int k = 0; k < KEYS; k++) {
            struct model_key *key = &m->keys[f][k];
            if (key->later_ms != NEVER && key->later_ms <= m->v.now_ms) {
                key->later_ms = NEVER;
                model_add(key, WORK_DUE);
            }
        }
    }
}

static void model_done(struct model *m, int f, int k, enum work_end end)
{
    struct model_key *key = &m->keys[f][k];
    work_queue_done(key->running, end);
    key->running = NULL;
    m->running[f]--;
    key->waiting = key->added;
    key->added = NEVER;
    key->failures = end == WORK_SETTLED ? 0 : key->failures;
}

/* Take one, and see that it was allowed; or that nothing was. */
static void model_take(struct model *m)
{
    struct work *work = work_queue_take(m->queue);
    for (int f = 0; f < FLOWS; f++) {
        for (int k = 0; k < KEYS; k++) {
            struct model_key *key = &m->keys[f][k];
            bool may = key->waiting != NEVER && m->running[f] < m->places[f];
            if (work == NULL) {
                CHECK(!may);
            } else if (work->flow == m->flows[f] && text_equal(work->key, key_text(k))) {
                CHECK(may && key->running == NULL);
                CHECK_INT(work->why, key->waiting);
                key->waiting = NEVER;
                key->running = work;
                m->running[f]++;
            }
        }
    }
}

static void model_step(struct model *m)
{
    uint64_t random = world_random(&m->v.world);
    int f = (int)(random % FLOWS), k = (int)(random / FLOWS % KEYS);
    int what = (int)(random / 100 % 12);
    int64_t amount = (int64_t)(random / 10000 % 50);
    struct model_key *key = &m->keys[f][k];
    struct error err = ERROR_INIT;
    if (what < 4) {
        enum work_class class = (enum work_class)(amount % WORK_CLASSES);
        CHECK_INT(work_queue_add(m->flows[f], key_text(k), class, &err), TEND_OK);
        model_add(key, (int)class);
    } else if (what == 4) {
        CHECK_INT(work_queue_after(m->flows[f], key_text(k), amount, &err), TEND_OK);
        int64_t due_ms = m->v.now_ms + amount;
        key->later_ms = key->later_ms == NEVER || due_ms < key->later_ms ? due_ms : key->later_ms;
    } else if (what == 5) {
        model_pass(m, amount);
    } else if (what == 6) {
        m->places[f] = (size_t)amount % 4;
        work_flow_places(m->flows[f], m->places[f]);
    } else if (what == 7 && amount == 0) {
        work_queue_drop(m->flows[f], key_text(k));
        key->waiting = key->added = NEVER;
        key->later_ms = NEVER;
    } else if (what < 10 && key->running != NULL) {
        model_done(m, f, k, amount % 2 == 0 ? WORK_SETTLED : WORK_STAYED);
    } else {
        model_take(m);
    }
}

static void model_run(uint64_t seed, int steps)
{
    struct model m = {.listener.ready = ready};
    virtual_world_init(&m.v, seed);
    m.queue = work_queue_new(&m.v.world, FLOWS * KEYS, &m.listener);
    for (int f = 0; f < FLOWS; f++) {
        m.flows[f] = work_flow_new(m.queue, 2, NULL);
        m.places[f] = 2;
        for (int k = 0; k < KEYS; k++) {
            m.keys[f][k] = (struct model_key){.waiting = NEVER, .added = NEVER, .later_ms = NEVER};
        }
    }
    for (int i = 0; i < steps; i++) {
        model_pass(&m, 0);
        model_step(&m);
    }
    for (int f = 0; f < FLOWS; f++) {
        work_flow_free(m.flows[f]);
        for (int k = 0; k < KEYS; k++) {
            if (m.keys[f][k].running != NULL) {
                work_queue_done(m.keys[f][k].running, WORK_FAILED);
            }
        }
    }
    work_queue_free(m.queue);
    virtual_world_done(&m.v);
}

static void agrees_with_the_model(void)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        model_run(seed, 2000);
    }
}

SUITE({"takes exactly what a plain model says may be taken", agrees_with_the_model})
