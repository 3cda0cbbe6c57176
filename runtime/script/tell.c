/* What does not wait: events, conditions, the log, and what a script needs to know of times and values. */
#include <string.h>

#include "base/limits.h"
#include "base/moment.h"
#include "script/cron.h"
#include "script/inside.h"

/* tell.event(tone, reason, message): tone 0 is normal, 1 a warning. */
static int tell_event(lua_State *L)
{
    struct script_run *run = script_run_of(L, "event");
    script_run_count(L, &run->events, CALL_EVENTS_MAX - 1, "events"); /* one is for a fault */
    tend_event(run->call, (int32_t)luaL_checkinteger(L, 1), clean_argument(L, run->call, 2),
               clean_argument(L, run->call, 3));
    return 0;
}

/* tell.condition(type, truth, reason, message): truth is true, false or nil (unknown). */
static int tell_condition(lua_State *L)
{
    struct script_run *run = script_run_of(L, "condition");
    script_run_count(L, &run->conditions, CALL_CONDITIONS_MAX, "conditions");
    int32_t truth = lua_isnil(L, 2) ? TEND_UNKNOWN : lua_toboolean(L, 2) ? TEND_TRUE : TEND_FALSE;
    if (run->declared->given.flags & TEND_OBSERVER) {
        return luaL_error(L, "an observer sets no conditions: they are in the status");
    }
    tend_condition(run->call, clean_argument(L, run->call, 1), truth,
                   clean_argument(L, run->call, 3), clean_argument(L, run->call, 4));
    return 0;
}

/* tell.log(level, text): with the object in front, while there is one. */
static int tell_log(lua_State *L)
{
    struct script_run *run = script_run_of(L, "log");
    int32_t level = (int32_t)luaL_checkinteger(L, 1);
    struct tend_call *call = run->call;
    if (++run->lines > SCRIPT_LINES_MAX) {
        if (run->lines == SCRIPT_LINES_MAX + 1) {
            call->api->log(call->host, TEND_WARN, "one run logged too much; the rest is dropped");
        }
        return 0;
    }
    const char *space = tend_text(call, TEND_THIS, "metadata.namespace", "");
    const char *name = tend_text(call, TEND_THIS, "metadata.name", "");
    const char *text = clean_argument(L, call, 2);
    call->api->log(call->host, level,
                   tend_format(call, "%s%s%s: %s", space, space[0] != '\0' ? "/" : "", name, text));
    return 0;
}

/* now(): seconds since 1970. */
static int tell_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)script_run_of(L, "now")->call->now_ms / 1000);
    return 1;
}

/* Seconds since 1970 at `index`, in milliseconds. */
static int64_t check_moment(lua_State *L, int index)
{
    lua_Number seconds = luaL_checknumber(L, index);
    luaL_argcheck(L,
                  seconds * 1000 >= (lua_Number)MOMENT_MIN_MS &&
                      seconds * 1000 <= (lua_Number)MOMENT_MAX_MS,
                  index, "not a moment");
    return convert_ms(seconds);
}

/* timestamp([seconds]): RFC 3339; of now where nothing is given. */
static int tell_timestamp(lua_State *L)
{
    char text[MOMENT_TEXT_MAX];
    int64_t ms;
    if (lua_isnoneornil(L, 1)) {
        ms = script_run_of(L, "timestamp")->call->now_ms;
    } else {
        ms = check_moment(L, 1);
    }
    lua_pushstring(L, moment_format(ms, text));
    return 1;
}

