/* Why deltas. A runner may die and be born again: what it has told is the host's by then, and a counter goes on.
 * What it has not told is lost with it, which is at most what was counted in METERING_PAUSE_MS.
 *
 * Whoever tells sleeps on an event descriptor that is written once, by the first that counts after a report: so
 * a thread of the plugin that counts while nothing runs is heard as well, and an idle runner sleeps. */
#include "engine/metering.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/map.h"
#include "document/utf8.h"

struct counted {
    uint64_t number;          /* from 1 */
    struct text key;          /* of by_key */
    const struct value *told; /* what is said of it once; NULL: it was */
    enum metric_type type;
    struct metric_bounds bounds;
    double sum;        /* since the last report; of a gauge, its value */
    uint64_t *buckets; /* since the last report */
    bool has_news;
    bool is_set;          /* of a gauge: ever */
    struct counted *next; /* that has news */
};

struct metering {
    pthread_mutex_t lock;
    struct arena arena; /* of all series */
    struct map by_key;
    struct counted *series[METRICS_LOT_SERIES_MAX];
    uint64_t count, dropped;
    unsigned complaints;
    struct counted *news, **last; /* those that have some, in order */
    bool has_news;                /* and the descriptor is readable */
    int event;                    /* -1: not yet */
};

/* --- news, under the lock ------------------------------------------------------------------------ */

static void has_news(struct metering *metering)
{
    static const uint64_t one = 1;
    if (!metering->has_news) {
        metering->has_news = true;
        ssize_t ignored = write(metering->event, &one, sizeof one);
        (void)ignored; /* it is readable already */
    }
}

static void note(struct metering *metering, struct counted *counted)
{
    if (!counted->has_news) {
        counted->has_news = true;
        *metering->last = counted;
        metering->last = &counted->next;
        has_news(metering);
    }
}

/* --- declaring ----------------------------------------------------------------------------------- */

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

static const struct value *tell_labels(struct arena *arena, const struct metric_label *labels)
{
    const struct value *map = value_empty_map();
    for (; labels->name != NULL; labels++) {
        map = value_with(arena, map, text_of(labels->name), value_chars(arena, labels->value));
    }
    return map;
}

static const struct value *tell_bounds(struct arena *arena, const struct metric_bounds *bounds)
{
    const struct value *items[METRIC_BOUNDS_MAX];
    for (size_t i = 0; i < bounds->count; i++) {
        items[i] = value_real(arena, bounds->at[i]);
    }
    return value_list(arena, items, bounds->count);
}

static const struct value *tell_series(struct arena *arena, const char *controller,
                                       const struct metric_spec *spec,
                                       const struct metric_label *labels)
{
    struct value_field fields[6];
    size_t count = 0;
    fields[count++] =
        (struct value_field){TEXT("controller"), value_chars(arena, controller), 0, 0};
    fields[count++] = (struct value_field){TEXT("name"), value_chars(arena, spec->name), 0, 0};
    fields[count++] =
        (struct value_field){TEXT("type"), value_chars(arena, type_names[spec->type]), 0, 0};
    fields[count++] = (struct value_field){TEXT("labels"), tell_labels(arena, labels), 0, 0};
    if (spec->help != NULL) {
        fields[count++] = (struct value_field){TEXT("help"), value_chars(arena, spec->help), 0, 0};
    }
    if (spec->type == METRIC_HISTOGRAM) {
        fields[count++] =
            (struct value_field){TEXT("bounds"), tell_bounds(arena, &spec->bounds), 0, 0};
    }
    return value_map(arena, fields, count);
}

static void write_key(struct buffer *key, const char *controller, const char *name,
                      const struct metric_label *labels)
{
    buffer_chars(key, controller);
    buffer_byte(key, '\n');
    buffer_chars(key, name);
    for (; labels->name != NULL; labels++) { /* a name has no such bytes in it */
        buffer_byte(key, '\n');
        buffer_chars(key, labels->name);
        buffer_format(key, "=%zu=", strlen(labels->value));
        buffer_chars(key, labels->value);
    }
}

static enum tend_code check_same(const struct counted *counted, const struct metric_spec *spec,
                                 struct error *err)
{
    if (counted->type != spec->type) {
        return FAIL(err, TEND_EXISTS, "%s is a %s already, not a %s", spec->name,
                    type_names[counted->type], type_names[spec->type]);
    }
    if (spec->type == METRIC_HISTOGRAM &&
        (counted->bounds.count != spec->bounds.count ||
         memcmp(counted->bounds.at, spec->bounds.at, spec->bounds.count * sizeof(double)) != 0)) {
        return FAIL(err, TEND_EXISTS, "%s has other bounds already", spec->name);
    }
    return TEND_OK;
}

