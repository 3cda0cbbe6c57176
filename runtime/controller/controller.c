/* A controller has a flow in the queue from the day it is added, with no places until it is live: what
 * happens to its objects in the meantime waits there, once for each key, and nothing is lost with a
 * worker. What is due is brought by the first sweep, so nothing about the queue has to be durable. */
#include "controller/controller.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "resource/key.h"

static bool sweep_object(struct sweeper *sweeper, const struct store_entry *entry)
{
    struct controller *controller = CONTAINER_OF(sweeper, struct controller, sweep);
    struct error err = ERROR_INIT;
    struct key_parts parts;
    if (key_split(entry->key, &parts, NULL) != TEND_OK ||
        !scope_may_take(controller, parts.resource, entry->doc)) {
        return true;
    }
    return work_flow_count(controller->flow).waiting < SWEEP_AHEAD &&
           work_queue_add(controller->flow, entry->key, WORK_SWEEP, &err) == TEND_OK;
}

void controller_enqueue(struct controller *controller, struct text key, enum work_class why)
{
    struct error err = ERROR_INIT;
    if (work_queue_add(controller->flow, key, why, &err) != TEND_OK) {
        log_warn(controller->loop->log, LOG_FIELDS({"controller", controller->name}),
                 "%s; looking at every object later", err.message);
        sweeper_start(&controller->sweep);
    }
}

static bool same_chars(const char *a, const char *b)
{
    return text_equal(text_of(a), text_of(b));
}

static void set_text(char **text, const char *chars)
{
    free(*text);
    *text = alloc_dup(chars);
}

/* --- the plan ------------------------------------------------------------------------------------- */

/* A sweep goes over one kind, or over everything where there are several. */
static void look_anew(struct controller *controller)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text prefix = TEXT("");
    MAP_FOREACH (slot, &controller->scope.resources) {
        feed_open(controller->loop, slot->key);
        prefix = slot->key;
    }
    free(controller->resource);
    controller->resource =
        controller->role == ROLE_OWNER ? alloc_text(prefix.ptr, prefix.len) : alloc_dup("");
    sweeper_done(&controller->sweep);
    sweeper_init(&controller->sweep, controller->loop,
                 controller->scope.resources.count > 1 ? TEXT("") : key_prefix_kind(&arena, prefix),
                 sweep_object);
    if (controller->scope.resources.count > 0 && controller->lives > 0) {
        sweeper_start(&controller->sweep);
    }
}

/* A word that is no kind may be one that comes, or a mistake that nobody else would tell of. */
static void add_missing(const struct controller *controller, struct text word, struct buffer *out)
{
    const struct kind *kind;
    struct error err = ERROR_INIT;
    if (!text_is(word, "*") && loop_find_kind(controller->loop, word, &kind, &err) != TEND_OK) {
        buffer_format(out, "%s%s", out->len == 0 ? "it waits for a kind: " : "; ", err.message);
    }
}

/* Told where it is news: in the log, and in its Controller. */
static void tell_missing(struct controller *controller)
{
    CLEANUP(buffer_done) struct buffer words = BUFFER_INIT(LOG_MESSAGE_MAX);
    for (struct text rest = text_of(controller->kind); rest.len > 0;) {
        add_missing(controller, claimed_word(&rest), &words);
    }
    for (size_t i = 0; i < controller->owns_count; i++) {
        add_missing(controller, text_of(controller->owns[i]), &words);
    }
    const char *missing = words.len == 0 ? NULL : buffer_view(&words).ptr;
    if (same_chars(controller->missing, missing)) {
        return;
    }
    set_text(&controller->missing, missing);
    if (missing != NULL) {
        log_info(controller->loop->log, LOG_FIELDS({"controller", controller->name}), "%s",
                 missing);
    }
    report_controller(controller);
}

void controller_plan(struct controller *controller)
{
    if (scope_plan(controller)) {
        look_anew(controller);
    }
    for (size_t i = 0; i < controller->owns_count; i++) {
        const struct kind *owned = loop_kind(controller->loop, text_of(controller->owns[i]));
        free(controller->owned[i]);
        controller->owned[i] = alloc_dup(owned == NULL ? "" : owned->resource);
        if (owned != NULL) {
            feed_open(controller->loop, text_of(owned->resource));
        }
    }
    if (controller->phase == CONTROLLER_LIVE) {
        tell_missing(controller);
    }
}

/* --- life ----------------------------------------------------------------------------------------- */

struct controller *controller_find(const struct loop *loop, const char *name)
{
    LIST_FOREACH (link, &loop->controllers) {
        struct controller *controller = CONTAINER_OF(link, struct controller, link);
        if (strcmp(controller->name, name) == 0) {
            return controller;
        }
    }
    return NULL;
}

