/* Snapshots are numbers. A version may go when the one that replaced it is at or before every open
 * reader's revision and the durable head; what was replaced waits in a queue in order of revisions, so
 * trimming looks only at its front. Without readers that queue is emptied with every commit. */
#include <assert.h>

#include "base/limits.h"
#include "store/inside.h"

static struct store_reader *oldest_reader(const struct store *store)
{
    return list_empty(&store->readers)
               ? NULL
               : CONTAINER_OF(store->readers.next, struct store_reader, link);
}

/* --- the queue --------------------------------------------------------------------------------- */

static void queue_push(struct replaced_queue *queue, struct replaced item)
{
    if (queue->first + queue->count == queue->capacity) {
        if (queue->first > queue->count) {
            memmove(queue->items, queue->items + queue->first, queue->count * sizeof item);
            queue->first = 0;
        } else {
            queue->capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
            queue->items = alloc_resize(queue->items, queue->capacity, sizeof item);
        }
    }
    queue->items[queue->first + queue->count++] = item;
    queue->bytes += item.bytes;
}

static void queue_drop(struct replaced_queue *queue)
{
    queue->bytes -= queue->items[queue->first].bytes;
    queue->first++;
    queue->count--;
    if (queue->count == 0) {
        queue->first = 0;
    }
}

void readers_replace(struct store *store, const struct row *row)
{
    if (index_version(row->entry, row->change.revision)->older == NULL) {
        return;
    }
    const struct doc *before = row->change.before;
    queue_push(&store->replaced, (struct replaced){.by = row->change.revision,
                                                   .entry = row->entry,
                                                   .bytes = before == NULL ? 0 : before->len});
}

static void trim_up_to(struct store *store, int64_t revision)
{
    struct replaced_queue *queue = &store->replaced;
    while (queue->count > 0 && queue->items[queue->first].by <= revision) {
        struct replaced item = queue->items[queue->first];
        queue_drop(queue);
        index_trim(&store->index, item.entry, item.by);
    }
}

/* --- expiry ------------------------------------------------------------------------------------ */

static void expire_oldest(struct store *store)
{
    struct store_reader *reader = oldest_reader(store);
    list_remove(&reader->link);
    if (reader->expired != NULL) {
        reader->expired(reader);
    }
}

static void arm(struct store *store)
{
    const struct store_reader *oldest = oldest_reader(store);
    if (oldest == NULL) {
        world_alarm_clear(store->world, &store->reader_alarm);
    } else {
        world_alarm_set(store->world, &store->reader_alarm, oldest->opened_ms + READER_AGE_MAX_MS);
    }
}

void readers_trim(struct store *store)
{
    const struct store_reader *oldest = oldest_reader(store);
    trim_up_to(store, oldest == NULL ? store->revision : oldest->revision);
    while (oldest != NULL && store->replaced.bytes > READER_BYTES_MAX) {
        expire_oldest(store);
        oldest = oldest_reader(store);
        trim_up_to(store, oldest == NULL ? store->revision : oldest->revision);
    }
}

static void reader_alarm(struct alarm *alarm)
{
    struct store *store = CONTAINER_OF(alarm, struct store, reader_alarm);
    int64_t now = world_ticks_ms(store->world);
    for (struct store_reader *oldest = oldest_reader(store);
         oldest != NULL && oldest->opened_ms + READER_AGE_MAX_MS <= now;
         oldest = oldest_reader(store)) {
        expire_oldest(store);
    }
    arm(store);
    readers_trim(store);
}

/* --- store.h ----------------------------------------------------------------------------------- */

void store_reader_open(struct store *store, struct store_reader *reader)
{
    assert(!list_linked(&reader->link));
    reader->revision = store->revision;
    reader->opened_ms = world_ticks_ms(store->world);
    bool first = list_empty(&store->readers);
    list_append(&store->readers, &reader->link);
    if (first) {
        arm(store);
    }
}

/* What the caller was lent stays until the step ends, so trimming is left to a later one. */
void store_reader_close(struct store *store, struct store_reader *reader)
{
    if (!list_linked(&reader->link)) {
        return;
    }
    bool first = store->readers.next == &reader->link;
    list_remove(&reader->link);
    if (first) {
        arm(store);
        world_soon(store->world, &store->trim);
    }
}

static void trim_later(struct task *task)
{
    readers_trim(CONTAINER_OF(task, struct store, trim));
}

void readers_init(struct store *store)
{
    list_init(&store->readers);
    store->reader_alarm.fire = reader_alarm;
    store->trim.run = trim_later;
}

void readers_done(struct store *store)
{
    world_alarm_clear(store->world, &store->reader_alarm);
    list_remove(&store->trim.link);
    list_drop(&store->readers);
    free(store->replaced.items);
}
