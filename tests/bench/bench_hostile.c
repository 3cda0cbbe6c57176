/* What each misdeed of one plugin costs the controller of another: from a create to the durable status, in
 * rounds that are calm and hostile in turns, so that a machine whose mood changes treats the two alike.
 *
 *     bench.hostile TEND FOLDER ECHO LANE [MISDEED...]     a row for each of tests/hostile/plugins/misdeeds.h
 *
 * ECHO is echo.so, LANE misbehaving_a.so; both are copied to a folder of their own. In a hostile round an object
 * that misbehaves is made every few milliseconds, and a good one beside it, so that the runner is always started
 * again at once: that is the worst that it can do. "calm again" is what the last row shows without any: the
 * difference that is only chance.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "bench/figure.h"
#include "bench/hosted.h"
#include "bench/lanes.h"
#include "cli/client.h"
#include "hostile/plugins/misdeeds.h"

enum {
    PAIRS = 7,
    ROUND_MS = 160,
    SETTLE_MS = 60,
    PAUSE_MS = 4,
    LIVES_MAX = 20000,
    WARM_UP = 5000,
    WARM_UP_MS = 500
};

#define ECHOES     "/apis/bench.tend.dev/v1/namespaces/default/echoes"
#define MISDEEDS_A "/apis/example.com/v1/namespaces/default/misdeedas"
#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

static const char *const names[] = {
    "nothing", "well-behaved", /* no misdeed: objects of that kind are made all the same */
#define NAME(name, function, fate, share) name,
    MISDEEDS(NAME)
#undef NAME
};

/* Of one side: what each round had, so that one which the machine disturbed does not count. */
struct lives {
    double *ms; /* of the round */
    size_t count;
    double median[PAIRS], worst[PAIRS]; /* the worst hundredth */
};

struct bench {
    struct hosted host;
    struct client writer, watch;
    struct reply events;
    int next; /* echo */
    struct lives calm, hostile;

    /* the other side, on a thread of its own */
    struct client villain;
    const char *misdeed;
    int first, made; /* objects of this round */
    atomic_bool stop;
};

/* --- requests ------------------------------------------------------------------------------------ */

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

static void post_echo(struct bench *bench, int index)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"apiVersion\":\"bench.tend.dev/v1\",\"kind\":\"Echo\",\"metadata\":{\"name\":"
             "\"echo-%06d\"},\"spec\":{\"number\":%d}}",
             index, index);
    figure_must(request(&bench->writer, "POST", ECHOES, body) == 201, "a create was refused");
}

static void wait_for_status(struct bench *bench, int index)
{
    struct error err = ERROR_INIT;
    char name[32], status[48];
    struct text line;
    snprintf(name, sizeof name, "\"echo-%06d\"", index);
    int len = snprintf(status, sizeof status, "\"status\":{\"number\":%d}", index);
    do {
        figure_must(client_next_line(&bench->watch, &bench->events, &line, &err) == TEND_OK &&
                        line.len > 0,
                    "the watch ended");
    } while (memmem(line.ptr, line.len, name, strlen(name)) == NULL ||
             memmem(line.ptr, line.len, status, (size_t)len) == NULL);
}

/* Lives, one after the other, for a while. */
static void live(struct bench *bench, struct lives *lives, double for_ms)
{
    double began = figure_clock_ms();
    while (figure_clock_ms() - began < for_ms && lives->count < LIVES_MAX) {
        double born = figure_clock_ms();
        post_echo(bench, bench->next);
        wait_for_status(bench, bench->next++);
        lives->ms[lives->count++] = figure_clock_ms() - born;
    }
}

/* --- the other side ------------------------------------------------------------------------------ */

static void post_misdeed(struct bench *bench, int index, const char *what)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Misdeeda\",\"metadata\":{\"name\":"
             "\"m-%06d\"},\"spec\":{\"do\":\"%s\",\"seed\":%d,\"n\":%d}}",
             index, what, index * 7919 + 1, index);
    figure_must(request(&bench->villain, "POST", MISDEEDS_A, body) == 201, "a create was refused");
}

static void *be_hostile(void *data)
{
    struct bench *bench = data;
    while (!atomic_load(&bench->stop)) {
        post_misdeed(bench, bench->first + bench->made++, bench->misdeed);
        post_misdeed(bench, bench->first + bench->made++, "");
        poll(NULL, 0, PAUSE_MS);
    }
    return NULL;
}

/* What was begun is taken back, and a process in which something was broken ends. */
static void make_peace(struct bench *bench)
{
    char target[128];
    for (int i = 0; i < bench->made; i++) {
        snprintf(target, sizeof target, MISDEEDS_A "/m-%06d", bench->first + i);
        figure_must(request(&bench->villain, "DELETE", target, NULL) == 200, "a delete failed");
    }
    bench->first += bench->made;
    bench->made = 0;
    post_misdeed(bench, bench->first, "exit-at-once");
    poll(NULL, 0, SETTLE_MS);
    snprintf(target, sizeof target, MISDEEDS_A "/m-%06d", bench->first++);
    figure_must(request(&bench->villain, "DELETE", target, NULL) == 200, "a delete failed");
}

static void live_beside(struct bench *bench)
{
    pthread_t thread;
    atomic_store(&bench->stop, false);
    figure_must(pthread_create(&thread, NULL, be_hostile, bench) == 0, "a thread");
    live(bench, &bench->hostile, ROUND_MS);
    atomic_store(&bench->stop, true);
    pthread_join(thread, NULL);
    make_peace(bench);
}

