/* Inside the room: the structs that its files share.
 *
 * Lua leaves a function of C by longjmp where an error is raised, so nothing in this room holds a resource
 * in a variable across a call that can raise: memory comes from the arena of the script or of the call, or
 * from Lua itself.
 */
#ifndef SCRIPT_INSIDE_H
#define SCRIPT_INSIDE_H

#include <lauxlib.h>
#include <lua.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "script/memory.h"
#include "script/script.h"
#include "script/watchdog.h"

/* Metatables that mark a table: as a list, as a map, as what retry and its like return. */
#define ARRAY_MARK   "tend.array"
#define OBJECT_MARK  "tend.object"
#define OUTCOME_MARK "tend.outcome"

/* Field of a metatable: the table that is read through one that cannot be written. */
#define READ_FIELD "tend.read"

/* --- declare.c: what a script declares ----------------------------------------------------------- */

struct state_code {
    const char *name, *next; /* "a, b" */
    int run;                 /* a reference, LUA_NOREF: nothing is run in it */
    int64_t every_ms;        /* 0: only when something changes */
};

struct declared {
    struct tend_controller given;
    struct script *script;
    const struct tend_state **states; /* NULL-ended; NULL: none */
    struct state_code *code;          /* of each */
    size_t state_count;
    int reconcile, finalize; /* references */
};

/* Read the declarations (a list of tables, as prelude.lua made them) at the top of the stack. */
void declare_read(struct script *script);

/* --- the script ---------------------------------------------------------------------------------- */

struct script {
    struct script_host host;
    char *name, *file, *source;
    struct text text;   /* of `source` */
    struct text config; /* JSON; the opener's, while it is opened */
    size_t read_to;     /* of it: so far the compiler came */
    struct arena arena;
    lua_State *L;
    struct memory memory;
    int memory_line;  /* where it was refused last ... */
    bool memory_deep; /* ... in calls of calls of calls */
    struct watchdog watchdog;
    char stopped[ERROR_TEXT_MAX]; /* why and where this slice was; empty: it was not */
    struct tend_plugin plugin;
    struct declared *declared;
    size_t declared_count;
    const struct tend_controller **controllers; /* NULL-ended */

    struct lexicon *lexicon; /* the newest */
    struct list runs;
    struct script_run *current; /* whose code runs; NULL: none */
    uint64_t last_run;
};

/* The script that a Lua state is of. */
static inline struct script *script_of(lua_State *L)
{
    return *(struct script **)lua_getextraspace(L);
}

/* The script's code runs from here on, in `L`, for so long; and no more. */
void script_begin_slice(struct script *script, lua_State *L, unsigned limit_ms);
void script_end_slice(struct script *script);

/* In loops of C that a script makes long: raises what stops the slice, where it has to. */
void script_heed_stop(lua_State *L);

/* --- lexicon.c: what is known of kinds, and their outlines ------------------------------------------- */

enum outline_type {
    OUTLINE_ANY,
    OUTLINE_MAP,
    OUTLINE_LIST,
    OUTLINE_TEXT,
    OUTLINE_INT,
    OUTLINE_REAL,
    OUTLINE_BOOL
};

/* What a schema says of a value, as far as a script is told at once. */
struct outline {
    enum outline_type type;
    const char *label;  /* "LabInstance.spec.network" */
    const char **names; /* of its properties, sorted; and their outlines */
    const struct outline **outlines;
    size_t count;
    const struct outline *rest;  /* of other fields; NULL: `open` says */
    const struct outline *items; /* of a list; NULL: any */
    bool open;                   /* it may have fields that are not named */
};

struct known_kind {
    const char *identity; /* "lab.neuroglia.com/v1/LabInstance" */
    const char *api_version, *name;
    const struct outline *root; /* of the whole object */
    bool namespaced;
};

/* One state of all kinds; shared by the runs that began in it. */
struct lexicon {
    struct arena arena;
    struct map by_word; /* struct known_kind */
    int64_t number;     /* tend_call.kinds */
    unsigned refs;
};

struct lexicon *lexicon_for(struct script *script, int64_t number); /* one more owner */
void lexicon_unref(struct lexicon *lexicon);

/* The kind that people call `word`; NULL: not known (yet). */
const struct known_kind *lexicon_find(const struct lexicon *lexicon, struct text word);

/* Take the answer to {"kind": {"word": word}}; 0: there is none (now), anything goes then. */
const struct known_kind *lexicon_learn(struct lexicon *lexicon, struct text word,
                                       struct tend_call *call, tend_node answer);

/* The field `key`; NULL: anything. False where there is none of that name. */
bool outline_field(const struct outline *outline, struct text key,
                   const struct outline **ret_field);

/* "no field "iamge" in LabInstance.spec; did you mean "image"?": raises it. */
int outline_unknown(lua_State *L, const struct outline *outline, const char *key);

/* --- script_run.c: one run over one object --------------------------------------------------------------- */

struct script_run {
    struct list link; /* in script->runs */
    struct script *script;
    const struct declared *declared;
    const struct state_code *state; /* that the object is in; NULL: no states, or being deleted */
    struct tend_call *call;
    uint64_t id;
    struct lexicon *lexicon;
    const struct known_kind *kind; /* of its object */
    lua_State *co;
    int co_ref;

    bool waits;       /* a question is open: whatever yields now is on its behalf */
    unsigned closed;  /* functions of C on the stack that cannot be left for a wait */
    unsigned threads; /* coroutines that it made */
    unsigned lines;   /* that it logged */
    unsigned asks;    /* questions that it asked */
    unsigned writes;  /* objects that it applied or deleted, since they were committed last ... */
    unsigned events;  /* ... events, ... */
    unsigned conditions; /* ... and conditions */
    size_t bytes;        /* of documents that it made: they live as long as it does */
    tend_node answer;    /* to the last question ... */
    const char *problem; /* ... or why there is none */
    bool is_over;        /* its time: it is stopped wherever it is */

