/* The real host, seen from outside: how fast it is there, what it costs at rest, and how long a change
 * takes to its end.
 *
 *     bench.host start TEND FOLDER ECHO     cold starts, empty store; with and without a controller
 *     bench.host open TEND DATA             cold starts on a store that is there
 *     bench.host idle TEND FOLDER ECHO      memory and wake-ups at rest, with one runner
 *     bench.host life TEND FOLDER ECHO      create -> controller in a runner -> status durable
 *     bench.host drop TEND FOLDER ECHO      a new build in the folder of a running host -> it serves
 *     bench.host crowd TEND FOLDER          1 000 watchers, one change
 *     bench.host wait TEND FOLDER WAIT      10 000 reconciles that wait, for a time and for a server
 *
 * ECHO is a folder with echo.so or echo.lua and nothing else, WAIT one with wait.lua. One more argument
 * goes before the names of the figures.
 */
#include <arpa/inet.h>
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
    CALM_MS = 7000, /* until what a start leaves to do is done, and runs are counted */
    LIVES = 400,
    WARM_UP = 5000,
    DROPS = 11,
    DROP_PAUSE_MS = 1200, /* what is told of a controller is told once a second */
    CROWD = 1000,
    CHANGES = 25,
    WAITERS = 10000,
    HEARD_MAX = 4096
};

struct bench {
    const char *program, *folder, *controllers;
    const char *prefix; /* of the names of figures */
};

#define ECHOES       "/apis/bench.tend.dev/v1/namespaces/default/echoes"
#define WAITERS_PATH "/apis/bench.tend.dev/v1/namespaces/default/waiters"
#define CONFIGMAPS   "/api/v1/namespaces/default/configmaps"

static void print(const struct bench *bench, const char *name, double value)
{
    char key[96];
    snprintf(key, sizeof key, "%s%s", bench->prefix, name);
    figure_print(key, value);
}

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
static void start(const struct bench *bench)
{
    struct series first = {.count = 0}, again = {.count = 0};
    struct series plugin_first = {.count = 0}, plugin = {.count = 0};
    for (int i = 0; i < STARTS; i++) {
        char plain[300], plugged[300];
        snprintf(plain, sizeof plain, "%s/plain-%d", bench->folder, i);
        snprintf(plugged, sizeof plugged, "%s/plugged-%d", bench->folder, i);
        struct hosted_options without = {.program = bench->program, .data = plain};
        struct hosted_options with = {
            .program = bench->program, .data = plugged, .controllers = bench->controllers};
        start_once(&without, &first);
        start_once(&with, &plugin_first);
        start_once(&without, &again);
        start_once(&with, &plugin);
    }
    print(bench, "start_new_ms", series_at(&first, 0.5));
    print(bench, "start_plugin_first_ms", series_at(&plugin_first, 0.5));
    print(bench, "start_empty_ms", series_at(&again, 0.5));
    print(bench, "start_plugin_ms", series_at(&plugin, 0.5));
}

static void open_full(const struct bench *bench)
{
    struct series times = {.count = 0};
    for (int i = 0; i < STARTS; i++) {
        start_once(&(struct hosted_options){.program = bench->program, .data = bench->folder},
                   &times);
    }
    print(bench, "start_full_ms", series_at(&times, 0.5));
}

/* --- rest -------------------------------------------------------------------------------------- */

static void print_memory(const struct bench *bench, pid_t pid, const char *rss, const char *pss)
{
    struct process_memory memory = process_memory(pid);
    print(bench, rss, memory.rss_mib);
    print(bench, pss, memory.pss_mib);
}

