/* A series that was refused (its name has another type here, the plugin has too many) keeps its number and counts
 * nowhere: its process cannot know. A number that was never told, or an update of another type, is nonsense. */
#include "runner/counts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/limits.h"

struct series {
    struct metric *metric; /* NULL: not kept */
    enum metric_type type;
    size_t buckets;
};

void counts_init(struct counts *counts, struct metrics *metrics, const char *plugin)
{
    *counts = (struct counts){.lot = metrics_lot(metrics, plugin)};
}

void counts_end(struct counts *counts)
{
    for (size_t i = 0; i < counts->count; i++) {
        if (counts->series[i].type == METRIC_GAUGE) {
            metric_fall_silent(counts->series[i].metric, counts);
        }
    }
    free(counts->series);
    counts->series = NULL;
    counts->count = 0;
}

/* --- series -------------------------------------------------------------------------------------- */

static double number_of(const struct value *value)
{
    return value_is(value, VALUE_INT) ? (double)value->integer : value->real;
}

static enum metric_type type_of(const struct value *series)
{
    struct text type = value_get_text(series, TEXT("type"));
    return text_is(type, "counter") ? METRIC_COUNTER
           : text_is(type, "gauge") ? METRIC_GAUGE
                                    : METRIC_HISTOGRAM;
}

/* A text of JSON may hold a NUL, that of a series may not. */
static enum tend_code read_chars(struct arena *arena, struct text text, const char **ret_chars,
                                 struct error *err)
{
    *ret_chars = arena_text(arena, text).ptr;
    return strlen(*ret_chars) == text.len
               ? TEND_OK
               : FAIL(err, TEND_INVALID, "a text of a series holds a NUL");
}

static enum tend_code read_labels(struct arena *arena, const struct value *series,
                                  struct metric_label out[METRIC_LABELS_MAX + 1], struct error *err)
{
    const struct value *labels = value_field(series, "labels");
    size_t count = value_count(labels);
    for (size_t i = 0; i < count; i++) {
        TRY(read_chars(arena, labels->fields[i].key, &out[i].name, err));
        TRY(read_chars(arena, labels->fields[i].value->text, &out[i].value, err));
    }
    out[count] = (struct metric_label){NULL, NULL};
    return TEND_OK;
}

static enum tend_code read_spec(struct arena *arena, const struct value *series,
                                struct metric_spec *spec, struct error *err)
{
    const struct value *bounds = value_field(series, "bounds");
    const struct value *help = value_field(series, "help");
    double *at = arena_alloc(arena, value_count(bounds) * sizeof *at);
    for (size_t i = 0; i < value_count(bounds); i++) {
        at[i] = number_of(bounds->items[i]);
    }
    *spec = (struct metric_spec){.type = type_of(series), .bounds = {at, value_count(bounds)}};
    TRY(read_chars(arena, value_get_text(series, TEXT("name")), &spec->name, err));
    return help == NULL ? TEND_OK : read_chars(arena, help->text, &spec->help, err);
}

/* Behind what was refused before; where that is too long, it is cut. */
static void add_notice(struct error *notice, const struct error *refusal)
{
    bool is_first = notice->message[0] == '\0';
    (void)FAIL(notice, refusal->code, "%s%s%s", notice->message, is_first ? "" : "; ",
               refusal->message);
}

static enum tend_code take_series(struct counts *counts, const struct value *told,
                                  struct error *notice, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct metric_spec spec;
    struct metric_label labels[METRIC_LABELS_MAX + 1];
    if (counts->count == METRICS_LOT_SERIES_MAX) {
        return FAIL(err, TEND_INVALID, "it counts more than %u series", METRICS_LOT_SERIES_MAX);
    }
    TRY(read_spec(&arena, told, &spec, err));
    TRY(read_labels(&arena, told, labels, err));
    TRY(metric_check(&spec, labels, err));
    if (counts->series == NULL) {
        counts->series = alloc_array(METRICS_LOT_SERIES_MAX, sizeof *counts->series);
    }
    struct error refusal = ERROR_INIT;
    struct series *series = &counts->series[counts->count++];
    *series = (struct series){.type = spec.type, .buckets = spec.bounds.count + 1};
    if (metrics_lot_series(counts->lot, &spec, labels, &series->metric, &refusal) != TEND_OK) {
        series->metric = NULL;
        add_notice(notice, &refusal);
    }
    return TEND_OK;
}

/* --- updates ------------------------------------------------------------------------------------- */

static void merge(const struct series *series, const struct value *buckets, double sum)
{
    uint64_t counts[METRIC_BOUNDS_MAX + 1];
    for (size_t i = 0; i < series->buckets; i++) {
        counts[i] = (uint64_t)value_int_or(buckets->items[i], 0);
    }
    metric_merge(series->metric, counts, sum);
}

static enum tend_code take_update(struct counts *counts, const struct value *update,
                                  struct error *err)
{
    int64_t number = value_int_or(value_field(update, "series"), -1);
    if (number < 0 || (uint64_t)number >= counts->count) {
        return FAIL(err, TEND_INVALID, "it counts what it did not tell of");
    }
    const struct series *series = &counts->series[number];
    const struct value *by = value_field(update, "by"), *value = value_field(update, "value");
    const struct value *buckets = value_field(update, "buckets");
    if (by != NULL && series->type == METRIC_COUNTER && number_of(by) >= 0) {
        metric_add(series->metric, number_of(by));
    } else if (value != NULL && series->type == METRIC_GAUGE) {
        metric_speak(series->metric, number_of(value), counts);
    } else if (buckets != NULL && series->type == METRIC_HISTOGRAM &&
               value_count(buckets) == series->buckets) {
        merge(series, buckets, number_of(value_field(update, "sum")));
    } else {
        return FAIL(err, TEND_INVALID, "it counts as another type than it told");
    }
    return TEND_OK;
}

enum tend_code counts_take(struct counts *counts, const struct value *report, struct error *notice,
                           struct error *err)
{
    const struct value *series = value_field(report, "series");
    const struct value *updates = value_field(report, "updates");
    for (size_t i = 0; i < value_count(series); i++) {
        TRY(take_series(counts, series->items[i], notice, err));
    }
    for (size_t i = 0; i < value_count(updates); i++) {
        TRY(take_update(counts, updates->items[i], err));
    }
    metrics_lot_dropped(counts->lot, (double)value_int_or(value_field(report, "dropped"), 0));
    return TEND_OK;
}
