/* coroutine.*, as the manual has it, but that a wait inside a coroutine is a wait of the run: everything in
 * between yields, and goes on with it.
 *
 * A coroutine that waits is held by its run until the answer is there, and so is the one that a run itself
 * is: in a variable of the file another run could get at them, and would take its own answer for theirs.
 */
#include <string.h>

#include "base/limits.h"
#include "script/inside.h"

static lua_State *check_coroutine(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co != NULL, 1, "coroutine");
    return co;
}

/* --- what is held by a run ----------------------------------------------------------------------- */

/* The address is the key of a table in the registry: from coroutines to whether they are held. */
static const char held_key = 0;

void coroutine_hold(lua_State *L, int index, enum coroutine_hold hold)
{
    index = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &held_key);
    lua_pushvalue(L, index);
    lua_pushboolean(L, hold == COROUTINE_HELD);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static bool is_held(lua_State *L, int index)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &held_key);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    bool held = lua_toboolean(L, -1) != 0;
    lua_pop(L, 2);
    return held;
}

/* --- making ------------------------------------------------------------------------------------ */

static int coroutine_create(lua_State *L)
{
    struct script_run *run = script_of(L)->current;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (run != NULL && ++run->threads > SCRIPT_COROUTINES_MAX) {
        return luaL_error(L, "more than %d coroutines in one run", SCRIPT_COROUTINES_MAX);
    }
    lua_State *co = lua_newthread(L);
    coroutine_hold(L, -1, COROUTINE_FREE); /* room for it: later on nothing may fail */
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

/* --- running on -------------------------------------------------------------------------------- */

enum resume_result { RESUMED, FAILED, WAITS };

/* Run `co` on, with `count` arguments that are on its stack. FAILED: the message is on top of L. */
static enum resume_result resume(lua_State *L, lua_State *co, int count, int *ret_results)
{
    struct script *script = script_of(L);
    struct script_run *run = script->current;
    unsigned closed = lua_isyieldable(L) ? 0 : 1;
    if (run != NULL) {
        run->closed += closed;
    }
    watchdog_move(&script->watchdog, co);
    int status = lua_resume(co, L, count, ret_results);
    watchdog_move(&script->watchdog, L);
    if (run != NULL) {
        run->closed -= closed;
    }
    if (status == LUA_YIELD && run != NULL && run->waits) {
        return WAITS;
    }
    if (status == LUA_OK || status == LUA_YIELD) {
        return RESUMED;
    }
    lua_xmove(co, L, 1);
    return sandbox_must_go_on(L, status) ? (enum resume_result)lua_error(L) : FAILED;
}

/* May the script run the coroutine at `index` on? False pushes why not; whether it can be is for Lua. */
static bool may_resume(lua_State *L, int index)
{
    if (lua_status(lua_tothread(L, index)) == LUA_YIELD && is_held(L, index)) {
        lua_pushliteral(L, "cannot resume a coroutine of another run that waits");
        return false;
    }
    return true;
}

static int take_results(lua_State *L, lua_State *co, int results)
{
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        return luaL_error(L, "too many results to resume");
    }
    lua_xmove(co, L, results);
    return results;
}

static int go_on_resume(lua_State *L, int status, lua_KContext context);

static int finish_resume(lua_State *L, lua_State *co, int count)
{
    int results = 0;
    switch (resume(L, co, count, &results)) {
    case WAITS:
        coroutine_hold(L, 1, COROUTINE_HELD);
        return lua_yieldk(L, 0, 0, go_on_resume);
    case FAILED:
        lua_pushboolean(L, false);
        lua_insert(L, -2);
        return 2;
    case RESUMED:
        break;
    }
    lua_pushboolean(L, true);
    return 1 + take_results(L, co, results);
}

static int go_on_resume(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    coroutine_hold(L, 1, COROUTINE_FREE);
    return finish_resume(L, check_coroutine(L), 0);
}

static int coroutine_resume(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    int count = lua_gettop(L) - 1;
    if (!may_resume(L, 1)) {
        lua_pushboolean(L, false);
        lua_insert(L, -2);
        return 2;
    }
    if (!lua_checkstack(co, count)) {
        return luaL_error(L, "too many arguments to resume");
    }
    lua_xmove(L, co, count);
    return finish_resume(L, co, count);
}

static int go_on_wrapped(lua_State *L, int status, lua_KContext context);

