/* Folders become absolute here, once: what is remembered of a manifest file is its path, and must not
 * depend on where the host was started. What the configuration file says is set first, then the flags: so
 * they win, and a list of folders that is given by flags is theirs alone. */
#include "host/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "base/paths.h"
#include "document/utf8.h"

const char options_help[] =
    "usage: tend run [--config FILE] [--manifests DIR]... [--plugins DIR]... [--scripts DIR]... [flags]\n"
    "\n"
    "Keeps the declared resources, serves them on a Unix socket and runs their controllers.\n"
    "\n"
    "  --config FILE         what flags say, and more for single files, as YAML; a flag wins\n"
    "  --manifests DIR       apply the manifests in DIR, at start and whenever a file changes\n"
    "  --plugins DIR         run the controllers in DIR (*.so), and take up every new build\n"
    "  --scripts DIR         the same for scripts (*.lua, but not *_test.lua)\n"
    "  --data DIR            where the store lives (default: the user's data directory)\n"
    "  --socket PATH         the Unix socket to serve (default: TEND_SOCKET, or the user's own)\n"
    "  --watch-interval D    look for changes every D instead of at once, as teaching examples do\n"
    "  --resync D            reconcile every object again every D (default: never)\n"
    "  --for D               end after D\n"
    "  --confine LEVEL       what plugins and scripts are kept from, where the kernel can do it: strict\n"
    "                        (files, network, other processes: the default), no-network (the same, but\n"
    "                        they have the files that you have) or off\n"
    "  --runner-memory SIZE  address space of each plugin and script (default: 1Gi)\n"
    "  --runner-files N      descriptors that each may have open (default: 64)\n"
    "  --run-time D          how long a reconcile may take whose controller does not say (default: 30s)\n"
    "  --log-level LEVEL     error, warn, info (default) or debug\n"
    "  --log-format FORMAT   text (key=value) or colour (default: colour on a terminal)\n"
    "  -h, --help            show this\n"
    "\n"
    "D is a duration such as 500ms, 2s, 10m or 1h30m, SIZE is 512Mi or 2Gi. SIGTERM and SIGINT end it cleanly.\n"
    "Exit codes: 0 ended as asked, 1 could not start or had to stop, 2 wrong flags\n"
    "or a wrong configuration.\n";

enum { FLAG_OPTION = 256, FLAG_CONFIG = FLAG_OPTION + OPTION_COUNT };

#define OPTION_FLAG(name, option)                                                                  \
    {                                                                                              \
        name, required_argument, NULL, FLAG_OPTION + (option)                                      \
    }

static const struct option flags[] = {
    OPTION_FLAG("manifests", OPTION_MANIFESTS),
    OPTION_FLAG("plugins", OPTION_PLUGINS),
    OPTION_FLAG("scripts", OPTION_SCRIPTS),
    OPTION_FLAG("data", OPTION_DATA),
    OPTION_FLAG("socket", OPTION_SOCKET),
    OPTION_FLAG("watch-interval", OPTION_WATCH_INTERVAL),
    OPTION_FLAG("resync", OPTION_RESYNC),
    OPTION_FLAG("for", OPTION_FOR),
    OPTION_FLAG("confine", OPTION_CONFINE),
    OPTION_FLAG("runner-memory", OPTION_RUNNER_MEMORY),
    OPTION_FLAG("runner-files", OPTION_RUNNER_FILES),
    OPTION_FLAG("run-time", OPTION_RUN_TIME),
    OPTION_FLAG("log-level", OPTION_LOG_LEVEL),
    OPTION_FLAG("log-format", OPTION_LOG_FORMAT),
    {"config", required_argument, NULL, FLAG_CONFIG},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* --- values ------------------------------------------------------------------------------------- */

/* `path`, below `folder` where it is relative, as an absolute one; what exists is resolved, what does not is
 * put below the working folder. */
static enum tend_code join_absolute(const char *folder, const char *path, char **ret_path,
                                    struct error *err)
{
    char working[PATH_MAX] = "";
    if (path[0] == '\0') {
        return FAIL(err, TEND_INVALID, "an empty path was given");
    }
    bool below = folder != NULL && path[0] != '/';
    size_t size = (below ? strlen(folder) + 1 : 0) + strlen(path) + 1;
    CLEANUP(freep) char *joined = alloc_new(size);
    snprintf(joined, size, "%s%s%s", below ? folder : "", below ? "/" : "", path);
    char *resolved = realpath(joined, NULL);
    if (resolved != NULL) {
        *ret_path = resolved;
        return TEND_OK;
    }
    if (joined[0] != '/' && getcwd(working, sizeof working) == NULL) {
        return FAIL(err, TEND_IO, "cannot tell the working directory: %s", strerror(errno));
    }
    size += strlen(working) + 1;
    *ret_path = alloc_new(size);
    snprintf(*ret_path, size, "%s%s%s", working, joined[0] == '/' ? "" : "/", joined);
    return TEND_OK;
}

/* What stands in a document has to be a text. */
static enum tend_code make_absolute(const char *folder, const char *path, char **ret_path,
                                    struct error *err)
{
    CLEANUP(freep) char *absolute = NULL;
    TRY(join_absolute(folder, path, &absolute, err));
    if (!utf8_is_text(absolute)) {
        return FAIL(err, TEND_INVALID, "a path that is no UTF-8 text: rename the folder");
    }
    *ret_path = TAKE(absolute);
    return TEND_OK;
}

static void free_folders(struct folder_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
    }
    list->count = 0;
}

