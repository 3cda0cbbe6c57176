/* The libraries that a plugin needs: would the dynamic linker of a runner find them, and in them every name
 * that the plugin wants?
 */
#ifndef CLI_LIBRARIES_H
#define CLI_LIBRARIES_H

#include "document/value.h"
#include "protocol/elf_image.h"

/* Each that it names, {library, found}; `found`, a path, is absent where it is in none of the usual folders. The
 * linker may know others: it has a list of its own, and the environment of the host. */
const struct value *libraries_describe(const struct elf_image *image, struct arena *arena);

/* TEND_INVALID with the linker's words where it is certain that it fails: a library that is named by its path is
 * not there, or nothing that a runner will have loaded has a name that is wanted. Where one of the
 * libraries is not found, or the runner is not beside this program, names are not judged; which version of a
 * name is wanted never is. `bytes` are those of `file`. */
NODISCARD enum tend_code libraries_check(const char *file, struct text bytes,
                                         const struct elf_image *image, struct error *err);

#endif
