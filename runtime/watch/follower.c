/* Where a follower is, and how it moves:
 *
 *     LISTING --end of list--> BEHIND --nothing newer--> LIVE
 *                              ^  |  ^                     |
 *         page is there        |  |  +---- a change it may select
 *                      READING-+  +--ring starts later--> READING
 *
 * LIVE has no position of its own: it is the hub's. The hub takes a follower out of its topic's list when
 * it shows it a change, so further changes find nobody; a pull that comes to the end puts it back. A
 * pull never goes beyond the hub's position, otherwise a follower would be shown a change twice.
 *
 * A page of the log belongs to its reading, which cannot be taken back: a follower that stops meanwhile
 * leaves the page behind, and its `done` frees it.
 */
#include "watch/follower.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "resource/meta.h"
#include "watch/hub.h"

struct follow_page {
    struct store_page page;
    struct follower *follower; /* NULL: it stopped meanwhile */
    size_t next;               /* of page.changes */
    bool used_up;              /* what it reached is in follower->after */
    char *prefix;
};

enum { LIST_ENTRIES = 64 };

struct out {
    struct follow_event *events;
    size_t count, max;
    unsigned looked; /* at changes or objects, in this pull */
};

static bool out_open(const struct out *out)
{
    return out->count < out->max && out->looked < FOLLOW_SCAN_MAX;
}

/* --- being woken --------------------------------------------------------------------------------- */

static void wake(struct follower *follower, int64_t after)
{
    list_remove(&follower->link);
    follower->phase = FOLLOW_BEHIND;
    follower->bookmark =
        follower->watch->end > follower->bookmark ? follower->watch->end : follower->bookmark;
    follower->after = after > follower->after ? after : follower->after;
    world_soon(follower->watch->world, &follower->task);
}

void follower_wake(struct topic *topic, const struct change *change)
{
    LIST_FOREACH_SAFE (link, &topic->followers) {
        struct follower *follower = CONTAINER_OF(link, struct follower, link);
        if (change->revision > follower->after &&
            selection_match_key(&follower->selection, change->key) != SELECT_NO) {
            wake(follower, change->revision - 1);
        }
    }
}

void follower_wake_all(struct topic *topic)
{
    LIST_FOREACH_SAFE (link, &topic->followers) {
        struct follower *follower = CONTAINER_OF(link, struct follower, link);
        wake(follower, follower->watch->seen);
    }
}

static void call_ready(struct task *task)
{
    struct follower *follower = CONTAINER_OF(task, struct follower, task);
    follower->ready(follower);
}

static void lose(struct follower *follower, const struct error *err)
{
    follower->phase = FOLLOW_LOST;
    follower->lost = *err;
    world_soon(follower->watch->world, &follower->task);
}

static void expired(struct store_reader *reader)
{
    struct follower *follower = CONTAINER_OF(reader, struct follower, reader);
    struct error err = ERROR_INIT;
    FAIL(&err, TEND_GONE, "the list at revision %lld took too long; list anew",
         (long long)reader->revision);
    lose(follower, &err);
}

/* --- starting and ending ------------------------------------------------------------------------- */

/* Everything up to the hub's position was delivered. */
static void go_live(struct follower *follower)
{
    struct topic *topic = watch_topic(follower->watch, selection_resource(&follower->selection));
    follower->phase = FOLLOW_LIVE;
    list_append(&topic->followers, &follower->link);
}

static void go_listing(struct follower *follower)
{
    follower->phase = FOLLOW_LISTING;
    follower->reader.expired = expired;
    store_reader_open(follower->watch->store, &follower->reader);
    world_soon(follower->watch->world, &follower->task);
}

