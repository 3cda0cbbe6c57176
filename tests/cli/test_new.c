/* Names, and the files that are made with them, in a folder of the test's own. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/template.h"
#include "support/folder.h"
#include "support/suite.h"

static void names_follow_from_one(void)
{
    static const struct {
        const char *name, *identity, *all;
    } cases[] = {
        {"door", "", "example.com v1 Door door doors"},
        {"web-check-2", "", "example.com v1 WebCheck2 webcheck2 webcheck2s"},
        {"x", "a.b-c.org/v1beta1/EggTimer", "a.b-c.org v1beta1 EggTimer eggtimer eggtimers"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct error err = ERROR_INIT;
        struct naming n;
        CHECK_INT(naming_make(&arena, text_of(cases[i].name), text_of(cases[i].identity), &n, &err),
                  TEND_OK);
        struct text all =
            arena_format(&arena, "%.*s %.*s %.*s %.*s %.*s", TEXT_ARG(n.group), TEXT_ARG(n.version),
                         TEXT_ARG(n.kind), TEXT_ARG(n.singular), TEXT_ARG(n.plural));
        CHECK_TEXT(all.ptr, cases[i].all);
        CHECK_TEXT(arena_text(&arena, n.name).ptr, cases[i].name);
    }
}

static void bad_names_are_told(void)
{
    static const char rule[] =
        "is no name: it begins with a lower case letter and goes on with such, "
        "digits and '-', 63 at the most";
    static const char kinds[] = "--kind takes GROUP/VERSION/KIND, such as example.com/v1/Greeting";
    static const struct {
        const char *name, *identity, *told;
    } cases[] = {
        {"", "", rule},
        {"Door", "", rule},
        {"2nd", "", rule},
        {"-x", "", rule},
        {"x-", "", rule},
        {"a_test", "", rule},
        {"a/b", "", rule},
        {"..", "", rule},
        {"a123456789012345678901234567890123456789012345678901234567890123", "", rule},
        {"a12345678901234567890123456789012345678901234567890123456789012", "",
         "say one with --kind"},
        {"a", "Door", kinds},
        {"a", "v1/Door", kinds},
        {"a", "a.b/v1/door", kinds},
        {"a", "a.b/v1/Door/x", kinds},
        {"a", "a..b/v1/Door", kinds},
        {"a", "a.b./v1/Door", kinds},
        {"a", "a.b/V1/Door", kinds},
        {"a", "a.b/v1/Do-or", kinds},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct error err = ERROR_INIT;
        struct naming naming;
        CHECK_INT(
            naming_make(&arena, text_of(cases[i].name), text_of(cases[i].identity), &naming, &err),
            TEND_INVALID);
        if (!CHECK(strstr(err.message, cases[i].told) != NULL)) {
            printf("%s %s: %s\n", cases[i].name, cases[i].identity, err.message);
        }
    }
}

/* Nothing of the template's own language is left, and no name but what was given. */
static void every_place_is_filled(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    struct naming naming;
    if (!CHECK_INT(naming_make(&arena, TEXT("door"), TEXT("a.b/v3/Gate"), &naming, &err),
                   TEND_OK)) {
        return;
    }
    for (int id = 0; id < TEMPLATES; id++) {
        CLEANUP(buffer_done) struct buffer out = TEMPLATE_INIT;
        template_fill(&out, template_text((enum template_id)id), &naming);
        CHECK(!out.full && out.len > 100);
        for (const char *at = out.data; (at = strchr(at, '@')) != NULL; at++) {
            CHECK(at[1] < 'A' || at[1] > 'Z');
        }
        CHECK(strstr(out.data, "door") != NULL);
        bool names_kind = id != TEMPLATE_PLUGIN_BUILD;
        CHECK(!names_kind || strstr(out.data, "Gate") != NULL);
        CHECK(strstr(out.data, "example.com") == NULL);
    }
    CLEANUP(buffer_done) struct buffer out = TEMPLATE_INIT;
    template_fill(&out, TEXT("a@b @NAME@@KIND@ @NOBODY@ @"), &naming);
    CHECK_TEXT(out.data, "a@b doorGate @NOBODY@ @");
}

/* --- the command ------------------------------------------------------------------------------- */

/* What the command says, and returns. */
struct said {
    char *out, *err;
    int result;
};

static void said_done(struct said *said)
{
    free(said->out);
    free(said->err);
}

