/* What others may declare. It is judged where it is declared, in a runner, and again where it arrives: a name
 * that got through would be a line of the page, and so could be any line. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/metrics.h"

static bool is_word(const char *word, size_t most, const char *also)
{
    size_t len = strnlen(word, most + 1);
    bool fine = len > 0 && len <= most && !(word[0] >= '0' && word[0] <= '9');
    for (size_t i = 0; fine && i < len; i++) {
        char byte = word[i];
        fine = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '_' || strchr(also, byte) != NULL;
    }
    return fine;
}

static bool is_of_the_host(const char *name)
{
    static const char *const begins[] = {"tend_", "controller_runtime_", "workqueue_", "apiserver_",
                                         "process_"};
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        if (text_starts(text_of(name), text_of(begins[i]))) {
            return true;
        }
    }
    return false;
}

static enum tend_code check_label(const struct metric_label *labels, size_t index,
                                  struct error *err)
{
    const struct metric_label *label = &labels[index];
    bool reserved = strncmp(label->name, "__", 2) == 0 || strcmp(label->name, "le") == 0 ||
                    strcmp(label->name, "plugin") == 0;
    if (!is_word(label->name, METRIC_NAME_MAX, "") || reserved) {
        return FAIL(err, TEND_INVALID, "\"%.64s\" is no name for a label", label->name);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(labels[i].name, label->name) == 0) {
            return FAIL(err, TEND_INVALID, "the label %s is there twice", label->name);
        }
    }
    if (label->value == NULL || strlen(label->value) > METRIC_VALUE_MAX) {
        return FAIL(err, TEND_INVALID, "the value of the label %s is longer than %u bytes, or none",
                    label->name, METRIC_VALUE_MAX);
    }
    return TEND_OK;
}

static enum tend_code check_bounds(const struct metric_bounds *bounds, struct error *err)
{
    if (bounds->count == 0 || bounds->count > METRIC_BOUNDS_MAX) {
        return FAIL(err, TEND_INVALID, "a histogram has 1 to %u bounds, not %zu", METRIC_BOUNDS_MAX,
                    bounds->count);
    }
    for (size_t i = 0; i < bounds->count; i++) {
        if (!isfinite(bounds->at[i]) || (i > 0 && bounds->at[i] <= bounds->at[i - 1])) {
            return FAIL(err, TEND_INVALID, "the bounds of a histogram are finite and ascend");
        }
    }
    return TEND_OK;
}

enum tend_code metric_check(const struct metric_spec *spec, const struct metric_label *labels,
                            struct error *err)
{
    if (!is_word(spec->name, METRIC_NAME_MAX, ":")) {
        return FAIL(err, TEND_INVALID,
                    "\"%.64s\" is no name for a metric: letters, digits and _, at most %u",
                    spec->name, METRIC_NAME_MAX);
    }
    if (is_of_the_host(spec->name)) {
        return FAIL(err, TEND_INVALID, "%s begins as the host's own metrics do", spec->name);
    }
    if (spec->help != NULL && strlen(spec->help) > METRIC_HELP_MAX) {
        return FAIL(err, TEND_INVALID, "%s: its help is longer than %u bytes", spec->name,
                    METRIC_HELP_MAX);
    }
    for (size_t i = 0; labels[i].name != NULL; i++) {
        if (i == METRIC_LABELS_MAX) {
            return FAIL(err, TEND_INVALID, "%s has more than %u labels", spec->name,
                        METRIC_LABELS_MAX);
        }
        TRY(check_label(labels, i, err));
    }
    return spec->type == METRIC_HISTOGRAM ? check_bounds(&spec->bounds, err) : TEND_OK;
}
