/* The libraries, as far as scripts get them.
 *
 * What reaches outside (io, os, package, debug), what makes code (load), and what steers the collector is
 * not opened. What could loop inside C without end, or keep an error from ending a slice, is replaced:
 *
 *     pcall, xpcall      an error that stops the slice goes through; the handler runs after the stack is
 *                        unwound, where it can be stopped as well
 *     coroutine.*        coroutine.c
 *     string.rep, table.insert, remove, move    bounded by what fits into the script's memory
 *     setmetatable       no __gc: finalizers run where nothing can stop them
 *     math.random        the host's, so that a test can be repeated
 */
#include <lualib.h>
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "script/inside.h"

/* --- errors that are to be caught -------------------------------------------------------------- */

bool sandbox_must_go_on(lua_State *L, int status)
{
    struct watchdog *watchdog = &script_of(L)->watchdog;
    if (status == LUA_ERRMEM && watchdog->stop == STOP_NONE) {
        watchdog_stop(watchdog, STOP_MEMORY); /* who catches it goes on with half of everything */
    }
    return watchdog->stop != STOP_NONE;
}

static int end_pcall(lua_State *L, int status, lua_KContext context)
{
    if (status == LUA_OK || status == LUA_YIELD) {
        return lua_gettop(L) - (int)context;
    }
    if (sandbox_must_go_on(L, status)) {
        return lua_error(L);
    }
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

static int safe_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, end_pcall);
    return end_pcall(L, status, 0);
}

/* The stack is: the handler, false, then what the handler returned or its error. */
static int end_handler(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    if (status != LUA_OK && status != LUA_YIELD && sandbox_must_go_on(L, status)) {
        return lua_error(L);
    }
    return lua_gettop(L) - 1;
}

/* The stack is: the handler, true, then results or the error. */
static int end_xpcall(lua_State *L, int status, lua_KContext context)
{
    if (status == LUA_OK || status == LUA_YIELD) {
        return lua_gettop(L) - 1;
    }
    if (sandbox_must_go_on(L, status)) {
        return lua_error(L);
    }
    lua_replace(L, 2); /* the error, wherever it is, in place of `true` */
    lua_settop(L, 2);
    lua_pushboolean(L, false);
    lua_pushvalue(L, 1);
    lua_rotate(L, 2, -1); /* handler, false, handler, error */
    status = lua_pcallk(L, 1, LUA_MULTRET, 0, context, end_handler);
    return end_handler(L, status, context);
}

/* xpcall(f, handler, ...) */
static int safe_xpcall(lua_State *L)
{
    luaL_checkany(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_insert(L, 1); /* handler, f, handler, ... */
    lua_remove(L, 3); /* handler, f, ... */
    lua_pushboolean(L, true);
    lua_insert(L, 2); /* handler, true, f, ... */
    int status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 0, 0, end_xpcall);
    return end_xpcall(L, status, 0);
}

/* --- words of the prelude ------------------------------------------------------------------------ */

/* An error of the prelude has no position, or none that anybody knows: it gets that of the line of the
 * script. */
static int end_told(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    if (status == LUA_OK || status == LUA_YIELD) {
        return lua_gettop(L);
    }
    if (!sandbox_must_go_on(L, status) && lua_type(L, -1) == LUA_TSTRING) {
        static const char nowhere[] = "?:-1: ";
        const char *message = lua_tostring(L, -1);
        size_t skip = strncmp(message, nowhere, strlen(nowhere)) == 0 ? strlen(nowhere) : 0;
        luaL_where(L, 1);
        lua_pushstring(L, message + skip);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* A function of C, so that `return retry(...)`, a tail call, leaves the frame of the script. */
static int call_told(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, end_told);
    return end_told(L, status, 0);
}

int sandbox_told(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, call_told, 1);
    return 1;
}

/* --- what could loop inside C ------------------------------------------------------------------- */

