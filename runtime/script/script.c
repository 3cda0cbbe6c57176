/* A script is opened in a state of its own: the libraries, then prelude.lua (which makes the words that
 * scripts write in), then the script itself with nothing but those words around it. What it returns is read
 * once; from then on only its functions run. */
#include "script/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "script/config_text.h"
#include "script/inside.h"
#include "script/kind_text.h"
#include "script/prelude_text.h"

static const char *push_stop(lua_State *L, const struct script *script)
{
    const struct script_run *run = script->current;
    switch ((enum watchdog_stop)script->watchdog.stop) {
    case STOP_MEMORY:
        return lua_pushfstring(L, "not enough memory: a script has %d MiB",
                               (int)(SCRIPT_MEMORY_MAX / MIB));
    case STOP_OVER:
        return lua_pushstring(L, run == NULL || run->problem == NULL ? "the run is over"
                                                                     : run->problem);
    case STOP_NONE:
    case STOP_TIME:
        break;
    }
    return lua_pushfstring(L, "ran for more than %d ms without a wait",
                           (int)(script->watchdog.soft_ticks * SCRIPT_TICK_MS));
}

/* Raised again and again, with one message: that of the place where it was first. The traceback is taken
 * there too: what goes through the script's own pcall loses its stack. */
void script_heed_stop(lua_State *L)
{
    struct script *script = script_of(L);
    if (script->watchdog.stop == STOP_NONE) {
        return;
    }
    if (script->stopped[0] == '\0') {
        (void)push_stop(L, script);
        fault_say(L);
        snprintf(script->stopped, sizeof script->stopped, "%s", lua_tostring(L, -1));
    } else {
        lua_pushstring(L, script->stopped);
    }
    lua_error(L);
}

/* Raises what ends a slice. Set by the watchdog; a tick may come when the slice is over already. */
static void stop_hook(lua_State *L, lua_Debug *record)
{
    (void)record;
    script_heed_stop(L);
    lua_sethook(L, NULL, 0, 0);
}

/* Noted where it happens: when the error arrives, the stack is gone. */
static void on_refused(struct memory *memory)
{
    enum { DEEP = 10000 }; /* nobody nests calls like that but by mistake */
    struct script *script = CONTAINER_OF(memory, struct script, memory);
    lua_State *L = script->watchdog.running;
    lua_Debug record;
    if (L != NULL) {
        script->memory_line = fault_line(L);
        script->memory_deep = lua_getstack(L, DEEP, &record) == 1;
    }
}

/* --- loading ----------------------------------------------------------------------------------- */

static int keep_bytes(lua_State *L, const void *bytes, size_t size, void *buffer)
{
    (void)L;
    buffer_add(buffer, bytes, size);
    return 0;
}

/* Pushes a file of the prelude without its debug information: positions are those of the script that calls
 * it. Nothing raises while the buffer is held. */
static void load_prelude(lua_State *L, const char *text)
{
    struct buffer bytes = BUFFER_INIT(SCRIPT_BYTES_MAX);
    int status = luaL_loadbufferx(L, text, strlen(text), "=prelude", "t");
    if (status == LUA_OK) {
        lua_dump(L, keep_bytes, &bytes, 1);
        lua_pop(L, 1);
        status = luaL_loadbufferx(L, bytes.data, bytes.len, "=prelude", "b");
    }
    buffer_done(&bytes);
    if (status != LUA_OK) {
        lua_error(L);
    }
}

/* Byte by byte, so that the place of a syntax error is known (lua_Reader). */
static const char *read_byte(lua_State *L, void *data, size_t *ret_size)
{
    struct script *script = data;
    (void)L;
    *ret_size = script->read_to < script->text.len ? 1 : 0;
    return *ret_size == 0 ? NULL : script->text.ptr + script->read_to++;
}

/* config_text(): JSON; nothing where there is none. */
static int push_config(lua_State *L)
{
    struct text config = script_of(L)->config;
    lua_pushlstring(L, config.ptr, config.len);
    return config.len == 0 ? 0 : 1;
}

static void set_mark(lua_State *L, const char *field, const char *mark)
{
    luaL_getmetatable(L, mark);
    lua_setfield(L, -2, field);
}

/* prelude(host): pushes the environment of scripts, and the function that reads declarations. */
static void run_prelude(lua_State *L, const struct script *script)
{
    load_prelude(L, prelude_text);
    lua_newtable(L);
    load_prelude(L, kind_text);
    lua_setfield(L, -2, "kind");
    load_prelude(L, config_text);
    lua_setfield(L, -2, "config");
    lua_pushcfunction(L, push_config);
    lua_setfield(L, -2, "config_text");
    lua_pushliteral(L, READ_FIELD);
    lua_setfield(L, -2, "read_field");
    ask_open(L);
    tell_open(L);
    meter_open(L);
    lua_pushcfunction(L, sandbox_told);
    lua_setfield(L, -2, "told");
    lua_pushstring(L, script->name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, SCRIPT_RUN_MS);
    lua_setfield(L, -2, "run_ms");
    set_mark(L, "outcome_mark", OUTCOME_MARK);
    set_mark(L, "array_mark", ARRAY_MARK);
    set_mark(L, "object_mark", OBJECT_MARK);
    lua_call(L, 1, 2);
}