enum tend_code controller_check(const struct controller_options *options, struct error *err)
{
    struct claimed claimed = {.kind = options->kind,
                              .observes = options->role == ROLE_OBSERVER,
                              .labels = options->labels,
                              .annotation = options->annotation,
                              .owns = options->owns};
    return claimed_check(&claimed, err);
}

static void copy_owns(struct controller *controller, const char *const *owns)
{
    while (owns != NULL && owns[controller->owns_count] != NULL) {
        controller->owns_count++;
    }
    controller->owns = alloc_array(controller->owns_count + 1, sizeof(char *));
    controller->owned = alloc_array(controller->owns_count + 1, sizeof(char *));
    for (size_t i = 0; i < controller->owns_count; i++) {
        controller->owns[i] = alloc_dup(owns[i]);
        controller->owned[i] = alloc_dup("");
    }
}

static void free_owns(struct controller *controller)
{
    for (size_t i = 0; i < controller->owns_count; i++) {
        free(controller->owns[i]);
        free(controller->owned[i]);
    }
    free(controller->owns);
    free(controller->owned);
    controller->owns_count = 0;
}

static void set_phase(struct controller *controller, enum controller_phase phase,
                      const char *reason, const char *message)
{
    controller->phase = phase;
    controller->since_ms = world_wall_ms(controller->loop->world);
    set_text(&controller->reason, reason);
    set_text(&controller->message, message);
}

void controller_set_places(struct controller *controller)
{
    bool open = controller->phase == CONTROLLER_LIVE && controller->gate == GATE_OPEN &&
                controller->worker->is_up;
    size_t parked = controller->parked < RUNS_PARKED_MAX ? controller->parked : RUNS_PARKED_MAX;
    size_t places = controller->parallel + parked;
    if (controller->most > 0 && places > controller->most) {
        places = controller->most;
    }
    work_flow_places(controller->flow, open ? places : 0);
}

/* What a version brings with it. */
static void set_version(struct controller *controller, const struct controller_options *options)
{
    size_t parallel = options->parallel == 0 ? 1 : options->parallel;
    controller->parallel = parallel < WORKER_CALLS_MAX ? parallel : WORKER_CALLS_MAX;
    controller->most = options->most;
    controller->declared = options->declared;
    controller->worker = options->worker;
    controller->limit_ms = options->limit_ms;
    controller->slice_ms = options->slice_ms;
    scope_select(controller, options);
    set_text(&controller->file, options->file);
    set_text(&controller->hash, options->hash);
    set_text(&controller->version, options->version);
    copy_owns(controller, options->owns);
}

enum tend_code controller_add(struct loop *loop, const struct controller_options *options,
                              struct controller **ret_controller, struct error *err)
{
    if (controller_find(loop, options->name) != NULL) {
        return FAIL(err, TEND_EXISTS, "there is a controller %s already", options->name);
    }
    TRY(controller_check(options, err));
    struct controller *controller = alloc_new(sizeof *controller);
    controller->loop = loop;
    controller->name = alloc_dup(options->name);
    controller->kind = alloc_dup(options->kind);
    controller->role = options->role;
    set_version(controller, options);
    list_init(&controller->runs);
    list_append(&loop->controllers, &controller->link);
    loop->controller_count++;
    controller->flow = work_flow_new(loop->queue, 0, controller);
    measure_open(controller);
    set_phase(controller, CONTROLLER_ADDED, NULL, NULL);
    look_anew(controller);
    controller_plan(controller);
    *ret_controller = controller;
    return TEND_OK;
}

/* Deadlines that were held for want of a controller. */
static void release_deadlines(struct controller *controller)
{
    struct feed *feed = map_get(&controller->loop->feeds, text_of(controller->resource));
    if (feed != NULL && feed->machine != NULL) {
        sweeper_start(&feed->scan);
    }
}

void controller_live(struct controller *controller)
{
    controller_plan(controller);
    controller->lives++;
    set_phase(controller, CONTROLLER_LIVE, NULL, NULL);
    log_info(controller->loop->log,
             LOG_FIELDS({"controller", controller->name}, {"kind", controller->kind}), "live");
    if (controller->lives == 1) {
        sweeper_start(&controller->sweep);
    }
    tell_missing(controller);
    release_deadlines(controller);
    controller_set_places(controller);
    report_controller(controller);
}

static void set_lost(struct controller *controller, const char *reason, const char *message)
{
    set_phase(controller, CONTROLLER_LOST, reason, message);
    controller_set_places(controller);
    report_controller(controller);
}

void controller_lost(struct controller *controller, const char *reason)
{
    log_warn(controller->loop->log, LOG_FIELDS({"controller", controller->name}), "lost: %s",
             reason);
    set_lost(controller, "WorkerLost", reason);
}

