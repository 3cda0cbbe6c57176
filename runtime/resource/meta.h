/* The metadata of an object, decoded from its root value; and edits that make a changed root.
 *
 * A root is the whole object: a map with apiVersion, kind, metadata and the rest. Nothing here changes
 * a value: an edit returns another root in `arena` that shares what is the same. Texts and values in
 * a `struct meta` are borrowed from the root.
 */
#ifndef RESOURCE_META_H
#define RESOURCE_META_H

#include <stdbool.h>
#include <stdint.h>

#include "document/schema.h"
#include "document/value.h"

#define META_NO_MOMENT INT64_MIN /* "no such moment" in creation_ms and deletion_ms */

struct meta {
    struct text api_version, kind;
    struct text name, namespace, generate_name;
    struct text uid;
    struct text resource_version;     /* as it stands there; empty: none */
    int64_t revision;                 /* the same as a number; 0: none, or no number */
    int64_t generation;               /* 0: none */
    int64_t creation_ms, deletion_ms; /* wall clock, META_NO_MOMENT: none */
    const struct value *metadata;     /* the map itself; NULL: none */
    const struct value *labels;       /* map of texts, or NULL */
    const struct value *annotations;  /* map of texts, or NULL */
    const struct value *finalizers;   /* list of texts, or NULL */
    const struct value *owners;       /* list of ownerReferences, or NULL */
};

/* Decode. Total: what is absent or of the wrong type is empty (meta_check says what is wrong). */
struct meta meta_of(const struct value *root);

/* Append to `problems` whatever is malformed in `root`'s metadata: types, names of labels,
 * annotations and finalizers, ownerReferences (apiVersion, kind, name and uid present; at most one
 * controller), sizes. The object's own name is the business of its kind. */
void meta_check(const struct value *root, struct schema_problems *problems);

/* "resourceVersion" as clients may send it: a positive decimal without leading zero. */
bool meta_parse_revision(struct text text, int64_t *ret_revision);

static inline bool meta_deleting(const struct meta *meta)
{
    return meta->deletion_ms != META_NO_MOMENT;
}

/* The text of a label or annotation; empty where there is none. */
struct text meta_label(const struct meta *meta, const char *key);
struct text meta_annotation(const struct meta *meta, const char *key);

bool meta_has_finalizer(const struct meta *meta, struct text finalizer);

/* The annotation by which an object that its controller gave up, or tries ever more rarely, is tried again
 * at once. Its text means nothing; that it is another one than before is what asks. */
#define META_RETRY "tend.dev/retry"

/* Does `now` ask for another try that `was`, the same object a moment ago, did not ask for? */
bool meta_asks_retry(const struct meta *was, const struct meta *now);

/* The ownerReference with `controller: true`, or NULL. */
const struct value *meta_controller_ref(const struct meta *meta);

/* `root` with metadata.KEY set to `value`, or without it where `value` is NULL. */
const struct value *meta_with(struct arena *arena, const struct value *root, const char *key,
                              const struct value *value);

/* ... with a text; the empty text removes the field. */
const struct value *meta_with_text(struct arena *arena, const struct value *root, const char *key,
                                   struct text text);

/* ... with resourceVersion set to `revision`; 0 removes it. */
const struct value *meta_with_revision(struct arena *arena, const struct value *root,
                                       int64_t revision);

/* ... with a moment in whole seconds; META_NO_MOMENT removes it. */
const struct value *meta_with_moment(struct arena *arena, const struct value *root, const char *key,
                                     int64_t moment_ms);

/* ... with an annotation or label set, or removed where `text` is empty. */
const struct value *meta_with_annotation(struct arena *arena, const struct value *root,
                                         const char *key, struct text text);
const struct value *meta_with_label(struct arena *arena, const struct value *root, const char *key,
                                    struct text text);

/* ... with `finalizer` added (last, once) or removed; an empty list disappears. */
const struct value *meta_with_finalizer(struct arena *arena, const struct value *root,
                                        struct text finalizer);
const struct value *meta_without_finalizer(struct arena *arena, const struct value *root,
                                           struct text finalizer);

/* An ownerReference to the object `owner`, with controller and blockOwnerDeletion set. */
const struct value *meta_owner_ref(struct arena *arena, const struct value *owner);

#endif