    bool over;
    struct tend_result result;
    char trace[SCRIPT_TRACE_MAX];
};

void script_run_reconcile(struct tend_call *call, struct tend_result *result); /* tend_run */
void script_run_free(struct script_run *run);

/* The run whose code this is; raises an error where a script is only being loaded. `what` is what was
 * called. */
struct script_run *script_run_of(lua_State *L, const char *what);

/* Ask `question` and wait: the value of a function of C. `k` goes on, with `context`, when the answer is
 * there: run->answer and run->problem. Raises where this cannot wait. */
int script_run_wait(lua_State *L, struct script_run *run, tend_node question, lua_KFunction k,
                    lua_KContext context);

/* One more of something of which a run has `most`; raises beyond. */
void script_run_count(lua_State *L, unsigned *count, unsigned most, const char *what);

/* The run makes a document of so many bytes; raises where it has made too much. */
void script_run_charge(lua_State *L, struct script_run *run, size_t bytes);

/* Back from a wait: raises run->problem where there is one. */
void script_run_answered(lua_State *L, struct script_run *run);

/* --- fault.c: what is said of an error ------------------------------------------------------------ */

/* The line of the script whose code runs in `L`; 0: none of it does. Takes no memory. */
int fault_line(lua_State *L);

/* A message handler (lua_pcall): writes the traceback of the script's current run. */
int fault_handler(lua_State *L);

/* The message at the top is that of an error: give it a position where it has none, and write the traceback
 * of the script's current run where there is none yet. Leaves one value more, or as many. */
void fault_say(lua_State *L);

/* Write into `out` the sentence of a script whose memory ended in this slice. */
void fault_memory(const struct script *script, char *out, size_t size);

/* The traceback of `message` without a stack: the line of the source. */
void fault_show_line(const struct script *script, const char *message, char *out, size_t size);

/* One sentence, and where it is known the line of the source with a caret, for what cannot be loaded. */
void fault_describe(const struct script *script, const char *message, struct error *err);

/* --- clean.c: texts for people ---------------------------------------------------------------------- */

/* `text` as UTF-8 that lives as long as the call: what is none in it is replaced, nothing is refused. */
const char *clean_text(struct tend_call *call, struct text text);

/* The same, of the text at `index`; raises where it is none. */
const char *clean_argument(lua_State *L, struct tend_call *call, int index);

/* --- convert.c: between Lua and documents --------------------------------------------------------- */

/* Push the value at `index` as JSON, judged by `outline` (NULL: anything). Raises
 * where it cannot be. `label` names it where the outline does not. */
void convert_push_json(lua_State *L, int index, const struct outline *outline, const char *label);

/* The value at `index` as a node of the run's call. */
tend_node convert_node(lua_State *L, struct script_run *run, int index,
                       const struct outline *outline, const char *label);

/* Push `node` as plain values: tables that are the script's own. Absent is nil. */
void convert_push(lua_State *L, struct tend_call *call, tend_node node);

/* Push what is at `index` as tables that are the script's own and nobody else's; views in it as well. */
void convert_push_copy(lua_State *L, int index);

/* Seconds as scripts have them, in milliseconds: moments are doubles, and 0.3 s is not 299 ms. */
int64_t convert_ms(lua_Number seconds);

void convert_open(lua_State *L);      /* the metatables that mark tables */
void convert_push_null(lua_State *L); /* the value that is null */

/* --- view.c: objects as scripts see them ---------------------------------------------------------- */

void view_open(lua_State *L);
void view_push_own(lua_State *L, struct script_run *run);
void view_push_object(lua_State *L, struct script_run *run, tend_node node,
                      const struct known_kind *kind);

/* The node that the view at `index` shows, `*ret_node` 0 where it is absent; false where it is no view. */
bool view_node(lua_State *L, int index, tend_node *ret_node);

/* What the view at `index` shows, as JSON and as a list or map: empty where it is absent. False where it is
 * no view. */
bool view_text(lua_State *L, int index, enum outline_type *ret_type, struct tend_str *ret_text);

/* Is it the view of a whole object? */
bool view_is_object(lua_State *L, int index);

/* Is the field `key` of the view at `index` there? No typo is told. */
bool view_holds(lua_State *L, int index, struct text key);

/* Push what the view at `index` shows as tables of the script's own, empty where it is absent; false,
 * and nothing, where it is no view. */
bool view_push_copy(lua_State *L, int index);

/* Push what `node` is: a scalar, or a view of it. */
void view_push_node(lua_State *L, struct script_run *run, tend_node node);

/* --- coroutine.c -------------------------------------------------------------------------------- */

void coroutine_open(lua_State *L); /* into the library at the top */

enum coroutine_hold { COROUTINE_FREE, COROUTINE_HELD };

/* Let nobody but its run have the coroutine at `index`; or let all. */
void coroutine_hold(lua_State *L, int index, enum coroutine_hold hold);

/* --- sandbox.c, ask.c, tell.c, meter.c: what scripts can call ---------------------------------------------- */

void sandbox_open(lua_State *L); /* the libraries, as far as they are given to scripts */

/* Is an error with that status one that a script must not catch? `status` may be LUA_OK. */
bool sandbox_must_go_on(lua_State *L, int status);

/* told(f): f, whose errors are told as those of the line that calls it. */
int sandbox_told(lua_State *L);

void ask_open(lua_State *L);   /* into the table at the top: functions that wait */
void tell_open(lua_State *L);  /* ... functions that write and say */
void meter_open(lua_State *L); /* ... the one that counts */

#endif
