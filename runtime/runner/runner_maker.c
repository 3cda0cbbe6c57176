/* Whether a content is a plugin at all is for its process to find out. */
#include "runner/runner_maker.h"

#include "base/alloc.h"

static enum tend_code make(struct worker_maker *base, const struct worker_order *order,
                           struct made_worker *ret_made, struct error *err)
{
    if (order->settings->isolation == ISOLATION_INLINE) {
        return FAIL(err, TEND_INVALID, "it is to run inline, and this host makes runners only");
    }
    struct runner_maker *maker = CONTAINER_OF(base, struct runner_maker, maker);
    struct runner_options options = {.world = maker->world,
                                     .program = maker->program,
                                     .file = order->file,
                                     .name = order->name,
                                     .config = order->settings->config,
                                     .bounds = order->settings->bounds,
                                     .metrics = maker->metrics};
    struct runner *runner = runner_new(&options);
    *ret_made = (struct made_worker){.worker = runner_worker(runner), .impl = runner};
    return TEND_OK;
}

static void start(struct worker_maker *base, struct made_worker *made)
{
    (void)base;
    runner_start(made->impl);
}

static void close_made(struct worker_maker *base, struct made_worker *made, struct task *closed)
{
    (void)base;
    runner_close(made->impl, closed);
    *made = (struct made_worker){0};
}

static const struct worker_maker_ops ops = {.make = make, .start = start, .close = close_made};

void runner_maker_init(struct runner_maker *maker, struct world *world, const char *program,
                       struct metrics *metrics)
{
    *maker = (struct runner_maker){
        .maker.ops = &ops, .world = world, .program = program, .metrics = metrics};
}
