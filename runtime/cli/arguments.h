/* Options and words of a command line, read with getopt_long from one table that makes the help as well:
 * an option means the same in every command that has it.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"

enum option_id {
    OPTION_SOCKET,
    OPTION_HELP,
    OPTION_NAMESPACE,
    OPTION_ALL_NAMESPACES,
    OPTION_FILE,
    OPTION_RECURSIVE,
    OPTION_OUTPUT,
    OPTION_FORM, /* --output as well, of fewer forms */
    OPTION_WATCH,
    OPTION_SELECTOR,
    OPTION_FIELD_SELECTOR,
    OPTION_NO_HEADERS,
    OPTION_WAIT,
    OPTION_NOW,
    OPTION_TIMEOUT,
    OPTION_DRY_RUN,
    OPTION_FOR,
    OPTION_ALL,
    OPTION_IGNORE_NOT_FOUND,
    OPTION_ABANDON,
    OPTION_KIND,
    OPTION_DIRECTORY,
    OPTION_RAW,
    OPTIONS
};

struct option_list {
    const enum option_id *ids;
    size_t count;
};

struct arguments {
    const char *values[OPTIONS]; /* NULL: not given; "": given without a value */
    const char **files;          /* every -f, in order */
    size_t file_count;
    char **words; /* what is no option; borrowed from argv */
    size_t word_count;
};

/* Read argv[1...], of which only `known` options are allowed. TEND_INVALID naming what is wrong.
 * Borrows from argv, and reorders it. */
NODISCARD enum tend_code arguments_parse(struct option_list known, int argc, char **argv,
                                         struct arguments *ret_arguments, struct error *err);
void arguments_done(struct arguments *arguments);

bool arguments_has(const struct arguments *arguments, enum option_id id);

/* The option's value; empty where it is not given. */
struct text arguments_value(const struct arguments *arguments, enum option_id id);

/* "--wait", "--wait=true", "--wait=false"; `otherwise` where it is not given. TEND_INVALID. */
NODISCARD enum tend_code arguments_flag(const struct arguments *arguments, enum option_id id,
                                        bool otherwise, bool *ret_flag, struct error *err);

/* A duration ("90s") in whole seconds, rounded up; 0 where it is not given. TEND_INVALID. */
NODISCARD enum tend_code arguments_seconds(const struct arguments *arguments, enum option_id id,
                                           int64_t *ret_seconds, struct error *err);

/* One line for each option, for the help. */
void arguments_help(struct option_list known, FILE *out);

#endif
