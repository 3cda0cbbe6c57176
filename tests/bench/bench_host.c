/* The real host, seen from outside: how fast it is there, what it costs at rest, and how long a change
 * takes to its end.
 *
 *     bench.host start TEND FOLDER PLUGINS     cold starts, empty store; with and without a plugin
 *     bench.host open TEND DATA                cold starts on a store that is there
 *     bench.host idle TEND FOLDER PLUGINS      memory and wake-ups at rest, with one runner
 *     bench.host life TEND FOLDER PLUGINS      create -> controller in a runner -> status durable
 *     bench.host drop TEND FOLDER PLUGINS      a new build in the folder of a running host -> it serves
 *     bench.host crowd TEND FOLDER             1 000 watchers, one change
 *
 * PLUGINS is a folder with echo.so and nothing else.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/figure.h"
#include "bench/hosted.h"
#include "bench/lanes.h"
#include "cli/client.h"

enum {
    STARTS = 9,
    IDLE_OBJECTS = 100,
    IDLE_MS = 10000,
    CALM_MS = 3000, /* until what a start leaves to do is done */
    LIVES = 400,
    WARM_UP = 5000,
    DROPS = 11,
    DROP_PAUSE_MS = 1200, /* what is told of a controller is told once a second */
    CROWD = 1000,
    CHANGES = 25,
    HEARD_MAX = 4096
};

#define ECHOES     "/apis/bench.tend.dev/v1/namespaces/default/echoes"
#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

/* Let time pass, for a measurement that is a length of time. */
static void pass(int ms)
{
    poll(NULL, 0, ms);
}

/* --- requests ---------------------------------------------------------------------------------- */

static void post(struct client *client, const char *target, struct text body)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    struct client_request request = {.method = "POST",
                                     .target = text_of(target),
                                     .content_type = "application/json",
                                     .body = body};
    reply_init(&reply);
    figure_must(client_call(client, &request, &reply, &err) == TEND_OK, err.message);
    figure_must(reply.status == 201, "a create was refused");
}

static void post_echo(struct client *client, int index)
{
    char padding[601];
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(4096);
    memset(padding, 'x', sizeof padding - 1);
    padding[sizeof padding - 1] = '\0';
    buffer_format(&body,
                  "{\"apiVersion\":\"bench.tend.dev/v1\",\"kind\":\"Echo\",\"metadata\":{\"name\":"
                  "\"echo-%06d\"},\"spec\":{\"number\":%d,\"padding\":\"%s\"}}",
                  index, index, padding);
    post(client, ECHOES, buffer_view(&body));
}

/* --- start ------------------------------------------------------------------------------------- */

static void start_once(const struct hosted_options *options, struct series *times)
{
    struct hosted host;
    hosted_start(&host, options);
    series_add(times, host.ready_ms);
    hosted_stop(&host);
}

/* In turns, so that a machine whose mood changes treats the four alike: the first start of a store and
 * the second one, without a plugin and with it. */
static void start(const char *program, const char *folder, const char *plugins)
{
    struct series first = {.count = 0}, again = {.count = 0};
    struct series plugin_first = {.count = 0}, plugin = {.count = 0};
    for (int i = 0; i < STARTS; i++) {
        char plain[300], plugged[300];
        snprintf(plain, sizeof plain, "%s/plain-%d", folder, i);
        snprintf(plugged, sizeof plugged, "%s/plugged-%d", folder, i);
        struct hosted_options without = {.program = program, .data = plain};
        struct hosted_options with = {.program = program, .data = plugged, .plugins = plugins};
        start_once(&without, &first);
        start_once(&with, &plugin_first);
        start_once(&without, &again);
        start_once(&with, &plugin);
    }
    figure_print("start_new_ms", series_at(&first, 0.5));
    figure_print("start_plugin_first_ms", series_at(&plugin_first, 0.5));
    figure_print("start_empty_ms", series_at(&again, 0.5));
    figure_print("start_plugin_ms", series_at(&plugin, 0.5));
}

