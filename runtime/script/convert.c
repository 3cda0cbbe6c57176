/* A table becomes a document as text: one pass writes JSON into memory of Lua's own, which an error may
 * leave behind without harm, and the contract reads it. Whether a table is a list or a map is decided by
 * the schema, or by how it was made (array {}, object {}); an empty one that nobody has declared is asked
 * about, never guessed.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "script/inside.h"

void convert_open(lua_State *L)
{
    static const char *const marks[] = {ARRAY_MARK, OBJECT_MARK, OUTCOME_MARK};
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        luaL_newmetatable(L, marks[i]);
        lua_pushboolean(L, false); /* else a __gc could be put in, which nothing can stop */
        lua_setfield(L, -2, "__metatable");
        lua_pop(L, 1);
    }
}

/* The address of the marks' names is as good as any other that nobody else has. */
void convert_push_null(lua_State *L)
{
    static const char null_value = 0;
    union {
        const char *given;
        void *wanted;
    } address = {&null_value};
    lua_pushlightuserdata(L, address.wanted);
}

int64_t convert_ms(lua_Number seconds)
{
    return (int64_t)llround(seconds * 1000);
}

static bool is_null(lua_State *L, int index)
{
    convert_push_null(L);
    bool null = lua_rawequal(L, index, -1) != 0;
    lua_pop(L, 1);
    return null;
}

static bool has_mark(lua_State *L, int index, const char *mark)
{
    bool has = false;
    if (lua_getmetatable(L, index)) {
        luaL_getmetatable(L, mark);
        has = lua_rawequal(L, -1, -2) != 0;
        lua_pop(L, 2);
    }
    return has;
}

/* --- bytes ------------------------------------------------------------------------------------- */

/* JSON under construction, in a userdata at a place of the stack. */
struct out {
    lua_State *L;
    int place;
    const char *label; /* of the whole */
    char *bytes;
    size_t len, cap;
};

static void out_init(struct out *out, lua_State *L, const char *label)
{
    *out = (struct out){.L = L, .label = label, .cap = 512};
    out->bytes = lua_newuserdatauv(L, out->cap, 0);
    out->place = lua_gettop(L);
}

static void check_room(const struct out *out, size_t len)
{
    if (len > ASK_BYTES_MAX - out->len) {
        luaL_error(out->L, "%s: as a document it is larger than %d MiB", out->label,
                   (int)(ASK_BYTES_MAX / MIB));
    }
}

