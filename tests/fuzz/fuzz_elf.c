/* Whatever is called a plugin, looking at it is safe; what is accepted has the contract's major, and what is
 * read from it without running it has the shape of a descriptor, which can be written as JSON. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"
#include "protocol/plugin_file.h"
#include "protocol/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

static void describe(const struct elf_image *image, const struct elf_plugin *plugin,
                     struct arena *arena)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(64 * MIB);
    const struct value *descriptor, *again;
    struct error err = ERROR_INIT;
    if (plugin_file_describe(image, plugin, arena, &descriptor, &err) != TEND_OK) {
        return;
    }
    json_write(&out, descriptor);
    if (shape_descriptor(descriptor, &err) != TEND_OK ||
        json_parse(arena, buffer_view(&out), &again, &err) != TEND_OK) {
        die(err.message);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct elf_plugin plugin;
    struct elf_image *image;
    struct error err = ERROR_INIT;
    struct text file = {(const char *)data, size};
    if (elf_check(file, &plugin, &err) != TEND_OK) {
        return 0;
    }
    if (plugin.major != 1) {
        die("a plugin of another contract was accepted");
    }
    if (elf_image_open(file, &arena, &image, &err) == TEND_OK) {
        for (size_t i = 0; i < PLUGIN_LIBRARIES_MAX; i++) {
            (void)elf_image_needed(image, i);
        }
        (void)elf_image_search_path(image);
        describe(image, &plugin, &arena);
    }
    return 0;
}
