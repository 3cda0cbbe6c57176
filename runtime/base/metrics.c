/* Families in the order of their names, series in each in the order of their making: a page is one walk, and
 * nothing is sorted when it is asked for. All of it is in one arena, because nothing is ever taken away;
 * that is what the bounds are for, and why a pointer to a series never has to be looked after. */
#include "base/metrics.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/map.h"

struct metric_family {
    struct metric_family *next; /* by name */
    struct text name;
    const char *help; /* NULL: none */
    enum metric_type type;
    struct metric *first, *last;
};

/* What fits, and what did not. */
struct room {
    size_t series, bytes; /* of the page */
};

struct metrics_lot {
    struct metrics *metrics;
    struct text name;
    struct room used;
    struct metric *dropped; /* NULL: nothing yet */
};

struct metrics {
    struct arena arena;
    struct metric_family *families; /* the first by name */
    struct map by_name;             /* families */
    struct map by_key;              /* series, by NAME{LABELS} */
    struct map lots;
    struct list sources;
    struct room used;
    struct metric *dropped; /* NULL: nothing yet */
};

static const char dropped_name[] = "tend_metrics_dropped_total";

struct metric_bounds metric_seconds(void)
{
    static const double at[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};
    return (struct metric_bounds){at, COUNT_OF(at)};
}

/* --- counting ------------------------------------------------------------------------------------ */

void metric_observe(struct metric *metric, double value)
{
    size_t i = 0;
    if (metric == NULL) {
        return;
    }
    while (i < metric->bounds.count && value > metric->bounds.at[i]) {
        i++;
    }
    metric->buckets[i]++;
    metric->value += value;
}

void metric_merge(struct metric *metric, const uint64_t *buckets, double sum)
{
    if (metric == NULL) {
        return;
    }
    for (size_t i = 0; i <= metric->bounds.count; i++) {
        uint64_t room = METRIC_COUNT_MAX - metric->buckets[i];
        metric->buckets[i] += buckets[i] < room ? buckets[i] : room;
    }
    metric->value = fmax(-DBL_MAX, fmin(metric->value + sum, DBL_MAX));
}

/* --- text ---------------------------------------------------------------------------------------- */

static void write_escaped(struct buffer *out, struct text text, const char *escaped)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte != '\0' && strchr(escaped, byte) != NULL) {
            buffer_byte(out, '\\');
            byte = byte == '\n' ? 'n' : byte;
        }
        buffer_byte(out, byte);
    }
}

static void write_label(struct buffer *out, const struct metric_label *label)
{
    buffer_chars(out, out->len > 0 ? "," : "");
    buffer_chars(out, label->name);
    buffer_chars(out, "=\"");
    write_escaped(out, text_of(label->value), "\\\"\n");
    buffer_byte(out, '"');
}

/* As Go reads it: the shortest that is exact, nearly always. */
static void write_number(struct buffer *out, double value)
{
    if (isnan(value)) {
        buffer_chars(out, "NaN");
    } else if (isinf(value)) {
        buffer_chars(out, value > 0 ? "+Inf" : "-Inf");
    } else if (fabs(value) < 1e15 && value == floor(value)) {
        buffer_format(out, "%.0f", value);
    } else {
        char text[32];
        for (int digits = 6; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, value);
            if (strtod(text, NULL) == value) {
                break;
            }
        }
        buffer_chars(out, text);
    }
}

/* Sorted by name: the same labels are the same series in whatever order they are given. */
static void write_labels(struct buffer *out, const struct metric_label *labels,
                         const struct metric_label *one_more)
{
    const struct metric_label *sorted[METRIC_LABELS_MAX + 1];
    size_t count = 0;
    for (const struct metric_label *label = labels; label->name != NULL; label++) {
        sorted[count++] = label;
    }
    if (one_more != NULL) {
        sorted[count++] = one_more;
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && strcmp(sorted[j - 1]->name, sorted[j]->name) > 0; j--) {
            const struct metric_label *label = sorted[j];
            sorted[j] = sorted[j - 1];
            sorted[j - 1] = label;
        }
    }
    for (size_t i = 0; i < count; i++) {
        write_label(out, sorted[i]);
    }
}

