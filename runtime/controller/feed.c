/* The changes of one resource, as the loop reads them. Each change is decoded once and shown to
 *
 *     the controllers of the kind          their object changed
 *     the controllers that own such        one of their object's children changed
 *     the deadlines and lifetimes          the moment may be another one
 *     the plan                             definitions and controllers only: the kinds may be others
 *
 * A feed starts at the head; what was there before is the sweep's. If its follower is lost (the log does
 * not reach back), it starts again at the head and everything is swept anew: the loop is level-triggered,
 * so a gap costs time, never correctness. An error is never an empty list: nothing is concluded from it.
 */
#include <assert.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "resource/builtin.h"
#include "resource/key.h"

struct shown {
    struct loop *loop;
    const struct follow_event *event;
    const struct kind *kind;  /* NULL: it is not there */
    const struct value *root; /* the object; of a deletion as it was last */
    struct meta meta;
    const struct value *before; /* NULL: not known, or created */
};

/* --- controllers of the kind ---------------------------------------------------------------------- */

static bool has_another(const struct meta *a, const struct meta *b, struct text field)
{
    const struct value *then = value_get(a->metadata, field), *now = value_get(b->metadata, field);
    return then != now && (then == NULL || now == NULL || !value_equal(then, now));
}

/* Labels and annotations are to an observer what the spec is to the owner. */
static bool has_other_marks(const struct meta *a, const struct meta *b)
{
    return has_another(a, b, TEXT("labels")) || has_another(a, b, TEXT("annotations"));
}

/* Asked for by somebody else: a controller that asks itself would never give up. */
static bool asks_retry(const struct controller *controller, const struct shown *shown,
                       const struct meta *before)
{
    return meta_asks_retry(before, &shown->meta) &&
           wake_cause(controller, shown->event->change) != WAKE_OWN;
}

/* Is what was held against the object forgotten? */
static bool is_anew(const struct controller *controller, const struct shown *shown)
{
    struct meta before = meta_of(shown->before);
    if (asks_retry(controller, shown, &before)) {
        return true;
    }
    if (controller->role == ROLE_OBSERVER && has_other_marks(&before, &shown->meta)) {
        return true;
    }
    return shown->before == NULL || before.generation != shown->meta.generation ||
           !text_equal(before.uid, shown->meta.uid) ||
           meta_deleting(&before) != meta_deleting(&shown->meta);
}

static void object_gone(struct controller *controller, struct text key)
{
    struct subject *subject = subject_find(controller, key);
    work_queue_drop(controller->flow, key);
    if (subject != NULL && subject->run == NULL) {
        subject_free(subject);
    }
}

static void show_to_controller(struct controller *controller, const struct shown *shown)
{
    struct text key = shown->event->key;
    if (shown->event->op == FOLLOW_DELETED || !scope_takes(controller, shown->root)) {
        object_gone(controller, key);
        return;
    }
    struct subject *subject = subject_find(controller, key);
    if (subject != NULL && subject->run != NULL) {
        run_overtaken(subject->run, shown->root);
    }
    if (is_anew(controller, shown)) {
        subject_forgive(controller, key);
    }
    subject_wake(controller, key, shown->event->revision,
                 wake_cause(controller, shown->event->change));
}

/* --- owners --------------------------------------------------------------------------------------- */

static bool is_owned_kind(const struct controller *controller, struct text resource)
{
    for (size_t i = 0; i < controller->owns_count; i++) {
        if (text_is(resource, controller->owned[i])) {
            return true;
        }
    }
    return false;
}

static void wake_owner(struct controller *controller, const struct shown *shown,
                       const struct value *reference)
{
    struct loop *loop = controller->loop;
    const struct kind *kind =
        catalogue_kind(admission_catalogue(loop->gate),
                       value_text_or(value_field(reference, "apiVersion"), TEXT("")),
                       value_text_or(value_field(reference, "kind"), TEXT("")));
    if (kind == NULL || !scope_has(controller, text_of(kind->resource))) {
        return;
    }
    char bytes[KEY_BYTES_MAX + 1];
    struct text key, namespace = kind_namespaced(kind) ? shown->meta.namespace : TEXT("");
    struct text name = value_text_or(value_field(reference, "name"), TEXT(""));
    if (name.len > 0 &&
        key_write(bytes, text_of(kind->resource), namespace, name, &key, NULL) == TEND_OK &&
        store_get(loop->store, key) != NULL) {
        subject_wake(controller, key, shown->event->revision,
                     wake_cause(controller, shown->event->change));
    }
}

