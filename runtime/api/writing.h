/* POST, PUT, PATCH and DELETE: through the gate, answered when it is durable. */
#ifndef API_WRITING_H
#define API_WRITING_H

#include "api/operation.h"

void write_create(struct operation *operation); /* POST on a collection */
void write_update(struct operation *operation); /* PUT on an object or its status */
void write_patch(struct operation *operation);  /* PATCH on an object or its status */
void write_delete(struct operation *operation); /* DELETE on an object */

/* What became of the object, beside the HTTP status: "created", "configured", "unchanged". */
#define HEADER_EFFECT "Tend-Effect"

#endif
