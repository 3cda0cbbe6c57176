/* A sweep walks keys in order at the durable head of each moment, without a snapshot: what changes behind
 * it is seen by the feed, what changes ahead of it is met as it is then. It costs a slice of a step, and
 * stops while there is enough to do. */
#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"

static void finish(struct sweeper *sweeper)
{
    free(sweeper->after);
    sweeper->after = NULL;
    sweeper->phase = SWEEP_IDLE;
    if (sweeper->again) {
        sweeper->again = false;
        sweeper_start(sweeper);
    }
}

static void sweep_slice(struct task *task)
{
    struct sweeper *sweeper = CONTAINER_OF(task, struct sweeper, task);
    struct store *store = sweeper->loop->store;
    struct store_entry entries[SWEEP_SLICE];
    size_t count = store_list(store, store_revision(store), text_of(sweeper->prefix),
                              text_of(sweeper->after), entries, SWEEP_SLICE);
    size_t visited = 0;
    while (visited < count && sweeper->visit(sweeper, &entries[visited])) {
        visited++;
    }
    if (visited > 0) {
        free(sweeper->after);
        sweeper->after = alloc_text(entries[visited - 1].key.ptr, entries[visited - 1].key.len);
    }
    if (visited < count) {
        sweeper->phase = SWEEP_PAUSED;
    } else if (count < SWEEP_SLICE) {
        finish(sweeper);
    } else {
        world_soon(sweeper->loop->world, &sweeper->task);
    }
}

void sweeper_init(struct sweeper *sweeper, struct loop *loop, struct text prefix,
                  bool (*visit)(struct sweeper *sweeper, const struct store_entry *entry))
{
    *sweeper = (struct sweeper){.loop = loop,
                                .prefix = alloc_text(prefix.ptr, prefix.len),
                                .visit = visit,
                                .task.run = sweep_slice};
}

void sweeper_done(struct sweeper *sweeper)
{
    list_remove(&sweeper->task.link);
    free(sweeper->prefix);
    free(sweeper->after);
    *sweeper = (struct sweeper){0};
}

void sweeper_start(struct sweeper *sweeper)
{
    if (sweeper->phase != SWEEP_IDLE) {
        sweeper->again = true;
        return;
    }
    sweeper->phase = SWEEP_GOING;
    world_soon(sweeper->loop->world, &sweeper->task);
}

void sweeper_resume(struct sweeper *sweeper)
{
    if (sweeper->phase == SWEEP_PAUSED) {
        sweeper->phase = SWEEP_GOING;
        world_soon(sweeper->loop->world, &sweeper->task);
    }
}
