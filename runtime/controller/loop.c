/* Wiring. What moves is elsewhere: feeds bring changes in, subjects decide whom they wake, dispatch takes
 * keys and starts runs, commit writes what they wrote.
 *
 * The plan is what the kinds make of it: a feed for each kind that has a state machine (its deadlines run
 * whether or not its controller is there), for each kind that a controller answers for or owns, for
 * events (they expire), and for definitions and Controllers (they change the plan). It is made anew in a
 * step of its own after one of the latter changed.
 */
#include "controller/loop.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "resource/builtin.h"
#include "resource/key.h"

/* --- kinds ---------------------------------------------------------------------------------------- */

enum tend_code loop_find_kind(const struct loop *loop, struct text word,
                              const struct kind **ret_kind, struct error *err)
{
    const struct catalogue *catalogue = admission_catalogue(loop->gate);
    struct text api_version, kind;
    if (!kind_words(word, &api_version, &kind)) {
        return catalogue_word(catalogue, word, ret_kind, err);
    }
    const struct kind *found = catalogue_kind(catalogue, api_version, kind);
    if (found == NULL) {
        return catalogue_unknown(catalogue, api_version, kind, err);
    }
    *ret_kind = found;
    return TEND_OK;
}

const struct kind *loop_kind(const struct loop *loop, struct text word)
{
    const struct kind *kind = NULL;
    return loop_find_kind(loop, word, &kind, NULL) == TEND_OK ? kind : NULL;
}

const struct kind *loop_kind_of_key(const struct loop *loop, struct text key)
{
    struct key_parts parts;
    return key_split(key, &parts, NULL) == TEND_OK
               ? catalogue_resource(admission_catalogue(loop->gate), parts.resource)
               : NULL;
}

bool loop_serves(const struct loop *loop, struct text resource)
{
    LIST_FOREACH (link, &loop->controllers) {
        const struct controller *controller = CONTAINER_OF(link, struct controller, link);
        if (controller->phase == CONTROLLER_LIVE && text_is(resource, controller->resource)) {
            return true;
        }
    }
    return false;
}

/* --- the plan ------------------------------------------------------------------------------------- */

/* Follow a kind's objects for its deadlines; look at all of them where the machine is another one. */
static void plan_kind(struct loop *loop, const struct kind *kind)
{
    struct feed *feed = map_get(&loop->feeds, text_of(kind->resource));
    if (kind->machine == NULL && (feed == NULL || feed->machine == NULL)) {
        return;
    }
    feed = feed_open(loop, text_of(kind->resource));
    if (feed->machine != kind->machine) {
        machine_unref(feed->machine);
        feed->machine = kind->machine == NULL ? NULL : machine_ref(kind->machine);
        sweeper_start(&feed->scan);
    }
}

static void make_plan(struct task *task)
{
    struct loop *loop = CONTAINER_OF(task, struct loop, plan);
    const struct catalogue *catalogue = admission_catalogue(loop->gate);
    loop->kinds++;
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        plan_kind(loop, catalogue_at(catalogue, i));
    }
    LIST_FOREACH (link, &loop->controllers) {
        controller_plan(CONTAINER_OF(link, struct controller, link));
    }
    garbage_plan(loop);
}

void loop_replan(struct loop *loop)
{
    world_soon(loop->world, &loop->plan);
}

void loop_resume_sweeps(struct loop *loop)
{
    LIST_FOREACH (link, &loop->controllers) {
        sweeper_resume(&CONTAINER_OF(link, struct controller, link)->sweep);
    }
}

/* --- resync --------------------------------------------------------------------------------------- */

static void arm_resync(struct loop *loop)
{
    if (loop->options.resync_ms > 0) {
        world_alarm_set(loop->world, &loop->resync,
                        world_ticks_ms(loop->world) + loop->options.resync_ms);
    }
}

void loop_resync(struct loop *loop)
{
    LIST_FOREACH (link, &loop->controllers) {
        sweeper_start(&CONTAINER_OF(link, struct controller, link)->sweep);
    }
}

static void resync(struct alarm *alarm)
{
    struct loop *loop = CONTAINER_OF(alarm, struct loop, resync);
    loop_resync(loop);
    arm_resync(loop);
}

/* --- life ----------------------------------------------------------------------------------------- */

