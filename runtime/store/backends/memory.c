/* An array of rows in order of revisions, and a table of live objects that point into it. Each row
 * holds its predecessor's document, so that compaction never takes a `before` away. One lock, because
 * pages are read on another lane than rows are appended; nothing is called under it but the visitor. */
#include "store/backends/memory.h"

#include <assert.h>
#include <pthread.h>

#include "base/map.h"

enum { COMPACT_ROWS = 256 }; /* in one step, whole sets */

struct memory_row {
    struct backend_row row; /* texts point into `chars` */
    struct doc *doc, *before;
    char chars[];
};

struct memory_object {
    int64_t revision;
    struct doc *doc;
    char key[];
};

struct memory_disk {
    pthread_mutex_t lock;
    /* guarded by lock */
    struct memory_row **rows;
    size_t count, capacity;
    struct map objects;
    struct backend_state state;
    int64_t bytes_max;
    unsigned appends, fail_at;
    enum tend_code fail;
};

struct memory_backend {
    struct backend backend;
    struct memory_disk *disk;
    enum { DISK_BORROWED, DISK_OWNED } owned;
};

/* --- the disk ---------------------------------------------------------------------------------- */

static void row_drop(struct memory_row *row)
{
    doc_unref(row->doc);
    doc_unref(row->before);
    free(row);
}

static void object_drop(struct memory_object *object)
{
    if (object != NULL) {
        doc_unref(object->doc);
        free(object);
    }
}

struct memory_disk *memory_disk_new(void)
{
    struct memory_disk *disk = alloc_new(sizeof *disk);
    pthread_mutex_init(&disk->lock, NULL);
    return disk;
}

void memory_disk_free(struct memory_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    for (size_t i = 0; i < disk->count; i++) {
        row_drop(disk->rows[i]);
    }
    MAP_FOREACH (slot, &disk->objects) {
        object_drop(slot->value);
    }
    map_done(&disk->objects);
    free(disk->rows);
    pthread_mutex_destroy(&disk->lock);
    free(disk);
}

void memory_disk_fail(struct memory_disk *disk, unsigned nth, enum tend_code code)
{
    pthread_mutex_lock(&disk->lock);
    disk->fail_at = disk->appends + nth;
    disk->fail = code;
    pthread_mutex_unlock(&disk->lock);
}

void memory_disk_mend(struct memory_disk *disk)
{
    memory_disk_fail(disk, 0, TEND_OK);
}

void memory_disk_limit(struct memory_disk *disk, int64_t bytes)
{
    pthread_mutex_lock(&disk->lock);
    disk->bytes_max = bytes;
    pthread_mutex_unlock(&disk->lock);
}

unsigned memory_disk_appends(struct memory_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    unsigned appends = disk->appends;
    pthread_mutex_unlock(&disk->lock);
    return appends;
}

static struct memory_disk *lock_disk(struct backend *backend)
{
    struct memory_disk *disk = CONTAINER_OF(backend, struct memory_backend, backend)->disk;
    pthread_mutex_lock(&disk->lock);
    return disk;
}

static enum tend_code unlock_with(struct memory_disk *disk, enum tend_code code)
{
    pthread_mutex_unlock(&disk->lock);
    return code;
}

/* --- load -------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct memory_object *const *left = a, *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

static enum tend_code show_objects(struct memory_disk *disk, struct backend_visitor *visitor,
                                   struct error *err)
{
    size_t count = 0;
    CLEANUP(freep)
    struct memory_object **objects =
        alloc_array(disk->objects.count + 1, sizeof(struct memory_object *));
    MAP_FOREACH (slot, &disk->objects) {
        objects[count++] = slot->value;
    }
    qsort(objects, count, sizeof *objects, by_key);
    for (size_t i = 0; i < count; i++) {
        struct backend_row row = {.revision = objects[i]->revision,
                                  .set_last = objects[i]->revision,
                                  .op = CHANGE_CREATE,
                                  .key = text_of(objects[i]->key),
                                  .doc = doc_text(objects[i]->doc)};
        TRY(visitor->row(visitor, &row, err));
    }
    return TEND_OK;
}

static enum tend_code memory_load(struct backend *backend, struct backend_visitor *visitor,
                                  struct backend_state *ret_state, struct error *err)
{
    struct memory_disk *disk = lock_disk(backend);
    enum tend_code code = show_objects(disk, visitor, err);
    if (code == TEND_OK) {
        *ret_state = disk->state;
    }
    return unlock_with(disk, code);
}

/* --- append ------------------------------------------------------------------------------------ */

