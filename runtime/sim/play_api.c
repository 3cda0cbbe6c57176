/* What the prelude of tests is written on: functions that step the stage, and answers. None of them raises an
 * error for what can go wrong; they return nil and a sentence, and the prelude raises it where the test has
 * called.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "document/json.h"
#include "document/yaml.h"
#include "sim/inside.h"
#include "sim/lua_value.h"

/* nil and the sentence. */
int play_fail(lua_State *L, const struct error *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err->message);
    return 2;
}

static int end_with(lua_State *L, enum tend_code code, const struct error *err)
{
    if (code != TEND_OK) {
        return play_fail(L, err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* --- stepping ---------------------------------------------------------------------------------- */

/* Only one call steps at a time: an answer cannot make the host go on that waits for it. */
static NODISCARD enum tend_code enter(lua_State *L, struct error *err)
{
    struct play *play = play_of(L);
    if (play->running != NULL) {
        return FAIL(err, TEND_INVALID, "an answer cannot do that: the host waits for it");
    }
    play->running = L;
    return TEND_OK;
}

static int leave(lua_State *L, enum tend_code code, const struct error *err)
{
    play_of(L)->running = NULL;
    return end_with(L, code, err);
}

static int api_settle(lua_State *L)
{
    struct error err = ERROR_INIT;
    if (enter(L, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    return leave(L, stage_settle(&play_of(L)->stage, &err), &err);
}

static NODISCARD enum tend_code read_duration(lua_State *L, int index, int64_t *ret_ms,
                                              struct error *err)
{
    if (lua_type(L, index) == LUA_TNUMBER) {
        double ms = lua_tonumber(L, index) * 1000;
        if (!(ms >= 0 && ms <= (double)DURATION_MAX_MS)) {
            return FAIL(err, TEND_INVALID, "a duration is not negative");
        }
        *ret_ms = (int64_t)(ms + 0.5);
        return TEND_OK;
    }
    if (!duration_parse(text_at(L, index), ret_ms)) {
        return FAIL(err, TEND_INVALID, "\"%s\" is no duration, as \"90s\" and \"1h30m\" are",
                    luaL_tolstring(L, index, NULL));
    }
    return TEND_OK;
}

static int api_advance(lua_State *L)
{
    struct error err = ERROR_INIT;
    int64_t ms;
    if (read_duration(L, 1, &ms, &err) != TEND_OK || enter(L, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    return leave(L, stage_advance(&play_of(L)->stage, ms, &err), &err);
}

static int api_crash(lua_State *L)
{
    struct error err = ERROR_INIT;
    if (enter(L, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    stage_crash(&play_of(L)->stage);
    return leave(L, TEND_OK, &err);
}

static int api_is_busy(lua_State *L)
{
    lua_pushboolean(L, stage_is_busy(&play_of(L)->stage));
    return 1;
}

/* "2m" or seconds, in seconds. */
static int api_seconds(lua_State *L)
{
    struct error err = ERROR_INIT;
    int64_t ms;
    if (read_duration(L, 1, &ms, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    lua_pushnumber(L, (double)ms / 1000);
    return 1;
}

static int api_duration(lua_State *L)
{
    char text[DURATION_TEXT_MAX];
    lua_pushstring(L, duration_format((int64_t)(luaL_checknumber(L, 1) * 1000 + 0.5), text));
    return 1;
}

static int api_now(lua_State *L)
{
    lua_pushnumber(L, (double)play_of(L)->stage.v.now_ms / 1000);
    return 1;
}

/* --- writing ----------------------------------------------------------------------------------- */

static NODISCARD enum tend_code apply_stream(lua_State *L, struct arena *arena, struct text text,
                                             struct error *err)
{
    struct yaml_stream stream;
    TRY(yaml_parse(arena, text, &stream, err));
    for (size_t i = 0; i < stream.count; i++) {
        struct admission_request request = {.verb = ADMIT_APPLY, .body = stream.documents[i].value};
        enum tend_code code = stage_submit(&play_of(L)->stage, &request, err);
        if (code != TEND_OK && stream.count > 1) {
            return error_wrap(err, "line %u", stream.documents[i].line);
        }
        TRY(code);
    }
    return TEND_OK;
}

static NODISCARD enum tend_code apply(lua_State *L, struct arena *arena, struct error *err)
{
    if (lua_type(L, 1) == LUA_TSTRING) {
        return apply_stream(L, arena, text_at(L, 1), err);
    }
    struct admission_request request = {.verb = ADMIT_APPLY};
    TRY(lua_value_read(L, 1, arena, &request.body, err));
    return stage_submit(&play_of(L)->stage, &request, err);
}

/* apply(text or table) */
static int api_apply(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    if (enter(L, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    return leave(L, apply(L, &arena, &err), &err);
}

/* A request of a client about the place at index 1. */
static int submit(lua_State *L, enum admission_verb verb, const struct value *body)
{
    struct error err = ERROR_INIT;
    struct place place;
    if (place_read(L, 1, &place, &err) != TEND_OK || enter(L, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    struct admission_request request = {.verb = verb,
                                        .resource = text_of(place.kind->resource),
                                        .namespace = place.namespace,
                                        .name = place.name,
                                        .body = body};
    return leave(L, stage_submit(&play_of(L)->stage, &request, &err), &err);
}

static int api_delete(lua_State *L)
{
    return submit(L, ADMIT_DELETE, NULL);
}

/* patch(kind, namespace, name, table, "status" or nil) */
static int api_patch(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *body;
    if (lua_value_read(L, 4, &arena, &body, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    return submit(L, lua_isnoneornil(L, 5) ? ADMIT_PATCH : ADMIT_PATCH_STATUS, body);
}

/* --- answers ------------------------------------------------------------------------------------ */
/* The prelude's answer(request) gives the result and how many seconds it takes, or raises a sentence. */
static NODISCARD enum tend_code ask_test(struct play *play, lua_State *L, const struct asked *asked,
                                         struct recorder_answer *ret_answer, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(DOC_BYTES_MAX);
    const struct value *result;
    lua_rawgeti(L, LUA_REGISTRYINDEX, play->answer);
    play_push_asked(L, asked);
    if (lua_pcall(L, 1, 2, 0) != LUA_OK) {
        return FAIL(err, TEND_INVALID, "%s", luaL_tolstring(L, -1, NULL));
    }
    TRY(lua_value_read(L, -2, &arena, &result, err));
    json_write(&bytes, result);
    *ret_answer = (struct recorder_answer){.result = buffer_take(&bytes),
                                           .takes_ms = (int64_t)(lua_tonumber(L, -1) * 1000 + 0.5)};
    return TEND_OK;
}

bool play_answer(const struct asked *asked, struct recorder_answer *ret_answer, void *owner)
{
    struct play *play = owner;
    struct error err = ERROR_INIT;
    lua_State *L = play->running != NULL ? play->running : play->L;
    int top = lua_gettop(L);
    luaL_checkstack(L, 16, "too many values");
    enum tend_code code = ask_test(play, L, asked, ret_answer, &err);
    lua_settop(L, top);
    if (code != TEND_OK) {
        stage_halt(&play->stage, err.message);
    }
    return code == TEND_OK;
}

/* --- files and places -------------------------------------------------------------------------- */

/* read(path): the text of a file, from the folder of the test where the path is not absolute. */
static int api_read(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(freep) char *path = NULL;
    CLEANUP(freep) char *text = NULL;
    size_t size;
    path = play_path(play_of(L), luaL_checkstring(L, 1));
    if (play_read(path, &text, &size, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    lua_pushlstring(L, text, size);
    return 1;
}

/* lines[table at the top] = where it is written, and so on below. */
static void note_lines(lua_State *L, const struct value *value, int lines)
{
    luaL_checkstack(L, 4, "too many values");
    if (!lua_istable(L, -1)) {
        return;
    }
    lua_pushvalue(L, -1);
    lua_pushinteger(L, value->line);
    lua_rawset(L, lines);
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->type == VALUE_LIST) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
            note_lines(L, value->items[i], lines);
        } else {
            push_text(L, value->fields[i].key);
            lua_rawget(L, -2);
            note_lines(L, value->fields[i].value, lines);
        }
        lua_pop(L, 1);
    }
}

/* yaml(text): the documents, and the line of each table in them; nil and a sentence. */
static int api_yaml(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream;
    if (yaml_parse(&arena, text_at(L, 1), &stream, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    lua_newtable(L);
    lua_newtable(L);
    int lines = lua_gettop(L);
    for (size_t i = 0; i < stream.count; i++) {
        lua_value_push(L, stream.documents[i].value);
        note_lines(L, stream.documents[i].value, lines);
        lua_rawseti(L, lines - 1, (lua_Integer)i + 1);
    }
    return 2;
}

/* encode(value): as JSON. */
static int api_encode(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(DOC_BYTES_MAX);
    const struct value *value;
    if (lua_value_read(L, 1, &arena, &value, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    json_write(&bytes, value);
    push_text(L, buffer_view(&bytes));
    return 1;
}

/* Up to a number: each level is looked for from the top of the stack, which may be 200 000 deep. */
void play_push_frames(lua_State *L)
{
    const struct play *play = play_of(L);
    lua_Debug frame;
    lua_Integer count = 0;
    lua_newtable(L);
    for (int level = 0; count < TEST_FRAMES_MAX && lua_getstack(L, level, &frame) == 1; level++) {
        if (lua_getinfo(L, "Sl", &frame) != 0 && frame.currentline > 0 &&
            strcmp(frame.source, play->chunk) == 0) {
            lua_pushfstring(L, "%s:%d", play->options->file, frame.currentline);
            lua_rawseti(L, -2, ++count);
        }
    }
}

void play_api_push(lua_State *L)
{
    static const luaL_Reg functions[] = {{"settle", api_settle},   {"advance", api_advance},
                                         {"crash", api_crash},     {"is_busy", api_is_busy},
                                         {"seconds", api_seconds}, {"duration", api_duration},
                                         {"now", api_now},         {"apply", api_apply},
                                         {"delete", api_delete},   {"patch", api_patch},
                                         {"read", api_read},       {"yaml", api_yaml},
                                         {"encode", api_encode},   {NULL, NULL}};
    luaL_newlib(L, functions);
    play_look_add(L);
    luaL_getmetatable(L, LUA_VALUE_LIST);
    lua_setfield(L, -2, "list_mark");
    lua_value_push_null(L);
    lua_setfield(L, -2, "null");
    lua_pushstring(L, play_of(L)->options->file);
    lua_setfield(L, -2, "file");
}
