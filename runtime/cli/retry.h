/* What keeps a controller from an object, as its conditions say it. */
#ifndef CLI_RETRY_H
#define CLI_RETRY_H

#include "document/value.h"

/* The condition for which `tend retry` helps, the gravest first: Quarantined, Stalled, Failing; NULL where
 * none of them is true. Borrowed from `root`. */
const struct value *retry_condition(const struct value *root);

#endif
