/* Objects as scripts see them: a field is looked up when it is asked for, and judged by the schema then.
 *
 * What is declared and not there is nil where it is a scalar, and empty where it is an object or a list, so
 * that reading deep needs no ladder of ifs; what is not declared is a typo, and told as one. Only the
 * status of the run's own object can be written: such a view knows its path and reads anew each time, so it
 * sees what was written. A view belongs to its run.
 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "script/inside.h"

#define VIEW_MARK "tend.view"

enum { PATH_MAX_BYTES = 4096 };

enum view_mode {
    VIEW_OBJECT, /* a whole object */
    VIEW_PART,   /* of something that cannot be written */
    VIEW_STATUS  /* the run's own status, or a part of it */
};

struct view {
    uint64_t run;
    enum view_mode mode;
    bool own;                      /* VIEW_OBJECT: it is the run's */
    const struct known_kind *kind; /* VIEW_OBJECT */
    const struct outline *outline; /* NULL: anything */
    tend_node node;                /* 0: absent; not of a VIEW_STATUS */
    char path[];                   /* of a VIEW_STATUS: "status.network" */
};

/* --- making ------------------------------------------------------------------------------------ */

static struct view *push_view(lua_State *L, const struct view *like, const char *path)
{
    size_t size = path == NULL ? 1 : strlen(path) + 1;
    struct view *view = lua_newuserdatauv(L, sizeof *view + size, 0);
    *view = *like;
    memcpy(view->path, path == NULL ? "" : path, size);
    luaL_setmetatable(L, VIEW_MARK);
    return view;
}

void view_push_object(lua_State *L, struct script_run *run, tend_node node,
                      const struct known_kind *kind)
{
    push_view(
        L,
        &(struct view){
            .run = run->id, .mode = VIEW_OBJECT, .kind = kind, .outline = kind->root, .node = node},
        NULL);
}

void view_push_own(lua_State *L, struct script_run *run)
{
    tend_node node = run->call->api->get(run->call, TEND_THIS, "");
    view_push_object(L, run, node, run->kind);
    ((struct view *)lua_touserdata(L, -1))->own = true;
}

static bool is_scalar(int32_t type)
{
    return type != TEND_LIST && type != TEND_MAP;
}

/* Push `node`, which `outline` describes, as a part of something. */
static void push_part(lua_State *L, struct script_run *run, tend_node node,
                      const struct outline *outline, const char *status_path)
{
    int32_t type = run->call->api->type(run->call, node);
    enum outline_type declared = outline == NULL ? OUTLINE_ANY : outline->type;
    bool absent = type == TEND_ABSENT || type == TEND_NULL;
    if (absent && declared != OUTLINE_MAP && declared != OUTLINE_LIST) {
        lua_pushnil(L);
    } else if (!absent && is_scalar(type)) {
        convert_push(L, run->call, node);
    } else {
        push_view(L,
                  &(struct view){.run = run->id,
                                 .mode = status_path == NULL ? VIEW_PART : VIEW_STATUS,
                                 .outline = outline,
                                 .node = absent ? 0 : node},
                  status_path);
    }
}

void view_push_node(lua_State *L, struct script_run *run, tend_node node)
{
    push_part(L, run, node, NULL, NULL);
}

/* --- looking ----------------------------------------------------------------------------------- */

/* The view at `index`, whose run this is. */
static struct view *check_view(lua_State *L, int index, struct script_run **ret_run)
{
    struct view *view = luaL_checkudata(L, index, VIEW_MARK);
    struct script_run *run = script_run_of(L, "an object");
    if (view->run != run->id) {
        luaL_error(L, "this object belongs to a run that is over; copy() what is to be kept");
    }
    *ret_run = run;
    return view;
}

static tend_node node_of(const struct view *view, struct script_run *run)
{
    return view->mode == VIEW_STATUS ? run->call->api->get(run->call, TEND_THIS, view->path)
                                     : view->node;
}

bool view_node(lua_State *L, int index, tend_node *ret_node)
{
    struct script_run *run;
    if (luaL_testudata(L, index, VIEW_MARK) == NULL) {
        return false;
    }
    struct view *view = check_view(L, index, &run);
    *ret_node = node_of(view, run);
    return true;
}

bool view_is_object(lua_State *L, int index)
{
    struct script_run *run;
    return luaL_testudata(L, index, VIEW_MARK) != NULL &&
           check_view(L, index, &run)->mode == VIEW_OBJECT;
}

static bool is_list(const struct view *view)
{
    return view->outline != NULL && view->outline->type == OUTLINE_LIST;
}

/* As text; what is declared and not there is empty. */
static struct tend_str json_of(lua_State *L, const struct view *view, struct script_run *run)
{
    tend_node node = node_of(view, run);
    if (node == 0) {
        return tend_str(is_list(view) ? "[]" : "{}");
    }
    struct tend_str text = run->call->api->to_json(run->call, node);
    script_run_charge(L, run, text.len);
    return text;
}

