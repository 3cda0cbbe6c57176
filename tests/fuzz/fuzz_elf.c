/* Whatever is called a plugin, looking at it is safe; and what is accepted has the contract's major. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_plugin plugin;
    struct error err = ERROR_INIT;
    struct text file = {(const char *)data, size};
    if (elf_check(file, &plugin, &err) == TEND_OK && plugin.major != 1) {
        fprintf(stderr, "a plugin of contract %u was accepted\n", plugin.major);
        abort();
    }
    return 0;
}