/* --- telling ------------------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double at(double *values, size_t count, double share)
{
    qsort(values, count, sizeof values[0], by_value);
    return values[(size_t)(share * (double)(count - 1) + 0.5)];
}

static void end_round(struct lives *lives, int round)
{
    lives->median[round] = at(lives->ms, lives->count, 0.5);
    lives->worst[round] = at(lives->ms, lives->count, 0.99);
    lives->count = 0;
}

/* By how many percent a round was slower than the calm one before it: the median of all. */
static double slower(const double *calm, const double *hostile)
{
    double by[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        by[i] = (hostile[i] / calm[i] - 1) * 100;
    }
    return at(by, PAIRS, 0.5);
}

static void tell(struct bench *bench, const char *name)
{
    double median = slower(bench->calm.median, bench->hostile.median);
    double worst = slower(bench->calm.worst, bench->hostile.worst);
    printf("| %-17s | %5.3f | %5.3f | %+4.0f | %6.3f | %6.3f | %+4.0f |\n", name,
           at(bench->calm.median, PAIRS, 0.5), at(bench->hostile.median, PAIRS, 0.5), median,
           at(bench->calm.worst, PAIRS, 0.5), at(bench->hostile.worst, PAIRS, 0.5), worst);
    fflush(stdout);
}

static void measure(struct bench *bench, const char *name)
{
    bool is_calm = strcmp(name, "nothing") == 0;
    bench->misdeed = name;
    for (int i = 0; i < PAIRS; i++) {
        live(bench, &bench->calm, ROUND_MS);
        end_round(&bench->calm, i);
        if (is_calm) {
            live(bench, &bench->hostile, ROUND_MS);
        } else {
            live_beside(bench);
        }
        end_round(&bench->hostile, i);
    }
    tell(bench, is_calm ? "calm again" : name);
}

/* --- the beginning ------------------------------------------------------------------------------- */

static void copy(const char *from, const char *folder, const char *name)
{
    char to[600];
    snprintf(to, sizeof to, "%s/%s", folder, name);
    FILE *source = fopen(from, "rb"), *target = fopen(to, "wb");
    figure_must(source != NULL && target != NULL, from);
    for (int byte; (byte = fgetc(source)) != EOF;) {
        fputc(byte, target);
    }
    fclose(source);
    figure_must(fclose(target) == 0, to);
}

static void write_config_map(const struct lanes_job *job, int index, struct buffer *out)
{
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(8192);
    lanes_config_map(&body, job->prefix, index, 'x');
    lanes_request(out, "POST", CONFIGMAPS, buffer_view(&body));
}

static void begin(struct bench *bench, const char *tend, const char *folder, char **plugins)
{
    char data[512], place[512];
    struct error err = ERROR_INIT;
    snprintf(data, sizeof data, "%s/hostile", folder);
    snprintf(place, sizeof place, "%s/hostile-plugins", folder);
    figure_must(mkdir(place, 0700) == 0, place);
    copy(plugins[0], place, "echo.so");
    copy(plugins[1], place, "misbehaving_a.so");
    hosted_start(&bench->host,
                 &(struct hosted_options){
                     .program = tend, .data = data, .controllers = place, .run_time = "200ms"});
    lanes_run(&(struct lanes_job){.socket = bench->host.socket,
                                  .count = WARM_UP,
                                  .write = write_config_map,
                                  .prefix = "warm",
                                  .status = 201});
    client_init(&bench->writer, bench->host.socket);
    client_init(&bench->villain, bench->host.socket);
    client_init(&bench->watch, bench->host.socket);
    reply_init(&bench->events);
    struct client_request watch = {.method = "GET", .target = TEXT(ECHOES "?watch=1")};
    figure_must(client_open_stream(&bench->watch, &watch, &bench->events, &err) == TEND_OK,
                err.message);
    bench->calm.ms = alloc_new(LIVES_MAX * sizeof bench->calm.ms[0]);
    bench->hostile.ms = alloc_new(LIVES_MAX * sizeof bench->hostile.ms[0]);
}

static void end(struct bench *bench)
{
    free(bench->calm.ms);
    free(bench->hostile.ms);
    reply_done(&bench->events);
    client_done(&bench->watch);
    client_done(&bench->villain);
    client_done(&bench->writer);
    hosted_stop(&bench->host);
}

static bool is_wanted(const char *name, char **wanted, int count)
{
    bool found = count == 0;
    for (int i = 0; i < count; i++) {
        found = found || strcmp(wanted[i], name) == 0;
    }
    return found;
}

int main(int argc, char **argv)
{
    struct bench bench = {.next = 0};
    if (argc < 5) {
        fprintf(stderr, "usage: bench.hostile TEND FOLDER ECHO LANE [MISDEED...]\n");
        return 2;
    }
    begin(&bench, argv[1], argv[2], argv + 3);
    live(&bench, &bench.calm, WARM_UP_MS);
    bench.calm.count = 0;
    printf("| misdeed | median, ms | beside it | %% | p99, ms | beside it | %% |\n");
    printf("|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (is_wanted(names[i], argv + 5, argc - 5)) {
            measure(&bench, names[i]);
        }
    }
    end(&bench);
    return 0;
}
