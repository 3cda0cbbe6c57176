/* The flags of `tend run`, read and checked. */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "runner/runner.h"

enum { OPTION_FOLDERS_MAX = 32 };

struct folder_list {
    char *paths[OPTION_FOLDERS_MAX]; /* absolute; owned */
    size_t count;
};

enum options_wish { WISH_RUN, WISH_HELP };

struct options {
    enum options_wish wish;
    char *data;   /* absolute; owned */
    char *socket; /* absolute; owned */
    struct folder_list manifests, plugins, scripts;
    int64_t watch_interval_ms; /* 0: event-driven */
    int64_t resync_ms;         /* 0: off */
    int64_t run_for_ms;        /* 0: until a signal */
    struct runner_bounds bounds;
    enum log_level log_level;
    enum { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_COLOUR } log_format;
};

/* Read argv[1..]; what is not given is the default. TEND_INVALID names the flag and what it expects. */
NODISCARD enum tend_code options_read(int argc, char **argv, struct options *ret_options,
                                      struct error *err);
void options_done(struct options *options);

/* What `tend run --help` prints. */
extern const char options_help[];

#endif
