/* From the tables that prelude.lua has checked to the structs of the contract. Nothing is judged here: what
 * is missing or wrong was told with the line of the script that says it. Texts are copied into the script's
 * arena; functions are kept as references. */
#include <string.h>

#include "base/limits.h"
#include "script/inside.h"

static const char *read_text(struct script *script, const char *field)
{
    lua_State *L = script->L;
    lua_getfield(L, -1, field);
    const char *text = lua_tostring(L, -1);
    const char *kept = text == NULL ? NULL : arena_text(&script->arena, text_of(text)).ptr;
    lua_pop(L, 1);
    return kept;
}

static int64_t read_int(struct script *script, const char *field)
{
    lua_getfield(script->L, -1, field);
    int64_t value = lua_tointeger(script->L, -1);
    lua_pop(script->L, 1);
    return value;
}

static int read_function(struct script *script, const char *field)
{
    if (lua_getfield(script->L, -1, field) != LUA_TFUNCTION) {
        lua_pop(script->L, 1);
        return LUA_NOREF;
    }
    return luaL_ref(script->L, LUA_REGISTRYINDEX);
}

/* The state at the top of the stack. */
static void read_state(struct script *script, struct declared *declared, size_t index)
{
    struct tend_state *state = arena_alloc(&script->arena, sizeof *state);
    struct state_code *code = &declared->code[index];
    state->size = sizeof *state;
    state->flags = (uint32_t)read_int(script, "flags");
    state->name = code->name = read_text(script, "name");
    state->next = code->next = read_text(script, "next");
    state->within_ms = read_int(script, "within_ms");
    state->within_field = read_text(script, "within_field");
    state->from = read_text(script, "from");
    state->otherwise = read_text(script, "otherwise");
    state->condition = read_text(script, "condition");
    state->reason = read_text(script, "reason");
    state->message = read_text(script, "message");
    code->every_ms = read_int(script, "every_ms");
    code->run = read_function(script, "run");
    declared->states[index] = state;
}

static void read_states(struct script *script, struct declared *declared)
{
    lua_State *L = script->L;
    if (lua_getfield(L, -1, "states") != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    declared->state_count = (size_t)lua_rawlen(L, -1);
    declared->states =
        arena_alloc(&script->arena, (declared->state_count + 1) * sizeof *declared->states);
    declared->code =
        arena_alloc(&script->arena, (declared->state_count + 1) * sizeof *declared->code);
    for (size_t i = 0; i < declared->state_count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        read_state(script, declared, i);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The controller at the top of the stack. */
static void read_controller(struct script *script, struct declared *declared)
{
    declared->script = script;
    read_states(script, declared);
    declared->reconcile = read_function(script, "reconcile");
    declared->finalize = read_function(script, "finalize");
    struct tend_controller *given = &declared->given;
    given->size = sizeof *given;
    given->parallel = WORKER_CALLS_MAX;
    given->name = read_text(script, "name");
    given->kind = read_text(script, "kind");
    given->owns = read_text(script, "owns");
    given->crd = read_text(script, "crd");
    given->state_field = read_text(script, "state_field");
    given->states = declared->states;
    given->reconcile = script_run_reconcile;
    given->finalize = declared->finalize == LUA_NOREF ? NULL : script_run_reconcile;
    given->renamed = read_text(script, "renamed");
    given->flags = (uint32_t)read_int(script, "flags");
    given->labels = read_text(script, "labels");
    given->annotation = read_text(script, "annotation");
    given->limit_ms = read_int(script, "limit_ms");
    given->slice_ms = RECONCILE_LIMIT_MS; /* the watchdog ends it long before */
    given->data = declared;
}

void declare_read(struct script *script)
{
    lua_State *L = script->L;
    size_t count = (size_t)lua_rawlen(L, -1);
    script->declared = arena_alloc(&script->arena, (count + 1) * sizeof *script->declared);
    script->controllers = arena_alloc(&script->arena, (count + 1) * sizeof *script->controllers);
    script->declared_count = count;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        read_controller(script, &script->declared[i]);
        script->controllers[i] = &script->declared[i].given;
        if (i == 0) {
            const char *version = read_text(script, "version");
            script->plugin.version = version == NULL ? "" : version;
        }
        lua_pop(L, 1);
    }
    script->plugin.size = sizeof script->plugin;
    script->plugin.major = TEND_MAJOR;
    script->plugin.minor = TEND_MINOR;
    script->plugin.name = script->name;
    script->plugin.controllers = script->controllers;
}
