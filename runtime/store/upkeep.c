/* What the store does for itself, one bounded step at a time on LANE_WRITE, between commits: retention,
 * the backend's own housekeeping, and finding out whether a full disk has space again.
 *
 *     after a commit --> is something due? --> step --> more? --> step ...
 *
 * Steps and commits take turns on the lane, so a commit waits for one step at most. Nothing is set
 * when nothing will be due: without changes the log ages away within a day and then no alarm is left.
 * Retention is lazy by a sixteenth, so that a steady stream of changes does not compact row by row. */
#include "base/limits.h"
#include "store/inside.h"

enum { SLACK = 16 };

/* --- what is due ------------------------------------------------------------------------------- */

static int64_t retain_due_ms(const struct store *store)
{
    int64_t slack = store->options.retain_ms / SLACK;
    return store->kept.oldest_ms + store->options.retain_ms + slack;
}

static bool compact_due(const struct store *store)
{
    const struct store_options *keep = &store->options;
    int64_t rows = store->kept.revision - store->kept.oldest;
    return rows > keep->retain_count + keep->retain_count / SLACK ||
           store->kept.bytes > keep->retain_bytes + keep->retain_bytes / SLACK ||
           (rows > 0 && world_wall_ms(store->world) >= retain_due_ms(store));
}

static enum upkeep_kind what_is_due(const struct store *store)
{
    if (store->state == STORE_FULL) { /* otherwise only the probe's alarm asks for something */
        return store->compacting == BACKEND_MORE ? UPKEEP_COMPACT : UPKEEP_NONE;
    }
    if (store->untidy == BACKEND_MORE) {
        return UPKEEP_TIDY;
    }
    bool compact = store->compacting == BACKEND_MORE || compact_due(store);
    return compact ? UPKEEP_COMPACT : UPKEEP_NONE;
}

static void arm_retain(struct store *store)
{
    if (store->phase != STORE_OPEN || store->kept.revision == store->kept.oldest) {
        world_alarm_clear(store->world, &store->retain_alarm);
        return;
    }
    int64_t wait = retain_due_ms(store) - world_wall_ms(store->world);
    world_alarm_set(store->world, &store->retain_alarm,
                    world_ticks_ms(store->world) + (wait < 1 ? 1 : wait));
}

static void arm_probe(struct store *store)
{
    world_alarm_set(store->world, &store->probe_alarm,
                    world_ticks_ms(store->world) + STORE_PROBE_MS);
}

/* --- a step ------------------------------------------------------------------------------------ */

static void upkeep_work(struct job *job)
{
    struct upkeep_job *upkeep = CONTAINER_OF(job, struct upkeep_job, job);
    struct backend *backend = upkeep->backend;
    upkeep->err = (struct error)ERROR_INIT;
    upkeep->more = BACKEND_DONE;
    switch (upkeep->kind) {
    case UPKEEP_TIDY:
        upkeep->code = backend->ops->tidy(backend, &upkeep->more, &upkeep->err);
        break;
    case UPKEEP_COMPACT:
        upkeep->code = backend->ops->compact(backend, &upkeep->keep, &upkeep->state, &upkeep->more,
                                             &upkeep->err);
        break;
    case UPKEEP_RECOVER:
        upkeep->code = backend->ops->recover(backend, &upkeep->err);
        break;
    case UPKEEP_NONE:
        break;
    }
    upkeep->untidy = backend->untidy;
}

static void offload(struct store *store, enum upkeep_kind kind)
{
    struct upkeep_job *upkeep = &store->upkeep;
    upkeep->kind = kind;
    upkeep->keep = (struct backend_keep){
        .since_ms = world_wall_ms(store->world) - store->options.retain_ms,
        .count = store->options.retain_count,
        .bytes = store->options.retain_bytes,
    };
    world_offload(store->world, &upkeep->job);
}

void upkeep_start(struct store *store)
{
    if (store->phase != STORE_OPEN || store->upkeep.kind != UPKEEP_NONE) {
        return;
    }
    enum upkeep_kind due = what_is_due(store);
    if (due != UPKEEP_NONE) {
        offload(store, due);
    }
}

