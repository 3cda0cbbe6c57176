/* Whether a content is a plugin at all is for its process to find out. */
#include "runner/runner_maker.h"

#include "base/alloc.h"

static enum tend_code take_in(struct runner_maker *maker, const struct worker_order *order,
                              struct inline_place *ret_place, struct error *err)
{
    *ret_place = (struct inline_place){0};
    if (order->settings->isolation == ISOLATION_PROCESS) {
        return TEND_OK;
    }
    if (maker->take_in == NULL) {
        return FAIL(err, TEND_INVALID, "it is to run inline, and this host makes runners only");
    }
    return maker->take_in(maker->house, order, ret_place, err);
}

static enum tend_code make(struct worker_maker *base, const struct worker_order *order,
                           struct made_worker *ret_made, struct error *err)
{
    struct runner_maker *maker = CONTAINER_OF(base, struct runner_maker, maker);
    struct inline_place place;
    TRY(take_in(maker, order, &place, err));
    struct runner_options options = {.world = maker->world,
                                     .program = maker->program,
                                     .means = place.means,
                                     .file = order->file,
                                     .name = order->name,
                                     .config = order->settings->config,
                                     .bounds = order->settings->bounds,
                                     .metrics = maker->metrics};
    struct runner *runner = runner_new(&options);
    runner_worker(runner)->remark = place.remark;
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

static bool forgive(struct worker_maker *base, const char *file)
{
    struct runner_maker *maker = CONTAINER_OF(base, struct runner_maker, maker);
    return maker->forgive != NULL && maker->forgive(maker->house, file);
}

static const struct worker_maker_ops ops = {
    .make = make, .start = start, .close = close_made, .forgive = forgive};

void runner_maker_init(struct runner_maker *maker, struct world *world, const char *program,
                       struct metrics *metrics)
{
    *maker = (struct runner_maker){
        .maker.ops = &ops, .world = world, .program = program, .metrics = metrics};
}
