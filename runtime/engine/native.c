/* Loading.
 *
 * Order matters: the bytes are judged before dlopen, because dlopen runs constructors, and dies of
 * half a file. RTLD_NOW, because a missing symbol must be a sentence now and not an exit at the
 * first call; RTLD_LOCAL, because two plugins may define the same names. What the plugin says of
 * itself is copied into structs of our own sizes; nothing of ours points into its tables afterwards
 * but texts.
 */
#include "engine/native.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/map.h"
#include "document/json.h"
#include "engine/native_call.h"
#include "protocol/elf.h"
#include "protocol/shape.h"
#include "script/script.h"

struct native {
    struct engine engine;
    struct arena arena;
    struct script *script; /* NULL: a shared object */
    struct tend_plugin plugin;
    struct native_controller *controllers;
    size_t controller_count;
    struct map calls; /* in flight, by the bytes of their id */
    struct buffer result;
};

static struct native *of(struct engine *engine)
{
    return CONTAINER_OF(engine, struct native, engine);
}

/* --- the file
 * ---------------------------------------------------------------------------------- */

static enum tend_code read_file(const char *path, struct buffer *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return FAIL(err, TEND_IO, "cannot open %s: %s", path, strerror(errno));
    }
    ssize_t got = 1;
    while (got > 0 && !out->full) {
        char *space = buffer_reserve(out, 64 * KIB);
        got = space == NULL ? 0 : read(fd, space, 64 * KIB);
        out->len += got > 0 ? (size_t)got : 0;
    }
    int number = errno;
    close(fd);
    if (got < 0) {
        return FAIL(err, TEND_IO, "cannot read %s: %s", path, strerror(number));
    }
    if (out->full) {
        return FAIL(err, TEND_INVALID, "larger than %u MiB", PLUGIN_BYTES_MAX / MIB);
    }
    return TEND_OK;
}

static enum tend_code check_file(const char *path, struct error *err)
{
    CLEANUP(buffer_done) struct buffer file = BUFFER_INIT(PLUGIN_BYTES_MAX + 64 * KIB);
    struct elf_plugin plugin;
    TRY(read_file(path, &file, err));
    return elf_check(buffer_view(&file), &plugin, err);
}

static enum tend_code load_object(const char *path, const struct tend_plugin **ret_plugin,
                                  struct error *err)
{
    TRY(check_file(path, err));
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return FAIL(err, TEND_INVALID, "cannot be loaded: %s", dlerror());
    }
    const struct tend_plugin *plugin = dlsym(library, ELF_SYMBOL);
    if (plugin == NULL) {
        return FAIL(err, TEND_INVALID, "cannot be loaded: %s", dlerror());
    }
    *ret_plugin = plugin;
    return TEND_OK;
}

/* --- scripts
 * ------------------------------------------------------------------------------------ */

static void die(void *owner, const char *why)
{
    struct native *native = owner;
    native->engine.host->ops->die(native->engine.host, why);
}

static void recycle(void *owner, const char *why)
{
    struct native *native = owner;
    native->engine.host->ops->recycle(native->engine.host, why);
}

/* "/x/labinstance.lua" is labinstance.lua for people, and its controller labinstance. */
static enum tend_code load_script(struct native *native, const char *path, const char *name,
                                  struct error *err)
{
    CLEANUP(buffer_done) struct buffer source = BUFFER_INIT(PLUGIN_BYTES_MAX + 64 * KIB);
    const char *slash = strrchr(name, '/');
    const char *file = slash == NULL ? name : slash + 1;
    struct text stem = text_of(file);
    TRY(read_file(path, &source, err));
    if (text_ends(stem, TEXT(".lua"))) {
        stem.len -= strlen(".lua");
    }
    struct script_options options = {.name = arena_text(&native->arena, stem).ptr,
                                     .file = file,
                                     .source = buffer_view(&source),
                                     .host = {die, recycle, native}};
    return script_open(&options, &native->script, err);
}

static enum tend_code load(struct native *native, const char *path, const char *name,
                           const struct tend_plugin **ret_plugin, struct error *err)
{
    if (!text_ends(text_of(path), TEXT(".lua"))) {
        return load_object(path, ret_plugin, err);
    }
    TRY(load_script(native, path, name, err));
    *ret_plugin = script_plugin(native->script);
    return TEND_OK;
}

