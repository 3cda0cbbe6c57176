/* Paths to a value inside another: `spec.disks[0].size`, `metadata.annotations['a.b/c']`.
 *
 * A step is a field (letters, digits, '_', '-'; anything else in [''] with ' and \ escaped by \) or
 * [index]. A leading '.' is allowed, as printer columns of CustomResourceDefinitions write it
 * (the simple subset of kubectl's JSONPath: no wildcards, no filters). At most DOC_DEPTH_MAX steps.
 */
#ifndef DOCUMENT_PATH_H
#define DOCUMENT_PATH_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "document/value.h"

/* TEND_INVALID with the offending place where `path` is none. The empty path is the root itself. */
NODISCARD enum tend_code path_check(struct text path, struct error *err);

/* The value at `path` below `root`; NULL where it is absent or `path` is malformed. */
const struct value *path_get(const struct value *root, struct text path);

/* `root` (which may be NULL) with `value` at `path`; NULL `value` removes, and removing what is not
 * there changes nothing. Maps and lists are made on the way, also in place of a null; the index
 * behind a list's last item appends. TEND_INVALID where a step meets something that it cannot enter,
 * an index is farther beyond the end, or `path` is malformed. */
NODISCARD enum tend_code path_set(struct arena *arena, const struct value *root, struct text path,
                                  const struct value *value, const struct value **ret_root,
                                  struct error *err);

/* The steps of a path one by one, for walks over something that mirrors a value:
 *
 *     path_begin(&cursor, path);
 *     while (!path_at_end(&cursor)) {
 *         TRY(path_next(&cursor, &step, err));
 */
enum path_step_kind { PATH_FIELD, PATH_INDEX };

struct path_step {
    enum path_step_kind kind;
    struct text field; /* of a PATH_FIELD; borrowed until the next step */
    size_t index;      /* of a PATH_INDEX */
};

struct path_cursor {
    struct text path;
    size_t at;
    unsigned steps;
    char scratch[DOC_KEY_MAX]; /* an unescaped field, until the next step */
};

void path_begin(struct path_cursor *cursor, struct text path);
bool path_at_end(const struct path_cursor *cursor);

/* The next step of a path that is not at its end. TEND_INVALID where it is malformed. */
NODISCARD enum tend_code path_next(struct path_cursor *cursor, struct path_step *ret_step,
                                   struct error *err);

/* Append one step in canonical writing to a path under construction. */
void path_add_field(struct buffer *path, struct text field);
void path_add_index(struct buffer *path, size_t index);

#endif
