/* The real host over its Unix socket: creates and updates a second with 64 in flight, a list of 10 000
 * objects of 1 KiB, and what 100 000 of them cost in memory after as many updates.
 *
 *     bench.http TEND FOLDER     a new store below FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "bench/figure.h"
#include "bench/hosted.h"
#include "bench/lanes.h"
#include "cli/client.h"

enum { FIRST = 10000, OBJECTS = 100000, LISTS = 9 };

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

static void write_create(const struct lanes_job *job, int index, struct buffer *out)
{
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(8192);
    lanes_config_map(&body, job->prefix, index, 'x');
    lanes_request(out, "POST", CONFIGMAPS, buffer_view(&body));
}

static void write_update(const struct lanes_job *job, int index, struct buffer *out)
{
    char target[200];
    CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(8192);
    lanes_config_map(&body, job->prefix, index, 'y');
    snprintf(target, sizeof target, CONFIGMAPS "/%s-%06d", job->prefix, index);
    lanes_request(out, "PATCH", target, buffer_view(&body));
}

static double create(const struct hosted *host, const char *prefix, int count)
{
    return lanes_run(&(struct lanes_job){.socket = host->socket,
                                         .count = count,
                                         .write = write_create,
                                         .prefix = prefix,
                                         .status = 201});
}

static double update(const struct hosted *host, const char *prefix, int count)
{
    return lanes_run(&(struct lanes_job){.socket = host->socket,
                                         .count = count,
                                         .write = write_update,
                                         .prefix = prefix,
                                         .status = 200});
}

static double list_ms(struct client *client, const char *target)
{
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    struct client_request request = {.method = "GET", .target = text_of(target)};
    reply_init(&reply);
    double start = figure_clock_ms();
    figure_must(client_call(client, &request, &reply, &err) == TEND_OK && reply.status == 200,
                err.message);
    return figure_clock_ms() - start;
}

static void print_list(const struct hosted *host, const char *key, const char *target)
{
    struct series times = {.count = 0};
    struct client client;
    client_init(&client, host->socket);
    for (int i = 0; i < LISTS; i++) {
        series_add(&times, list_ms(&client, target));
    }
    client_done(&client);
    figure_print(key, series_at(&times, 0.5));
}

static void print_memory(const struct hosted *host, const char *rss, const char *pss)
{
    struct process_memory memory = process_memory(host->pid);
    figure_print(rss, memory.rss_mib);
    figure_print(pss, memory.pss_mib);
}

int main(int argc, char **argv)
{
    struct hosted host;
    char data[200];
    if (argc != 3) {
        fprintf(stderr, "usage: bench.http TEND FOLDER\n");
        return 2;
    }
    snprintf(data, sizeof data, "%s/http", argv[2]);
    hosted_start(&host, &(struct hosted_options){.program = argv[1], .data = data});
    create(&host, "a", FIRST);
    print_list(&host, "list_10000_ms", CONFIGMAPS);
    print_list(&host, "list_label_ms", CONFIGMAPS "?labelSelector=team%3Da");
    print_list(&host, "list_page_500_ms", CONFIGMAPS "?limit=500");
    double cpu_ms = process_cpu_ms(host.pid);
    figure_print("creates_http", create(&host, "b", OBJECTS - FIRST));
    figure_print("creates_http_cpu_us",
                 (process_cpu_ms(host.pid) - cpu_ms) * 1e3 / (OBJECTS - FIRST));
    print_memory(&host, "created_rss_mib", "created_pss_mib");
    update(&host, "a", FIRST);
    figure_print("updates_http", update(&host, "b", OBJECTS - FIRST));
    print_memory(&host, "updated_rss_mib", "updated_pss_mib");
    hosted_stop(&host);
    return 0;
}
