/* The functions that a plugin sees.
 *
 * Nodes are indices into a list of values in the call's arena: a handle that is wrong is absent,
 * never a wild pointer. Values never change; a write makes a new value under the same handle.
 * Nothing here returns an error to the plugin: the first mistake is kept, and native_call.c turns
 * the outcome into a failure that names it.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "document/json.h"
#include "document/path.h"
#include "document/utf8.h"
#include "engine/native_call.h"
#include "engine/native_find.h"
#include "protocol/shape.h"

static struct native_call *of(struct tend_call *call)
{
    return native_call_of(call);
}

void native_mistake(struct native_call *call, const char *format, ...)
{
    if (call->mistake == NULL) {
        struct buffer text = BUFFER_INIT(ERROR_TEXT_MAX);
        va_list args;
        va_start(args, format);
        buffer_formatv(&text, format, args);
        va_end(args);
        call->mistake = arena_text(&call->arena, buffer_view(&text)).ptr;
        buffer_done(&text);
    }
}

/* --- nodes
 * ------------------------------------------------------------------------------------- */

/* Append to a list of the call; false, and a mistake, beyond `most`. */
static bool add(struct native_call *call, struct native_list *list, const struct value *value,
                size_t most, const char *what)
{
    if (list->count == most) {
        native_mistake(call, "more than %zu %s in one call", most, what);
        return false;
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 32 : list->capacity * 2;
        list->items = alloc_resize(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = value;
    return true;
}

tend_node native_name_value(struct native_call *call, const struct value *value)
{
    if (value == NULL || !add(call, &call->nodes, value, CALL_NODES_MAX, "values")) {
        return 0;
    }
    return call->nodes.count;
}

const struct value *native_value_of(const struct native_call *call, tend_node node)
{
    return node == 0 || node > call->nodes.count ? NULL : call->nodes.items[node - 1];
}

static tend_node api_get(struct tend_call *seen, tend_node root, const char *path)
{
    struct native_call *call = of(seen);
    const struct value *from = root == TEND_THIS ? call->current : native_value_of(call, root);
    return native_name_value(call, path_get(from, text_of(path)));
}

static int32_t api_type(struct tend_call *call, tend_node node)
{
    static const int32_t types[] = {
        [VALUE_NULL] = TEND_NULL, [VALUE_BOOL] = TEND_BOOL, [VALUE_INT] = TEND_INT,
        [VALUE_REAL] = TEND_REAL, [VALUE_TEXT] = TEND_TEXT, [VALUE_LIST] = TEND_LIST,
        [VALUE_MAP] = TEND_MAP};
    const struct value *value = native_value_of(of(call), node);
    return value == NULL ? TEND_ABSENT : types[value->type];
}

static int32_t api_as_bool(struct tend_call *call, tend_node node, int32_t otherwise)
{
    return value_bool_or(native_value_of(of(call), node), otherwise != 0);
}

static int64_t api_as_int(struct tend_call *call, tend_node node, int64_t otherwise)
{
    return value_int_or(native_value_of(of(call), node), otherwise);
}

static double api_as_real(struct tend_call *call, tend_node node, double otherwise)
{
    const struct value *value = native_value_of(of(call), node);
    return value_is(value, VALUE_REAL)  ? value->real
           : value_is(value, VALUE_INT) ? (double)value->integer
                                        : otherwise;
}

static struct tend_str api_as_text(struct tend_call *call, tend_node node, const char *otherwise)
{
    struct text text =
        value_text_or(native_value_of(of(call), node), text_of(otherwise == NULL ? "" : otherwise));
    return (struct tend_str){text.ptr, text.len};
}

static uint32_t api_count(struct tend_call *call, tend_node node)
{
    return (uint32_t)value_count(native_value_of(of(call), node));
}

static tend_node api_item(struct tend_call *seen, tend_node node, uint32_t index,
                          struct tend_str *ret_key)
{
    struct native_call *call = of(seen);
    const struct value *value = native_value_of(call, node);
    struct text key = TEXT("");
    const struct value *item = NULL;
    if (value_is(value, VALUE_MAP) && index < value->count) {
        key = value->fields[index].key;
        item = value->fields[index].value;
    } else {
        item = value_at(value, index);
    }
    if (ret_key != NULL) {
        *ret_key = (struct tend_str){key.ptr, key.len};
    }
    return native_name_value(call, item);
}

/* --- making values
 * ----------------------------------------------------------------------------- */

static tend_node api_make_bool(struct tend_call *call, int32_t value)
{
    return native_name_value(of(call), value_bool(&of(call)->arena, value != 0));
}

static tend_node api_make_int(struct tend_call *call, int64_t value)
{
    return native_name_value(of(call), value_int(&of(call)->arena, value));
}

static tend_node api_make_real(struct tend_call *seen, double value)
{
    struct native_call *call = of(seen);
    if (!isfinite(value)) {
        native_mistake(call, "a number is not finite");
        return 0;
    }
    return native_name_value(call, value_real(&call->arena, value));
}

/* A NUL ends it. */
struct text native_keep_text(struct native_call *call, struct tend_str given, const char *what)
{
    struct text copy = arena_text(&call->arena, (struct text){given.ptr, given.len});
    copy.len = strlen(copy.ptr);
    if (copy.len != given.len) {
        native_mistake(call, "%s holds a NUL", what);
    }
    if (!utf8_is_text(copy.ptr)) {
        native_mistake(call, "%s is not UTF-8", what);
        return TEXT("");
    }
    return copy;
}

static tend_node api_make_text(struct tend_call *seen, struct tend_str value)
{
    struct native_call *call = of(seen);
    return native_name_value(call,
                             value_text(&call->arena, native_keep_text(call, value, "a text")));
}

static tend_node api_make_map(struct tend_call *call)
{
    return native_name_value(of(call), value_empty_map());
}

static tend_node api_make_list(struct tend_call *call)
{
    return native_name_value(of(call), value_empty_list());
}

/* --- writing
 * ----------------------------------------------------------------------------------- */

/* Where `target` keeps its value; NULL, and a mistake, where it may not be written at `path`. */
static const struct value **place_of(struct native_call *call, tend_node target, const char *path)
{
    if (target == TEND_THIS) {
        if (strncmp(path, "status.", 7) != 0) {
            native_mistake(call, "%s: of the object itself only status can be written", path);
            return NULL;
        }
        return &call->current;
    }
    if (target > call->nodes.count) {
        native_mistake(call, "%s: the value to write into is none of this call", path);
        return NULL;
    }
    return &call->nodes.items[target - 1];
}

static void set(struct native_call *call, const struct value **place, const char *path,
                const struct value *value)
{
    struct error err = ERROR_INIT;
    const struct value *changed;
    if (path_set(&call->arena, *place, text_of(path), value, &changed, &err) != TEND_OK) {
        native_mistake(call, "%s: %s", path, err.message);
        return;
    }
    *place = changed;
}

static void api_put(struct tend_call *seen, tend_node target, const char *path, tend_node node)
{
    struct native_call *call = of(seen);
    const struct value *value = native_value_of(call, node);
    if (node != 0 && value == NULL) {
        native_mistake(call, "%s: the value is none of this call", path);
        return;
    }
    const struct value **place = place_of(call, target, path);
    if (place != NULL) {
        set(call, place, path, value);
    }
}

static void api_append(struct tend_call *seen, tend_node target, const char *path, tend_node node)
{
    struct native_call *call = of(seen);
    const struct value *value = native_value_of(call, node);
    const struct value **place = place_of(call, target, path);
    if (place == NULL) {
        return;
    }
    const struct value *list = path_get(*place, text_of(path));
    if (value == NULL || (list != NULL && list->type != VALUE_LIST)) {
        native_mistake(call, "%s: %s", path, value == NULL ? "nothing to append" : "it is no list");
        return;
    }
    set(call, place, path, value_append(&call->arena, list, value));
}

/* "GROUP/VERSION/KIND" or "v1/KIND" cut at its last '/'. */
static bool cut_kind(struct native_call *call, const char *kind, struct text *ret_version,
                     struct text *ret_kind)
{
    const char *slash = kind == NULL ? NULL : strrchr(kind, '/');
    if (slash == NULL || slash == kind || slash[1] == '\0') {
        native_mistake(call, "\"%s\" is no kind, expected GROUP/VERSION/KIND",
                       kind == NULL ? "" : native_keep_text(call, tend_str(kind), "a kind").ptr);
        return false;
    }
    *ret_version =
        native_keep_text(call, (struct tend_str){kind, (size_t)(slash - kind)}, "a kind");
    *ret_kind = native_keep_text(call, tend_str(slash + 1), "a kind");
    return true;
}

static const struct value *text_value(struct native_call *call, const char *text, const char *what)
{
    return value_text(&call->arena, native_keep_text(call, tend_str(text), what));
}

static tend_node api_draft(struct tend_call *seen, const char *kind, const char *name_space,
                           const char *name)
{
    struct native_call *call = of(seen);
    struct text version, word;
    if (!cut_kind(call, kind, &version, &word)) {
        return native_name_value(call, value_empty_map());
    }
    struct value_field meta[] = {
        {TEXT("name"), text_value(call, name, "a name"), 0, 0},
        {TEXT("namespace"), text_value(call, name_space, "a namespace"), 0, 0}};
    struct value_field root[] = {
        {TEXT("apiVersion"), value_text(&call->arena, version), 0, 0},
        {TEXT("kind"), value_text(&call->arena, word), 0, 0},
        {TEXT("metadata"), value_map(&call->arena, meta, name_space == NULL ? 1 : 2), 0, 0}};
    return native_name_value(call, value_map(&call->arena, root, COUNT_OF(root)));
}

static void api_apply(struct tend_call *seen, tend_node node)
{
    struct native_call *call = of(seen);
    const struct value *draft = native_value_of(call, node);
    const struct value *name = value_field(value_field(draft, "metadata"), "name");
    if (!value_is(value_field(draft, "apiVersion"), VALUE_TEXT) ||
        !value_is(value_field(draft, "kind"), VALUE_TEXT) || !value_is(name, VALUE_TEXT)) {
        native_mistake(call, "apply: not a draft (no apiVersion, kind or metadata.name)");
        return;
    }
    struct value_field fields[] = {{TEXT("object"), draft, 0, 0},
                                   {TEXT("verb"), value_chars(&call->arena, "apply"), 0, 0}};
    add(call, &call->writes, value_map(&call->arena, fields, COUNT_OF(fields)), CALL_WRITES_MAX,
        "writes");
}

static void api_remove(struct tend_call *seen, const char *kind, const char *name_space,
                       const char *name)
{
    struct native_call *call = of(seen);
    struct text version, word;
    if (!cut_kind(call, kind, &version, &word)) {
        return;
    }
    struct value_field fields[] = {
        {TEXT("kind"), text_value(call, kind, "a kind"), 0, 0},
        {TEXT("name"), text_value(call, name, "a name"), 0, 0},
        {TEXT("namespace"), text_value(call, name_space, "a namespace"), 0, 0},
        {TEXT("verb"), value_chars(&call->arena, "remove"), 0, 0}};
    add(call, &call->writes, value_map(&call->arena, fields, COUNT_OF(fields)), CALL_WRITES_MAX,
        "writes");
}

static void api_condition(struct tend_call *seen, const char *type, int32_t truth,
                          const char *reason, const char *message)
{
    struct native_call *call = of(seen);
    const char *status = truth == TEND_TRUE ? "True" : truth == TEND_FALSE ? "False" : "Unknown";
    struct value_field fields[] = {
        {TEXT("message"), text_value(call, message, "a message"), 0, 0},
        {TEXT("reason"), text_value(call, reason, "a reason"), 0, 0},
        {TEXT("status"), value_chars(&call->arena, status), 0, 0},
        {TEXT("type"), text_value(call, type, "a condition's type"), 0, 0}};
    add(call, &call->conditions, value_map(&call->arena, fields, COUNT_OF(fields)),
        CALL_CONDITIONS_MAX, "conditions");
}

static void api_event(struct tend_call *seen, int32_t tone, const char *reason, const char *message)
{
    struct native_call *call = of(seen);
    const char *type = tone == TEND_NORMAL ? "Normal" : "Warning";
    struct value_field fields[] = {{TEXT("message"), text_value(call, message, "a message"), 0, 0},
                                   {TEXT("reason"), text_value(call, reason, "a reason"), 0, 0},
                                   {TEXT("type"), value_chars(&call->arena, type), 0, 0}};
    add(call, &call->events, value_map(&call->arena, fields, COUNT_OF(fields)), CALL_EVENTS_MAX,
        "events");
}

/* --- the rest
 * ---------------------------------------------------------------------------------- */

static void api_log(const struct tend_host *host, int32_t level, const char *text)
{
    static const enum log_level levels[] = {[TEND_DEBUG] = LOG_DEBUG,
                                            [TEND_INFO] = LOG_INFO,
                                            [TEND_WARN] = LOG_WARN,
                                            [TEND_ERROR] = LOG_ERROR};
    struct native_controller *controller = native_controller_of(host);
    bool known = level >= TEND_DEBUG && level <= TEND_ERROR;
    struct text line = text == NULL || !utf8_is_text(text) ? TEXT("(not UTF-8)") : text_of(text);
    controller->engine->host->ops->log(controller->engine->host, known ? levels[level] : LOG_INFO,
                                       line);
}

static void *api_alloc(struct tend_call *call, size_t bytes)
{
    return arena_alloc(&of(call)->arena, bytes);
}

static int64_t api_time_left_ms(struct tend_call *seen)
{
    struct native_call *call = of(seen);
    struct engine_host *host = call->engine->host;
    int64_t left_ms = atomic_load(&call->until_ms) - host->ops->ticks_ms(host);
    return atomic_load(&call->cancelled) != NULL || left_ms < 0 ? 0 : left_ms;
}

static const char *api_format_moment(struct tend_call *call, int64_t moment_ms)
{
    return moment_format(moment_ms, arena_alloc(&of(call)->arena, MOMENT_TEXT_MAX));
}

static int32_t api_parse_moment(struct tend_call *call, const char *text, int64_t *ret_ms)
{
    (void)call;
    return moment_parse(text_of(text), ret_ms) ? 0 : 1;
}

static int32_t api_parse_duration(struct tend_call *call, const char *text, int64_t *ret_ms)
{
    (void)call;
    return duration_parse(text_of(text), ret_ms) ? 0 : 1;
}

static tend_node api_from_json(struct tend_call *seen, struct tend_str text)
{
    struct native_call *call = of(seen);
    const struct value *value;
    bool good =
        json_parse(&call->arena, (struct text){text.ptr, text.len}, &value, NULL) == TEND_OK;
    return good ? native_name_value(call, value) : 0;
}

static struct tend_str api_to_json(struct tend_call *seen, tend_node node)
{
    struct native_call *call = of(seen);
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(RESULT_BYTES_MAX);
    const struct value *value = native_value_of(call, node);
    json_write(&out, value == NULL ? value_null() : value);
    if (out.full) {
        native_mistake(call, "to_json: the text exceeds %u MiB", RESULT_BYTES_MAX / MIB);
        buffer_clear(&out);
    }
    struct text text = arena_text(&call->arena, buffer_view(&out));
    return (struct tend_str){text.ptr, text.len};
}

static uint64_t api_random(struct tend_call *call)
{
    struct engine_host *host = of(call)->engine->host;
    return host->ops->random(host);
}

static void api_discard(struct tend_call *seen)
{
    struct native_call *call = of(seen);
    call->current = call->object;
    call->writes.count = call->conditions.count = call->events.count = 0;
}

const struct tend_api native_api = {
    .size = sizeof native_api,
    .find = native_find,
    .log = api_log,
    .get = api_get,
    .type = api_type,
    .as_bool = api_as_bool,
    .as_int = api_as_int,
    .as_real = api_as_real,
    .as_text = api_as_text,
    .count = api_count,
    .item = api_item,
    .ask = native_ask,
    .wait = native_wait,
    .finish = native_finish,
    .make_bool = api_make_bool,
    .make_int = api_make_int,
    .make_real = api_make_real,
    .make_text = api_make_text,
    .make_map = api_make_map,
    .make_list = api_make_list,
    .put = api_put,
    .append = api_append,
    .draft = api_draft,
    .apply = api_apply,
    .remove = api_remove,
    .condition = api_condition,
    .event = api_event,
    .alloc = api_alloc,
    .time_left_ms = api_time_left_ms,
    .format_moment = api_format_moment,
    .parse_moment = api_parse_moment,
    .parse_duration = api_parse_duration,
    .problem = native_problem,
    .from_json = api_from_json,
    .to_json = api_to_json,
    .random = api_random,
    .discard = api_discard,
};