/* In a protected call: from nothing to the declarations. */
static int load_all(lua_State *L)
{
    struct script *script = script_of(L);
    char name[128];
    sandbox_open(L);
    convert_open(L);
    view_open(L);
    run_prelude(L, script); /* words, read */
    snprintf(name, sizeof name, "@%s", script->file);
    if (lua_load(L, read_byte, script, name, "t") != LUA_OK) {
        return lua_error(L);
    }
    lua_pushvalue(L, 1);
    lua_setupvalue(L, -2, 1); /* its _ENV */
    lua_call(L, 0, LUA_MULTRET);
    lua_call(L, lua_gettop(L) - 2, 1); /* read(what it returned) */
    declare_read(script);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

void script_begin_slice(struct script *script, lua_State *L, unsigned limit_ms)
{
    script->memory.max = SCRIPT_MEMORY_MAX;
    script->memory.wanted = 0;
    script->stopped[0] = '\0';
    watchdog_begin(&script->watchdog, L, limit_ms);
}

void script_end_slice(struct script *script)
{
    watchdog_end(&script->watchdog);
    script->memory.max =
        SCRIPT_MEMORY_MAX + MIB; /* what is done for it must not fail for want of it */
}

static enum tend_code load(struct script *script, struct error *err)
{
    lua_State *L = script->L;
    lua_pushcfunction(L, fault_handler);
    lua_pushcfunction(L, load_all);
    script_begin_slice(script, L, SCRIPT_LOAD_MS);
    int status = lua_pcall(L, 0, 0, 1);
    script_end_slice(script);
    lua_sethook(L, NULL, 0, 0);
    if (status != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        char memory[ERROR_TEXT_MAX];
        fault_memory(script, memory, sizeof memory);
        fault_describe(script, script->memory.wanted > 0 ? memory : message, err);
        return TEND_INVALID;
    }
    lua_settop(L, 0);
    return TEND_OK;
}

/* --- life -------------------------------------------------------------------------------------- */

static enum tend_code check_source(const struct script_options *options, struct error *err)
{
    if (options->source.len > SCRIPT_BYTES_MAX) {
        return FAIL(err, TEND_INVALID, "%s is larger than %u KiB", options->file,
                    SCRIPT_BYTES_MAX / KIB);
    }
    if (text_starts(options->source, TEXT("\xef\xbb\xbf"))) {
        return FAIL(err, TEND_INVALID,
                    "%s begins with a byte order mark; save it as UTF-8 without one",
                    options->file);
    }
    if (options->source.len > 0 && options->source.ptr[0] == LUA_SIGNATURE[0]) {
        return FAIL(err, TEND_INVALID, "%s holds compiled Lua; scripts are source text",
                    options->file);
    }
    return TEND_OK;
}

static enum tend_code start(struct script *script, struct error *err)
{
    script->L = lua_newstate(memory_alloc, &script->memory);
    if (script->L == NULL) {
        return FAIL(err, TEND_LIMIT, "no memory for a script");
    }
    *(struct script **)lua_getextraspace(script->L) = script;
    TRY(watchdog_open(&script->watchdog, err));
    return load(script, err);
}

enum tend_code script_open(const struct script_options *options, struct script **ret_script,
                           struct error *err)
{
    TRY(check_source(options, err));
    struct script *script = alloc_new(sizeof *script);
    list_init(&script->runs);
    script->host = options->host;
    script->name = alloc_dup(options->name);
    script->file = alloc_dup(options->file);
    script->source = alloc_text(options->source.ptr, options->source.len);
    script->text = (struct text){script->source, options->source.len};
    script->config = options->config;
    script->memory.max = SCRIPT_MEMORY_MAX;
    script->memory.refused = on_refused;
    script->watchdog = (struct watchdog){.die = options->host.die,
                                         .owner = options->host.owner,
                                         .file = script->file,
                                         .hook = stop_hook};
    enum tend_code code = start(script, err);
    script->config = TEXT("");
    if (code != TEND_OK) {
        script_close(script);
        return code;
    }
    *ret_script = script;
    return TEND_OK;
}

const struct tend_plugin *script_plugin(const struct script *script)
{
    return &script->plugin;
}

void script_close(struct script *script)
{
    if (script == NULL) {
        return;
    }
    watchdog_close(&script->watchdog);
    LIST_FOREACH_SAFE (link, &script->runs) {
        script_run_free(CONTAINER_OF(link, struct script_run, link));
    }
    if (script->L != NULL) {
        lua_close(script->L);
    }
    lexicon_unref(script->lexicon);
    arena_done(&script->arena);
    free(script->source);
    free(script->file);
    free(script->name);
    free(script);
}
