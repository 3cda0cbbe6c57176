/* Figures: something is timed several times, and told as a median, one `KEY VALUE` a line. What the
 * keys mean is in README.md; the table is tests/bench/run's. */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

enum { SERIES_MAX = 512 };

/* Repetitions of one measurement; a zeroed one is empty, and what is beyond SERIES_MAX is left out. */
struct series {
    double values[SERIES_MAX];
    size_t count;
};

/* Milliseconds of a clock that never jumps. */
double figure_clock_ms(void);

void series_add(struct series *series, double value);

/* The value that `share` of all do not exceed: 0.5 is the median. 0 where there is none. */
double series_at(struct series *series, double share);

/* Print a figure for `run`, and for people. */
void figure_print(const char *key, double value);

/* Leave with a sentence and what errno says, unless `fine`. */
void figure_must(bool fine, const char *what);

#endif
