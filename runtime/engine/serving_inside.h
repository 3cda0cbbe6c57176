/* Inside serving: its record, as serving.c and serving_take.c share it. */
#ifndef ENGINE_SERVING_INSIDE_H
#define ENGINE_SERVING_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/engine.h"
#include "engine/serving.h"
#include "protocol/frame.h"

struct serving {
    struct serving_ends ends;
    struct engine_host host;
    struct engine *engine;
    struct frame_reader reader, aside; /* `aside`: frames that came while a call blocked */
    struct buffer out;
    pthread_mutex_t out_lock; /* of `out`, where calls run on lanes */
    unsigned quick;           /* slices in a row */
    unsigned gathered;        /* results in `out` */
    int64_t began_ns;         /* the running slice */
    int64_t reported_ns;      /* when it was told last what the plugin counts */
    _Atomic unsigned calls;   /* that were started and have not finished */
    int event;                /* readable: a held call was finished */
    _Atomic bool stop;
};

/* Hand a frame over. */
void serving_take(struct serving *serving, const struct frame *frame);

/* While `call` blocks: true where the frame was for it; others are put aside. */
bool serving_take_blocked(struct serving *serving, uint64_t call, const struct frame *frame);

#endif