static void open_queues(struct loop *loop)
{
    loop->queue_ready.ready = dispatch_ready;
    loop->queue = work_queue_new(loop->world, WORK_KEYS_MAX, &loop->queue_ready);
    loop->chores_ready.ready = chores_ready;
    loop->chore_step.run = chores_step;
    loop->chore_queue = work_queue_new(loop->world, WORK_KEYS_MAX, &loop->chores_ready);
    chores_open(loop, &loop->deadlines, &deadline_ops, CHORE_PLACES);
    chores_open(loop, &loop->renames, &rename_ops, CHORE_PLACES);
    chores_open(loop, &loop->expiries, &expiry_ops, CHORE_PLACES);
    chores_open(loop, &loop->reporting, &report_ops, CHORE_PLACES);
}

struct loop *loop_new(struct world *world, struct store *store, struct watch *watch,
                      struct admission *gate, const struct loop_options *options)
{
    struct loop *loop = alloc_new(sizeof *loop);
    loop->world = world;
    loop->store = store;
    loop->watch = watch;
    loop->gate = gate;
    loop->log = world->log;
    loop->options = options == NULL ? (struct loop_options){0} : *options;
    loop->dispatch.run = dispatch_step;
    loop->tick.fire = dispatch_tick;
    loop->resync.fire = resync;
    loop->plan.run = make_plan;
    list_init(&loop->controllers);
    list_init(&loop->chores);
    list_init(&loop->echoes);
    list_init(&loop->turners);
    open_queues(loop);
    feed_open(loop, TEXT(BUILTIN_CONTROLLERS));
    feed_open(loop, TEXT(BUILTIN_CRDS));
    sweeper_start(&feed_open(loop, TEXT(BUILTIN_EVENTS))->scan);
    garbage_open(loop);
    journal_open(loop);
    loop_replan(loop);
    arm_resync(loop);
    loop->gauges.collect = measure_collect;
    metrics_attach(loop->options.metrics, &loop->gauges);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    metrics_detach(&loop->gauges);
    while (!list_empty(&loop->controllers)) {
        controller_remove(CONTAINER_OF(loop->controllers.next, struct controller, link));
    }
    chores_cancel(loop);
    garbage_close(loop);
    journal_close(loop);
    work_flow_free(loop->deadlines.flow);
    work_flow_free(loop->renames.flow);
    work_flow_free(loop->expiries.flow);
    work_flow_free(loop->reporting.flow);
    work_queue_free(loop->chore_queue);
    work_queue_free(loop->queue);
    report_done(loop);
    MAP_FOREACH (slot, &loop->feeds) {
        feed_free(slot->value);
    }
    map_done(&loop->feeds);
    world_alarm_clear(loop->world, &loop->tick);
    world_alarm_clear(loop->world, &loop->resync);
    list_remove(&loop->dispatch.link);
    list_remove(&loop->chore_step.link);
    list_remove(&loop->plan.link);
    free(loop);
}

/* What waits for the outside is in the future. */
static bool is_settled(const struct controller *controller)
{
    struct work_count count = work_flow_count(controller->flow);
    return count.waiting == 0 && count.running <= controller->parked &&
           controller->sweep.phase == SWEEP_IDLE;
}

static bool flow_is_settled(const struct work_flow *flow)
{
    struct work_count count = work_flow_count(flow);
    return count.waiting == 0 && count.running == 0;
}

bool loop_is_settled(const struct loop *loop)
{
    bool settled = watch_revision(loop->watch) == store_revision(loop->store) &&
                   list_empty(&loop->chores) && !list_linked(&loop->plan.link) &&
                   flow_is_settled(loop->deadlines.flow) && flow_is_settled(loop->renames.flow) &&
                   flow_is_settled(loop->expiries.flow) && flow_is_settled(loop->reporting.flow) &&
                   flow_is_settled(loop->journal.storing.flow) && garbage_is_settled(loop);
    LIST_FOREACH (link, &loop->controllers) {
        const struct controller *controller = CONTAINER_OF(link, struct controller, link);
        bool live = controller->phase == CONTROLLER_LIVE; /* otherwise all waits for the worker */
        settled = settled && (!live || is_settled(controller));
    }
    MAP_FOREACH (slot, &loop->feeds) {
        const struct feed *feed = slot->value;
        settled = settled && feed->scan.phase == SWEEP_IDLE &&
                  follower_bookmark(&feed->follower) >= watch_revision(loop->watch);
    }
    return settled;
}
