/* Read when they are asked for: a few files of /proc, some 50 microseconds. What cannot be read is not told. */
#include "host/vitals.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/version.h"

static struct metric *series(struct metrics *metrics, enum metric_type type, const char *name,
                             const char *help)
{
    struct metric_spec spec = {type, name, help, {NULL, 0}};
    return metrics_series(metrics, &spec, METRIC_UNLABELLED);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void tell_time(struct vitals *vitals)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0 && vitals->cpu != NULL) {
        vitals->cpu->value = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    }
}

static void tell_memory(struct vitals *vitals)
{
    unsigned long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return;
    }
    if (fscanf(file, "%lu %lu", &size, &resident) == 2) {
        double page = (double)sysconf(_SC_PAGESIZE);
        metric_set(vitals->virtual, (double)size * page);
        metric_set(vitals->resident, (double)resident * page);
    }
    fclose(file);
}

static void tell_files(struct vitals *vitals)
{
    struct rlimit limit;
    DIR *folder = opendir("/proc/self/fd");
    if (folder != NULL) {
        int count = -3; /* ".", "..", and the one of this walk */
        while (readdir(folder) != NULL) {
            count++;
        }
        closedir(folder);
        metric_set(vitals->open_files, count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        metric_set(vitals->max_files, (double)limit.rlim_cur);
    }
}

static void collect(struct metrics_source *source)
{
    struct vitals *vitals = CONTAINER_OF(source, struct vitals, source);
    tell_time(vitals);
    tell_memory(vitals);
    tell_files(vitals);
}

void vitals_open(struct vitals *vitals, struct metrics *metrics, int64_t started_ms)
{
    static const struct metric_spec build = {
        METRIC_GAUGE, "tend_build_info", "The version of this host; always 1", {NULL, 0}};
    metric_set(metrics_series(metrics, &build, METRIC_LABELS({"version", version_text()})), 1);
    metric_set(series(metrics, METRIC_GAUGE, "process_start_time_seconds",
                      "When the process started, seconds since 1970"),
               (double)started_ms / 1000);
    vitals->cpu = series(metrics, METRIC_COUNTER, "process_cpu_seconds_total",
                         "Processor time of the host, without its runners");
    vitals->resident = series(metrics, METRIC_GAUGE, "process_resident_memory_bytes",
                              "Memory of the host, without its runners");
    vitals->virtual = series(metrics, METRIC_GAUGE, "process_virtual_memory_bytes",
                             "Address space of the host");
    vitals->open_files =
        series(metrics, METRIC_GAUGE, "process_open_fds", "Descriptors that are open");
    vitals->max_files =
        series(metrics, METRIC_GAUGE, "process_max_fds", "Descriptors that may be open");
    vitals->source.collect = collect;
    metrics_attach(metrics, &vitals->source);
}

void vitals_close(struct vitals *vitals)
{
    metrics_detach(&vitals->source);
}
