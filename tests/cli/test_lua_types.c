/* What `lua types` writes: the words against the prelude that defines them, classes against schemas, and all
 * of it against Lua itself. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/lua_types.h"
#include "document/yaml.h"
#include "plugins/labinstance/crd.h"
#include "support/folder.h"
#include "support/suite.h"

static void lua_done(lua_State **L)
{
    lua_close(*L);
}

static bool parses_as_lua(const char *text)
{
    CLEANUP(lua_done) lua_State *L = luaL_newstate();
    bool parses = luaL_loadstring(L, text) == LUA_OK;
    if (!parses) {
        printf("%s\n", lua_tostring(L, -1));
    }
    return parses;
}

static void add(struct lua_types *types, const char *definition)
{
    struct error err = ERROR_INIT;
    struct yaml_stream stream;
    if (!CHECK_INT(yaml_parse(&types->arena, text_of(definition), &stream, &err), TEND_OK)) {
        printf("%s\n", err.message);
        return;
    }
    CHECK(lua_types_add(types, stream.documents[0].value));
}

/* The file with these definitions; the part that is about kinds only. */
static char *write_kinds(const char *const *definitions, size_t count)
{
    CLEANUP(lua_types_done) struct lua_types types = {.items = NULL};
    CLEANUP(buffer_done) struct buffer out = LUA_TYPES_INIT;
    for (size_t i = 0; i < count; i++) {
        add(&types, definitions[i]);
    }
    lua_types_write(&types, &out);
    CHECK(!out.full);
    CHECK(parses_as_lua(out.data));
    const char *kinds = strstr(out.data, "-- --- kinds -");
    return alloc_dup(CHECK(kinds != NULL) ? strstr(kinds, "\n\n") + 2 : "");
}

/* --- the words --------------------------------------------------------------------------------- */

/* What is handed in comes back, so that a function stays what it is whatever is put around it. */
static int identity(lua_State *L)
{
    return lua_gettop(L);
}

/* Whatever the prelude wants of its host; the parts of it that are files of their own are those. */
static int host_field(lua_State *L)
{
    if (strstr(luaL_checkstring(L, 2), "_mark") != NULL) { /* a metatable */
        lua_newtable(L);
        return 1;
    }
    lua_pushfstring(L, "%s/../runtime/script/%s.lua", TEND_TESTS, luaL_checkstring(L, 2));
    if (luaL_loadfile(L, lua_tostring(L, -1)) != LUA_OK) {
        lua_pushcfunction(L, identity);
    }
    return 1;
}

/* Push the table of words that scripts see. */
static bool push_words(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, host_field);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    if (!CHECK_INT(luaL_loadfile(L, TEND_TESTS "/../runtime/script/prelude.lua"), LUA_OK)) {
        return false;
    }
    lua_insert(L, -2);
    if (!CHECK_INT(lua_pcall(L, 1, 2, 0), LUA_OK)) {
        printf("%s\n", lua_tostring(L, -1));
        return false;
    }
    lua_pop(L, 1);
    return CHECK(lua_getmetatable(L, -1) && lua_getfield(L, -1, "__index") == LUA_TTABLE);
}

/* Push what the file defines, as the globals of a state of its own environment. */
static bool push_defined(lua_State *L)
{
    CLEANUP(buffer_done) struct buffer out = LUA_TYPES_INIT;
    lua_types_write(&(struct lua_types){.items = NULL}, &out);
    if (!CHECK_INT(luaL_loadstring(L, out.data), LUA_OK)) {
        printf("%s\n", lua_tostring(L, -1));
        return false;
    }
    lua_newtable(L);
    lua_pushvalue(L, -1);
    CHECK_TEXT(lua_setupvalue(L, -3, 1), "_ENV");
    lua_insert(L, -2);
    return CHECK_INT(lua_pcall(L, 0, 0, 0), LUA_OK);
}

/* A library is read through a table that cannot be written: in place of the one at the top, what is behind. */
static void thaw(lua_State *L)
{
    if (lua_getmetatable(L, -1)) {
        lua_getfield(L, -1, "__index");
        lua_replace(L, -3);
        lua_pop(L, 1);
    }
}

/* Lua's own words are known to every editor: those that scripts have as they are. */
static bool is_of_lua(lua_State *L, const char *word)
{
    int type = lua_getglobal(L, word);
    lua_getfield(L, 1, word);
    thaw(L);
    bool is = type != LUA_TNIL && lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is;
}

