/* Tables of fields instead of code for each: what a map may hold, of which type, and what it must.
 * A field that the table does not have is refused as well; a newer engine says so by its
 * version. */
#include "protocol/shape.h"

#include <float.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"

enum need { OPTIONAL, REQUIRED };
#define ANYTHING VALUE_NULL /* no field may be null */

struct field {
    const char *name;
    enum value_type type;
    enum need need;
};

static const struct field *find(const struct field *fields, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_is(name, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

/* `what` is the sentence's subject: "controllers[0]". */
static enum tend_code check_map(const struct value *map, const char *what,
                                const struct field *fields, size_t count, struct error *err)
{
    if (!value_is(map, VALUE_MAP)) {
        return FAIL(err, TEND_INVALID, "%s is no map", what);
    }
    for (size_t i = 0; i < map->count; i++) {
        const struct field *field = find(fields, count, map->fields[i].key);
        if (field == NULL) {
            return FAIL(err, TEND_INVALID, "%s has an unknown field \"%.*s\"", what,
                        (int)(map->fields[i].key.len < 60 ? map->fields[i].key.len : 60),
                        map->fields[i].key.ptr);
        }
        if (field->type != ANYTHING && map->fields[i].value->type != field->type) {
            return FAIL(err, TEND_INVALID, "%s: \"%s\" is no %s", what, field->name,
                        value_type_name(field->type));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].need == REQUIRED && value_get(map, text_of(fields[i].name)) == NULL) {
            return FAIL(err, TEND_INVALID, "%s has no \"%s\"", what, fields[i].name);
        }
    }
    return TEND_OK;
}

static enum tend_code check_word(const struct value *map, const char *what, const char *name,
                                 const char *const *words, size_t count, struct error *err)
{
    struct text word = value_text_or(value_get(map, text_of(name)), TEXT(""));
    for (size_t i = 0; i < count; i++) {
        if (text_is(word, words[i])) {
            return TEND_OK;
        }
    }
    return FAIL(err, TEND_INVALID, "%s: unknown %s \"%.*s\"", what, name,
                (int)(word.len < 40 ? word.len : 40), word.ptr);
}

static enum tend_code check_count(const struct value *list, const char *what, size_t most,
                                  struct error *err)
{
    if (value_count(list) > most) {
        return FAIL(err, TEND_LIMIT, "%s has %zu items, at most %zu are allowed", what,
                    value_count(list), most);
    }
    return TEND_OK;
}

/* --- the descriptor
 * ---------------------------------------------------------------------------- */

/* What is an owner's, and what is an observer's. */
static enum tend_code check_role(const struct value *controller, struct error *err)
{
    static const char *const owners[] = {"finalize", "crd", "machine"};
    static const char *const observers[] = {"labels", "annotation"};
    bool observes = value_bool_or(value_field(controller, "observer"), false);
    const char *const *others = observes ? owners : observers;
    size_t count = observes ? COUNT_OF(owners) : COUNT_OF(observers);
    for (size_t i = 0; i < count; i++) {
        if (value_get(controller, text_of(others[i])) != NULL) {
            return FAIL(err, TEND_INVALID, "a controller: %s has no \"%s\"",
                        observes ? "an observer" : "who owns a kind", others[i]);
        }
    }
    return TEND_OK;
}

/* Times are added to moments: they have an end. */
static enum tend_code check_time(const struct value *controller, const char *field,
                                 struct error *err)
{
    int64_t ms = value_int_or(value_get(controller, text_of(field)), 1);
    return ms >= 1 && ms <= DURATION_MAX_MS
               ? TEND_OK
               : FAIL(err, TEND_INVALID,
                      "a controller: \"%s\" is not between a millisecond and a century", field);
}

static enum tend_code check_controller(const struct value *controller, struct error *err)
{
    static const struct field fields[] = {
        {"name", VALUE_TEXT, REQUIRED},     {"kind", VALUE_TEXT, REQUIRED},
        {"parallel", VALUE_INT, OPTIONAL},  {"owns", VALUE_LIST, OPTIONAL},
        {"finalize", VALUE_BOOL, OPTIONAL}, {"crd", ANYTHING, OPTIONAL},
        {"machine", VALUE_MAP, OPTIONAL},   {"observer", VALUE_BOOL, OPTIONAL},
        {"labels", VALUE_TEXT, OPTIONAL},   {"annotation", VALUE_TEXT, OPTIONAL},
        {"limitMs", VALUE_INT, OPTIONAL},   {"sliceMs", VALUE_INT, OPTIONAL}};
    TRY(check_map(controller, "a controller", fields, COUNT_OF(fields), err));
    const struct value *owns = value_field(controller, "owns");
    TRY(check_count(owns, "\"owns\"", CONTROLLER_OWNS_MAX, err));
    for (size_t i = 0; i < value_count(owns); i++) {
        if (!value_is(value_at(owns, i), VALUE_TEXT)) {
            return FAIL(err, TEND_INVALID, "a controller: \"owns\" has an item that is no string");
        }
    }
    const struct value *crd = value_field(controller, "crd");
    if (crd != NULL && crd->type != VALUE_TEXT && crd->type != VALUE_MAP) {
        return FAIL(err, TEND_INVALID, "a controller: \"crd\" is neither text nor a map");
    }
    int64_t parallel = value_int_or(value_field(controller, "parallel"), 1);
    if (parallel < 1 || parallel > WORKER_CALLS_MAX) {
        return FAIL(err, TEND_INVALID, "a controller: \"parallel\" is not between 1 and %u",
                    WORKER_CALLS_MAX);
    }
    TRY(check_role(controller, err));
    TRY(check_time(controller, "limitMs", err));
    return check_time(controller, "sliceMs", err);
}

enum tend_code shape_descriptor(const struct value *descriptor, struct error *err)
{
    static const struct field fields[] = {{"name", VALUE_TEXT, REQUIRED},
                                          {"version", VALUE_TEXT, REQUIRED},
                                          {"controllers", VALUE_LIST, REQUIRED}};
    TRY(check_map(descriptor, "the descriptor", fields, COUNT_OF(fields), err));
    const struct value *controllers = value_field(descriptor, "controllers");
    TRY(check_count(controllers, "\"controllers\"", PLUGIN_CONTROLLERS_MAX, err));
    if (controllers->count == 0) {
        return FAIL(err, TEND_INVALID, "the plugin has no controllers");
    }
    for (size_t i = 0; i < controllers->count; i++) {
        TRY(check_controller(controllers->items[i], err));
        struct text name = value_text_or(value_field(controllers->items[i], "name"), TEXT(""));
        for (size_t j = 0; j < i; j++) {
            if (text_equal(name, value_field(controllers->items[j], "name")->text)) {
                return FAIL(err, TEND_INVALID, "the plugin has two controllers \"%.*s\"",
                            TEXT_ARG(text_first(name, NAME_BYTES_MAX)));
            }
        }
    }
    return TEND_OK;
}

/* --- questions
 * --------------------------------------------------------------------------------- */

/* What is done outside has a shape of its own, which effect/effect.h judges. */
enum tend_code shape_question(const struct value *question, struct error *err)
{
    static const struct field fetch[] = {{"kind", VALUE_TEXT, REQUIRED},
                                         {"namespace", VALUE_TEXT, OPTIONAL},
                                         {"name", VALUE_TEXT, REQUIRED}};
    static const struct field select[] = {{"kind", VALUE_TEXT, REQUIRED},
                                          {"namespace", VALUE_TEXT, OPTIONAL},
                                          {"labels", VALUE_TEXT, OPTIONAL}};
    static const struct field kind[] = {{"word", VALUE_TEXT, REQUIRED}};
    static const struct field sleep[] = {{"ms", VALUE_INT, REQUIRED}};
    static const struct {
        const char *name;
        const struct field *fields; /* NULL: a map of any */
        size_t count;
    } questions[] = {{"fetch", fetch, COUNT_OF(fetch)},
                     {"select", select, COUNT_OF(select)},
                     {"kind", kind, COUNT_OF(kind)},
                     {"sleep", sleep, COUNT_OF(sleep)},
                     {"exec", NULL, 0},
                     {"http", NULL, 0}};
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        const struct value *words = value_get(question, text_of(questions[i].name));
        if (words == NULL || value_count(question) != 1) {
            continue;
        }
        if (questions[i].fields == NULL && value_is(words, VALUE_MAP)) {
            return TEND_OK;
        }
        return check_map(words, "the question", questions[i].fields, questions[i].count, err);
    }
    return FAIL(err, TEND_INVALID,
                "the question is none of fetch, select, kind, sleep, exec and http");
}