/* Run what `co` still has to close, in it. Not LUA_OK: the error is on top of it. */
static int close_variables(lua_State *L, lua_State *co)
{
    watchdog_move(&script_of(L)->watchdog, co);
    int ended = lua_resetthread(co);
    watchdog_move(&script_of(L)->watchdog, L);
    return ended;
}

/* The error at the top is what the coroutine ended with. */
static int fail_wrapped(lua_State *L, lua_State *co)
{
    if (lua_status(co) > LUA_YIELD) { /* else it runs, and could not be resumed */
        lua_xmove(L, co, 1);
        (void)sandbox_must_go_on(L, close_variables(L, co));
        lua_xmove(co, L, 1); /* that one, or what closing ended with */
    }
    return lua_error(L);
}

static int finish_wrapped(lua_State *L, lua_State *co, int count)
{
    int results = 0;
    switch (resume(L, co, count, &results)) {
    case WAITS:
        coroutine_hold(L, lua_upvalueindex(1), COROUTINE_HELD);
        return lua_yieldk(L, 0, 0, go_on_wrapped);
    case FAILED:
        return fail_wrapped(L, co);
    case RESUMED:
        break;
    }
    return take_results(L, co, results);
}

static int go_on_wrapped(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    coroutine_hold(L, lua_upvalueindex(1), COROUTINE_FREE);
    return finish_wrapped(L, lua_tothread(L, lua_upvalueindex(1)), 0);
}

static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int count = lua_gettop(L);
    if (!may_resume(L, lua_upvalueindex(1))) {
        return lua_error(L);
    }
    if (!lua_checkstack(co, count)) {
        return luaL_error(L, "too many arguments to resume");
    }
    lua_xmove(L, co, count);
    return finish_wrapped(L, co, count);
}

static int coroutine_wrap(lua_State *L)
{
    coroutine_create(L);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

static int coroutine_yield(lua_State *L)
{
    struct script_run *run = script_of(L)->current;
    if (run == NULL || run->co == L) {
        return luaL_error(L, "coroutine.yield outside of a coroutine that the script made");
    }
    return lua_yield(L, lua_gettop(L));
}

static const char *status_of(lua_State *L, lua_State *co)
{
    lua_Debug record;
    if (L == co) {
        return "running";
    }
    switch (lua_status(co)) {
    case LUA_YIELD:
        return "suspended";
    case LUA_OK:
        if (lua_getstack(co, 0, &record)) {
            return "normal";
        }
        return lua_gettop(co) == 0 ? "dead" : "suspended";
    default:
        return "dead";
    }
}

static int coroutine_status(lua_State *L)
{
    lua_pushstring(L, status_of(L, check_coroutine(L)));
    return 1;
}

static int coroutine_isyieldable(lua_State *L)
{
    lua_State *co = lua_isnone(L, 1) ? L : check_coroutine(L);
    struct script_run *run = script_of(L)->current;
    lua_pushboolean(L, lua_isyieldable(co) && run != NULL && run->co != co);
    return 1;
}

static int coroutine_running(lua_State *L)
{
    struct script_run *run = script_of(L)->current;
    lua_pushthread(L);
    lua_pushboolean(L, run == NULL || run->co == L);
    return 2;
}

static int coroutine_close(lua_State *L)
{
    lua_State *co = check_coroutine(L);
    const char *status = status_of(L, co);
    if (strcmp(status, "dead") != 0 && strcmp(status, "suspended") != 0) {
        return luaL_error(L, "cannot close a %s coroutine", status);
    }
    if (is_held(L, 1)) {
        return luaL_error(L, "cannot close a coroutine of another run that waits");
    }
    int ended = close_variables(L, co);
    lua_pushboolean(L, ended == LUA_OK);
    if (ended == LUA_OK) {
        return 1;
    }
    lua_xmove(co, L, 1);
    return sandbox_must_go_on(L, ended) ? lua_error(L) : 2;
}

void coroutine_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"create", coroutine_create},
                                         {"resume", coroutine_resume},
                                         {"wrap", coroutine_wrap},
                                         {"yield", coroutine_yield},
                                         {"status", coroutine_status},
                                         {"isyieldable", coroutine_isyieldable},
                                         {"running", coroutine_running},
                                         {"close", coroutine_close},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode"); /* a coroutine is not kept for being in it */
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &held_key);
}
