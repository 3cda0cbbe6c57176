/* Opening, reading, closing. The index answers at any revision that is still kept: reads at the durable
 * head are reads at `revision`, reads of the pending head are reads at the end of time. */
#include "store/store.h"

#include <assert.h>

#include "base/limits.h"
#include "store/inside.h"

/* --- open -------------------------------------------------------------------------------------- */

struct loader {
    struct backend_visitor visitor;
    struct store *store;
};

static enum tend_code load_row(struct backend_visitor *visitor, const struct backend_row *row,
                               struct error *err)
{
    (void)err;
    struct store *store = CONTAINER_OF(visitor, struct loader, visitor)->store;
    const struct index_entry *old = index_find(&store->index, row->key);
    if (old != NULL) {
        store->size.objects--;
        store->size.bytes -= old->newest.doc->len;
    }
    if (row->op == CHANGE_DELETE && old == NULL) {
        return FAIL(err, TEND_CORRUPT, "revision %lld deletes %.*s, which is not there",
                    (long long)row->revision, TEXT_ARG(row->key));
    }
    CLEANUP(doc_unrefp)
    struct doc *doc = row->op == CHANGE_DELETE ? NULL : doc_from_bytes(row->doc);
    struct index_entry *entry = index_push(&store->index, row->key, row->revision, doc);
    if (doc != NULL) {
        store->size.objects++;
        store->size.bytes += doc->len;
    }
    index_trim(&store->index, entry, row->revision);
    return TEND_OK;
}

static void resolve(struct store_options *options)
{
    options->retain_ms = options->retain_ms > 0 ? options->retain_ms : RETAIN_MS;
    options->retain_count = options->retain_count > 0 ? options->retain_count : RETAIN_COUNT;
    options->retain_bytes = options->retain_bytes > 0 ? options->retain_bytes : RETAIN_BYTES;
}

static enum tend_code load(struct store *store, struct error *err)
{
    struct loader loader = {.visitor.row = load_row, .store = store};
    struct backend *backend = store->backend;
    TRY(backend->ops->load(backend, &loader.visitor, &store->kept, err));
    store->revision = store->pending = store->kept.revision;
    ring_init(&store->ring, store->revision, RING_ROWS_MAX, RING_BYTES_MAX);
    return TEND_OK;
}

enum tend_code store_open(struct world *world, struct backend *backend,
                          const struct store_options *options, struct store **ret_store,
                          struct error *err)
{
    struct store *store = alloc_new(sizeof *store);
    store->world = world;
    store->backend = backend;
    store->options = *options;
    resolve(&store->options);
    list_init(&store->listeners);
    enum tend_code code = load(store, err);
    if (code != TEND_OK) {
        index_done(&store->index);
        backend->ops->close(backend);
        free(store);
        return code;
    }
    commit_init(store);
    readers_init(store);
    pages_init(store);
    upkeep_init(store);
    measures_init(store);
    *ret_store = store;
    return TEND_OK;
}

/* --- the end ----------------------------------------------------------------------------------- */

/* A worker has something of the store's in its hands. */
static bool working(const struct store *store)
{
    return store->flying->count > 0 || store->upkeep.kind != UPKEEP_NONE || store->pages > 0;
}

static bool busy(const struct store *store)
{
    return working(store) || store->gathering->count > 0 || !list_empty(&store->settled);
}

void store_maybe_finished(struct store *store)
{
    if (store->phase == STORE_FINISHING && store->finished != NULL && !busy(store)) {
        struct task *finished = TAKE(store->finished);
        world_soon(store->world, finished);
    }
}

void store_finish(struct store *store, struct task *finished)
{
    store->phase = STORE_FINISHING;
    store->finished = finished;
    upkeep_done(store);
    store_maybe_finished(store);
}

void store_fatal(struct store *store, const struct error *err)
{
    store->phase = STORE_DEAD;
    if (store->options.fatal != NULL) {
        store->options.fatal(store->options.owner, err);
    }
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    assert(store->phase == STORE_DEAD || !working(store));
    upkeep_done(store);
    measures_done(store);
    pages_done(store);
    readers_done(store);
    commit_done(store);
    list_drop(&store->listeners);
    ring_done(&store->ring);
    index_done(&store->index);
    store->backend->ops->close(store->backend);
    free(store);
}

/* --- reads ------------------------------------------------------------------------------------- */

int64_t store_revision(const struct store *store)
{
    return store->revision;
}

struct doc *store_get_at(const struct store *store, struct text key, int64_t revision)
{
    assert(revision <= store->revision);
    const struct index_entry *entry = index_find(&store->index, key);
    const struct version *version = entry == NULL ? NULL : index_version(entry, revision);
    return version == NULL ? NULL : version->doc;
}

struct doc *store_get(const struct store *store, struct text key)
{
    return store_get_at(store, key, store->revision);
}

struct store_size store_size(const struct store *store)
{
    return store->size;
}

size_t store_count(const struct store *store, struct text prefix)
{
    struct index_cursor cursor = index_seek(&store->index, prefix, TEXT(""));
    size_t count = 0;
    for (const struct index_entry *entry; (entry = index_next(&cursor)) != NULL;) {
        const struct version *version = index_version(entry, store->revision);
        count += version != NULL && version->doc != NULL;
    }
    return count;
}

size_t store_list(const struct store *store, int64_t revision, struct text prefix,
                  struct text after, struct store_entry *entries, size_t max)
{
    struct index_cursor cursor = index_seek(&store->index, prefix, after);
    size_t count = 0;
    for (const struct index_entry *entry; count < max && (entry = index_next(&cursor)) != NULL;) {
        const struct version *version = index_version(entry, revision);
        if (version != NULL && version->doc != NULL) {
            entries[count++] = (struct store_entry){
                .key = index_key(entry), .doc = version->doc, .revision = version->revision};
        }
    }
    return count;
}

/* --- changes ----------------------------------------------------------------------------------- */

void store_listen(struct store *store, struct store_listener *listener)
{
    list_append(&store->listeners, &listener->link);
}

void store_unlisten(struct store_listener *listener)
{
    list_remove(&listener->link);
}

int64_t store_recent_floor(const struct store *store)
{
    return store->ring.floor;
}

const struct change *store_recent(const struct store *store, int64_t after)
{
    const struct row *row = ring_after(&store->ring, after);
    return row == NULL ? NULL : &row->change;
}

const struct change *store_change_at(const struct store *store, int64_t revision)
{
    const struct change *change =
        revision - 1 < store_recent_floor(store) ? NULL : store_recent(store, revision - 1);
    return change != NULL && change->revision == revision ? change : NULL;
}

int64_t store_oldest(const struct store *store)
{
    return store->kept.oldest;
}