static void idle(const struct bench *bench)
{
    char data[300];
    struct hosted host;
    struct client client;
    snprintf(data, sizeof data, "%s/idle", bench->folder);
    hosted_start(&host, &(struct hosted_options){.program = bench->program,
                                                 .data = data,
                                                 .controllers = bench->controllers});
    pid_t runner = hosted_runner(&host);
    pass(CALM_MS);
    print_memory(bench, host.pid, "idle_core_rss_mib", "idle_core_pss_mib");
    print_memory(bench, runner, "idle_runner_rss_mib", "idle_runner_pss_mib");
    client_init(&client, host.socket);
    for (int i = 0; i < IDLE_OBJECTS; i++) {
        post_echo(&client, i);
    }
    client_done(&client);
    pass(CALM_MS);
    double core = process_wakeups(host.pid), other = process_wakeups(runner);
    pass(IDLE_MS);
    print(bench, "idle_core_wakeups", (process_wakeups(host.pid) - core) * 1e3 / IDLE_MS);
    print(bench, "idle_runner_wakeups", (process_wakeups(runner) - other) * 1e3 / IDLE_MS);
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
    int len = snprintf(status, sizeof status, "\"status\":{\"number\":%d", index);
    const char *found;
    do {
        figure_must(client_next_line(watch, reply, &line, &err) == TEND_OK && line.len > 0,
                    "the watch ended");
        found = memmem(line.ptr, line.len, status, (size_t)len);
    } while (memmem(line.ptr, line.len, name, strlen(name)) == NULL || found == NULL ||
             (found[len] != '}' && found[len] != ',')); /* a script tells observedGeneration too */
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

static void measure_lives(const struct bench *bench, const struct hosted *host)
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
    print(bench, "create_ms", series_at(&acknowledged, 0.5));
    print(bench, "life_ms", series_at(&done, 0.5));
    print(bench, "life_best_ms", series_at(&done, 0.05));
    print(bench, "life_p99_ms", series_at(&done, 0.99));
    reply_done(&reply);
    client_done(&watch);
    client_done(&writer);
}

