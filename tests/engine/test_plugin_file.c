/* What is read from the file of a plugin is what its engine says when it runs: the same descriptor, and the same
 * sentence where it is refused. */
#include <stdlib.h>

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
    static const char *const paths[] = {PLUGINS "wrong_major.so", PLUGINS "no_symbol.so",
                                        PLUGINS "no_note.so", PLUGINS "newer.so",
                                        PLUGINS "misdescribed.so"};
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
      {"survives every damaged byte", survives_every_damaged_byte})
