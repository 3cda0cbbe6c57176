/* How many objects of each kind there are is kept, and not counted when it is asked for: with a hundred
 * thousand that would be a step of milliseconds. A create or a delete looks its gauge up; an update does not. */
#include "base/alloc.h"
#include "resource/key.h"
#include "store/inside.h"

/* An element of `objects`. */
struct object_gauge {
    struct metric *gauge;
    struct text resource;
    char bytes[];
};

static struct text resource_of(struct text key)
{
    return text_first(key, text_find(key, '/'));
}

static struct metric *gauge_of(struct store *store, struct text resource)
{
    static const struct metric_spec spec = {
        METRIC_GAUGE, "apiserver_storage_objects", "Stored objects by kind", {NULL, 0}};
    struct map *objects = &store->measures.objects;
    struct object_gauge *found = map_get(objects, resource);
    if (found == NULL) {
        found = alloc_new(sizeof *found + resource.len + 1);
        memcpy(found->bytes, resource.ptr, resource.len);
        found->resource = (struct text){found->bytes, resource.len};
        found->gauge = metrics_series(store->measures.metrics, &spec,
                                      METRIC_LABELS({"resource", found->bytes}));
        metric_set(found->gauge, 0);
        map_put(objects, found->resource, found);
    }
    return found->gauge;
}

static void count_objects(struct store *store)
{
    struct index_cursor cursor = index_seek(&store->index, TEXT(""), TEXT(""));
    struct text resource = {"", 0};
    struct metric *gauge = NULL;
    for (const struct index_entry *entry; (entry = index_next(&cursor)) != NULL;) {
        struct text of_entry = resource_of(index_key(entry));
        if (!text_equal(of_entry, resource)) { /* they are sorted: once for each kind */
            resource = of_entry;
            gauge = gauge_of(store, resource);
        }
        metric_add(gauge, entry->newest.doc == NULL ? 0 : 1);
    }
}

static void collect(struct metrics_source *source)
{
    struct store_measures *measures = CONTAINER_OF(source, struct store_measures, source);
    const struct store *store = CONTAINER_OF(measures, struct store, measures);
    metric_set(measures->revision, (double)store->revision);
    metric_set(measures->oldest, (double)store->kept.oldest);
    metric_set(measures->bytes, (double)store->size.bytes);
}

void measures_init(struct store *store)
{
    struct metrics *metrics = store->options.metrics;
    struct store_measures *measures = &store->measures;
    static const struct metric_spec rows = {
        METRIC_COUNTER, "tend_commit_rows_total", "Changes that became durable", {NULL, 0}};
    static const struct metric_spec failures = {METRIC_COUNTER,
                                                "tend_commit_failures_total",
                                                "Commits that failed, as for want of space",
                                                {NULL, 0}};
    static const struct metric_spec revision = {
        METRIC_GAUGE, "tend_revision", "Revision of the newest durable change", {NULL, 0}};
    static const struct metric_spec oldest = {
        METRIC_GAUGE, "tend_revision_oldest", "Changes after this revision are kept", {NULL, 0}};
    static const struct metric_spec bytes = {
        METRIC_GAUGE, "tend_object_bytes", "Bytes of all stored objects", {NULL, 0}};
    if (metrics == NULL) {
        return;
    }
    measures->metrics = metrics;
    measures->seconds = metrics_series(
        metrics,
        &(struct metric_spec){METRIC_HISTOGRAM, "tend_commit_duration_seconds",
                              "How long commits took until they were durable", metric_seconds()},
        METRIC_UNLABELLED);
    measures->rows = metrics_series(metrics, &rows, METRIC_UNLABELLED);
    measures->failures = metrics_series(metrics, &failures, METRIC_UNLABELLED);
    measures->revision = metrics_series(metrics, &revision, METRIC_UNLABELLED);
    measures->oldest = metrics_series(metrics, &oldest, METRIC_UNLABELLED);
    measures->bytes = metrics_series(metrics, &bytes, METRIC_UNLABELLED);
    count_objects(store);
    measures->source.collect = collect;
    metrics_attach(metrics, &measures->source);
}

void measures_done(struct store *store)
{
    struct store_measures *measures = &store->measures;
    metrics_detach(&measures->source);
    MAP_FOREACH (slot, &measures->objects) {
        free(slot->value);
    }
    map_done(&measures->objects);
}

void measures_begin(struct store *store)
{
    if (store->measures.metrics != NULL) {
        store->measures.began_ns = world_ticks_ns(store->world);
    }
}

void measures_end(struct store *store, enum tend_code code, size_t rows)
{
    struct store_measures *measures = &store->measures;
    if (measures->metrics == NULL) {
        return;
    }
    if (code != TEND_OK) {
        metric_add(measures->failures, 1);
        return;
    }
    metric_observe(measures->seconds,
                   (double)(world_ticks_ns(store->world) - measures->began_ns) / 1e9);
    metric_add(measures->rows, (double)rows);
}

void measures_publish(struct store *store, const struct change *change)
{
    if (store->measures.metrics == NULL || change->op == CHANGE_UPDATE) {
        return;
    }
    metric_add(gauge_of(store, resource_of(change->key)), change->op == CHANGE_CREATE ? 1 : -1);
}
