/* Counters, gauges and histograms, written as Prometheus reads them (text format 0.0.4).
 *
 *     struct metric *runs = metrics_series(metrics, &spec, METRIC_LABELS({"controller", name}));
 *     metric_add(runs, 1);
 *
 * The host owns one registry and hands it to the rooms. A series is made once, when that which it counts
 * begins to exist; from then on counting is an addition behind a pointer, and nothing is collected before
 * somebody asks. Whoever counts does not ask whether anybody wants to know: of a NULL registry all series
 * are NULL, and whatever is done to a NULL series is nothing.
 *
 *   1  A series lives as long as its registry. The same name and labels are the same series: a counter
 *      goes on where its maker went and came back.
 *   2  What is written keeps the format, whatever text labels and help hold.
 *   3  Series and the size of the page are bounded; what does not fit is NULL and counted
 *      (tend_metrics_dropped_total).
 *
 * What others declare (plugins) comes in lots: each bounded by itself, each series with the lot's label,
 * and with none of the names that are the host's own.
 *
 * [core] and nobody else. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/list.h"

struct metrics;
struct metrics_lot;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* The upper ends of a histogram's buckets, ascending and finite; one more, without an end, follows. */
struct metric_bounds {
    const double *at;
    size_t count;
};

/* For durations in seconds: from a tenth of a millisecond to a minute. */
struct metric_bounds metric_seconds(void);

/* Borrowed for the call that it is given to, but for the numbers of `bounds`: those of a host's series are
 * constants, those of a lot's are copied. */
struct metric_spec {
    enum metric_type type;
    const char *name;            /* "workqueue_adds_total" */
    const char *help;            /* a sentence; NULL: none */
    struct metric_bounds bounds; /* of a histogram */
};

struct metric_label {
    const char *name, *value;
};
#define METRIC_LABELS(...) ((const struct metric_label[]){__VA_ARGS__, {NULL, NULL}})
#define METRIC_UNLABELLED  ((const struct metric_label[]){{NULL, NULL}})

/* One series. Read by this header's functions, changed by nobody else. */
struct metric {
    double value;      /* of a histogram: the sum */
    uint64_t *buckets; /* of a histogram: bounds.count + 1, each for itself */
    struct metric_bounds bounds;
    bool hidden;          /* a gauge that says nothing (now) */
    const void *speaker;  /* who set it (metric_speak) */
    struct text labels;   /* as written: a="b",c="d" */
    struct metric *after; /* in its family */
};

static inline void metric_add(struct metric *metric, double by)
{
    if (metric != NULL) {
        metric->value += by;
    }
}

/* A gauge is hidden until it is set for the first time. */
static inline void metric_set(struct metric *metric, double value)
{
    if (metric != NULL) {
        metric->value = value;
        metric->hidden = false;
    }
}

/* What a gauge tells of is not there any more: it is not written until it is set again. */
static inline void metric_hide(struct metric *metric)
{
    if (metric != NULL) {
        metric->hidden = true;
    }
}

/* Set a gauge of which several may speak; and: `speaker` is gone, hide it where nobody spoke after. */
static inline void metric_speak(struct metric *metric, double value, const void *speaker)
{
    metric_set(metric, value);
    if (metric != NULL) {
        metric->speaker = speaker;
    }
}
static inline void metric_fall_silent(struct metric *metric, const void *speaker)
{
    if (metric != NULL && metric->speaker == speaker) {
        metric->hidden = true;
    }
}

void metric_observe(struct metric *metric, double value);

/* Add a histogram of the same bounds: `buckets` has bounds.count + 1 numbers. What it becomes is bounded
 * (METRIC_COUNT_MAX in a bucket, a finite sum): buckets never descend on the page. */
void metric_merge(struct metric *metric, const uint64_t *buckets, double sum);

/* --- the registry -------------------------------------------------------------------------------- */

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics); /* its sources were detached; NULL is allowed */

/* The series of the host with that name and those labels (ended by one without a name), made where it is
 * missing. NULL where `metrics` is, or where it does not fit. A name has one type. */
struct metric *metrics_series(struct metrics *metrics, const struct metric_spec *spec,
                              const struct metric_label *labels);

/* Sets gauges when the page is asked for, and only then. Embedded in its owner. */
struct metrics_source {
    struct list link;
    void (*collect)(struct metrics_source *source);
};
void metrics_attach(struct metrics *metrics, struct metrics_source *source);
void metrics_detach(struct metrics_source *source); /* harmless where it is not attached */

/* --- the page ------------------------------------------------------------------------------------ */

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Where a page goes on; zeroed: at its beginning. Stays valid while series are added, which may be on it or
 * not. */
struct metrics_cursor {
    const struct metric_family *family; /* that was begun; NULL: none */
    const struct metric *series;        /* of it, that was looked at last; NULL: none */
    bool headed;                        /* its HELP and TYPE are written */
};

/* Let the sources say how it is now: before a page begins. */
void metrics_collect(struct metrics *metrics);

/* Append about `room` bytes of the page to `out`, one series more at most. False at its end. */
bool metrics_write(const struct metrics *metrics, struct metrics_cursor *cursor, struct buffer *out,
                   size_t room);

/* The sum of all series of `name` that are shown and have `labels` among their own: of histograms how many
 * values. NAN where there is none. Walks them: for tests. */
double metrics_sum(const struct metrics *metrics, const char *name,
                   const struct metric_label *labels);

/* --- lots ---------------------------------------------------------------------------------------- */

/* The lot whose series have the label plugin="NAME", made where it is missing; lives as long as
 * `metrics`, NULL where that is. */
struct metrics_lot *metrics_lot(struct metrics *metrics, const char *name);

/* The series with that name and those labels in `lot`. TEND_INVALID where names or bounds are none, or the
 * name is the host's; TEND_EXISTS where the name has another type already; TEND_LIMIT where it does not
 * fit, which was counted. Each with a sentence. `lot` may be NULL: then *ret_metric is. */
NODISCARD enum tend_code metrics_lot_series(struct metrics_lot *lot, const struct metric_spec *spec,
                                            const struct metric_label *labels,
                                            struct metric **ret_metric, struct error *err);

/* `count` series more of the lot were dropped, by whoever collects them elsewhere. */
void metrics_lot_dropped(struct metrics_lot *lot, double count);

/* Is `spec` with `labels` one that a lot may have, as far as its own text tells? TEND_INVALID with a
 * sentence. */
NODISCARD enum tend_code metric_check(const struct metric_spec *spec,
                                      const struct metric_label *labels, struct error *err);

#endif
