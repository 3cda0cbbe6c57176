/* What `inspect` prints and returns. What a host says of the same files is tests/system/inspect. */
#include <stdio.h>

#include "base/alloc.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "support/suite.h"

enum { FILES_MAX = 3 };

struct said {
    int result;
    char out[16384], err[1024];
};

static void read_all(FILE *file, char *out, size_t size)
{
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void inspect(const char *form, const char *const *files, size_t count, struct said *said)
{
    char *words[FILES_MAX];
    struct session session = {.out = tmpfile(), .err = tmpfile()};
    struct arguments arguments = {.words = words, .word_count = count};
    arguments.values[OPTION_FORM] = form;
    for (size_t i = 0; i < count; i++) {
        words[i] = alloc_dup(files[i]);
    }
    said->result = command_inspect(&session, &arguments);
    for (size_t i = 0; i < count; i++) {
        free(words[i]);
    }
    read_all(session.out, said->out, sizeof said->out);
    read_all(session.err, said->err, sizeof said->err);
}

static void inspect_one(const char *form, const char *file, struct said *said)
{
    inspect(form, &file, 1, said);
}

/* From its "Plugin:" on, which does not depend on machine, compiler and library. */
static const char *claims(const struct said *said)
{
    const char *from = strstr(said->out, "Plugin:");
    return from == NULL ? said->out : from;
}

static void tells_what_the_reference_declares(void)
{
    static const char head[] = "File:          " TEND_BUILD "/plugins/labinstance.so\n"
                               "Verdict:       would load, as far as the file tells\n"
                               "SHA-256:       ";
    struct said said;
    inspect_one(NULL, TEND_BUILD "/plugins/labinstance.so", &said);
    CHECK_INT(said.result, EXIT_DONE);
    CHECK_TEXT(said.err, "");
    CHECK(strncmp(said.out, head, strlen(head)) == 0);
    CHECK(strstr(said.out, "\nContract:      1.0\n") != NULL);
    CHECK_TEXT(claims(&said),
               "Plugin:        labinstance 1.0.0\n"
               "Controller:    labinstance\n"
               "  Kind:          lab.neuroglia.com/v1/LabInstance\n"
               "  Definition:    labinstances.lab.neuroglia.com\n"
               "  States:        pending, provisioning, ready, failed, deleting, deleted\n"
               "  Parallel:      1\n"
               "  Finalizes:     yes\n");
}

static void tells_of_several(void)
{
    static const char *const files[] = {TEND_BUILD "/plugins/minimal.so",
                                        TEND_BUILD "/plugins/gone.so"};
    struct said said;
    inspect(NULL, files, COUNT_OF(files), &said);
    CHECK_INT(said.result, EXIT_FAILED);
    CHECK_TEXT(claims(&said), "Plugin:        minimal 1.0.0\n"
                              "Controller:    greeting\n"
                              "  Kind:          example.com/v1/Greeting\n"
                              "  Definition:    greetings.example.com\n"
                              "  Parallel:      1\n"
                              "\n"
                              "File:          " TEND_BUILD "/plugins/gone.so\n"
                              "Verdict:       would not load\n"
                              "Why:           cannot open " TEND_BUILD
                              "/plugins/gone.so: No such file or directory\n");
}

/* Two reasons, where a new name would not be enough. */
static void says_what_a_file_of_another_name_is(void)
{
    static const char *const file = TEND_TESTS "/README.md";
    struct said said;
    inspect(NULL, &file, 1, &said);
    CHECK_INT(said.result, EXIT_FAILED);
    CHECK(strstr(said.out, "Why:           a host does not look at it: the names of plugins end in "
                           ".so; and not a plugin: it looks like a text file\n") != NULL);
}

static void tells_machines_as_well(void)
{
    struct said said;
    inspect_one("json", TEND_BUILD "/plugins/minimal.so", &said);
    CHECK_INT(said.result, EXIT_DONE);
    CHECK(strstr(said.out, "  \"loads\": true,\n") != NULL);
    CHECK(strstr(said.out, "        \"kind\": \"example.com/v1/Greeting\",\n") != NULL);
    CHECK(strstr(said.out, "    \"version\": \"1.0.0\"\n") != NULL);
    inspect_one("yaml", TEND_BUILD "/plugins/gone.so", &said);
    CHECK_INT(said.result, EXIT_FAILED);
    CHECK_TEXT(said.out,
               "file: " TEND_BUILD "/plugins/gone.so\n"
               "loads: false\n"
               "why: \"cannot open " TEND_BUILD "/plugins/gone.so: No such file or directory\"\n");
}

/* What a file calls itself is shown, and not obeyed. */
static void shows_bytes_as_text(void)
{
    struct said said;
    inspect_one(NULL, "/nowhere/\x1b[31m\xff.so", &said);
    CHECK_INT(said.result, EXIT_FAILED);
    CHECK(strstr(said.out, "File:          /nowhere/?[31m?.so\n") != NULL);
    inspect_one("json", "/nowhere/\xff.so", &said);
    CHECK(strstr(said.out, "\"file\": \"/nowhere/?.so\"") != NULL);
}

static void says_what_it_does_not_take(void)
{
    struct said said;
    inspect(NULL, NULL, 0, &said);
    CHECK_INT(said.result, EXIT_USAGE);
    CHECK_TEXT(said.err, "tend: inspect takes plugin files (see tend inspect --help)\n");
    inspect_one(NULL, "door.lua", &said);
    CHECK_INT(said.result, EXIT_USAGE);
    CHECK_TEXT(said.err, "tend: door.lua is a script, which `tend test` checks (see tend inspect "
                         "--help)\n");
    inspect_one("wide", TEND_BUILD "/plugins/minimal.so", &said);
    CHECK_INT(said.result, EXIT_USAGE);
    CHECK_TEXT(said.out, "");
}

SUITE({"tells what the reference declares", tells_what_the_reference_declares},
      {"says what a file of another name is", says_what_a_file_of_another_name_is},
      {"tells of several files", tells_of_several},
      {"tells machines as well", tells_machines_as_well},
      {"shows bytes as text", shows_bytes_as_text},
      {"says what it does not take", says_what_it_does_not_take})
