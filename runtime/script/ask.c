/* What waits: get, list, apply, delete (they may have to learn a kind first), sleep, exec, http.
 *
 * Each is one function of C in several acts. An act asks something and yields; the next begins when the
 * answer is there, with the arguments still on the stack. What is an act is the context of lua_yieldk.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "script/inside.h"

enum act { ACT_BEGIN, ACT_KIND, ACT_ANSWER };

/* --- kinds ------------------------------------------------------------------------------------- */

/* The kind at `index`: "ConfigMap", "cm", "v1/ConfigMap". NULL: it was asked for, and *ret_value is what the
 * function returns now; it is called again with ACT_KIND. */
static const struct known_kind *need_kind(lua_State *L, struct script_run *run, const char *word,
                                          lua_KFunction act, lua_KContext context, int *ret_value)
{
    const struct known_kind *kind = lexicon_find(run->lexicon, text_of(word));
    if (kind == NULL && context == ACT_KIND) {
        script_run_answered(L, run);
        kind = lexicon_learn(run->lexicon, text_of(word), run->call, run->answer);
    }
    if (kind == NULL) {
        tend_node question = run->call->api->make_map(run->call);
        tend_put_text(run->call, question, "kind.word", word);
        *ret_value = script_run_wait(L, run, question, act, ACT_KIND);
    }
    return kind;
}

/* --- get and list ------------------------------------------------------------------------------ */

/* get(kind, name [, namespace]) */
static int get_act(lua_State *L, int status, lua_KContext act)
{
    struct script_run *run = script_run_of(L, "get");
    const struct tend_api *api = run->call->api;
    int value = 0;
    (void)status;
    const struct known_kind *kind = need_kind(L, run, luaL_checkstring(L, 1), get_act, act, &value);
    if (kind == NULL) {
        return value;
    }
    if (act != ACT_ANSWER) {
        tend_node question = api->make_map(run->call);
        tend_put_text(run->call, question, "fetch.kind", kind->identity);
        tend_put_text(run->call, question, "fetch.name", luaL_checkstring(L, 2));
        tend_put_text(run->call, question, "fetch.namespace", luaL_optstring(L, 3, ""));
        return script_run_wait(L, run, question, get_act, ACT_ANSWER);
    }
    script_run_answered(L, run);
    if (run->answer == 0) {
        lua_pushnil(L);
    } else {
        view_push_object(L, run, run->answer, kind);
    }
    return 1;
}

static int ask_get(lua_State *L)
{
    return get_act(L, LUA_OK, ACT_BEGIN);
}

static const char *option(lua_State *L, int table, const char *name)
{
    const char *text = "";
    if (lua_istable(L, table)) {
        lua_getfield(L, table, name); /* stays on the stack: the text is borrowed from it */
        text = luaL_optstring(L, -1, "");
    }
    return text;
}

/* list(kind [, {labels = "a=b", namespace = "x"}]) */
static int list_act(lua_State *L, int status, lua_KContext act)
{
    struct script_run *run = script_run_of(L, "list");
    const struct tend_api *api = run->call->api;
    int value = 0;
    (void)status;
    const struct known_kind *kind =
        need_kind(L, run, luaL_checkstring(L, 1), list_act, act, &value);
    if (kind == NULL) {
        return value;
    }
    if (act != ACT_ANSWER) {
        tend_node question = api->make_map(run->call);
        tend_put_text(run->call, question, "select.kind", kind->identity);
        tend_put_text(run->call, question, "select.labels", option(L, 2, "labels"));
        tend_put_text(run->call, question, "select.namespace", option(L, 2, "namespace"));
        return script_run_wait(L, run, question, list_act, ACT_ANSWER);
    }
    script_run_answered(L, run);
    uint32_t count = api->count(run->call, run->answer);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        view_push_object(L, run, api->item(run->call, run->answer, i, NULL), kind);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int ask_list(lua_State *L)
{
    return list_act(L, LUA_OK, ACT_BEGIN);
}

/* --- apply and delete -------------------------------------------------------------------------- */

/* The word for the kind of the object that the table at 1 describes; it stays on the stack. */
static const char *word_of_object(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_getfield(L, 1, "kind") != LUA_TSTRING) {
        luaL_error(L, "apply: the object has no `kind`");
    }
    if (lua_getfield(L, 1, "apiVersion") == LUA_TSTRING) {
        return lua_pushfstring(L, "%s/%s", lua_tostring(L, -1), lua_tostring(L, -2));
    }
    return lua_tostring(L, -2);
}

