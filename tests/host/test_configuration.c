/* The file of --config: what it says, and what is said of one that is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "host/options.h"
#include "support/suite.h"

static const struct runner_bounds none = {0};

static bool read_text(struct options *options, const char *text)
{
    struct error err = ERROR_INIT;
    *options = (struct options){.log_level = LOG_INFO};
    if (!CHECK(configuration_parse(text_of(text), "/tmp/tend.yaml", options, &err) == TEND_OK)) {
        printf("%s\n", err.message);
        return false;
    }
    return true;
}

static struct plugin_settings settings_of(const struct options *options, const char *file)
{
    return configuration_settings(&options->configuration, &options->bounds, file);
}

static void says_what_flags_say(void)
{
    CLEANUP(options_done) struct options options;
    if (!read_text(&options, "data: /var/lib/tend\n"
                             "socket: sub/tend.sock\n"
                             "manifests: [., /]\n"
                             "plugins: [/]\n"
                             "scripts: []\n"
                             "watchInterval: 2s\n"
                             "resync: 10m\n"
                             "for: 1h\n"
                             "logLevel: debug\n"
                             "logFormat: text\n"
                             "runners: {memory: 1Gi, files: 64, runTime: 30s, confine: off}\n")) {
        return;
    }
    CHECK_TEXT(options.data, "/var/lib/tend");
    CHECK_TEXT(options.socket, "/tmp/sub/tend.sock"); /* below the folder of the file */
    CHECK_INT(options.manifests.count, 2);
    CHECK_TEXT(options.manifests.paths[0], "/tmp");
    CHECK_TEXT(options.plugins.paths[0], "/");
    CHECK_INT(options.scripts.count, 0);
    CHECK_INT(options.watch_interval_ms, 2000);
    CHECK_INT(options.resync_ms, 600000);
    CHECK_INT(options.run_for_ms, 3600000);
    CHECK_INT(options.log_level, LOG_DEBUG);
    CHECK_INT(options.log_format, LOG_FORMAT_TEXT);
    CHECK_INT(options.bounds.memory_bytes, 1024 * MIB);
    CHECK_INT(options.bounds.open_files, 64);
    CHECK_INT(options.bounds.run_ms, 30000);
    CHECK_INT(options.bounds.confinement, CONFINEMENT_OFF);
}

static void says_more_of_single_files(void)
{
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(1024);
    CLEANUP(options_done) struct options options;
    if (!read_text(&options,
                   "files:\n"
                   "  lab.so: {parallel: 4, isolation: inline, memory: 256Mi, files: 32,\n"
                   "    confine: no-network, config: {region: eu, sizes: [1, 2]}}\n"
                   "  lab.lua: {enabled: false, isolation: process}\n"
                   "runners: {memory: 512Mi, runTime: 5s, confine: off}\n")) {
        return;
    }
    struct plugin_settings so = settings_of(&options, "/any/where/lab.so");
    CHECK_INT(so.parallel, 4);
    CHECK_INT(so.isolation, ISOLATION_INLINE);
    CHECK_INT(so.use, PLUGIN_ENABLED);
    CHECK_INT(so.bounds.memory_bytes, 256 * MIB);
    CHECK_INT(so.bounds.open_files, 32);
    CHECK_INT(so.bounds.run_ms, 5000); /* as for all, wherever that stands */
    CHECK_INT(so.bounds.confinement, CONFINEMENT_NO_NETWORK);
    json_write(&json, so.config);
    CHECK_TEXT(buffer_view(&json).ptr, "{\"region\":\"eu\",\"sizes\":[1,2]}");
    struct plugin_settings lua = settings_of(&options, "lab.lua");
    CHECK_INT(lua.use, PLUGIN_DISABLED);
    CHECK_INT(lua.bounds.memory_bytes, 512 * MIB);
    CHECK_INT(lua.bounds.confinement, CONFINEMENT_OFF);
    CHECK(lua.config == NULL);
    struct plugin_settings other = settings_of(&options, "/x/other.so");
    CHECK_INT(other.use, PLUGIN_ENABLED);
    CHECK_INT(other.bounds.run_ms, 5000);
}

/* `confine: strict` is the default, and not the same as saying nothing. */
static void confines_one_of_many(void)
{
    CLEANUP(options_done) struct options options;
    if (read_text(&options, "{files: {a.so: {confine: strict}}, runners: {confine: off}}")) {
        CHECK_INT(settings_of(&options, "a.so").bounds.confinement, CONFINEMENT_STRICT);
        CHECK_INT(settings_of(&options, "b.so").bounds.confinement, CONFINEMENT_OFF);
    }
}