static void put(struct out *out, const char *bytes, size_t len)
{
    check_room(out, len);
    if (out->cap - out->len < len) {
        while (out->cap - out->len < len) {
            out->cap *= 2;
        }
        char *moved = lua_newuserdatauv(out->L, out->cap, 0);
        memcpy(moved, out->bytes, out->len);
        lua_replace(out->L, out->place);
        out->bytes = moved;
    }
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

static void put_chars(struct out *out, const char *chars)
{
    put(out, chars, strlen(chars));
}

/* As JSON demands: quotation mark, backslash and what is below a space. */
static void put_string(struct out *out, const char *chars, size_t len)
{
    size_t clean = 0;
    char escape[8];
    check_room(out, len); /* before it is looked at byte by byte */
    if (memchr(chars, '\0', len) != NULL) {
        luaL_error(out->L, "%s: a text in it holds a zero byte, which no document can", out->label);
    }
    put(out, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)chars[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        put(out, chars + clean, i - clean);
        snprintf(escape, sizeof escape, byte < 0x20 ? "\\u%04x" : "\\%c", byte);
        put_chars(out, escape);
        clean = i + 1;
    }
    put(out, chars + clean, len - clean);
    put(out, "\"", 1);
}

/* --- values ------------------------------------------------------------------------------------ */

/* Where in the value: the schema's label where there is a schema, else the last name. */
struct place {
    const struct outline *outline;
    const char *label;
    unsigned depth;
};

static void write_value(struct out *out, int index, struct place place);

static const char *name_of(const struct place *place)
{
    return place->outline != NULL ? place->outline->label : place->label;
}

static const char *type_name(enum outline_type type)
{
    static const char *const names[] = {
        [OUTLINE_ANY] = "a value",       [OUTLINE_MAP] = "an object",  [OUTLINE_LIST] = "a list",
        [OUTLINE_TEXT] = "a text",       [OUTLINE_INT] = "an integer", [OUTLINE_REAL] = "a number",
        [OUTLINE_BOOL] = "true or false"};
    return names[type];
}

static int wrong_type(lua_State *L, const struct place *place, const char *given)
{
    return luaL_error(L, "%s is %s, not %s", name_of(place), type_name(place->outline->type),
                      given);
}

static void write_number(struct out *out, int index, const struct place *place)
{
    lua_State *L = out->L;
    char text[40];
    enum outline_type type = place->outline == NULL ? OUTLINE_ANY : place->outline->type;
    lua_Number real = lua_tonumber(L, index);
    int whole = 0;
    lua_Integer integer = lua_tointegerx(L, index, &whole);
    if (type == OUTLINE_INT && !whole) {
        luaL_error(L, "%s is an integer, not %f", name_of(place), real);
    }
    if (lua_isinteger(L, index) || type == OUTLINE_INT) {
        snprintf(text, sizeof text, "%lld", (long long)integer);
    } else if (!isfinite(real)) {
        luaL_error(L, "%s: %f is no number that a document can hold", name_of(place), real);
    } else {
        snprintf(text, sizeof text, "%.17g", real);
        if (strpbrk(text, ".e") == NULL) {
            strcat(text, ".0");
        }
    }
    put_chars(out, text);
}

static void write_item(struct out *out, int table, lua_Integer i, const struct place *place)
{
    lua_State *L = out->L;
    const struct outline *items = place->outline == NULL ? NULL : place->outline->items;
    lua_rawgeti(L, table, i);
    if (i > 1) {
        put(out, ",", 1);
    }
    write_value(out, lua_gettop(L), (struct place){items, name_of(place), place->depth + 1});
    lua_pop(L, 1);
}

/* A list has the keys 1 to n and no other. */
static void write_list(struct out *out, int table, const struct place *place)
{
    lua_State *L = out->L;
    lua_Integer count = (lua_Integer)lua_rawlen(L, table), keys = 0;
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        keys++;
        if (!lua_isinteger(L, -2)) {
            luaL_error(L, "%s is a list; %s is no place in it", name_of(place),
                       luaL_tolstring(L, -2, NULL));
        }
    }
    if (keys != count) {
        luaL_error(L, "%s has holes: a list has no nil before its end", name_of(place));
    }
    put(out, "[", 1);
    for (lua_Integer i = 1; i <= count; i++) {
        write_item(out, table, i, place);
    }
    put(out, "]", 1);
}

/* The key and value are at -2 and -1. */
static void write_field(struct out *out, const struct place *place)
{
    lua_State *L = out->L;
    size_t len;
    const struct outline *field = NULL;
    if (lua_type(L, -2) != LUA_TSTRING) {
        luaL_error(L, "%s: a field's name is a text, not %s", name_of(place), luaL_typename(L, -2));
    }
    const char *key = lua_tolstring(L, -2, &len);
    if (!outline_field(place->outline, (struct text){key, len}, &field)) {
        outline_unknown(L, place->outline, key);
    }
    put_string(out, key, len);
    put(out, ":", 1);
    write_value(out, lua_gettop(L), (struct place){field, key, place->depth + 1});
}

static void write_map(struct out *out, int table, const struct place *place)
{
    lua_State *L = out->L;
    bool first = true;
    put(out, "{", 1);
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        if (!first) {
            put(out, ",", 1);
        }
        first = false;
        write_field(out, place);
    }
    put(out, "}", 1);
}

static bool is_empty(lua_State *L, int table)
{
    lua_pushnil(L);
    if (lua_next(L, table) == 0) {
        return true;
    }
    lua_pop(L, 2);
    return false;
}

