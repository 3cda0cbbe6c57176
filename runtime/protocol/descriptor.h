/* The descriptor as an engine gives it, made into what the host works with. */
#ifndef PROTOCOL_DESCRIPTOR_H
#define PROTOCOL_DESCRIPTOR_H

#include "base/error.h"
#include "document/value.h"

/* `given` with the definitions that it carries as YAML text read into maps, in `arena`.
 * TEND_INVALID where its shape is wrong (protocol/shape.h) or such a text is not one document. */
NODISCARD enum tend_code descriptor_read(const struct value *given, struct arena *arena,
                                         const struct value **ret_descriptor, struct error *err);

#endif
