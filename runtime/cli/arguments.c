/* getopt_long keeps its place in globals of the C library; it is reset for every command line, so that
 * tests may read several. */
#include "cli/arguments.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/moment.h"

struct option_spec {
    char letter; /* 0: none */
    int argument;
    const char *name, *value, *help;
};

static const struct option_spec specs[OPTIONS] = {
    [OPTION_SOCKET] = {0, required_argument, "socket", "PATH",
                       "the host's socket (else $TEND_SOCKET, else the default)"},
    [OPTION_HELP] = {'h', no_argument, "help", NULL, "show this"},
    [OPTION_NAMESPACE] = {'n', required_argument, "namespace", "NAME",
                          "look there instead of in \"default\""},
    [OPTION_ALL_NAMESPACES] = {'A', no_argument, "all-namespaces", NULL, "look everywhere"},
    [OPTION_FILE] = {'f', required_argument, "filename", "FILE",
                     "a file, a folder, or - for standard input; may be given again"},
    [OPTION_RECURSIVE] = {'R', no_argument, "recursive", NULL, "folders with what is below them"},
    [OPTION_OUTPUT] = {'o', required_argument, "output", "FORM", "yaml, json, name or wide"},
    [OPTION_FORM] = {'o', required_argument, "output", "FORM", "yaml or json"},
    [OPTION_WATCH] = {'w', no_argument, "watch", NULL, "go on showing what changes"},
    [OPTION_SELECTOR] = {'l', required_argument, "selector", "LABELS",
                         "only objects with these labels: team=a,tier!=web"},
    [OPTION_FIELD_SELECTOR] = {0, required_argument, "field-selector", "FIELDS",
                               "only objects with these fields: metadata.name=lab1"},
    [OPTION_NO_HEADERS] = {0, no_argument, "no-headers", NULL, "rows only"},
    [OPTION_WAIT] = {0, optional_argument, "wait", "BOOL", "wait until it is so"},
    [OPTION_NOW] = {0, no_argument, "now", NULL, "do not wait"},
    [OPTION_TIMEOUT] = {0, required_argument, "timeout", "DURATION",
                        "give up waiting after this long (90s, 5m)"},
    [OPTION_DRY_RUN] = {0, optional_argument, "dry-run", NULL, "check everything, write nothing"},
    [OPTION_FOR] = {0, required_argument, "for", "KIND/NAME", "only those about this object"},
    [OPTION_ALL] = {0, no_argument, "all", NULL, "every object of the kind"},
    [OPTION_IGNORE_NOT_FOUND] = {0, no_argument, "ignore-not-found", NULL,
                                 "what is not there is no failure"},
    [OPTION_ABANDON] = {0, no_argument, "abandon", NULL,
                        "do not wait for a controller that is not there to clean up"},
    [OPTION_KIND] = {0, required_argument, "kind", "GROUP/VERSION/KIND",
                     "what it looks after (else example.com/v1 and the name)"},
    [OPTION_DIRECTORY] = {0, required_argument, "directory", "DIR",
                          "make it there instead of here"},
    [OPTION_RAW] = {0, required_argument, "raw", "PATH",
                    "what the host answers at this path, as it comes: /metrics"},
};

/* What getopt_long is to know: long options numbered by id, letters in its own language. */
struct getopt_table {
    struct option longs[OPTIONS + 1];
    char letters[2 * OPTIONS + 3];
};

static void make_table(struct option_list known, struct getopt_table *table)
{
    size_t used = 0;
    memset(table, 0, sizeof *table);
    table->letters[used++] = ':'; /* report what is missing, and print nothing */
    for (size_t i = 0; i < known.count; i++) {
        const struct option_spec *spec = &specs[known.ids[i]];
        table->longs[i] =
            (struct option){spec->name, spec->argument, NULL, 256 + (int)known.ids[i]};
        if (spec->letter != '\0') {
            table->letters[used++] = spec->letter;
            if (spec->argument == required_argument) {
                table->letters[used++] = ':';
            }
        }
    }
}

