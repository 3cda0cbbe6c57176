/* How a host comes up: the store first, because everything stands on it; then the plugins, so that the
 * machines of their kinds are in force; then the socket. When it serves, and every plugin found at start
 * is live, refused or half there, one line says that it is ready, and only then are manifests applied: whoever reads
 * the log sees the life of the objects after that line. It goes down in the reverse order, after the
 * jobs that are under way are done.
 */
#include "host/host.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/server.h"
#include "api/service.h"
#include "base/limits.h"
#include "base/moment.h"
#include "base/paths.h"
#include "controller/report.h"
#include "effect/outside.h"
#include "engine/confine.h"
#include "host/assembly.h"
#include "host/options.h"
#include "host/plugins.h"
#include "host/socket.h"
#include "host/tenants.h"
#include "host/vitals.h"
#include "host/world_uv.h"
#include "manifest/manifest.h"
#include "runner/runner_maker.h"
#include "store/backends/sqlite.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct host {
    struct options options;
    struct log log;
    struct world_uv *uv;
    struct metrics *metrics; /* what the rooms count */
    struct vitals vitals;
    struct outside *outside; /* who does what controllers ask for */
    struct assembly rooms;
    struct host_socket socket;
    struct service *service;
    struct server *server;
    char runner[PATH_MAX], keeper[PATH_MAX]; /* tend-runner, tend-keeper */
    char kept[PATH_MAX];                     /* the folder of programs that outlive the host */
    struct runner_maker maker;
    struct tenants tenants;      /* plugins that are inline */
    char inline_notes[PATH_MAX]; /* the folder of what they did to earlier hosts */
    struct plugins *plugins;
    struct manifests *manifests;
    struct signal_watch signals[2]; /* SIGTERM, SIGINT */
    struct alarm time_over;         /* --for */
    struct task last_words;         /* what is told of controllers is on its way to the store */
    struct task finished;           /* the store has nothing under way any more */
    struct task plugins_closed;
    int exit_code;
};

static struct world *world_of(const struct host *host)
{
    return world_uv_world(host->uv);
}

/* --- log --------------------------------------------------------------------------------------- */

static int64_t log_clock(void *clock)
{
    return world_wall_ms(clock);
}

static void start_log(struct host *host)
{
    bool colour = host->options.log_format == LOG_FORMAT_COLOUR;
    if (host->options.log_format == LOG_FORMAT_AUTO) {
        colour = isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL;
    }
    host->log = (struct log){.level = host->options.log_level,
                             .style = colour ? LOG_COLOUR : LOG_PLAIN,
                             .fd = STDERR_FILENO};
}

/* --- the end ----------------------------------------------------------------------------------- */

static void on_plugins_closed(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct host, plugins_closed)->uv);
}

static void on_finished(struct task *task)
{
    struct host *host = CONTAINER_OF(task, struct host, finished);
    struct plugins *plugins = host->plugins;
    host->plugins = NULL;
    host->plugins_closed.run = on_plugins_closed;
    host->tenants.leaving = true;
    plugins_close(world_of(host), plugins, &host->plugins_closed);
}

static void on_last_words(struct task *task)
{
    struct host *host = CONTAINER_OF(task, struct host, last_words);
    store_finish(host->rooms.store, &host->finished);
}

/* What is under way becomes durable and is answered, and what is known of controllers is written; what
 * comes now is told that it is over. */
static void end(struct host *host)
{
    if (host->finished.run != NULL) {
        log_warn(&host->log, LOG_NONE, "ending at once, as asked twice");
        _exit(EXIT_REFUSED);
    }
    world_alarm_clear(world_of(host), &host->time_over);
    host->finished.run = on_finished;
    host->last_words.run = on_last_words;
    report_flush(host->rooms.loop);
    world_soon(world_of(host), &host->last_words);
}

