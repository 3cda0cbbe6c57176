/* Looking into bytes that may be anything: nothing is read but through these, which know where the bytes end;
 * headers are copied out, so nothing depends on alignment. Private to elf.c, elf_image.c and
 * elf_symbols.c. */
#ifndef PROTOCOL_ELF_BYTES_H
#define PROTOCOL_ELF_BYTES_H

#include "base/text.h"

/* Copy `size` bytes at `offset` out of the file; false where they are not all there. */
static inline bool elf_slice(struct text file, uint64_t offset, void *out, size_t size)
{
    if (offset > file.len || file.len - offset < size) {
        return false;
    }
    memcpy(out, file.ptr + offset, size);
    return true;
}

/* The text that ends in a NUL at `offset`; empty where there is none. */
static inline struct text elf_name_at(struct text file, uint64_t offset)
{
    if (offset >= file.len) {
        return TEXT("");
    }
    struct text rest = text_from(file, offset);
    size_t end = text_find(rest, '\0');
    return end == rest.len ? TEXT("") : text_first(rest, end);
}

#endif
