/* A worker whose plugin is a function of the test: the double at the border of controller/worker.h.
 *
 *     struct scripted_worker worker;
 *     scripted_worker_init(&worker, &v.world, script);      -- up, and listened to by the loop
 *
 * A call is executed in a step of its own; its result arrives in a later one (or, while `hold` is set,
 * when the test says so). It notes when two calls for the same object overlap.
 *
 * A script that waits returns scripted_worker_wait(); it is executed once more when the answer is there,
 * which worker->answer holds then, and worker->resumed counts the answers that the call got.
 */
#ifndef SUPPORT_SCRIPTED_WORKER_H
#define SUPPORT_SCRIPTED_WORKER_H

#include "base/buffer.h"
#include "controller/controller.h"
#include "controller/worker.h"

struct scripted_worker;

/* The result of one run, as YAML; valid until the next call of the script. */
typedef const char *scripted_run(struct scripted_worker *worker, struct reconcile_call *call,
                                 const struct value *root);

struct scripted_worker {
    struct worker worker;
    struct worker_listener listener;
    struct world *world;
    scripted_run *run;
    struct task task;
    struct list waiting;  /* started, not executed */
    struct list executed; /* not delivered */
    struct list waits;    /* questions that calls wait for, and their answers */
    bool hold;            /* deliver nothing */

    size_t started, delivered, overlaps, cancelled, finalized;
    struct buffer answer; /* of the last question */
    enum tend_code answer_code;
    size_t resumed;  /* answers that the call which is executed has waited for */
    char text[2048]; /* for the script */
};

void scripted_worker_init(struct scripted_worker *worker, struct world *world, scripted_run *run);
void scripted_worker_done(struct scripted_worker *worker);

/* How many calls it holds. */
size_t scripted_worker_calls(const struct scripted_worker *worker);

/* Deliver the oldest result that is held back; false where there is none. */
bool scripted_worker_deliver(struct scripted_worker *worker);

/* Ask from inside the script, as JSON; the answer is in worker->answer. */
void scripted_worker_ask(struct scripted_worker *worker, struct reconcile_call *call,
                         const char *question);

/* Ask, with what was written so far (YAML, both), and wait: returns what the script returns. */
const char *scripted_worker_wait(struct scripted_worker *worker, struct reconcile_call *call,
                                 const char *question, const char *so_far);

/* Lose every call: the oldest that was executed is to blame. Then it is up or down. */
void scripted_worker_die(struct scripted_worker *worker, bool is_up_after);

#endif