/* --- copies in our own sizes
 * ------------------------------------------------------------------- */

/* Copy a struct of the contract, whose first field is its size, into ours. What is missing is zero;
 * what we do not know must be zero. */
static enum tend_code adopt(void *ours, size_t our_size, const void *given, const char *what,
                            struct error *err)
{
    uint32_t size;
    memcpy(&size, given, sizeof size);
    if (size < sizeof size || size > 4096) {
        return FAIL(err, TEND_INVALID, "%s says that it has %u bytes", what, size);
    }
    for (size_t i = our_size; i < size; i++) {
        if (((const char *)given)[i] != 0) {
            return FAIL(err, TEND_INVALID,
                        "%s uses something newer than this host (contract %d.%d)", what, TEND_MAJOR,
                        TEND_MINOR);
        }
    }
    memset(ours, 0, our_size);
    memcpy(ours, given, size < our_size ? size : our_size);
    return TEND_OK;
}

static enum tend_code adopt_states(struct native *native, struct native_controller *controller,
                                   struct error *err)
{
    const struct tend_state *const *given = controller->given.states;
    size_t count = 0;
    while (given != NULL && given[count] != NULL && count <= MACHINE_STATES_MAX) {
        count++;
    }
    if (count > MACHINE_STATES_MAX) {
        return FAIL(err, TEND_INVALID, "controller %s has more than %u states",
                    controller->given.name, MACHINE_STATES_MAX);
    }
    controller->states = arena_alloc(&native->arena, (count + 1) * sizeof *controller->states);
    controller->state_count = count;
    for (size_t i = 0; i < count; i++) {
        TRY(adopt(&controller->states[i], sizeof controller->states[i], given[i], "a state", err));
        if (controller->states[i].name == NULL) {
            return FAIL(err, TEND_INVALID, "controller %s has a state without a name",
                        controller->given.name);
        }
    }
    return TEND_OK;
}

static enum tend_code adopt_controller(struct native *native, struct native_controller *controller,
                                       const struct tend_controller *given, struct error *err)
{
    TRY(adopt(&controller->given, sizeof controller->given, given, "a controller", err));
    if (controller->given.name == NULL || controller->given.kind == NULL) {
        return FAIL(err, TEND_INVALID, "a controller has no %s",
                    controller->given.name == NULL ? "name" : "kind");
    }
    const char *field = controller->given.state_field;
    controller->state_field = text_of(field == NULL ? "status.state" : field);
    controller->engine = &native->engine;
    controller->host = (struct tend_host){sizeof controller->host, TEND_MINOR, &native_api};
    return adopt_states(native, controller, err);
}

static enum tend_code adopt_plugin(struct native *native, const struct tend_plugin *given,
                                   struct error *err)
{
    TRY(adopt(&native->plugin, sizeof native->plugin, given, "the descriptor", err));
    const struct tend_controller *const *list = native->plugin.controllers;
    size_t count = 0;
    while (list != NULL && list[count] != NULL && count < PLUGIN_CONTROLLERS_MAX) {
        count++;
    }
    native->controllers = arena_alloc(&native->arena, (count + 1) * sizeof *native->controllers);
    native->controller_count = count;
    for (size_t i = 0; i < count; i++) {
        TRY(adopt_controller(native, &native->controllers[i], list[i], err));
    }
    return TEND_OK;
}

/* --- the descriptor as a value
 * ----------------------------------------------------------------- */

static void put(struct native *native, const struct value **map, const char *key,
                const struct value *value)
{
    if (value != NULL) {
        *map = value_with(&native->arena, *map, text_of(key), value);
    }
}

static const struct value *chars_or_none(struct native *native, const char *chars)
{
    return chars == NULL ? NULL : value_chars(&native->arena, chars);
}

static const struct value *true_or_none(struct native *native, unsigned holds)
{
    return holds == 0 ? NULL : value_bool(&native->arena, true);
}

static const struct value *time_or_none(struct native *native, int64_t ms)
{
    return ms <= 0 ? NULL : value_int(&native->arena, ms);
}