static void has_every_word_and_no_other(void)
{
    CLEANUP(lua_done) lua_State *L = luaL_newstate();
    int count = 0;
    luaL_openlibs(L);
    if (!push_words(L)) {
        return;
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
    if (!push_defined(L)) {
        return;
    }
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        const char *word = lua_tostring(L, 3);
        bool is_defined = lua_getfield(L, 2, word) != LUA_TNIL;
        lua_pop(L, 1);
        count += is_defined ? 1 : 0;
        if (!CHECK(is_defined != is_of_lua(L, word))) {
            printf("api.lua: \"%s\" %s\n", word, is_defined ? "is Lua's own" : "is missing");
        }
    }
    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        if (!CHECK(lua_rawget(L, 1) != LUA_TNIL)) {
            printf("api.lua: scripts have no \"%s\"\n", lua_tostring(L, -3));
        }
        lua_pop(L, 1);
    }
    CHECK(count > 20);
}

/* The fields of a class in the file; NULL where it has none of that name. */
static char *class_block(const char *name)
{
    CLEANUP(buffer_done) struct buffer out = LUA_TYPES_INIT;
    char line[64];
    lua_types_write(&(struct lua_types){.items = NULL}, &out);
    snprintf(line, sizeof line, "---@class %s\n", name);
    const char *start = strstr(out.data, line);
    return CHECK(start != NULL) ? alloc_text(start, (size_t)(strstr(start, "\n\n") + 1 - start))
                                : NULL;
}

/* The table at the top has the same keys as the class has fields, but for those that are no words. */
static void check_fields(lua_State *L, const char *class)
{
    char field[64];
    size_t keys = 0, fields = 0;
    CLEANUP(freep) char *block = class_block(class);
    for (lua_pushnil(L); block != NULL && lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            continue;
        }
        keys++;
        const char *key = lua_tostring(L, -2);
        snprintf(field, sizeof field, "---@field %s ", key);
        bool is_there = strstr(block, field) != NULL;
        snprintf(field, sizeof field, "---@field %s? ", key);
        if (!CHECK(is_there || strstr(block, field) != NULL)) {
            printf("api.lua: %s has no field %s\n", class, key);
        }
    }
    for (const char *at = block; (at = strstr(at, "---@field ")) != NULL; at += 10) {
        fields += at[10] != '[' ? 1 : 0;
    }
    CHECK_INT(fields, keys);
}

static void has_every_field_of_words(void)
{
    static const struct {
        const char *word, *class;
    } tables[] = {{"http", "tend.Http"},
                  {"json", "tend.Json"},
                  {"log", "tend.Log"},
                  {"metrics", "tend.Metrics"}};
    CLEANUP(lua_done) lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (!push_words(L)) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        if (CHECK_INT(lua_getfield(L, -1, tables[i].word), LUA_TTABLE)) {
            thaw(L);
            check_fields(L, tables[i].class);
        }
        lua_pop(L, 1);
    }
}

/* Push the local variable of the prelude that the function at the top, or one that it calls, can see. */
static bool push_local(lua_State *L, const char *name, int depth)
{
    const char *found;
    int function = lua_gettop(L);
    for (int i = 1; depth > 0 && (found = lua_getupvalue(L, function, i)) != NULL; i++) {
        if (strcmp(found, name) == 0 || (lua_isfunction(L, -1) && push_local(L, name, depth - 1))) {
            return true;
        }
        lua_settop(L, function);
    }
    return false;
}

static void has_every_option(void)
{
    static const struct {
        const char *word, *keys, *class;
    } tables[] = {
        {"state", "STATE_KEYS", "tend.StateOptions"},
        {"controller", "CONTROLLER_KEYS", "tend.ControllerOptions"},
        {"controller", "KIND_KEYS", "tend.KindOptions"},
        {"controller", "LIMIT_KEYS", "tend.Limits"},
        {"observer", "OBSERVER_KEYS", "tend.ObserverOptions"},
        {"exec", "EXEC_KEYS", "tend.Command"},
        {"list", "LIST_KEYS", "tend.ListOptions"},
        {"request", "HTTP_KEYS", "tend.Request"},
    };
    CLEANUP(lua_done) lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (!push_words(L)) {
        return;
    }
    int words = lua_gettop(L);
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        lua_getfield(L, words, strcmp(tables[i].word, "request") == 0 ? "http" : tables[i].word);
        if (lua_istable(L, -1)) {
            lua_getfield(L, -1, tables[i].word);
        }
        if (CHECK(lua_isfunction(L, -1) && push_local(L, tables[i].keys, 6) &&
                  lua_istable(L, -1))) {
            check_fields(L, tables[i].class);
        } else {
            printf("the prelude has no %s\n", tables[i].keys);
        }
        lua_settop(L, words);
    }
}