static void open_full(const char *program, const char *data)
{
    struct series times = {.count = 0};
    for (int i = 0; i < STARTS; i++) {
        start_once(&(struct hosted_options){.program = program, .data = data}, &times);
    }
    figure_print("start_full_ms", series_at(&times, 0.5));
}

/* --- rest -------------------------------------------------------------------------------------- */

static void print_memory(pid_t pid, const char *rss, const char *pss)
{
    struct process_memory memory = process_memory(pid);
    figure_print(rss, memory.rss_mib);
    figure_print(pss, memory.pss_mib);
}

static void idle(const char *program, const char *folder, const char *plugins)
{
    char data[300];
    struct hosted host;
    struct client client;
    snprintf(data, sizeof data, "%s/idle", folder);
    hosted_start(&host,
                 &(struct hosted_options){.program = program, .data = data, .plugins = plugins});
    pid_t runner = hosted_runner(&host);
    pass(CALM_MS);
    print_memory(host.pid, "idle_core_rss_mib", "idle_core_pss_mib");
    print_memory(runner, "idle_runner_rss_mib", "idle_runner_pss_mib");
    client_init(&client, host.socket);
    for (int i = 0; i < IDLE_OBJECTS; i++) {
        post_echo(&client, i);
    }
    client_done(&client);
    pass(CALM_MS);
    double core = process_wakeups(host.pid), other = process_wakeups(runner);
    pass(IDLE_MS);
    figure_print("idle_core_wakeups", (process_wakeups(host.pid) - core) * 1e3 / IDLE_MS);
    figure_print("idle_runner_wakeups", (process_wakeups(runner) - other) * 1e3 / IDLE_MS);
    hosted_stop(&host);
}

/* --- one change, to its end -------------------------------------------------------------------- */

/* Read the watch until echo `index` has the status that its controller gives it. */
static void wait_for_status(struct client *watch, struct reply *reply, int index)
{
    struct error err = ERROR_INIT;
    char name[32], status[48];
    struct text line;
    snprintf(name, sizeof name, "\"echo-%06d\"", index);
    snprintf(status, sizeof status, "\"status\":{\"number\":%d}", index);
    do {
        figure_must(client_next_line(watch, reply, &line, &err) == TEND_OK && line.len > 0,
                    "the watch ended");
    } while (memmem(line.ptr, line.len, name, strlen(name)) == NULL ||
             memmem(line.ptr, line.len, status, strlen(status)) == NULL);
}

static void write_config_map(const struct lanes_job *job, int index, struct buffer *out)
{
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(8192);
    lanes_config_map(&body, job->prefix, index, 'x');
    lanes_request(out, "POST", CONFIGMAPS, buffer_view(&body));
}

/* Write until SQLite's log has been full and is written over, as that of a host that has been up for a
 * while: a file that grows makes each commit dearer. */
static void warm_up(const struct hosted *host)
{
    lanes_run(&(struct lanes_job){.socket = host->socket,
                                  .count = WARM_UP,
                                  .write = write_config_map,
                                  .prefix = "warm",
                                  .status = 201});
}

static void measure_lives(const struct hosted *host)
{
    struct series acknowledged = {.count = 0}, done = {.count = 0};
    struct client writer, watch;
    struct reply reply;
    struct error err = ERROR_INIT;
    client_init(&writer, host->socket);
    client_init(&watch, host->socket);
    reply_init(&reply);
    struct client_request request = {.method = "GET", .target = TEXT(ECHOES "?watch=1")};
    figure_must(client_open_stream(&watch, &request, &reply, &err) == TEND_OK, err.message);
    for (int i = 0; i < LIVES; i++) {
        double began = figure_clock_ms();
        post_echo(&writer, i);
        series_add(&acknowledged, figure_clock_ms() - began);
        wait_for_status(&watch, &reply, i);
        series_add(&done, figure_clock_ms() - began);
    }
    figure_print("create_ms", series_at(&acknowledged, 0.5));
    figure_print("life_ms", series_at(&done, 0.5));
    figure_print("life_best_ms", series_at(&done, 0.05));
    figure_print("life_p99_ms", series_at(&done, 0.99));
    reply_done(&reply);
    client_done(&watch);
    client_done(&writer);
}

