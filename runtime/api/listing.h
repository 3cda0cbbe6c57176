/* GET on an object and on a collection. */
#ifndef API_LISTING_H
#define API_LISTING_H

#include "api/operation.h"

/* Answer with the object, or 404. */
void read_object(struct operation *operation);

/* Answer with the collection: labelSelector, fieldSelector, limit and continue, resourceVersion and
 * resourceVersionMatch, includeObject. */
void read_collection(struct operation *operation);

#endif
