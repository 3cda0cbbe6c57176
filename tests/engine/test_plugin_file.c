/* What is read from the file of a plugin is what its engine says when it runs: the same descriptor, and the same
 * sentence where it is refused. */
#include <elf.h>
#include <stdlib.h>

#include <tend/plugin.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "protocol/plugin_file.h"
#include "support/engine_bench.h"
#include "support/suite.h"

#define PLUGINS TEND_BUILD "/tests/plugins/"
#define SHIPPED TEND_BUILD "/plugins/"

static bool read_file(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    char block[4096];
    if (!CHECK(file != NULL)) {
        return false;
    }
    for (size_t got = 1; got > 0; buffer_add(out, block, got)) {
        got = fread(block, 1, sizeof block, file);
    }
    fclose(file);
    return CHECK(out->len > 0 && !out->full);
}

static enum tend_code describe(struct text bytes, struct arena *arena,
                               const struct value **ret_descriptor, struct error *err)
{
    struct elf_plugin plugin;
    struct elf_image *image;
    TRY(elf_check(bytes, &plugin, err));
    TRY(elf_image_open(bytes, arena, &image, err));
    return plugin_file_describe(image, &plugin, arena, ret_descriptor, err);
}

/* --- beside the engine ------------------------------------------------------------------------- */

static void says_what_the_engine_says(void)
{
    static const char *const paths[] = {
        PLUGINS "good.so",   PLUGINS "states.so",      PLUGINS "grown.so",  PLUGINS "exported.so",
        PLUGINS "packed.so", SHIPPED "labinstance.so", SHIPPED "minimal.so"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        CLEANUP(engine_bench_done) struct engine_bench bench;
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB), still = BUFFER_INIT(MIB);
        CLEANUP(buffer_done) struct buffer running = BUFFER_INIT(MIB);
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *descriptor;
        struct error err = ERROR_INIT;
        bool is_open = engine_bench_open(&bench, paths[i]);
        if (!CHECK(is_open) || !read_file(paths[i], &file)) {
            continue;
        }
        CHECK_INT(describe(buffer_view(&file), &arena, &descriptor, &err), TEND_OK);
        CHECK_TEXT(err.message, "");
        json_write(&running, bench.engine->descriptor);
        if (err.code == TEND_OK) {
            json_write(&still, descriptor);
            CHECK_TEXT(buffer_view(&still).ptr, buffer_view(&running).ptr);
        }
    }
}

static void refuses_in_the_engines_words(void)
{
    static const char *const paths[] = {PLUGINS "wrong_major.so",  PLUGINS "no_symbol.so",
                                        PLUGINS "no_note.so",      PLUGINS "newer.so",
                                        PLUGINS "misdescribed.so", PLUGINS "many.so"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *descriptor;
        struct engine_bench bench;
        struct error err = ERROR_INIT, running = ERROR_INIT;
        if (read_file(paths[i], &file)) {
            CHECK_INT(describe(buffer_view(&file), &arena, &descriptor, &err), TEND_INVALID);
            CHECK_TEXT(err.message, engine_bench_refusal(&bench, paths[i], &running));
        }
    }
}

/* --- nothing is run ---------------------------------------------------------------------------- */

/* Its constructor ends whoever loads it. */
static void runs_no_constructor(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *descriptor;
    struct error err = ERROR_INIT;
    if (read_file(PLUGINS "crash_constructor.so", &file)) {
        CHECK_INT(describe(buffer_view(&file), &arena, &descriptor, &err), TEND_OK);
    }
}

