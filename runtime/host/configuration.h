/* The file that `tend run --config` names: what flags say, and more about single plugins and scripts.
 *
 *     data: /var/lib/tend                          a field for each flag; a flag wins
 *     plugins: [plugins]                           relative paths are below the folder of the file
 *     runners: {memory: 512Mi, runTime: 10s}       bounds of each plugin and script
 *     files:
 *       labinstance.so: {parallel: 4, config: {region: eu}}
 *     kinds:
 *       lab.neuroglia.com/v1/LabInstance: labinstance.so
 *
 * It is read strictly: what is unknown, twice there or of another type is refused with one sentence that
 * begins with FILE:LINE:COLUMN. A file that is named and not there is none: it may come.
 */
#ifndef HOST_CONFIGURATION_H
#define HOST_CONFIGURATION_H

#include "base/arena.h"
#include "runner/settings.h"

struct options;

struct configured_file {
    const char *name; /* without its folder */
    struct plugin_settings settings;
    enum { CONFINED_AS_ALL, CONFINED_OWN } confined; /* whose confinement counts */
};

struct kind_pin {
    const char *kind; /* "lab.neuroglia.com/v1/LabInstance" */
    const char *file; /* without its folder */
};

/* Zeroed: nothing is said. */
struct configuration {
    struct arena arena; /* of all that is below */
    const char *path;   /* as it was named; NULL: there is none */
    struct configured_file *files;
    size_t file_count;
    struct kind_pin *pins;
    size_t pin_count;
};
void configuration_done(struct configuration *configuration);

/* Read the file at `path`: what flags say as well goes into `options`, the rest into options->configuration,
 * which is zeroed. TEND_INVALID, and what options_set and plain_file_take (base/plain_file.h) fail with. */
NODISCARD enum tend_code configuration_read(const char *path, struct options *options,
                                            struct error *err);

/* The same, of what stands in it; `path` is for people. */
NODISCARD enum tend_code configuration_parse(struct text bytes, const char *path,
                                             struct options *options, struct error *err);

/* What is said of the plugin or script at `file`, any path; `bounds` where its own are not said. */
struct plugin_settings configuration_settings(const struct configuration *configuration,
                                              const struct runner_bounds *bounds, const char *file);

/* The name of the file that has to tend `kind`; NULL: nobody said. The version of the kind does not count. */
const char *configuration_pin(const struct configuration *configuration, const char *kind);

/* A path without its folders. */
const char *configuration_name(const char *file);

#endif
