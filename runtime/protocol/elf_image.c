/* The dynamic linker's view: segments and the dynamic section count, section headers do not. A change of
 * eight bytes is what every relocation that is understood makes; they are kept sorted by place, so that a
 * pointer is found without a walk through all of them. */
#include "protocol/elf_image.h"

#include <elf.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "protocol/elf_bytes.h"

#if defined(__x86_64__)
enum { RELATIVE = R_X86_64_RELATIVE, WORD = R_X86_64_64, GLOBAL = R_X86_64_GLOB_DAT };
#elif defined(__aarch64__)
enum { RELATIVE = R_AARCH64_RELATIVE, WORD = R_AARCH64_ABS64, GLOBAL = R_AARCH64_GLOB_DAT };
#elif defined(__riscv)
enum { RELATIVE = R_RISCV_RELATIVE, WORD = R_RISCV_64, GLOBAL = R_RISCV_64 };
#endif
#ifndef DT_RELR
enum { DT_RELRSZ = 35, DT_RELR = 36, DT_RELRENT = 37 };
#endif

enum { SEGMENTS_MAX = 64, DYNAMIC_MAX = 4096, PLACE = 8 };

struct segment {
    uint64_t address;
    struct text bytes; /* what the file has of it */
};

struct change {
    uint64_t place, target;
    enum elf_pointer kind;
};

struct elf_image {
    struct text file;
    struct segment segments[SEGMENTS_MAX]; /* by address, apart from each other */
    size_t segment_count;
    struct text dynamic;
    uint64_t symbols;       /* where they begin */
    struct change *changes; /* sorted by place */
    size_t change_count, change_capacity;
};

static enum tend_code unclear(struct error *err, const char *why)
{
    return FAIL(err, TEND_UNAVAILABLE, "cannot be read without running it: %s", why);
}

/* --- segments ---------------------------------------------------------------------------------- */

/* What the file has from `address` to the end of its segment; empty where that is nothing. */
static struct text rest_at(const struct elf_image *image, uint64_t address)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segments[i];
        if (address >= segment->address && address - segment->address < segment->bytes.len) {
            return text_from(segment->bytes, address - segment->address);
        }
    }
    return TEXT("");
}

/* `size` bytes at `address`, or as many as there are. */
static struct text bytes_at(const struct elf_image *image, uint64_t address, uint64_t size)
{
    struct text rest = rest_at(image, address);
    return size < rest.len ? text_first(rest, size) : rest;
}

static enum tend_code add_segment(struct elf_image *image, const Elf64_Phdr *header, uint64_t *end,
                                  struct error *err)
{
    uint64_t size = header->p_memsz > header->p_filesz ? header->p_memsz : header->p_filesz;
    if (image->segment_count == SEGMENTS_MAX) {
        return unclear(err, "it has too many segments");
    }
    if (header->p_vaddr < *end || __builtin_add_overflow(header->p_vaddr, size, end)) {
        return unclear(err, "its segments overlap");
    }
    /* elf_check has seen that the file has these bytes; it is asked again, not trusted. */
    struct text rest =
        header->p_offset < image->file.len ? text_from(image->file, header->p_offset) : TEXT("");
    image->segments[image->segment_count++] = (struct segment){
        header->p_vaddr, header->p_filesz < rest.len ? text_first(rest, header->p_filesz) : rest};
    return TEND_OK;
}

static enum tend_code read_segments(struct elf_image *image, struct error *err)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment, dynamic = {.p_type = PT_NULL, .p_filesz = 0};
    uint64_t end = 0;
    if (!elf_slice(image->file, 0, &header, sizeof header)) {
        return unclear(err, "its header is cut off");
    }
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (!elf_slice(image->file, header.e_phoff + i * sizeof segment, &segment,
                       sizeof segment)) {
            return unclear(err, "its segments are cut off");
        }
        if (segment.p_type == PT_LOAD) {
            TRY(add_segment(image, &segment, &end, err));
        } else if (segment.p_type == PT_DYNAMIC) {
            dynamic = segment;
        }
    }
    image->dynamic =
        dynamic.p_type == PT_NULL ? TEXT("") : bytes_at(image, dynamic.p_vaddr, dynamic.p_filesz);
    return TEND_OK;
}

/* --- the dynamic section ----------------------------------------------------------------------- */