static struct said make(const char *what, const char *name, const char *directory)
{
    struct said said = {.result = -1};
    struct error err = ERROR_INIT;
    struct session session;
    char *words[] = {(char[]){""}, (char[]){""}};
    CLEANUP(freep) char *first = alloc_dup(what);
    CLEANUP(freep) char *second = alloc_dup(name);
    size_t out_size, err_size;
    FILE *out = open_memstream(&said.out, &out_size);
    FILE *err_out = open_memstream(&said.err, &err_size);
    words[0] = first;
    words[1] = second;
    struct arguments arguments = {.words = words, .word_count = name == NULL ? 1 : 2};
    arguments.values[OPTION_DIRECTORY] = directory;
    if (CHECK_INT(session_open(&session, "/nowhere", out, err_out, &err), TEND_OK)) {
        said.result = command_new(&session, &arguments);
        session_close(&session);
    }
    fclose(out);
    fclose(err_out);
    return said;
}

static bool is_there(const struct folder *folder, const char *name, const char *beginning)
{
    char path[512], bytes[64] = "";
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        bytes[fread(bytes, 1, sizeof bytes - 1, file)] = '\0';
        fclose(file);
    }
    return file != NULL && strncmp(bytes, beginning, strlen(beginning)) == 0;
}

static void makes_a_script(void)
{
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder, FOLDER_MEMORY);
    CLEANUP(said_done) struct said said = make("script", "door", folder.path);
    CHECK_INT(said.result, EXIT_DONE);
    CHECK(is_there(&folder, "door.lua", "--- Door: "));
    CHECK(is_there(&folder, "door_test.lua", "-- What door.lua promises"));
    CHECK(is_there(&folder, "door.yaml", "# One Door: "));
    CHECK(strstr(said.out, "/door.lua") != NULL);
    CHECK(strstr(said.err, "tend run --scripts /") != NULL);
}

/* None of the files is written over, and none is made beside one that is there. */
static void writes_nothing_over(void)
{
    static const char *const names[] = {"door.lua", "door_test.lua", "door.yaml"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(folder_done) struct folder folder;
        char path[512], told[600];
        folder_init(&folder, FOLDER_MEMORY);
        snprintf(path, sizeof path, "%s/%s", folder.path, names[i]);
        FILE *mine = fopen(path, "w");
        if (!CHECK(mine != NULL)) {
            return;
        }
        fputs("mine", mine);
        fclose(mine);
        CLEANUP(said_done) struct said said = make("script", "door", folder.path);
        snprintf(told, sizeof told, "tend: %s is there already; nothing was made\n", path);
        CHECK_INT(said.result, EXIT_CONFLICT);
        CHECK_TEXT(said.err, told);
        CHECK_TEXT(said.out, "");
        for (size_t k = 0; k < COUNT_OF(names); k++) {
            CHECK(is_there(&folder, names[k], "mine") == (k == i));
            CHECK(k == i || !is_there(&folder, names[k], ""));
        }
    }
}

static void makes_a_plugin(void)
{
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder, FOLDER_MEMORY);
    CLEANUP(said_done) struct said said = make("plugin", "door", folder.path);
    CHECK_INT(said.result, EXIT_DONE);
    CHECK(is_there(&folder, "door/door.c", "/* Door: "));
    CHECK(is_there(&folder, "door/CMakeLists.txt", "# door.so"));
    CHECK(is_there(&folder, "door/door_test.lua", "-- What door.c promises"));
    CHECK(is_there(&folder, "door/door.yaml", "# One Door: "));
    CHECK(strstr(said.err, "/door/build\n  tend apply -f /") != NULL);
    CLEANUP(said_done) struct said again = make("plugin", "door", folder.path);
    CHECK_INT(again.result, EXIT_CONFLICT);
    CHECK(strstr(again.err, "/door is there already; nothing was made") != NULL);
}

static void what_cannot_be_made_is_told(void)
{
    CLEANUP(folder_done) struct folder folder;
    char nowhere[512];
    folder_init(&folder, FOLDER_MEMORY);
    snprintf(nowhere, sizeof nowhere, "%s/a/b", folder.path);
    CLEANUP(said_done) struct said far = make("script", "door", nowhere);
    CHECK_INT(far.result, EXIT_FAILED);
    CHECK(strstr(far.err, "cannot make the folder /") != NULL);
    CLEANUP(said_done) struct said taken = make("plugin", "test", folder.path);
    CHECK_INT(taken.result, EXIT_USAGE);
    CHECK(strstr(taken.err, "CMake has a target of that name") != NULL);
    CLEANUP(said_done) struct said what = make("thing", "door", folder.path);
    CHECK_INT(what.result, EXIT_USAGE);
    CHECK(strstr(what.err, "new takes `script NAME` or `plugin NAME`") != NULL);
    CLEANUP(said_done) struct said nothing = make("script", NULL, folder.path);
    CHECK_INT(nothing.result, EXIT_USAGE);
}

SUITE({"names follow from one", names_follow_from_one}, {"bad names are told", bad_names_are_told},
      {"every place is filled", every_place_is_filled}, {"makes a script", makes_a_script},
      {"writes nothing over", writes_nothing_over}, {"makes a plugin", makes_a_plugin},
      {"what cannot be made is told", what_cannot_be_made_is_told})