/* In place of a table that only reads another, at the top: that one. False, and nothing: it is what it is. */
static bool push_read(lua_State *L, int table)
{
    int type = luaL_getmetafield(L, table, READ_FIELD);
    if (type == LUA_TTABLE) {
        return true;
    }
    lua_pop(L, type == LUA_TNIL ? 0 : 1); /* of another table of the script's */
    return false;
}

static void write_table(struct out *out, int table, const struct place *place)
{
    lua_State *L = out->L;
    enum outline_type type = place->outline == NULL ? OUTLINE_ANY : place->outline->type;
    luaL_checkstack(L, 8, "too many values");
    script_heed_stop(L);
    if (place->depth > SCRIPT_DEPTH_MAX) {
        luaL_error(L, "%s: nested deeper than %d (a table that holds itself?)", name_of(place),
                   SCRIPT_DEPTH_MAX);
    }
    if (type == OUTLINE_LIST || (type == OUTLINE_ANY && has_mark(L, table, ARRAY_MARK))) {
        write_list(out, table, place);
    } else if (type == OUTLINE_MAP || (type == OUTLINE_ANY && has_mark(L, table, OBJECT_MARK))) {
        write_map(out, table, place);
    } else if (type != OUTLINE_ANY) {
        wrong_type(L, place, luaL_typename(L, table));
    } else if (is_empty(L, table)) {
        luaL_error(L,
                   "%s: an empty table is a list or an object, and no schema says which; write "
                   "array {} or object {}",
                   name_of(place));
    } else if (lua_rawlen(L, table) > 0) {
        write_list(out, table, place);
    } else {
        write_map(out, table, place);
    }
}

static void write_view(struct out *out, int index, const struct place *place)
{
    lua_State *L = out->L;
    enum outline_type type, declared = place->outline == NULL ? OUTLINE_ANY : place->outline->type;
    struct tend_str text;
    if (!view_text(L, index, &type, &text)) {
        luaL_error(L, "%s: %s is no value that a document can hold", name_of(place),
                   luaL_typename(L, index));
    }
    if (declared != OUTLINE_ANY && declared != type) {
        wrong_type(L, place, type_name(type));
    }
    put(out, text.ptr, text.len);
}

/* Is the scalar at `index` of the type that is declared? */
static bool fits(lua_State *L, int index, enum outline_type type)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return type == OUTLINE_TEXT || type == OUTLINE_ANY;
    case LUA_TNUMBER:
        return type == OUTLINE_INT || type == OUTLINE_REAL || type == OUTLINE_ANY;
    case LUA_TBOOLEAN:
        return type == OUTLINE_BOOL || type == OUTLINE_ANY;
    default:
        return true;
    }
}

static void write_value(struct out *out, int index, struct place place)
{
    lua_State *L = out->L;
    size_t len;
    if (place.outline != NULL && !fits(L, index, place.outline->type)) {
        wrong_type(L, &place, luaL_typename(L, index));
    }
    switch (lua_type(L, index)) {
    case LUA_TSTRING: {
        const char *chars = lua_tolstring(L, index, &len);
        put_string(out, chars, len);
        return;
    }
    case LUA_TNUMBER:
        write_number(out, index, &place);
        return;
    case LUA_TBOOLEAN:
        put_chars(out, lua_toboolean(L, index) ? "true" : "false");
        return;
    case LUA_TTABLE: {
        int top = lua_gettop(L);
        write_table(out, push_read(L, index) ? top + 1 : index, &place);
        lua_settop(L, top);
        return;
    }
    case LUA_TUSERDATA:
        write_view(out, index, &place);
        return;
    default:
        break;
    }
    if (is_null(L, index)) {
        put_chars(out, "null");
        return;
    }
    luaL_error(L, "%s: a %s is no value that a document can hold", name_of(&place),
               luaL_typename(L, index));
}

static void write_json(struct out *out, lua_State *L, int index, const struct outline *outline,
                       const char *label)
{
    index = lua_absindex(L, index);
    out_init(out, L, label);
    write_value(out, index, (struct place){outline, label, 0});
}