/* --- making series ------------------------------------------------------------------------------- */

static const char *type_name(enum metric_type type)
{
    static const char *const names[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    return names[type];
}

static struct metric_family *family_new(struct metrics *metrics, const struct metric_spec *spec)
{
    struct metric_family *family = arena_alloc(&metrics->arena, sizeof *family);
    struct metric_family **place = &metrics->families;
    family->name = arena_text(&metrics->arena, text_of(spec->name));
    family->type = spec->type;
    while (*place != NULL && text_compare((*place)->name, family->name) < 0) {
        place = &(*place)->next;
    }
    family->next = *place;
    *place = family;
    map_put(&metrics->by_name, family->name, family);
    return family;
}

static struct metric_family *family_of(const struct metrics *metrics, struct text name)
{
    return map_get(&metrics->by_name, name);
}

/* A histogram h has samples h_bucket, h_sum and h_count: whoever has one of those names is in its way. */
static const struct metric_family *family_in_the_way(const struct metrics *metrics,
                                                     const struct metric_spec *spec)
{
    static const char *const ends[] = {"_bucket", "_sum", "_count"};
    char name[METRIC_NAME_MAX + 16];
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct text stem = text_of(spec->name);
        snprintf(name, sizeof name, "%s%s", spec->name, ends[i]);
        const struct metric_family *found = family_of(metrics, text_of(name));
        if (spec->type == METRIC_HISTOGRAM && found != NULL) {
            return found;
        }
        if (text_ends(stem, text_of(ends[i]))) {
            found = family_of(metrics, text_first(stem, stem.len - strlen(ends[i])));
            if (found != NULL && found->type == METRIC_HISTOGRAM) {
                return found;
            }
        }
    }
    return NULL;
}

static struct metric *metric_new(struct metrics *metrics, struct metric_family *family,
                                 const struct metric_spec *spec, struct text key)
{
    struct metric *metric = arena_alloc(&metrics->arena, sizeof *metric);
    struct text kept = arena_text(&metrics->arena, key);
    size_t name = family->name.len + 1; /* and the brace */
    metric->labels = (struct text){kept.ptr + name, kept.len - name - 1};
    metric->hidden = spec->type == METRIC_GAUGE;
    if (spec->type == METRIC_HISTOGRAM) {
        metric->bounds = spec->bounds;
        metric->buckets =
            arena_alloc(&metrics->arena, (spec->bounds.count + 1) * sizeof *metric->buckets);
    }
    if (family->help == NULL && spec->help != NULL) {
        family->help = arena_text(&metrics->arena, text_of(spec->help)).ptr;
    }
    if (family->last == NULL) {
        family->first = metric;
    } else {
        family->last->after = metric;
    }
    family->last = metric;
    map_put(&metrics->by_key, kept, metric);
    return metric;
}

static void write_key(struct buffer *out, const struct metric_spec *spec,
                      const struct metric_label *labels, const struct metric_label *one_more)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(METRIC_KEY_MAX);
    write_labels(&text, labels, one_more);
    buffer_chars(out, spec->name);
    buffer_byte(out, '{');
    buffer_text(out, buffer_view(&text));
    buffer_byte(out, '}');
    out->full |= text.full;
}

/* What a series takes of the page. */
static size_t page_bytes(const struct metric_spec *spec, struct text key)
{
    size_t samples = spec->type == METRIC_HISTOGRAM ? spec->bounds.count + 3 : 1;
    return samples * (key.len + 48);
}

static bool has_room(const struct room *used, size_t bytes, size_t series_max, size_t bytes_max)
{
    return used->series < series_max && used->bytes + bytes <= bytes_max;
}

static void take_room(struct room *used, size_t bytes)
{
    used->series++;
    used->bytes += bytes;
}

