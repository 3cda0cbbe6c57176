/* Tables of Lua as values, and back. */
#include <lauxlib.h>
#include <lualib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "sim/lua_value.h"
#include "support/suite.h"

static lua_State *open_lua(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_value_open(L);
    lua_value_push_null(L);
    lua_setglobal(L, "null");
    luaL_getmetatable(L, LUA_VALUE_LIST);
    lua_setglobal(L, "list");
    return L;
}

/* The value of an expression as JSON, or why there is none. */
static void check_read(const char *expression, const char *expected)
{
    lua_State *L = open_lua();
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(MIB);
    struct error err = ERROR_INIT;
    const struct value *value;
    CHECK_INT(luaL_dostring(L, expression), LUA_OK);
    int top = lua_gettop(L);
    if (lua_value_read(L, -1, &arena, &value, &err) == TEND_OK) {
        json_write(&out, value);
        CHECK_TEXT(buffer_view(&out).ptr, expected);
    } else {
        CHECK_TEXT(err.message, expected);
    }
    CHECK_INT(lua_gettop(L), top);
    lua_close(L);
}

static void tables_are_values(void)
{
    check_read("return {b = {1, 2.5, 'x', true, null}, a = {}}",
               "{\"a\":{},\"b\":[1,2.5,\"x\",true,null]}");
    check_read("return setmetatable({}, list)", "[]");
    check_read("return {{a = 1}, {a = 2}}", "[{\"a\":1},{\"a\":2}]");
    check_read("return '\\xc3\\xa4\\0b'", "\"ä\\u0000b\"");
    check_read("return 3.0", "3.0");
}

static void what_is_no_value_is_told(void)
{
    check_read("return {a = print}", "a function is no value that a document can hold");
    check_read("return {1, nil, 3, x = 2}", "a table has an item 1, and names or holes as well");
    check_read("return {[2] = 1}", "a field's name is a text, not a number");
    check_read("return 1/0", "inf is no number that a document can hold");
    check_read("return 'a\\xff'", "a text is no UTF-8: byte 2 of \"a\xff\"");
    check_read("return {['\\xff'] = 1}", "a text is no UTF-8: byte 1 of \"\xff\"");
    check_read("local t = {} t.a = t return t",
               "nested deeper than 64 (a table that holds itself?)");
}

static void values_come_back(void)
{
    static const char document[] = "{\"a\":[],\"b\":{},\"c\":[1,-2.5,\"x\",false,null],\"d\":\"\"}";
    lua_State *L = open_lua();
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(MIB);
    struct error err = ERROR_INIT;
    const struct value *value, *back;
    CHECK_INT(json_parse(&arena, text_of(document), &value, &err), TEND_OK);
    lua_value_push(L, value);
    CHECK_INT(lua_value_read(L, -1, &arena, &back, &err), TEND_OK);
    json_write(&out, back);
    CHECK_TEXT(buffer_view(&out).ptr, document);
    lua_value_push(L, NULL);
    CHECK(lua_isnil(L, -1));
    lua_close(L);
}

SUITE({"tables are values", tables_are_values},
      {"what is no value is told", what_is_no_value_is_told},
      {"values come back as they were", values_come_back})
