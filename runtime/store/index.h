/* The index: an ordered map from key to the versions of an object, in memory.
 *
 *   1  Keys are in byte order, each once; an entry has at least one version.
 *   2  The versions of an entry go from new to old, by revision.
 *   3  A version without a document says that the object was deleted then.
 *
 * Versions are pushed in the order of revisions; the newest can be popped again (a commit that failed),
 * and what nobody can see any more is trimmed from the old end. An entry stays at its address, and its
 * key where it is, for as long as it has a version.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "document/doc.h"

struct version {
    int64_t revision;
    struct doc *doc; /* NULL: deleted */
    struct version *older;
};

struct index_entry {
    struct version newest;
    uint32_t key_len;
    char key[]; /* NUL-terminated */
};

struct index_chunk;

/* A zeroed index is an empty one. */
struct index {
    struct index_chunk **chunks;
    size_t count, capacity; /* of chunks */
    size_t entries;
};

void index_done(struct index *index);

static inline struct text index_key(const struct index_entry *entry)
{
    return (struct text){entry->key, entry->key_len};
}

/* The entry of `key`, or NULL. */
struct index_entry *index_find(const struct index *index, struct text key);

/* Add a version, newer than all of its key; takes a reference of `doc`, which may be NULL. */
struct index_entry *index_push(struct index *index, struct text key, int64_t revision,
                               struct doc *doc);

/* Take the newest version away. The entry goes with its last one, and when what is left is a deletion
 * that was trimmed already. */
void index_pop(struct index *index, struct index_entry *entry);

/* Drop what is older than the version of exactly `revision`, and that one as well where it is a
 * deletion that nothing came after: then the entry goes. */
void index_trim(struct index *index, struct index_entry *entry, int64_t revision);

/* The newest version at or before `revision`; NULL where the key is younger. Its doc may be NULL. */
const struct version *index_version(const struct index_entry *entry, int64_t revision);

/* Walks entries in order of keys; valid until the index changes. */
struct index_cursor {
    const struct index *index;
    struct text prefix;
    size_t chunk, slot;
};

/* At the first key that starts with `prefix` and is greater than `after` (empty: from the start). */
struct index_cursor index_seek(const struct index *index, struct text prefix, struct text after);

/* The entry under the cursor, which moves on; NULL after the last one with the prefix. */
const struct index_entry *index_next(struct index_cursor *cursor);

#endif