static void on_signal(struct signal_watch *watch)
{
    size_t index = watch->number == SIGTERM ? 0 : 1;
    struct host *host = CONTAINER_OF(watch - index, struct host, signals[0]);
    log_info(&host->log, LOG_NONE, "ending: received %s", strsignal(watch->number));
    end(host);
}

static void on_time_over(struct alarm *alarm)
{
    struct host *host = CONTAINER_OF(alarm, struct host, time_over);
    log_info(&host->log, LOG_NONE, "ending: the time that --for gave is over");
    end(host);
}

/* Nobody knows whether the last commit is on the disk: nothing more may be said to anybody. */
static void on_fatal(void *owner, const struct error *err)
{
    struct host *host = owner;
    log_error(&host->log, LOG_FIELDS({"data", host->options.data}),
              "stopping at once: %s; start again to recover", err->message);
    crash_notes_end(&host->tenants.notes);
    _exit(EXIT_REFUSED);
}

static void on_space(void *owner, enum store_state state)
{
    struct host *host = owner;
    const struct log_field fields[] = {{"data", host->options.data}, {NULL, NULL}};
    switch (state) {
    case STORE_FULL:
        log_error(&host->log, fields,
                  "no space is left for data: writes are refused, reads and deletes go on");
        return;
    case STORE_READY:
        log_info(&host->log, fields, "there is space again: writes go on");
        return;
    }
}

/* --- coming up --------------------------------------------------------------------------------- */

/* What kills a process by default and must not kill this one. */
static void prepare_process(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk, not a death */
    umask(077);
}

/* More descriptors than a shell gives: clients and runners need some each. */
static enum tend_code raise_files(struct error *err)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return FAIL(err, TEND_IO, "cannot tell how many files may be open: %s", strerror(errno));
    }
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_max >= HOST_FILES_MIN
               ? TEND_OK
               : FAIL(
                     err, TEND_LIMIT,
                     "no more than %ju files may be open here, and a host needs %u: raise the hard "
                     "limit (`ulimit -Hn`, or LimitNOFILE= of its service)",
                     (uintmax_t)files.rlim_max, HOST_FILES_MIN);
}

/* tend-runner and tend-keeper stand beside the program that runs now. */
static enum tend_code find_beside(const char *name, char path[PATH_MAX], struct error *err)
{
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (len <= 0) {
        return FAIL(err, TEND_IO, "cannot tell where this program is: %s", strerror(errno));
    }
    path[len] = '\0';
    size_t folder = (size_t)(strrchr(path, '/') + 1 - path);
    snprintf(path + folder, PATH_MAX - folder, "%s", name);
    if (access(path, X_OK) != 0) {
        return FAIL(err, TEND_IO, "%s: %s (it belongs beside tend)", path, strerror(errno));
    }
    return TEND_OK;
}

static enum tend_code open_outside(struct host *host, struct error *err)
{
    TRY(find_beside("tend-keeper", host->keeper, err));
    snprintf(host->kept, sizeof host->kept, "%s/effects", host->options.data);
    TRY(paths_make_private(host->kept, err));
    host->outside = outside_new(world_of(host), host->kept, host->keeper);
    return TEND_OK;
}

static enum tend_code open_store(struct host *host, struct error *err)
{
    TRY(paths_make_private(host->options.data, err));
    TRY(open_outside(host, err)); /* what follows takes the backend with it, or leaves none */
    struct backend *backend;
    struct sqlite_options sqlite = {.directory = host->options.data};
    TRY(sqlite_backend_open(&sqlite, &backend, err));
    struct store_options store = {
        .fatal = on_fatal, .space = on_space, .owner = host, .metrics = host->metrics};
    struct loop_options loop = {.executor = outside_executor(host->outside),
                                .resync_ms = host->options.resync_ms,
                                .watch_interval_ms = host->options.watch_interval_ms,
                                .metrics = host->metrics};
    return assembly_open(&host->rooms, world_of(host), backend, &store, &loop, err);
}

