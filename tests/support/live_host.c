/* A child and not a thread: the client under test may block, and what the host leaks or breaks shows in
 * its own exit code. */
#include "support/live_host.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admission/admission.h"
#include "api/server.h"
#include "base/alloc.h"
#include "host/socket.h"
#include "host/world_uv.h"
#include "store/backends/sqlite.h"
#include "watch/watch.h"

struct serving {
    struct metrics *metrics;
    struct world_uv *uv;
    struct store *store;
    struct admission *gate;
    struct watch *watch;
    struct service *service;
    struct server *server;
    struct host_socket socket;
    struct signal_watch term;
    struct task finished;
};

static void must(enum tend_code code, const struct error *err)
{
    if (code != TEND_OK) {
        fprintf(stderr, "live host: %s\n", err->message);
        abort();
    }
}

static void on_fatal(void *owner, const struct error *err)
{
    (void)owner;
    must(TEND_IO, err);
}

static void store_finished(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct serving, finished)->uv);
}

static void on_term(struct signal_watch *watch)
{
    struct serving *serving = CONTAINER_OF(watch, struct serving, term);
    server_close(serving->server);
    service_free(serving->service);
    watch_free(serving->watch);
    admission_close(serving->gate);
    serving->finished.run = store_finished;
    store_finish(serving->store, &serving->finished);
}

static void open_rooms(struct serving *serving, const struct live_host *host)
{
    struct error err = ERROR_INIT;
    struct backend *backend;
    char data[300];
    snprintf(data, sizeof data, "%s/data", host->folder.path);
    struct sqlite_options sqlite = {.directory = data};
    serving->metrics = metrics_new(); /* counts as a host does: it is measured */
    struct store_options options = {.fatal = on_fatal, .metrics = serving->metrics};
    must(world_uv_new(NULL, &serving->uv, &err), &err);
    struct world *world = world_uv_world(serving->uv);
    must(sqlite_backend_open(&sqlite, &backend, &err), &err);
    must(store_open(world, backend, &options, &serving->store, &err), &err);
    must(admission_open(world, serving->store, &serving->gate, &err), &err);
    serving->watch = watch_new(world, serving->store);
    struct service_rooms rooms = {world, serving->store, serving->watch, serving->gate,
                                  serving->metrics};
    serving->service = service_new(&rooms);
    must(host_socket_open(&serving->socket, host->socket, &err), &err);
    must(server_open(world, serving->service, serving->socket.fd, &serving->server, &err), &err);
    serving->socket.fd = -1;
    serving->term = (struct signal_watch){.number = SIGTERM, .raised = on_term};
    must(world_uv_watch_signal(serving->uv, &serving->term, &err), &err);
    service_set_ready(serving->service);
}

static void serve(const struct live_host *host, int ready_fd)
{
    struct serving serving = {.uv = NULL};
    open_rooms(&serving, host);
    close(ready_fd);
    world_uv_run(serving.uv);
    world_uv_drain(serving.uv);
    store_close(serving.store);
    world_uv_forget_signal(&serving.term);
    host_socket_close(&serving.socket);
    metrics_free(serving.metrics);
    world_uv_free(serving.uv);
}

void live_host_start(struct live_host *host, enum folder_medium medium)
{
    int ends[2];
    char byte;
    memset(host, 0, sizeof *host);
    folder_init(&host->folder, medium);
    snprintf(host->socket, sizeof host->socket, "%s/s/tend.sock", host->folder.path);
    if (pipe(ends) != 0) {
        abort();
    }
    fflush(NULL);
    host->pid = fork();
    if (host->pid == 0) {
        close(ends[0]);
        serve(host, ends[1]);
        exit(0);
    }
    close(ends[1]);
    while (read(ends[0], &byte, 1) > 0) {
    }
    close(ends[0]);
}

bool live_host_stop(struct live_host *host)
{
    int status = 0;
    kill(host->pid, SIGTERM);
    bool ended = waitpid(host->pid, &status, 0) == host->pid;
    folder_done(&host->folder);
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int live_host_descriptors(const struct live_host *host)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)host->pid);
    DIR *folder = opendir(path);
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}