/* --- kinds ------------------------------------------------------------------------------------- */

static char *read_file(const char *path)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(1u * MIB);
    FILE *file = fopen(path, "r");
    int byte;
    if (!CHECK(file != NULL)) {
        return alloc_dup("");
    }
    while ((byte = fgetc(file)) != EOF) {
        buffer_byte(&out, (char)byte);
    }
    fclose(file);
    return buffer_take(&out);
}

static void labinstance_is_as_expected(void)
{
    const char *const definitions[] = {labinstance_crd};
    CLEANUP(freep) char *expected = read_file(TEND_TESTS "/cli/golden/labinstance.lua");
    CLEANUP(freep) char *kinds = write_kinds(definitions, 1);
    if (!CHECK(strcmp(kinds, expected) == 0)) {
        printf("--- tests/cli/golden/labinstance.lua should be:\n%s", kinds);
    }
}

/* The file for a kind with that schema of its spec, one line of YAML in flow style. */
static char *spec_of(const char *schema)
{
    char definition[4096];
    snprintf(definition, sizeof definition,
             "{kind: CustomResourceDefinition, spec: {group: a.b, names: {kind: T, plural: ts},\n"
             " versions: [{name: v1, served: true, schema: {openAPIV3Schema: {type: object,\n"
             "  properties: {spec: {type: object, properties: {%s}}}}}}]}}\n",
             schema);
    const char *const definitions[] = {definition};
    return write_kinds(definitions, 1);
}

