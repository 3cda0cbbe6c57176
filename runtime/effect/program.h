/* Programs that run: "exec" of effect.h, over the world's children.
 *
 * A program gets no shell, the environment that it is given and PATH, HOME, USER, LANG, TZ and TMPDIR of
 * the host's, and its own process group. It is over when its first process is: what it left in the group is
 * killed then. At its timeout it is sent SIGTERM, and SIGKILL after EXEC_GRACE_MS. EFFECTS_MAX run
 * at once. All on the core.
 */
#ifndef EFFECT_PROGRAM_H
#define EFFECT_PROGRAM_H

#include "base/world.h"
#include "effect/effect.h"

struct programs {
    struct executor executor; /* takes what is under "exec" */
    struct world *world;
    struct list running, waiting; /* struct program, oldest first */
    size_t count;                 /* running */
};

void programs_init(struct programs *programs, struct world *world);

/* Every effect was cancelled before. */
void programs_done(struct programs *programs);

#endif
