/* Symbols are taken from the section that lists them and not by way of the hash tables: linkers write both, and the
 * section says how long it is. */
#include "protocol/elf_symbols.h"

#include <elf.h>

#include "protocol/elf_bytes.h"

static struct text section_bytes(struct text file, const Elf64_Shdr *section)
{
    if (section->sh_offset > file.len) {
        return TEXT("");
    }
    return text_first(text_from(file, section->sh_offset), section->sh_size);
}

bool elf_symbols_open(struct text file, struct elf_symbols *ret_symbols)
{
    Elf64_Ehdr header;
    Elf64_Shdr section, names;
    if (!elf_slice(file, 0, &header, sizeof header)) {
        return false;
    }
    for (unsigned i = 0; i < header.e_shnum; i++) {
        if (elf_slice(file, header.e_shoff + i * sizeof section, &section, sizeof section) &&
            section.sh_type == SHT_DYNSYM && section.sh_link < header.e_shnum &&
            elf_slice(file, header.e_shoff + section.sh_link * sizeof names, &names,
                      sizeof names)) {
            *ret_symbols =
                (struct elf_symbols){section_bytes(file, &section), section_bytes(file, &names), 0};
            return true;
        }
    }
    return false;
}

static enum elf_symbol_kind kind_of(const Elf64_Sym *symbol)
{
    if (symbol->st_shndx != SHN_UNDEF) {
        return ELF_GIVEN;
    }
    return ELF64_ST_BIND(symbol->st_info) == STB_WEAK ? ELF_OPTIONAL : ELF_WANTED;
}

bool elf_symbols_next(struct elf_symbols *symbols, struct elf_symbol *ret_symbol)
{
    Elf64_Sym symbol;
    while (elf_slice(symbols->table, symbols->at, &symbol, sizeof symbol)) {
        struct text name = elf_name_at(symbols->names, symbol.st_name);
        symbols->at += sizeof symbol;
        if (name.len > 0) {
            *ret_symbol = (struct elf_symbol){name, kind_of(&symbol), symbol.st_value};
            return true;
        }
    }
    return false;
}
