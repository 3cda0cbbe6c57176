/* Each test has a Lua state and a stage of its own, so that no test sees what another one has left, and any of
 * them can be run alone, again, and with a fault in another place.
 */
#include "sim/play.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "sim/inside.h"
#include "sim/lua_value.h"
#include "sim/test_past.h"
#include "sim/test_prelude.h"
#include "sim/test_table.h"
#include "sim/test_values.h"

/* --- files ------------------------------------------------------------------------------------- */

enum tend_code play_read(const char *path, char **ret_text, size_t *ret_size, struct error *err)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(INPUT_BYTES_MAX);
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* or a FIFO would hold it */
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (file == NULL) {
        return FAIL(err, TEND_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        fclose(file);
        return FAIL(err, TEND_INVALID, "cannot read %s: it is no plain file", path);
    }
    char part[16384];
    for (size_t got = fread(part, 1, sizeof part, file); got > 0 && !bytes.full;
         got = fread(part, 1, sizeof part, file)) {
        buffer_add(&bytes, part, got);
    }
    bool broken = ferror(file) != 0;
    fclose(file);
    if (broken || bytes.full) {
        return FAIL(err, broken ? TEND_IO : TEND_LIMIT, "cannot read %s: it is %s", path,
                    broken ? "no plain file" : "too long");
    }
    *ret_size = bytes.len;
    buffer_byte(&bytes, '\0');
    *ret_text = buffer_take(&bytes);
    return TEND_OK;
}

/* The folder of `path`, with its slash. */
static struct text folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return (struct text){path, slash == NULL ? 0 : (size_t)(slash - path) + 1};
}

char *play_path(const struct play *play, const char *path)
{
    struct text folder = path[0] == '/' ? TEXT("") : folder_of(play->path);
    struct buffer joined = BUFFER_INIT(INPUT_BYTES_MAX);
    buffer_text(&joined, folder);
    buffer_chars(&joined, path);
    return buffer_take(&joined);
}

/* --- Lua --------------------------------------------------------------------------------------- */

enum { TICK_INSTRUCTIONS = 10000000, TICKS_MAX = 30 };

/* From then on at each instruction: whoever catches it is stopped as well. */
static void on_hook(lua_State *L, lua_Debug *record)
{
    (void)record;
    if (++play_of(L)->ticks > TICKS_MAX) {
        lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
        lua_pushliteral(L, "the test itself computes without an end");
        lua_error(L);
    }
}

/* Whatever was raised, at the top, becomes a failure as the prelude makes them. */
static void make_failure(lua_State *L)
{
    if (lua_istable(L, -1)) {
        bool has_message = lua_getfield(L, -1, "message") == LUA_TSTRING;
        lua_pop(L, 1);
        if (has_message) {
            return;
        }
    }
    luaL_tolstring(L, -1, NULL);
    lua_newtable(L);
    lua_insert(L, -2);
    lua_setfield(L, -2, "message");
    lua_remove(L, -2);
}

/* ... and gets its place. */
static int on_raised(lua_State *L)
{
    lua_settop(L, 1);
    make_failure(L);
    if (lua_getfield(L, 1, "frames") == LUA_TNIL) {
        play_push_frames(L);
        lua_setfield(L, 1, "frames");
    }
    lua_settop(L, 1);
    return 1;
}

static void push_function(struct play *play, const char *name)
{
    lua_rawgeti(play->L, LUA_REGISTRYINDEX, play->functions);
    lua_getfield(play->L, -1, name);
    lua_remove(play->L, -2);
}

/* Call what is on the stack below its `count` arguments. False: the failure is on top. */
static bool call(struct play *play, int count, int results)
{
    int place = lua_gettop(play->L) - count;
    lua_pushcfunction(play->L, on_raised);
    lua_insert(play->L, place);
    bool ok = lua_pcall(play->L, count, results, place) == LUA_OK;
    lua_remove(play->L, place);
    if (!ok) { /* where memory ran out, on_raised was not asked */
        make_failure(play->L);
    }
    return ok;
}

/* The lines about the failure on top of the stack. */
static char *report(struct play *play)
{
    lua_State *L = play->L;
    lua_sethook(L, NULL, 0, 0);
    push_function(play, "report");
    lua_pushvalue(L, -2);
    lua_getfield(L, -1, "frames");
    if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
        lua_getfield(L, -2, "message");
    }
    return alloc_dup(luaL_tolstring(L, -1, NULL));
}