static enum option_id id_of(struct option_list known, int found)
{
    for (size_t i = 0; i < known.count; i++) {
        if (found == 256 + (int)known.ids[i] || found == specs[known.ids[i]].letter) {
            return known.ids[i];
        }
    }
    return OPTIONS;
}

static enum tend_code bad_option(int found, const char *word, struct error *err)
{
    return FAIL(err, TEND_INVALID, "%s %s",
                found == ':' ? "a value is missing after" : "unknown option", word);
}

static void keep(struct arguments *arguments, enum option_id id, const char *value)
{
    arguments->values[id] = value != NULL ? value : "";
    if (id == OPTION_FILE) {
        arguments->files[arguments->file_count++] = value;
    }
}

enum tend_code arguments_parse(struct option_list known, int argc, char **argv,
                               struct arguments *ret_arguments, struct error *err)
{
    struct getopt_table table;
    struct arguments arguments = {.files = alloc_array((size_t)argc + 1, sizeof(char *))};
    int found;
    make_table(known, &table);
    optind = 0;
    opterr = 0;
    while ((found = getopt_long(argc, argv, table.letters, table.longs, NULL)) != -1) {
        enum option_id id = id_of(known, found);
        if (id == OPTIONS) {
            arguments_done(&arguments);
            return bad_option(found, argv[optind - 1], err);
        }
        keep(&arguments, id, optarg);
    }
    arguments.words = argv + optind;
    arguments.word_count = (size_t)(argc - optind);
    *ret_arguments = arguments;
    return TEND_OK;
}

void arguments_done(struct arguments *arguments)
{
    free(arguments->files);
    arguments->files = NULL;
}

bool arguments_has(const struct arguments *arguments, enum option_id id)
{
    return arguments->values[id] != NULL;
}

struct text arguments_value(const struct arguments *arguments, enum option_id id)
{
    return text_of(arguments->values[id]);
}

enum tend_code arguments_flag(const struct arguments *arguments, enum option_id id, bool otherwise,
                              bool *ret_flag, struct error *err)
{
    struct text value = arguments_value(arguments, id);
    if (!arguments_has(arguments, id)) {
        *ret_flag = otherwise;
    } else if (value.len == 0 || text_is(value, "true")) {
        *ret_flag = true;
    } else if (text_is(value, "false")) {
        *ret_flag = false;
    } else {
        return FAIL(err, TEND_INVALID, "--%s must be true or false, is \"%.*s\"", specs[id].name,
                    TEXT_ARG(value));
    }
    return TEND_OK;
}

enum tend_code arguments_seconds(const struct arguments *arguments, enum option_id id,
                                 int64_t *ret_seconds, struct error *err)
{
    int64_t ms = 0;
    struct text value = arguments_value(arguments, id);
    if (arguments_has(arguments, id) && (!duration_parse(value, &ms) || ms == 0)) {
        return FAIL(err, TEND_INVALID, "--%s must be a duration (90s, 5m), is \"%.*s\"",
                    specs[id].name, TEXT_ARG(value));
    }
    *ret_seconds = (ms + 999) / 1000;
    return TEND_OK;
}

void arguments_help(struct option_list known, FILE *out)
{
    for (size_t i = 0; i < known.count; i++) {
        const struct option_spec *spec = &specs[known.ids[i]];
        char name[64], letter[8] = "    ";
        if (spec->letter != '\0') {
            snprintf(letter, sizeof letter, "-%c, ", spec->letter);
        }
        bool is_optional = spec->argument == optional_argument && spec->value != NULL;
        snprintf(name, sizeof name, "--%s%s%s%s", spec->name,
                 is_optional           ? "[="
                 : spec->value != NULL ? " "
                                       : "",
                 spec->value != NULL ? spec->value : "", is_optional ? "]" : "");
        fprintf(out, "  %s%-26s %s\n", letter, name, spec->help);
    }
}
