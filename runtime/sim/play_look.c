/* What tests see: objects as they are, their past, and what was asked for outside. Nothing here steps the stage.
 */
#include "base/alloc.h"
#include "document/json.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "resource/selector.h"
#include "sim/inside.h"
#include "sim/lua_value.h"
#include "watch/selection.h"

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

/* --- places ------------------------------------------------------------------------------------- */

enum tend_code place_read(lua_State *L, int index, struct place *ret_place, struct error *err)
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
    if (place_read(L, 1, &place, &err) != TEND_OK) {
        return play_fail(L, &err);
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
    if (place_read(L, 1, &place, &err) != TEND_OK ||
        selector_parse(text_at(L, 3), TEXT(""), place.kind, &selector, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    struct text resource = text_of(place.kind->resource);
    selection = selection_of(namespace.len == 0 ? key_prefix_kind(&arena, resource)
                                                : key_prefix_namespace(&arena, resource, namespace),
                             selector);
    push_selected(L, play_of(L)->stage.rooms.store, &selection);
    return 1;
}

/* What the host keeps for itself and for people, and what is there before any test. */
static bool is_scenery(struct text key)
{
    static const char *const resources[] = {BUILTIN_EVENTS, BUILTIN_CONTROLLERS, BUILTIN_EFFECTS,
                                            BUILTIN_CRDS};
    struct key_parts parts;
    if (key_split(key, &parts, NULL) != TEND_OK) {
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(resources); i++) {
        if (text_is(parts.resource, resources[i])) {
            return true;
        }
    }
    return text_is(key, "namespaces//default");
}

/* objects(): { ref, object } of everything that tests are about. */
static int api_objects(lua_State *L)
{
    const struct play *play = play_of(L);
    struct store *store = play->stage.rooms.store;
    struct store_entry entries[SWEEP_SLICE];
    struct text after = TEXT("");
    lua_Integer made = 0;
    size_t count;
    lua_newtable(L);
    do {
        count = store_list(store, store_revision(store), TEXT(""), after, entries, SWEEP_SLICE);
        for (size_t i = 0; i < count; i++) {
            CLEANUP(arena_done) struct arena arena = {0};
            if (!is_scenery(entries[i].key)) {
                lua_newtable(L);
                set_text(L, "ref", play_ref(play, &arena, entries[i].key));
                set_doc(L, "object", entries[i].doc);
                lua_rawseti(L, -2, ++made);
            }
            after = entries[i].key;
        }
    } while (count == SWEEP_SLICE);
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

/* ref(kind, namespace, name): the one text for that object. */
static int api_ref(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    struct place place;
    if (place_read(L, 1, &place, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    push_text(L, play_ref(play_of(L), &arena, key_of(&arena, &place)));
    return 1;
}

/* history(kind, namespace, name): its changes and the events about it, as they became durable; and crashes. */
static int api_history(lua_State *L)
{
    struct error err = ERROR_INIT;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct stage *stage = &play_of(L)->stage;
    struct place place;
    lua_Integer count = 0;
    if (place_read(L, 1, &place, &err) != TEND_OK) {
        return play_fail(L, &err);
    }
    struct text key = key_of(&arena, &place);
    lua_newtable(L);
    for (size_t i = 0; i < stage->change_count; i++) {
        const struct stage_change *change = &stage->changes[i];
        bool own = text_is(key, change->key), crash = change->key[0] == '\0';
        if (own || crash || tells_of(change, &place)) {
            push_change(L, change);
            lua_pushboolean(L, !own && !crash);
            lua_setfield(L, -2, "event");
            lua_pushboolean(L, crash);
            lua_setfield(L, -2, "crash");
            lua_pushinteger(L, (lua_Integer)i);
            lua_setfield(L, -2, "order");
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

/* refs(): every object that tests are about, in the order in which they came. */
static int api_refs(lua_State *L)
{
    const struct play *play = play_of(L);
    CLEANUP(arena_done) struct arena arena = {0};
    lua_Integer count = 0;
    lua_newtable(L);
    for (size_t i = 0; i < play->stage.change_count; i++) {
        const struct stage_change *change = &play->stage.changes[i];
        if (change->op == CHANGE_CREATE && !is_scenery(text_of(change->key))) {
            push_text(L, play_ref(play, &arena, text_of(change->key)));
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

/* log(): the newest lines, { at, level, text, own: of a controller }. */
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
        lua_pushboolean(L, stage->lines[i].from == LINE_CONTROLLER);
        lua_setfield(L, -2, "own");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* --- effects ----------------------------------------------------------------------------------- */

void play_push_asked(lua_State *L, const struct asked *asked)
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
    lua_pushnumber(L, (double)asked->mark - 0.5);
    lua_setfield(L, -2, "order");
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
        play_push_asked(L, recorder->asked[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* metric(name, labels): what was counted, nil where nothing was. The labels are name and value by turns. */
static int api_metric(lua_State *L)
{
    struct metrics *metrics = play_of(L)->stage.metrics;
    struct metric_label labels[METRIC_LABELS_MAX + 1] = {{NULL, NULL}};
    size_t count = (size_t)lua_rawlen(L, 2) / 2;
    luaL_argcheck(L, count < COUNT_OF(labels), 2, "too many labels");
    for (size_t i = 0; i < count; i++) { /* the texts stay: they are the table's */
        lua_rawgeti(L, 2, (lua_Integer)(2 * i + 1));
        lua_rawgeti(L, 2, (lua_Integer)(2 * i + 2));
        labels[i] = (struct metric_label){luaL_checkstring(L, -2), luaL_checkstring(L, -1)};
        lua_pop(L, 2);
    }
    metrics_collect(metrics);
    double sum = metrics_sum(metrics, luaL_checkstring(L, 1), labels);
    if (sum != sum) {
        lua_pushnil(L);
    } else {
        lua_pushnumber(L, sum);
    }
    return 1;
}

void play_look_add(lua_State *L)
{
    static const luaL_Reg functions[] = {{"get", api_get},         {"list", api_list},
                                         {"objects", api_objects}, {"history", api_history},
                                         {"refs", api_refs},       {"ref", api_ref},
                                         {"log", api_log},         {"effects", api_effects},
                                         {"metric", api_metric},   {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
