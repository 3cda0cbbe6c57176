/* What a plugin file is, read without running any of it.
 *
 * dlopen kills the process that calls it on half a file, says "No such file" of one for another
 * machine, and runs constructors before anything can be checked. So both sides look at the bytes
 * first: the host before it copies a file, the engine before it opens one. The format is that of
 * the System V ABI (gABI 4.1); the note is described in tend/plugin.h.
 */
#ifndef PROTOCOL_ELF_H
#define PROTOCOL_ELF_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define ELF_SYMBOL "tend_plugin_v1"

struct elf_plugin {
    uint32_t major, minor; /* of the contract that it was compiled with */
    uint32_t size;         /* sizeof(struct tend_plugin) there */
    uint64_t symbol;       /* the address of ELF_SYMBOL, before the file is loaded anywhere */
};

/* Is `file`, the whole of it, a plugin that this host can load? Where it is not, one sentence that
 * says why and what to do; TEND_UNAVAILABLE where bytes are missing (it may still be on its way),
 * else TEND_INVALID. Any bytes are safe. */
NODISCARD enum tend_code elf_check(struct text file, struct elf_plugin *ret_plugin,
                                   struct error *err);

/* Is `file`, or its beginning, a shared object for this machine? Libraries are, and programs that can be moved. */
bool elf_is_object(struct text file);

/* The machine that this host runs on: "x86-64". */
const char *elf_machine(void);

#endif
