/* A disk that is really full: a file system of 16 MiB (in a mount namespace of a child, where the system
 * lets us make one), and a limit on file sizes (always). The host goes on reading and deleting, and
 * finds out by itself when there is space again. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "sim/virtual_world.h"
#include "store/backends/sqlite.h"
#include "store/write.h"
#include "support/folder.h"
#include "support/suite.h"

/* --- in the child: a failed claim ends it with a sentence -------------------------------------- */

#define CLAIM(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s does not hold\n", __LINE__, #condition);                  \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

enum { NO_NAMESPACE = 77 };

struct host {
    struct virtual_world v;
    struct store *store;
    struct store_waiter waiter;
    enum tend_code code;
    unsigned fatal, objects;
};

static void settled(struct store_waiter *waiter, enum tend_code code, const struct error *err)
{
    (void)err;
    CONTAINER_OF(waiter, struct host, waiter)->code = code;
}

static void fatal(void *owner, const struct error *err)
{
    (void)err;
    ((struct host *)owner)->fatal++;
}

static void host_open(struct host *h, const char *directory)
{
    struct error err = ERROR_INIT;
    struct backend *backend = NULL;
    struct sqlite_options options = {.directory = directory};
    *h = (struct host){.waiter.settled = settled};
    virtual_world_init(&h->v, 1);
    enum tend_code code = sqlite_backend_open(&options, &backend, &err);
    if (code == TEND_OK) {
        code = store_open(&h->v.world, backend, &(struct store_options){.fatal = fatal, .owner = h},
                          &h->store, &err);
    }
    if (code != TEND_OK) {
        fprintf(stderr, "%s\n", err.message);
    }
    CLAIM(code == TEND_OK);
    h->objects = (unsigned)store_size(h->store).objects;
}

static void host_close(struct host *h)
{
    store_close(h->store);
    virtual_world_done(&h->v);
}

/* One object of 10 KB comes or goes. */
static enum tend_code change(struct host *h, enum change_op op, unsigned number)
{
    char key[32], body[10000];
    struct error err = ERROR_INIT;
    memset(body, 'x', sizeof body);
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes((struct text){body, sizeof body});
    snprintf(key, sizeof key, "k/%05u", number);
    struct store_write write = {.op = op, .key = text_of(key), .doc = doc};
    h->code = TEND_INTERNAL;
    enum tend_code code =
        store_commit(h->store, &write, 1, TEXT("test"),
                     op == CHANGE_DELETE ? STORE_SHRINKS : STORE_GROWS, &h->waiter, &err);
    virtual_world_run(&h->v);
    return code == TEND_OK ? h->code : code;
}

static void fill(struct host *h)
{
    enum tend_code code = TEND_OK;
    while (h->objects < 10000 && (code = change(h, CHANGE_CREATE, h->objects)) == TEND_OK) {
        h->objects++;
    }
    CLAIM(code == TEND_UNAVAILABLE);
    CLAIM(h->fatal == 0);
    CLAIM(store_state(h->store) == STORE_FULL);
    CLAIM(store_size(h->store).objects == h->objects);
}

static void write_ballast(const char *path, int64_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CLAIM(fd >= 0);
    CLAIM(posix_fallocate(fd, 0, bytes) == 0);
    close(fd);
}

/* --- sixteen mebibytes ------------------------------------------------------------------------- */

