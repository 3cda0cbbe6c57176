/* What a process would find out when it starts is found out when one is made. */
#include "sim/inline_maker.h"

#include <string.h>

#include "base/alloc.h"

static struct inline_maker *of(struct worker_maker *maker)
{
    return CONTAINER_OF(maker, struct inline_maker, maker);
}

static enum tend_code make(struct worker_maker *maker, const struct worker_order *order,
                           struct made_worker *ret_made, struct error *err)
{
    struct inline_worker *worker;
    TRY(inline_worker_open(of(maker)->world, order, &worker, err));
    const char *slash = strrchr(order->name, '/');
    inline_worker_count(worker, of(maker)->metrics, slash == NULL ? order->name : slash + 1);
    of(maker)->latest = worker;
    *ret_made = (struct made_worker){.worker = inline_worker_worker(worker), .impl = worker};
    return TEND_OK;
}

static void start(struct worker_maker *maker, struct made_worker *made)
{
    (void)maker;
    inline_worker_start(made->impl);
}

static void close_made(struct worker_maker *maker, struct made_worker *made, struct task *closed)
{
    if (of(maker)->latest == made->impl) {
        of(maker)->latest = NULL;
    }
    inline_worker_close(made->impl);
    *made = (struct made_worker){0};
    world_soon(of(maker)->world, closed);
}

static const struct worker_maker_ops ops = {.make = make, .start = start, .close = close_made};

void inline_maker_init(struct inline_maker *maker, struct world *world, struct metrics *metrics)
{
    *maker = (struct inline_maker){.maker.ops = &ops, .world = world, .metrics = metrics};
}
