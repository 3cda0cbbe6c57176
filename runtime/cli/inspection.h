/* A plugin file looked at without running any of it: what it is, what it declares, and whether a host that
 * runs as this user would load it. The judging is the host's own: base/plain_file.h, protocol/elf.h and
 * protocol/plugin_file.h.
 */
#ifndef CLI_INSPECTION_H
#define CLI_INSPECTION_H

#include <stdio.h>

#include "base/arena.h"
#include "document/value.h"

/* What is found, in `arena`:
 *
 *     file      as it was named
 *     loads     a host would load it, as far as its bytes can tell
 *     why       where it would not: the host's sentence
 *     bytes, sha256, machine
 *     contract  that it was built for: "1.0"
 *     needs     libraries, each {library, found} (libraries.h)
 *     plugin    {name, version, controllers}, as protocol/shape.h has it; absent where it is not known
 *     unread    why it is not known
 */
const struct value *inspection_make(const char *file, struct arena *arena);

/* The same for people. */
void inspection_print(FILE *out, const struct value *inspection);

#endif
