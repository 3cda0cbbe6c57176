/* A shared object as it would lie in memory, without loading it: bytes by address, and pointers as the
 * dynamic linker would set them.
 *
 * Only what is certain is told. What code fills in (zeroed memory, resolvers), what is another library's,
 * what overlaps or contradicts itself is not: that can be known by running it alone. Any bytes are safe,
 * and memory is bounded by ELF_RELOCATIONS_MAX.
 */
#ifndef PROTOCOL_ELF_IMAGE_H
#define PROTOCOL_ELF_IMAGE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct elf_image;

enum elf_pointer {
    ELF_NULL,
    ELF_ADDRESS, /* of this file */
    ELF_FOREIGN  /* of something that only the dynamic linker finds, or not at all */
};

/* `file` has passed elf_check; it is borrowed as long as the image, which lives in `arena`.
 * TEND_UNAVAILABLE with the reason where it cannot be read without running it. */
NODISCARD enum tend_code elf_image_open(struct text file, struct arena *arena,
                                        struct elf_image **ret_image, struct error *err);

/* Copy `size` bytes at `address` as the file has them; false where it does not have all of them. */
bool elf_image_bytes(const struct elf_image *image, uint64_t address, void *out, size_t size);

/* What the pointer at `address` points to once it is loaded; false where that cannot be told. */
bool elf_image_pointer(const struct elf_image *image, uint64_t address, enum elf_pointer *ret_kind,
                       uint64_t *ret_target);

/* The first place at or behind `address` that the dynamic linker changes (8 bytes); UINT64_MAX: none. */
uint64_t elf_image_next_change(const struct elf_image *image, uint64_t address);

/* The text at `address`, of at most `most` bytes; false where it does not end in a NUL by then, or where
 * the linker changes it. Borrows from the file. */
bool elf_image_text(const struct elf_image *image, uint64_t address, size_t most,
                    struct text *ret_text);

/* Library `index` of those that it needs, as it names them; the empty text behind the last. */
struct text elf_image_needed(const struct elf_image *image, size_t index);

/* Where it wants them to be looked for (DT_RUNPATH, else DT_RPATH); empty where it does not say. */
struct text elf_image_search_path(const struct elf_image *image);

#endif