/* --- results
 * ----------------------------------------------------------------------------------- */

static enum tend_code check_write(const struct value *write, struct error *err)
{
    static const struct field apply[] = {{"verb", VALUE_TEXT, REQUIRED},
                                         {"object", VALUE_MAP, REQUIRED}};
    static const struct field remove[] = {{"verb", VALUE_TEXT, REQUIRED},
                                          {"kind", VALUE_TEXT, REQUIRED},
                                          {"namespace", VALUE_TEXT, OPTIONAL},
                                          {"name", VALUE_TEXT, REQUIRED}};
    struct text verb = value_text_or(value_field(write, "verb"), TEXT(""));
    if (text_is(verb, "remove")) {
        return check_map(write, "a removal", remove, COUNT_OF(remove), err);
    }
    if (!text_is(verb, "apply")) {
        return FAIL(err, TEND_INVALID, "a write is neither \"apply\" nor \"remove\"");
    }
    TRY(check_map(write, "a write", apply, COUNT_OF(apply), err));
    const struct value *object = value_field(write, "object");
    const struct value *name = value_field(value_field(object, "metadata"), "name");
    if (!value_is(value_field(object, "apiVersion"), VALUE_TEXT) ||
        !value_is(value_field(object, "kind"), VALUE_TEXT) || !value_is(name, VALUE_TEXT)) {
        return FAIL(err, TEND_INVALID,
                    "an applied object has no apiVersion, kind or metadata.name");
    }
    return TEND_OK;
}

