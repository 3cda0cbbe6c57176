/* The life of a plugin in the real host, seen from outside: how soon a file serves, how soon a kind is served
 * again whose runner died, and what a runner costs.
 *
 *     bench.plugin live TEND FOLDER STAMPED      a first file, and other builds of it -> an object says so
 *     bench.plugin crash TEND FOLDER STAMPED     a runner dies, from outside and by itself -> the next object
 *     bench.plugin memory TEND FOLDER ECHO [PREFIX]    a runner at rest, and after 10 000 calls
 *
 * STAMPED is stamped.so; ECHO a folder with echo.so or echo.lua and nothing else.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/figure.h"
#include "bench/hosted.h"
#include "bench/lanes.h"
#include "cli/client.h"

enum {
    FIRSTS = 60,
    BUILDS = 100,
    BUILD_PAUSE_MS = 15, /* until who served before has ended */
    CRASHES = 100,
    CALLS = 10000,
    REST_MS = 1500,
    FILE_MAX = 1 << 20
};

#define STAMPS "/apis/bench.tend.dev/v1/namespaces/default/stamps"
#define ECHOES "/apis/bench.tend.dev/v1/namespaces/default/echoes"

struct bench {
    const char *program, *folder, *from, *prefix;
    struct hosted host;
    struct client writer, watch;
    struct reply events;
    char place[400]; /* the folder of plugins */
    char *file;      /* the plugin's bytes */
    size_t size;
    char *stamp; /* in it: ten digits */
};

/* --- files --------------------------------------------------------------------------------------- */

static void read_plugin(struct bench *bench)
{
    static const char mark[] = "stamp:0000000000";
    FILE *source = fopen(bench->from, "rb");
    bench->file = alloc_new(FILE_MAX);
    bench->size = source == NULL ? 0 : fread(bench->file, 1, FILE_MAX, source);
    bench->stamp = memmem(bench->file, bench->size, mark, sizeof mark);
    figure_must(bench->stamp != NULL, bench->from);
    bench->stamp += strlen("stamp:");
    fclose(source);
}

/* Another build in the folder: written beside it and renamed, as a build would; when it came. */
static double drop_build(struct bench *bench, int number)
{
    char beside[500], file[500], digits[16];
    snprintf(beside, sizeof beside, "%s.new", bench->place);
    snprintf(file, sizeof file, "%s/stamped.so", bench->place);
    snprintf(digits, sizeof digits, "%010d", number);
    memcpy(bench->stamp, digits, 10);
    FILE *target = fopen(beside, "wb");
    figure_must(target != NULL && fwrite(bench->file, 1, bench->size, target) == bench->size &&
                    fclose(target) == 0,
                beside);
    double began = figure_clock_ms();
    figure_must(rename(beside, file) == 0, file);
    return began;
}

/* --- objects ------------------------------------------------------------------------------------- */

static int request(struct client *client, const char *method, const char *target, const char *body)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    struct client_request request = {.method = method,
                                     .target = text_of(target),
                                     .content_type = body == NULL ? NULL : "application/json",
                                     .body = text_of(body == NULL ? "" : body)};
    reply_init(&reply);
    figure_must(client_call(client, &request, &reply, &err) == TEND_OK, err.message);
    return reply.status;
}

static void post_stamp(struct bench *bench, const char *name, const char *what, int n)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"apiVersion\":\"bench.tend.dev/v1\",\"kind\":\"Stamp\",\"metadata\":{\"name\":"
             "\"%s\"},\"spec\":{\"do\":\"%s\",\"n\":%d}}",
             name, what, n);
    figure_must(request(&bench->writer, "POST", STAMPS, body) == 201, "a create was refused");
}

static void start(struct bench *bench, const char *data, const char *controllers)
{
    char path[500];
    snprintf(path, sizeof path, "%s/%s", bench->folder, data);
    hosted_start(&bench->host, &(struct hosted_options){.program = bench->program,
                                                        .data = path,
                                                        .controllers = controllers});
    client_init(&bench->writer, bench->host.socket);
    client_init(&bench->watch, bench->host.socket);
    reply_init(&bench->events);
}

static void stop(struct bench *bench)
{
    reply_done(&bench->events);
    client_done(&bench->watch);
    client_done(&bench->writer);
    hosted_stop(&bench->host);
}

static void watch(struct bench *bench, const char *target)
{
    struct error err = ERROR_INIT;
    struct client_request request = {.method = "GET", .target = text_of(target)};
    figure_must(client_open_stream(&bench->watch, &request, &bench->events, &err) == TEND_OK,
                err.message);
}

/* Read the watch until a change has both texts. */
static void wait_for(struct bench *bench, const char *one, const char *other)
{
    struct error err = ERROR_INIT;
    struct text line;
    do {
        figure_must(client_next_line(&bench->watch, &bench->events, &line, &err) == TEND_OK &&
                        line.len > 0,
                    "the watch ended");
    } while (memmem(line.ptr, line.len, one, strlen(one)) == NULL ||
             memmem(line.ptr, line.len, other, strlen(other)) == NULL);
}

static void wait_for_stamp(struct bench *bench, int number)
{
    char stamp[32];
    snprintf(stamp, sizeof stamp, "\"stamp:%010d\"", number);
    wait_for(bench, "\"status\"", stamp);
}

static void print(const struct bench *bench, const char *name, double value)
{
    char key[96];
    snprintf(key, sizeof key, "%s%s", bench->prefix, name);
    figure_print(key, value);
}

static void print_series(const struct bench *bench, const char *name, struct series *times)
{
    char key[64];
    snprintf(key, sizeof key, "%s_ms", name);
    print(bench, key, series_at(times, 0.5));
    snprintf(key, sizeof key, "%s_p99_ms", name);
    print(bench, key, series_at(times, 0.99));
}