static enum tend_code open_service(struct host *host, struct error *err)
{
    TRY(host_socket_open(&host->socket, host->options.socket, err));
    struct service_rooms rooms = {world_of(host), host->rooms.store, host->rooms.watch,
                                  host->rooms.gate, host->metrics};
    host->service = service_new(&rooms);
    TRY(server_open(world_of(host), host->service, host->socket.fd, &host->server, err));
    host->socket.fd = -1; /* the server's now */
    return TEND_OK;
}

static enum tend_code open_manifests(struct host *host, struct error *err)
{
    struct manifests_options options = {
        .world = world_of(host),
        .store = host->rooms.store,
        .gate = host->rooms.gate,
        .watch = host->rooms.watch,
        .folders = (const char *const *)host->options.manifests.paths,
        .folder_count = host->options.manifests.count,
    };
    return manifests_open(&options, &host->manifests, err);
}

/* Every file found at start is live, waits or is refused: it can be said that the host serves. */
static void on_plugins_settled(void *owner, struct plugins_summary summary)
{
    struct host *host = owner;
    struct error err = ERROR_INIT;
    char waiting[32] = "", disabled[32] = "";
    if (summary.waiting > 0) {
        snprintf(waiting, sizeof waiting, "%zu waiting, ", summary.waiting);
    }
    if (summary.disabled > 0) {
        snprintf(disabled, sizeof disabled, ", %zu disabled", summary.disabled);
    }
    service_set_ready(host->service);
    printf("tend is ready: serving %s (controllers: %zu live, %s%zu refused%s)\n",
           host->options.socket, summary.live, waiting, summary.refused, disabled);
    fflush(stdout);
    if (open_manifests(host, &err) != TEND_OK) {
        log_error(&host->log, LOG_NONE, "%s", err.message);
        host->exit_code = EXIT_REFUSED;
        end(host);
    }
}

/* The kernel that the runners have is ours. */
static void tell_confinement(const struct host *host)
{
    struct confine_means kernel = confine_means();
    if (host->options.bounds.confinement == CONFINEMENT_OFF) {
        log_info(&host->log, LOG_NONE, "runners are not confined, as --confine off asks");
    } else if (kernel.seccomp && kernel.landlock > 0) {
        log_debug(&host->log, LOG_NONE, "runners are confined by seccomp and Landlock (version %d)",
                  kernel.landlock);
    } else if (kernel.seccomp) {
        log_info(&host->log, LOG_NONE,
                 "runners are confined by seccomp, not by Landlock: the kernel has none; they can "
                 "read files");
    } else {
        log_info(&host->log, LOG_NONE, "runners are not confined%s: the kernel has no seccomp",
                 kernel.landlock > 0 ? " but by Landlock" : "");
    }
}

static enum tend_code open_plugins(struct host *host, struct error *err)
{
    struct plugins_folder folders[2 * OPTION_FOLDERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < host->options.plugins.count; i++) {
        folders[count++] =
            (struct plugins_folder){.path = host->options.plugins.paths[i], HOLDS_PLUGINS};
    }
    for (size_t i = 0; i < host->options.scripts.count; i++) {
        folders[count++] =
            (struct plugins_folder){.path = host->options.scripts.paths[i], HOLDS_SCRIPTS};
    }
    if (count > 0) {
        TRY(find_beside("tend-runner", host->runner, err));
        tell_confinement(host);
    }
    runner_maker_init(&host->maker, world_of(host), host->runner, host->metrics);
    snprintf(host->inline_notes, sizeof host->inline_notes, "%s/inline", host->options.data);
    tenants_init(&host->tenants, world_of(host), host->inline_notes);
    host->maker.take_in = tenants_take_in;
    host->maker.forgive = tenants_forgive;
    host->maker.house = &host->tenants;
    struct plugins_options options = {
        .world = world_of(host),
        .store = host->rooms.store,
        .watch = host->rooms.watch,
        .gate = host->rooms.gate,
        .loop = host->rooms.loop,
        .maker = &host->maker.maker,
        .configuration = &host->options.configuration,
        .bounds = &host->options.bounds,
        .data = host->options.data,
        .folders = folders,
        .folder_count = count,
        .settled = on_plugins_settled,
        .owner = host,
    };
    return plugins_open(&options, &host->plugins, err);
}