bool view_text(lua_State *L, int index, enum outline_type *ret_type, struct tend_str *ret_text)
{
    struct script_run *run;
    if (luaL_testudata(L, index, VIEW_MARK) == NULL) {
        return false;
    }
    struct view *view = check_view(L, index, &run);
    *ret_text = json_of(L, view, run);
    *ret_type = ret_text->len > 0 && ret_text->ptr[0] == '[' ? OUTLINE_LIST : OUTLINE_MAP;
    return true;
}

bool view_push_copy(lua_State *L, int index)
{
    struct script_run *run;
    if (luaL_testudata(L, index, VIEW_MARK) == NULL) {
        return false;
    }
    struct view *view = check_view(L, index, &run);
    tend_node node = node_of(view, run);
    if (node != 0) {
        convert_push(L, run->call, node);
    } else {
        lua_newtable(L);
        luaL_setmetatable(L, is_list(view) ? ARRAY_MARK : OBJECT_MARK);
    }
    return true;
}

static bool is_plain(const char *key, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool letter = (key[i] >= 'a' && key[i] <= 'z') || (key[i] >= 'A' && key[i] <= 'Z');
        if (!letter && !(key[i] >= '0' && key[i] <= '9') && key[i] != '_' && key[i] != '-') {
            return false;
        }
    }
    return len > 0;
}

/* `before` and a step to the field or place at `index`, as document paths are written. */
static const char *add_step(lua_State *L, char *out, const char *before, int index)
{
    size_t used = strlen(before), len;
    memcpy(out, before, used + 1);
    const char *key = lua_isinteger(L, index) ? NULL : luaL_checklstring(L, index, &len);
    if (used + (key == NULL ? 24 : 2 * len + 8) > PATH_MAX_BYTES) {
        luaL_error(L, "the path to a field is too long");
    }
    if (key == NULL) {
        snprintf(out + used, PATH_MAX_BYTES - used, "[%lld]",
                 (long long)lua_tointeger(L, index) - 1);
        return out;
    }
    if (is_plain(key, len)) {
        snprintf(out + used, PATH_MAX_BYTES - used, "%s%s", used > 0 ? "." : "", key);
        return out;
    }
    char *at = out + used;
    memcpy(at, "['", 2);
    at += 2;
    for (size_t i = 0; i < len; i++) {
        if (key[i] == '\'' || key[i] == '\\') {
            *at++ = '\\';
        }
        *at++ = key[i];
    }
    memcpy(at, "']", 3);
    return out;
}

bool view_holds(lua_State *L, int index, struct text key)
{
    struct script_run *run;
    char path[PATH_MAX_BYTES];
    struct view *view = check_view(L, index, &run);
    tend_node node = node_of(view, run);
    lua_pushlstring(L, key.ptr, key.len);
    bool holds = node != 0 && run->call->api->get(run->call, node, add_step(L, path, "", -1)) != 0;
    lua_pop(L, 1);
    return holds;
}

/* What is declared of the field or place at `index`; raises where there is no such field. */
static const struct outline *outline_of_step(lua_State *L, const struct view *view, int index)
{
    const struct outline *field = NULL;
    size_t len;
    if (lua_isinteger(L, index)) {
        return is_list(view) ? view->outline->items : NULL;
    }
    const char *key = luaL_checklstring(L, index, &len);
    if (is_list(view) || !outline_field(view->outline, (struct text){key, len}, &field)) {
        outline_unknown(L, view->outline, key);
    }
    return field;
}

/* --- shortcuts of a whole object ---------------------------------------------------------------- */

static void push_text_at(lua_State *L, struct script_run *run, tend_node node, const char *path)
{
    convert_push(L, run->call, run->call->api->get(run->call, node, path));
}

static bool push_state(lua_State *L, const struct view *view, struct script_run *run)
{
    const char *field = run->declared->given.state_field;
    push_text_at(L, run, view->node, view->own && field != NULL ? field : "status.state");
    return true;
}

/* What people ask of an object all the time: lab.name. Where the kind has such a field itself, that one is
 * meant. */
