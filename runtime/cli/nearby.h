/* What somebody may have meant who named an object that is not there. */
#ifndef CLI_NEARBY_H
#define CLI_NEARBY_H

#include "cli/reference.h"
#include "cli/session.h"

/* Where `code` is TEND_NOT_FOUND, add to the sentence of `err` the nearest name that there is, or the
 * command that lists them. Asks the host once; where that fails as well the sentence stays. */
void nearby_add(struct session *session, const struct reference *reference, struct text namespace,
                enum tend_code code, struct error *err);

#endif