static void says_what_only_running_tells(void)
{
    static const struct {
        const char *path, *why;
    } cases[] = {
        {PLUGINS "filled.so",
         "a controller cannot be read without running it: it is filled in when it starts"},
        {PLUGINS "borrowed.so", "a controller cannot be read without running it: a part of it lies "
                                "in another library"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(engine_bench_done) struct engine_bench bench;
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *descriptor;
        struct error err = ERROR_INIT;
        CHECK(engine_bench_open(&bench, cases[i].path)); /* the engine runs it, and knows */
        if (read_file(cases[i].path, &file)) {
            CHECK_INT(describe(buffer_view(&file), &arena, &descriptor, &err), TEND_UNAVAILABLE);
            CHECK_TEXT(err.message, cases[i].why);
        }
    }
}

/* --- hostile bytes ----------------------------------------------------------------------------- */

/* The relocation of the word at `place`, as an offset in the file; 0: there is none. */
static size_t relocation_of(const struct buffer *file, uint64_t place)
{
    Elf64_Ehdr header;
    Elf64_Shdr section;
    Elf64_Rela entry;
    memcpy(&header, file->data, sizeof header);
    for (size_t i = 0; i < header.e_shnum; i++) {
        memcpy(&section, file->data + header.e_shoff + i * sizeof section, sizeof section);
        for (size_t at = 0; section.sh_type == SHT_RELA && at < section.sh_size;
             at += sizeof entry) {
            memcpy(&entry, file->data + section.sh_offset + at, sizeof entry);
            if (entry.r_offset == place) {
                return section.sh_offset + at;
            }
        }
    }
    return 0;
}

enum lie { LIE_PLACE, LIE_TARGET, LIE_TYPE, LIE_TWICE };

/* Change what the linker does with the name in the descriptor of plugin "states". */
static void lie_about_name(struct buffer *file, uint64_t symbol, enum lie lie)
{
    size_t at = relocation_of(file, symbol + offsetof(struct tend_plugin, name));
    Elf64_Rela entry;
    if (!CHECK(at != 0)) {
        return;
    }
    memcpy(&entry, file->data + at, sizeof entry);
    switch (lie) {
    case LIE_PLACE:
        entry.r_offset = symbol;
        break;
    case LIE_TARGET:
        entry.r_addend = INT64_MIN;
        break;
    case LIE_TYPE:
        entry.r_info = 0x7fff;
        break;
    case LIE_TWICE: /* beside the one that is there */
        entry.r_offset = symbol + offsetof(struct tend_plugin, controllers);
        entry.r_addend = (int64_t)symbol;
        break;
    }
    memcpy(file->data + at, &entry, sizeof entry);
}

static void believes_no_relocation(void)
{
    static const struct {
        enum lie lie;
        const char *why;
    } cases[] = {
        {LIE_PLACE, "the linker changes a number in it"},
        {LIE_TARGET, "a text of it does not lie in the file, or has no end there"},
        {LIE_TYPE, "a part of it lies in another library"},
        {LIE_TWICE, "a pointer of it is nothing that the linker makes"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
        CLEANUP(arena_done) struct arena arena = {0};
        struct elf_plugin plugin = {0};
        const struct value *descriptor;
        struct error err = ERROR_INIT;
        char expected[256];
        if (!read_file(PLUGINS "states.so", &file) ||
            !CHECK(elf_check(buffer_view(&file), &plugin, &err) == TEND_OK)) {
            return;
        }
        lie_about_name(&file, plugin.symbol, cases[i].lie);
        snprintf(expected, sizeof expected, "the descriptor cannot be read without running it: %s",
                 cases[i].why);
        CHECK_INT(describe(buffer_view(&file), &arena, &descriptor, &err), TEND_UNAVAILABLE);
        CHECK_TEXT(err.message, expected);
    }
}

/* What follows a text up to the end of its segment, made a part of the text. */
static void follows_no_text_out_of_its_segment(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *descriptor;
    struct error err = ERROR_INIT;
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    if (!read_file(PLUGINS "states.so", &file)) {
        return;
    }
    size_t at = text_search(buffer_view(&file), TEXT("example.com/v1/States"));
    memcpy(&header, file.data, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        memcpy(&segment, file.data + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD && at >= segment.p_offset &&
            at - segment.p_offset < segment.p_filesz) {
            memset(file.data + at, 'x', segment.p_offset + segment.p_filesz - at);
        }
    }
    CHECK_INT(describe(buffer_view(&file), &arena, &descriptor, &err), TEND_UNAVAILABLE);
    CHECK(strstr(err.message, "or has no end there") != NULL);
}

/* Any byte may be wrong: never more than a sentence. In an allocation of exactly the file's size. */
static void survives_every_damaged_byte(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    unsigned unclear = 0, other = 0;
    if (!read_file(PLUGINS "states.so", &file)) {
        return;
    }
    char *exact = malloc(file.len);
    memcpy(exact, file.data, file.len);
    for (size_t i = 0; i < file.len; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *descriptor;
        struct error err = ERROR_INIT;
        exact[i] = (char)~exact[i];
        enum tend_code code = describe((struct text){exact, file.len}, &arena, &descriptor, &err);
        exact[i] = (char)~exact[i];
        unclear += code == TEND_UNAVAILABLE;
        other += code == TEND_INVALID;
        CHECK(code == TEND_OK || err.message[0] != '\0');
    }
    CHECK(unclear > 100 && other > 100);
    free(exact);
}

SUITE({"says what the engine says", says_what_the_engine_says},
      {"refuses in the engine's words", refuses_in_the_engines_words},
      {"runs no constructor", runs_no_constructor},
      {"says what only running tells", says_what_only_running_tells},
      {"believes no relocation", believes_no_relocation},
      {"follows no text out of its segment", follows_no_text_out_of_its_segment},
      {"survives every damaged byte", survives_every_damaged_byte})
