/* Inside the gate: what applying a body means beside laying it over the object.
 *
 * Who declares a whole object, again and again (a client, a manifest), means a field that is no longer
 * there to go. What was declared last is kept on the object, in the annotation that kubectl uses for it,
 * so that both can take turns. A controller declares the fields that it cares for; what it does not
 * name stays.
 */
#ifndef ADMISSION_APPLY_H
#define ADMISSION_APPLY_H

#include "admission/hearing.h"

/* `body` as it is to be laid over the object: with its own text among its annotations, where the writer
 * is one that declares whole objects. */
const struct value *apply_body(struct hearing *hearing, const struct value *body);

/* The object as `body` is to be laid over it: without what was declared last and is not any more. */
const struct value *apply_base(struct hearing *hearing, const struct value *body);

#endif
