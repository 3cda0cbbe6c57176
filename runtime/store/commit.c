/* Group commit.
 *
 *     store_commit --> gathering --(nothing flies)--> flying --> LANE_WRITE --> published, or rolled back
 *
 * Sets go into the batch that gathers; at the end of the step, or when the commit under way ends, that
 * batch flies: one transaction for all of it. While it does, the next one gathers, validated against
 * objects that are not durable yet. So when a flight fails, the batch that gathers fails with it, and
 * the index goes back to what is durable by popping every pending version, newest first.
 *
 * The next batch takes off after the waiters of the last one were called, not before: a closed loop of
 * writers then shares one commit instead of alternating between two half-filled ones. */
#include <assert.h>

#include "base/limits.h"
#include "store/inside.h"

/* --- batches ----------------------------------------------------------------------------------- */

static void batch_clear(struct batch *batch)
{
    batch->count = 0;
    batch->bytes = 0;
    batch->purpose = STORE_SHRINKS;
}

static void batch_add(struct batch *batch, struct row *row)
{
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity == 0 ? 64 : batch->capacity * 2;
        batch->rows = alloc_resize(batch->rows, batch->capacity, sizeof(struct row *));
    }
    batch->rows[batch->count++] = row;
    batch->bytes += row->change.doc->len;
}

static void settle_all(struct list *waiters, enum tend_code code, const struct error *err)
{
    for (struct list *link; (link = list_pop(waiters)) != NULL;) {
        struct store_waiter *waiter = CONTAINER_OF(link, struct store_waiter, link);
        waiter->settled(waiter, code, err);
    }
}

/* --- how a flight ends ------------------------------------------------------------------------- */

static void publish_row(struct store *store, struct row *row)
{
    const struct change *change = &row->change;
    store->revision = change->revision;
    if (change->op != CHANGE_DELETE) {
        store->size.objects += change->before == NULL;
        store->size.bytes += change->doc->len;
    } else {
        store->size.objects--;
    }
    if (change->before != NULL) {
        store->size.bytes -= change->before->len;
    }
    measures_publish(store, change);
    readers_replace(store, row);
    ring_push(&store->ring, row);
}

static void tell_listeners(struct store *store)
{
    struct list told;
    list_init(&told);
    list_splice(&told, &store->listeners);
    for (struct list *link; (link = list_pop(&told)) != NULL;) {
        struct store_listener *listener = CONTAINER_OF(link, struct store_listener, link);
        list_append(&store->listeners, link);
        listener->advanced(listener, store->revision);
    }
}

static void publish(struct store *store)
{
    struct batch *batch = store->flying;
    upkeep_appended(store, batch, store->write.untidy);
    for (size_t i = 0; i < batch->count; i++) {
        publish_row(store, batch->rows[i]);
    }
    batch_clear(batch);
    readers_trim(store);
    tell_listeners(store);
    settle_all(&batch->waiters, TEND_OK, NULL);
}

static void roll_back(struct store *store, struct batch *batch)
{
    while (batch->count > 0) {
        struct row *row = batch->rows[--batch->count];
        assert(row->entry->newest.revision == row->change.revision);
        index_pop(&store->index, row->entry);
        row_free(row);
    }
    batch_clear(batch);
}

static void fail(struct store *store, const struct error *err)
{
    struct list waiters;
    list_init(&waiters);
    list_splice(&waiters, &store->flying->waiters);
    list_splice(&waiters, &store->gathering->waiters);
    roll_back(store, store->gathering);
    roll_back(store, store->flying);
    store->pending = store->revision;
    upkeep_full(store);
    settle_all(&waiters, TEND_UNAVAILABLE, err);
}

/* --- flying ------------------------------------------------------------------------------------ */

static void append_work(struct job *job)
{
    struct write_job *write = CONTAINER_OF(job, struct write_job, job);
    struct backend *backend = write->backend;
    write->err = (struct error)ERROR_INIT;
    write->code =
        backend->ops->append(backend, write->rows, write->count, write->purpose, &write->err);
    write->untidy = backend->untidy;
}

static void fill_rows(struct write_job *write, const struct batch *batch)
{
    if (write->capacity < batch->count) {
        write->capacity = batch->capacity;
        write->rows = alloc_resize(write->rows, write->capacity, sizeof *write->rows);
    }
    for (size_t i = 0; i < batch->count; i++) {
        const struct change *change = &batch->rows[i]->change;
        write->rows[i] = (struct backend_row){
            .revision = change->revision,
            .set_last = change->set_last,
            .previous = change->previous,
            .op = change->op,
            .key = change->key,
            .doc = doc_text(change->doc),
            .actor = change->actor,
            .reason = change->reason,
            .time_ms = change->time_ms,
        };
    }
    write->count = batch->count;
    write->purpose = batch->purpose;
}

static void take_off(struct store *store)
{
    if (store->phase == STORE_DEAD || store->flying->count > 0 || store->gathering->count == 0) {
        return;
    }
    struct batch *batch = store->gathering;
    store->gathering = store->flying;
    store->flying = batch;
    fill_rows(&store->write, batch);
    measures_begin(store);
    world_offload(store->world, &store->write.job);
}