static void odd_schemas_have_types(void)
{
    static const struct {
        const char *schema, *expected;
    } cases[] = {
        {"a: {type: number}", "---@field a? number\n"},
        {"a: {}", "---@field a any\n"},
        {"a: {type: strange}", "---@field a? any\n"},
        {"a: {x-kubernetes-preserve-unknown-fields: true}", "---@field a any\n"},
        {"a: {type: object}", "---@field a table<string, any>\n"},
        {"a: {type: object, x-kubernetes-preserve-unknown-fields: true}",
         "---@field a table<string, any>\n"},
        {"a: {type: object, additionalProperties: {type: integer}}",
         "---@field a table<string, integer>\n"},
        {"a: {type: object, additionalProperties: {type: integer, nullable: true}}",
         "---@field a table<string, integer|nil>\n"},
        {"a: {type: object, additionalProperties: true}", "---@field a table<string, any>\n"},
        {"a: {type: object, additionalProperties: {type: object, properties: {b: {type: string}}}}",
         "---@class (exact) T.spec.a.value\n---@field b? string\n\n---@class (exact) T.spec\n"
         "---@field a table<string, T.spec.a.value>\n"},
        {"a: {type: object, properties: {b: {type: string}}, "
         "x-kubernetes-preserve-unknown-fields: true}",
         "---@class T.spec.a\n---@field b? string\n---@field [string] any\n"},
        {"a: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}",
         "---@field a? integer|string\n"},
        {"a: {type: string, nullable: true, default: x}",
         "---(default \"x\")\n---@field a? string\n"},
        {"a: {type: object, nullable: true, properties: {b: {type: boolean}}}",
         "---@field a T.spec.a\n"},
        {"a: {type: string, enum: [x, y z]}", "---@field a? \"x\"|\"y z\"\n"},
        {"a: {type: integer, enum: [1, -2]}", "---@field a? 1|-2\n"},
        {"a: {type: string, nullable: true, enum: [x, null]}", "---@field a? \"x\"\n"},
        {"a: {type: string, enum: ['x\"y', z]}", "---@field a? string\n"},
        {"a: {type: array, items: {type: string, enum: [x, y]}}", "---@field a (\"x\"|\"y\")[]\n"},
        {"a: {type: array, items: {type: array, items: {type: integer}}}",
         "---@field a integer[][]\n"},
        {"a: {type: array, items: {type: object, properties: {b: {type: string}}}}",
         "---@class (exact) T.spec.a.item\n---@field b? string\n\n---@class (exact) T.spec\n"
         "---@field a T.spec.a.item[]\n"},
        {"a: {type: array}", "---@field a any[]\n"},
        {"end: {type: string}", "---@field [\"end\"]? string\n"},
        {"package: {type: string}", "---@field [\"package\"]? string\n"},
        {"a: {type: string, enum: [\"'x'\"]}", "---@field a? string\n"},
        {"x-y: {type: string}", "---@field [\"x-y\"]? string\n"},
        {"7up: {type: string}", "---@field [\"7up\"]? string\n"},
        {"a/b: {type: object, properties: {c: {type: string}}}",
         "---@class (exact) T.spec.a_b\n---@field c? string\n\n---@class (exact) T.spec\n"
         "---@field [\"a/b\"] T.spec.a_b\n"},
        {"'a\"b': {type: string}, c: {type: string}",
         "---@class T.spec\n---@field c? string\n---@field [string] any\n"},
        {"a: {type: string, description: \"One.\\n@param x\\n | y\\r\\n\\e[31m\"}",
         "---One.\n---\\@param x\n---\\| y\n---?[31m\n---@field a? string\n"},
        {"a: {type: string, description: \"]] error() --[[\\n\\nb\"}",
         "---]] error() --[[\n---\n---b\n---@field a? string\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(freep) char *kinds = spec_of(cases[i].schema);
        if (!CHECK(strstr(kinds, cases[i].expected) != NULL)) {
            printf("%s\nexpected:\n%sfound:\n%s", cases[i].schema, cases[i].expected, kinds);
        }
    }
}

#define DEFINITION(group, kind, versions)                                                          \
    "{kind: CustomResourceDefinition, spec: {group: " group ", names: {kind: " kind                \
    ", plural: things, shortNames: [th]}, versions: [" versions "]}}\n"

static void kinds_of_one_name_are_told_apart(void)
{
    static const char *const definitions[] = {
        DEFINITION("a.b", "Thing", "{name: v2, served: true}, {name: v1, served: true}"),
        DEFINITION("c.d", "Thing", "{name: v1, served: true}, {name: v0, served: false}"),
        DEFINITION("a.b", "Thing", "{name: v1, served: true}"), /* again: the first one stays */
        DEFINITION("c.d", "ConfigMap", "{name: v1, served: true}"),
    };
    CLEANUP(freep) char *kinds = write_kinds(definitions, COUNT_OF(definitions));
    CHECK(strstr(kinds, "---@class Thing: tend.Object\n---@field apiVersion \"a.b/v2\"\n") != NULL);
    CHECK(strstr(kinds, "---@class Thing.v1.a.b: tend.Object\n") != NULL);
    CHECK(strstr(kinds, "---@class Thing.v1.c.d: tend.Object\n") != NULL);
    CHECK(strstr(kinds, "---@class ConfigMap.v1.c.d: tend.Object\n") != NULL);
    CHECK(strstr(kinds, "v0") == NULL);
    size_t count = 0;
    for (const char *at = kinds; (at = strstr(at, ": tend.Object\n")) != NULL; at++) {
        count++;
    }
    CHECK_INT(count, 4);
}

static void words_know_the_kinds(void)
{
    CLEANUP(lua_types_done) struct lua_types types = {.items = NULL};
    CLEANUP(buffer_done) struct buffer out = LUA_TYPES_INIT;
    add(&types, DEFINITION("a.b", "Thing", "{name: v1, served: true}"));
    lua_types_write(&types, &out);
    CHECK(strstr(out.data, "---@overload fun(kind: \"Thing\"|\"things\"|\"th\"|\"a.b/v1/Thing\", "
                           "name: string, namespace?: string): Thing?\nfunction get(") != NULL);
    CHECK(strstr(out.data, "options?: tend.ListOptions): Thing[]\nfunction list(") != NULL);
    CHECK(strstr(out.data, "---@overload fun(kind: \"a.b/v1/Thing\"): fun(options: "
                           "Thing.Controller): tend.Declaration\nfunction controller(") != NULL);
    CHECK(strstr(out.data, "\n--@") == NULL);
}

/* A controller says which states there are. */
static void states_are_known(void)
{
    CLEANUP(lua_types_done) struct lua_types types = {.items = NULL};
    CLEANUP(buffer_done) struct buffer out = LUA_TYPES_INIT;
    struct error err = ERROR_INIT;
    struct yaml_stream stream;
    add(&types, DEFINITION("a.b", "Thing",
                           "{name: v1, served: true, schema: {openAPIV3Schema: {"
                           "properties: {status: {type: object, properties: {"
                           "phase: {type: string}, state: {type: string}}}}}}}"));
    const char *controller = "spec: {owns: [{apiVersion: a.b/v2, kind: Thing, machine: {field: "
                             "status.state, states: [{name: x}]}}, {apiVersion: a.b/v1, kind: "
                             "Thing, machine: {field: status.phase, states: [{name: new}, {name: "
                             "old}]}}, {apiVersion: v1, kind: ConfigMap}, 7]}\n";
    if (!CHECK_INT(yaml_parse(&types.arena, text_of(controller), &stream, &err), TEND_OK)) {
        return;
    }
    lua_types_learn(&types, stream.documents[0].value);
    lua_types_write(&types, &out);
    CHECK(strstr(out.data, "---@field phase? \"new\"|\"old\"\n---@field state? string\n") != NULL);
    CHECK(strstr(out.data, "---@field kind \"Thing\"\n---@field state \"new\"|\"old\"\n") != NULL);
    CHECK(parses_as_lua(out.data));
}

/* What a host says may be anything. */
static void what_is_no_definition_adds_nothing(void)
{
    static const char *const cases[] = {
        "{kind: CustomResourceDefinition}",
        "{kind: CustomResourceDefinition, spec: 1}",
        "{kind: CustomResourceDefinition, spec: {versions: [1, {name: v1, served: true}]}}",
        DEFINITION("a.b", "\"X\\nerror()\"", "{name: v1, served: true}"),
    };
    CLEANUP(lua_types_done) struct lua_types types = {.items = NULL};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        add(&types, cases[i]);
    }
    CHECK(!lua_types_add(&types, NULL));
    CHECK_INT(types.count, 0);
}

