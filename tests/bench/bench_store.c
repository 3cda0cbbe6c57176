/* The store on a real disk: durable rows a second beside a bare SQLite log and a bare file that is
 * synced, memory with many objects, and a cold start.
 *
 *     bench.store [DIRECTORY [REVISIONS]]     on the file system of DIRECTORY (.), with so many retained
 *                                             revisions at the cold start (1000000; 0: skip it)
 *
 * The three ways of writing take turns within one round, so that a disk whose mood changes treats them
 * alike; each figure is the median of the rounds. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "host/world_uv.h"
#include "store/backends/sqlite.h"
#include "store/write.h"

enum { ROUNDS = 5, ROUND_MS = 400, ROWS_MAX = 100, OBJECTS = 100000, DOC_BYTES = 1024 };

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void must(int fine, const char *what)
{
    if (!fine) {
        perror(what);
        exit(1);
    }
}

static struct text body(char *out, unsigned number)
{
    int head =
        snprintf(out, DOC_BYTES, "{\"metadata\":{\"name\":\"object-%u\"},\"spec\":\"", number);
    memset(out + head, 'x', (size_t)(DOC_BYTES - head));
    memcpy(out + DOC_BYTES - 2, "\"}", 2);
    return (struct text){out, DOC_BYTES};
}

/* --- the store --------------------------------------------------------------------------------- */

struct writer {
    struct store_waiter waiter;
    struct task task;
    struct bench *bench;
};

struct bench {
    struct world_uv *uv;
    struct store *store;
    struct task finished;
    struct writer writers[ROWS_MAX];
    unsigned in_flight;
    unsigned next;       /* object */
    unsigned created;    /* objects 0 .. created - 1 exist */
    unsigned stop_after; /* objects or updates, where there is a number to reach */
    double until_ms;
    size_t rows;
};

static void store_fatal_stop(void *owner, const struct error *err)
{
    (void)owner;
    fprintf(stderr, "bench.store: %s\n", err->message);
    exit(1);
}

static void write_one(struct writer *writer)
{
    struct bench *bench = writer->bench;
    struct error err = ERROR_INIT;
    char key[64], bytes[DOC_BYTES];
    unsigned number = bench->next++ % OBJECTS;
    int len = snprintf(key, sizeof key, "labinstances.lab.neuroglia.com/default/object-%u", number);
    CLEANUP(doc_unrefp) struct doc *doc = doc_from_bytes(body(bytes, number));
    struct store_write write = {.op = number < bench->created ? CHANGE_UPDATE : CHANGE_CREATE,
                                .key = {key, (size_t)len},
                                .doc = doc};
    if (write.op == CHANGE_CREATE) {
        bench->created++;
    }
    if (store_commit(bench->store, &write, 1, TEXT("client"), STORE_GROWS, &writer->waiter, &err) !=
        TEND_OK) {
        store_fatal_stop(NULL, &err);
    }
    bench->in_flight++;
}

static void settled(struct store_waiter *waiter, enum tend_code code, const struct error *err)
{
    struct writer *writer = CONTAINER_OF(waiter, struct writer, waiter);
    struct bench *bench = writer->bench;
    if (code != TEND_OK) {
        store_fatal_stop(NULL, err);
    }
    bench->in_flight--;
    bench->rows++;
    if (bench->stop_after > 0 ? bench->next < bench->stop_after : now_ms() < bench->until_ms) {
        write_one(writer);
    } else if (bench->in_flight == 0) {
        world_uv_stop(bench->uv);
    }
}

static void bench_open(struct bench *bench, const char *directory)
{
    struct error err = ERROR_INIT;
    struct backend *backend = NULL;
    struct store_options options = {.fatal = store_fatal_stop};
    struct sqlite_options where = {.directory = directory};
    enum tend_code code = world_uv_new(NULL, &bench->uv, &err);
    code = code == TEND_OK ? sqlite_backend_open(&where, &backend, &err) : code;
    code = code == TEND_OK
               ? store_open(world_uv_world(bench->uv), backend, &options, &bench->store, &err)
               : code;
    if (code != TEND_OK) {
        store_fatal_stop(NULL, &err);
    }
    for (size_t i = 0; i < ROWS_MAX; i++) {
        bench->writers[i] = (struct writer){.waiter.settled = settled, .bench = bench};
    }
}