/* Made beyond all bounds: there is one for each that has them. */
static void count_dropped(struct metrics *metrics, struct metric **dropped, struct text lot,
                          double count)
{
    static const struct metric_spec spec = {
        METRIC_COUNTER, dropped_name, "Series that were asked for and did not fit", {NULL, 0}};
    if (*dropped == NULL) {
        CLEANUP(buffer_done) struct buffer key = BUFFER_INIT(2 * METRIC_KEY_MAX);
        struct metric_label label = {"plugin", lot.ptr};
        struct metric_family *family = family_of(metrics, text_of(dropped_name));
        write_key(&key, &spec, METRIC_UNLABELLED, lot.ptr == NULL ? NULL : &label);
        *dropped = metric_new(metrics, family == NULL ? family_new(metrics, &spec) : family, &spec,
                              buffer_view(&key));
    }
    metric_add(*dropped, count);
}

struct metric *metrics_series(struct metrics *metrics, const struct metric_spec *spec,
                              const struct metric_label *labels)
{
    CLEANUP(buffer_done) struct buffer key = BUFFER_INIT(2 * METRIC_KEY_MAX);
    if (metrics == NULL) {
        return NULL;
    }
    write_key(&key, spec, labels, NULL);
    struct metric *metric = map_get(&metrics->by_key, buffer_view(&key));
    if (metric != NULL) {
        return metric;
    }
    size_t bytes = page_bytes(spec, buffer_view(&key));
    struct metric_family *family = family_of(metrics, text_of(spec->name));
    if (key.full || (family != NULL && family->type != spec->type) ||
        !has_room(&metrics->used, bytes, METRICS_SERIES_MAX, METRICS_PAGE_MAX)) {
        count_dropped(metrics, &metrics->dropped, (struct text){NULL, 0}, 1);
        return NULL;
    }
    take_room(&metrics->used, bytes);
    return metric_new(metrics, family == NULL ? family_new(metrics, spec) : family, spec,
                      buffer_view(&key));
}

/* --- lots ---------------------------------------------------------------------------------------- */

struct metrics_lot *metrics_lot(struct metrics *metrics, const char *name)
{
    if (metrics == NULL) {
        return NULL;
    }
    struct metrics_lot *lot = map_get(&metrics->lots, text_of(name));
    if (lot == NULL) {
        lot = arena_alloc(&metrics->arena, sizeof *lot);
        lot->metrics = metrics;
        lot->name = arena_text(&metrics->arena, text_of(name));
        map_put(&metrics->lots, lot->name, lot);
    }
    return lot;
}

void metrics_lot_dropped(struct metrics_lot *lot, double count)
{
    if (lot != NULL && count > 0) {
        count_dropped(lot->metrics, &lot->dropped, lot->name, count);
    }
}

static enum tend_code check_family(const struct metrics *metrics, const struct metric_spec *spec,
                                   struct error *err)
{
    const struct metric_family *family = family_of(metrics, text_of(spec->name));
    const struct metric_family *other = family_in_the_way(metrics, spec);
    if (family != NULL && family->type != spec->type) {
        return FAIL(err, TEND_EXISTS, "%s is a %s here, not a %s", spec->name,
                    type_name(family->type), type_name(spec->type));
    }
    return family != NULL || other == NULL
               ? TEND_OK
               : FAIL(err, TEND_EXISTS, "%s has the name of a sample of the %s %s, or the reverse",
                      spec->name, type_name(other->type), other->name.ptr);
}

static struct metric_bounds copy_bounds(struct metrics *metrics, const struct metric_bounds *bounds)
{
    double *at = arena_alloc(&metrics->arena, bounds->count * sizeof *at);
    memcpy(at, bounds->at, bounds->count * sizeof *at);
    return (struct metric_bounds){at, bounds->count};
}

static bool same_bounds(const struct metric *metric, const struct metric_spec *spec)
{
    return spec->type != METRIC_HISTOGRAM ||
           (metric->bounds.count == spec->bounds.count &&
            memcmp(metric->bounds.at, spec->bounds.at, spec->bounds.count * sizeof(double)) == 0);
}