static bool push_shortcut(lua_State *L, const struct view *view, struct script_run *run,
                          const char *key)
{
    static const struct {
        const char *name, *path;
    } shortcuts[] = {{"name", "metadata.name"},
                     {"namespace", "metadata.namespace"},
                     {"uid", "metadata.uid"},
                     {"generation", "metadata.generation"},
                     {"created", "metadata.creationTimestamp"}};
    for (size_t i = 0; i < COUNT_OF(shortcuts); i++) {
        if (strcmp(key, shortcuts[i].name) == 0) {
            push_text_at(L, run, view->node, shortcuts[i].path);
            return true;
        }
    }
    if (strcmp(key, "deleting") == 0) {
        tend_node mark = run->call->api->get(run->call, view->node, "metadata.deletionTimestamp");
        lua_pushboolean(L, mark != 0);
        return true;
    }
    if (strcmp(key, "labels") == 0 || strcmp(key, "annotations") == 0) {
        const struct outline *metadata, *map;
        char path[32];
        snprintf(path, sizeof path, "metadata.%s", key);
        (void)outline_field(view->outline, TEXT("metadata"), &metadata);
        (void)outline_field(metadata, text_of(key), &map);
        push_part(L, run, run->call->api->get(run->call, view->node, path), map, NULL);
        return true;
    }
    if (strcmp(key, "entered") == 0 && view->own) {
        lua_pushnumber(L, (lua_Number)run->call->entered_ms / 1000);
        return true;
    }
    return strcmp(key, "state") == 0 && push_state(L, view, run);
}

static bool is_declared(const struct view *view, struct text key)
{
    const struct outline *field;
    return outline_field(view->outline, key, &field) && field != NULL;
}

/* The item at the place at 2 of a list; nil where there is none, whatever items are. */
static int push_item(lua_State *L, const struct view *view, struct script_run *run)
{
    char path[PATH_MAX_BYTES];
    tend_node node = node_of(view, run);
    lua_Integer place = lua_tointeger(L, 2);
    if (place < 1 || place > (lua_Integer)run->call->api->count(run->call, node)) {
        lua_pushnil(L);
        return 1;
    }
    const char *step = add_step(L, path, view->mode == VIEW_STATUS ? view->path : "", 2);
    tend_node from = view->mode == VIEW_STATUS ? TEND_THIS : node;
    push_part(L, run, run->call->api->get(run->call, from, step), outline_of_step(L, view, 2),
              view->mode == VIEW_STATUS ? step : NULL);
    return 1;
}

/* --- metamethods ------------------------------------------------------------------------------- */

static int view_index(lua_State *L)
{
    struct script_run *run;
    struct view *view = check_view(L, 1, &run);
    char path[PATH_MAX_BYTES];
    int whole = 0;
    lua_Integer place = lua_tointegerx(L, 2, &whole);
    if (whole && lua_type(L, 2) == LUA_TNUMBER) {
        lua_pushinteger(L, place); /* 1.0 as well, as in a table */
        lua_replace(L, 2);
        return push_item(L, view, run);
    }
    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_pushnil(L);
        return 1;
    }
    const char *key = lua_tostring(L, 2);
    if (view->mode == VIEW_OBJECT && !is_declared(view, text_of(key)) &&
        push_shortcut(L, view, run, key)) {
        return 1;
    }
    const struct outline *outline = outline_of_step(L, view, 2);
    if (view->mode == VIEW_OBJECT && view->own && strcmp(key, "status") == 0) {
        push_part(L, run, run->call->api->get(run->call, TEND_THIS, "status"), outline, "status");
        if (lua_isnil(L, -1)) { /* no schema says what it is, and it is not there yet */
            push_view(L, &(struct view){.run = run->id, .mode = VIEW_STATUS, .outline = outline},
                      "status");
        }
    } else if (view->mode == VIEW_STATUS) {
        add_step(L, path, view->path, 2);
        push_part(L, run, run->call->api->get(run->call, TEND_THIS, path), outline, path);
    } else {
        tend_node node = view->node == 0
                             ? 0
                             : run->call->api->get(run->call, view->node, add_step(L, path, "", 2));
        push_part(L, run, node, outline, NULL);
    }
    return 1;
}

static int refuse_write(lua_State *L, const struct view *view)
{
    const char *what = view->outline == NULL ? "this" : view->outline->label;
    return luaL_error(L,
                      "%s cannot be written: a run writes the status of its own object; other "
                      "objects are changed by apply {}",
                      what);
}

static const char *label_of(const struct view *view)
{
    return view->outline == NULL ? view->path : view->outline->label;
}

/* A list is written at its places and behind its end; raises elsewhere. */
static void check_place(lua_State *L, const struct view *view, struct script_run *run)
{
    const struct tend_api *api = run->call->api;
    tend_node node = node_of(view, run);
    int32_t type = api->type(run->call, node);
    lua_Integer place = lua_tointeger(L, 2), count = (lua_Integer)api->count(run->call, node);
    if (type == TEND_MAP ||
        (!is_list(view) && view->outline != NULL && view->outline->type == OUTLINE_MAP)) {
        luaL_error(L, "%s is an object; [%I] is no field of it", label_of(view), place);
    }
    if (place < 1 || place > count + 1) {
        luaL_error(L, "%s has %I items; the next one is [%I], not [%I]", label_of(view), count,
                   count + 1, place);
    }
}

