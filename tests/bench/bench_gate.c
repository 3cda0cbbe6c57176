/* Durable creates in process, through the gate, 64 in flight; and what bare SQLite and a bare file do
 * with as many rows a commit. The three take turns, so that a disk whose mood changes treats them alike.
 *
 *     bench.gate FOLDER                           measure, in a new store below FOLDER
 *     bench.gate fill DATA OBJECTS REVISIONS      make a store with so many objects and revisions
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/bare.h"
#include "bench/core.h"
#include "bench/figure.h"
#include "bench/hosted.h"

enum { ROUNDS = 7, ROUND_MS = 500, BARE_MS = 250, IN_FLIGHT = 64, ROW_BYTES = 1024 };

struct rounds {
    struct series creates, cpu_us, rows_a_commit, sqlite, file, ratio, sqlite_one, file_one;
};

static void measure_round(struct core *core, struct bare *bare, int *next, struct rounds *rounds)
{
    char bytes[ROW_BYTES];
    memset(bytes, 'x', sizeof bytes);
    struct text row = {bytes, sizeof bytes};
    size_t commits = core->commits;
    double start = figure_clock_ms(), cpu_ms = process_cpu_ms(getpid());
    int rows = core_write(
        core, &(struct core_job){
                  .make = core_create, .first = *next, .in_flight = IN_FLIGHT, .ms = ROUND_MS});
    double creates = rows * 1e3 / (figure_clock_ms() - start);
    series_add(&rounds->cpu_us, (process_cpu_ms(getpid()) - cpu_ms) * 1e3 / rows);
    *next += rows;
    double a_commit = (double)rows / (double)(core->commits - commits);
    unsigned whole = (unsigned)(a_commit + 0.5);
    double sqlite = bare_sqlite_rows(bare, row, whole, BARE_MS);
    series_add(&rounds->creates, creates);
    series_add(&rounds->rows_a_commit, a_commit);
    series_add(&rounds->sqlite, sqlite);
    series_add(&rounds->ratio, creates / sqlite);
    series_add(&rounds->file, bare_file_rows(bare, row, whole, BARE_MS));
    series_add(&rounds->sqlite_one, 1e3 / bare_sqlite_rows(bare, row, 1, BARE_MS));
    series_add(&rounds->file_one, 1e3 / bare_file_rows(bare, row, 1, BARE_MS));
}

static void measure(const char *folder)
{
    struct rounds rounds = {.creates.count = 0};
    struct core core;
    char data[300];
    int next = 0;
    snprintf(data, sizeof data, "%s/gate", folder);
    core_open(&core, data);
    struct bare *bare = bare_new(folder);
    for (int round = 0; round < ROUNDS; round++) {
        measure_round(&core, bare, &next, &rounds);
    }
    figure_print("creates_gate", series_at(&rounds.creates, 0.5));
    figure_print("creates_gate_cpu_us", series_at(&rounds.cpu_us, 0.5));
    figure_print("rows_a_commit", series_at(&rounds.rows_a_commit, 0.5));
    figure_print("bare_sqlite_rows", series_at(&rounds.sqlite, 0.5));
    figure_print("bare_file_rows", series_at(&rounds.file, 0.5));
    figure_print("creates_gate_share", series_at(&rounds.ratio, 0.5));
    figure_print("bare_sqlite_commit_ms", series_at(&rounds.sqlite_one, 0.5));
    figure_print("bare_file_commit_ms", series_at(&rounds.file_one, 0.5));
    bare_free(bare);
    core_close(&core);
}

static void fill(const char *data, int objects, int revisions)
{
    struct core core;
    double start = figure_clock_ms();
    core_open(&core, data);
    core_write(&core, &(struct core_job){
                          .make = core_create, .count = objects, .in_flight = CORE_IN_FLIGHT_MAX});
    struct core_job update = {
        .make = core_update, .count = objects, .in_flight = CORE_IN_FLIGHT_MAX};
    for (int left = revisions - objects; left > 0; left -= objects, update.first += objects) {
        core_write(&core, &update);
    }
    core_close(&core);
    figure_print("fill_seconds", (figure_clock_ms() - start) / 1e3);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        measure(argv[1]);
        return 0;
    }
    if (argc != 5 || strcmp(argv[1], "fill") != 0) {
        fprintf(stderr, "usage: bench.gate FOLDER | bench.gate fill DATA OBJECTS REVISIONS\n");
        return 2;
    }
    fill(argv[2], atoi(argv[3]), atoi(argv[4]));
    return 0;
}