/* "a, b" as a list of texts. */
static const struct value *words(struct native *native, const char *chars)
{
    const struct value *list = NULL;
    struct text rest = text_of(chars);
    while (rest.len > 0) {
        struct text word = text_cut(&rest, ',');
        while (word.len > 0 && word.ptr[0] == ' ') {
            word = text_from(word, 1);
        }
        while (word.len > 0 && word.ptr[word.len - 1] == ' ') {
            word.len--;
        }
        if (word.len > 0) {
            list = value_append(&native->arena, list, value_text(&native->arena, word));
        }
    }
    return list;
}

static const struct value *describe_state(struct native *native, const struct tend_state *state)
{
    const struct value *map = value_empty_map();
    put(native, &map, "name", value_chars(&native->arena, state->name));
    put(native, &map, "next", words(native, state->next));
    if (state->within_ms > 0) {
        put(native, &map, "within", value_int(&native->arena, state->within_ms));
    }
    put(native, &map, "withinField", chars_or_none(native, state->within_field));
    put(native, &map, "from", chars_or_none(native, state->from));
    put(native, &map, "otherwise", chars_or_none(native, state->otherwise));
    put(native, &map, "condition", chars_or_none(native, state->condition));
    put(native, &map, "reason", chars_or_none(native, state->reason));
    put(native, &map, "message", chars_or_none(native, state->message));
    put(native, &map, "final", true_or_none(native, state->flags & TEND_FINAL));
    put(native, &map, "teardown", true_or_none(native, state->flags & TEND_TEARDOWN));
    put(native, &map, "alone", true_or_none(native, state->flags & TEND_ALONE));
    return map;
}

/* "Old=New, ..." as a map; the host judges the names. */
static const struct value *describe_renames(struct native *native, const char *chars)
{
    const struct value *list = words(native, chars), *map = NULL;
    for (size_t i = 0; i < value_count(list); i++) {
        struct text to = value_at(list, i)->text, from = text_cut(&to, '=');
        map = value_with(&native->arena, map, from, value_text(&native->arena, to));
    }
    return map;
}

static const struct value *describe_machine(struct native *native,
                                            const struct native_controller *controller)
{
    if (controller->state_count == 0) {
        return NULL;
    }
    const struct value *map = value_empty_map();
    const struct value *states = NULL;
    for (size_t i = 0; i < controller->state_count; i++) {
        states =
            value_append(&native->arena, states, describe_state(native, &controller->states[i]));
    }
    put(native, &map, "field", value_text(&native->arena, controller->state_field));
    put(native, &map, "initial", value_chars(&native->arena, controller->states[0].name));
    put(native, &map, "states", states);
    put(native, &map, "renamed", describe_renames(native, controller->given.renamed));
    return map;
}

static const struct value *describe_controller(struct native *native,
                                               const struct native_controller *controller)
{
    const struct value *map = value_empty_map();
    uint32_t parallel = controller->given.parallel;
    put(native, &map, "name", value_chars(&native->arena, controller->given.name));
    put(native, &map, "kind", value_chars(&native->arena, controller->given.kind));
    put(native, &map, "parallel", value_int(&native->arena, parallel == 0 ? 1 : parallel));
    put(native, &map, "owns", words(native, controller->given.owns));
    put(native, &map, "finalize", true_or_none(native, controller->given.finalize != NULL));
    put(native, &map, "crd", chars_or_none(native, controller->given.crd));
    put(native, &map, "machine", describe_machine(native, controller));
    put(native, &map, "observer", true_or_none(native, controller->given.flags & TEND_OBSERVER));
    put(native, &map, "labels", chars_or_none(native, controller->given.labels));
    put(native, &map, "annotation", chars_or_none(native, controller->given.annotation));
    put(native, &map, "limitMs", time_or_none(native, controller->given.limit_ms));
    put(native, &map, "sliceMs", time_or_none(native, controller->given.slice_ms));
    return map;
}

static enum tend_code describe(struct native *native, struct error *err)
{
    const struct value *map = value_empty_map();
    const struct value *controllers = value_empty_list();
    for (size_t i = 0; i < native->controller_count; i++) {
        controllers = value_append(&native->arena, controllers,
                                   describe_controller(native, &native->controllers[i]));
    }
    put(native, &map, "name", chars_or_none(native, native->plugin.name));
    put(native, &map, "version", chars_or_none(native, native->plugin.version));
    put(native, &map, "controllers", controllers);
    TRY(shape_descriptor(map, err));
    native->engine.descriptor = map;
    return TEND_OK;
}

