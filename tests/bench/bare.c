/* SQLite checkpoints its log now and then, as it does by default. The file has its size from the
 * beginning and is written round and round, as a WAL is: a file that grows would also pay for its new
 * length, in the file system's journal. */
#include "bench/bare.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/figure.h"

enum { FILE_BYTES = 8 * 1024 * 1024 };

struct bare {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    int64_t revision;
    int fd;
    off_t end;
};

static sqlite3_stmt *prepare(struct bare *bare, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    figure_must(sqlite3_prepare_v2(bare->db, sql, -1, &statement, NULL) == SQLITE_OK, sql);
    return statement;
}

static void fill_file(int fd)
{
    CLEANUP(freep) char *zeros = alloc_new(FILE_BYTES);
    figure_must(pwrite(fd, zeros, FILE_BYTES, 0) == FILE_BYTES && fsync(fd) == 0, "pwrite");
}

struct bare *bare_new(const char *directory)
{
    char path[512];
    struct bare *bare = alloc_new(sizeof *bare);
    snprintf(path, sizeof path, "%s/bare.db", directory);
    figure_must(sqlite3_open(path, &bare->db) == SQLITE_OK, path);
    sqlite3_exec(bare->db,
                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                 "CREATE TABLE log(revision INTEGER PRIMARY KEY, key TEXT, doc TEXT)",
                 NULL, NULL, NULL);
    bare->begin = prepare(bare, "BEGIN IMMEDIATE");
    bare->insert = prepare(bare, "INSERT INTO log VALUES(?1, ?2, ?3)");
    bare->commit = prepare(bare, "COMMIT");
    snprintf(path, sizeof path, "%s/bare.log", directory);
    bare->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    figure_must(bare->fd >= 0, path);
    fill_file(bare->fd);
    return bare;
}

void bare_free(struct bare *bare)
{
    sqlite3_finalize(bare->begin);
    sqlite3_finalize(bare->insert);
    sqlite3_finalize(bare->commit);
    sqlite3_close(bare->db);
    close(bare->fd);
    free(bare);
}

static void step(sqlite3_stmt *statement)
{
    figure_must(sqlite3_step(statement) == SQLITE_DONE, "sqlite3_step");
    sqlite3_reset(statement);
}

static void commit_rows(struct bare *bare, struct text doc, unsigned rows)
{
    step(bare->begin);
    for (unsigned i = 0; i < rows; i++) {
        sqlite3_bind_int64(bare->insert, 1, ++bare->revision);
        sqlite3_bind_text(bare->insert, 2, "configmaps/default/object-1", -1, SQLITE_STATIC);
        sqlite3_bind_text(bare->insert, 3, doc.ptr, (int)doc.len, SQLITE_STATIC);
        step(bare->insert);
    }
    step(bare->commit);
}

double bare_sqlite_rows(struct bare *bare, struct text doc, unsigned rows_a_commit, double ms)
{
    double start = figure_clock_ms(), rows = 0;
    for (; figure_clock_ms() < start + ms; rows += rows_a_commit) {
        commit_rows(bare, doc, rows_a_commit);
    }
    return rows * 1e3 / (figure_clock_ms() - start);
}

double bare_file_rows(struct bare *bare, struct text doc, unsigned rows_a_commit, double ms)
{
    size_t size = doc.len * rows_a_commit;
    CLEANUP(freep) char *bytes = alloc_new(size);
    for (unsigned i = 0; i < rows_a_commit; i++) {
        memcpy(bytes + i * doc.len, doc.ptr, doc.len);
    }
    double start = figure_clock_ms(), rows = 0;
    for (; figure_clock_ms() < start + ms; rows += rows_a_commit) {
        bare->end = bare->end + (off_t)size > FILE_BYTES ? 0 : bare->end;
        figure_must(pwrite(bare->fd, bytes, size, bare->end) == (ssize_t)size, "pwrite");
        figure_must(fdatasync(bare->fd) == 0, "fdatasync");
        bare->end += (off_t)size;
    }
    return rows * 1e3 / (figure_clock_ms() - start);
}