static void stop(struct task *task)
{
    world_uv_stop(CONTAINER_OF(task, struct bench, finished)->uv);
}

static void bench_close(struct bench *bench)
{
    bench->finished.run = stop;
    store_finish(bench->store, &bench->finished);
    world_uv_run(bench->uv);
    store_close(bench->store);
    world_uv_free(bench->uv);
}

static void write_with(struct bench *bench, unsigned writers)
{
    for (unsigned i = 0; i < writers; i++) {
        write_one(&bench->writers[i]);
    }
    world_uv_run(bench->uv);
}

static double store_rows(struct bench *bench, unsigned rows_a_commit)
{
    double start = now_ms();
    bench->rows = 0;
    bench->until_ms = start + ROUND_MS;
    write_with(bench, rows_a_commit);
    return (double)bench->rows * 1e3 / (now_ms() - start);
}

/* --- bare SQLite, bare file -------------------------------------------------------------------- */

struct bare {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    int64_t revision;
    int fd;
    off_t end;
};

static void bare_open(struct bare *bare, const char *directory)
{
    char path[512];
    snprintf(path, sizeof path, "%s/bare.db", directory);
    must(sqlite3_open(path, &bare->db) == SQLITE_OK, path);
    sqlite3_exec(bare->db,
                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                 "CREATE TABLE log(revision INTEGER PRIMARY KEY, key TEXT, doc TEXT)",
                 NULL, NULL, NULL);
    sqlite3_prepare_v2(bare->db, "BEGIN", -1, &bare->begin, NULL);
    sqlite3_prepare_v2(bare->db, "INSERT INTO log VALUES(?1, ?2, ?3)", -1, &bare->insert, NULL);
    sqlite3_prepare_v2(bare->db, "COMMIT", -1, &bare->commit, NULL);
    snprintf(path, sizeof path, "%s/bare.log", directory);
    bare->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(bare->fd >= 0, path);
}

static void bare_close(struct bare *bare)
{
    sqlite3_finalize(bare->begin);
    sqlite3_finalize(bare->insert);
    sqlite3_finalize(bare->commit);
    sqlite3_close(bare->db);
    close(bare->fd);
}

static void step(sqlite3_stmt *statement)
{
    must(sqlite3_step(statement) == SQLITE_DONE, "sqlite3_step");
    sqlite3_reset(statement);
}

static double sqlite_rows(struct bare *bare, unsigned rows_a_commit)
{
    double start = now_ms();
    size_t rows = 0;
    char bytes[DOC_BYTES];
    while (now_ms() < start + ROUND_MS) {
        step(bare->begin);
        for (unsigned i = 0; i < rows_a_commit; i++, rows++) {
            struct text doc = body(bytes, (unsigned)rows);
            sqlite3_bind_int64(bare->insert, 1, ++bare->revision);
            sqlite3_bind_text(bare->insert, 2, "labinstances.lab.neuroglia.com/default/object-1",
                              -1, SQLITE_STATIC);
            sqlite3_bind_text(bare->insert, 3, doc.ptr, (int)doc.len, SQLITE_STATIC);
            step(bare->insert);
        }
        step(bare->commit);
    }
    return (double)rows * 1e3 / (now_ms() - start);
}

