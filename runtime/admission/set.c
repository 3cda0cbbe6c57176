/* A set is judged against a view: the store's pending head with the set's own changes laid over it. That
 * is what lets one set create a definition and objects of it, or change an object twice and still
 * write one row. Entries are few (SET_REQUESTS_MAX), the head may be large: scans walk the store's
 * index in pages and skip what the set removed. */
#include "admission/set.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "resource/builtin.h"

enum { SCAN_PAGE = 16 };

void set_init(struct set *set, struct world *world, struct store *store,
              struct catalogue *catalogue, const struct admission_set *asked)
{
    *set = (struct set){
        .world = world,
        .store = store,
        .asked = asked,
        .now_ms = world_wall_ms(world),
        .catalogue = catalogue_ref(catalogue),
    };
    set->answers = arena_alloc(&set->arena, (asked->count + 1) * sizeof *set->answers);
    set->touched = arena_alloc(&set->arena, (asked->count + 1) * sizeof(struct entry *));
    set->kinds = arena_alloc(&set->arena, (asked->count + 1) * sizeof(struct kind *));
    for (size_t i = 0; i < asked->count; i++) {
        set->answers[i].message = "";
        set->answers[i].resource = "";
    }
    set->result =
        (struct admission_result){.message = "", .answers = set->answers, .count = asked->count};
}

void set_done(struct set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        doc_unref(set->entries[i]->before);
        doc_unref(set->entries[i]->after);
    }
    for (size_t i = 0; i < set->kind_count; i++) {
        kind_unref(set->kinds[i]);
    }
    free(set->entries);
    map_done(&set->by_key);
    catalogue_unref(set->catalogue);
    arena_done(&set->arena);
}

void set_catalogue(struct set *set, struct catalogue *catalogue)
{
    catalogue_unref(set->catalogue);
    set->catalogue = catalogue;
    set->recatalogued = true;
}

/* --- the view ---------------------------------------------------------------------------------- */

static void add_entry(struct set *set, struct entry *entry)
{
    if (set->count == set->capacity) {
        set->capacity = set->capacity == 0 ? 8 : set->capacity * 2;
        set->entries = alloc_resize(set->entries, set->capacity, sizeof(struct entry *));
    }
    set->entries[set->count++] = entry;
    map_put(&set->by_key, entry->key, entry);
}

enum tend_code set_entry(struct set *set, struct text key, struct entry **ret_entry,
                         struct error *err)
{
    struct entry *entry = map_get(&set->by_key, key);
    if (entry != NULL) {
        *ret_entry = entry;
        return TEND_OK;
    }
    const struct value *old = NULL;
    struct doc *before = store_pending(set->store, key);
    if (before != NULL && doc_tree(before, &set->arena, &old, err) != TEND_OK) {
        return error_wrap(err, "%.*s", TEXT_ARG(key));
    }
    entry = arena_alloc(&set->arena, sizeof *entry);
    entry->key = arena_text(&set->arena, key);
    TRY(key_split(entry->key, &entry->parts, err));
    entry->before = before == NULL ? NULL : doc_ref(before);
    entry->old = entry->now = old;
    add_entry(set, entry);
    *ret_entry = entry;
    return TEND_OK;
}

bool set_has(const struct set *set, struct text key)
{
    const struct entry *entry = map_get(&set->by_key, key);
    return entry != NULL ? entry_is_there(entry) : store_pending(set->store, key) != NULL;
}

/* The first key of the store after `after` that the set did not remove. */
static struct text next_stored(struct set *set, struct text prefix, struct text after)
{
    struct store_entry page[SCAN_PAGE];
    struct text last = after;
    size_t count;
    do {
        count = store_pending_list(set->store, prefix, last, page, SCAN_PAGE);
        for (size_t i = 0; i < count; i++) {
            if (set_has(set, page[i].key)) {
                return arena_text(&set->arena, page[i].key);
            }
            last = page[i].key;
        }
    } while (count == SCAN_PAGE);
    return TEXT("");
}

struct text set_next_key(struct set *set, struct text prefix, struct text after)
{
    struct text best = next_stored(set, prefix, after);
    for (size_t i = 0; i < set->count; i++) {
        const struct entry *entry = set->entries[i];
        bool fits = entry->old == NULL && entry_is_there(entry) &&
                    text_starts(entry->key, prefix) && text_compare(entry->key, after) > 0;
        if (fits && (best.len == 0 || text_compare(entry->key, best) < 0)) {
            best = entry->key;
        }
    }
    return best;
}

size_t set_count(struct set *set, struct text prefix, size_t max)
{
    size_t count = 0;
    struct text key = set_next_key(set, prefix, TEXT(""));
    while (key.len > 0 && count < max) {
        count++;
        key = set_next_key(set, prefix, key);
    }
    return count;
}

/* --- finishing --------------------------------------------------------------------------------- */

static bool same_field(const struct value *a, const struct value *b, struct text key)
{
    const struct value *left = value_get(a, key), *right = value_get(b, key);
    return left == right || (left != NULL && right != NULL && value_equal(left, right));
}