static void life(const struct bench *bench)
{
    char data[300];
    struct hosted host;
    snprintf(data, sizeof data, "%s/life", bench->folder);
    hosted_start(&host, &(struct hosted_options){.program = bench->program,
                                                 .data = data,
                                                 .controllers = bench->controllers});
    warm_up(&host);
    measure_lives(bench, &host);
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

static void crowd(const struct bench *bench)
{
    char data[300];
    struct hosted host;
    struct client writer;
    struct series times = {.count = 0}, answers = {.count = 0};
    double answer_ms;
    struct watcher *watchers[CROWD];
    struct rlimit files = {4096, 4096};
    figure_must(setrlimit(RLIMIT_NOFILE, &files) == 0, "1 000 connections need more descriptors");
    snprintf(data, sizeof data, "%s/crowd", bench->folder);
    hosted_start(&host, &(struct hosted_options){.program = bench->program, .data = data});
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
    print(bench, "crowd_ms", series_at(&times, 0.5));
    print(bench, "crowd_answer_ms", series_at(&answers, 0.5));
    print(bench, "watcher_kib", (process_memory(host.pid).rss_mib - before) * 1024 / CROWD);
    client_done(&writer);
    for (int i = 0; i < CROWD; i++) {
        close(watchers[i]->fd);
        free(watchers[i]);
    }
    close(poller);
    hosted_stop(&host);
}

/* --- a new build ------------------------------------------------------------------------------- */

/* Another build: the same, and a byte more behind its end, which is a comment's in a script. */
static void build(const char *from, const char *to, int index)
{
    FILE *source = fopen(from, "rb"), *target = fopen(to, "wb");
    figure_must(source != NULL && target != NULL, "the controller cannot be copied");
    for (int byte; (byte = fgetc(source)) != EOF;) {
        fputc(byte, target);
    }
    fprintf(target, "--%c", 'a' + index);
    fclose(source);
    figure_must(fclose(target) == 0, "the controller cannot be copied");
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

static void drop(const struct bench *bench)
{
    char data[300], place[300], from[300], beside[300], file[320], hash[65] = "";
    struct series times = {.count = 0};
    struct hosted host;
    struct client watch;
    struct reply reply;
    struct error err = ERROR_INIT;
    snprintf(data, sizeof data, "%s/drop", bench->folder);
    snprintf(place, sizeof place, "%s/dropped", bench->folder);
    snprintf(from, sizeof from, "%s/echo.so", bench->controllers);
    const char *name = access(from, R_OK) == 0 ? "echo.so" : "echo.lua";
    snprintf(from, sizeof from, "%s/%s", bench->controllers, name);
    snprintf(beside, sizeof beside, "%s/beside", bench->folder);
    snprintf(file, sizeof file, "%s/%s", place, name);
    figure_must(mkdir(place, 0700) == 0, "the folder cannot be made");
    hosted_start(&host, &(struct hosted_options){
                            .program = bench->program, .data = data, .controllers = place});
    client_init(&watch, host.socket);
    reply_init(&reply);
    struct client_request request = {.method = "GET",
                                     .target = TEXT("/apis/tend.dev/v1/controllers?watch=1")};
    figure_must(client_open_stream(&watch, &request, &reply, &err) == TEND_OK, err.message);
    for (int i = 0; i < DROPS; i++) {
        build(from, beside, i);
        double began = figure_clock_ms();
        figure_must(rename(beside, file) == 0, "the controller cannot be moved");
        wait_for_content(&watch, &reply, hash);
        if (i > 0) { /* the first one claims its kind */
            series_add(&times, figure_clock_ms() - began);
        }
        pass(DROP_PAUSE_MS);
    }
    print(bench, "drop_ms", series_at(&times, 0.5));
    reply_done(&reply);
    client_done(&watch);
    hosted_stop(&host);
}

/* --- many that wait ---------------------------------------------------------------------------- */

/* A server that takes connections and never says a word; its URL. */
static void open_silence(char *url, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    figure_must(bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 4096) == 0, "listen");
    figure_must(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    snprintf(url, size, "http://127.0.0.1:%u/", ntohs(address.sin_port));
}

static void post_waiters(const struct hosted *host, const char *on, const char *url)
{
    struct client client;
    client_init(&client, host->socket);
    for (int i = 0; i < WAITERS; i++) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(4096);
        buffer_format(&body,
                      "{\"apiVersion\":\"bench.tend.dev/v1\",\"kind\":\"Waiter\",\"metadata\":"
                      "{\"name\":\"waiter-%06d\"},\"spec\":{\"on\":\"%s\",\"url\":\"%s\"}}",
                      i, on, url);
        post(&client, WAITERS_PATH, buffer_view(&body));
    }
    client_done(&client);
}

/* Memory of core and runner with so many objects whose reconciles wait for `on`. */
static void wait_for(const struct bench *bench, const char *on, struct process_memory *ret_core,
                     struct process_memory *ret_runner)
{
    char data[300], url[64];
    struct hosted host;
    snprintf(data, sizeof data, "%s/wait-%s", bench->folder, on);
    open_silence(url, sizeof url);
    hosted_start(&host, &(struct hosted_options){.program = bench->program,
                                                 .data = data,
                                                 .controllers = bench->controllers});
    post_waiters(&host, on, url);
    pass(CALM_MS);
    *ret_core = process_memory(host.pid);
    *ret_runner = process_memory(hosted_runner(&host));
    hosted_stop(&host);
}

static void wait_all(const struct bench *bench)
{
    static const char *const waits[] = {"sleep", "http"};
    struct process_memory core, runner, more_core, more_runner;
    char name[64];
    wait_for(bench, "nothing", &core, &runner);
    print(bench, "waiters_core_mib", core.rss_mib);
    print(bench, "waiters_runner_mib", runner.rss_mib);
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        wait_for(bench, waits[i], &more_core, &more_runner);
        snprintf(name, sizeof name, "wait_%s_core_kib", waits[i]);
        print(bench, name, (more_core.rss_mib - core.rss_mib) * 1024 / WAITERS);
        snprintf(name, sizeof name, "wait_%s_runner_kib", waits[i]);
        print(bench, name, (more_runner.rss_mib - runner.rss_mib) * 1024 / WAITERS);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        void (*measure)(const struct bench *bench);
    } modes[] = {{"start", 5, start},  {"open", 4, open_full}, {"idle", 5, idle},
                 {"life", 5, life},    {"drop", 5, drop},      {"crowd", 4, crowd},
                 {"wait", 5, wait_all}};
    for (size_t i = 0; i < COUNT_OF(modes) && argc > 1; i++) {
        bool meant = strcmp(argv[1], modes[i].name) == 0;
        if (meant && (argc == modes[i].arguments || argc == modes[i].arguments + 1)) {
            struct bench bench = {argv[2], argv[3], argc > 4 ? argv[4] : NULL,
                                  argc > 5 ? argv[5] : ""};
            modes[i].measure(&bench);
            return 0;
        }
    }
    fprintf(stderr, "usage: bench.host start|open|idle|life|drop|crowd|wait TEND FOLDER "
                    "[CONTROLLERS [PREFIX]]\n");
    return 2;
}