static void check_step(lua_State *L, const struct view *view, struct script_run *run)
{
    size_t len;
    if (lua_isinteger(L, 2)) {
        check_place(L, view, run);
        return;
    }
    const char *key = luaL_checklstring(L, 2, &len);
    if (!is_plain(key, len)) {
        (void)convert_node(L, run, 2, NULL, "a field's name");
    }
}

static int view_newindex(lua_State *L)
{
    struct script_run *run;
    struct view *view = check_view(L, 1, &run);
    char path[PATH_MAX_BYTES];
    const char *key = lua_isinteger(L, 2) ? NULL : luaL_checkstring(L, 2);
    if (view->own && key != NULL && strcmp(key, "status") == 0) {
        return luaL_error(L, "write the fields of the status, one by one");
    }
    if (view->mode != VIEW_STATUS || run->declared->given.flags & TEND_OBSERVER) {
        return refuse_write(L, view);
    }
    const struct outline *outline = outline_of_step(L, view, 2);
    check_step(L, view, run);
    add_step(L, path, view->path, 2);
    const char *state = run->declared->given.state_field;
    if (run->declared->states != NULL &&
        strcmp(path, state == NULL ? "status.state" : state) == 0) {
        return luaL_error(L, "a state is entered by returning its name");
    }
    tend_node node =
        lua_isnil(L, 3) ? 0 : convert_node(L, run, 3, outline, key == NULL ? "an item" : key);
    run->call->api->put(run->call, TEND_THIS, path, node);
    return 0;
}

static int view_len(lua_State *L)
{
    struct script_run *run;
    struct view *view = check_view(L, 1, &run);
    lua_pushinteger(L, run->call->api->count(run->call, node_of(view, run)));
    return 1;
}

/* The iterator of pairs(): upvalues are the view and how many were given. */
static int next_pair(lua_State *L)
{
    struct script_run *run;
    struct view *view = check_view(L, lua_upvalueindex(1), &run);
    const struct tend_api *api = run->call->api;
    uint32_t i = (uint32_t)lua_tointeger(L, lua_upvalueindex(2));
    tend_node node = node_of(view, run);
    if (i >= api->count(run->call, node)) {
        return 0;
    }
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_copy(L, -1, lua_upvalueindex(2));
    if (api->type(run->call, node) != TEND_LIST) {
        struct tend_str key;
        (void)api->item(run->call, node, i, &key);
        lua_pushlstring(L, key.ptr, key.len);
    }
    lua_pushcfunction(L, view_index); /* as anybody reads it */
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, -3);
    lua_call(L, 2, 1);
    return 2;
}

static int view_pairs(lua_State *L)
{
    struct script_run *run;
    (void)check_view(L, 1, &run);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_pair, 2);
    lua_pushnil(L);
    lua_pushnil(L);
    return 3;
}

static int view_tostring(lua_State *L)
{
    struct script_run *run;
    struct view *view = check_view(L, 1, &run);
    const struct tend_api *api = run->call->api;
    tend_node node = node_of(view, run);
    if (view->mode == VIEW_OBJECT) {
        struct tend_str space =
            api->as_text(run->call, api->get(run->call, node, "metadata.namespace"), "");
        struct tend_str name =
            api->as_text(run->call, api->get(run->call, node, "metadata.name"), "");
        lua_pushfstring(L, "%s %s%s%s", view->kind->name, space.ptr, space.len > 0 ? "/" : "",
                        name.ptr);
        return 1;
    }
    struct tend_str text = json_of(L, view, run);
    lua_pushlstring(L, text.ptr, text.len);
    return 1;
}

/* Views are equal where they show the same. */
static int view_eq(lua_State *L)
{
    struct script_run *run;
    bool views = luaL_testudata(L, 1, VIEW_MARK) != NULL && luaL_testudata(L, 2, VIEW_MARK) != NULL;
    if (!views) {
        lua_pushboolean(L, false);
        return 1;
    }
    struct view *view = check_view(L, 1, &run);
    struct tend_str left = json_of(L, view, run);
    view = check_view(L, 2, &run);
    struct tend_str right = json_of(L, view, run);
    lua_pushboolean(L, left.len == right.len && memcmp(left.ptr, right.ptr, left.len) == 0);
    return 1;
}

void view_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"__index", view_index},
                                       {"__newindex", view_newindex},
                                       {"__len", view_len},
                                       {"__pairs", view_pairs},
                                       {"__eq", view_eq},
                                       {"__tostring", view_tostring},
                                       {NULL, NULL}};
    luaL_newmetatable(L, VIEW_MARK);
    luaL_setfuncs(L, methods, 0);
    lua_pushliteral(L, "object");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