static NODISCARD enum tend_code check_start(struct store *store, int64_t after, struct error *err)
{
    if (after > store_revision(store)) {
        return FAIL(err, TEND_INVALID, "revision %lld is not there yet; the newest is %lld",
                    (long long)after, (long long)store_revision(store));
    }
    if (after < store_oldest(store)) {
        return FAIL(err, TEND_GONE, "changes after revision %lld are not kept; the oldest is %lld",
                    (long long)after, (long long)store_oldest(store));
    }
    return TEND_OK;
}

enum tend_code follower_start(struct watch *watch, struct follower *follower,
                              struct selection selection, const struct follow_options *options,
                              struct error *err)
{
    assert(follower->watch == NULL && follower->ready != NULL);
    if (options->start == FOLLOW_AFTER) {
        enum tend_code code = check_start(watch->store, options->after, err);
        if (code != TEND_OK) {
            selection_done(&selection);
            return code;
        }
    }
    follower->watch = watch;
    follower->selection = selection;
    follower->task.run = call_ready;
    follower->after = follower->bookmark = 0;
    if (options->start == FOLLOW_INITIAL) {
        go_listing(follower);
        return TEND_OK;
    }
    follower->after = follower->bookmark = options->after;
    if (options->after >= watch->seen) {
        go_live(follower);
    } else {
        follower->phase = FOLLOW_BEHIND;
        world_soon(watch->world, &follower->task);
    }
    return TEND_OK;
}

static void drop_made(struct follower *follower)
{
    for (size_t i = 0; i < follower->made_count; i++) {
        doc_unref(follower->made[i]);
    }
    follower->made_count = 0;
}

static void page_free(struct follow_page *page)
{
    store_page_clear(&page->page);
    free(page->prefix);
    free(page);
}

static void drop_page(struct follower *follower)
{
    struct follow_page *page = follower->page;
    follower->page = NULL;
    if (page == NULL) {
        return;
    }
    if (follower->phase == FOLLOW_READING) {
        page->follower = NULL;
    } else {
        page_free(page);
    }
}

void follower_stop(struct follower *follower)
{
    if (follower->watch == NULL) {
        return;
    }
    drop_page(follower);
    drop_made(follower);
    free(follower->made);
    follower->made = NULL;
    follower->made_capacity = 0;
    store_reader_close(follower->watch->store, &follower->reader);
    free(follower->listed);
    follower->listed = NULL;
    list_remove(&follower->link);
    list_remove(&follower->task.link);
    selection_done(&follower->selection);
    follower->watch = NULL;
}

/* --- events -------------------------------------------------------------------------------------- */

static bool selected(struct follower *follower, struct text key, struct doc *doc)
{
    enum selector_verdict verdict =
        doc == NULL ? SELECT_NO : selection_match_key(&follower->selection, key);
    if (verdict != SELECT_LOOK) {
        return verdict == SELECT_YES;
    }
    const struct value *root = watch_decode(follower->watch, doc);
    return root != NULL && selector_match(follower->selection.selector, root);
}

/* `doc` with the revision of a later change, kept until the next pull. */
static NODISCARD enum tend_code restamp(struct follower *follower, const struct doc *doc,
                                        int64_t revision, struct doc **ret_doc, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root;
    struct doc *made;
    TRY(doc_tree(doc, &arena, &root, err));
    TRY(doc_from_value(meta_with_revision(&arena, root, revision), &made, err));
    if (follower->made_count == follower->made_capacity) {
        follower->made_capacity = follower->made_capacity == 0 ? 4 : follower->made_capacity * 2;
        follower->made =
            alloc_resize(follower->made, follower->made_capacity, sizeof(struct doc *));
    }
    follower->made[follower->made_count++] = made;
    *ret_doc = made;
    return TEND_OK;
}

/* Whether the change can be mapped: of an old one the version before may have been let go. */
static NODISCARD enum tend_code check_before(const struct follower *follower,
                                             const struct change *change, struct error *err)
{
    if (change->op == CHANGE_CREATE || change->before != NULL ||
        selection_match_key(&follower->selection, change->key) != SELECT_LOOK) {
        return TEND_OK;
    }
    return FAIL(err, TEND_GONE, "what revision %lld changed is not kept",
                (long long)change->revision);
}