static void live_on_a_full_disk(const char *mount_point)
{
    struct host h;
    char data[512], ballast[512];
    snprintf(data, sizeof data, "%s/data", mount_point);
    snprintf(ballast, sizeof ballast, "%s/ballast", mount_point);
    write_ballast(ballast, 9 * (int64_t)MIB);
    host_open(&h, data);
    CLAIM(store_state(h.store) == STORE_READY);
    fill(&h);
    CLAIM(h.objects > 20);
    CLAIM(store_get(h.store, TEXT("k/00003")) != NULL);
    CLAIM(change(&h, CHANGE_CREATE, 99999) == TEND_UNAVAILABLE);

    /* It starts on the full disk as well, reads, and knows that it is full. */
    host_close(&h);
    host_open(&h, data);
    fill(&h);
    unsigned objects = h.objects;
    for (unsigned i = 0; i < objects; i++) {
        CLAIM(change(&h, CHANGE_DELETE, i) == TEND_OK);
    }
    CLAIM(store_size(h.store).objects == 0);

    virtual_world_advance(&h.v, 5 * STORE_PROBE_MS);
    CLAIM(unlink(ballast) == 0);
    virtual_world_advance(&h.v, 2 * STORE_PROBE_MS);
    CLAIM(store_state(h.store) == STORE_READY);
    CLAIM(change(&h, CHANGE_CREATE, 1) == TEND_OK);
    int64_t revision = store_revision(h.store);
    host_close(&h);
    host_open(&h, data);
    CLAIM(store_revision(h.store) == revision);
    CLAIM(h.objects == 1);
    host_close(&h);
}

static int run_small_disk(const char *mount_point)
{
    int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (unshare(flags) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", mount_point, "tmpfs", 0, "size=16m") != 0) {
        return NO_NAMESPACE;
    }
    live_on_a_full_disk(mount_point);
    return 0;
}

/* --- a limit on files -------------------------------------------------------------------------- */

/* Not ENOSPC but EFBIG: SQLite calls it an I/O error, so the outcome counts as unknown. */
static int run_small_files(const char *directory)
{
    struct host h;
    signal(SIGXFSZ, SIG_IGN);
    host_open(&h, directory);
    struct rlimit limit = {.rlim_cur = 6 * MIB, .rlim_max = 6 * MIB};
    CLAIM(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    enum tend_code code = TEND_OK;
    while (h.objects < 10000 && (code = change(&h, CHANGE_CREATE, h.objects)) == TEND_OK) {
        h.objects++;
    }
    CLAIM(h.objects > 20 && h.objects < 10000);
    CLAIM(h.fatal == 1 || code == TEND_UNAVAILABLE);
    FILE *acked = fopen("acked", "w");
    CLAIM(acked != NULL && fprintf(acked, "%u\n", h.objects) > 0 && fclose(acked) == 0);
    return 0; /* and the host exits: nothing is closed */
}

/* --- the tests --------------------------------------------------------------------------------- */

static int in_child(int (*run)(const char *directory), const char *directory)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        _exit(chdir(directory) == 0 ? run(directory) : 2);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void sixteen_mebibytes(void)
{
    struct folder folder;
    folder_init(&folder, FOLDER_DISK);
    int answer = in_child(run_small_disk, folder.path);
    if (answer == NO_NAMESPACE) {
        fprintf(stderr, "no mount namespace here: a full file system was not tried\n");
    }
    CHECK(answer == 0 || answer == NO_NAMESPACE);
    folder_done(&folder);
}

static void limited_files(void)
{
    struct folder folder;
    struct host h;
    unsigned acked = 0;
    char path[512];
    folder_init(&folder, FOLDER_MEMORY);
    CHECK_INT(in_child(run_small_files, folder.path), 0);
    snprintf(path, sizeof path, "%s/acked", folder.path);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fscanf(file, "%u", &acked) == 1);
    if (file != NULL) {
        fclose(file);
    }
    host_open(&h, folder.path);
    CHECK(acked > 20 && (h.objects == acked || h.objects == acked + 1));
    CHECK_INT(store_state(h.store), STORE_READY);
    CHECK_INT(change(&h, CHANGE_DELETE, 0), TEND_OK);
    host_close(&h);
    folder_done(&folder);
}

SUITE({"a full file system: reads and deletes go on, writes come back", sixteen_mebibytes},
      {"files that may not grow: nothing acknowledged is lost", limited_files})