/* The value of entry `index` of those with `tag`; false where there are not so many. */
static bool dynamic_entry(const struct elf_image *image, int64_t tag, size_t index,
                          uint64_t *ret_value)
{
    Elf64_Dyn entry;
    for (uint64_t at = 0; elf_slice(image->dynamic, at, &entry, sizeof entry); at += sizeof entry) {
        if (entry.d_tag == DT_NULL) {
            return false;
        }
        if (entry.d_tag == tag && index-- == 0) {
            *ret_value = entry.d_un.d_val;
            return true;
        }
    }
    return false;
}

static uint64_t dynamic_value(const struct elf_image *image, int64_t tag)
{
    uint64_t value = 0;
    (void)dynamic_entry(image, tag, 0, &value);
    return value;
}

static struct text dynamic_table(const struct elf_image *image, int64_t address, int64_t size)
{
    uint64_t at;
    return dynamic_entry(image, address, 0, &at) ? bytes_at(image, at, dynamic_value(image, size))
                                                 : TEXT("");
}

static struct text dynamic_name(const struct elf_image *image, int64_t tag, size_t index)
{
    uint64_t offset;
    return dynamic_entry(image, tag, index, &offset)
               ? elf_name_at(dynamic_table(image, DT_STRTAB, DT_STRSZ), offset)
               : TEXT("");
}

/* --- changes ----------------------------------------------------------------------------------- */

static enum tend_code add_change(struct elf_image *image, struct arena *arena,
                                 const struct change *change, struct error *err)
{
    if (image->change_count == ELF_RELOCATIONS_MAX) {
        return unclear(err, "it has too many relocations");
    }
    if (image->change_count == image->change_capacity) {
        size_t capacity = image->change_capacity == 0 ? 64 : image->change_capacity * 2;
        struct change *changes = arena_alloc(arena, capacity * sizeof *changes);
        if (image->change_count > 0) {
            memcpy(changes, image->changes, image->change_count * sizeof *changes);
        }
        image->changes = changes;
        image->change_capacity = capacity;
    }
    image->changes[image->change_count++] = *change;
    return TEND_OK;
}

/* Where symbol `index` is, if it is one of this file. */
static bool symbol_address(const struct elf_image *image, uint64_t index, uint64_t *ret_address)
{
    Elf64_Sym symbol;
    uint64_t at;
    if (__builtin_mul_overflow(index, sizeof symbol, &at) ||
        __builtin_add_overflow(at, image->symbols, &at) ||
        !elf_image_bytes(image, at, &symbol, sizeof symbol) || symbol.st_shndx == SHN_UNDEF ||
        symbol.st_shndx >= SHN_LORESERVE || ELF64_ST_TYPE(symbol.st_info) == STT_TLS ||
        ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC) {
        return false;
    }
    *ret_address = symbol.st_value;
    return true;
}

static struct change change_of(const struct elf_image *image, const Elf64_Rela *entry)
{
    struct change change = {.place = entry->r_offset, .kind = ELF_FOREIGN};
    uint64_t type = ELF64_R_TYPE(entry->r_info), addend = (uint64_t)entry->r_addend;
    if (type == RELATIVE) {
        change.kind = ELF_ADDRESS;
        change.target = addend;
    } else if ((type == WORD || type == GLOBAL) &&
               symbol_address(image, ELF64_R_SYM(entry->r_info), &change.target)) {
        change.kind = ELF_ADDRESS;
        change.target += addend;
    }
    return change;
}

static enum tend_code read_rela(struct elf_image *image, struct text table, struct arena *arena,
                                struct error *err)
{
    Elf64_Rela entry;
    for (uint64_t at = 0; elf_slice(table, at, &entry, sizeof entry); at += sizeof entry) {
        struct change change = change_of(image, &entry);
        TRY(add_change(image, arena, &change, err));
    }
    return TEND_OK;
}

/* A place whose own eight bytes say what it points to. */
static enum tend_code add_packed(struct elf_image *image, struct arena *arena, uint64_t place,
                                 struct error *err)
{
    struct change change = {.place = place, .kind = ELF_ADDRESS};
    if (!elf_image_bytes(image, place, &change.target, PLACE)) {
        change.kind = ELF_FOREIGN;
    }
    return add_change(image, arena, &change, err);
}

