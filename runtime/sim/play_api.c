/* What the prelude of tests is written on: a few functions that step the stage or look at it. None of them
 * raises an error for what can go wrong; they return nil (or false) and a sentence, and the prelude raises
 * it where the test has called.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "document/json.h"
#include "document/path.h"
#include "document/yaml.h"
#include "resource/key.h"
#include "resource/selector.h"
#include "sim/inside.h"
#include "sim/lua_value.h"
#include "watch/selection.h"

/* nil and the sentence. */
static int fail_with(lua_State *L, const struct error *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err->message);
    return 2;
}

static int end_with(lua_State *L, enum tend_code code, const struct error *err)
{
    if (code != TEND_OK) {
        return fail_with(L, err);
    }
    lua_pushboolean(L, true);
    return 1;
}

static struct text text_at(lua_State *L, int index)
{
    size_t len = 0;
    const char *chars = luaL_optlstring(L, index, "", &len);
    return (struct text){chars, len};
}

static void push_text(lua_State *L, struct text text)
{
    lua_pushlstring(L, text.ptr, text.len);
}

static void set_text(lua_State *L, const char *field, struct text text)
{
    push_text(L, text);
    lua_setfield(L, -2, field);
}

static void set_doc(lua_State *L, const char *field, const struct doc *doc)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    if (doc != NULL && doc_tree(doc, &arena, &root, NULL) == TEND_OK) {
        lua_value_push(L, root);
        lua_setfield(L, -2, field);
    }
}

static void set_seconds(lua_State *L, const char *field, int64_t ms)
{
    lua_pushnumber(L, (double)ms / 1000);
    lua_setfield(L, -2, field);
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
        return fail_with(L, &err);
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
        return fail_with(L, &err);
    }
    return leave(L, stage_advance(&play_of(L)->stage, ms, &err), &err);
}

static int api_crash(lua_State *L)
{
    struct error err = ERROR_INIT;
    if (enter(L, &err) != TEND_OK) {
        return fail_with(L, &err);
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
        return fail_with(L, &err);
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
        return fail_with(L, &err);
    }
    return leave(L, apply(L, &arena, &err), &err);
}

/* The kind and place that a test means: (kind, namespace or nil, name or nil) from `index` on. */
struct place {
    const struct kind *kind;
    struct text namespace, name;
};

static NODISCARD enum tend_code read_place(lua_State *L, int index, struct place *ret_place,
                                           struct error *err)
{
    struct place place = {.namespace = text_at(L, index + 1), .name = text_at(L, index + 2)};
    TRY(stage_kind(&play_of(L)->stage, text_at(L, index), &place.kind, err));
    if (!kind_namespaced(place.kind)) {
        place.namespace = TEXT("");
    } else if (place.namespace.len == 0) {
        place.namespace = TEXT("default");
    }
    *ret_place = place;
    return TEND_OK;
}

/* A request of a client about the place at index 1. */
static int submit(lua_State *L, enum admission_verb verb, const struct value *body)
{
    struct error err = ERROR_INIT;
    struct place place;
    if (read_place(L, 1, &place, &err) != TEND_OK || enter(L, &err) != TEND_OK) {
        return fail_with(L, &err);
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
        return fail_with(L, &err);
    }
    return submit(L, lua_isnoneornil(L, 5) ? ADMIT_PATCH : ADMIT_PATCH_STATUS, body);
}

/* --- looking ----------------------------------------------------------------------------------- */

static struct text key_of(struct arena *arena, const struct place *place)
{
    return key_make(arena, text_of(place->kind->resource), place->namespace, place->name);
}

static void push_doc(lua_State *L, const struct doc *doc)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    if (doc != NULL && doc_tree(doc, &arena, &root, NULL) != TEND_OK) {
        root = NULL;
    }
    lua_value_push(L, root);
}

/* get(kind, namespace, name): the object, nil; or nil and a sentence. */
static int api_get(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    struct place place;
    if (read_place(L, 1, &place, &err) != TEND_OK) {
        return fail_with(L, &err);
    }
    push_doc(L, store_get(play_of(L)->stage.rooms.store, key_of(&arena, &place)));
    return 1;
}