/* --- the command ------------------------------------------------------------------------------- */

struct said {
    char *out, *err;
    int result;
};

static void said_done(struct said *said)
{
    free(said->out);
    free(said->err);
}

/* `lua types PATH -f FILE` where no host answers. */
static struct said run(const char *path, const char *file)
{
    struct said said = {.result = -1};
    struct error err = ERROR_INIT;
    struct session session;
    CLEANUP(freep) char *copy = alloc_dup(path);
    char *words[] = {(char[]){"types"}, copy};
    size_t out_size, err_size;
    FILE *out = open_memstream(&said.out, &out_size);
    FILE *err_out = open_memstream(&said.err, &err_size);
    struct arguments arguments = {.words = words,
                                  .word_count = path == NULL ? 1 : 2,
                                  .files = &file,
                                  .file_count = file == NULL ? 0 : 1};
    if (CHECK_INT(session_open(&session, "/nowhere/tend.sock", out, err_out, &err), TEND_OK)) {
        said.result = command_lua(&session, &arguments);
        session_close(&session);
    }
    fclose(out);
    fclose(err_out);
    return said;
}

static void works_without_a_host(void)
{
    CLEANUP(folder_done) struct folder folder;
    char definition[512], types[512], mine[512];
    folder_init(&folder, FOLDER_MEMORY);
    snprintf(definition, sizeof definition, "%s/crd.yaml", folder.path);
    snprintf(types, sizeof types, "%s/types/tend.lua", folder.path);
    snprintf(mine, sizeof mine, "%s/mine.lua", folder.path);
    FILE *file = fopen(definition, "w");
    fputs(labinstance_crd, file);
    fclose(file);
    CLEANUP(said_done) struct said words = run(NULL, NULL);
    CHECK_INT(words.result, EXIT_DONE);
    CHECK(strstr(words.err, "no host listens at /nowhere/tend.sock") != NULL);
    CHECK(strstr(words.err, "; its kinds are left out\n") != NULL);
    CHECK(strncmp(words.out, "---@meta tend\n", 14) == 0);
    for (int i = 0; i < 2; i++) { /* the second time over its own */
        CLEANUP(said_done) struct said written = run(types, definition);
        CHECK_INT(written.result, EXIT_DONE);
        CHECK(strstr(written.out, "types/tend.lua  the words of scripts, and 1 kind\n") != NULL);
        CLEANUP(freep) char *text = read_file(types);
        CHECK(strstr(text, "---@class LabInstance: tend.Object\n") != NULL);
    }
    file = fopen(mine, "w");
    fputs("return 1\n", file);
    fclose(file);
    CLEANUP(said_done) struct said refused = run(mine, NULL);
    CHECK_INT(refused.result, EXIT_CONFLICT);
    CHECK(strstr(refused.err, "`tend lua types` did not make it; nothing was written") != NULL);
    CLEANUP(freep) char *text = read_file(mine);
    CHECK_TEXT(text, "return 1\n");
}

SUITE({"has every word of scripts and no other", has_every_word_and_no_other},
      {"has every field of words", has_every_field_of_words},
      {"has every option", has_every_option},
      {"LabInstance is as expected", labinstance_is_as_expected},
      {"odd schemas have types", odd_schemas_have_types},
      {"kinds of one name are told apart", kinds_of_one_name_are_told_apart},
      {"words know the kinds", words_know_the_kinds}, {"states are known", states_are_known},
      {"what is no definition adds nothing", what_is_no_definition_adds_nothing},
      {"works without a host", works_without_a_host})
