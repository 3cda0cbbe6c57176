/* Whoever looks at objects is told when nobody tends them; programs that read JSON are not. */
#ifndef API_UNTENDED_H
#define API_UNTENDED_H

#include "api/operation.h"

/* Where a table is asked for, of a kind whose controller is not live: a Warning in the answer. */
void untended_warn(const struct operation *operation);

#endif