static void push_selected(lua_State *L, struct store *store, struct selection *selection)
{
    struct store_entry entries[SWEEP_SLICE];
    struct text after = TEXT("");
    lua_Integer made = 0;
    size_t count;
    lua_newtable(L);
    luaL_setmetatable(L, LUA_VALUE_LIST);
    do {
        count = store_list(store, store_revision(store), text_of(selection->prefix), after, entries,
                           SWEEP_SLICE);
        for (size_t i = 0; i < count; i++) {
            if (selection_match(selection, entries[i].key, entries[i].doc)) {
                push_doc(L, entries[i].doc);
                lua_rawseti(L, -2, ++made);
            }
            after = entries[i].key;
        }
    } while (count == SWEEP_SLICE);
}

/* list(kind, namespace or nil, labels or nil): all namespaces where none is given. */
static int api_list(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(selection_done) struct selection selection = {0};
    struct selector *selector;
    struct place place;
    struct text namespace = text_at(L, 2);
    if (read_place(L, 1, &place, &err) != TEND_OK ||
        selector_parse(text_at(L, 3), TEXT(""), place.kind, &selector, &err) != TEND_OK) {
        return fail_with(L, &err);
    }
    struct text resource = text_of(place.kind->resource);
    selection = selection_of(namespace.len == 0 ? key_prefix_kind(&arena, resource)
                                                : key_prefix_namespace(&arena, resource, namespace),
                             selector);
    push_selected(L, play_of(L)->stage.rooms.store, &selection);
    return 1;
}

/* --- the past ---------------------------------------------------------------------------------- */

struct text play_ref(const struct play *play, struct arena *arena, struct text key)
{
    struct key_parts parts;
    if (!play->is_open || key_split(key, &parts, NULL) != TEND_OK) {
        return key;
    }
    const struct kind *kind =
        catalogue_resource(admission_catalogue(play->stage.rooms.gate), parts.resource);
    if (kind == NULL) {
        return key;
    }
    bool elsewhere = parts.namespace.len > 0 && !text_is(parts.namespace, "default");
    return elsewhere ? arena_format(arena, "%s/%.*s/%.*s", kind->name, TEXT_ARG(parts.namespace),
                                    TEXT_ARG(parts.name))
                     : arena_format(arena, "%s/%.*s", kind->name, TEXT_ARG(parts.name));
}

/* Is `change` that of an Event about the object at `place`? */
static bool tells_of(const struct stage_change *change, const struct place *place)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    if (!text_starts(text_of(change->key), TEXT("events/")) || change->op == CHANGE_DELETE ||
        doc_tree(change->doc, &arena, &root, NULL) != TEND_OK) {
        return false;
    }
    const struct value *about = value_field(root, "involvedObject");
    return text_is(value_text_or(value_field(about, "kind"), TEXT("")), place->kind->name) &&
           text_equal(value_text_or(value_field(about, "name"), TEXT("")), place->name) &&
           text_equal(value_text_or(value_field(about, "namespace"), TEXT("")), place->namespace);
}

static void push_change(lua_State *L, const struct stage_change *change)
{
    static const char *const ops[] = {
        [CHANGE_CREATE] = "create", [CHANGE_UPDATE] = "update", [CHANGE_DELETE] = "delete"};
    lua_newtable(L);
    set_seconds(L, "at", change->at_ms);
    set_text(L, "op", text_of(ops[change->op]));
    set_text(L, "actor", text_of(change->actor));
    set_text(L, "reason", text_of(change->reason));
    set_doc(L, "object", change->doc);
    set_doc(L, "before", change->before);
}

