/* Every table is looked at through elf_bytes.h. Completeness is judged before anything else is: the largest
 * extent of segments and of the section table, which linkers put last, is what the file must
 * have. */
#include "protocol/elf.h"

#include <elf.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "protocol/elf_bytes.h"
#include "protocol/elf_symbols.h"

enum { CONTRACT_MAJOR = 1, NAMES_SHOWN = 6, SHOWN_MAX = 200 };

#if defined(__x86_64__)
enum { HOST_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { HOST_MACHINE = EM_AARCH64 };
#elif defined(__riscv)
enum { HOST_MACHINE = EM_RISCV };
#else
#    error "say here which ELF machine this is"
#endif

static const struct {
    unsigned number;
    const char *name;
} machines[] = {{EM_X86_64, "x86-64"}, {EM_AARCH64, "aarch64"}, {EM_386, "i386"},
                {EM_ARM, "arm"},       {EM_RISCV, "riscv"},     {EM_PPC64, "ppc64"},
                {EM_S390, "s390"},     {EM_MIPS, "mips"},       {EM_LOONGARCH, "loongarch"}};

static const char *machine_name(unsigned number)
{
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        if (machines[i].number == number) {
            return machines[i].name;
        }
    }
    return "an unknown machine";
}

static bool looks_like_text(struct text file)
{
    size_t count = file.len < 64 ? file.len : 64;
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)file.ptr[i];
        if (byte < ' ' && byte != '\n' && byte != '\t' && byte != '\r') {
            return false;
        }
    }
    return true;
}

static enum tend_code check_magic(struct text file, struct error *err)
{
    if (file.len == 0) {
        return FAIL(err, TEND_UNAVAILABLE, "the file is empty");
    }
    size_t have = file.len < SELFMAG ? file.len : SELFMAG;
    if (memcmp(file.ptr, ELFMAG, have) == 0) {
        return TEND_OK;
    }
    if (looks_like_text(file)) {
        return FAIL(err, TEND_INVALID, "not a plugin: it looks like a text file");
    }
    return FAIL(err, TEND_INVALID, "not a plugin: it is no ELF file");
}

static enum tend_code check_header(const Elf64_Ehdr *header, struct error *err)
{
    if (header->e_ident[EI_CLASS] != ELFCLASS64) {
        return FAIL(err, TEND_INVALID, "built for a 32-bit machine (%s), this host is %s",
                    machine_name(header->e_machine), machine_name(HOST_MACHINE));
    }
    if (header->e_ident[EI_DATA] != ELFDATA2LSB) {
        return FAIL(err, TEND_INVALID, "built for a big-endian machine, this host is %s",
                    machine_name(HOST_MACHINE));
    }
    if (header->e_machine != HOST_MACHINE) {
        return FAIL(err, TEND_INVALID, "built for %s, this host is %s",
                    machine_name(header->e_machine), machine_name(HOST_MACHINE));
    }
    if (header->e_type != ET_DYN) {
        return FAIL(err, TEND_INVALID, "%s, expected a shared object (link it with -shared)",
                    header->e_type == ET_REL    ? "an object file"
                    : header->e_type == ET_EXEC ? "a program"
                                                : "an ELF file of another type");
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
        header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff == 0) {
        return FAIL(err, TEND_INVALID, "the ELF header is damaged");
    }
    return TEND_OK;
}

/* A table or a segment at `offset` of `size` bytes, into the extent; overflow counts as endless. */
static void extend(uint64_t *extent, uint64_t offset, uint64_t size)
{
    uint64_t end;
    if (__builtin_add_overflow(offset, size, &end)) {
        end = UINT64_MAX;
    }
    *extent = end > *extent ? end : *extent;
}

static enum tend_code check_complete(struct text file, const Elf64_Ehdr *header, struct error *err)
{
    uint64_t extent = 0;
    Elf64_Phdr segment;
    extend(&extent, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr));
    extend(&extent, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr));
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (elf_slice(file, header->e_phoff + i * sizeof segment, &segment, sizeof segment)) {
            extend(&extent, segment.p_offset, segment.p_type == PT_NULL ? 0 : segment.p_filesz);
        }
    }
    if (extent <= file.len) {
        return TEND_OK;
    }
    if (extent > (uint64_t)1 << 40) {
        return FAIL(err, TEND_INVALID, "the ELF tables are damaged");
    }
    return FAIL(err, TEND_UNAVAILABLE, "truncated: %llu bytes are missing",
                (unsigned long long)(extent - file.len));
}