static void says_who_tends_a_kind(void)
{
    CLEANUP(options_done) struct options options;
    if (read_text(&options, "kinds: {a.b/v1/Lab: lab.lua, v1/Pod: pod.so}")) {
        const struct configuration *configuration = &options.configuration;
        CHECK_TEXT(configuration_pin(configuration, "a.b/v1/Lab"), "lab.lua");
        CHECK_TEXT(configuration_pin(configuration, "a.b/v2/Lab"), "lab.lua");
        CHECK_TEXT(configuration_pin(configuration, "v1/Pod"), "pod.so");
        CHECK(configuration_pin(configuration, "a.b/v1/Pod") == NULL);
        CHECK(configuration_pin(configuration, "a/v1/Lab") == NULL);
        CHECK(configuration_pin(configuration, "v1/ConfigMap, labs") == NULL);
    }
}

static void may_say_nothing(void)
{
    static const char *const texts[] = {"", "# nothing\n", "{}", "files: {}\nkinds: {}\n",
                                        "files: {a.so: {}}"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(options_done) struct options options;
        if (read_text(&options, texts[i])) {
            CHECK(settings_of(&options, "a.so").config == NULL);
            CHECK(memcmp(&options.bounds, &none, sizeof none) == 0);
        }
    }
}

static void tells_where_it_is_wrong(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"dta: /x", "/tmp/tend.yaml:1:1: unknown field \"dta\", did you mean \"data\"?"},
        {"plugins: [/]\nx-y: 1", "/tmp/tend.yaml:2:1: unknown field \"x-y\""},
        {"runners: {memroy: 1Gi}",
         "/tmp/tend.yaml:1:11: unknown field \"memroy\", did you mean \"memory\"?"},
        {"files:\n  a.so:\n    paralel: 1",
         "/tmp/tend.yaml:3:5: unknown field \"paralel\", did you mean \"parallel\"?"},
        {"files: {a.so: {memory: 1}}",
         "/tmp/tend.yaml:1:24: memory: \"1\" is no size from 32Mi on; "
         "expected one such as 512Mi"},
        {"files: {a.so: {files: 2}}", "/tmp/tend.yaml:1:23: files: \"2\" is no number from 16 to "},
        {"files: {a.so: {runTime: 0s}}",
         "/tmp/tend.yaml:1:25: runTime: a reconcile needs some time"},
        {"files: {a.so: {confine: of}}",
         "/tmp/tend.yaml:1:25: confine: \"of\" is none of strict, no-network, off"},
        {"files: {a.so: {enabled: no}}",
         "/tmp/tend.yaml:1:25: enabled: expected true or false, found a text"},
        {"files: {a.so: {parallel: 0}}",
         "/tmp/tend.yaml:1:26: parallel: 0 is not between 1 and 64"},
        {"files: {a.so: {isolation: thread}}",
         "/tmp/tend.yaml:1:27: isolation: \"thread\" is neither process nor inline"},
        {"files: {a.lua: {isolation: inline}}",
         "/tmp/tend.yaml:1:28: isolation: a script always has a process of its own; inline is for "
         "plugins"},
        {"files: {a.so: {config: [1]}}",
         "/tmp/tend.yaml:1:24: config: expected a map, found a list"},
        {"files: {a.so: 1}", "/tmp/tend.yaml:1:15: a.so: expected a map, found a whole number"},
        {"files: {x/a.so: {}}",
         "/tmp/tend.yaml:1:9: \"x/a.so\" is a path; write the name of the file "
         "without its folder"},
        {"files: {a: {}}", "/tmp/tend.yaml:1:9: \"a\" is no plugin (*.so) or script (*.lua)"},
        {"files: []", "/tmp/tend.yaml:1:8: files: expected a map, found a list"},
        {"kinds: {Lab: a.so}",
         "/tmp/tend.yaml:1:9: \"Lab\" is no kind; write GROUP/VERSION/KIND, as a "
         "controller does"},
        {"kinds: {a/v1/B/C: a.so}", "/tmp/tend.yaml:1:9: \"a/v1/B/C\" is no kind"},
        {"kinds: {a/v1/: a.so}", "/tmp/tend.yaml:1:9: \"a/v1/\" is no kind"},
        {"kinds: {a/: a.so}", "/tmp/tend.yaml:1:9: \"a/\" is no kind"},
        {"kinds: {a/v1/B: a}", "/tmp/tend.yaml:1:17: \"a\" is no plugin (*.so) or script (*.lua)"},
        {"kinds: {a/v1/B: a.so, a/v2/B: b.so}",
         "/tmp/tend.yaml:1:23: B is named twice, in two versions"},
        {"kinds: {a/v1/B: 1}",
         "/tmp/tend.yaml:1:17: a/v1/B: expected a text, found a whole number"},
        {"plugins: /", "/tmp/tend.yaml:1:10: plugins: expected a list, found a text"},
        {"plugins: [nowhere]", "/tmp/tend.yaml:1:11: plugins: nowhere: No such file or directory"},
        {"plugins: [{}]", "/tmp/tend.yaml:1:11: plugins: expected a text"},
        {"data: \"\"", "/tmp/tend.yaml:1:7: data: an empty path was given"},
        {"resync: soon",
         "/tmp/tend.yaml:1:9: resync: \"soon\" is no duration; expected one such as"},
        {"data: /a\ndata: /b", "/tmp/tend.yaml:2:1: expected each key once"},
        {"a: [", "/tmp/tend.yaml:1:5: expected a value"},
        {"data: /a\n---\ndata: /b", "/tmp/tend.yaml:2:1: a configuration is one document"},
        {"- data", "/tmp/tend.yaml:1:1: expected a map of fields"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = ERROR_INIT;
        struct options options = {.log_level = LOG_INFO};
        CHECK(configuration_parse(text_of(cases[i].text), "/tmp/tend.yaml", &options, &err) !=
              TEND_OK);
        if (!CHECK(strncmp(err.message, cases[i].message, strlen(cases[i].message)) == 0)) {
            printf("%s\n  is refused with %s\n", cases[i].text, err.message);
        }
        options_done(&options);
    }
}