static enum tend_code add_folder(struct folder_list *list, const struct option_text *given,
                                 struct error *err)
{
    if (given->from == OPTION_OF_FLAG && list->from == OPTION_OF_FILE) {
        free_folders(list);
    }
    list->from = given->from;
    if (list->count == OPTION_FOLDERS_MAX) {
        return FAIL(err, TEND_LIMIT, "%d folders at most", OPTION_FOLDERS_MAX);
    }
    char *absolute;
    TRY(make_absolute(given->folder, given->text, &absolute, err));
    if (access(absolute, R_OK | X_OK) != 0) {
        enum tend_code code = FAIL(err, TEND_INVALID, "%s: %s", given->text, strerror(errno));
        free(absolute);
        return code;
    }
    list->paths[list->count++] = absolute;
    return TEND_OK;
}

static enum tend_code set_path(char **path, const struct option_text *given, struct error *err)
{
    char *absolute;
    TRY(make_absolute(given->folder, given->text, &absolute, err));
    free(*path);
    *path = absolute;
    return TEND_OK;
}

static enum tend_code set_duration(int64_t *duration_ms, const char *text, struct error *err)
{
    if (!duration_parse(text_of(text), duration_ms)) {
        return FAIL(err, TEND_INVALID, "\"%s\" is no duration; expected one such as 2s or 10m",
                    text);
    }
    return TEND_OK;
}

static enum tend_code set_confinement(struct runner_bounds *bounds, const char *text,
                                      struct error *err)
{
    if (!confinement_parse(text, &bounds->confinement)) {
        return FAIL(err, TEND_INVALID, "\"%s\" is none of strict, no-network, off", text);
    }
    return TEND_OK;
}

/* Digits and one of the units, as Kubernetes writes memory. */
static bool parse_size(const char *text, uint64_t *ret_bytes)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {{"Ki", KIB}, {"Mi", MIB}, {"Gi", (uint64_t)KIB * MIB}};
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            return !__builtin_mul_overflow((uint64_t)number, units[i].bytes, ret_bytes);
        }
    }
    return false;
}

static enum tend_code set_memory(struct runner_bounds *bounds, const char *text, struct error *err)
{
    if (!parse_size(text, &bounds->memory_bytes) || bounds->memory_bytes < RUNNER_MEMORY_MIN) {
        return FAIL(err, TEND_INVALID, "\"%s\" is no size from %uMi on; expected one such as 512Mi",
                    text, RUNNER_MEMORY_MIN / MIB);
    }
    return TEND_OK;
}

static enum tend_code set_files(struct runner_bounds *bounds, const char *text, struct error *err)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < RUNNER_FILES_MIN ||
        number > UINT16_MAX) {
        return FAIL(err, TEND_INVALID, "\"%s\" is no number from %u to %u", text, RUNNER_FILES_MIN,
                    UINT16_MAX);
    }
    bounds->open_files = (uint32_t)number;
    return TEND_OK;
}

static enum tend_code set_run_time(struct runner_bounds *bounds, const char *text,
                                   struct error *err)
{
    TRY(set_duration(&bounds->run_ms, text, err));
    return bounds->run_ms > 0 ? TEND_OK : FAIL(err, TEND_INVALID, "a reconcile needs some time");
}

static enum tend_code set_level(enum log_level *level, const char *text, struct error *err)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *level = (enum log_level)i;
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID, "\"%s\" is none of error, warn, info, debug", text);
}

static enum tend_code set_format(struct options *options, const char *text, struct error *err)
{
    if (strcmp(text, "text") == 0) {
        options->log_format = LOG_FORMAT_TEXT;
    } else if (strcmp(text, "colour") == 0 || strcmp(text, "color") == 0) {
        options->log_format = LOG_FORMAT_COLOUR;
    } else {
        return FAIL(err, TEND_INVALID, "\"%s\" is neither text nor colour", text);
    }
    return TEND_OK;
}

