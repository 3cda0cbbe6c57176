/* Tables that a value was pushed as keep their lists apart from their maps, so that what is read, changed and
 * applied again is what it was. */
#include "sim/lua_value.h"

#include <lauxlib.h>
#include <math.h>

#include "base/limits.h"
#include "document/utf8.h"

void lua_value_open(lua_State *L)
{
    luaL_newmetatable(L, LUA_VALUE_LIST);
    lua_pop(L, 1);
}

void lua_value_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

/* --- to Lua ------------------------------------------------------------------------------------ */

static void push_list(lua_State *L, const struct value *value)
{
    lua_createtable(L, (int)value->count, 0);
    luaL_setmetatable(L, LUA_VALUE_LIST);
    for (uint32_t i = 0; i < value->count; i++) {
        lua_value_push(L, value->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_map(lua_State *L, const struct value *value)
{
    lua_createtable(L, 0, (int)value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        lua_pushlstring(L, value->fields[i].key.ptr, value->fields[i].key.len);
        lua_value_push(L, value->fields[i].value);
        lua_rawset(L, -3);
    }
}

void lua_value_push(lua_State *L, const struct value *value)
{
    luaL_checkstack(L, 4, "too many values");
    if (value == NULL) {
        lua_pushnil(L);
        return;
    }
    switch (value->type) {
    case VALUE_NULL:
        lua_value_push_null(L);
        return;
    case VALUE_BOOL:
        lua_pushboolean(L, value->boolean);
        return;
    case VALUE_INT:
        lua_pushinteger(L, value->integer);
        return;
    case VALUE_REAL:
        lua_pushnumber(L, value->real);
        return;
    case VALUE_TEXT:
        lua_pushlstring(L, value->text.ptr, value->text.len);
        return;
    case VALUE_LIST:
        push_list(L, value);
        return;
    case VALUE_MAP:
        push_map(L, value);
        return;
    }
}

/* --- from Lua ---------------------------------------------------------------------------------- */

struct reading {
    lua_State *L;
    struct arena *arena;
    unsigned depth;
};

static enum tend_code read_any(struct reading *reading, int index, const struct value **ret_value,
                               struct error *err);
static enum tend_code read_text(lua_State *L, int index, struct text *ret_text, struct error *err);

static bool is_list(lua_State *L, int index)
{
    bool marked = false;
    if (lua_getmetatable(L, index)) {
        luaL_getmetatable(L, LUA_VALUE_LIST);
        marked = lua_rawequal(L, -1, -2) != 0;
        lua_pop(L, 2);
    }
    if (!marked) {
        marked = lua_rawgeti(L, index, 1) != LUA_TNIL;
        lua_pop(L, 1);
    }
    return marked;
}

static size_t count_keys(lua_State *L, int index)
{
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        count++;
    }
    return count;
}

/* Has it the keys 1 to `count`, and no other? */
static bool is_whole(lua_State *L, int index, size_t count)
{
    bool whole = count_keys(L, index) == count;
    for (size_t i = 1; i <= count && whole; i++) {
        whole = lua_rawgeti(L, index, (lua_Integer)i) != LUA_TNIL;
        lua_pop(L, 1);
    }
    return whole;
}

static enum tend_code read_list(struct reading *reading, int index, const struct value **ret_value,
                                struct error *err)
{
    lua_State *L = reading->L;
    size_t count = (size_t)lua_rawlen(L, index);
    if (!is_whole(L, index, count)) {
        return FAIL(err, TEND_INVALID, "a table has an item 1, and names or holes as well");
    }
    const struct value **items = arena_alloc(reading->arena, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        enum tend_code code = read_any(reading, lua_gettop(L), &items[i], err);
        lua_pop(L, 1);
        TRY(code);
    }
    *ret_value = value_list(reading->arena, items, count);
    return TEND_OK;
}

static enum tend_code read_map(struct reading *reading, int index, const struct value **ret_value,
                               struct error *err)
{
    lua_State *L = reading->L;
    size_t count = 0;
    struct value_field *fields = arena_alloc(reading->arena, count_keys(L, index) * sizeof *fields);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        enum tend_code code = TEND_OK;
        if (lua_type(L, -2) != LUA_TSTRING) {
            code =
                FAIL(err, TEND_INVALID, "a field's name is a text, not a %s", luaL_typename(L, -2));
        } else {
            code = read_text(L, -2, &fields[count].key, err);
        }
        if (code == TEND_OK) {
            code = read_any(reading, lua_gettop(L), &fields[count++].value, err);
        }
        if (code != TEND_OK) {
            lua_pop(L, 2);
            return code;
        }
    }
    *ret_value = value_map(reading->arena, fields, count);
    return TEND_OK;
}

static enum tend_code read_number(struct reading *reading, int index,
                                  const struct value **ret_value, struct error *err)
{
    lua_State *L = reading->L;
    double real = lua_tonumber(L, index);
    if (lua_isinteger(L, index)) {
        *ret_value = value_int(reading->arena, lua_tointeger(L, index));
        return TEND_OK;
    }
    if (!isfinite(real)) {
        return FAIL(err, TEND_INVALID, "%f is no number that a document can hold", real);
    }
    *ret_value = value_real(reading->arena, real);
    return TEND_OK;
}

static enum tend_code read_table(struct reading *reading, int index, const struct value **ret_value,
                                 struct error *err)
{
    if (reading->depth >= DOC_DEPTH_MAX || !lua_checkstack(reading->L, 8)) {
        return FAIL(err, TEND_INVALID, "nested deeper than %u (a table that holds itself?)",
                    DOC_DEPTH_MAX);
    }
    reading->depth++;
    enum tend_code code = is_list(reading->L, index) ? read_list(reading, index, ret_value, err)
                                                     : read_map(reading, index, ret_value, err);
    reading->depth--;
    return code;
}

/* A text of the stack, which ends in a NUL and may hold others. */
static enum tend_code read_text(lua_State *L, int index, struct text *ret_text, struct error *err)
{
    ret_text->ptr = lua_tolstring(L, index, &ret_text->len);
    for (size_t at = 0; at < ret_text->len;) {
        size_t len = (unsigned char)ret_text->ptr[at] < 0x80 ? 1 : utf8_len(ret_text->ptr + at);
        if (len == 0) {
            return FAIL(err, TEND_INVALID, "a text is no UTF-8: byte %zu of \"%.40s\"", at + 1,
                        ret_text->ptr);
        }
        at += len;
    }
    return TEND_OK;
}

static enum tend_code read_any(struct reading *reading, int index, const struct value **ret_value,
                               struct error *err)
{
    lua_State *L = reading->L;
    struct text text;
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        TRY(read_text(L, index, &text, err));
        *ret_value = value_text(reading->arena, text);
        return TEND_OK;
    case LUA_TBOOLEAN:
        *ret_value = value_bool(reading->arena, lua_toboolean(L, index) != 0);
        return TEND_OK;
    case LUA_TNUMBER:
        return read_number(reading, index, ret_value, err);
    case LUA_TTABLE:
        return read_table(reading, index, ret_value, err);
    case LUA_TLIGHTUSERDATA:
        *ret_value = value_null();
        return TEND_OK;
    default:
        return FAIL(err, TEND_INVALID, "a %s is no value that a document can hold",
                    luaL_typename(L, index));
    }
}

enum tend_code lua_value_read(lua_State *L, int index, struct arena *arena,
                              const struct value **ret_value, struct error *err)
{
    struct reading reading = {.L = L, .arena = arena};
    luaL_checkstack(L, 8, "too many values");
    return read_any(&reading, lua_absindex(L, index), ret_value, err);
}