static void refuses_a_configuration_that_no_frame_holds(void)
{
    struct error err = ERROR_INIT;
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    CLEANUP(options_done) struct options options = {.log_level = LOG_INFO};
    buffer_chars(&text, "files: {a.so: {config: {a: ");
    for (size_t i = 0; i < CONFIG_BYTES_MAX; i++) {
        buffer_byte(&text, 'x');
    }
    buffer_chars(&text, "}}}");
    CHECK(configuration_parse(buffer_view(&text), "a.yaml", &options, &err) == TEND_INVALID);
    CHECK_TEXT(err.message, "a.yaml:1:24: config: it is larger than 32 KiB as JSON");
}

/* --- with flags ---------------------------------------------------------------------------------- */

static enum tend_code read_flags(struct options *options, const char *text, const char *flags,
                                 struct error *err)
{
    char folder[] = "/tmp/tend-config-XXXXXX", path[64], line[256];
    char *argv[16] = {(char[]){"run"}, (char[]){"--config"}, path};
    int argc = 3;
    if (!CHECK(mkdtemp(folder) != NULL)) {
        return TEND_IO;
    }
    snprintf(path, sizeof path, "%s/tend.yaml", folder);
    FILE *file = fopen(path, "w");
    if (CHECK(file != NULL)) {
        fputs(text, file);
        fclose(file);
        chmod(path, 0600);
    }
    snprintf(line, sizeof line, "%s", flags);
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    enum tend_code code = options_read(argc, argv, options, err);
    unlink(path);
    rmdir(folder);
    return code;
}

static void flags_win(void)
{
    struct error err = ERROR_INIT;
    struct options options = {0};
    const char *text = "data: /a\nsocket: /s\nmanifests: [/tmp, /]\nscripts: [/]\n"
                       "runners: {files: 64, runTime: 7s}\nfiles: {a.so: {files: 20}}\n";
    if (!CHECK_INT(read_flags(&options, text,
                              "--data /b --manifests /usr --manifests /var --runner-files 32",
                              &err),
                   TEND_OK)) {
        printf("%s\n", err.message);
        return;
    }
    CHECK_TEXT(options.data, "/b");
    CHECK_TEXT(options.socket, "/s");
    CHECK_INT(options.manifests.count, 2); /* those of the flags, and no other */
    CHECK_TEXT(options.manifests.paths[0], "/usr");
    CHECK_INT(options.scripts.count, 1);
    CHECK_INT(options.bounds.open_files, 32);
    CHECK_INT(options.bounds.run_ms, 7000);
    CHECK_INT(settings_of(&options, "a.so").bounds.open_files,
              20); /* says more than a flag for all */
    CHECK_INT(settings_of(&options, "b.so").bounds.open_files, 32);
    options_done(&options);
}

static void a_wrong_file_is_a_wrong_flag(void)
{
    struct error err = ERROR_INIT;
    struct options options = {0};
    CHECK_INT(read_flags(&options, "a: 1", "", &err), TEND_INVALID);
    CHECK(strstr(err.message, "/tend.yaml:1:1: unknown field \"a\"") != NULL);
    char *argv[] = {(char[]){"run"}, (char[]){"--config"}, (char[]){"/nowhere/at/all.yaml"}};
    CHECK_INT(options_read(3, argv, &options, &err), TEND_NOT_FOUND);
    CHECK(strncmp(err.message, "--config: ", 10) == 0);
    char *help[] = {(char[]){"run"}, (char[]){"--config"}, (char[]){"/nowhere"},
                    (char[]){"--help"}};
    CHECK_INT(options_read(4, help, &options, &err), TEND_OK);
    CHECK_INT(options.wish, WISH_HELP);
    options_done(&options);
}

SUITE({"says what flags say", says_what_flags_say},
      {"says more of single files", says_more_of_single_files},
      {"confines one of many", confines_one_of_many},
      {"says who tends a kind", says_who_tends_a_kind}, {"may say nothing", may_say_nothing},
      {"tells where it is wrong", tells_where_it_is_wrong},
      {"refuses a configuration that no frame holds", refuses_a_configuration_that_no_frame_holds},
      {"flags win", flags_win}, {"a wrong file is a wrong flag", a_wrong_file_is_a_wrong_flag})