static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                     {"string", luaopen_string},
                                     {"table", luaopen_table},
                                     {"math", luaopen_math},
                                     {"coroutine", luaopen_coroutine},
                                     {"utf8", luaopen_utf8},
                                     {NULL, NULL}};

/* Each part gets the functions of play_api.c and what the parts before it have returned; the last one returns
 * the environment of the file, and its functions. */
static NODISCARD enum tend_code run_prelude(lua_State *L, struct error *err)
{
    static const struct text parts[] = {{test_values_text, sizeof test_values_text - 1},
                                        {test_past_text, sizeof test_past_text - 1},
                                        {test_table_text, sizeof test_table_text - 1},
                                        {test_prelude_text, sizeof test_prelude_text - 1}};
    play_api_push(L);
    for (int i = 0; i < (int)COUNT_OF(parts); i++) {
        if (luaL_loadbufferx(L, parts[i].ptr, parts[i].len, "=tend", "t") != LUA_OK) {
            return FAIL(err, TEND_INTERNAL, "%s", lua_tostring(L, -1));
        }
        for (int given = 0; given <= i; given++) {
            lua_pushvalue(L, given + 1);
        }
        if (lua_pcall(L, i + 1, i + 1 == (int)COUNT_OF(parts) ? 2 : 1, 0) != LUA_OK) {
            return FAIL(err, TEND_INTERNAL, "%s", luaL_tolstring(L, -1, NULL));
        }
    }
    return TEND_OK;
}

/* The environment of the file stays on the stack. */
static NODISCARD enum tend_code open_lua(struct play *play, struct error *err)
{
    play->memory.max = TEST_MEMORY_MAX;
    lua_State *L = play->L = lua_newstate(memory_alloc, &play->memory);
    if (L == NULL) {
        return FAIL(err, TEND_LIMIT, "there is no memory for Lua");
    }
    *(struct play **)lua_getextraspace(L) = play;
    for (const luaL_Reg *library = libraries; library->name != NULL; library++) {
        luaL_requiref(L, library->name, library->func, 1);
        lua_pop(L, 1);
    }
    lua_value_open(L);
    TRY(run_prelude(L, err));
    lua_getfield(L, -1, "answer");
    play->answer = luaL_ref(L, LUA_REGISTRYINDEX);
    play->functions = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_sethook(L, on_hook, LUA_MASKCOUNT, TICK_INSTRUCTIONS);
    return TEND_OK;
}

/* Push what declares the tests of the file: a function without arguments. */
static NODISCARD enum tend_code push_file(struct play *play, struct text text, struct error *err)
{
    lua_State *L = play->L;
    if (luaL_loadbufferx(L, text.ptr, text.len, play->chunk, "t") != LUA_OK) {
        return FAIL(err, TEND_INVALID, "%s", lua_tostring(L, -1));
    }
    lua_pushvalue(L, -2);
    lua_setupvalue(L, -2, 1);
    return TEND_OK;
}

static NODISCARD enum tend_code load_file(struct play *play, struct error *err)
{
    CLEANUP(freep) char *text = NULL;
    size_t size;
    int arguments = 0;
    TRY(play_read(play->path, &text, &size, err));
    if (text_ends(text_of(play->path), TEXT(".yaml"))) {
        push_function(play, "load");
        lua_pushlstring(play->L, text, size);
        arguments = 1;
    } else {
        TRY(push_file(play, (struct text){text, size}, err));
    }
    if (!call(play, arguments, 0)) {
        CLEANUP(freep) char *told = report(play);
        return FAIL(err, TEND_INVALID, "%s", told);
    }
    return TEND_OK;
}

static NODISCARD enum tend_code play_open(struct play *play, const struct play_options *options,
                                          struct error *err)
{
    *play = (struct play){.options = options};
    recorder_init(&play->recorder);
    play->path = realpath(options->file, NULL);
    if (play->path == NULL) {
        return FAIL(err, TEND_NOT_FOUND, "cannot read %s: %s", options->file, strerror(errno));
    }
    size_t size = strlen(options->file) + 2;
    play->chunk = alloc_new(size);
    snprintf(play->chunk, size, "@%s", options->file);
    TRY(open_lua(play, err));
    return load_file(play, err);
}

