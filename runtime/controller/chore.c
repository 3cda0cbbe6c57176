/* Chores are keys as well: a deadline, the lifetime of an event, a report. They have a queue of their own
 * (so that a poller's interval does not delay deadlines), and with it moments, backoff, turns and a bound
 * on how many commits are under way. */
#include <assert.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"

struct chore {
    struct admission_call call;
    struct loop *loop;
    struct work *work;
    struct list link; /* in loop->chores */
};

enum work_end chore_end(const struct admission_result *result)
{
    switch (result->code) {
    case TEND_OK:
        return WORK_SETTLED;
    case TEND_NOT_FOUND:
    case TEND_GONE:
        return WORK_SETTLED; /* there is nothing left to do it to */
    case TEND_EXISTS:
    case TEND_CONFLICT:
    case TEND_INVALID:
    case TEND_DENIED:
    case TEND_LIMIT:
    case TEND_TIMEOUT:
    case TEND_UNAVAILABLE:
    case TEND_IO:
    case TEND_CORRUPT:
    case TEND_INTERNAL:
        break;
    }
    return WORK_FAILED;
}

static const struct chores *chores_of(const struct work *work)
{
    return work_flow_owner(work->flow);
}

static void answered(struct admission_call *call, const struct admission_result *result)
{
    struct chore *chore = CONTAINER_OF(call, struct chore, call);
    struct work *work = chore->work;
    enum work_end end = chores_of(work)->ops->answered(chore->loop, work->key, result);
    list_remove(&chore->link);
    work_queue_done(work, end);
    free(chore);
}

void chore_submit(struct loop *loop, struct work *work, const struct admission_set *set)
{
    struct chore *chore = alloc_new(sizeof *chore);
    chore->loop = loop;
    chore->work = work;
    chore->call.answered = answered;
    list_append(&loop->chores, &chore->link);
    admission_submit(loop->gate, set, &chore->call);
}

void chores_step(struct task *task)
{
    struct loop *loop = CONTAINER_OF(task, struct loop, chore_step);
    sweeper_resume(&loop->garbage.sweep); /* it waits while there are enough of its chores */
    for (unsigned i = 0; i < DISPATCH_SLICE; i++) {
        struct work *work = work_queue_take(loop->chore_queue);
        if (work == NULL) {
            return;
        }
        chores_of(work)->ops->run(loop, work);
    }
    world_soon(loop->world, &loop->chore_step);
}

void chores_ready(struct work_listener *listener)
{
    chores_step(&CONTAINER_OF(listener, struct loop, chores_ready)->chore_step);
}

void chores_open(struct loop *loop, struct chores *chores, const struct chore_ops *ops,
                 size_t places)
{
    chores->ops = ops;
    chores->flow = work_flow_new(loop->chore_queue, places, chores);
}

void chores_cancel(struct loop *loop)
{
    struct list *link;
    while ((link = list_pop(&loop->chores)) != NULL) {
        struct chore *chore = CONTAINER_OF(link, struct chore, link);
        admission_cancel(&chore->call);
        work_queue_done(chore->work, WORK_STAYED);
        free(chore);
    }
}
