/* When a process is opened anew because of its memory; the kernel's count of it is a file of the test's. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "engine/memory.h"
#include "support/suite.h"

#define SECOND ((int64_t)1000000000)

struct bench {
    FILE *file;
    struct memory_watch watch;
    char why[200];
};

static void begin(struct bench *bench)
{
    *bench = (struct bench){.file = tmpfile()};
    if (CHECK(bench->file != NULL)) {
        bench->watch.statm = fileno(bench->file);
    }
}

static void finish(struct bench *bench)
{
    fclose(bench->file);
}

/* With so much resident, at that second of its life. */
static bool has_grown(struct bench *bench, uint64_t mib, int64_t second)
{
    long long pages = (long long)(mib * MIB) / sysconf(_SC_PAGESIZE);
    rewind(bench->file);
    fprintf(bench->file, "%lld %lld 1 1 0 1 0\n", 2 * pages, pages);
    fflush(bench->file);
    return memory_has_grown(&bench->watch, second * SECOND, bench->why, sizeof bench->why);
}

enum { ENOUGH = RUNNER_GROWN_MIN / MIB };

static void what_grows_is_told(void)
{
    struct bench bench;
    begin(&bench);
    CHECK(!has_grown(&bench, 10, 1));
    CHECK(!has_grown(&bench, ENOUGH - 1, 2));
    CHECK(has_grown(&bench, ENOUGH, 3));
    CHECK(strstr(bench.why, "its memory has grown from 10 MiB to ") != NULL);
    finish(&bench);
}

static void what_is_large_from_the_start_is_not(void)
{
    struct bench bench;
    begin(&bench);
    CHECK(!has_grown(&bench, 2 * ENOUGH, 1));
    CHECK(!has_grown(&bench, 4 * ENOUGH - 1, 2));
    CHECK(has_grown(&bench, 4 * ENOUGH, 3));
    finish(&bench);
}

static void looks_once_a_second(void)
{
    struct bench bench;
    begin(&bench);
    CHECK(!has_grown(&bench, 10, 1));
    CHECK(!has_grown(&bench, 2 * ENOUGH, 1));
    CHECK(has_grown(&bench, 2 * ENOUGH, 2));
    finish(&bench);
}

static void without_a_count_nothing_is_told(void)
{
    struct bench bench;
    begin(&bench);
    bench.watch.statm = -1;
    CHECK(!has_grown(&bench, 10, 1));
    CHECK(!has_grown(&bench, 4 * ENOUGH, 2));
    finish(&bench);
}

SUITE({"what grows is told", what_grows_is_told},
      {"what is large from the start is not", what_is_large_from_the_start_is_not},
      {"looks once a second", looks_once_a_second},
      {"without a count nothing is told", without_a_count_nothing_is_told})
