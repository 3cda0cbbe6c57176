/* One executor in front of the two: the question says whose it is, and from there on the effect is theirs. */
#include "effect/outside.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "effect/kept.h"
#include "effect/program.h"
#include "effect/transfer.h"

struct outside {
    struct executor executor;
    struct programs programs;
    struct kept_programs kept;
    struct transfers *transfers;
};

static bool keeps(const struct outside *outside)
{
    return outside->kept.keeper != NULL;
}

static void start(struct executor *executor, struct effect *effect, const struct value *question)
{
    struct outside *outside = CONTAINER_OF(executor, struct outside, executor);
    const struct value *exec = value_field(question, "exec");
    if (exec != NULL && effect->record > 0 && keeps(outside)) {
        effect_start(&outside->kept.executor, effect, exec);
    } else if (exec != NULL) {
        effect_start(&outside->programs.executor, effect, exec);
    } else {
        effect_start(transfers_executor(outside->transfers), effect, value_field(question, "http"));
    }
}

static void sweep(struct executor *executor, int64_t *records, size_t count)
{
    struct outside *outside = CONTAINER_OF(executor, struct outside, executor);
    if (keeps(outside)) {
        executor_sweep(&outside->kept.executor, records, count);
    }
}

static void forget(struct executor *executor, const struct effect *effect)
{
    struct outside *outside = CONTAINER_OF(executor, struct outside, executor);
    if (keeps(outside)) {
        const struct effect kept = {.executor = &outside->kept.executor, .record = effect->record};
        effect_forget(&kept);
    }
}

struct outside *outside_new(struct world *world, const char *folder, const char *keeper)
{
    /* An effect is its own executor's from the start on: it is never cancelled here. */
    static const struct executor_ops ops = {.start = start, .forget = forget, .sweep = sweep};
    struct outside *outside = alloc_new(sizeof *outside);
    outside->executor.ops = &ops;
    programs_init(&outside->programs, world);
    kept_init(&outside->kept, world, folder, keeper);
    outside->transfers = transfers_new(world);
    return outside;
}

void outside_free(struct outside *outside)
{
    if (outside == NULL) {
        return;
    }
    programs_done(&outside->programs);
    kept_done(&outside->kept);
    transfers_free(outside->transfers);
    free(outside);
}

struct executor *outside_executor(struct outside *outside)
{
    return &outside->executor;
}
