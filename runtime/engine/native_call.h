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
    const struct engine_call *given;
    struct arena arena;

    const struct value *object, *current; /* as given; with this call's status writes */
    struct native_list nodes;             /* tend_node n is items[n - 1] */
    struct native_ask *asks;
    size_t ask_count, ask_capacity;
    struct native_list writes, conditions, events;

    const char *mistake;        /* the first one; NULL: none */
    const char *problem;        /* a question that got no answer; NULL: none */
    struct tend_result outcome; /* texts copied into the arena */
    bool finished;              /* by api->finish */
    bool cancelled;
};

extern const struct tend_api native_api;

/* Execute `given` and write its result to `out`. `call` is zeroed and set as the engine's running
 * call by the caller, who ends it with native_call_done. */
void native_call_run(struct native_call *call, struct buffer *out);
void native_call_done(struct native_call *call);

/* Take an answer; false where nothing like it was asked. */
bool native_call_answer(struct native_call *call, uint32_t ask, struct text bytes,
                        struct text problem);

#endif
