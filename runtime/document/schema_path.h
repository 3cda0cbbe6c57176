/* Where in a value (or a schema) a walk is: a chain of steps on the walker's stack, from the innermost
 * outward. Nothing is written until somebody complains. */
#ifndef DOCUMENT_SCHEMA_PATH_H
#define DOCUMENT_SCHEMA_PATH_H

#include "base/buffer.h"

struct schema_step {
    const struct schema_step *up; /* NULL: the root */
    struct text field;            /* ptr NULL: an index */
    size_t index;
};

/* Append the path of `step` in the writing of path.h; nothing for the root (NULL). */
void schema_path_write(struct buffer *out, const struct schema_step *step);

/* The same as text in `arena`. */
struct arena;
struct text schema_path_text(struct arena *arena, const struct schema_step *step);

#endif