/* DT_RELR: an even word is a place, an odd one a bit for each of the 63 places that follow. */
static enum tend_code read_relr(struct elf_image *image, struct arena *arena, struct error *err)
{
    struct text table = dynamic_table(image, DT_RELR, DT_RELRSZ);
    uint64_t word, next = 0;
    for (uint64_t at = 0; elf_slice(table, at, &word, sizeof word); at += sizeof word) {
        if ((word & 1) == 0) {
            TRY(add_packed(image, arena, word, err));
            next = word + PLACE;
            continue;
        }
        for (unsigned bit = 1; bit < 64; bit++) {
            if ((word >> bit & 1) != 0) {
                TRY(add_packed(image, arena, next + (uint64_t)(bit - 1) * PLACE, err));
            }
        }
        next += (uint64_t)63 * PLACE;
    }
    return TEND_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct change *one = a, *other = b;
    return one->place < other->place ? -1 : one->place > other->place;
}

/* Index of the first change at or behind `place`. */
static size_t find_change(const struct elf_image *image, uint64_t place)
{
    size_t low = 0, high = image->change_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (image->changes[middle].place < place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum tend_code elf_image_open(struct text file, struct arena *arena, struct elf_image **ret_image,
                              struct error *err)
{
    struct elf_image *image = arena_alloc(arena, sizeof *image);
    image->file = file;
    TRY(read_segments(image, err));
    image->symbols = dynamic_value(image, DT_SYMTAB);
    TRY(read_rela(image, dynamic_table(image, DT_RELA, DT_RELASZ), arena, err));
    TRY(read_rela(image, dynamic_table(image, DT_JMPREL, DT_PLTRELSZ), arena, err));
    TRY(read_relr(image, arena, err));
    if (dynamic_value(image, DT_REL) != 0) {
        return unclear(err, "it has relocations of another sort");
    }
    if (image->change_count > 0) {
        qsort(image->changes, image->change_count, sizeof *image->changes, by_place);
    }
    *ret_image = image;
    return TEND_OK;
}

/* --- reading ----------------------------------------------------------------------------------- */

bool elf_image_bytes(const struct elf_image *image, uint64_t address, void *out, size_t size)
{
    return elf_slice(rest_at(image, address), 0, out, size);
}

uint64_t elf_image_next_change(const struct elf_image *image, uint64_t address)
{
    size_t i = find_change(image, address);
    return i < image->change_count ? image->changes[i].place : UINT64_MAX;
}

/* Does the linker change any of the `size` bytes at `address`? */
static bool is_changed(const struct elf_image *image, uint64_t address, uint64_t size)
{
    uint64_t from = address < PLACE - 1 ? 0 : address - (PLACE - 1);
    uint64_t next = elf_image_next_change(image, from);
    return next < address || next - address < size;
}

bool elf_image_pointer(const struct elf_image *image, uint64_t address, enum elf_pointer *ret_kind,
                       uint64_t *ret_target)
{
    size_t i = find_change(image, address);
    uint64_t word;
    if (!elf_image_bytes(image, address, &word, PLACE)) {
        return false;
    }
    if (i < image->change_count && image->changes[i].place == address) {
        uint64_t from = address < PLACE - 1 ? 0 : address - (PLACE - 1);
        bool is_alone =
            find_change(image, from) == i &&
            (i + 1 == image->change_count || image->changes[i + 1].place - address >= PLACE);
        *ret_kind = image->changes[i].kind;
        *ret_target = image->changes[i].target;
        return is_alone;
    }
    *ret_kind = ELF_NULL;
    *ret_target = 0;
    return word == 0 && !is_changed(image, address, PLACE);
}

bool elf_image_text(const struct elf_image *image, uint64_t address, size_t most,
                    struct text *ret_text)
{
    struct text rest = bytes_at(image, address, (uint64_t)most + 1);
    size_t end = text_find(rest, '\0');
    if (end == rest.len || is_changed(image, address, end + 1)) {
        return false;
    }
    *ret_text = text_first(rest, end);
    return true;
}

struct text elf_image_needed(const struct elf_image *image, size_t index)
{
    return dynamic_name(image, DT_NEEDED, index);
}

struct text elf_image_search_path(const struct elf_image *image)
{
    struct text path = dynamic_name(image, DT_RUNPATH, 0);
    return path.len > 0 ? path : dynamic_name(image, DT_RPATH, 0);
}