static struct counted *make(struct metering *metering, struct text key,
                            const struct metric_spec *spec)
{
    struct arena *arena = &metering->arena;
    struct counted *counted = arena_alloc(arena, sizeof *counted);
    counted->key = arena_text(arena, key);
    counted->type = spec->type;
    if (spec->type == METRIC_HISTOGRAM) {
        double *at = arena_alloc(arena, spec->bounds.count * sizeof *at);
        memcpy(at, spec->bounds.at, spec->bounds.count * sizeof *at);
        counted->bounds = (struct metric_bounds){at, spec->bounds.count};
        counted->buckets = arena_alloc(arena, (spec->bounds.count + 1) * sizeof(uint64_t));
    }
    metering->series[metering->count] = counted;
    counted->number = ++metering->count;
    map_put(&metering->by_key, counted->key, counted);
    return counted;
}

static enum tend_code declare(struct metering *metering, const char *controller,
                              const struct metric_spec *spec, const struct metric_label *labels,
                              uint64_t *ret_series, struct error *err)
{
    CLEANUP(buffer_done) struct buffer key = BUFFER_INIT(METRIC_KEY_MAX);
    write_key(&key, controller, spec->name, labels);
    struct counted *counted = map_get(&metering->by_key, buffer_view(&key));
    if (counted != NULL) {
        *ret_series = counted->number;
        return check_same(counted, spec, err);
    }
    if (metering->event < 0) {
        metering->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (key.full || metering->count == METRICS_LOT_SERIES_MAX || metering->event < 0) {
        metering->dropped++;
        if (metering->event >= 0) {
            has_news(metering);
        }
        return FAIL(err, TEND_LIMIT, "more than %u series: %s is not kept", METRICS_LOT_SERIES_MAX,
                    spec->name);
    }
    counted = make(metering, buffer_view(&key), spec);
    counted->told = tell_series(&metering->arena, controller, spec, labels);
    note(metering, counted);
    *ret_series = counted->number;
    return TEND_OK;
}

static enum tend_code check_texts(const struct metric_spec *spec, const struct metric_label *labels,
                                  struct error *err)
{
    bool fine = spec->help == NULL || utf8_is_text(spec->help);
    for (; labels->name != NULL; labels++) {
        fine = fine && utf8_is_text(labels->value);
    }
    return fine ? TEND_OK : FAIL(err, TEND_INVALID, "%s: a text of it is not UTF-8", spec->name);
}

uint64_t metering_declare(struct metering *metering, const char *controller,
                          const struct metric_spec *spec, const struct metric_label *labels,
                          struct error *err)
{
    uint64_t series = 0;
    if (metric_check(spec, labels, err) != TEND_OK || check_texts(spec, labels, err) != TEND_OK) {
        return 0;
    }
    pthread_mutex_lock(&metering->lock);
    enum tend_code code = declare(metering, controller, spec, labels, &series, err);
    pthread_mutex_unlock(&metering->lock);
    return code == TEND_OK ? series : 0;
}

bool metering_complains(struct metering *metering)
{
    enum { COMPLAINTS_MAX = 20 };
    pthread_mutex_lock(&metering->lock);
    bool more = metering->complaints < COMPLAINTS_MAX;
    metering->complaints += more;
    pthread_mutex_unlock(&metering->lock);
    return more;
}

/* --- counting ------------------------------------------------------------------------------------ */

/* Locks, where there is such a series and `value` makes sense; NULL otherwise. */
static struct counted *begin(struct metering *metering, uint64_t series, enum metric_type type,
                             double value)
{
    if (series == 0 || !isfinite(value)) {
        return NULL;
    }
    pthread_mutex_lock(&metering->lock);
    struct counted *counted = series <= metering->count ? metering->series[series - 1] : NULL;
    if (counted == NULL || counted->type != type) {
        pthread_mutex_unlock(&metering->lock);
        return NULL;
    }
    return counted;
}

static void end(struct metering *metering, struct counted *counted)
{
    note(metering, counted);
    pthread_mutex_unlock(&metering->lock);
}

void metering_add(struct metering *metering, uint64_t series, double by)
{
    struct counted *counted = begin(metering, series, METRIC_COUNTER, by < 0 ? NAN : by);
    if (counted != NULL) {
        counted->sum =
            fmin(counted->sum + by, (double)METRIC_COUNT_MAX); /* as the host bounds it */
        end(metering, counted);
    }
}

void metering_set(struct metering *metering, uint64_t series, double value)
{
    struct counted *counted = begin(metering, series, METRIC_GAUGE, value);
    if (counted != NULL) {
        counted->sum = value;
        counted->is_set = true;
        end(metering, counted);
    }
}

void metering_observe(struct metering *metering, uint64_t series, double value)
{
    struct counted *counted = begin(metering, series, METRIC_HISTOGRAM, value);
    if (counted != NULL) {
        size_t i = 0;
        while (i < counted->bounds.count && value > counted->bounds.at[i]) {
            i++;
        }
        counted->buckets[i]++;
        counted->sum += value;
        end(metering, counted);
    }
}

/* --- telling ------------------------------------------------------------------------------------- */

int metering_fd(struct metering *metering)
{
    pthread_mutex_lock(&metering->lock);
    int event = metering->event;
    pthread_mutex_unlock(&metering->lock);
    return event;
}

static const struct value *take_buckets(struct arena *arena, struct counted *counted)
{
    const struct value *items[METRIC_BOUNDS_MAX + 1];
    size_t count = counted->bounds.count + 1;
    for (size_t i = 0; i < count; i++) {
        items[i] = value_int(arena, (int64_t)counted->buckets[i]);
        counted->buckets[i] = 0;
    }
    return value_list(arena, items, count);
}

/* Sums of what is finite may end being it. */
static const struct value *take_number(struct arena *arena, struct counted *counted)
{
    double number = isfinite(counted->sum) ? counted->sum : 0;
    counted->sum = counted->type == METRIC_GAUGE ? number : 0;
    return value_real(arena, number);
}

static const struct value *take_update(struct arena *arena, struct counted *counted)
{
    static const char *const words[] = {
        [METRIC_COUNTER] = "by", [METRIC_GAUGE] = "value", [METRIC_HISTOGRAM] = "sum"};
    struct value_field fields[3] = {
        {TEXT("series"), value_int(arena, (int64_t)counted->number - 1), 0, 0},
        {text_of(words[counted->type]), take_number(arena, counted), 0, 0}};
    size_t count = 2;
    if (counted->type == METRIC_HISTOGRAM) {
        fields[count++] = (struct value_field){TEXT("buckets"), take_buckets(arena, counted), 0, 0};
    }
    return value_map(arena, fields, count);
}

/* How much of a frame one series may take: its texts escaped, its buckets. */
enum { SERIES_BYTES_MAX = 16 * 1024, SERIES_MOST = METERING_BYTES_MAX / SERIES_BYTES_MAX };

struct report {
    const struct value *series[SERIES_MOST], *updates[SERIES_MOST];
    size_t series_count, update_count;
};

static void take_news(struct metering *metering, struct arena *arena, struct report *report)
{
    for (size_t i = 0; metering->news != NULL && i < SERIES_MOST; i++) {
        struct counted *counted = metering->news;
        metering->news = counted->next;
        counted->next = NULL;
        counted->has_news = false;
        if (counted->told != NULL) { /* they are told in the order of their numbers */
            report->series[report->series_count++] = value_copy(arena, counted->told);
            counted->told = NULL;
        }
        if (counted->type != METRIC_GAUGE || counted->is_set) {
            report->updates[report->update_count++] = take_update(arena, counted);
        }
    }
    if (metering->news == NULL) {
        uint64_t ignored;
        metering->last = &metering->news;
        metering->has_news = false;
        ssize_t got = read(metering->event, &ignored, sizeof ignored);
        (void)got;
    }
}

const struct value *metering_report(struct metering *metering, struct arena *arena)
{
    struct report report = {.series_count = 0};
    pthread_mutex_lock(&metering->lock);
    bool tells = metering->has_news;
    uint64_t dropped = metering->dropped;
    if (tells) {
        take_news(metering, arena, &report);
        metering->dropped = 0;
    }
    pthread_mutex_unlock(&metering->lock);
    if (!tells) {
        return NULL;
    }
    struct value_field fields[] = {
        {TEXT("series"), value_list(arena, report.series, report.series_count), 0, 0},
        {TEXT("updates"), value_list(arena, report.updates, report.update_count), 0, 0},
        {TEXT("dropped"), value_int(arena, (int64_t)dropped), 0, 0}};
    return value_map(arena, fields, COUNT_OF(fields));
}

/* --- life ---------------------------------------------------------------------------------------- */

struct metering *metering_new(void)
{
    struct metering *metering = alloc_new(sizeof *metering);
    pthread_mutex_init(&metering->lock, NULL);
    metering->last = &metering->news;
    metering->event = -1;
    return metering;
}

void metering_free(struct metering *metering)
{
    if (metering == NULL) {
        return;
    }
    if (metering->event >= 0) {
        close(metering->event);
    }
    pthread_mutex_destroy(&metering->lock);
    map_done(&metering->by_key);
    arena_done(&metering->arena);
    free(metering);
}
