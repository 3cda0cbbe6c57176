/* One call of a native controller: its nodes, questions and writes, and the table of functions that
 * the plugin sees. Private to the engine. */
#ifndef ENGINE_NATIVE_CALL_H
#define ENGINE_NATIVE_CALL_H

#include <tend/plugin.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "engine/engine.h"

/* A controller as the engine keeps it: copies in its own sizes, whatever the plugin was compiled
 * with. */
struct native_controller {
    struct tend_controller given;
    struct tend_state *states; /* copies, in order */
    size_t state_count;
    struct text state_field;
    struct tend_host host; /* what the plugin holds */
    struct engine *engine; /* found from `host` */
    void *self;
    bool started;
};

enum native_ask_state { ASK_OPEN, ASK_ANSWERED, ASK_DELIVERED };

struct native_ask {
    enum native_ask_state state;
    tend_then *then;
    void *data;
    const struct value *question, *answer; /* NULL answer: absent */
    int64_t now_ms;                        /* of the answer; 0: there is none */
    const char *problem;                   /* why there is none; NULL: absent */
};

/* Values of one list of the result, while it grows. */
struct native_list {
    const struct value **items;
    size_t count, capacity;
};

struct native_call {
    struct tend_call seen; /* what the plugin holds; first */
    struct engine *engine;
    const struct native_controller *controller;
    uint64_t id;
    int64_t slice_ms;
    struct text key; /* the id's bytes, for the engine's table */
    struct arena arena;

    const struct value *object, *current; /* as committed; with this call's status writes */
    struct native_list nodes;             /* tend_node n is items[n - 1] */
    struct native_ask *asks;
    size_t ask_count, ask_capacity, ask_open;
    struct native_list writes, conditions, events;

    const char *mistake;           /* the first one; NULL: none */
    const char *problem;           /* a question that got no answer; NULL: none */
    const char *delivered_problem; /* of the answer that was delivered last */
    const char *cancelled;         /* why nobody waits any more; NULL: somebody does */
    struct tend_result outcome;    /* texts copied into the arena */
    bool finished;                 /* by api->finish */
    bool in_slice;                 /* its code is on the stack */
};

extern const struct tend_api native_api;

/* native_api.c: deliver the first answer that has come to its `then`; false where none has. */
bool native_api_deliver(struct native_call *call);

/* A new call over `given`, owned by the caller. */
struct native_call *native_call_new(struct engine *engine,
                                    const struct native_controller *controller,
                                    const struct engine_call *given);
void native_call_free(struct native_call *call);

/* Run its first slice, or the next ones: whatever was answered is delivered. True where it is over, its
 * result in `out`. */
bool native_call_begin(struct native_call *call, struct buffer *out);
bool native_call_go_on(struct native_call *call, struct buffer *out);

/* Take an answer; false where nothing like it was asked. */
bool native_call_answer(struct native_call *call, const struct engine_answer *given);

/* Nothing that is open will be answered. */
void native_call_cancel(struct native_call *call, struct text why);

/* What the call has written, in the form of a result, and from now on is not in it any more. */
const struct value *native_call_so_far(struct native_call *call);

#endif