/* What the change is to this follower; nothing is added where it is not selected. */
static NODISCARD enum tend_code map_change(struct follower *follower, const struct change *change,
                                           struct out *out, struct error *err)
{
    TRY(check_before(follower, change, err));
    bool was =
        change->op != CHANGE_CREATE &&
        selected(follower, change->key, change->before == NULL ? change->doc : change->before);
    bool is = change->op != CHANGE_DELETE && selected(follower, change->key, change->doc);
    if (!was && !is) {
        return TEND_OK;
    }
    struct doc *doc = change->doc;
    if (was && !is && change->op == CHANGE_UPDATE) {
        TRY(restamp(follower, change->before, change->revision, &doc, err));
    }
    out->events[out->count++] = (struct follow_event){.op = !is   ? FOLLOW_DELETED
                                                            : was ? FOLLOW_MODIFIED
                                                                  : FOLLOW_ADDED,
                                                      .revision = change->revision,
                                                      .key = change->key,
                                                      .doc = doc,
                                                      .change = change};
    return TEND_OK;
}

static NODISCARD enum tend_code pass_change(struct follower *follower, const struct change *change,
                                            struct out *out, struct error *err)
{
    TRY(map_change(follower, change, out, err));
    out->looked++;
    follower->after = change->revision;
    if (change->revision == change->set_last) {
        follower->bookmark = change->revision;
    }
    return TEND_OK;
}

/* --- the initial list ---------------------------------------------------------------------------- */

static void list_entry(struct follower *follower, const struct store_entry *entry, struct out *out)
{
    out->looked++;
    if (selected(follower, entry->key, entry->doc)) {
        out->events[out->count++] = (struct follow_event){
            .op = FOLLOW_ADDED, .revision = entry->revision, .key = entry->key, .doc = entry->doc};
    }
}

static void list_end(struct follower *follower, struct out *out)
{
    out->events[out->count++] =
        (struct follow_event){.op = FOLLOW_SYNCED, .revision = follower->reader.revision};
    follower->after = follower->bookmark = follower->reader.revision;
    follower->phase = FOLLOW_BEHIND;
    store_reader_close(follower->watch->store, &follower->reader);
    free(follower->listed);
    follower->listed = NULL;
}

static void pull_list(struct follower *follower, struct out *out)
{
    struct store *store = follower->watch->store;
    struct store_entry entries[LIST_ENTRIES];
    struct text prefix = text_of(follower->selection.prefix);
    while (out_open(out)) {
        size_t count = store_list(store, follower->reader.revision, prefix,
                                  text_of(follower->listed), entries, LIST_ENTRIES);
        size_t used = 0;
        while (used < count && out_open(out)) {
            list_entry(follower, &entries[used++], out);
        }
        if (used > 0) {
            free(follower->listed);
            follower->listed = alloc_text(entries[used - 1].key.ptr, entries[used - 1].key.len);
        }
        if (used == count && count < LIST_ENTRIES) {
            if (out->count < out->max) {
                list_end(follower, out);
            }
            return;
        }
    }
}

/* --- the log ------------------------------------------------------------------------------------- */

static void page_done(struct store_page *store_page, enum tend_code code, const struct error *err)
{
    struct follow_page *page = CONTAINER_OF(store_page, struct follow_page, page);
    struct follower *follower = page->follower;
    if (follower == NULL) {
        page_free(page);
        return;
    }
    follower->phase = FOLLOW_BEHIND;
    if (code != TEND_OK) {
        lose(follower, err);
    }
    world_soon(follower->watch->world, &follower->task);
}