static struct text copy(char **place, struct text text)
{
    char *start = *place;
    if (text.len > 0) {
        memcpy(start, text.ptr, text.len);
    }
    *place += text.len;
    return (struct text){start, text.len};
}

static struct memory_row *row_copy(const struct backend_row *from, const struct memory_object *old)
{
    struct memory_row *row =
        alloc_new(sizeof *row + from->key.len + from->actor.len + from->reason.len);
    char *place = row->chars;
    row->row = *from;
    row->row.key = copy(&place, from->key);
    row->row.actor = copy(&place, from->actor);
    row->row.reason = copy(&place, from->reason);
    row->doc = doc_from_bytes(from->doc);
    row->row.doc = doc_text(row->doc);
    row->before = old == NULL ? NULL : doc_ref(old->doc);
    row->row.before = old == NULL ? (struct text){NULL, 0} : doc_text(old->doc);
    return row;
}

static void apply(struct memory_disk *disk, const struct memory_row *row)
{
    struct memory_object *old = map_remove(&disk->objects, row->row.key);
    object_drop(old);
    if (row->row.op == CHANGE_DELETE) {
        return;
    }
    struct memory_object *object = alloc_new(sizeof *object + row->row.key.len + 1);
    memcpy(object->key, row->row.key.ptr, row->row.key.len);
    object->revision = row->row.revision;
    object->doc = doc_ref(row->doc);
    map_put(&disk->objects, (struct text){object->key, row->row.key.len}, object);
}

static void add_row(struct memory_disk *disk, const struct backend_row *from)
{
    assert(from->revision == disk->state.revision + 1);
    const struct memory_object *old = map_get(&disk->objects, from->key);
    assert((old == NULL ? 0 : old->revision) == from->previous);
    struct memory_row *row = row_copy(from, old);
    if (disk->count == disk->capacity) {
        disk->capacity = disk->capacity == 0 ? 64 : disk->capacity * 2;
        disk->rows = alloc_resize(disk->rows, disk->capacity, sizeof(struct memory_row *));
    }
    disk->rows[disk->count++] = row;
    disk->state.revision = from->revision;
    disk->state.bytes += (int64_t)from->doc.len;
    disk->state.oldest_ms = disk->rows[0]->row.time_ms;
    apply(disk, row);
}

static enum tend_code fault(struct memory_disk *disk, struct error *err)
{
    if (disk->fail != TEND_OK && disk->appends >= disk->fail_at) {
        return FAIL(err, disk->fail, "the memory disk was told to fail");
    }
    return TEND_OK;
}

static enum tend_code check_room(const struct memory_disk *disk, const struct backend_row *rows,
                                 size_t count, enum store_purpose purpose, struct error *err)
{
    int64_t bytes = disk->state.bytes;
    for (size_t i = 0; i < count; i++) {
        bytes += (int64_t)rows[i].doc.len;
    }
    if (disk->bytes_max > 0 && purpose == STORE_GROWS && bytes > disk->bytes_max) {
        return FAIL(err, TEND_UNAVAILABLE, "the memory disk is full");
    }
    return TEND_OK;
}

static enum tend_code append_locked(struct memory_disk *disk, const struct backend_row *rows,
                                    size_t count, enum store_purpose purpose, struct error *err)
{
    disk->appends++;
    enum tend_code failed = fault(disk, err);
    if (failed != TEND_OK && failed != TEND_IO) {
        return failed;
    }
    TRY(check_room(disk, rows, count, purpose, err));
    for (size_t i = 0; i < count; i++) {
        add_row(disk, &rows[i]);
    }
    return failed;
}

static enum tend_code memory_append(struct backend *backend, const struct backend_row *rows,
                                    size_t count, enum store_purpose purpose, struct error *err)
{
    struct memory_disk *disk = lock_disk(backend);
    return unlock_with(disk, append_locked(disk, rows, count, purpose, err));
}

/* --- upkeep ------------------------------------------------------------------------------------ */

static enum tend_code memory_tidy(struct backend *backend, enum backend_more *ret_more,
                                  struct error *err)
{
    (void)err;
    backend->untidy = *ret_more = BACKEND_DONE;
    return TEND_OK;
}

