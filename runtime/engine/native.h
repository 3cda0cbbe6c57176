/* The engine for shared objects that keep the contract of tend/plugin.h. */
#ifndef ENGINE_NATIVE_H
#define ENGINE_NATIVE_H

#include "engine/engine.h"

/* Load the plugin at `path` (absolute; the file must not change afterwards) and start its
 * controllers with `config` (a map, or NULL). No code of it runs before its bytes have passed
 * elf_check. `name` is how sentences call it. The engine belongs to the caller, who ends it with
 * engine_close.
 *
 * TEND_INVALID with one sentence where it is no plugin, needs what is not there, describes itself
 * wrongly, or refuses to start; TEND_UNAVAILABLE where the file is not complete; TEND_IO. */
NODISCARD enum tend_code native_open(const char *path, const struct value *config,
                                     struct engine_host *host, struct engine **ret_engine,
                                     struct error *err);

#endif