void controller_leave(struct controller *controller, const char *reason, const char *message)
{
    set_text(&controller->contested, ""); /* it is not in the way of anybody */
    set_lost(controller, reason, message);
}

void controller_hold(struct controller *controller)
{
    controller->gate = GATE_HELD;
    controller_set_places(controller);
}

void controller_release(struct controller *controller)
{
    controller->gate = GATE_OPEN;
    controller_set_places(controller);
}

/* --- another version ------------------------------------------------------------------------------ */

/* An object that the last version gave up is tried by this one. (What the objects themselves say of that
 * is older than `replaced`.) */
static void forgive_subjects(struct controller *controller)
{
    MAP_FOREACH (slot, &controller->subjects) {
        struct subject *subject = slot->value;
        subject->set_aside = 0;
        subject->deaths = 0;
        subject->discards = 0;
        subject_calm(subject);
    }
}

void controller_renew(struct controller *controller)
{
    controller->replaced = store_revision(controller->loop->store);
    forgive_subjects(controller);
}

void controller_replace(struct controller *controller, const struct controller_options *options)
{
    free_owns(controller);
    set_version(controller, options);
    controller->lives = 0;
    controller_renew(controller);
    controller_plan(controller);
    controller_release(controller);
}

void controller_recall(struct controller *controller, struct worker *worker)
{
    LIST_FOREACH_SAFE (link, &controller->runs) {
        struct run *run = CONTAINER_OF(link, struct run, link);
        if (run->worker == worker && run->phase == RUN_CALLED) {
            run_recall(run);
        }
    }
}

/* --- what it is told ------------------------------------------------------------------------------ */

void controller_tell(struct controller *controller, const struct controller_note *note)
{
    if (same_chars(controller->told_reason, note->reason) &&
        same_chars(controller->told_message, note->message) &&
        same_chars(controller->last_good, note->last_good) &&
        same_chars(controller->rejected, note->rejected) &&
        (controller->contested == NULL) == (note->contested == NULL) &&
        same_chars(controller->contested, note->contested)) {
        return;
    }
    set_text(&controller->told_reason, note->reason);
    set_text(&controller->told_message, note->message);
    set_text(&controller->last_good, note->last_good);
    set_text(&controller->rejected, note->rejected);
    set_text(&controller->contested, note->contested);
    if (controller->phase != CONTROLLER_ADDED) {
        report_controller(controller);
    }
}

const char *controller_file(const struct controller *controller)
{
    return controller->file == NULL ? "" : controller->file;
}

/* --- the end -------------------------------------------------------------------------------------- */

static void free_subjects(struct controller *controller)
{
    struct map subjects = controller->subjects; /* emptied at once: the table may not change */
    controller->subjects = (struct map){0};
    MAP_FOREACH (slot, &subjects) {
        subject_free(slot->value);
    }
    map_done(&subjects);
    map_done(&controller->subjects);
}

void controller_remove(struct controller *controller)
{
    struct loop *loop = controller->loop;
    while (!list_empty(&controller->runs)) {
        run_abandon(CONTAINER_OF(controller->runs.next, struct run, link));
    }
    free_subjects(controller);
    report_keep_counts(controller);
    tally_done(controller);
    measure_close(controller);
    work_flow_free(controller->flow);
    sweeper_done(&controller->sweep);
    list_remove(&controller->link);
    loop->controller_count--;
    free_owns(controller);
    scope_done(controller);
    free(controller->rejected);
    free(controller->last_good);
    free(controller->contested);
    free(controller->told_message);
    free(controller->missing);
    free(controller->told_reason);
    free(controller->resource);
    free(controller->message);
    free(controller->reason);
    free(controller->version);
    free(controller->hash);
    free(controller->file);
    free(controller->kind);
    free(controller->name);
    free(controller);
}

/* --- what is there -------------------------------------------------------------------------------- */

size_t controller_count(const struct loop *loop)
{
    return loop->controller_count;
}

struct controller_info controller_at(const struct loop *loop, size_t index)
{
    struct list *link = loop->controllers.next;
    for (size_t i = 0; i < index; i++) {
        link = link->next;
    }
    const struct controller *controller = CONTAINER_OF(link, struct controller, link);
    struct work_count count = work_flow_count(controller->flow);
    return (struct controller_info){
        .name = controller->name,
        .kind = controller->kind,
        .resource = controller->resource,
        .phase = controller->phase,
        .since_ms = controller->since_ms,
        .restarts = controller->lives > 1 ? controller->lives - 1 : 0,
        .waiting = count.waiting,
        .later = count.later,
        .running = count.running,
        .runs = controller->tally.runs,
        .failures = controller->tally.failures,
        .lost = controller->lost,
        .discarded = controller->discarded,
        .last_error = controller->tally.error == NULL ? "" : controller->tally.error};
}