enum tend_code options_set_bound(struct runner_bounds *bounds, enum option_name name,
                                 const char *text, struct error *err)
{
    switch ((int)name) {
    case OPTION_CONFINE:
        return set_confinement(bounds, text, err);
    case OPTION_RUNNER_MEMORY:
        return set_memory(bounds, text, err);
    case OPTION_RUNNER_FILES:
        return set_files(bounds, text, err);
    default:
        assert(name == OPTION_RUN_TIME);
        return set_run_time(bounds, text, err);
    }
}

enum tend_code options_set(struct options *options, enum option_name name,
                           const struct option_text *given, struct error *err)
{
    switch (name) {
    case OPTION_MANIFESTS:
        return add_folder(&options->manifests, given, err);
    case OPTION_PLUGINS:
        return add_folder(&options->plugins, given, err);
    case OPTION_SCRIPTS:
        return add_folder(&options->scripts, given, err);
    case OPTION_DATA:
        return set_path(&options->data, given, err);
    case OPTION_SOCKET:
        return set_path(&options->socket, given, err);
    case OPTION_WATCH_INTERVAL:
        return set_duration(&options->watch_interval_ms, given->text, err);
    case OPTION_RESYNC:
        return set_duration(&options->resync_ms, given->text, err);
    case OPTION_FOR:
        return set_duration(&options->run_for_ms, given->text, err);
    case OPTION_CONFINE:
    case OPTION_RUNNER_MEMORY:
    case OPTION_RUNNER_FILES:
    case OPTION_RUN_TIME:
        return options_set_bound(&options->bounds, name, given->text, err);
    case OPTION_LOG_LEVEL:
        return set_level(&options->log_level, given->text, err);
    case OPTION_LOG_FORMAT:
        return set_format(options, given->text, err);
    case OPTION_COUNT:
        break;
    }
    return TEND_INTERNAL;
}

/* --- flags -------------------------------------------------------------------------------------- */

/* Number `index` of `flags`. */
static enum tend_code take_flag(struct options *options, int flag, int index, char **argv,
                                struct error *err)
{
    const struct option_text given = {.text = optarg, .from = OPTION_OF_FLAG};
    switch (flag) {
    case FLAG_CONFIG: /* it was read before */
        return TEND_OK;
    case 'h':
        options->wish = WISH_HELP;
        return TEND_OK;
    case ':':
        return FAIL(err, TEND_INVALID, "%s needs a value", argv[optind - 1]);
    case '?':
        return FAIL(err, TEND_INVALID, "unknown flag %s", argv[optind - 1]);
    default:
        break;
    }
    return options_set(options, (enum option_name)(flag - FLAG_OPTION), &given, err) == TEND_OK
               ? TEND_OK
               : error_wrap(err, "--%s", flags[index].name);
}

/* What --config names; NULL: nothing. Where help is asked for, that is all. */
static const char *find_config(int argc, char **argv)
{
    const char *config = NULL;
    optind = 0; /* start anew, whatever was read before */
    for (int flag; (flag = getopt_long(argc, argv, "+:h", flags, NULL)) != -1;) {
        if (flag == 'h') {
            return NULL;
        }
        config = flag == FLAG_CONFIG ? optarg : config;
    }
    return config;
}

static enum tend_code fill_defaults(struct options *options, struct error *err)
{
    if (options->data == NULL) {
        TRY(paths_data(&options->data, err));
    }
    if (options->socket == NULL) {
        TRY(paths_socket(&options->socket, err));
    }
    return TEND_OK;
}

static enum tend_code read_flags(int argc, char **argv, struct options *options, struct error *err)
{
    const char *config = find_config(argc, argv);
    if (config != NULL) {
        TRY(configuration_read(config, options, err));
    }
    optind = 0;
    for (int flag, index = 0; (flag = getopt_long(argc, argv, "+:h", flags, &index)) != -1;) {
        TRY(take_flag(options, flag, index, argv, err));
    }
    if (optind < argc) {
        return FAIL(err, TEND_INVALID, "unexpected argument \"%s\"", argv[optind]);
    }
    return options->wish == WISH_HELP ? TEND_OK : fill_defaults(options, err);
}

enum tend_code options_read(int argc, char **argv, struct options *ret_options, struct error *err)
{
    struct options options = {.log_level = LOG_INFO};
    enum tend_code code = read_flags(argc, argv, &options, err);
    if (code != TEND_OK) {
        options_done(&options);
        return code;
    }
    *ret_options = options;
    return TEND_OK;
}

void options_done(struct options *options)
{
    free_folders(&options->manifests);
    free_folders(&options->plugins);
    free_folders(&options->scripts);
    free(options->data);
    free(options->socket);
    configuration_done(&options->configuration);
    *options = (struct options){0};
}