void convert_push_json(lua_State *L, int index, const struct outline *outline, const char *label)
{
    struct out out;
    write_json(&out, L, index, outline, label);
    lua_pushlstring(L, out.bytes, out.len);
    lua_remove(L, out.place);
}

tend_node convert_node(lua_State *L, struct script_run *run, int index,
                       const struct outline *outline, const char *label)
{
    struct out out;
    write_json(&out, L, index, outline, label);
    script_run_charge(L, run, out.len);
    tend_node node = run->call->api->from_json(run->call, (struct tend_str){out.bytes, out.len});
    if (node == 0) {
        luaL_error(L, "%s: a text in it is not UTF-8, or it is too large", label);
    }
    lua_remove(L, out.place);
    return node;
}

/* --- from a document --------------------------------------------------------------------------- */

static void push_items(lua_State *L, struct tend_call *call, tend_node node, int32_t type)
{
    const struct tend_api *api = call->api;
    uint32_t count = api->count(call, node);
    luaL_checkstack(L, 4, "too many values");
    lua_createtable(L, type == TEND_LIST ? (int)count : 0, type == TEND_MAP ? (int)count : 0);
    luaL_setmetatable(L, type == TEND_LIST ? ARRAY_MARK : OBJECT_MARK);
    for (uint32_t i = 0; i < count; i++) {
        struct tend_str key;
        tend_node item = api->item(call, node, i, &key);
        if (type == TEND_LIST) {
            convert_push(L, call, item);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        } else {
            lua_pushlstring(L, key.ptr, key.len);
            convert_push(L, call, item);
            lua_rawset(L, -3);
        }
    }
}

void convert_push(lua_State *L, struct tend_call *call, tend_node node)
{
    const struct tend_api *api = call->api;
    struct tend_str text;
    int32_t type = api->type(call, node);
    switch (type) {
    case TEND_NULL:
        convert_push_null(L);
        return;
    case TEND_BOOL:
        lua_pushboolean(L, api->as_bool(call, node, 0));
        return;
    case TEND_INT:
        lua_pushinteger(L, api->as_int(call, node, 0));
        return;
    case TEND_REAL:
        lua_pushnumber(L, api->as_real(call, node, 0));
        return;
    case TEND_TEXT:
        text = api->as_text(call, node, "");
        lua_pushlstring(L, text.ptr, text.len);
        return;
    case TEND_LIST:
    case TEND_MAP:
        push_items(L, call, node, type);
        return;
    default:
        lua_pushnil(L);
        return;
    }
}

/* --- from a table ------------------------------------------------------------------------------ */

/* Marks are copied, other metatables are not: a __gc may have been put into one meanwhile. */
static void copy_mark(lua_State *L, int table)
{
    static const char *const marks[] = {ARRAY_MARK, OBJECT_MARK};
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        if (has_mark(L, table, marks[i])) {
            luaL_setmetatable(L, marks[i]);
        }
    }
}

static void push_copy(lua_State *L, int index, unsigned depth)
{
    luaL_checkstack(L, 8, "too many values");
    script_heed_stop(L);
    if (depth > SCRIPT_DEPTH_MAX) {
        luaL_error(L, "copy: nested deeper than %d (a table that holds itself?)", SCRIPT_DEPTH_MAX);
    }
    if (view_push_copy(L, index)) {
        return;
    }
    if (!lua_istable(L, index)) {
        lua_pushvalue(L, index);
        return;
    }
    if (push_read(L, index)) {
        push_copy(L, lua_gettop(L), depth + 1);
        lua_remove(L, -2);
        return;
    }
    lua_newtable(L);
    copy_mark(L, index);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        push_copy(L, lua_gettop(L) - 1, depth + 1);
        lua_rawset(L, -5); /* of: the copy, key, value, key, the value's copy */
    }
}

void convert_push_copy(lua_State *L, int index)
{
    push_copy(L, lua_absindex(L, index), 0);
}
