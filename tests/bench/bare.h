/* What the disk and SQLite give to a program that does nothing else: the measure of a store. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "base/text.h"

struct bare;

/* A SQLite database (WAL, synchronous=FULL: as the store's) with one append-only table, and a plain
 * file of 8 MiB, both in `directory`. */
struct bare *bare_new(const char *directory);
void bare_free(struct bare *bare);

/* Append rows with `doc` for `ms`, each commit with `rows_a_commit` of them; rows a second. */
double bare_sqlite_rows(struct bare *bare, struct text doc, unsigned rows_a_commit, double ms);

/* The same into the file: one write and one fdatasync a commit. */
double bare_file_rows(struct bare *bare, struct text doc, unsigned rows_a_commit, double ms);

#endif
