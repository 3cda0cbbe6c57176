/* What `tend run` is told, by flags and by the file that --config names; read and checked. */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "host/configuration.h"
#include "runner/runner.h"

enum { OPTION_FOLDERS_MAX = 32 };

/* What is a flag, and a field of the file. */
enum option_name {
    OPTION_MANIFESTS,
    OPTION_PLUGINS,
    OPTION_SCRIPTS,
    OPTION_DATA,
    OPTION_SOCKET,
    OPTION_WATCH_INTERVAL,
    OPTION_RESYNC,
    OPTION_FOR,
    OPTION_CONFINE, /* from here on bounds of runners */
    OPTION_RUNNER_MEMORY,
    OPTION_RUNNER_FILES,
    OPTION_RUN_TIME,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
    OPTION_COUNT,
};

enum option_from { OPTION_OF_FILE, OPTION_OF_FLAG };

struct folder_list {
    char *paths[OPTION_FOLDERS_MAX]; /* absolute; owned */
    size_t count;
    enum option_from from;
};

enum options_wish { WISH_RUN, WISH_HELP };

struct options {
    enum options_wish wish;
    char *data;   /* absolute; owned */
    char *socket; /* absolute; owned */
    struct folder_list manifests, plugins, scripts;
    int64_t watch_interval_ms;   /* 0: event-driven */
    int64_t resync_ms;           /* 0: off */
    int64_t run_for_ms;          /* 0: until a signal */
    struct runner_bounds bounds; /* of each plugin and script */
    struct configuration configuration;
    enum log_level log_level;
    enum { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_COLOUR } log_format;
};

/* Read argv[1..]; what is not given is the default. TEND_INVALID names the flag, or the place in the file, and
 * what it expects. */
NODISCARD enum tend_code options_read(int argc, char **argv, struct options *ret_options,
                                      struct error *err);
void options_done(struct options *options);

/* A value as it was written. */
struct option_text {
    const char *text;
    const char *folder; /* that relative paths are below; NULL: the working folder */
    enum option_from from;
};

/* Set one, or add to it where it is a list. The sentence says what is wrong with the value, and not where it
 * stands. TEND_INVALID, TEND_LIMIT, TEND_IO. */
NODISCARD enum tend_code options_set(struct options *options, enum option_name name,
                                     const struct option_text *given, struct error *err);

/* The same, for one of the bounds of runners. */
NODISCARD enum tend_code options_set_bound(struct runner_bounds *bounds, enum option_name name,
                                           const char *text, struct error *err);

/* What `tend run --help` prints. */
extern const char options_help[];

#endif