/* --- the note
 * ---------------------------------------------------------------------------------- */

static bool find_note(struct text notes, struct elf_plugin *ret_plugin)
{
    uint64_t at = 0;
    Elf64_Nhdr note;
    while (elf_slice(notes, at, &note, sizeof note)) {
        uint64_t name = at + sizeof note;
        uint64_t content = name + (((uint64_t)note.n_namesz + 3) & ~(uint64_t)3);
        uint32_t words[3];
        if (note.n_type == 1 && note.n_namesz == 5 && note.n_descsz == sizeof words &&
            text_is(elf_name_at(notes, name), "TEND") &&
            elf_slice(notes, content, words, sizeof words)) {
            *ret_plugin =
                (struct elf_plugin){.major = words[0], .minor = words[1], .size = words[2]};
            return true;
        }
        at = content + (((uint64_t)note.n_descsz + 3) & ~(uint64_t)3);
    }
    return false;
}

static enum tend_code check_note(struct text file, const Elf64_Ehdr *header,
                                 struct elf_plugin *ret_plugin, struct error *err)
{
    Elf64_Phdr segment;
    bool found = false;
    for (unsigned i = 0; i < header->e_phnum && !found; i++) {
        if (elf_slice(file, header->e_phoff + i * sizeof segment, &segment, sizeof segment) &&
            segment.p_type == PT_NOTE) {
            found = find_note(text_first(text_from(file, segment.p_offset), segment.p_filesz),
                              ret_plugin);
        }
    }
    if (!found) {
        return FAIL(err, TEND_INVALID,
                    "not a plugin: it has no TEND note (TEND_PLUGIN of tend/plugin.h makes it)");
    }
    if (ret_plugin->major != CONTRACT_MAJOR) {
        return FAIL(err, TEND_INVALID,
                    "built for plugin contract %u.%u, this host has %d; rebuild it with this "
                    "host's tend/plugin.h",
                    ret_plugin->major, ret_plugin->minor, CONTRACT_MAJOR);
    }
    return TEND_OK;
}

/* --- the symbol
 * -------------------------------------------------------------------------------- */

static void show_name(struct buffer *shown, unsigned count, struct text name)
{
    if (count <= NAMES_SHOWN) {
        buffer_chars(shown, count == 1 ? "" : ", ");
        buffer_text(shown, text_first(name, 40));
    }
}

static enum tend_code check_symbol(struct text file, struct elf_plugin *plugin, struct error *err)
{
    struct elf_symbols symbols;
    struct elf_symbol symbol;
    CLEANUP(buffer_done) struct buffer shown = BUFFER_INIT(SHOWN_MAX * 2);
    unsigned exported = 0;
    if (!elf_symbols_open(file, &symbols)) {
        return FAIL(err, TEND_INVALID, "not a plugin: it exports nothing");
    }
    while (elf_symbols_next(&symbols, &symbol)) {
        if (symbol.kind != ELF_GIVEN) {
            continue;
        }
        if (text_is(symbol.name, ELF_SYMBOL)) {
            plugin->symbol = symbol.address;
            return TEND_OK;
        }
        show_name(&shown, ++exported, symbol.name);
    }
    return FAIL(err, TEND_INVALID, "not a plugin: it does not export %s (it exports %.*s%s)",
                ELF_SYMBOL, exported == 0 ? 7 : (int)buffer_view(&shown).len,
                exported == 0 ? "nothing" : buffer_view(&shown).ptr,
                exported > NAMES_SHOWN ? ", ..." : "");
}

bool elf_is_object(struct text file)
{
    Elf64_Ehdr header;
    return check_magic(file, NULL) == TEND_OK && elf_slice(file, 0, &header, sizeof header) &&
           check_header(&header, NULL) == TEND_OK;
}

const char *elf_machine(void)
{
    return machine_name(HOST_MACHINE);
}

enum tend_code elf_check(struct text file, struct elf_plugin *ret_plugin, struct error *err)
{
    Elf64_Ehdr header;
    struct elf_plugin plugin = {0};
    TRY(check_magic(file, err));
    if (!elf_slice(file, 0, &header, sizeof header)) {
        return FAIL(err, TEND_UNAVAILABLE, "truncated: the ELF header is not complete");
    }
    TRY(check_header(&header, err));
    TRY(check_complete(file, &header, err));
    TRY(check_note(file, &header, &plugin, err));
    TRY(check_symbol(file, &plugin, err));
    *ret_plugin = plugin;
    return TEND_OK;
}
