/* What a person may do about an object that does not move by itself. */
#ifndef CLI_WAY_ON_H
#define CLI_WAY_ON_H

#include <stdio.h>

#include "cli/kinds.h"

/* The condition for which `tend retry` helps, the gravest first: Quarantined, Stalled, Failing; NULL where
 * none of them is true. Borrowed from `root`. */
const struct value *way_on_condition(const struct value *root);

/* Is it being deleted, and held for a controller that does not come? `owner`: the Controller of its kind, NULL
 * where there is none. */
bool way_on_waits_in_vain(const struct served_kind *kind, const struct value *root,
                          const struct value *owner);

/* Each way on as a command and what it does; nothing where none is needed. `owner`: the Controller of its
 * kind, NULL where there is none. */
void way_on_print(FILE *out, const struct served_kind *kind, const struct value *root,
                  const struct value *owner);

#endif
