/* Inside the native engine: its record, and its lanes, as native.c and native_lanes.c share them. */
#ifndef ENGINE_NATIVE_INSIDE_H
#define ENGINE_NATIVE_INSIDE_H

#include "base/map.h"
#include "engine/native_call.h"
#include "script/script.h"

struct native {
    struct engine engine;
    struct arena arena;
    struct script *script;      /* NULL: a shared object */
    const struct value *config; /* a map; never written to after it was read */
    struct native_controller *controllers;
    size_t controller_count;
    struct map calls; /* in flight, by the bytes of their id; on lanes under `lock` */
    struct buffer result;
    pthread_mutex_t lock;
    struct list finished; /* held calls, by threads of the plugin; under `lock` */
    struct lanes *lanes;  /* NULL: all runs on the engine's thread */
};

static inline struct native *native_of(struct engine *engine)
{
    return CONTAINER_OF(engine, struct native, engine);
}

/* A new call that is in no table yet; NULL where its controller is none, and its end was said. */
struct native_call *native_begin(struct native *native, const struct engine_call *given);

/* NULL: not there. */
struct native_call *native_in_flight(struct native *native, uint64_t id);

/* As engine_close. */
void native_close(struct engine *engine);

/* Lanes for an engine that has started, where it may have and needs them. */
void lanes_open(struct native *native);

/* No call begins any more; those that run see that they are cancelled, and are waited for. Both: NULL is
 * allowed. */
void lanes_stop(struct lanes *lanes);
void lanes_free(struct lanes *lanes);

/* As native_await and native_finish_elsewhere. */
bool lanes_await(struct native_call *call);
void lanes_finish(struct native_call *call);

#endif