/* Whether the oldest rows, `gone` of them taken away already, may go further. */
static bool may_go(const struct memory_disk *disk, const struct backend_keep *keep, size_t gone)
{
    return (int64_t)(disk->count - gone) > keep->count || disk->state.bytes > keep->bytes ||
           disk->rows[gone]->row.time_ms < keep->since_ms;
}

static size_t set_length(const struct memory_disk *disk, size_t first)
{
    const struct backend_row *row = &disk->rows[first]->row;
    return (size_t)(row->set_last - row->revision) + 1;
}

static enum tend_code memory_compact(struct backend *backend, const struct backend_keep *keep,
                                     struct backend_state *ret_state, enum backend_more *ret_more,
                                     struct error *err)
{
    (void)err;
    struct memory_disk *disk = lock_disk(backend);
    size_t gone = 0;
    while (gone < disk->count && gone < COMPACT_ROWS && may_go(disk, keep, gone)) {
        for (size_t left = set_length(disk, gone); left > 0; left--) {
            disk->state.bytes -= (int64_t)disk->rows[gone]->doc->len;
            disk->state.oldest = disk->rows[gone]->row.revision;
            row_drop(disk->rows[gone++]);
        }
    }
    disk->count -= gone;
    memmove(disk->rows, disk->rows + gone, disk->count * sizeof *disk->rows);
    disk->state.oldest_ms = disk->count == 0 ? 0 : disk->rows[0]->row.time_ms;
    *ret_more = disk->count > 0 && may_go(disk, keep, 0) ? BACKEND_MORE : BACKEND_DONE;
    *ret_state = disk->state;
    return unlock_with(disk, TEND_OK);
}

static enum tend_code memory_recover(struct backend *backend, struct error *err)
{
    struct memory_disk *disk = lock_disk(backend);
    enum tend_code code = fault(disk, err);
    if (code == TEND_OK && disk->bytes_max > 0 && disk->state.bytes >= disk->bytes_max) {
        code = FAIL(err, TEND_UNAVAILABLE, "the memory disk is full");
    }
    return unlock_with(disk, code);
}

/* --- read -------------------------------------------------------------------------------------- */

static enum tend_code read_locked(const struct memory_disk *disk, const struct backend_query *query,
                                  struct backend_visitor *visitor, int64_t *ret_reached,
                                  struct error *err)
{
    if (query->after < disk->state.oldest) {
        return FAIL(err, TEND_GONE, "revision %lld is no longer kept: the oldest is %lld",
                    (long long)query->after, (long long)disk->state.oldest);
    }
    size_t shown = 0, bytes = 0, looked = 0;
    *ret_reached = query->after;
    for (size_t i = (size_t)(query->after - disk->state.oldest);
         i < disk->count && shown < query->rows_max && looked < query->looks_max; i++, looked++) {
        const struct backend_row *row = &disk->rows[i]->row;
        if (text_starts(row->key, query->prefix)) {
            if (shown > 0 && bytes + row->doc.len > query->bytes_max) {
                break;
            }
            TRY(visitor->row(visitor, row, err));
            bytes += row->doc.len;
            shown++;
        }
        *ret_reached = row->revision;
    }
    return TEND_OK;
}

static enum tend_code memory_read(struct backend *backend, const struct backend_query *query,
                                  struct backend_visitor *visitor, int64_t *ret_reached,
                                  struct error *err)
{
    struct memory_disk *disk = lock_disk(backend);
    return unlock_with(disk, read_locked(disk, query, visitor, ret_reached, err));
}

/* --- life -------------------------------------------------------------------------------------- */

static void memory_close(struct backend *backend)
{
    struct memory_backend *self = CONTAINER_OF(backend, struct memory_backend, backend);
    if (self->owned == DISK_OWNED) {
        memory_disk_free(self->disk);
    }
    free(self);
}

static const struct backend_ops memory_ops = {
    .name = "memory",
    .load = memory_load,
    .append = memory_append,
    .tidy = memory_tidy,
    .compact = memory_compact,
    .recover = memory_recover,
    .read = memory_read,
    .close = memory_close,
};

struct backend *memory_backend_open(struct memory_disk *disk)
{
    struct memory_backend *self = alloc_new(sizeof *self);
    self->backend.ops = &memory_ops;
    self->owned = disk == NULL ? DISK_OWNED : DISK_BORROWED;
    self->disk = disk == NULL ? memory_disk_new() : disk;
    return &self->backend;
}