static void append_done(struct job *job)
{
    struct store *store = CONTAINER_OF(job, struct store, write.job);
    if (store->phase == STORE_DEAD) {
        return;
    }
    struct error err = store->write.err;
    measures_end(store, store->write.code, store->write.count);
    if (store->write.code == TEND_OK) {
        publish(store);
    } else if (store->write.code == TEND_UNAVAILABLE) {
        fail(store, &err);
    } else {
        store_fatal(store, &err);
        return;
    }
    take_off(store);
    upkeep_start(store);
    store_maybe_finished(store);
}

static void launch(struct task *task)
{
    take_off(CONTAINER_OF(task, struct store, launch));
}

/* --- write.h ----------------------------------------------------------------------------------- */

static enum tend_code admit(const struct store *store, const struct store_write *writes,
                            size_t count, enum store_purpose purpose, struct error *err)
{
    if (store->phase != STORE_OPEN) {
        return FAIL(err, TEND_UNAVAILABLE, "the store is closing");
    }
    if (store->state == STORE_FULL && purpose == STORE_GROWS) {
        return FAIL(err, TEND_UNAVAILABLE,
                    "no space is left for data: delete something, or make space on the disk");
    }
    size_t bytes = store->gathering->bytes + store->flying->bytes;
    for (size_t i = 0; i < count; i++) {
        bytes += writes[i].doc->len;
    }
    if (store->gathering->count + store->flying->count + count > STORE_PENDING_ROWS_MAX ||
        bytes > STORE_PENDING_BYTES_MAX) {
        return FAIL(err, TEND_LIMIT, "too many writes are under way: try again in a moment");
    }
    return TEND_OK;
}

static struct version pending_version(const struct store *store, struct text key)
{
    const struct index_entry *entry = index_find(&store->index, key);
    return entry == NULL ? (struct version){0} : entry->newest;
}

static void add_write(struct store *store, const struct store_write *write, int64_t set_last,
                      struct text actor)
{
    struct version before = pending_version(store, write->key);
    assert((write->op == CHANGE_CREATE) == (before.doc == NULL));
    struct row *row = row_new(&(struct change){
        .revision = ++store->pending,
        .set_last = set_last,
        .previous = before.doc == NULL ? 0 : before.revision,
        .op = write->op,
        .key = write->key,
        .doc = write->doc,
        .before = before.doc,
        .actor = actor,
        .reason = write->reason,
        .time_ms = world_wall_ms(store->world),
    });
    row->entry = index_push(&store->index, write->key, row->change.revision,
                            write->op == CHANGE_DELETE ? NULL : write->doc);
    batch_add(store->gathering, row);
}

enum tend_code store_commit(struct store *store, const struct store_write *writes, size_t count,
                            struct text actor, enum store_purpose purpose,
                            struct store_waiter *waiter, struct error *err)
{
    assert(count > 0);
    TRY(admit(store, writes, count, purpose, err));
    int64_t set_last = store->pending + (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        add_write(store, &writes[i], set_last, actor);
    }
    if (purpose == STORE_GROWS) {
        store->gathering->purpose = STORE_GROWS;
    }
    if (waiter != NULL) {
        list_append(&store->gathering->waiters, &waiter->link);
    }
    if (store->flying->count == 0) {
        world_soon(store->world, &store->launch);
    }
    return TEND_OK;
}

int64_t store_next_revision(const struct store *store)
{
    return store->pending + 1;
}

struct doc *store_pending(const struct store *store, struct text key)
{
    return pending_version(store, key).doc;
}

size_t store_pending_list(const struct store *store, struct text prefix, struct text after,
                          struct store_entry *entries, size_t max)
{
    return store_list(store, INT64_MAX, prefix, after, entries, max);
}

static void settle_now(struct task *task)
{
    struct store *store = CONTAINER_OF(task, struct store, settle);
    struct list waiters;
    list_init(&waiters);
    list_splice(&waiters, &store->settled);
    if (store->phase != STORE_DEAD) {
        settle_all(&waiters, TEND_OK, NULL);
        store_maybe_finished(store);
    }
}

void store_settle(struct store *store, struct store_waiter *waiter)
{
    if (store->gathering->count > 0) {
        list_append(&store->gathering->waiters, &waiter->link);
    } else if (store->flying->count > 0) {
        list_append(&store->flying->waiters, &waiter->link);
    } else {
        list_append(&store->settled, &waiter->link);
        world_soon(store->world, &store->settle);
    }
}

void store_forget(struct store_waiter *waiter)
{
    list_remove(&waiter->link);
}

/* --- life -------------------------------------------------------------------------------------- */

void commit_init(struct store *store)
{
    for (size_t i = 0; i < COUNT_OF(store->batches); i++) {
        list_init(&store->batches[i].waiters);
        batch_clear(&store->batches[i]);
    }
    store->gathering = &store->batches[0];
    store->flying = &store->batches[1];
    list_init(&store->settled);
    store->write.backend = store->backend;
    store->write.job = (struct job){.lane = LANE_WRITE, .work = append_work, .done = append_done};
    store->launch.run = launch;
    store->settle.run = settle_now;
}

void commit_done(struct store *store)
{
    list_remove(&store->launch.link);
    list_remove(&store->settle.link);
    list_drop(&store->settled);
    for (size_t i = 0; i < COUNT_OF(store->batches); i++) {
        list_drop(&store->batches[i].waiters);
        for (size_t r = 0; r < store->batches[i].count; r++) {
            row_free(store->batches[i].rows[r]);
        }
        free(store->batches[i].rows);
    }
    free(store->write.rows);
}
