/* The executor that does it for real: programs (program.h) and requests (transfer.h). */
#ifndef EFFECT_OUTSIDE_H
#define EFFECT_OUTSIDE_H

#include "base/world.h"
#include "effect/effect.h"

struct outside;

struct outside *outside_new(struct world *world);

/* Every effect was cancelled before, and the world's jobs are done. NULL is allowed. */
void outside_free(struct outside *outside);

struct executor *outside_executor(struct outside *outside);

#endif
