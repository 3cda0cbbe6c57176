/* Metrics, and which interface is which. What is large has a file of its own (native_config.c). */
#include "engine/native_find.h"

#include <string.h>

#include "base/limits.h"
#include "engine/metering.h"

static struct metering *metering_of(const struct tend_host *host)
{
    return native_controller_of(host)->engine->host->metering;
}

static void complain(const struct tend_host *host, const char *message)
{
    struct engine_host *engine_host = native_controller_of(host)->engine->host;
    if (metering_complains(engine_host->metering)) {
        engine_host->ops->log(engine_host, LOG_WARN, text_of(message));
    }
}

/* Name and value by turns; the last of `out` names the controller. False where there are too many. */
static bool read_labels(const char *const *given, const char *controller,
                        struct metric_label out[METRIC_LABELS_MAX + 1])
{
    size_t count = 0;
    for (; given != NULL && given[2 * count] != NULL; count++) {
        if (count + 1 == METRIC_LABELS_MAX) {
            return false;
        }
        out[count] = (struct metric_label){given[2 * count], given[2 * count + 1]};
        if (out[count].value == NULL) {
            return false;
        }
    }
    out[count++] = (struct metric_label){"controller", controller};
    out[count] = (struct metric_label){NULL, NULL};
    return true;
}

static bool read_type(int32_t given, enum metric_type *ret_type)
{
    static const enum metric_type types[] = {[TEND_COUNTER] = METRIC_COUNTER,
                                             [TEND_GAUGE] = METRIC_GAUGE,
                                             [TEND_HISTOGRAM] = METRIC_HISTOGRAM};
    if (given < 0 || (size_t)given >= COUNT_OF(types)) {
        return false;
    }
    *ret_type = types[given];
    return true;
}

static tend_metric declare(const struct tend_host *host, const struct tend_metric_spec *given)
{
    struct tend_metric_spec copy = {0};
    struct metric_label labels[METRIC_LABELS_MAX + 1];
    struct metric_spec spec = {.bounds = {NULL, 0}};
    struct error err = ERROR_INIT;
    const char *controller = native_controller_of(host)->given.name;
    memcpy(&copy, given, given->size < sizeof copy ? given->size : sizeof copy);
    if (!read_type(copy.type, &spec.type) || copy.name == NULL ||
        !read_labels(copy.labels, controller, labels)) {
        complain(host,
                 "a metric was declared without a name, with a type that is none, or with more "
                 "than 8 labels");
        return 0;
    }
    spec.name = copy.name;
    spec.help = copy.help;
    if (spec.type == METRIC_HISTOGRAM) {
        spec.bounds = copy.bounds == NULL
                          ? metric_seconds()
                          : (struct metric_bounds){copy.bounds, (size_t)copy.bound_count};
    }
    uint64_t series = metering_declare(metering_of(host), controller, &spec, labels, &err);
    if (series == 0) {
        complain(host, err.message);
    }
    return series;
}

static void add(const struct tend_host *host, tend_metric counter, double by)
{
    metering_add(metering_of(host), counter, by);
}

static void set(const struct tend_host *host, tend_metric gauge, double value)
{
    metering_set(metering_of(host), gauge, value);
}

static void observe(const struct tend_host *host, tend_metric histogram, double value)
{
    metering_observe(metering_of(host), histogram, value);
}

const void *native_find(const struct tend_host *host, const char *id)
{
    static const struct tend_metrics metrics = {
        sizeof metrics, 0, declare, add, set, observe,
    };
    if (id == NULL) {
        return NULL;
    }
    if (strcmp(id, TEND_CONFIG) == 0) {
        return native_config_interface();
    }
    return metering_of(host) != NULL && strcmp(id, TEND_METRICS) == 0 ? &metrics : NULL;
}