static void set_state(struct store *store, enum store_state state)
{
    bool news = store->state != state;
    store->state = state;
    if (news && store->options.space != NULL) {
        store->options.space(store->options.owner, state);
    }
}

static void stepped(struct store *store, enum upkeep_kind kind)
{
    store->untidy = store->upkeep.untidy;
    switch (kind) {
    case UPKEEP_COMPACT:
        store->kept = store->upkeep.state; /* one lane: it knows exactly what was published */
        store->compacting = store->upkeep.more;
        arm_retain(store);
        break;
    case UPKEEP_RECOVER:
        set_state(store, STORE_READY);
        break;
    case UPKEEP_TIDY:
    case UPKEEP_NONE:
        break;
    }
}

static void upkeep_done_step(struct job *job)
{
    struct store *store = CONTAINER_OF(job, struct store, upkeep.job);
    struct error err = store->upkeep.err;
    enum upkeep_kind kind = store->upkeep.kind;
    store->upkeep.kind = UPKEEP_NONE;
    if (store->phase == STORE_DEAD) {
        return;
    }
    if (store->upkeep.code == TEND_OK) {
        stepped(store, kind);
        if (store->state == STORE_FULL) {
            arm_probe(store);
        }
    } else if (store->upkeep.code == TEND_UNAVAILABLE) {
        store->compacting = BACKEND_DONE;
        upkeep_full(store);
    } else {
        store_fatal(store, &err);
        return;
    }
    upkeep_start(store);
    store_maybe_finished(store);
}

/* --- what starts one --------------------------------------------------------------------------- */

void upkeep_appended(struct store *store, const struct batch *batch, enum backend_more untidy)
{
    bool first = store->kept.revision == store->kept.oldest;
    store->kept.revision = batch->rows[batch->count - 1]->change.revision;
    store->kept.bytes += (int64_t)batch->bytes;
    store->untidy = untidy;
    if (first) {
        store->kept.oldest_ms = batch->rows[0]->change.time_ms;
        arm_retain(store);
    }
}

void upkeep_full(struct store *store)
{
    set_state(store, STORE_FULL);
    if (store->phase == STORE_OPEN) {
        arm_probe(store);
    }
}

static void retain_alarm(struct alarm *alarm)
{
    struct store *store = CONTAINER_OF(alarm, struct store, retain_alarm);
    upkeep_start(store);
    if (store->upkeep.kind != UPKEEP_COMPACT) {
        arm_retain(store); /* the wall clock jumped, or something else goes first */
    }
}

static void probe_alarm(struct alarm *alarm)
{
    struct store *store = CONTAINER_OF(alarm, struct store, probe_alarm);
    if (store->phase != STORE_OPEN) {
        return;
    }
    if (store->upkeep.kind == UPKEEP_NONE) { /* history that may go makes space, too */
        offload(store, compact_due(store) ? UPKEEP_COMPACT : UPKEEP_RECOVER);
    } else {
        arm_probe(store);
    }
}

static void begin(struct task *task)
{
    upkeep_start(CONTAINER_OF(task, struct store, begin));
}

/* Nothing is under way before the loop runs, so that a start which fails later can close the store. */
void upkeep_init(struct store *store)
{
    store->upkeep.backend = store->backend;
    store->upkeep.job =
        (struct job){.lane = LANE_WRITE, .work = upkeep_work, .done = upkeep_done_step};
    store->retain_alarm.fire = retain_alarm;
    store->probe_alarm.fire = probe_alarm;
    store->untidy = store->backend->untidy;
    arm_retain(store);
    if (store->kept.space == STORE_FULL) {
        upkeep_full(store);
    }
    store->begin.run = begin;
    world_soon(store->world, &store->begin);
}

void upkeep_done(struct store *store)
{
    list_remove(&store->begin.link);
    world_alarm_clear(store->world, &store->retain_alarm);
    world_alarm_clear(store->world, &store->probe_alarm);
}

enum store_state store_state(const struct store *store)
{
    return store->state;
}