static void show_to_owners(struct controller *controller, const struct shown *shown)
{
    for (size_t i = 0; i < value_count(shown->meta.owners); i++) {
        wake_owner(controller, shown, value_at(shown->meta.owners, i));
    }
}

/* --- the host's own ------------------------------------------------------------------------------- */

static void log_state(const struct shown *shown)
{
    const struct machine *machine = shown->kind->machine;
    struct text now = machine_state_of(machine, shown->root);
    struct text was = machine_state_of(machine, shown->before);
    if (text_equal(now, was)) {
        return;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    log_info(shown->loop->log,
             LOG_FIELDS({"kind", shown->kind->name},
                        {"namespace", arena_text(&arena, shown->meta.namespace).ptr},
                        {"name", arena_text(&arena, shown->meta.name).ptr}),
             "%.*s%s%.*s", TEXT_ARG(was), was.len == 0 ? "" : " -> ", TEXT_ARG(now));
}

static void show_to_deadlines(const struct shown *shown)
{
    if (shown->event->op == FOLLOW_DELETED) {
        deadline_forget(shown->loop, shown->event->key);
    } else {
        deadline_note(shown->loop, shown->event->key, shown->kind->machine, shown->root);
    }
    log_state(shown);
}

static void show_to_host(struct feed *feed, const struct shown *shown)
{
    bool gone = shown->event->op == FOLLOW_DELETED;
    if (shown->kind != NULL && shown->kind->machine != NULL) {
        show_to_deadlines(shown);
    }
    if (text_is(text_of(feed->resource), BUILTIN_EVENTS)) {
        if (gone) {
            expiry_forget(feed->loop, shown->event->key);
        } else {
            expiry_note(feed->loop, shown->event->key, shown->root);
        }
    }
    if (text_is(text_of(feed->resource), BUILTIN_EFFECTS)) {
        journal_note(feed->loop, shown->event->key);
    }
    if (text_is(text_of(feed->resource), BUILTIN_CONTROLLERS)) {
        loop_replan(feed->loop);
        if (!gone) {
            report_appeared(feed->loop, shown->meta.name);
        }
    }
    if (text_is(text_of(feed->resource), BUILTIN_CRDS)) {
        loop_replan(feed->loop);
    }
}

static bool may_concern(const struct controller *controller, struct text resource,
                        const struct follow_event *event)
{
    const struct doc *before = event->change->before;
    bool known = before != NULL || event->change->op == CHANGE_CREATE;
    return is_owned_kind(controller, resource) || (scope_has(controller, resource) && !known) ||
           scope_may_take(controller, resource, event->doc) ||
           (before != NULL && scope_may_take(controller, resource, before));
}

static bool concerns_host(const struct kind *kind)
{
    static const char *const resources[] = {BUILTIN_EVENTS, BUILTIN_EFFECTS, BUILTIN_CONTROLLERS,
                                            BUILTIN_CRDS};
    for (size_t i = 0; kind != NULL && i < COUNT_OF(resources); i++) {
        if (strcmp(kind->resource, resources[i]) == 0) {
            return true;
        }
    }
    return kind == NULL || kind->machine != NULL;
}

/* Most objects are nobody's business who only observes: those are not decoded. */
static bool concerns_nobody(const struct feed *feed, const struct kind *kind,
                            const struct follow_event *event)
{
    if (concerns_host(kind)) {
        return false;
    }
    LIST_FOREACH (link, &feed->loop->controllers) {
        const struct controller *controller = CONTAINER_OF(link, struct controller, link);
        if (may_concern(controller, text_of(feed->resource), event)) {
            return false;
        }
    }
    return true;
}

static void show(struct feed *feed, const struct follow_event *event)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct loop *loop = feed->loop;
    struct shown shown = {.loop = loop, .event = event};
    shown.kind = catalogue_resource(admission_catalogue(loop->gate), text_of(feed->resource));
    if (concerns_nobody(feed, shown.kind, event)) {
        return;
    }
    if (doc_tree(event->doc, &arena, &shown.root, &err) != TEND_OK) {
        log_error(loop->log, LOG_FIELDS({"resource", feed->resource}), "%s", err.message);
        return;
    }
    if (event->change->before != NULL &&
        doc_tree(event->change->before, &arena, &shown.before, &err) != TEND_OK) {
        shown.before = NULL;
    }
    shown.meta = meta_of(shown.root);
    LIST_FOREACH (link, &loop->controllers) {
        struct controller *controller = CONTAINER_OF(link, struct controller, link);
        if (scope_has(controller, text_of(feed->resource))) {
            show_to_controller(controller, &shown);
        }
        if (is_owned_kind(controller, text_of(feed->resource))) {
            show_to_owners(controller, &shown);
        }
    }
    show_to_host(feed, &shown);
}

