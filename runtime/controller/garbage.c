/* What is deleted because its owners are gone (metadata.ownerReferences, as Kubernetes has it).
 *
 *     a change:  names other owners than before -----------------------+
 *                is a deletion --> those that named it (owners.c) ---> queue --> judge --> delete
 *     the sweep, at start and after a gap -----------------------------+
 *     a kind that was not there before --------------------------------+
 *
 * The queue only says whom to look at. Whoever looks judges anew, by the document and the owners as they
 * are durable; so a deletion that nobody saw, because of a crash between it and the collection, is made
 * good by the sweep. A reference to a kind that is not there says nothing about its object: it waits.
 *
 * Most objects name no owner. Canonical JSON writes a key in one way only, and no text can be taken for
 * one, because its quotes are escaped: a search in the bytes shows that there is nothing to decode, and
 * a change of what names no owner costs a fraction of a microsecond more.
 */
#include <assert.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "resource/builtin.h"
#include "resource/event.h"
#include "resource/key.h"

/* --- what the bytes say --------------------------------------------------------------------------- */

static bool may_name_owners(const struct doc *doc)
{
    return doc != NULL && text_search(doc_text(doc), TEXT("\"ownerReferences\":")) < doc->len;
}

/* The references in `doc`; NULL: none. */
static const struct value *references_in(const struct doc *doc, struct arena *arena)
{
    const struct value *root;
    if (!may_name_owners(doc) || doc_tree(doc, arena, &root, NULL) != TEND_OK) {
        return NULL; /* a damaged one is told of by those who need it */
    }
    const struct value *references = meta_of(root).owners;
    return value_count(references) == 0 ? NULL : references;
}

/* Is a uid that somebody names anywhere in `doc`? */
static bool holds_named_uid(const struct owners *owners, const struct doc *doc)
{
    const struct text key = TEXT("\"uid\":\"");
    struct text rest = owners->by_uid.count == 0 ? TEXT("") : doc_text(doc);
    for (size_t at; (at = text_search(rest, key)) < rest.len;) {
        rest = text_from(rest, at + key.len);
        if (owners_find(owners, text_cut(&rest, '"')) != NULL) {
            return true;
        }
    }
    return false;
}

/* --- whom to look at ------------------------------------------------------------------------------ */

static void enqueue(struct garbage *garbage, struct text key, enum work_class why)
{
    struct error err = ERROR_INIT;
    if (work_queue_add(garbage->chores.flow, key, why, &err) != TEND_OK) {
        log_warn(garbage->loop->log, LOG_FIELDS({"object", key.ptr}),
                 "%s; looking for its owners later", err.message);
        sweeper_start(&garbage->sweep);
    }
}

static void hand_out(struct task *task)
{
    struct garbage *garbage = CONTAINER_OF(task, struct garbage, handing);
    struct text key;
    for (unsigned i = 0; i < SWEEP_SLICE; i++) {
        if (!owners_next(&garbage->owners, &key)) {
            return;
        }
        enqueue(garbage, key, WORK_CHANGE);
    }
    world_soon(garbage->loop->world, &garbage->handing);
}

void garbage_plan(struct loop *loop)
{
    owners_recall(&loop->garbage.owners);
    world_soon(loop->world, &loop->garbage.handing);
}

static bool sweep_object(struct sweeper *sweeper, const struct store_entry *entry)
{
    struct garbage *garbage = CONTAINER_OF(sweeper, struct garbage, sweep);
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *references = references_in(entry->doc, &arena);
    if (references == NULL) {
        return true;
    }
    if (!owners_named_by(&garbage->owners, entry->key)) { /* else the follower keeps it right */
        owners_note(&garbage->owners, entry->key, references);
    }
    return work_flow_count(garbage->chores.flow).waiting < SWEEP_AHEAD &&
           work_queue_add(garbage->chores.flow, entry->key, WORK_SWEEP, &err) == TEND_OK;
}

