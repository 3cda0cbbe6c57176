/* One call of a native controller: its nodes, questions and writes, and the table of functions that
 * the plugin sees. Private to the engine. */
#ifndef ENGINE_NATIVE_CALL_H
#define ENGINE_NATIVE_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include <tend/plugin.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/list.h"
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
    size_t
        group; /* of lanes: those of one group run one call after the other, or so many at once */
};

struct lane; /* a thread that runs calls */

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

/* Whose a call is. */
enum native_phase {
    CALL_RUNS,  /* of the thread that its slice is on */
    CALL_RESTS, /* nobody's: it waits for answers; or, with none open, a thread's of the plugin */
    CALL_OVER,  /* finished: of who writes its result */
};

struct native_call {
    struct tend_call seen; /* what the plugin holds; first */
    struct engine *engine;
    const struct native_controller *controller;
    uint64_t id;
    int64_t slice_ms, limit_ms;
    struct text key; /* the id's bytes, for the engine's table */
    struct list
        link; /* among those that are ready for a lane; or were finished while they were held */
    struct arena arena;        /* of whose the call is */
    pthread_t thread;          /* of its slice, or of the last one */
    _Atomic int phase;         /* enum native_phase */
    bool held;                 /* it was said */
    _Atomic int64_t until_ms;  /* its time, by the host's ticks */
    _Atomic(char *) cancelled; /* why nobody waits any more; NULL: somebody does */

    const struct value *object, *current; /* as committed; with this call's status writes */
    struct native_list nodes;             /* tend_node n is items[n - 1] */
    struct native_ask *asks;
    size_t ask_count, ask_capacity, ask_open;
    struct native_list writes, conditions, events;

    const char *mistake;           /* the first one; NULL: none */
    const char *problem;           /* a question that got no answer; NULL: none */
    const char *delivered_problem; /* of the answer that was delivered last */
    struct tend_result outcome;    /* texts copied into the arena */

    /* On lanes; of the engine's lock. */
    struct lane *lane;  /* that it is on; NULL: none */
    struct list mail;   /* answers that have come for it */
    struct text unread; /* the object, until its first slice */
    bool ready, begun;
};

extern const struct tend_api native_api;

/* native_lanes.c. */
unsigned native_lane_number(const struct lane *lane);

static inline struct native_call *native_call_of(struct tend_call *seen)
{
    return CONTAINER_OF(seen, struct native_call, seen);
}

static inline bool native_call_is_over(const struct native_call *call)
{
    return atomic_load_explicit(&call->phase, memory_order_acquire) == CALL_OVER;
}

/* native_api.c: the first mistake is kept; a handle for `value` (0: absent, or too many); what a handle
 * stands for (NULL: absent); a checked copy, `what` names it in a mistake. */
void native_mistake(struct native_call *call, const char *format, ...) PRINTF_LIKE(2, 3);
tend_node native_name_value(struct native_call *call, const struct value *value);
const struct value *native_value_of(const struct native_call *call, tend_node node);
struct text native_keep_text(struct native_call *call, struct tend_str given, const char *what);

/* native_ask.c: the table's functions of questions and outcomes. */
void native_ask(struct tend_call *seen, tend_node node, tend_then *then, void *data);
int32_t native_wait(struct tend_call *seen);
const char *native_problem(struct tend_call *seen);
void native_finish(struct tend_call *seen, const struct tend_result *result);

/* native_ask.c: deliver the first answer that has come to its `then`; false where none has. */
bool native_deliver(struct native_call *call);

/* native.c: the call is finished, its outcome is there; not by the thread of its slice. [any thread] */
void native_finish_elsewhere(struct native_call *call);

/* native.c: block until something was answered or cancelled; false where that will never be. */
bool native_await(struct native_call *call);

/* A new call, owned by the caller; its object is read apart. */
struct native_call *native_call_new(struct engine *engine,
                                    const struct native_controller *controller,
                                    const struct engine_call *given);
void native_call_read(struct native_call *call, struct text object);
void native_call_free(struct native_call *call);

/* Run its first slice, or the next ones: whatever was answered is delivered. True where it is over, its
 * result in `out`. */
bool native_call_begin(struct native_call *call, struct buffer *out);
bool native_call_go_on(struct native_call *call, struct buffer *out);

/* The result of a call that is over. */
void native_call_result(struct native_call *call, struct buffer *out);

/* From CALL_RESTS to CALL_RUNS, on this thread; false where it does not rest. */
bool native_call_resume(struct native_call *call);

/* Take an answer, to a question that is open. */
bool native_call_awaits(const struct native_call *call, uint32_t ask);
void native_call_answer(struct native_call *call, const struct engine_answer *given);

/* Nobody waits for it any more: its time is over. [any thread] */
void native_call_cancel(struct native_call *call, struct text why);

/* Nothing that is open will be answered; false where nothing was. It is cancelled. */
bool native_call_close_asks(struct native_call *call);

/* What the call has written, in the form of a result, and from now on is not in it any more. */
const struct value *native_call_so_far(struct native_call *call);

#endif