static double file_rows(struct bare *bare, unsigned rows_a_commit)
{
    double start = now_ms();
    size_t rows = 0;
    CLEANUP(freep) char *bytes = alloc_new((size_t)ROWS_MAX * DOC_BYTES);
    while (now_ms() < start + ROUND_MS) {
        size_t len = (size_t)rows_a_commit * DOC_BYTES;
        must(pwrite(bare->fd, bytes, len, bare->end) == (ssize_t)len, "pwrite");
        must(fdatasync(bare->fd) == 0, "fdatasync");
        bare->end += (off_t)len;
        rows += rows_a_commit;
    }
    return (double)rows * 1e3 / (now_ms() - start);
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

static void measure_writes(const char *directory)
{
    static const unsigned rows_a_commit[] = {1, 10, 64, 100};
    struct bench bench = {0};
    struct bare bare = {0};
    bench_open(&bench, directory);
    bare_open(&bare, directory);
    printf("durable rows a second, 1 KiB each\n%16s %10s %12s %14s %16s\n", "rows a commit",
           "store", "bare SQLite", "bare fdatasync", "store / SQLite");
    for (size_t i = 0; i < COUNT_OF(rows_a_commit); i++) {
        double store[ROUNDS], sqlite[ROUNDS], file[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            store[round] = store_rows(&bench, rows_a_commit[i]);
            sqlite[round] = sqlite_rows(&bare, rows_a_commit[i]);
            file[round] = file_rows(&bare, rows_a_commit[i]);
        }
        double mine = median(store), theirs = median(sqlite);
        printf("%16u %10.0f %12.0f %14.0f %16.2f\n", rows_a_commit[i], mine, theirs, median(file),
               mine / theirs);
    }
    bare_close(&bare);
    bench_close(&bench);
}

/* --- memory and cold start --------------------------------------------------------------------- */

static long resident_kib(void)
{
    long kib = 0;
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

static void write_number(struct bench *bench, unsigned number)
{
    bench->stop_after = bench->next + number;
    write_with(bench, ROWS_MAX);
}

static void measure_memory(const char *directory)
{
    struct bench bench = {0};
    bench_open(&bench, directory);
    long empty = resident_kib();
    write_number(&bench, OBJECTS - ROWS_MAX);
    long created = resident_kib();
    write_number(&bench, OBJECTS);
    long updated = resident_kib();
    printf("resident memory, %d objects of 1 KiB: %ld MiB empty, %ld MiB created, %ld MiB after as "
           "many updates\n",
           OBJECTS, empty / 1024, created / 1024, updated / 1024);
    bench_close(&bench);
}

static void fill(const char *directory, unsigned revisions)
{
    struct bench bench = {0};
    bench_open(&bench, directory);
    write_number(&bench, revisions);
    bench_close(&bench);
}

static void measure_start(const char *directory)
{
    struct bench bench = {0};
    double start = now_ms(), busy = cpu_ms();
    bench_open(&bench, directory);
    double opened = now_ms() - start;
    printf(
        "cold start: %.1f ms (%.1f ms of them computing) to %zu objects at revision %lld, the log from %lld on\n",
        opened, cpu_ms() - busy, store_size(bench.store).objects,
        (long long)store_revision(bench.store), (long long)store_oldest(bench.store));
    bench_close(&bench);
}

/* --- each part in a process of its own --------------------------------------------------------- */

struct part {
    const char *directory;
    unsigned revisions;
    enum { PART_WRITES, PART_MEMORY, PART_EMPTY_START, PART_FILL, PART_START } what;
};

static void run(const struct part *part)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", part->directory,
             part->what == PART_WRITES        ? "writes"
             : part->what == PART_MEMORY      ? "memory"
             : part->what == PART_EMPTY_START ? "empty"
                                              : "filled");
    switch (part->what) {
    case PART_WRITES:
        measure_writes(path);
        break;
    case PART_MEMORY:
        measure_memory(path);
        break;
    case PART_FILL:
        fill(path, part->revisions);
        break;
    case PART_EMPTY_START:
    case PART_START:
        measure_start(path);
        break;
    }
}

static void run_alone(struct part part)
{
    fflush(NULL);
    pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        run(&part);
        fflush(NULL);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a part of the bench");
}

int main(int argc, char **argv)
{
    char directory[400];
    unsigned revisions = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000000;
    snprintf(directory, sizeof directory, "%s/bench-store-XXXXXX", argc > 1 ? argv[1] : ".");
    must(mkdtemp(directory) != NULL, directory);
    run_alone((struct part){directory, 0, PART_WRITES});
    run_alone((struct part){directory, 0, PART_MEMORY});
    run_alone((struct part){directory, 0, PART_EMPTY_START});
    if (revisions > 0) {
        run_alone((struct part){directory, revisions, PART_FILL});
        run_alone((struct part){directory, revisions, PART_START});
    }
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return system(command) == 0 ? 0 : 1;
}