static void life(const char *program, const char *folder, const char *plugins)
{
    char data[300];
    struct hosted host;
    snprintf(data, sizeof data, "%s/life", folder);
    hosted_start(&host,
                 &(struct hosted_options){.program = program, .data = data, .plugins = plugins});
    warm_up(&host);
    measure_lives(&host);
    hosted_stop(&host);
}

/* --- a crowd of watchers ----------------------------------------------------------------------- */

struct watcher {
    int fd;
    size_t len;
    char heard[HEARD_MAX]; /* since the last change */
};

static struct watcher *open_watcher(const char *socket_path, int poller)
{
    static const char request[] = "GET " CONFIGMAPS "?watch=1 HTTP/1.1\r\nHost: tend\r\n\r\n";
    struct watcher *watcher = alloc_new(sizeof *watcher);
    watcher->fd = lanes_connect(socket_path);
    figure_must(send(watcher->fd, request, sizeof request - 1, MSG_NOSIGNAL) ==
                    (ssize_t)sizeof request - 1,
                "send");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watcher};
    figure_must(epoll_ctl(poller, EPOLL_CTL_ADD, watcher->fd, &event) == 0, "epoll");
    return watcher;
}

/* Take what came; true when `word` has just been heard. */
static bool hear(struct watcher *watcher, const char *word)
{
    size_t room = sizeof watcher->heard - watcher->len;
    ssize_t got = recv(watcher->fd, watcher->heard + watcher->len, room, 0);
    figure_must(got > 0, "a watch ended");
    watcher->len += (size_t)got;
    bool found = memmem(watcher->heard, watcher->len, word, strlen(word)) != NULL;
    watcher->len = found ? 0 : watcher->len;
    return found;
}

static void hear_all(int poller, const char *word)
{
    struct epoll_event events[256];
    for (int left = CROWD; left > 0;) {
        int count = epoll_wait(poller, events, 256, 30000);
        figure_must(count > 0, "not every watcher heard of it");
        for (int i = 0; i < count; i++) {
            left -= hear(events[i].data.ptr, word);
        }
    }
}

/* Make a change; how long until its answer, and returns how long until everybody has heard of it. */
static double change_ms(struct client *writer, int poller, int index, double *ret_answer_ms)
{
    char word[32];
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(4096);
    snprintf(word, sizeof word, "\"crowd-%06d\"", index);
    buffer_format(
        &body, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":%s}}", word);
    double began = figure_clock_ms();
    post(writer, CONFIGMAPS, buffer_view(&body));
    *ret_answer_ms = figure_clock_ms() - began;
    hear_all(poller, word);
    return figure_clock_ms() - began;
}

static void crowd(const char *program, const char *folder)
{
    char data[300];
    struct hosted host;
    struct client writer;
    struct series times = {.count = 0}, answers = {.count = 0};
    double answer_ms;
    struct watcher *watchers[CROWD];
    struct rlimit files = {4096, 4096};
    figure_must(setrlimit(RLIMIT_NOFILE, &files) == 0, "1 000 connections need more descriptors");
    snprintf(data, sizeof data, "%s/crowd", folder);
    hosted_start(&host, &(struct hosted_options){.program = program, .data = data});
    int poller = epoll_create1(EPOLL_CLOEXEC);
    double before = process_memory(host.pid).rss_mib;
    for (int i = 0; i < CROWD; i++) {
        watchers[i] = open_watcher(host.socket, poller);
    }
    client_init(&writer, host.socket);
    change_ms(&writer, poller, 0, &answer_ms); /* everybody is there after it */
    for (int i = 1; i <= CHANGES; i++) {
        series_add(&times, change_ms(&writer, poller, i, &answer_ms));
        series_add(&answers, answer_ms);
    }
    figure_print("crowd_ms", series_at(&times, 0.5));
    figure_print("crowd_answer_ms", series_at(&answers, 0.5));
    figure_print("watcher_kib", (process_memory(host.pid).rss_mib - before) * 1024 / CROWD);
    client_done(&writer);
    for (int i = 0; i < CROWD; i++) {
        close(watchers[i]->fd);
        free(watchers[i]);
    }
    close(poller);
    hosted_stop(&host);
}