static void page_read(struct follower *follower)
{
    struct follow_page *page = alloc_new(sizeof *page);
    page->follower = follower;
    page->prefix = alloc_dup(follower->selection.prefix);
    page->page.after = follower->after;
    page->page.max = FOLLOW_PAGE_MAX;
    page->page.prefix = text_of(page->prefix);
    page->page.done = page_done;
    follower->page = page;
    follower->phase = FOLLOW_READING;
    store_page_read(follower->watch->store, &page->page);
}

/* What is left of the page. Changes that the hub has not shown yet are left to the ring. */
static NODISCARD enum tend_code pull_page(struct follower *follower, struct out *out,
                                          struct error *err)
{
    struct follow_page *page = follower->page;
    int64_t seen = follower->watch->seen;
    while (page->next < page->page.count && page->page.changes[page->next].revision <= seen) {
        if (!out_open(out)) {
            return TEND_OK;
        }
        TRY(pass_change(follower, &page->page.changes[page->next++], out, err));
    }
    int64_t reached = page->page.reached < seen ? page->page.reached : seen;
    follower->after = reached > follower->after ? reached : follower->after;
    page->used_up = true;
    return TEND_OK;
}

static NODISCARD enum tend_code pull_ring(struct follower *follower, struct out *out,
                                          struct error *err)
{
    struct watch *watch = follower->watch;
    while (follower->after < watch->seen && out_open(out)) {
        TRY(pass_change(follower, store_recent(watch->store, follower->after), out, err));
    }
    if (follower->after >= watch->seen) {
        go_live(follower);
    }
    return TEND_OK;
}

static bool page_used_up(const struct follower *follower)
{
    return follower->page != NULL && follower->page->used_up;
}

static NODISCARD enum tend_code pull_log(struct follower *follower, struct out *out,
                                         struct error *err)
{
    if (follower->page != NULL) {
        TRY(pull_page(follower, out, err));
        if (out->count > 0 || !page_used_up(follower)) {
            return TEND_OK; /* its documents are borrowed from the page */
        }
        drop_page(follower);
    }
    if (follower->after < store_recent_floor(follower->watch->store) &&
        follower->after < follower->watch->seen) {
        page_read(follower);
        return TEND_OK;
    }
    return pull_ring(follower, out, err);
}

static NODISCARD enum tend_code pull(struct follower *follower, struct out *out, struct error *err)
{
    if (follower->phase == FOLLOW_LISTING) {
        pull_list(follower, out);
    }
    if (follower->phase == FOLLOW_LOST) {
        *err = follower->lost;
        return follower->lost.code;
    }
    if (follower->phase == FOLLOW_BEHIND && out_open(out)) {
        return pull_log(follower, out, err);
    }
    return TEND_OK;
}

enum tend_code follower_pull(struct follower *follower, struct follow_event *events, size_t max,
                             size_t *ret_count, struct error *err)
{
    assert(follower->watch != NULL && max > 0);
    struct out out = {.events = events, .max = max};
    struct error why = ERROR_INIT;
    drop_made(follower);
    if (page_used_up(follower)) {
        drop_page(follower);
    }
    enum tend_code code = pull(follower, &out, &why);
    if (code != TEND_OK) {
        lose(follower, &why);
        list_remove(&follower->task.link);
        if (err != NULL) {
            *err = why;
        }
        return code;
    }
    if (out.count == 0 && (follower->phase == FOLLOW_BEHIND || follower->phase == FOLLOW_LISTING)) {
        world_soon(follower->watch->world, &follower->task); /* looked at enough for one step */
    }
    *ret_count = out.count;
    return TEND_OK;
}

int64_t follower_bookmark(const struct follower *follower)
{
    switch (follower->phase) {
    case FOLLOW_LIVE:
        return follower->bookmark > follower->watch->end ? follower->bookmark
                                                         : follower->watch->end;
    case FOLLOW_LISTING:
        return 0;
    case FOLLOW_BEHIND:
    case FOLLOW_READING:
    case FOLLOW_LOST:
        break;
    }
    return follower->bookmark;
}