static void play_close(struct play *play)
{
    if (play->is_open) {
        stage_close(&play->stage);
    }
    recorder_done(&play->recorder);
    chaos_done(&play->chaos);
    if (play->L != NULL) {
        lua_close(play->L);
    }
    free(play->path);
    free(play->chunk);
}

/* --- the controllers it is about --------------------------------------------------------------- */

struct controller_files {
    char **paths;
    size_t count;
    struct arena arena;
    const struct value *config; /* in it; NULL: none */
};

static void controller_files_done(struct controller_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->paths[i]);
    }
    free(files->paths);
    arena_done(&files->arena);
}

static NODISCARD enum tend_code add_file(const struct play *play, const char *path,
                                         struct controller_files *files, struct error *err)
{
    CLEANUP(freep) char *joined = play_path(play, path);
    char *real = realpath(joined, NULL);
    if (real == NULL) {
        return FAIL(err, TEND_NOT_FOUND, "there is no %s to test: say scripts = { \"...\" }",
                    joined);
    }
    files->paths = alloc_resize(files->paths, files->count + 1, sizeof(char *));
    files->paths[files->count++] = real;
    return TEND_OK;
}

/* x_test.lua is about x.lua beside it, or x.so, where it says nothing else. */
static NODISCARD enum tend_code add_beside(const struct play *play, struct controller_files *files,
                                           struct error *err)
{
    static const char *const suffixes[] = {"_test.lua", "_test.yaml"};
    CLEANUP(buffer_done) struct buffer script = BUFFER_INIT(INPUT_BYTES_MAX);
    CLEANUP(buffer_done) struct buffer plugin = BUFFER_INIT(INPUT_BYTES_MAX);
    struct text stem = text_of(play->path);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        stem.len -= text_ends(stem, text_of(suffixes[i])) ? strlen(suffixes[i]) : 0;
    }
    buffer_text(&script, stem);
    buffer_chars(&script, ".lua");
    buffer_text(&plugin, stem);
    buffer_chars(&plugin, ".so");
    if (access(script.data, F_OK) == 0) {
        return add_file(play, script.data, files, err);
    }
    if (access(plugin.data, F_OK) == 0) {
        return add_file(play, plugin.data, files, err);
    }
    const char *name = strrchr(plugin.data, '/'); /* the path is absolute */
    return FAIL(err, TEND_NOT_FOUND, "there is no %s to test, and no %s: say scripts = { \"...\" }",
                script.data, name + 1);
}

static NODISCARD enum tend_code find_files(struct play *play, struct controller_files *files,
                                           struct error *err)
{
    lua_State *L = play->L;
    push_function(play, "files");
    lua_pushinteger(L, (lua_Integer)play->options->index + 1);
    if (!call(play, 1, 1) || lua_isnil(L, -1)) {
        return add_beside(play, files, err);
    }
    if (!lua_istable(L, -1)) {
        return FAIL(err, TEND_INVALID, "`scripts` is a list of files: scripts = { \"x.lua\" }");
    }
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
        TRY(add_file(play, lua_tostring(L, -1), files, err));
        lua_pop(L, 1);
    }
    return TEND_OK;
}

static NODISCARD enum tend_code find_config(struct play *play, struct controller_files *files,
                                            struct error *err)
{
    lua_State *L = play->L;
    push_function(play, "config");
    lua_pushinteger(L, (lua_Integer)play->options->index + 1);
    if (!call(play, 1, 1) || lua_isnil(L, -1)) {
        return TEND_OK;
    }
    if (lua_value_read(L, lua_gettop(L), &files->arena, &files->config, err) != TEND_OK) {
        return error_wrap(err, "config");
    }
    return TEND_OK;
}

/* --- running ----------------------------------------------------------------------------------- */

static void between(struct stage *stage, void *owner)
{
    struct play *play = owner;
    (void)stage;
    chaos_between(&play->chaos);
}

/* Was its object written since it has ended? */
static bool is_kept(const struct asked *asked, void *owner)
{
    const struct stage *stage = &((struct play *)owner)->stage;
    for (size_t i = asked->end_mark; i < stage->change_count; i++) {
        if (strcmp(stage->changes[i].key, asked->object) == 0) {
            return true;
        }
    }
    return false;
}