/* --- start and stop
 * ---------------------------------------------------------------------------- */

static enum tend_code start(struct native *native, const struct value *config, struct error *err)
{
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(FRAME_HEAD_MAX);
    json_write(&text, config == NULL ? value_empty_map() : config);
    for (size_t i = 0; i < native->controller_count; i++) {
        struct native_controller *controller = &native->controllers[i];
        const char *refusal = NULL;
        controller->self = controller->given.data;
        if (controller->given.start != NULL) {
            refusal = controller->given.start(&controller->host,
                                              (struct tend_str){buffer_view(&text).ptr, text.len},
                                              &controller->self);
        }
        if (refusal != NULL) {
            return FAIL(err, TEND_INVALID, "controller %s does not start: %s",
                        controller->given.name, refusal);
        }
        controller->started = true;
    }
    return TEND_OK;
}

static void close_native(struct engine *engine)
{
    struct native *native = of(engine);
    MAP_FOREACH (slot, &native->calls) {
        native_call_free(slot->value);
    }
    map_done(&native->calls);
    for (size_t i = native->controller_count; i-- > 0;) {
        struct native_controller *controller = &native->controllers[i];
        if (controller->started && controller->given.stop != NULL) {
            controller->given.stop(controller->self);
        }
    }
    script_close(native->script);
    buffer_done(&native->result);
    arena_done(&native->arena);
    free(native);
}

/* --- calls
 * ------------------------------------------------------------------------------------- */

static const struct native_controller *find(const struct native *native, struct text name)
{
    for (size_t i = 0; i < native->controller_count; i++) {
        if (text_is(name, native->controllers[i].given.name)) {
            return &native->controllers[i];
        }
    }
    return NULL;
}

/* Run a slice of `call`; where that was the last one, hand its result over. */
static void run_slice(struct native *native, struct native_call *call,
                      bool (*slice)(struct native_call *, struct buffer *))
{
    struct engine_host *host = native->engine.host;
    uint64_t id = call->id;
    buffer_clear(&native->result);
    if (slice(call, &native->result)) {
        map_remove(&native->calls, call->key);
        native_call_free(call);
        host->ops->finished(host, id, buffer_view(&native->result));
    }
}

static void start_call(struct engine *engine, const struct engine_call *given)
{
    struct native *native = of(engine);
    const struct native_controller *controller = find(native, given->controller);
    if (controller == NULL) {
        engine->host->ops->finished(engine->host, given->id,
                                    TEXT("{\"outcome\":\"fail\",\"reason\":\"NoSuchController\"}"));
        return;
    }
    struct native_call *call = native_call_new(engine, controller, given);
    map_put(&native->calls, call->key, call);
    run_slice(native, call, native_call_begin);
}

static struct native_call *in_flight(struct native *native, uint64_t id)
{
    return map_get(&native->calls, (struct text){(const char *)&id, sizeof id});
}

static void go_on(struct native *native, struct native_call *call)
{
    if (!call->in_slice) { /* else it looks by itself */
        run_slice(native, call, native_call_go_on);
    }
}

static void answer(struct engine *engine, const struct engine_answer *given)
{
    struct native_call *call = in_flight(of(engine), given->call);
    if (call != NULL && native_call_answer(call, given)) {
        go_on(of(engine), call);
    }
}

static void cancel(struct engine *engine, uint64_t id, struct text why)
{
    struct native_call *call = in_flight(of(engine), id);
    if (call != NULL) {
        native_call_cancel(call, why);
        go_on(of(engine), call);
    }
}

static const struct engine_ops ops = {start_call, answer, cancel, close_native};

enum tend_code native_open(const char *path, const char *name, const struct value *config,
                           struct engine_host *host, struct engine **ret_engine, struct error *err)
{
    const struct tend_plugin *plugin = NULL;
    struct native *native = alloc_new(sizeof *native);
    native->engine = (struct engine){&ops, host, NULL};
    native->result = (struct buffer)BUFFER_INIT(RESULT_BYTES_MAX);
    CLEANUP(engine_closep) struct engine *engine = &native->engine;
    TRY(load(native, path, name, &plugin, err));
    TRY(adopt_plugin(native, plugin, err));
    TRY(describe(native, err));
    TRY(start(native, config, err));
    *ret_engine = TAKE(engine);
    return TEND_OK;
}
