/* The host's end of a runner's socket: frames in, frames out, nothing that blocks. [core] */
#ifndef RUNNER_WIRE_H
#define RUNNER_WIRE_H

#include "base/world.h"
#include "protocol/frame.h"

struct wire {
    struct world *world; /* NULL: not open */
    struct readiness readiness;
    struct frame_reader reader;
    struct buffer out; /* append frames here, then wire_flush; bounded by RUNNER_UNREAD_MAX */
    struct task flush;
    /* A frame came; or the stream ended (frame and problem NULL) or broke (frame NULL). In a step
     * of its own; it may close the wire. */
    void (*arrived)(struct wire *wire, const struct frame *frame, const char *problem);
};

/* Take `fd` (not blocking), which is the wire's from now on also where this fails. */
NODISCARD enum tend_code wire_open(struct wire *wire, struct world *world, int fd,
                                   void (*arrived)(struct wire *, const struct frame *,
                                                   const char *),
                                   struct error *err);
void wire_close(struct wire *wire); /* harmless where it is not open */

/* Send what is in `out`, after this step. Where something did not fit the wire is broken: `arrived` with the
 * problem, and nothing more is sent. */
void wire_flush(struct wire *wire);

/* Hand over every frame that has come, to the end of the stream: the other side has ended. */
void wire_drain(struct wire *wire);

#endif