static void crashed(struct stage *stage, void *owner)
{
    struct play *play = owner;
    (void)stage;
    recorder_lose(&play->recorder, is_kept);
}

static bool all_scripts(const struct controller_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        if (!text_ends(text_of(files->paths[i]), TEXT(".lua"))) {
            return false;
        }
    }
    return true;
}

static NODISCARD enum tend_code set_stage(struct play *play, const struct controller_files *files,
                                          struct error *err)
{
    const struct stage_options options = {
        .files = (const char *const *)files->paths,
        .file_count = files->count,
        .config = files->config,
        .executor = &play->recorder.executor,
        .reads = play->options->fault.kind == FAULT_STALE ? &play->chaos.reads : NULL,
        .copies = all_scripts(files) ? play->options->copies : NULL,
        .seed = play->options->seed,
        .between = between,
        .crashed = crashed,
        .owner = play,
    };
    chaos_init(&play->chaos, play->options->fault, &play->stage, &play->recorder);
    play->recorder.world = &play->stage.v.world;
    play->recorder.mark = &play->stage.change_count;
    play->recorder.answer = play_answer;
    play->recorder.owner = play;
    play->is_open = true;
    return stage_open(&play->stage, &options, err);
}

/* run(index, end) returns how everything ended, and whether it is one for faults. */
static void run_test(struct play *play, struct play_result *result)
{
    lua_State *L = play->L;
    chaos_begin(&play->chaos);
    push_function(play, "run");
    lua_pushinteger(L, (lua_Integer)play->options->index + 1);
    lua_pushstring(L, play->options->end);
    if (!call(play, 2, 2)) {
        play->running = NULL;
        result->failure = report(play);
    } else {
        result->end = alloc_dup(lua_tostring(L, -2));
        result->chaos = lua_toboolean(L, -1) ? PLAY_CHAOS : PLAY_NO_CHAOS;
    }
    if (play->options->wants_story) {
        push_function(play, "story");
        result->story = call(play, 0, 1) ? alloc_dup(lua_tostring(L, -1)) : report(play);
    }
    result->places = (struct fault_places){play->stage.commits - play->chaos.commits,
                                           play->recorder.began, play->recorder.ended};
}

void play_run(const struct play_options *options, struct play_result *ret_result)
{
    struct play play;
    struct error err = ERROR_INIT;
    CLEANUP(controller_files_done) struct controller_files files = {0};
    *ret_result = (struct play_result){0};
    enum tend_code code = play_open(&play, options, &err);
    if (code == TEND_OK) {
        code = find_files(&play, &files, &err);
    }
    if (code == TEND_OK) {
        code = find_config(&play, &files, &err);
    }
    if (code == TEND_OK) {
        code = set_stage(&play, &files, &err);
    }
    if (code == TEND_OK) {
        run_test(&play, ret_result);
    } else {
        ret_result->failure = alloc_dup(err.message);
    }
    play_close(&play);
}

void play_result_done(struct play_result *result)
{
    free(result->failure);
    free(result->story);
    free(result->end);
}

/* --- listing ----------------------------------------------------------------------------------- */

static void read_names(struct play *play, struct play_names *ret_names)
{
    lua_State *L = play->L;
    push_function(play, "names");
    if (!call(play, 0, 1)) {
        return;
    }
    size_t count = (size_t)lua_rawlen(L, -1);
    ret_names->names = alloc_array(count + 1, sizeof(char *));
    for (; ret_names->count < count; ret_names->count++) {
        lua_rawgeti(L, -1, (lua_Integer)ret_names->count + 1);
        ret_names->names[ret_names->count] = alloc_dup(lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

enum tend_code play_list(const char *file, struct play_names *ret_names, struct error *err)
{
    struct play play;
    const struct play_options options = {.file = file};
    *ret_names = (struct play_names){0};
    enum tend_code code = play_open(&play, &options, err);
    if (code == TEND_OK) {
        read_names(&play, ret_names);
    }
    play_close(&play);
    return code;
}

void play_names_done(struct play_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->names[i]);
    }
    free(names->names);
}