static enum tend_code watch_signals(struct host *host, struct error *err)
{
    host->signals[0] = (struct signal_watch){.number = SIGTERM, .raised = on_signal};
    host->signals[1] = (struct signal_watch){.number = SIGINT, .raised = on_signal};
    TRY(world_uv_watch_signal(host->uv, &host->signals[0], err));
    return world_uv_watch_signal(host->uv, &host->signals[1], err);
}

static enum tend_code come_up(struct host *host, struct error *err)
{
    TRY(raise_files(err));
    TRY(world_uv_new(&host->log, &host->uv, err));
    host->log.clock = world_of(host);
    host->log.now_ms = log_clock;
    TRY(watch_signals(host, err));
    host->metrics = metrics_new();
    vitals_open(&host->vitals, host->metrics, world_wall_ms(world_of(host)));
    TRY(open_store(host, err));
    TRY(open_service(host, err));
    TRY(open_plugins(host, err));
    if (host->options.run_for_ms > 0) {
        host->time_over.fire = on_time_over;
        world_alarm_set(world_of(host), &host->time_over,
                        world_ticks_ms(world_of(host)) + host->options.run_for_ms);
    }
    return TEND_OK;
}

/* Code that runs still must not see the process being taken down around it. All that is to be durable is. */
static void leave_threads(const struct host *host)
{
    size_t left = world_uv_threads(host->uv);
    for (const struct crash_desk *desk = host->tenants.left; desk != NULL; desk = desk->next) {
        left++;
    }
    if (left > 0) {
        log_warn(&host->log, LOG_NONE, "ending with %zu inline plugins of which threads do not end",
                 left);
        fflush(NULL);
        _exit(host->exit_code);
    }
}

static void go_down(struct host *host)
{
    if (host->uv == NULL) {
        return;
    }
    world_alarm_clear(world_of(host), &host->time_over);
    server_close(host->server);
    world_uv_drain(host->uv);
    manifests_close(host->manifests);
    service_free(host->service);
    world_uv_drain(host->uv);
    assembly_close(
        &host->rooms); /* what is under way outside is cancelled, or left to its keeper */
    outside_free(host->outside);
    host_socket_close(&host->socket);
    world_uv_forget_signal(&host->signals[0]);
    world_uv_forget_signal(&host->signals[1]);
    crash_notes_end(&host->tenants.notes);
    leave_threads(host);
    tenants_done(&host->tenants);
    host->log.now_ms = NULL;
    vitals_close(&host->vitals);
    metrics_free(host->metrics);
    world_uv_free(host->uv);
}

int host_main(int argc, char **argv)
{
    struct host host = {.socket = {.fd = -1, .lock_fd = -1}};
    struct error err = ERROR_INIT;
    if (options_read(argc, argv, &host.options, &err) != TEND_OK) {
        fprintf(stderr, "tend run: %s\nSee `tend run --help`.\n", err.message);
        return EXIT_USAGE;
    }
    if (host.options.wish == WISH_HELP) {
        fputs(options_help, stdout);
        options_done(&host.options);
        return 0;
    }
    prepare_process();
    start_log(&host);
    if (come_up(&host, &err) == TEND_OK) {
        world_uv_run(host.uv);
    } else {
        log_error(&host.log, LOG_NONE, "cannot start: %s", err.message);
        host.exit_code = EXIT_REFUSED;
        if (host.rooms.store != NULL) { /* what it has under way is finished first */
            end(&host);
            world_uv_run(host.uv);
        }
    }
    go_down(&host);
    options_done(&host.options);
    return host.exit_code;
}