/* --- a new build ------------------------------------------------------------------------------- */

/* Another build of the plugin: the same, and one byte more behind its end. */
static void build(const char *from, const char *to, int index)
{
    FILE *source = fopen(from, "rb"), *target = fopen(to, "wb");
    figure_must(source != NULL && target != NULL, "the plugin cannot be copied");
    for (int byte; (byte = fgetc(source)) != EOF;) {
        fputc(byte, target);
    }
    fputc('a' + index, target);
    fclose(source);
    figure_must(fclose(target) == 0, "the plugin cannot be copied");
}

/* Read the watch until a controller serves another content than `hash`. */
static void wait_for_content(struct client *watch, struct reply *reply, char hash[65])
{
    struct error err = ERROR_INIT;
    struct text line;
    const char *found = NULL;
    do {
        figure_must(client_next_line(watch, reply, &line, &err) == TEND_OK && line.len > 0,
                    "the watch ended");
        const char *at = memmem(line.ptr, line.len, "\"hash\":\"", 8);
        found = at != NULL && memcmp(at + 8, hash, 64) != 0 ? at + 8 : NULL;
    } while (found == NULL);
    memcpy(hash, found, 64);
}

static void drop(const char *program, const char *folder, const char *plugins)
{
    char data[300], place[300], from[300], beside[300], file[320], hash[65] = "";
    struct series times = {.count = 0};
    struct hosted host;
    struct client watch;
    struct reply reply;
    struct error err = ERROR_INIT;
    snprintf(data, sizeof data, "%s/drop", folder);
    snprintf(place, sizeof place, "%s/dropped", folder);
    snprintf(from, sizeof from, "%s/echo.so", plugins);
    snprintf(beside, sizeof beside, "%s/beside.so", folder);
    snprintf(file, sizeof file, "%s/echo.so", place);
    figure_must(mkdir(place, 0700) == 0, "the folder cannot be made");
    hosted_start(&host,
                 &(struct hosted_options){.program = program, .data = data, .plugins = place});
    client_init(&watch, host.socket);
    reply_init(&reply);
    struct client_request request = {.method = "GET",
                                     .target = TEXT("/apis/tend.dev/v1/controllers?watch=1")};
    figure_must(client_open_stream(&watch, &request, &reply, &err) == TEND_OK, err.message);
    for (int i = 0; i < DROPS; i++) {
        build(from, beside, i);
        double began = figure_clock_ms();
        figure_must(rename(beside, file) == 0, "the plugin cannot be moved");
        wait_for_content(&watch, &reply, hash);
        if (i > 0) { /* the first one claims its kind */
            series_add(&times, figure_clock_ms() - began);
        }
        pass(DROP_PAUSE_MS);
    }
    figure_print("drop_ms", series_at(&times, 0.5));
    reply_done(&reply);
    client_done(&watch);
    hosted_stop(&host);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "start") == 0) {
        start(argv[2], argv[3], argv[4]);
    } else if (argc == 4 && strcmp(argv[1], "open") == 0) {
        open_full(argv[2], argv[3]);
    } else if (argc == 5 && strcmp(argv[1], "idle") == 0) {
        idle(argv[2], argv[3], argv[4]);
    } else if (argc == 5 && strcmp(argv[1], "life") == 0) {
        life(argv[2], argv[3], argv[4]);
    } else if (argc == 5 && strcmp(argv[1], "drop") == 0) {
        drop(argv[2], argv[3], argv[4]);
    } else if (argc == 4 && strcmp(argv[1], "crowd") == 0) {
        crowd(argv[2], argv[3]);
    } else {
        fprintf(stderr,
                "usage: bench.host start|open|idle|life|drop|crowd TEND FOLDER [PLUGINS]\n");
        return 2;
    }
    return 0;
}
