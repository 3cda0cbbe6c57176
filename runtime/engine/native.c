/* Loading.
 *
 * Order matters: the bytes are judged before dlopen, because dlopen runs constructors, and dies of
 * half a file. RTLD_NOW, because a missing symbol must be a sentence now and not an exit at the
 * first call; RTLD_LOCAL, because two plugins may define the same names. What the plugin says of
 * itself is read by protocol/contract.h.
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
#include "engine/native_inside.h"
#include "protocol/contract.h"
#include "protocol/elf.h"

static struct native *of(struct engine *engine)
{
    return native_of(engine);
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

/* What may be done about it, where the loader's own words do not say it. */
static const char *advice_about(const char *problem)
{
    if (strstr(problem, "static TLS") != NULL) {
        return "; compile it, and the libraries that it links, with -ftls-model=global-dynamic";
    }
    if (strstr(problem, "undefined symbol") != NULL) {
        return "; link the library that defines it (-Wl,-z,defs finds such at build time)";
    }
    return "";
}

static enum tend_code load_object(const char *path, const struct tend_plugin **ret_plugin,
                                  struct error *err)
{
    TRY(check_file(path, err));
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *problem = dlerror();
        return FAIL(err, TEND_INVALID, "cannot be loaded: %s%s", problem, advice_about(problem));
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
                                  struct text config, struct error *err)
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
                                     .config = config,
                                     .host = {die, recycle, native}};
    return script_open(&options, &native->script, err);
}

static enum tend_code load(struct native *native, const char *path, const char *name,
                           struct text config, const struct tend_plugin **ret_plugin,
                           struct error *err)
{
    if (!text_ends(text_of(path), TEXT(".lua"))) {
        return load_object(path, ret_plugin, err);
    }
    TRY(load_script(native, path, name, config, err));
    *ret_plugin = script_plugin(native->script);
    return TEND_OK;
}

/* --- what it declares
 * ---------------------------------------------------------------------------- */

/* Copy what it says into structs of our own, and say it to the host. */
static enum tend_code adopt(struct native *native, const struct tend_plugin *given,
                            struct error *err)
{
    struct contract contract;
    TRY(contract_adopt(given, &native->arena, &contract, err));
    native->controllers =
        arena_alloc(&native->arena, (contract.count + 1) * sizeof *native->controllers);
    native->controller_count = contract.count;
    for (size_t i = 0; i < contract.count; i++) {
        const struct contract_controller *declared = &contract.controllers[i];
        native->controllers[i] = (struct native_controller){
            .given = declared->given,
            .states = declared->states,
            .state_count = declared->state_count,
            .state_field = declared->state_field,
            .engine = &native->engine,
            .host = {sizeof(struct tend_host), TEND_MINOR, &native_api},
        };
    }
    return contract_describe(&contract, &native->arena, &native->engine.descriptor, err);
}

/* --- start and stop
 * ---------------------------------------------------------------------------- */

static enum tend_code start(struct native *native, struct text config, struct error *err)
{
    for (size_t i = 0; i < native->controller_count; i++) {
        struct native_controller *controller = &native->controllers[i];
        const char *refusal = NULL;
        controller->self = controller->given.data;
        if (controller->given.start != NULL) {
            refusal = controller->given.start(
                &controller->host, (struct tend_str){config.ptr, config.len}, &controller->self);
        }
        if (refusal != NULL) {
            return FAIL(err, TEND_INVALID, "controller %s does not start: %s",
                        controller->given.name, refusal);
        }
        controller->started = true;
    }
    return TEND_OK;
}

static void stop(struct native *native)
{
    for (size_t i = native->controller_count; i-- > 0;) {
        struct native_controller *controller = &native->controllers[i];
        if (controller->started && controller->given.stop != NULL) {
            controller->given.stop(controller->self);
        }
    }
}

