/* Sorted chunks: an array of chunks, each a sorted array of pointers to entries.
 *
 *     chunks   [ a.. | f.. | m.. ]           binary search by the first key of each
 *                |
 *              [ a1 a2 a3 ... ]              binary search inside
 *
 * It is a B+tree of two levels whose root may be wide: 4 000 chunks hold a million entries, and moving
 * pointers in the root is a memmove of a few KiB once in a hundred inserts. That buys ordered scans,
 * 8 to 16 bytes of overhead an entry, and no rebalancing to get wrong. A balanced tree costs 40 bytes
 * an entry and a cache miss a level; a hash table would need an ordered twin.
 *
 * The newest version lives in the entry, since most objects have just one; older ones are a list. */
#include "store/index.h"

#include <assert.h>

#include "base/alloc.h"

enum { CHUNK_MAX = 254 }; /* with the count, 2 KiB */

struct index_chunk {
    size_t count;
    struct index_entry *entries[CHUNK_MAX];
};

struct place {
    size_t chunk, slot;
};

static void versions_free(struct version *version)
{
    while (version != NULL) {
        struct version *older = version->older;
        doc_unref(version->doc);
        free(version);
        version = older;
    }
}

static void entry_free(struct index_entry *entry)
{
    versions_free(entry->newest.older);
    doc_unref(entry->newest.doc);
    free(entry);
}

void index_done(struct index *index)
{
    for (size_t c = 0; c < index->count; c++) {
        struct index_chunk *chunk = index->chunks[c];
        for (size_t i = 0; i < chunk->count; i++) {
            entry_free(chunk->entries[i]);
        }
        free(chunk);
    }
    free(index->chunks);
    *index = (struct index){0};
}

/* --- places ------------------------------------------------------------------------------------ */

