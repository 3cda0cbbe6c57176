/* A run is a coroutine and what the contract needs to know of it. Where the script asks something, the
 * coroutine yields, and the answer resumes it; what lies between the two on the stack (pcall, iterators,
 * metamethods, coroutines of the script) yields and goes on with it.
 *
 * The function runs inside a protected call at the bottom of its coroutine: an error is told with the stack
 * that it had, and Lua's hooks are in force again when the script's own cleaning up runs.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "script/inside.h"

/* --- outcomes ---------------------------------------------------------------------------------- */

static void set_outcome(struct script_run *run, int32_t outcome, int64_t after_ms)
{
    run->result.outcome = outcome;
    run->result.after_ms = after_ms;
}

/* Texts of a result live as long as the call. */
static const char *keep(struct script_run *run, const char *chars)
{
    return chars == NULL || chars[0] == '\0' ? NULL : clean_text(run->call, text_of(chars));
}

static void say_fault(struct script_run *run, const char *message)
{
    struct tend_call *call = run->call;
    call->api->discard(call);
    tend_event(call, TEND_WARNING, "ScriptError",
               clean_text(call, text_of(run->trace[0] != '\0' ? run->trace : message)));
    set_outcome(run, TEND_RETRY, 0);
    run->result.reason = "ScriptError";
    run->result.message = keep(run, message);
}

static bool has_word(struct text words, struct text word)
{
    while (words.len > 0) {
        struct text one = text_cut(&words, ',');
        while (one.len > 0 && one.ptr[0] == ' ') {
            one = text_from(one, 1);
        }
        if (text_equal(one, word)) {
            return true;
        }
    }
    return false;
}

/* "state pending: ..."; the states that may follow are told. */
static void enter(struct script_run *run, const char *state)
{
    char message[ERROR_TEXT_MAX];
    if (run->state == NULL) {
        snprintf(message, sizeof message,
                 "%s: the run returned \"%s\", and there is no state to leave now",
                 run->script->file, state);
    } else if (strcmp(state, run->state->name) != 0 &&
               !has_word(text_of(run->state->next), text_of(state))) {
        snprintf(message, sizeof message,
                 "%s: state %s: there is no move to \"%s\"; its `to` says %s", run->script->file,
                 run->state->name, state,
                 run->state->next[0] == '\0' ? "nothing" : run->state->next);
    } else {
        set_outcome(run, TEND_ENTER, 0);
        run->result.state = keep(run, state);
        return;
    }
    say_fault(run, message);
}