/* history(kind, namespace, name): its changes and the events about it, as they became durable. */
static int api_history(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct stage *stage = &play_of(L)->stage;
    struct place place;
    lua_Integer count = 0;
    if (read_place(L, 1, &place, &err) != TEND_OK) {
        return fail_with(L, &err);
    }
    struct text key = key_of(&arena, &place);
    lua_newtable(L);
    for (size_t i = 0; i < stage->change_count; i++) {
        const struct stage_change *change = &stage->changes[i];
        bool own = text_is(key, change->key);
        if (own || tells_of(change, &place)) {
            push_change(L, change);
            lua_pushboolean(L, !own);
            lua_setfield(L, -2, "event");
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

/* log(): the newest lines, { at, level, text }. */
static int api_log(lua_State *L)
{
    static const char *const levels[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
    const struct stage *stage = &play_of(L)->stage;
    lua_newtable(L);
    for (size_t i = 0; i < stage->line_count; i++) {
        lua_newtable(L);
        set_seconds(L, "at", stage->lines[i].at_ms);
        set_text(L, "level", text_of(levels[stage->lines[i].level]));
        set_text(L, "text", text_of(stage->lines[i].text));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* --- effects ----------------------------------------------------------------------------------- */

static void push_asked(lua_State *L, const struct asked *asked)
{
    static const char *const phases[] = {
        [ASKED_GOING] = "going", [ASKED_DONE] = "done", [ASKED_CANCELLED] = "cancelled"};
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *question = NULL;
    if (json_parse(&arena, text_of(asked->question), &question, NULL) != TEND_OK) {
        question = NULL;
    }
    lua_value_push(L, question);
    set_seconds(L, "at", asked->at_ms);
    set_text(L, "by", text_of(asked->controller));
    set_text(L, "object", play_ref(play_of(L), &arena, text_of(asked->object)));
    set_text(L, "phase", text_of(phases[asked->phase]));
    lua_pushboolean(L, asked->record != 0);
    lua_setfield(L, -2, "named");
    lua_pushboolean(L, asked->again);
    lua_setfield(L, -2, "again");
}

static int api_effects(lua_State *L)
{
    const struct recorder *recorder = &play_of(L)->recorder;
    lua_newtable(L);
    for (size_t i = 0; i < recorder->count; i++) {
        push_asked(L, recorder->asked[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* The prelude's answer(request) gives the result and how many seconds it takes, or raises a sentence. */
static NODISCARD enum tend_code ask_test(struct play *play, lua_State *L, const struct asked *asked,
                                         struct recorder_answer *ret_answer, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(DOC_BYTES_MAX);
    const struct value *result;
    lua_rawgeti(L, LUA_REGISTRYINDEX, play->answer);
    push_asked(L, asked);
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
        return fail_with(L, &err);
    }
    lua_pushlstring(L, text, size);
    return 1;
}

static int api_yaml(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream;
    if (yaml_parse(&arena, text_at(L, 1), &stream, &err) != TEND_OK) {
        return fail_with(L, &err);
    }
    lua_newtable(L);
    for (size_t i = 0; i < stream.count; i++) {
        lua_value_push(L, stream.documents[i].value);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* encode(value): as JSON. */
static int api_encode(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(DOC_BYTES_MAX);
    const struct value *value;
    if (lua_value_read(L, 1, &arena, &value, &err) != TEND_OK) {
        return fail_with(L, &err);
    }
    json_write(&bytes, value);
    push_text(L, buffer_view(&bytes));
    return 1;
}

void play_push_frames(lua_State *L)
{
    const struct play *play = play_of(L);
    lua_Debug frame;
    lua_Integer count = 0;
    lua_newtable(L);
    for (int level = 0; lua_getstack(L, level, &frame) == 1; level++) {
        if (lua_getinfo(L, "Sl", &frame) != 0 && frame.currentline > 0 &&
            strcmp(frame.source, play->chunk) == 0) {
            lua_pushfstring(L, "%s:%d", play->options->file, frame.currentline);
            lua_rawseti(L, -2, ++count);
        }
    }
}

void play_api_push(lua_State *L)
{
    static const luaL_Reg functions[] = {{"settle", api_settle},
                                         {"advance", api_advance},
                                         {"crash", api_crash},
                                         {"is_busy", api_is_busy},
                                         {"seconds", api_seconds},
                                         {"duration", api_duration},
                                         {"now", api_now},
                                         {"apply", api_apply},
                                         {"delete", api_delete},
                                         {"patch", api_patch},
                                         {"get", api_get},
                                         {"list", api_list},
                                         {"history", api_history},
                                         {"log", api_log},
                                         {"effects", api_effects},
                                         {"read", api_read},
                                         {"yaml", api_yaml},
                                         {"encode", api_encode},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    luaL_getmetatable(L, LUA_VALUE_LIST);
    lua_setfield(L, -2, "list_mark");
    lua_value_push_null(L);
    lua_setfield(L, -2, "null");
}
