/* The engine for what keeps the contract of tend/plugin.h: shared objects, and scripts (script/script.h),
 * which are made into the same structs. Which of them a file is, its suffix says. */
#ifndef ENGINE_NATIVE_H
#define ENGINE_NATIVE_H

#include "engine/engine.h"

/* Load the file at `path` (absolute; it must not change afterwards) and start its controllers with `config`
 * (a map, or NULL). No code of a shared object runs before its bytes have passed elf_check. `name` is the
 * path or name that people know it by: a script is called so in what it says. The engine belongs to the
 * caller, who ends it with engine_close.
 *
 * TEND_INVALID with one sentence where it is no plugin, needs what is not there, describes itself
 * wrongly, or refuses to start; TEND_UNAVAILABLE where the file is not complete; TEND_IO. */
NODISCARD enum tend_code native_open(const char *path, const char *name, const struct value *config,
                                     struct engine_host *host, struct engine **ret_engine,
                                     struct error *err);

#endif