/* --- changes -------------------------------------------------------------------------------------- */

static void show_unnamed(struct garbage *garbage, struct text key)
{
    owners_forget(&garbage->owners, key);
    work_queue_drop(garbage->chores.flow, key);
}

static void show_deleted(struct garbage *garbage, const struct follow_event *event)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    show_unnamed(garbage, event->key);
    if (!holds_named_uid(&garbage->owners, event->doc) ||
        doc_tree(event->doc, &arena, &root, NULL) != TEND_OK) {
        return;
    }
    struct owner *owner = owners_find(&garbage->owners, meta_of(root).uid);
    if (owner != NULL) {
        owners_gone(&garbage->owners, owner);
        world_soon(garbage->loop->world, &garbage->handing);
    }
}

static void show_written(struct garbage *garbage, const struct follow_event *event)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *now = references_in(event->doc, &arena);
    if (now == NULL) {
        show_unnamed(garbage, event->key);
        return;
    }
    const struct value *before = references_in(event->change->before, &arena);
    if (before == NULL || !value_equal(now, before) ||
        !owners_named_by(&garbage->owners, event->key)) {
        owners_note(&garbage->owners, event->key, now);
        enqueue(garbage, event->key, WORK_CHANGE);
    }
}

static void garbage_follow(struct garbage *garbage);

/* There is a gap: all of it is found anew. */
static void garbage_recover(struct garbage *garbage, const struct error *err)
{
    log_warn(garbage->loop->log, LOG_FIELDS({NULL, NULL}),
             "changes were missed (%s); looking for the owners of every object", err->message);
    follower_stop(&garbage->follower);
    owners_done(&garbage->owners);
    owners_init(&garbage->owners);
    garbage_follow(garbage);
    sweeper_start(&garbage->sweep);
}

static void garbage_pull(struct garbage *garbage)
{
    struct follow_event events[FEED_EVENTS];
    struct error err = ERROR_INIT;
    size_t count = 0;
    if (follower_pull(&garbage->follower, events, COUNT_OF(events), &count, &err) != TEND_OK) {
        garbage_recover(garbage, &err);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (events[i].op == FOLLOW_DELETED) {
            show_deleted(garbage, &events[i]);
        } else {
            show_written(garbage, &events[i]);
        }
    }
    if (count > 0) {
        world_soon(garbage->loop->world, &garbage->more); /* the rest in a later step */
    }
}

static void garbage_ready(struct follower *follower)
{
    garbage_pull(CONTAINER_OF(follower, struct garbage, follower));
}

static void garbage_more(struct task *task)
{
    garbage_pull(CONTAINER_OF(task, struct garbage, more));
}

static void garbage_follow(struct garbage *garbage)
{
    struct loop *loop = garbage->loop;
    struct error err = ERROR_INIT;
    garbage->follower = (struct follower){.ready = garbage_ready};
    enum tend_code code = follower_start(
        loop->watch, &garbage->follower, selection_of(TEXT(""), NULL),
        &(struct follow_options){.start = FOLLOW_AFTER, .after = store_revision(loop->store)},
        &err);
    assert(code == TEND_OK); /* the head is always there */
    (void)code;
}

/* --- judging -------------------------------------------------------------------------------------- */

enum sight {
    SIGHT_ABSENT,
    SIGHT_PRESENT,
    SIGHT_UNKNOWN, /* its kind is not there, now */
    SIGHT_NOWHERE, /* its kind has namespaces, and the dependent is in none */
    SIGHTS
};

/* Is the object at `key` the one with that uid? */
static enum sight look_at(struct loop *loop, struct owner *owner, struct text key, struct text uid)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct doc *doc = store_get(loop->store, key);
    const struct value *root;
    if (doc == NULL) {
        return SIGHT_ABSENT;
    }
    if (doc_tree(doc, &arena, &root, NULL) != TEND_OK) {
        return SIGHT_PRESENT; /* nothing is concluded from an error */
    }
    if (!text_equal(meta_of(root).uid, uid)) {
        return SIGHT_ABSENT; /* another one of that name */
    }
    if (owner != NULL) {
        owner->place = alloc_text(key.ptr, key.len);
    }
    return SIGHT_PRESENT;
}

