/* A bench that cannot go on ends: half a figure is none. */
#include "bench/figure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double figure_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void series_add(struct series *series, double value)
{
    if (series->count < SERIES_MAX) {
        series->values[series->count++] = value;
    }
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

double series_at(struct series *series, double share)
{
    if (series->count == 0) {
        return 0;
    }
    qsort(series->values, series->count, sizeof series->values[0], by_value);
    return series->values[(size_t)(share * (double)(series->count - 1) + 0.5)];
}

void figure_print(const char *key, double value)
{
    printf("%-28s %.3f\n", key, value);
    fflush(stdout);
}

void figure_must(bool fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "bench: %s (%s)\n", what, strerror(errno));
        exit(1);
    }
}
