/* The executor that does it for real: programs (program.h), those that outlive the host (kept.h), and requests
 * (transfer.h). */
#ifndef EFFECT_OUTSIDE_H
#define EFFECT_OUTSIDE_H

#include "base/world.h"
#include "effect/effect.h"

struct outside;

/* Programs of effects with a record are kept in `folder` (absolute, there, only this user's) by the program
 * `keeper`; NULL: they are run as others are. Both are borrowed. */
struct outside *outside_new(struct world *world, const char *folder, const char *keeper);

/* Every effect was cancelled before, and the world's jobs are done. NULL is allowed. */
void outside_free(struct outside *outside);

struct executor *outside_executor(struct outside *outside);

#endif
