/* Inside the room: what the files of a play share. */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include <lauxlib.h>
#include <lua.h>

#include "script/memory.h"
#include "sim/chaos.h"
#include "sim/play.h"
#include "sim/recorder.h"
#include "sim/stage.h"

struct play {
    const struct play_options *options;
    lua_State *L;
    lua_State *running;    /* whose call steps the stage; NULL: none */
    char *path;            /* of the file, absolute */
    char *chunk;           /* "@FILE": as Lua knows it */
    int functions, answer; /* of the prelude, references: the table of all, and the most used */
    struct memory memory;  /* of L */
    unsigned ticks;        /* of the hook that ends a test which computes for ever */
    struct stage stage;
    bool is_open; /* the stage is */
    struct recorder recorder;
    struct chaos chaos;
};

/* The play that a state is of. */
static inline struct play *play_of(lua_State *L)
{
    return *(struct play **)lua_getextraspace(L);
}

/* --- play_api.c, play_look.c: functions of C that the prelude calls -------------------------------------- */

/* The kind and place that a test means. */
struct place {
    const struct kind *kind;
    struct text namespace, name;
};

/* (kind, namespace or nil, name or nil) from `index` of the stack on. */
NODISCARD enum tend_code place_read(lua_State *L, int index, struct place *ret_place,
                                    struct error *err);

/* Push nil and the sentence; returns 2. */
int play_fail(lua_State *L, const struct error *err);

/* An optional text; empty where there is none. */
static inline struct text text_at(lua_State *L, int index)
{
    size_t len = 0;
    const char *chars = luaL_optlstring(L, index, "", &len);
    return (struct text){chars, len};
}

static inline void push_text(lua_State *L, struct text text)
{
    lua_pushlstring(L, text.ptr, text.len);
}

/* Add those of play_look.c to the table on top. */
void play_look_add(lua_State *L);

/* play_look.c: push what was asked for, as a table. */
void play_push_asked(lua_State *L, const struct asked *asked);

/* play_api.c: push the table of what the prelude calls. */
void play_api_push(lua_State *L);

/* play_api.c: push the places in the test's file where it stands, innermost first: "scripts/x_test.lua:12". */
void play_push_frames(lua_State *L);

/* play_api.c: an effect is asked for; the test says how it ends. */
bool play_answer(const struct asked *asked, struct recorder_answer *ret_answer, void *owner);

/* play.c: a path as the test's file means it, absolute; the caller frees it. */
char *play_path(const struct play *play, const char *path);

/* play.c: the whole of a file, ending in a NUL; the caller frees it. */
NODISCARD enum tend_code play_read(const char *path, char **ret_text, size_t *ret_size,
                                   struct error *err);

/* "LabInstance/lab-1", for the key of an object; in `arena`. */
struct text play_ref(const struct play *play, struct arena *arena, struct text key);

#endif