/* How many chunks begin with a key <= `key`. */
static size_t chunks_up_to(const struct index *index, struct text key)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_compare(index_key(index->chunks[middle]->entries[0]), key) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The first slot of `chunk` with a key >= `key`. */
static size_t slot_from(const struct index_chunk *chunk, struct text key)
{
    size_t low = 0, high = chunk->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_compare(index_key(chunk->entries[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Where `key` is or would be inserted; the slot may be one past the end of its chunk. */
static struct place place_of(const struct index *index, struct text key)
{
    size_t chunks = chunks_up_to(index, key);
    if (chunks == 0) {
        return (struct place){0, 0};
    }
    return (struct place){chunks - 1, slot_from(index->chunks[chunks - 1], key)};
}

static struct index_entry *entry_at(const struct index *index, struct place at)
{
    if (at.chunk >= index->count || at.slot >= index->chunks[at.chunk]->count) {
        return NULL;
    }
    return index->chunks[at.chunk]->entries[at.slot];
}

struct index_entry *index_find(const struct index *index, struct text key)
{
    struct index_entry *entry = entry_at(index, place_of(index, key));
    return entry != NULL && text_equal(index_key(entry), key) ? entry : NULL;
}

/* --- entries come and go ----------------------------------------------------------------------- */

static void chunk_insert(struct index *index, size_t at, struct index_chunk *chunk)
{
    if (index->count == index->capacity) {
        index->capacity = index->capacity == 0 ? 16 : index->capacity * 2;
        index->chunks = alloc_resize(index->chunks, index->capacity, sizeof *index->chunks);
    }
    memmove(index->chunks + at + 1, index->chunks + at,
            (index->count - at) * sizeof *index->chunks);
    index->chunks[at] = chunk;
    index->count++;
}

static void chunk_remove(struct index *index, size_t at)
{
    free(index->chunks[at]);
    index->count--;
    memmove(index->chunks + at, index->chunks + at + 1,
            (index->count - at) * sizeof *index->chunks);
}

/* Make room in a full chunk. At the very end of the index a new chunk is begun, so that keys that come
 * in order (loading, numbered names) leave full chunks behind; elsewhere the chunk is halved. */
static struct place split(struct index *index, struct place at)
{
    struct index_chunk *left = index->chunks[at.chunk];
    struct index_chunk *right = alloc_new(sizeof *right);
    chunk_insert(index, at.chunk + 1, right);
    if (at.slot == CHUNK_MAX && at.chunk + 2 == index->count) {
        return (struct place){at.chunk + 1, 0};
    }
    left->count = CHUNK_MAX / 2;
    right->count = CHUNK_MAX - left->count;
    memcpy(right->entries, left->entries + left->count, right->count * sizeof *right->entries);
    if (at.slot <= left->count) {
        return at;
    }
    return (struct place){at.chunk + 1, at.slot - left->count};
}

static void entry_insert(struct index *index, struct place at, struct index_entry *entry)
{
    if (index->count == 0) {
        chunk_insert(index, 0, alloc_new(sizeof(struct index_chunk)));
    }
    if (index->chunks[at.chunk]->count == CHUNK_MAX) {
        at = split(index, at);
    }
    struct index_chunk *chunk = index->chunks[at.chunk];
    memmove(chunk->entries + at.slot + 1, chunk->entries + at.slot,
            (chunk->count - at.slot) * sizeof *chunk->entries);
    chunk->entries[at.slot] = entry;
    chunk->count++;
    index->entries++;
}

/* Join a chunk with the one after it where both together are half a chunk at most. */
static void join(struct index *index, size_t at)
{
    if (at + 1 >= index->count) {
        return;
    }
    struct index_chunk *left = index->chunks[at], *right = index->chunks[at + 1];
    if (left->count + right->count <= CHUNK_MAX / 2) {
        memcpy(left->entries + left->count, right->entries, right->count * sizeof *right->entries);
        left->count += right->count;
        chunk_remove(index, at + 1);
    }
}

static void entry_remove(struct index *index, struct index_entry *entry)
{
    struct place at = place_of(index, index_key(entry));
    assert(entry_at(index, at) == entry);
    struct index_chunk *chunk = index->chunks[at.chunk];
    chunk->count--;
    memmove(chunk->entries + at.slot, chunk->entries + at.slot + 1,
            (chunk->count - at.slot) * sizeof *chunk->entries);
    index->entries--;
    if (chunk->count == 0) {
        chunk_remove(index, at.chunk);
    } else {
        join(index, at.chunk);
    }
    entry_free(entry);
}

static struct index_entry *entry_new(struct text key)
{
    struct index_entry *entry = alloc_new(sizeof *entry + key.len + 1);
    entry->key_len = (uint32_t)key.len;
    memcpy(entry->key, key.ptr, key.len);
    return entry;
}

/* --- versions ---------------------------------------------------------------------------------- */

struct index_entry *index_push(struct index *index, struct text key, int64_t revision,
                               struct doc *doc)
{
    struct place at = place_of(index, key);
    struct index_entry *entry = entry_at(index, at);
    if (entry == NULL || !text_equal(index_key(entry), key)) {
        entry = entry_new(key);
        entry_insert(index, at, entry);
    } else {
        assert(entry->newest.revision < revision);
        struct version *older = alloc_new(sizeof *older);
        *older = entry->newest;
        entry->newest.older = older;
    }
    entry->newest.revision = revision;
    entry->newest.doc = doc == NULL ? NULL : doc_ref(doc);
    return entry;
}

void index_pop(struct index *index, struct index_entry *entry)
{
    struct version *older = entry->newest.older;
    if (older == NULL) {
        entry_remove(index, entry);
        return;
    }
    doc_unref(entry->newest.doc);
    entry->newest = *older;
    free(older);
    if (entry->newest.doc == NULL && entry->newest.older == NULL) {
        entry_remove(index, entry);
    }
}

void index_trim(struct index *index, struct index_entry *entry, int64_t revision)
{
    struct version *version = &entry->newest;
    while (version->revision > revision) {
        version = version->older;
        assert(version != NULL);
    }
    assert(version->revision == revision);
    versions_free(version->older);
    version->older = NULL;
    if (version == &entry->newest && version->doc == NULL) {
        entry_remove(index, entry);
    }
}

const struct version *index_version(const struct index_entry *entry, int64_t revision)
{
    const struct version *version = &entry->newest;
    while (version != NULL && version->revision > revision) {
        version = version->older;
    }
    return version;
}

/* --- scans ------------------------------------------------------------------------------------- */

struct index_cursor index_seek(const struct index *index, struct text prefix, struct text after)
{
    bool resume = after.len > 0 && text_compare(after, prefix) >= 0;
    struct place at = place_of(index, resume ? after : prefix);
    struct index_entry *entry = entry_at(index, at);
    if (resume && entry != NULL && text_equal(index_key(entry), after)) {
        at.slot++;
    }
    return (struct index_cursor){
        .index = index, .prefix = prefix, .chunk = at.chunk, .slot = at.slot};
}

const struct index_entry *index_next(struct index_cursor *cursor)
{
    const struct index *index = cursor->index;
    if (cursor->chunk < index->count && cursor->slot == index->chunks[cursor->chunk]->count) {
        cursor->chunk++;
        cursor->slot = 0;
    }
    const struct index_entry *entry = entry_at(index, (struct place){cursor->chunk, cursor->slot});
    if (entry == NULL || !text_starts(index_key(entry), cursor->prefix)) {
        return NULL;
    }
    cursor->slot++;
    return entry;
}