/* Threads of the plugin may hold calls until stop has returned. */
void native_close(struct engine *engine)
{
    struct native *native = of(engine);
    pthread_mutex_lock(&native->lock);
    MAP_FOREACH (slot, &native->calls) {
        native_call_cancel(slot->value, TEXT("the controllers are stopped"));
    }
    pthread_mutex_unlock(&native->lock);
    lanes_stop(native->lanes);
    stop(native);
    lanes_free(native->lanes);
    MAP_FOREACH (slot, &native->calls) {
        native_call_free(slot->value);
    }
    map_done(&native->calls);
    pthread_mutex_destroy(&native->lock);
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

/* Its result is in native->result. */
static void end_call(struct native *native, struct native_call *call)
{
    struct engine_host *host = native->engine.host;
    uint64_t id = call->id;
    native->engine.held -= call->held ? 1 : 0;
    map_remove(&native->calls, call->key);
    native_call_free(call);
    host->ops->finished(host, id, buffer_view(&native->result));
}

/* Run a slice of `call`; where that was the last one, hand its result over. */
static void run_slice(struct native *native, struct native_call *call,
                      bool (*slice)(struct native_call *, struct buffer *))
{
    if (slice(call, &native->result)) {
        end_call(native, call);
    }
}

struct native_call *native_begin(struct native *native, const struct engine_call *given)
{
    struct engine_host *host = native->engine.host;
    const struct native_controller *controller = find(native, given->controller);
    if (controller == NULL) {
        host->ops->finished(host, given->id,
                            TEXT("{\"outcome\":\"fail\",\"reason\":\"NoSuchController\"}"));
        return NULL;
    }
    return native_call_new(&native->engine, controller, given);
}

static void start_call(struct engine *engine, const struct engine_call *given)
{
    struct native *native = of(engine);
    struct native_call *call = native_begin(native, given);
    if (call == NULL) {
        return;
    }
    native_call_read(call, given->object);
    map_put(&native->calls, call->key, call);
    run_slice(native, call, native_call_begin);
}

struct native_call *native_in_flight(struct native *native, uint64_t id)
{
    return map_get(&native->calls, (struct text){(const char *)&id, sizeof id});
}

/* One that runs is inside `asked`, or blocks, and looks by itself. */
static bool is_running(const struct native_call *call)
{
    return atomic_load(&call->phase) == CALL_RUNS;
}

static void answer(struct engine *engine, const struct engine_answer *given)
{
    struct native_call *call = native_in_flight(of(engine), given->call);
    if (call == NULL || !native_call_awaits(call, given->ask)) {
        return;
    }
    if (is_running(call)) {
        native_call_answer(call, given);
    } else if (native_call_resume(call)) {
        native_call_answer(call, given);
        run_slice(of(engine), call, native_call_go_on);
    }
}

/* A held call sees it by time_left_ms. */
static void cancel(struct engine *engine, uint64_t id, struct text why)
{
    struct native_call *call = native_in_flight(of(engine), id);
    if (call == NULL) {
        return;
    }
    native_call_cancel(call, why);
    if (is_running(call)) {
        (void)native_call_close_asks(call);
    } else if (call->ask_open > 0 && native_call_resume(call)) {
        (void)native_call_close_asks(call);
        run_slice(of(engine), call, native_call_go_on);
    }
}

bool native_await(struct native_call *call)
{
    struct engine_host *host = call->engine->host;
    return call->lane != NULL ? lanes_await(call) : host->ops->wait(host, call->id);
}

/* --- calls that threads of the plugin finish
 * ---------------------------------------------------- */

/* One that still runs is ended by its slice. */
void native_finish_elsewhere(struct native_call *call)
{
    struct native *native = of(call->engine);
    struct engine_host *host = native->engine.host;
    if (native->lanes != NULL) {
        lanes_finish(call);
    } else if (atomic_exchange(&call->phase, CALL_OVER) == CALL_RESTS) {
        pthread_mutex_lock(&native->lock);
        list_append(&native->finished, &call->link);
        pthread_mutex_unlock(&native->lock);
        host->ops->wake(host);
    }
}

static void settle(struct engine *engine)
{
    struct native *native = of(engine);
    struct list finished;
    list_init(&finished);
    pthread_mutex_lock(&native->lock);
    list_splice(&finished, &native->finished);
    pthread_mutex_unlock(&native->lock);
    for (struct list *link; (link = list_pop(&finished)) != NULL;) {
        struct native_call *call = CONTAINER_OF(link, struct native_call, link);
        native_call_result(call, &native->result);
        end_call(native, call);
    }
}

static const struct engine_ops one_thread_ops = {start_call, answer, cancel, settle, native_close};

enum tend_code native_open(const char *path, const char *name, const struct value *config,
                           struct engine_host *host, struct engine **ret_engine, struct error *err)
{
    const struct tend_plugin *plugin = NULL;
    struct native *native = alloc_new(sizeof *native);
    native->engine = (struct engine){.ops = &one_thread_ops, .host = host};
    native->result = (struct buffer)BUFFER_INIT(RESULT_BYTES_MAX);
    pthread_mutex_init(&native->lock, NULL);
    list_init(&native->finished);
    CLEANUP(engine_closep) struct engine *engine = &native->engine;
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(FRAME_HEAD_MAX);
    json_write(&json, config == NULL ? value_empty_map() : config);
    TRY(json_parse(&native->arena, buffer_view(&json), &native->config, err));
    TRY(load(native, path, name, buffer_view(&json), &plugin, err));
    TRY(adopt(native, plugin, err));
    TRY(start(native, buffer_view(&json), err));
    lanes_open(native);
    *ret_engine = TAKE(engine);
    return TEND_OK;
}