static enum tend_code check_condition(const struct value *condition, struct error *err)
{
    static const struct field fields[] = {{"type", VALUE_TEXT, REQUIRED},
                                          {"status", VALUE_TEXT, REQUIRED},
                                          {"reason", VALUE_TEXT, OPTIONAL},
                                          {"message", VALUE_TEXT, OPTIONAL}};
    static const char *const statuses[] = {"True", "False", "Unknown"};
    TRY(check_map(condition, "a condition", fields, COUNT_OF(fields), err));
    return check_word(condition, "a condition", "status", statuses, COUNT_OF(statuses), err);
}

static enum tend_code check_event(const struct value *event, struct error *err)
{
    static const struct field fields[] = {{"type", VALUE_TEXT, REQUIRED},
                                          {"reason", VALUE_TEXT, REQUIRED},
                                          {"message", VALUE_TEXT, OPTIONAL}};
    static const char *const types[] = {"Normal", "Warning"};
    TRY(check_map(event, "an event", fields, COUNT_OF(fields), err));
    return check_word(event, "an event", "type", types, COUNT_OF(types), err);
}

static enum tend_code check_each(const struct value *result, const char *name, size_t most,
                                 enum tend_code (*check)(const struct value *, struct error *),
                                 struct error *err)
{
    const struct value *list = value_get(result, text_of(name));
    TRY(check_count(list, name, most, err));
    for (size_t i = 0; i < value_count(list); i++) {
        TRY(check(list->items[i], err));
    }
    return TEND_OK;
}

static enum tend_code check_lists(const struct value *result, struct error *err)
{
    TRY(check_each(result, "writes", CALL_WRITES_MAX, check_write, err));
    TRY(check_each(result, "conditions", CALL_CONDITIONS_MAX, check_condition, err));
    return check_each(result, "events", CALL_EVENTS_MAX, check_event, err);
}

enum tend_code shape_result(const struct value *result, struct error *err)
{
    static const struct field fields[] = {
        {"outcome", VALUE_TEXT, REQUIRED}, {"afterMs", VALUE_INT, OPTIONAL},
        {"state", VALUE_TEXT, OPTIONAL},   {"reason", VALUE_TEXT, OPTIONAL},
        {"message", VALUE_TEXT, OPTIONAL}, {"status", VALUE_MAP, OPTIONAL},
        {"writes", VALUE_LIST, OPTIONAL},  {"conditions", VALUE_LIST, OPTIONAL},
        {"events", VALUE_LIST, OPTIONAL}};
    static const char *const outcomes[] = {"done", "again", "retry", "fail", "enter"};
    TRY(check_map(result, "the result", fields, COUNT_OF(fields), err));
    TRY(check_word(result, "the result", "outcome", outcomes, COUNT_OF(outcomes), err));
    if (value_int_or(value_field(result, "afterMs"), 0) < 0) {
        return FAIL(err, TEND_INVALID, "the result: \"afterMs\" is negative");
    }
    if (text_is(value_field(result, "outcome")->text, "enter") &&
        value_field(result, "state") == NULL) {
        return FAIL(err, TEND_INVALID, "the result enters no \"state\"");
    }
    return check_lists(result, err);
}

enum tend_code shape_writes(const struct value *writes, struct error *err)
{
    static const struct field fields[] = {{"status", VALUE_MAP, OPTIONAL},
                                          {"writes", VALUE_LIST, OPTIONAL},
                                          {"conditions", VALUE_LIST, OPTIONAL},
                                          {"events", VALUE_LIST, OPTIONAL}};
    TRY(check_map(writes, "what was written so far", fields, COUNT_OF(fields), err));
    return check_lists(writes, err);
}

/* --- reports -------------------------------------------------------------------------------------- */

static bool is_number(const struct value *value)
{
    return value_is(value, VALUE_INT) || value_is(value, VALUE_REAL);
}

/* Finite, and of its size. */
static bool is_at_most(const struct value *value, double most)
{
    double number = value_is(value, VALUE_INT) ? (double)value->integer : value->real;
    return number >= -most && number <= most;
}