/* moment(text): seconds since 1970; nil where there is none. */
static int tell_moment(lua_State *L)
{
    int64_t ms;
    const char *text = luaL_optstring(L, 1, "");
    if (moment_parse(text_of(text), &ms)) {
        lua_pushnumber(L, (lua_Number)ms / 1000);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* duration(text): seconds; nil where it is none. */
static int tell_duration(lua_State *L)
{
    int64_t ms;
    const char *text = luaL_optstring(L, 1, "");
    if (duration_parse(text_of(text), &ms)) {
        lua_pushnumber(L, (lua_Number)ms / 1000);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* cron(schedule [, after]): the first moment of the schedule after `after` (now), in seconds; nil and a
 * sentence where there is none. */
static int tell_cron(lua_State *L)
{
    struct error err = ERROR_INIT;
    size_t len;
    const char *schedule = luaL_checklstring(L, 1, &len);
    int64_t ms =
        lua_isnoneornil(L, 2) ? script_run_of(L, "cron")->call->now_ms : check_moment(L, 2);
    if (cron_next((struct text){schedule, len}, ms, &ms, &err) != TEND_OK) {
        lua_pushnil(L);
        lua_pushstring(L, err.message);
        return 2;
    }
    lua_pushnumber(L, (lua_Number)ms / 1000);
    return 1;
}

/* The value at `index` is a view, or a table. */
static bool holds(lua_State *L, int index, struct text key)
{
    tend_node ignored;
    if (view_node(L, index, &ignored)) {
        return view_holds(L, index, key);
    }
    lua_pushlstring(L, key.ptr, key.len);
    bool there = lua_istable(L, index) && lua_rawget(L, index) != LUA_TNIL;
    lua_pop(L, 1);
    return there;
}

/* Put the field `key` of the value at the top in its place; a typo is told. False where it is absent. */
static bool step(lua_State *L, struct text key)
{
    tend_node node = 1;
    if (!lua_isuserdata(L, -1) && !lua_istable(L, -1)) {
        return false;
    }
    lua_pushlstring(L, key.ptr, key.len);
    int type = lua_gettable(L, -2);
    lua_replace(L, -2);
    return type != LUA_TNIL && (!view_node(L, -1, &node) || node != 0);
}

/* has(object, "field"), has(object, "spec.a.b"): is it there? A field may have dots in its own name. */
static int tell_has(lua_State *L)
{
    size_t len;
    const char *chars = luaL_checklstring(L, 2, &len);
    struct text rest = {chars, len};
    bool there = true;
    lua_pushvalue(L, 1);
    while (rest.len > 0 && !holds(L, lua_gettop(L), rest)) {
        struct text name = text_cut(&rest, '.');
        there = step(L, name) && there; /* also where it is absent: the rest may be a typo */
    }
    if (rest.len > 0 && there) {
        there = step(L, rest);
    }
    lua_pushboolean(L, there);
    return 1;
}

/* copy(object): plain tables, the script's own. */
static int tell_copy(lua_State *L)
{
    luaL_checkany(L, 1);
    convert_push_copy(L, 1);
    return 1;
}

static int tell_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    convert_push_json(L, 1, NULL, "json.encode");
    return 1;
}

/* json.decode(text): the value; nil and a sentence where it is none. */
static int tell_decode(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct script_run *run = script_run_of(L, "json.decode");
    script_run_charge(L, run, len);
    tend_node node = run->call->api->from_json(run->call, (struct tend_str){text, len});
    if (node == 0) {
        lua_pushnil(L);
        lua_pushliteral(L, "not JSON");
        return 2;
    }
    convert_push(L, run->call, node);
    return 1;
}

/* nearest(word, list): the item that may have been meant; nil: none. */
static int tell_nearest(lua_State *L)
{
    enum { WORDS_MAX = 128 };
    const char *words[WORDS_MAX];
    size_t count = 0;
    lua_Integer size = (lua_Integer)lua_rawlen(L, 2);
    luaL_checkstack(L, WORDS_MAX, "too many words");
    for (lua_Integer i = 1; i <= size && count < WORDS_MAX; i++) {
        lua_rawgeti(L, 2, i); /* stays: the text is borrowed from it */
        words[count++] = luaL_checkstring(L, -1);
    }
    lua_pushstring(L, text_nearest(text_of(luaL_checkstring(L, 1)), words, count));
    return 1;
}

void tell_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"event", tell_event},
                                         {"condition", tell_condition},
                                         {"log", tell_log},
                                         {"now", tell_now},
                                         {"timestamp", tell_timestamp},
                                         {"moment", tell_moment},
                                         {"duration", tell_duration},
                                         {"cron", tell_cron},
                                         {"has", tell_has},
                                         {"copy", tell_copy},
                                         {"encode", tell_encode},
                                         {"decode", tell_decode},
                                         {"nearest", tell_nearest},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    convert_push_null(L);
    lua_setfield(L, -2, "null");
}