static int64_t field_int(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    int64_t value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

static const char *field_text(struct script_run *run, lua_State *L, const char *name)
{
    size_t len = 0;
    lua_getfield(L, -1, name);
    const char *chars = lua_tolstring(L, -1, &len);
    const char *text = len == 0 ? NULL : clean_text(run->call, (struct text){chars, len});
    lua_pop(L, 1);
    return text;
}

/* A table that retry, again, fail, enter or done made (prelude.lua). */
static void take_outcome(struct script_run *run, lua_State *L)
{
    int32_t outcome = (int32_t)field_int(L, "outcome");
    run->result.reason = field_text(run, L, "reason");
    run->result.message = field_text(run, L, "message");
    if (outcome == TEND_ENTER) {
        const char *state = field_text(run, L, "state");
        enter(run, state == NULL ? "" : state);
    } else {
        set_outcome(run, outcome, field_int(L, "after_ms"));
    }
}

static bool is_outcome(lua_State *L, int index)
{
    bool is = false;
    if (lua_istable(L, index) && lua_getmetatable(L, index)) {
        luaL_getmetatable(L, OUTCOME_MARK);
        is = lua_rawequal(L, -1, -2) != 0;
        lua_pop(L, 2);
    }
    return is;
}

/* What the function returned is at the top of its stack. */
static void take_value(struct script_run *run)
{
    lua_State *L = run->co;
    char message[ERROR_TEXT_MAX];
    if (lua_isnil(L, -1)) {
        int64_t every_ms = run->state == NULL ? 0 : run->state->every_ms;
        set_outcome(run, every_ms > 0 ? TEND_AGAIN : TEND_DONE, every_ms);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        enter(run, lua_tostring(L, -1));
    } else if (is_outcome(L, -1)) {
        take_outcome(run, L);
    } else {
        snprintf(message, sizeof message,
                 "%s: a run returns nothing, the name of a state, or one of retry, again, fail, "
                 "enter, done; this one returned %s",
                 run->script->file, luaL_typename(L, -1));
        say_fault(run, message);
    }
}

/* --- ends -------------------------------------------------------------------------------------- */

/* More than half of its memory is in use though nothing runs: a table that grows. */
static void look_at_memory(struct script *script)
{
    lua_gc(script->L, LUA_GCCOLLECT);
    if (script->memory.used > script->memory.max / 2) {
        script->host.recycle(script->host.owner, "its memory is used up by what it keeps");
    }
}

/* The message of the error that ended the run. */
static void say_error(struct script_run *run, const char *message)
{
    struct script *script = run->script;
    char memory[ERROR_TEXT_MAX];
    if (script->memory.wanted > 0) {
        fault_memory(script, memory, sizeof memory);
        fault_show_line(script, memory, run->trace, sizeof run->trace);
        message = memory;
    }
    say_fault(run, message == NULL ? "an error without a message" : message);
}

static void end_run(struct script_run *run, int status)
{
    lua_State *L = run->co;
    lua_sethook(L, NULL, 0, 0);
    if (status == LUA_OK && lua_toboolean(L, 1)) {
        take_value(run);
    } else {
        say_error(run, lua_tostring(L, -1));
    }
    run->over = true;
    luaL_unref(run->script->L, LUA_REGISTRYINDEX, run->co_ref);
    run->co = NULL;
    if (run->script->memory.wanted > 0) {
        look_at_memory(run->script);
    }
}

void script_run_free(struct script_run *run)
{
    list_remove(&run->link);
    lexicon_unref(run->lexicon);
    free(run);
}

static void finish(struct script_run *run)
{
    struct tend_call *call = run->call;
    struct tend_result result = run->result;
    script_run_free(run);
    call->api->finish(call, &result);
}

/* --- slices ------------------------------------------------------------------------------------ */

/* Run the coroutine on, until it waits or ends. */
static void go_on(struct script_run *run, int arguments)
{
    struct script *script = run->script;
    int results = 0;
    script->current = run;
    script_begin_slice(script, run->co, SCRIPT_SLICE_MS);
    if (run->is_over) {
        watchdog_stop(&script->watchdog,
                      STOP_OVER); /* else a pcall around each wait goes on for ever */
    }
    int status = lua_resume(run->co, NULL, arguments, &results);
    script_end_slice(script);
    script->current = NULL;
    if (status != LUA_YIELD) {
        end_run(run, status);
    }
}

static void on_answer(struct tend_call *call, tend_node answer, void *data)
{
    struct script_run *run = data;
    run->answer = answer;
    run->problem = call->api->problem(call);
    run->waits = false;
    run->is_over = run->problem != NULL && call->api->time_left_ms(call) == 0;
    go_on(run, 0);
    if (run->over) {
        finish(run);
    }
}

int script_run_wait(lua_State *L, struct script_run *run, tend_node question, lua_KFunction k,
                    lua_KContext context)
{
    if (!lua_isyieldable(L) || run->closed > 0) {
        return luaL_error(L,
                          "cannot wait here: inside a comparator of table.sort, a replacement of "
                          "string.gsub or another function that Lua calls from C");
    }
    if (++run->asks > CALL_ASKS_MAX) {
        run->problem =
            tend_format(run->call, "asked more than %u questions in one run", CALL_ASKS_MAX);
        watchdog_stop(&run->script->watchdog, STOP_OVER);
        script_run_answered(L, run);
    }
    run->waits = true;
    run->call->api->ask(run->call, question, on_answer, run);
    return lua_yieldk(L, 0, context, k);
}

void script_run_answered(lua_State *L, struct script_run *run)
{
    if (run->problem != NULL) {
        luaL_error(L, "%s", run->problem);
    }
}

void script_run_count(lua_State *L, unsigned *count, unsigned most, const char *what)
{
    if (++*count > most) {
        luaL_error(L, "more than %d %s in one run", (int)most, what);
    }
}

void script_run_charge(lua_State *L, struct script_run *run, size_t bytes)
{
    run->bytes += bytes;
    if (run->bytes > SCRIPT_MEMORY_MAX) {
        luaL_error(L, "not enough memory: one run makes documents of %d MiB at most",
                   (int)(SCRIPT_MEMORY_MAX / MIB));
    }
}

struct script_run *script_run_of(lua_State *L, const char *what)
{
    struct script_run *run = script_of(L)->current;
    if (run == NULL) {
        luaL_error(L,
                   "%s is not there while the script is loaded: use it inside a function of the "
                   "controller",
                   what);
    }
    return run;
}

/* --- starts ------------------------------------------------------------------------------------ */

/* The state that the object is in; the first one where it has none yet. NULL: none of the declared. */
static const struct state_code *find_state(const struct script_run *run)
{
    const struct declared *declared = run->declared;
    const char *field = declared->given.state_field;
    const char *name = tend_text(run->call, TEND_THIS, field == NULL ? "status.state" : field, "");
    for (size_t i = 0; i < declared->state_count; i++) {
        if (name[0] == '\0' || strcmp(name, declared->code[i].name) == 0) {
            return &declared->code[i];
        }
    }
    return NULL;
}

/* The function to run; LUA_NOREF: there is nothing to do. */
static int choose(struct script_run *run)
{
    if (run->call->verb == TEND_FINALIZE) {
        return run->declared->finalize;
    }
    if (run->declared->states == NULL) {
        return run->declared->reconcile;
    }
    run->state = find_state(run);
    int code = run->state == NULL ? LUA_NOREF : run->state->run;
    return code != LUA_NOREF ? code : run->declared->reconcile;
}

/* At the bottom of the coroutine: (handler, function, object) -> true, value | false, message. Nothing of
 * the script runs from here on, and nothing is to be stopped. */
static int end_bottom(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    watchdog_end(&script_of(L)->watchdog);
    lua_sethook(L, NULL, 0, 0);
    lua_pushboolean(L, status == LUA_OK || status == LUA_YIELD);
    lua_replace(L, 1); /* in place of the handler */
    return 2;
}

static int bottom(lua_State *L)
{
    int status = lua_pcallk(L, 1, 1, 1, 0, end_bottom);
    return end_bottom(L, status, 0);
}

/* Make the coroutine; in a protected call, as it may run out of memory. */
static int make_coroutine(lua_State *L)
{
    struct script_run *run = lua_touserdata(L, 1);
    run->co = lua_newthread(L);
    lua_pushcfunction(run->co, bottom);
    lua_pushcfunction(run->co, fault_handler);
    lua_rawgeti(run->co, LUA_REGISTRYINDEX, lua_tointeger(L, 2));
    view_push_own(run->co, run);
    coroutine_hold(L, -1, COROUTINE_HELD);
    run->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static void begin(struct script_run *run)
{
    struct script *script = run->script;
    lua_State *L = script->L;
    int code = choose(run);
    if (code == LUA_NOREF) {
        run->over = true; /* nothing is done in this state */
        set_outcome(run, TEND_DONE, 0);
        return;
    }
    lua_pushcfunction(L, make_coroutine);
    lua_pushlightuserdata(L, run);
    lua_pushinteger(L, code);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
        say_fault(run, lua_tostring(L, -1));
        lua_settop(L, 0);
        run->over = true;
        look_at_memory(script);
        return;
    }
    go_on(run, 3);
}

static const char *kind_of_object(struct tend_call *call)
{
    const char *version = tend_text(call, TEND_THIS, "apiVersion", "");
    return tend_format(call, "%s/%s", version, tend_text(call, TEND_THIS, "kind", ""));
}

static void on_learned(struct tend_call *call, tend_node answer, void *data)
{
    struct script_run *run = data;
    (void)call->api->problem(call); /* a kind that is not there is any */
    run->kind = lexicon_learn(run->lexicon, text_of(kind_of_object(call)), call, answer);
    begin(run);
    if (run->over) {
        finish(run);
    }
}

void script_run_reconcile(struct tend_call *call, struct tend_result *result)
{
    const struct declared *declared = call->self;
    struct script_run *run = alloc_new(sizeof *run);
    run->script = declared->script;
    run->declared = declared;
    run->call = call;
    run->id = ++run->script->last_run;
    run->result.size = sizeof run->result;
    run->lexicon = lexicon_for(run->script, call->kinds);
    list_append(&run->script->runs, &run->link);
    const char *kind = kind_of_object(call);
    run->kind = lexicon_find(run->lexicon, text_of(kind));
    if (run->kind == NULL) {
        tend_node question = call->api->make_map(call);
        tend_put_text(call, question, "kind.word", kind);
        run->asks++;
        call->api->ask(call, question, on_learned, run);
        tend_later(result);
        return;
    }
    begin(run);
    if (!run->over) {
        tend_later(result);
        return;
    }
    *result = run->result;
    script_run_free(run);
}