static int string_rep(lua_State *L)
{
    size_t len, gap;
    const char *chars = luaL_checklstring(L, 1, &len);
    lua_Integer times = luaL_checkinteger(L, 2);
    const char *between = luaL_optlstring(L, 3, "", &gap);
    if (times <= 0 || len + gap == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((lua_Unsigned)times > script_of(L)->memory.max / (len + gap)) {
        return luaL_error(L, "the repeated text would not fit into the memory of the script");
    }
    luaL_Buffer buffer;
    size_t total = (size_t)times * (len + gap) - gap;
    char *at = luaL_buffinitsize(L, &buffer, total);
    if (total == (size_t)times) { /* of one byte */
        memset(at, chars[0], total);
        luaL_pushresultsize(&buffer, total);
        return 1;
    }
    for (lua_Integer i = 0; i < times; i++) {
        memcpy(at, chars, len);
        at += len;
        if (i + 1 < times) {
            memcpy(at, between, gap);
            at += gap;
        }
    }
    luaL_pushresultsize(&buffer, total);
    return 1;
}

/* to[at] = from[i], of the tables at 1 and `to`. */
static void move_item(lua_State *L, lua_Integer i, int to, lua_Integer at)
{
    script_heed_stop(L);
    lua_geti(L, 1, i);
    lua_seti(L, to, at);
}

/* table.insert(t, [pos,] value): of the table itself, which is as long as its memory allows. */
static int table_insert(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer end = (lua_Integer)lua_rawlen(L, 1) + 1, at = end;
    if (lua_gettop(L) != 2 && lua_gettop(L) != 3) {
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    if (lua_gettop(L) == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
        for (lua_Integer i = end; i > at; i--) {
            move_item(L, i - 1, 1, i);
        }
    }
    lua_seti(L, 1, at);
    return 0;
}

static int table_remove(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer size = (lua_Integer)lua_rawlen(L, 1);
    lua_Integer at = luaL_optinteger(L, 2, size);
    if (!lua_isnoneornil(L, 2)) {
        luaL_argcheck(L, (size == 0 && at == 0) || (at >= 1 && at <= size + 1), 2,
                      "position out of bounds");
    }
    lua_geti(L, 1, at);
    for (; at < size; at++) {
        move_item(L, at + 1, 1, at);
    }
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

/* table.move(from, first, last, at [, to]) */
static int table_move(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
    lua_Integer at = luaL_checkinteger(L, 4);
    int to = lua_isnoneornil(L, 5) ? 1 : 5;
    luaL_checktype(L, to, LUA_TTABLE);
    lua_Integer most = (lua_Integer)(script_of(L)->memory.max / sizeof(void *));
    if (last >= first) {
        bool fits = last < most && first > -most && at < most && at > -most && last - first < most;
        luaL_argcheck(L, fits, 3, "too many elements to move");
        if (at > last || at <= first || (to != 1 && !lua_compare(L, 1, to, LUA_OPEQ))) {
            for (lua_Integer i = 0; i <= last - first; i++) {
                move_item(L, first + i, to, at + i);
            }
        } else {
            for (lua_Integer i = last - first; i >= 0; i--) {
                move_item(L, first + i, to, at + i);
            }
        }
    }
    lua_pushvalue(L, to);
    return 1;
}

static int set_metatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
        return luaL_error(L, "cannot change a protected metatable");
    }
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) {
            return luaL_error(L,
                              "__gc is not given to scripts; use <close>, or clean up in finalize");
        }
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* math.random, on the bits of the host: as in the manual, without a seed. */
static int math_random(lua_State *L)
{
    struct script_run *run = script_run_of(L, "math.random");
    uint64_t bits = run->call->api->random(run->call);
    lua_Integer low = 1, high;
    if (lua_gettop(L) == 0) {
        lua_pushnumber(L, (lua_Number)(bits >> 11) * 0x1p-53);
        return 1;
    }
    if (lua_gettop(L) == 1) {
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)bits);
            return 1;
        }
    } else {
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        if (lua_gettop(L) > 2) {
            return luaL_error(L, "wrong number of arguments");
        }
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    uint64_t span = (uint64_t)high - (uint64_t)low + 1; /* 0: all of them */
    lua_pushinteger(L, (lua_Integer)((uint64_t)low + (span == 0 ? bits : bits % span)));
    return 1;
}

/* --- opening ----------------------------------------------------------------------------------- */

static void open_library(lua_State *L, const char *name, lua_CFunction open,
                         const luaL_Reg *replaced, const char *const *removed)
{
    luaL_requiref(L, name, open, 1);
    luaL_setfuncs(L, replaced, 0);
    for (size_t i = 0; removed[i] != NULL; i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, removed[i]);
    }
    lua_pop(L, 1);
}

static const luaL_Reg base_functions[] = {
    {"pcall", safe_pcall}, {"xpcall", safe_xpcall}, {"setmetatable", set_metatable}, {NULL, NULL}};
static const luaL_Reg string_functions[] = {{"rep", string_rep}, {NULL, NULL}};
static const luaL_Reg table_functions[] = {
    {"insert", table_insert}, {"remove", table_remove}, {"move", table_move}, {NULL, NULL}};
static const luaL_Reg math_functions[] = {{"random", math_random}, {NULL, NULL}};
static const luaL_Reg no_functions[] = {{NULL, NULL}};

void sandbox_open(lua_State *L)
{
    static const char *const no_base[] = {"load",           "loadfile", "dofile", "require",
                                          "collectgarbage", "rawset",   "warn",   "_G",
                                          "print",          NULL};
    static const char *const no_string[] = {"dump", NULL};
    /* ... and what some builds keep of older versions */
    static const char *const no_math[] = {"randomseed", "atan2", "cosh", "frexp", "ldexp",
                                          "log10",      "pow",   "sinh", "tanh",  NULL};
    static const char *const none[] = {NULL};
    open_library(L, "_G", luaopen_base, base_functions, no_base);
    luaL_requiref(L, LUA_COLIBNAME, luaopen_coroutine, 1);
    coroutine_open(L);
    lua_pop(L, 1);
    open_library(L, LUA_STRLIBNAME, luaopen_string, string_functions, no_string);
    open_library(L, LUA_TABLIBNAME, luaopen_table, table_functions, none);
    open_library(L, LUA_MATHLIBNAME, luaopen_math, math_functions, no_math);
    open_library(L, LUA_UTF8LIBNAME, luaopen_utf8, no_functions, none);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, false); /* one script's runs share it: nobody gets at it */
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}