/* Fields that stand beside the others for brevity, and belong into the metadata. */
static bool is_metadata(const char *key)
{
    static const char *const keys[] = {"name", "namespace", "labels", "annotations"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Put the field whose value is at the top into `draft`, as the kind declares it. */
static void put_field(lua_State *L, struct script_run *run, const struct known_kind *kind,
                      tend_node draft, const char *key)
{
    const struct outline *outline, *metadata;
    const char *path = key;
    (void)outline_field(kind->root, TEXT("metadata"), &metadata);
    if (is_metadata(key) && !outline_field(kind->root, text_of(key), &outline)) {
        (void)outline_field(metadata, text_of(key), &outline);
        path = lua_pushfstring(L, "metadata.%s", key);
        lua_insert(L, -2);
    } else if (!outline_field(kind->root, text_of(key), &outline)) {
        outline_unknown(L, kind->root, key);
    } else if (strcmp(key, "status") == 0) {
        luaL_error(L, "apply writes no status: that is for the controller of %s", kind->name);
    }
    tend_put(run->call, draft, path, convert_node(L, run, -1, outline, key));
}

/* When a field is put into a draft: `metadata` as a whole in round 0, because what stands beside it for
 * brevity is put into it in round 1; -1: never. */
static int round_of(const char *key)
{
    static const char *const others[] = {"kind", "apiVersion", "owner"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (strcmp(key, others[i]) == 0) {
            return -1;
        }
    }
    return strcmp(key, "metadata") == 0 ? 0 : 1;
}

static void put_fields(lua_State *L, struct script_run *run, const struct known_kind *kind,
                       tend_node draft)
{
    for (int round = 0; round < 2; round++) {
        for (lua_pushnil(L); lua_next(L, 1) != 0;) {
            int top = lua_gettop(L);
            if (lua_type(L, -2) != LUA_TSTRING) {
                luaL_error(L, "apply: a field's name is a text, not %s", luaL_typename(L, -2));
            }
            if (round_of(lua_tostring(L, -2)) == round) {
                put_field(L, run, kind, draft, lua_tostring(L, -2));
            }
            lua_settop(L, top - 1);
        }
    }
}

/* apply { kind = "ConfigMap", name = "a", data = {...} [, owner = false] } */
static int apply_act(lua_State *L, int status, lua_KContext act)
{
    struct script_run *run = script_run_of(L, "apply");
    const struct tend_api *api = run->call->api;
    int value = 0;
    (void)status;
    lua_settop(L, 1);
    const struct known_kind *kind = need_kind(L, run, word_of_object(L), apply_act, act, &value);
    if (kind == NULL) {
        return value;
    }
    tend_node draft = api->make_map(run->call);
    tend_put_text(run->call, draft, "apiVersion", kind->api_version);
    tend_put_text(run->call, draft, "kind", kind->name);
    put_fields(L, run, kind, draft);
    if (api->get(run->call, draft, "metadata.name") == 0) {
        return luaL_error(L, "apply: the object has no `name`");
    }
    if (lua_getfield(L, 1, "owner") == LUA_TBOOLEAN && !lua_toboolean(L, -1)) {
        tend_put(run->call, draft, "metadata.ownerReferences", api->make_list(run->call));
    }
    script_run_count(L, &run->writes, CALL_WRITES_MAX, "objects");
    tend_apply(run->call, draft);
    return 0;
}

static int ask_apply(lua_State *L)
{
    return apply_act(L, LUA_OK, ACT_BEGIN);
}

/* delete(kind, name [, namespace]), delete(object) */
static int delete_act(lua_State *L, int status, lua_KContext act)
{
    struct script_run *run = script_run_of(L, "delete");
    const struct tend_api *api = run->call->api;
    tend_node node;
    int value = 0;
    (void)status;
    if (act == ACT_BEGIN) {
        script_run_count(L, &run->writes, CALL_WRITES_MAX, "objects");
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        if (!view_is_object(L, 1) || !view_node(L, 1, &node)) {
            return luaL_error(L, "delete takes an object, or a kind and a name");
        }
        const char *version = tend_text(run->call, node, "apiVersion", "");
        const char *kind =
            tend_format(run->call, "%s/%s", version, tend_text(run->call, node, "kind", ""));
        const char *space = tend_text(run->call, node, "metadata.namespace", "");
        api->remove(run->call, kind, space, tend_text(run->call, node, "metadata.name", ""));
        return 0;
    }
    const struct known_kind *kind =
        need_kind(L, run, luaL_checkstring(L, 1), delete_act, act, &value);
    if (kind == NULL) {
        return value;
    }
    api->remove(run->call, kind->identity, luaL_optstring(L, 3, NULL), luaL_checkstring(L, 2));
    return 0;
}

static int ask_delete(lua_State *L)
{
    return delete_act(L, LUA_OK, ACT_BEGIN);
}

/* --- the outside world ------------------------------------------------------------------------- */

static int end_wait(lua_State *L, int status, lua_KContext context)
{
    struct script_run *run = script_run_of(L, "a wait");
    (void)status;
    (void)context;
    script_run_answered(L, run);
    convert_push(L, run->call, run->answer);
    return 1;
}

/* "2s", or a number of seconds; false where it is neither. */
static bool take_duration(lua_State *L, int index, int64_t *ret_ms)
{
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_Number seconds = lua_tonumber(L, index);
        if (!(seconds >= 0 && seconds <= (lua_Number)DURATION_MAX_MS / 1000)) {
            return false;
        }
        *ret_ms = convert_ms(seconds);
        return true;
    }
    return duration_parse(text_of(luaL_checkstring(L, index)), ret_ms);
}

/* sleep(milliseconds) */
static int ask_sleep(lua_State *L)
{
    struct script_run *run = script_run_of(L, "sleep");
    tend_node question = run->call->api->make_map(run->call);
    tend_put_int(run->call, question, "sleep.ms", luaL_checkinteger(L, 1));
    return script_run_wait(L, run, question, end_wait, ACT_ANSWER);
}

/* outside(what, request): "exec" or "http", with a request as the contract has it (prelude.lua makes it). */
static int ask_outside(lua_State *L)
{
    const char *what = luaL_checkstring(L, 1);
    struct script_run *run = script_run_of(L, what);
    tend_node question = run->call->api->make_map(run->call);
    tend_put(run->call, question, what, convert_node(L, run, 2, NULL, what));
    lua_settop(L, 2);
    if (lua_getfield(L, 2, "name") != LUA_TNIL) {
        run->writes = run->events = run->conditions = 0; /* they are committed with it */
    }
    return script_run_wait(L, run, question, end_wait, ACT_ANSWER);
}

/* milliseconds(duration): nil where it is none. */
static int parse_duration(lua_State *L)
{
    int64_t ms;
    if (take_duration(L, 1, &ms)) {
        lua_pushinteger(L, ms);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

void ask_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"get", ask_get},
                                         {"list", ask_list},
                                         {"apply", ask_apply},
                                         {"delete", ask_delete},
                                         {"sleep", ask_sleep},
                                         {"outside", ask_outside},
                                         {"milliseconds", parse_duration},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