static enum tend_code lot_add(struct metrics_lot *lot, const struct metric_spec *spec,
                              const struct buffer *key, struct metric **ret_metric,
                              struct error *err)
{
    struct metrics *metrics = lot->metrics;
    size_t bytes = page_bytes(spec, buffer_view(key));
    if (key->full || !has_room(&lot->used, bytes, METRICS_LOT_SERIES_MAX, METRICS_LOT_PAGE_MAX) ||
        !has_room(&metrics->used, bytes, METRICS_SERIES_MAX, METRICS_PAGE_MAX)) {
        metrics_lot_dropped(lot, 1);
        return FAIL(err, TEND_LIMIT, "%s has too many series, or too long ones: %s is not kept",
                    lot->name.ptr, spec->name);
    }
    struct metric_family *family = family_of(metrics, text_of(spec->name));
    struct metric_spec kept = *spec;
    if (spec->type == METRIC_HISTOGRAM) {
        kept.bounds = copy_bounds(metrics, &spec->bounds);
    }
    take_room(&lot->used, bytes);
    take_room(&metrics->used, bytes);
    *ret_metric = metric_new(metrics, family == NULL ? family_new(metrics, spec) : family, &kept,
                             buffer_view(key));
    return TEND_OK;
}

enum tend_code metrics_lot_series(struct metrics_lot *lot, const struct metric_spec *spec,
                                  const struct metric_label *labels, struct metric **ret_metric,
                                  struct error *err)
{
    CLEANUP(buffer_done) struct buffer key = BUFFER_INIT(2 * METRIC_KEY_MAX);
    TRY(metric_check(spec, labels, err));
    if (lot == NULL) {
        *ret_metric = NULL;
        return TEND_OK;
    }
    TRY(check_family(lot->metrics, spec, err));
    write_key(&key, spec, labels, &(struct metric_label){"plugin", lot->name.ptr});
    struct metric *metric = map_get(&lot->metrics->by_key, buffer_view(&key));
    if (metric == NULL) {
        return lot_add(lot, spec, &key, ret_metric, err);
    }
    if (!same_bounds(metric, spec)) {
        return FAIL(err, TEND_EXISTS, "%s has other bounds here", spec->name);
    }
    *ret_metric = metric;
    return TEND_OK;
}

/* --- the page ------------------------------------------------------------------------------------ */

static void write_sample(struct buffer *out, const struct metric_family *family, const char *end,
                         const struct metric *metric, const double *le)
{
    const char *before = metric->labels.len > 0 ? "," : "";
    buffer_text(out, family->name);
    buffer_chars(out, end);
    if (metric->labels.len == 0 && le == NULL) {
        buffer_byte(out, ' ');
        return;
    }
    buffer_byte(out, '{');
    buffer_text(out, metric->labels);
    if (le != NULL) {
        buffer_chars(out, before);
        buffer_chars(out, "le=\"");
        write_number(out, *le);
        buffer_byte(out, '"');
    }
    buffer_chars(out, "} ");
}

static void write_histogram(struct buffer *out, const struct metric_family *family,
                            const struct metric *metric)
{
    static const double end = INFINITY;
    uint64_t count = 0;
    for (size_t i = 0; i <= metric->bounds.count; i++) {
        count += metric->buckets[i];
        write_sample(out, family, "_bucket", metric,
                     i < metric->bounds.count ? &metric->bounds.at[i] : &end);
        buffer_format(out, "%" PRIu64 "\n", count);
    }
    write_sample(out, family, "_sum", metric, NULL);
    write_number(out, metric->value);
    buffer_byte(out, '\n');
    write_sample(out, family, "_count", metric, NULL);
    buffer_format(out, "%" PRIu64 "\n", count);
}

static void write_series(struct buffer *out, const struct metric_family *family,
                         const struct metric *metric)
{
    if (family->type == METRIC_HISTOGRAM) {
        write_histogram(out, family, metric);
        return;
    }
    write_sample(out, family, "", metric, NULL);
    write_number(out, metric->value);
    buffer_byte(out, '\n');
}