/* --- the follower ---------------------------------------------------------------------------------- */

static void feed_follow(struct feed *feed);

/* There is a gap: look at everything. */
static void feed_recover(struct feed *feed, const struct error *err)
{
    struct loop *loop = feed->loop;
    log_warn(loop->log, LOG_FIELDS({"resource", feed->resource}),
             "changes were missed (%s); looking at every object", err->message);
    follower_stop(&feed->follower);
    feed_follow(feed);
    sweeper_start(&feed->scan);
    LIST_FOREACH (link, &loop->controllers) {
        struct controller *controller = CONTAINER_OF(link, struct controller, link);
        if (scope_has(controller, text_of(feed->resource)) ||
            is_owned_kind(controller, text_of(feed->resource))) {
            sweeper_start(&controller->sweep);
        }
    }
    loop_replan(loop);
    journal_check(loop);
}

static void feed_pull(struct feed *feed)
{
    struct follow_event events[FEED_EVENTS];
    struct error err = ERROR_INIT;
    size_t count = 0;
    if (follower_pull(&feed->follower, events, COUNT_OF(events), &count, &err) != TEND_OK) {
        feed_recover(feed, &err);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        show(feed, &events[i]);
    }
    if (count > 0) {
        world_soon(feed->loop->world, &feed->more); /* the rest in a later step */
    }
    subject_settle_echoes(feed->loop);
}

static void feed_ready(struct follower *follower)
{
    feed_pull(CONTAINER_OF(follower, struct feed, follower));
}

static void feed_more(struct task *task)
{
    feed_pull(CONTAINER_OF(task, struct feed, more));
}

static void feed_follow(struct feed *feed)
{
    struct loop *loop = feed->loop;
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct text prefix = key_prefix_kind(&arena, text_of(feed->resource));
    feed->follower = (struct follower){.ready = feed_ready};
    enum tend_code code = follower_start(
        loop->watch, &feed->follower, selection_of(prefix, NULL),
        &(struct follow_options){.start = FOLLOW_AFTER, .after = store_revision(loop->store)},
        &err);
    assert(code == TEND_OK); /* the head is always there */
    (void)code;
}

/* --- the scan -------------------------------------------------------------------------------------- */

static bool scan_object(struct sweeper *sweeper, const struct store_entry *entry)
{
    struct feed *feed = CONTAINER_OF(sweeper, struct feed, scan);
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    if (doc_tree(entry->doc, &arena, &root, NULL) != TEND_OK) {
        return true;
    }
    const struct kind *kind = loop_kind_of_key(feed->loop, entry->key);
    if (kind != NULL && kind->machine != NULL) {
        deadline_note(feed->loop, entry->key, kind->machine, root);
        (void)rename_note(feed->loop, entry->key, kind->machine, root);
    }
    if (text_is(text_of(feed->resource), BUILTIN_EVENTS)) {
        expiry_note(feed->loop, entry->key, root);
    }
    return true;
}

struct feed *feed_open(struct loop *loop, struct text resource)
{
    struct feed *feed = map_get(&loop->feeds, resource);
    if (feed == NULL) {
        CLEANUP(arena_done) struct arena arena = {0};
        feed = alloc_new(sizeof *feed);
        feed->loop = loop;
        feed->more.run = feed_more;
        feed->resource = alloc_text(resource.ptr, resource.len);
        sweeper_init(&feed->scan, loop, key_prefix_kind(&arena, resource), scan_object);
        map_put(&loop->feeds, text_of(feed->resource), feed);
        feed_follow(feed);
    }
    return feed;
}

void feed_free(struct feed *feed)
{
    follower_stop(&feed->follower);
    list_remove(&feed->more.link);
    sweeper_done(&feed->scan);
    machine_unref(feed->machine);
    free(feed->resource);
    free(feed);
}