/* A uid is never given twice: an owner that was seen somewhere is there until the row of its deletion is
 * shown. So a large one is decoded once, and not for each of its dependents. */
static enum sight look_for(struct loop *loop, const struct meta *meta,
                           const struct value *reference)
{
    struct text uid = value_get_text(reference, TEXT("uid"));
    struct owner *owner = owners_find(&loop->garbage.owners, uid); /* NULL: not indexed yet */
    bool is_gone = owner != NULL && owner->phase == OWNER_GONE;
    const struct kind *kind = catalogue_kind(admission_catalogue(loop->gate),
                                             value_get_text(reference, TEXT("apiVersion")),
                                             value_get_text(reference, TEXT("kind")));
    if (kind == NULL) { /* it may have gone in one set with its last object */
        return is_gone && meta->namespace.len > 0 ? SIGHT_ABSENT : SIGHT_UNKNOWN;
    }
    if (kind_namespaced(kind) && meta->namespace.len == 0) {
        return SIGHT_NOWHERE;
    }
    char bytes[KEY_BYTES_MAX + 1];
    struct text key, namespace = kind_namespaced(kind) ? meta->namespace : TEXT("");
    if (is_gone || key_write(bytes, text_of(kind->resource), namespace,
                             value_get_text(reference, TEXT("name")), &key, NULL) != TEND_OK) {
        return SIGHT_ABSENT;
    }
    if (owner != NULL && owner->place != NULL) {
        return text_is(key, owner->place) ? SIGHT_PRESENT : SIGHT_ABSENT;
    }
    return look_at(loop, owner, key, uid);
}

enum verdict { VERDICT_KEEP, VERDICT_WAIT, VERDICT_WARN, VERDICT_COLLECT };

/* `ret_nowhere`: for VERDICT_WARN, the first reference that cannot be followed. */
static enum verdict judge(struct loop *loop, const struct meta *meta,
                          const struct value **ret_nowhere)
{
    size_t seen[SIGHTS] = {0}, count = value_count(meta->owners);
    if (count == 0 || meta_deleting(meta)) {
        return VERDICT_KEEP;
    }
    for (size_t i = 0; i < count; i++) {
        const struct value *reference = value_at(meta->owners, i);
        enum sight sight = look_for(loop, meta, reference);
        seen[sight]++;
        if (sight == SIGHT_NOWHERE && seen[sight] == 1) {
            *ret_nowhere = reference;
        }
    }
    return seen[SIGHT_NOWHERE] > 0   ? VERDICT_WARN
           : seen[SIGHT_PRESENT] > 0 ? VERDICT_KEEP
           : seen[SIGHT_UNKNOWN] > 0 ? VERDICT_WAIT
                                     : VERDICT_COLLECT;
}

/* --- the chore ------------------------------------------------------------------------------------ */

static void submit(struct loop *loop, struct work *work, const struct admission_request *request)
{
    chore_submit(
        loop, work,
        &(struct admission_set){.requests = request, .count = 1, .writer = {.role = WRITER_HOST}});
}

