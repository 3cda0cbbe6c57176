/* Programs that outlive the host: the "exec" of effects that have a record, each under a keeper of its own.
 *
 * A keeper (tend_keeper.c) runs the program and writes down how it ended, in a folder that is named for the
 * record's revision, below `folder` (keep.h). When the host ends, they go on; the next host, which is asked the
 * same by the run that begins anew, finds the folder and takes the result or waits for it. So a program runs
 * once, also where the host is killed. Where the keeper itself was lost (the machine went down) nobody knows
 * how far the program came, and the result says that: it is not run again unasked.
 *
 * What a program gets, and what is told of it, is as in program.h. All on the core.
 */
#ifndef EFFECT_KEPT_H
#define EFFECT_KEPT_H

#include "base/world.h"
#include "effect/effect.h"

struct kept_programs {
    struct executor executor; /* takes what is under "exec" */
    struct world *world;
    const char *folder;           /* absolute, made by the owner; only this user's */
    const char *keeper;           /* the program; both are the owner's */
    struct list running, waiting; /* struct kept, oldest first */
    size_t count;                 /* running */
};

void kept_init(struct kept_programs *all, struct world *world, const char *folder,
               const char *keeper);

/* Every effect was cancelled or left before. */
void kept_done(struct kept_programs *all);

#endif