/* Do they differ in anything but metadata (and status, where that is a subresource)? */
static bool content_differs(const struct set *set, const struct entry *entry)
{
    const struct kind *kind = catalogue_resource(set->catalogue, entry->parts.resource);
    bool has_status = kind != NULL && kind->has_status;
    const struct value *const sides[] = {entry->old, entry->now};
    for (size_t side = 0; side < COUNT_OF(sides); side++) {
        for (size_t i = 0; i < sides[side]->count; i++) {
            struct text key = sides[side]->fields[i].key;
            if (text_is(key, "metadata") || (has_status && text_is(key, "status"))) {
                continue;
            }
            if (!same_field(entry->old, entry->now, key)) {
                return true;
            }
        }
    }
    return false;
}

static int64_t generation_of(const struct set *set, const struct entry *entry)
{
    if (entry->old == NULL) {
        return 1;
    }
    struct meta old = meta_of(entry->old);
    return old.generation + (content_differs(set, entry) ? 1 : 0) + (entry->marked ? 1 : 0);
}

/* The document of one entry as revision `revision` writes it. */
static enum tend_code finish_entry(struct set *set, struct entry *entry, int64_t revision,
                                   struct error *err)
{
    struct arena *arena = &set->arena;
    const struct value *root =
        meta_with(arena, entry->now, "generation", value_int(arena, generation_of(set, entry)));
    if (set->asked->run == RUN_REAL) {
        root = meta_with_revision(arena, root, revision);
    }
    if (doc_from_value(root, &entry->after, err) != TEND_OK) {
        set->result.failed = entry->request;
        return error_wrap(err, "%.*s", TEXT_ARG(entry->key));
    }
    entry->op = entry->old == NULL ? CHANGE_CREATE : entry->gone ? CHANGE_DELETE : CHANGE_UPDATE;
    return TEND_OK;
}

/* Is there anything to write? What came and went within the set is nothing. */
static bool is_changed(const struct entry *entry)
{
    if (entry->old == NULL) {
        return entry_is_there(entry);
    }
    return entry->gone || (entry->now != entry->old && !value_equal(entry->now, entry->old));
}

static enum admission_effect effect_of(const struct entry *entry)
{
    if (entry->after == NULL) {
        return EFFECT_NONE;
    }
    switch (entry->op) {
    case CHANGE_CREATE:
        return EFFECT_CREATED;
    case CHANGE_DELETE:
        return EFFECT_DELETED;
    case CHANGE_UPDATE:
        return entry->marked ? EFFECT_DELETING : EFFECT_UPDATED;
    }
    return EFFECT_NONE;
}

static void fill_answers(struct set *set)
{
    for (size_t i = 0; i < set->asked->count; i++) {
        const struct entry *entry = set->touched[i];
        if (entry != NULL) {
            set->answers[i].effect = effect_of(entry);
            set->answers[i].doc = entry->after != NULL ? entry->after : entry->before;
        }
    }
}

enum tend_code set_finish(struct set *set, struct store_write **ret_writes, size_t *ret_count,
                          struct error *err)
{
    int64_t revision = store_next_revision(set->store);
    struct store_write *writes = arena_alloc(&set->arena, (set->count + 1) * sizeof *writes);
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct entry *entry = set->entries[i];
        if (!is_changed(entry)) {
            continue;
        }
        TRY(finish_entry(set, entry, revision + (int64_t)count, err));
        writes[count++] =
            (struct store_write){.op = entry->op,
                                 .key = entry->key,
                                 .doc = entry->after,
                                 .reason = set->asked->requests[entry->request].reason};
    }
    fill_answers(set);
    *ret_writes = writes;
    *ret_count = count;
    return TEND_OK;
}

struct text set_actor(struct arena *arena, const struct admission_writer *writer)
{
    switch (writer->role) {
    case WRITER_CLIENT:
        return writer->name.len == 0 ? TEXT("client")
                                     : arena_format(arena, "client/%.*s", TEXT_ARG(writer->name));
    case WRITER_MANIFEST:
        return TEXT("manifest");
    case WRITER_CONTROLLER:
    case WRITER_OBSERVER:
        return arena_format(arena, "controller/%.*s", TEXT_ARG(writer->name));
    case WRITER_HOST:
        return TEXT("host");
    }
    return TEXT("host");
}

enum store_purpose set_purpose(const struct set *set)
{
    bool shrinks = false;
    for (size_t i = 0; i < set->count; i++) {
        const struct entry *entry = set->entries[i];
        if (entry->after == NULL) {
            continue;
        }
        struct meta meta = meta_of(entry->now);
        bool leaving = entry->gone || meta_deleting(&meta);
        if (!leaving && !text_is(entry->parts.resource, BUILTIN_EVENTS)) {
            return STORE_GROWS;
        }
        shrinks = shrinks || leaving;
    }
    return shrinks ? STORE_SHRINKS : STORE_GROWS;
}