/* Said once: while the event lives, looking again does not say it again. */
static void warn(struct loop *loop, struct work *work, const struct value *root,
                 const struct value *reference)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text kind = value_get_text(reference, TEXT("kind"));
    struct text name = value_get_text(reference, TEXT("name"));
    struct event event = {.about = root,
                          .type = EVENT_WARNING,
                          .reason = TEXT("OwnerRefInvalidNamespace"),
                          .message =
                              arena_format(&arena,
                                           "its owner %.*s \"%.*s\" would be in a namespace, "
                                           "and this object is in none: it is never collected",
                                           TEXT_ARG(kind), TEXT_ARG(name)),
                          .component = TEXT("tend")};
    struct text key =
        key_make(&arena, TEXT(BUILTIN_EVENTS), event_namespace(&event), event_name(&event, &arena));
    if (store_get(loop->store, key) != NULL) {
        work_queue_done(work, WORK_SETTLED);
        return;
    }
    submit(loop, work, &(struct admission_request){.verb = ADMIT_EVENT, .event = &event});
}

/* Exactly what was judged: what was given another owner meanwhile is judged again. */
static void collect(struct loop *loop, struct work *work, const struct meta *meta)
{
    struct key_parts parts;
    if (key_split(work->key, &parts, NULL) != TEND_OK) {
        work_queue_done(work, WORK_SETTLED);
        return;
    }
    struct admission_request request = {.verb = ADMIT_DELETE,
                                        .resource = parts.resource,
                                        .namespace = parts.namespace,
                                        .name = parts.name,
                                        .expect = {.uid = meta->uid, .revision = meta->revision},
                                        .reason = TEXT("OwnerGone")};
    submit(loop, work, &request);
}

static void garbage_run(struct loop *loop, struct work *work)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct doc *doc = store_get(loop->store, work->key);
    const struct value *root, *nowhere = NULL;
    if (!may_name_owners(doc) || doc_tree(doc, &arena, &root, NULL) != TEND_OK) {
        work_queue_done(work, WORK_SETTLED);
        return;
    }
    struct meta meta = meta_of(root);
    switch (judge(loop, &meta, &nowhere)) {
    case VERDICT_KEEP:
        work_queue_done(work, WORK_SETTLED);
        return;
    case VERDICT_WAIT:
        owners_wait(&loop->garbage.owners, work->key);
        work_queue_done(work, WORK_SETTLED);
        return;
    case VERDICT_WARN:
        warn(loop, work, root, nowhere);
        return;
    case VERDICT_COLLECT:
        collect(loop, work, &meta);
        return;
    }
}

static enum work_end garbage_answered(struct loop *loop, struct text key,
                                      const struct admission_result *result)
{
    enum work_end end = chore_end(result);
    if (end == WORK_FAILED) {
        log_warn(loop->log, LOG_FIELDS({"object", key.ptr}),
                 "its owners are looked for again later: %s", result->message);
    }
    return end;
}

static const struct chore_ops garbage_ops = {.run = garbage_run, .answered = garbage_answered};

/* --- life ----------------------------------------------------------------------------------------- */

void garbage_open(struct loop *loop)
{
    struct garbage *garbage = &loop->garbage;
    garbage->loop = loop;
    garbage->more.run = garbage_more;
    garbage->handing.run = hand_out;
    owners_init(&garbage->owners);
    chores_open(loop, &garbage->chores, &garbage_ops, CHORE_PLACES);
    sweeper_init(&garbage->sweep, loop, TEXT(""), sweep_object);
    garbage_follow(garbage);
    sweeper_start(&garbage->sweep);
}

void garbage_close(struct loop *loop)
{
    struct garbage *garbage = &loop->garbage;
    follower_stop(&garbage->follower);
    sweeper_done(&garbage->sweep);
    list_remove(&garbage->more.link);
    list_remove(&garbage->handing.link);
    work_flow_free(garbage->chores.flow);
    owners_done(&garbage->owners);
}

bool garbage_is_settled(const struct loop *loop)
{
    const struct garbage *garbage = &loop->garbage;
    struct work_count count = work_flow_count(garbage->chores.flow);
    return count.waiting == 0 && count.running == 0 && garbage->sweep.phase == SWEEP_IDLE &&
           !list_linked(&garbage->handing.link) &&
           follower_bookmark(&garbage->follower) >= watch_revision(loop->watch);
}
