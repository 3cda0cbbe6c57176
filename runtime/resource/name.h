/* What names, labels, annotations and finalizers may look like.
 *
 * A check answers NULL where `text` is well-formed, otherwise half a sentence that follows the name of
 * the field: "must be at most 63 characters long, is 80". Sources: RFC 1123 and the names and labels
 * pages of the Kubernetes website.
 */
#ifndef RESOURCE_NAME_H
#define RESOURCE_NAME_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "document/schema.h"
#include "document/value.h"

/* "[a-z0-9]([-a-z0-9]*[a-z0-9])?", at most 63: namespaces. */
const char *name_check_label(struct text text);

/* Labels joined by '.', at most 253: the name of almost everything. */
const char *name_check_subdomain(struct text text);

/* "[PREFIX/]NAME": keys of labels and annotations. */
const char *name_check_qualified(struct text text);

/* The value of a label: as NAME above, may be empty, at most 63. */
const char *name_check_label_value(struct text text);

/* A finalizer: qualified, with its PREFIX, except the well-known "orphan" and "foregroundDeletion". */
const char *name_check_finalizer(struct text text);

/* Append to `problems` whatever is wrong with a map of labels or annotations at `path`
 * ("metadata.labels"): no map, a key, a value that is no text, the total size of annotations. */
void name_check_labels(const struct value *labels, const char *path,
                       struct schema_problems *problems);
void name_check_annotations(const struct value *annotations, const char *path,
                            struct schema_problems *problems);

/* `base` (cut to 58 bytes) and five random characters from `random`, in `arena`. */
struct text name_generate(struct arena *arena, struct text base, uint64_t random);

/* A random uid (RFC 4122 version 4) from 128 random bits, in `arena`. */
struct text name_uid(struct arena *arena, uint64_t high, uint64_t low);

#endif
