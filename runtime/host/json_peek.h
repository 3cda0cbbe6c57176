/* One field of an object in canonical JSON, without reading the rest: for who needs a name on the way. */
#ifndef HOST_JSON_PEEK_H
#define HOST_JSON_PEEK_H

#include "base/text.h"

/* The value of `key` of the object `json`: of a text what stands between its quotes, escapes as they are, of
 * others their JSON. Empty where there is none, or where `json` is none. */
struct text json_peek(struct text json, struct text key);

#endif
