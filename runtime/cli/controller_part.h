/* What `describe` says of a Controller: what serves, how its runs went, and its states as a table.
 *
 *     Phase:         live since 2026-01-01T10:00:00Z
 *     Version:       1.0.0 (5e08470f4a4c)
 *     Runs:          5, of which 4 failed
 *     Last error:    2026-01-01T10:00:01Z, labs.example.com default/web
 *                    web.lua:12: the disk is on fire
 */
#ifndef CLI_CONTROLLER_PART_H
#define CLI_CONTROLLER_PART_H

#include <stdio.h>

#include "document/value.h"

/* Print it; returns `root` without what was printed, in `arena`. */
const struct value *controller_part_print(FILE *out, const struct value *root, struct arena *arena);

#endif
