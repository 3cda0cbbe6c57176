/* What a host is told about one plugin or script file. All zero: the defaults. */
#ifndef RUNNER_SETTINGS_H
#define RUNNER_SETTINGS_H

#include <stdint.h>

#include "document/value.h"
#include "runner/runner.h"

/* Where its code runs. A script always has a runner. */
enum isolation {
    ISOLATION_PROCESS, /* in a runner of its own */
    ISOLATION_INLINE,  /* in the host itself: a crash of it is the host's */
};

enum plugin_use {
    PLUGIN_ENABLED,
    PLUGIN_DISABLED, /* the file is not loaded */
};

struct plugin_settings {
    struct runner_bounds bounds;
    const struct value *config; /* for the controllers' start: a map; NULL: {}; the owner's */
    enum isolation isolation;
    /* Objects of each of its controllers at once, those included whose runs wait for something outside; 0: as
     * many as there can be. What the controller declares holds as well. */
    uint32_t parallel;
    enum plugin_use use;
};

#endif
