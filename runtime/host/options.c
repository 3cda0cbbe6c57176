/* Folders become absolute here, once: what is remembered of a manifest file is its path, and must not
 * depend on where the host was started. */
#include "host/options.h"

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

const char options_help[] =
    "usage: tend run [--manifests DIR]... [--plugins DIR]... [--scripts DIR]... [flags]\n"
    "\n"
    "Keeps the declared resources, serves them on a Unix socket and runs their controllers.\n"
    "\n"
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
    "Exit codes: 0 ended as asked, 1 could not start or had to stop, 2 wrong flags.\n";

enum flag {
    FLAG_MANIFESTS = 256,
    FLAG_PLUGINS,
    FLAG_SCRIPTS,
    FLAG_DATA,
    FLAG_SOCKET,
    FLAG_WATCH_INTERVAL,
    FLAG_RESYNC,
    FLAG_FOR,
    FLAG_CONFINE,
    FLAG_RUNNER_MEMORY,
    FLAG_RUNNER_FILES,
    FLAG_RUN_TIME,
    FLAG_LOG_LEVEL,
    FLAG_LOG_FORMAT,
};

static const struct option flags[] = {
    {"manifests", required_argument, NULL, FLAG_MANIFESTS},
    {"plugins", required_argument, NULL, FLAG_PLUGINS},
    {"scripts", required_argument, NULL, FLAG_SCRIPTS},
    {"data", required_argument, NULL, FLAG_DATA},
    {"socket", required_argument, NULL, FLAG_SOCKET},
    {"watch-interval", required_argument, NULL, FLAG_WATCH_INTERVAL},
    {"resync", required_argument, NULL, FLAG_RESYNC},
    {"for", required_argument, NULL, FLAG_FOR},
    {"confine", required_argument, NULL, FLAG_CONFINE},
    {"runner-memory", required_argument, NULL, FLAG_RUNNER_MEMORY},
    {"runner-files", required_argument, NULL, FLAG_RUNNER_FILES},
    {"run-time", required_argument, NULL, FLAG_RUN_TIME},
    {"log-level", required_argument, NULL, FLAG_LOG_LEVEL},
    {"log-format", required_argument, NULL, FLAG_LOG_FORMAT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* `path` as an absolute one; what exists is resolved, what does not is put below the working folder. */
static enum tend_code make_absolute(const char *path, char **ret_path, struct error *err)
{
    if (path[0] == '\0') {
        return FAIL(err, TEND_INVALID, "an empty path was given");
    }
    char *resolved = realpath(path, NULL);
    if (resolved != NULL) {
        *ret_path = resolved;
        return TEND_OK;
    }
    if (path[0] == '/') {
        *ret_path = alloc_dup(path);
        return TEND_OK;
    }
    char folder[PATH_MAX];
    if (getcwd(folder, sizeof folder) == NULL) {
        return FAIL(err, TEND_IO, "cannot tell the working directory: %s", strerror(errno));
    }
    size_t size = strlen(folder) + strlen(path) + 2;
    char *absolute = alloc_new(size);
    snprintf(absolute, size, "%s/%s", folder, path);
    *ret_path = absolute;
    return TEND_OK;
}

static enum tend_code add_folder(struct folder_list *list, const char *flag, const char *path,
                                 struct error *err)
{
    if (list->count == OPTION_FOLDERS_MAX) {
        return FAIL(err, TEND_LIMIT, "--%s may be given %d times at most", flag,
                    OPTION_FOLDERS_MAX);
    }
    char *absolute;
    TRY(make_absolute(path, &absolute, err));
    if (access(absolute, R_OK | X_OK) != 0) {
        enum tend_code code = FAIL(err, TEND_INVALID, "--%s %s: %s", flag, path, strerror(errno));
        free(absolute);
        return code;
    }
    list->paths[list->count++] = absolute;
    return TEND_OK;
}

static enum tend_code set_path(char **path, const char *given, struct error *err)
{
    char *absolute;
    TRY(make_absolute(given, &absolute, err));
    free(*path);
    *path = absolute;
    return TEND_OK;
}

static enum tend_code set_duration(int64_t *duration_ms, const char *flag, const char *text,
                                   struct error *err)
{
    if (!duration_parse(text_of(text), duration_ms)) {
        return FAIL(err, TEND_INVALID,
                    "--%s: \"%s\" is no duration; expected one such as 2s or 10m", flag, text);
    }
    return TEND_OK;
}

static enum tend_code set_confinement(struct options *options, const char *text, struct error *err)
{
    if (!confinement_parse(text, &options->bounds.confinement)) {
        return FAIL(err, TEND_INVALID, "--confine: \"%s\" is none of strict, no-network, off",
                    text);
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

static enum tend_code set_memory(struct options *options, const char *text, struct error *err)
{
    if (!parse_size(text, &options->bounds.memory_bytes) ||
        options->bounds.memory_bytes < RUNNER_MEMORY_MIN) {
        return FAIL(err, TEND_INVALID,
                    "--runner-memory: \"%s\" is no size from %uMi on; expected one such as 512Mi",
                    text, RUNNER_MEMORY_MIN / MIB);
    }
    return TEND_OK;
}

static enum tend_code set_files(struct options *options, const char *text, struct error *err)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < RUNNER_FILES_MIN ||
        number > UINT16_MAX) {
        return FAIL(err, TEND_INVALID, "--runner-files: \"%s\" is no number from %u to %u", text,
                    RUNNER_FILES_MIN, UINT16_MAX);
    }
    options->bounds.open_files = (uint32_t)number;
    return TEND_OK;
}

static enum tend_code set_run_time(struct options *options, const char *text, struct error *err)
{
    TRY(set_duration(&options->bounds.run_ms, "run-time", text, err));
    return options->bounds.run_ms > 0
               ? TEND_OK
               : FAIL(err, TEND_INVALID, "--run-time: a reconcile needs some time");
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
    return FAIL(err, TEND_INVALID, "--log-level: \"%s\" is none of error, warn, info, debug", text);
}

static enum tend_code set_format(struct options *options, const char *text, struct error *err)
{
    if (strcmp(text, "text") == 0) {
        options->log_format = LOG_FORMAT_TEXT;
    } else if (strcmp(text, "colour") == 0 || strcmp(text, "color") == 0) {
        options->log_format = LOG_FORMAT_COLOUR;
    } else {
        return FAIL(err, TEND_INVALID, "--log-format: \"%s\" is neither text nor colour", text);
    }
    return TEND_OK;
}

static enum tend_code take_flag(struct options *options, int flag, char **argv, struct error *err)
{
    switch (flag) {
    case FLAG_MANIFESTS:
        return add_folder(&options->manifests, "manifests", optarg, err);
    case FLAG_PLUGINS:
        return add_folder(&options->plugins, "plugins", optarg, err);
    case FLAG_SCRIPTS:
        return add_folder(&options->scripts, "scripts", optarg, err);
    case FLAG_DATA:
        return set_path(&options->data, optarg, err);
    case FLAG_SOCKET:
        return set_path(&options->socket, optarg, err);
    case FLAG_WATCH_INTERVAL:
        return set_duration(&options->watch_interval_ms, "watch-interval", optarg, err);
    case FLAG_RESYNC:
        return set_duration(&options->resync_ms, "resync", optarg, err);
    case FLAG_FOR:
        return set_duration(&options->run_for_ms, "for", optarg, err);
    case FLAG_CONFINE:
        return set_confinement(options, optarg, err);
    case FLAG_RUNNER_MEMORY:
        return set_memory(options, optarg, err);
    case FLAG_RUNNER_FILES:
        return set_files(options, optarg, err);
    case FLAG_RUN_TIME:
        return set_run_time(options, optarg, err);
    case FLAG_LOG_LEVEL:
        return set_level(&options->log_level, optarg, err);
    case FLAG_LOG_FORMAT:
        return set_format(options, optarg, err);
    case 'h':
        options->wish = WISH_HELP;
        return TEND_OK;
    case ':':
        return FAIL(err, TEND_INVALID, "%s needs a value", argv[optind - 1]);
    default:
        return FAIL(err, TEND_INVALID, "unknown flag %s", argv[optind - 1]);
    }
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
    optind = 0; /* start anew, whatever was read before */
    for (int flag; (flag = getopt_long(argc, argv, "+:h", flags, NULL)) != -1;) {
        TRY(take_flag(options, flag, argv, err));
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

static void free_folders(struct folder_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
    }
}

void options_done(struct options *options)
{
    free_folders(&options->manifests);
    free_folders(&options->plugins);
    free_folders(&options->scripts);
    free(options->data);
    free(options->socket);
    *options = (struct options){0};
}
