/* The target of a request under construction: "/apis/G/V/namespaces/NS/PLURAL/NAME?name=value". */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "base/buffer.h"

struct served_kind;

#define TARGET_INIT BUFFER_INIT(64u * 1024u)

/* Append the path of a collection, or of an object in it where `name` is not empty. An empty
 * `namespace` is all of them; it is left out for a cluster-scoped kind. */
void target_path(struct buffer *target, const struct served_kind *kind, struct text namespace,
                 struct text name);

/* Append a parameter, escaped; none where `value` is empty. */
void target_query(struct buffer *target, const char *name, struct text value);

#endif