static void pass(int ms)
{
    poll(NULL, 0, ms);
}

/* --- live ---------------------------------------------------------------------------------------- */

static void make_place(struct bench *bench, const char *name)
{
    snprintf(bench->place, sizeof bench->place, "%s/%s", bench->folder, name);
    figure_must(mkdir(bench->place, 0700) == 0, bench->place);
}

/* Into the empty folder of a host that knows nothing of its kind, until it is told to be live. */
static void measure_firsts(struct bench *bench)
{
    struct series times = {.count = 0};
    for (int i = 0; i < FIRSTS; i++) {
        char data[32], place[32];
        snprintf(data, sizeof data, "first-%d", i);
        snprintf(place, sizeof place, "first-place-%d", i);
        make_place(bench, place);
        start(bench, data, bench->place);
        watch(bench, "/apis/tend.dev/v1/controllers?watch=1");
        double began = drop_build(bench, i);
        wait_for(bench, "\"stamped\"", "\"phase\":\"live\"");
        series_add(&times, figure_clock_ms() - began);
        stop(bench);
    }
    print_series(bench, "first_live", &times);
}

/* Until an object that is there has been looked at by the new build, durably. */
static void measure_builds(struct bench *bench)
{
    struct series times = {.count = 0};
    make_place(bench, "builds-place");
    drop_build(bench, 1);
    start(bench, "builds", bench->place);
    watch(bench, STAMPS "?watch=1");
    post_stamp(bench, "one", "", 1);
    wait_for_stamp(bench, 1);
    for (int i = 2; i < BUILDS + 2; i++) {
        double began = drop_build(bench, i);
        wait_for_stamp(bench, i);
        series_add(&times, figure_clock_ms() - began);
        pass(BUILD_PAUSE_MS);
    }
    stop(bench);
    print_series(bench, "next_live", &times);
}

static void live(struct bench *bench)
{
    read_plugin(bench);
    measure_firsts(bench);
    measure_builds(bench);
    free(bench->file);
}

/* --- crash --------------------------------------------------------------------------------------- */

/* An object that is made when the runner is dead already, until it has its status. */
static double serve_next(struct bench *bench, double began, int number)
{
    char name[32], seen[32];
    snprintf(name, sizeof name, "after-%d", number);
    snprintf(seen, sizeof seen, "\"after-%d\"", number);
    post_stamp(bench, name, "", number);
    wait_for(bench, seen, "\"stamp\":");
    return figure_clock_ms() - began;
}

static void crash(struct bench *bench)
{
    struct series outside = {.count = 0}, inside = {.count = 0};
    read_plugin(bench);
    make_place(bench, "crash-place");
    drop_build(bench, 1);
    start(bench, "crash", bench->place);
    watch(bench, STAMPS "?watch=1");
    serve_next(bench, 0, 0);
    for (int i = 1; i <= CRASHES; i++) {
        char target[128];
        double began = figure_clock_ms();
        kill(hosted_runner(&bench->host), SIGSEGV);
        series_add(&outside, serve_next(bench, began, 2 * i));
        began = figure_clock_ms();
        post_stamp(bench, "bad", "crash", i);
        series_add(&inside, serve_next(bench, began, 2 * i + 1));
        snprintf(target, sizeof target, STAMPS "/bad"); /* or it would be tried again */
        figure_must(request(&bench->writer, "DELETE", target, NULL) == 200, "a delete failed");
    }
    stop(bench);
    free(bench->file);
    print_series(bench, "killed", &outside);
    print_series(bench, "crashed", &inside);
}

/* --- memory -------------------------------------------------------------------------------------- */

static void print_memory(const struct bench *bench, const char *when)
{
    struct process_memory memory = process_memory(hosted_runner(&bench->host));
    char key[64];
    snprintf(key, sizeof key, "runner_%s_rss_mib", when);
    print(bench, key, memory.rss_mib);
    snprintf(key, sizeof key, "runner_%s_pss_mib", when);
    print(bench, key, memory.pss_mib);
    snprintf(key, sizeof key, "runner_%s_private_mib", when);
    print(bench, key, memory.private_mib);
}

static void write_echo(const struct lanes_job *job, int index, struct buffer *out)
{
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(8192);
    buffer_format(&body,
                  "{\"apiVersion\":\"bench.tend.dev/v1\",\"kind\":\"Echo\",\"metadata\":{\"name\":"
                  "\"%s-%06d\"},\"spec\":{\"number\":%d}}",
                  job->prefix, index, index);
    lanes_request(out, "POST", ECHOES, buffer_view(&body));
}

static void memory(struct bench *bench)
{
    start(bench, "memory", bench->from);
    pass(REST_MS);
    print_memory(bench, "idle");
    lanes_run(&(struct lanes_job){.socket = bench->host.socket,
                                  .count = CALLS,
                                  .write = write_echo,
                                  .prefix = "echo",
                                  .status = 201});
    pass(REST_MS);
    print_memory(bench, "used");
    stop(bench);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*measure)(struct bench *bench);
    } modes[] = {{"live", live}, {"crash", crash}, {"memory", memory}};
    for (size_t i = 0; i < COUNT_OF(modes) && (argc == 5 || argc == 6); i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            struct bench bench = {.program = argv[2],
                                  .folder = argv[3],
                                  .from = argv[4],
                                  .prefix = argc == 6 ? argv[5] : ""};
            modes[i].measure(&bench);
            return 0;
        }
    }
    fprintf(stderr, "usage: bench.plugin live|crash|memory TEND FOLDER PLUGIN [PREFIX]\n");
    return 2;
}
