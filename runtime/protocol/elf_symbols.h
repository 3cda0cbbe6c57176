/* The names that a shared object has for others, and those that it wants of them: its dynamic symbols. Any bytes
 * are safe. */
#ifndef PROTOCOL_ELF_SYMBOLS_H
#define PROTOCOL_ELF_SYMBOLS_H

#include "base/text.h"

enum elf_symbol_kind {
    ELF_GIVEN,  /* it is here */
    ELF_WANTED, /* whoever loads it must find it elsewhere */
    ELF_OPTIONAL
};

struct elf_symbol {
    struct text name; /* borrowed from the file; never empty */
    enum elf_symbol_kind kind;
    uint64_t address; /* of what is here */
};

struct elf_symbols {
    struct text table, names;
    uint64_t at; /* of the next one */
};

/* False where `file`, a whole ELF file, has no section of dynamic symbols. */
bool elf_symbols_open(struct text file, struct elf_symbols *ret_symbols);

/* The next one; false behind the last. */
bool elf_symbols_next(struct elf_symbols *symbols, struct elf_symbol *ret_symbol);

#endif
