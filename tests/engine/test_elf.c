#include <elf.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "protocol/elf.h"
#include "support/suite.h"

#define PLUGINS TEND_BUILD "/tests/plugins/"

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

/* Why these bytes, in an allocation of exactly their size, are refused; "" where they are not. */
static const char *refusal(struct text bytes, struct error *err)
{
    struct elf_plugin plugin;
    char *exact = malloc(bytes.len);
    if (bytes.len > 0) {
        memcpy(exact, bytes.ptr, bytes.len);
    }
    *err = (struct error)ERROR_INIT;
    if (elf_check((struct text){exact, bytes.len}, &plugin, err) == TEND_OK) {
        err->message[0] = '\0';
    }
    free(exact);
    return err->message;
}

static void accepts_a_plugin(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    struct elf_plugin plugin = {0};
    struct error err = ERROR_INIT;
    if (read_file(PLUGINS "good.so", &file)) {
        CHECK(elf_check(buffer_view(&file), &plugin, &err) == TEND_OK);
        CHECK_TEXT(err.message, "");
        CHECK(plugin.major == 1 && plugin.minor == 0 && plugin.size == 32);
    }
}

static void counts_what_is_missing(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    if (!read_file(PLUGINS "good.so", &file)) {
        return;
    }
    for (size_t len = 64; len < file.len; len += 512) {
        struct error err;
        char expected[64];
        snprintf(expected, sizeof expected, "truncated: %zu bytes are missing", file.len - len);
        CHECK_TEXT(refusal((struct text){file.data, len}, &err), expected);
        CHECK(err.code == TEND_UNAVAILABLE);
    }
}

static void judges_every_beginning(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    struct error err;
    if (!read_file(PLUGINS "good.so", &file)) {
        return;
    }
    for (size_t len = 0; len < 200; len++) {
        CHECK(*refusal((struct text){file.data, len}, &err) != '\0');
        CHECK(err.code == TEND_UNAVAILABLE);
    }
}

static void says_what_it_is_instead(void)
{
    struct error err;
    CHECK_TEXT(refusal(TEXT("#!/bin/sh\necho hello\n"), &err),
               "not a plugin: it looks like a text file");
    CHECK_TEXT(refusal(TEXT("PK\3\4\0\0\0\0"), &err), "not a plugin: it is no ELF file");
    CHECK_TEXT(refusal(TEXT(""), &err), "the file is empty");
}

static void says_for_which_machine_it_is(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    struct error err;
    if (!read_file(PLUGINS "good.so", &file)) {
        return;
    }
#if defined(__x86_64__)
    file.data[offsetof(Elf64_Ehdr, e_machine)] = (char)EM_AARCH64;
    CHECK_TEXT(refusal(buffer_view(&file), &err), "built for aarch64, this host is x86-64");
    file.data[offsetof(Elf64_Ehdr, e_machine)] = EM_386;
    file.data[EI_CLASS] = ELFCLASS32;
    CHECK_TEXT(refusal(buffer_view(&file), &err),
               "built for a 32-bit machine (i386), this host is x86-64");
    file.data[offsetof(Elf64_Ehdr, e_machine)] = EM_X86_64;
#endif
    file.data[EI_CLASS] = ELFCLASS64;
    file.data[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
    CHECK_TEXT(refusal(buffer_view(&file), &err),
               "an object file, expected a shared object (link it with -shared)");
}

static void reads_the_note_and_the_symbol(void)
{
    static const struct {
        const char *path, *message;
    } cases[] = {
        {PLUGINS "wrong_major.so", "built for plugin contract 9.0, this host has 1; rebuild it "
                                   "with this host's tend/plugin.h"},
        {PLUGINS "no_note.so",
         "not a plugin: it has no TEND note (TEND_PLUGIN of tend/plugin.h makes it)"},
        {PLUGINS "no_symbol.so",
         "not a plugin: it does not export tend_plugin_v1 (it exports answer)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
        struct error err;
        if (read_file(cases[i].path, &file)) {
            CHECK_TEXT(refusal(buffer_view(&file), &err), cases[i].message);
            CHECK(err.code == TEND_INVALID);
        }
    }
}

/* Any byte of the tables may be wrong: never more than a refusal. */
static void survives_every_damaged_byte(void)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(MIB);
    struct error err;
    if (!read_file(PLUGINS "good.so", &file)) {
        return;
    }
    unsigned refused = 0;
    Elf64_Ehdr header;
    memcpy(&header, file.data, sizeof header);
    for (size_t i = 0; i < file.len; i += i < 1024 || i >= header.e_shoff ? 1 : 61) {
        char kept = file.data[i];
        file.data[i] = (char)~kept;
        refused += *refusal(buffer_view(&file), &err) != '\0';
        file.data[i] = kept;
    }
    CHECK(refused > 100);
    CHECK_TEXT(refusal(buffer_view(&file), &err), "");
}

SUITE({"accepts a plugin", accepts_a_plugin},
      {"counts the bytes that are missing", counts_what_is_missing},
      {"judges every beginning of a file", judges_every_beginning},
      {"says what it is instead", says_what_it_is_instead},
      {"says for which machine it is", says_for_which_machine_it_is},
      {"reads the note and the symbol", reads_the_note_and_the_symbol},
      {"survives every damaged byte", survives_every_damaged_byte})