static bool is_count(const struct value *value)
{
    int64_t count = value_int_or(value, -1);
    return count >= 0 && (uint64_t)count <= METRIC_COUNT_MAX;
}

static enum tend_code check_numbers(const struct value *list, const char *what, struct error *err)
{
    for (size_t i = 0; i < value_count(list); i++) {
        if (!is_number(list->items[i])) {
            return FAIL(err, TEND_INVALID, "%s hold what is no number", what);
        }
    }
    return check_count(list, what, METRIC_BOUNDS_MAX, err);
}

static enum tend_code check_series(const struct value *series, struct error *err)
{
    static const struct field fields[] = {
        {"controller", VALUE_TEXT, REQUIRED}, {"name", VALUE_TEXT, REQUIRED},
        {"type", VALUE_TEXT, REQUIRED},       {"help", VALUE_TEXT, OPTIONAL},
        {"labels", VALUE_MAP, OPTIONAL},      {"bounds", VALUE_LIST, OPTIONAL}};
    static const char *const types[] = {"counter", "gauge", "histogram"};
    const struct value *labels = value_field(series, "labels");
    const struct value *bounds = value_field(series, "bounds");
    TRY(check_map(series, "a series", fields, COUNT_OF(fields), err));
    TRY(check_word(series, "a series", "type", types, COUNT_OF(types), err));
    TRY(check_count(labels, "the labels of a series", METRIC_LABELS_MAX, err));
    for (size_t i = 0; i < value_count(labels); i++) {
        if (labels->fields[i].value->type != VALUE_TEXT) {
            return FAIL(err, TEND_INVALID, "a label of a series is no string");
        }
    }
    if ((bounds != NULL) != text_is(value_get_text(series, TEXT("type")), "histogram")) {
        return FAIL(err, TEND_INVALID, "a series has bounds and is no histogram, or the reverse");
    }
    return check_numbers(bounds, "the bounds of a series", err);
}

static enum tend_code check_buckets(const struct value *buckets, struct error *err)
{
    for (size_t i = 0; i < value_count(buckets); i++) {
        if (!is_count(buckets->items[i])) {
            return FAIL(err, TEND_INVALID, "a bucket of an update is no count up to 2^53");
        }
    }
    return check_count(buckets, "the buckets of an update", METRIC_BOUNDS_MAX + 1, err);
}

static enum tend_code check_update(const struct value *update, struct error *err)
{
    static const struct field fields[] = {{"series", VALUE_INT, REQUIRED},
                                          {"by", ANYTHING, OPTIONAL},
                                          {"value", ANYTHING, OPTIONAL},
                                          {"sum", ANYTHING, OPTIONAL},
                                          {"buckets", VALUE_LIST, OPTIONAL}};
    TRY(check_map(update, "an update", fields, COUNT_OF(fields), err));
    bool counts = is_number(value_field(update, "by"));
    bool sets = is_number(value_field(update, "value"));
    bool observes = is_number(value_field(update, "sum")) && value_field(update, "buckets") != NULL;
    if (counts + sets + observes != 1 || value_count(update) != (observes ? 3U : 2U)) {
        return FAIL(err, TEND_INVALID, "an update says not one thing");
    }
    if (counts && !is_at_most(value_field(update, "by"), METRIC_COUNT_MAX)) {
        return FAIL(err, TEND_INVALID, "an update counts more than 2^53 at once");
    }
    if (!counts &&
        !is_at_most(sets ? value_field(update, "value") : value_field(update, "sum"), DBL_MAX)) {
        return FAIL(err, TEND_INVALID, "an update is not finite");
    }
    return check_buckets(value_field(update, "buckets"), err);
}

enum tend_code shape_report(const struct value *report, struct error *err)
{
    static const struct field fields[] = {{"series", VALUE_LIST, OPTIONAL},
                                          {"updates", VALUE_LIST, OPTIONAL},
                                          {"dropped", VALUE_INT, OPTIONAL}};
    const struct value *series = value_field(report, "series");
    const struct value *updates = value_field(report, "updates");
    TRY(check_map(report, "the report", fields, COUNT_OF(fields), err));
    TRY(check_count(series, "\"series\"", METRICS_LOT_SERIES_MAX, err));
    TRY(check_count(updates, "\"updates\"", METRICS_LOT_SERIES_MAX, err));
    for (size_t i = 0; i < value_count(series); i++) {
        TRY(check_series(series->items[i], err));
    }
    for (size_t i = 0; i < value_count(updates); i++) {
        TRY(check_update(updates->items[i], err));
    }
    const struct value *dropped = value_field(report, "dropped");
    if (dropped != NULL && !is_count(dropped)) {
        return FAIL(err, TEND_INVALID, "the report: \"dropped\" is no count up to 2^53");
    }
    return TEND_OK;
}