static void write_head(struct buffer *out, const struct metric_family *family)
{
    if (family->help != NULL) {
        buffer_format(out, "# HELP %s ", family->name.ptr);
        write_escaped(out, text_of(family->help), "\\\n");
        buffer_byte(out, '\n');
    }
    buffer_format(out, "# TYPE %s %s\n", family->name.ptr, type_name(family->type));
}

/* To the next series there is; false where there is none. */
static bool step(const struct metrics *metrics, struct metrics_cursor *cursor)
{
    const struct metric *next = cursor->family == NULL   ? NULL
                                : cursor->series == NULL ? cursor->family->first
                                                         : cursor->series->after;
    while (next == NULL) {
        cursor->family = cursor->family == NULL ? metrics->families : cursor->family->next;
        cursor->headed = false;
        if (cursor->family == NULL) {
            return false;
        }
        next = cursor->family->first;
    }
    cursor->series = next;
    return true;
}

bool metrics_write(const struct metrics *metrics, struct metrics_cursor *cursor, struct buffer *out,
                   size_t room)
{
    size_t begin = out->len;
    while (out->len - begin < room) {
        if (!step(metrics, cursor)) {
            return false;
        }
        if (cursor->series->hidden) {
            continue;
        }
        if (!cursor->headed) {
            write_head(out, cursor->family);
            cursor->headed = true;
        }
        write_series(out, cursor->family, cursor->series);
    }
    return true;
}

/* Quotes in a value are escaped, so what ends in one is a whole label. */
static bool has_label(const struct metric *metric, const struct metric_label *label)
{
    CLEANUP(buffer_done) struct buffer wanted = BUFFER_INIT(METRIC_KEY_MAX);
    struct text rest = metric->labels;
    write_label(&wanted, label);
    for (size_t at; (at = text_search(rest, buffer_view(&wanted))) < rest.len;) {
        const char *found = rest.ptr + at;
        if (found == metric->labels.ptr || found[-1] == ',') {
            return true;
        }
        rest = text_from(rest, at + 1);
    }
    return false;
}

static bool has_labels(const struct metric *metric, const struct metric_label *labels)
{
    bool all = true;
    for (; all && labels->name != NULL; labels++) {
        all = has_label(metric, labels);
    }
    return all;
}

double metrics_sum(const struct metrics *metrics, const char *name,
                   const struct metric_label *labels)
{
    const struct metric_family *family = family_of(metrics, text_of(name));
    double sum = NAN;
    for (const struct metric *metric = family == NULL ? NULL : family->first; metric != NULL;
         metric = metric->after) {
        if (metric->hidden || !has_labels(metric, labels)) {
            continue;
        }
        sum = isnan(sum) ? 0 : sum;
        sum += metric->buckets == NULL ? metric->value : 0;
        for (size_t i = 0; metric->buckets != NULL && i <= metric->bounds.count; i++) {
            sum += (double)metric->buckets[i];
        }
    }
    return sum;
}

void metrics_collect(struct metrics *metrics)
{
    LIST_FOREACH (link, &metrics->sources) {
        struct metrics_source *source = CONTAINER_OF(link, struct metrics_source, link);
        source->collect(source);
    }
}

/* --- life ---------------------------------------------------------------------------------------- */

void metrics_attach(struct metrics *metrics, struct metrics_source *source)
{
    if (metrics != NULL) {
        list_append(&metrics->sources, &source->link);
    }
}

void metrics_detach(struct metrics_source *source)
{
    list_remove(&source->link);
}

struct metrics *metrics_new(void)
{
    struct metrics *metrics = alloc_new(sizeof *metrics);
    list_init(&metrics->sources);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics != NULL) {
        map_done(&metrics->by_name);
        map_done(&metrics->by_key);
        map_done(&metrics->lots);
        arena_done(&metrics->arena);
        free(metrics);
    }
}
