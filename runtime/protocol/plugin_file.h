/* What a plugin declares, read from its file without running any of it.
 *
 * The structs of tend/plugin.h are found in the file (protocol/elf_image.h) and put into memory as the dynamic
 * linker would; from there on they are read by protocol/contract.h, as in a runner. A plugin whose tables
 * are made by code when it starts cannot be read so, and it is said. Any bytes are safe: the depth is
 * that of the contract, and counts and texts have its limits.
 */
#ifndef PROTOCOL_PLUGIN_FILE_H
#define PROTOCOL_PLUGIN_FILE_H

#include "document/value.h"
#include "protocol/elf.h"
#include "protocol/elf_image.h"

/* The descriptor of the plugin whose file is `image`, and which elf_check found to be `found`; in `arena`.
 *
 * TEND_UNAVAILABLE, "... cannot be read without running it: ...", where the file does not say it;
 * TEND_INVALID or TEND_LIMIT with the sentence of a host that refuses what it declares. */
NODISCARD enum tend_code plugin_file_describe(const struct elf_image *image,
                                              const struct elf_plugin *found, struct arena *arena,
                                              const struct value **ret_descriptor,
                                              struct error *err);

#endif
