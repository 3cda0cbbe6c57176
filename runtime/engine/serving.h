/* Serving: the child's side of a runner. The first frame says what to load; then calls, answers and
 * cancellations go to the engine, questions and results back (protocol/message.h).
 */
#ifndef ENGINE_SERVING_H
#define ENGINE_SERVING_H

#include <stdbool.h>

#include "base/text.h"
#include "document/value.h"
#include "engine/memory.h"
#include "protocol/confinement.h"
#include "protocol/page.h"

/* For who shares its process with what is served. [the serving thread] */
struct serving_watch {
    /* The file is loaded and its controllers are started; the host is not told yet. `descriptor` as in
     * protocol/shape.h. */
    void (*loaded)(struct serving_watch *watch, const struct value *descriptor);
    /* `call` will run, over `object`. */
    void (*takes)(struct serving_watch *watch, uint64_t call, struct text object);
};

/* What it is given; the caller's, until the return. */
struct serving_ends {
    int socket;        /* a stream to the host */
    int lines;         /* takes lines for the host's log (protocol/line.h), one write each */
    struct page *page; /* shared with the host */
    enum confinement confinement; /* of the process, before the file is opened */
    struct memory_watch
        *memory; /* of the process, where that is the plugin's alone; NULL: it is not */
    struct serving_watch *watch; /* NULL: nobody looks */
    unsigned lanes; /* threads that it may start to run calls; 0: it has the caller's alone */
};

/* Serve until a frame, the end of the socket or the engine ends it; the engine is closed then. False where
 * the file was refused, which the host was told. A script that cannot be stopped ends the process. [the
 * caller's thread, for all that the plugin does] */
bool serving_run(const struct serving_ends *ends);

#endif
