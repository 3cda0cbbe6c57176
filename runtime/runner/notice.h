/* What people are told about files and their controllers: an Event, and where no Controller stands for the
 * file, an object that does.
 *
 * Told and forgotten: what cannot be written is in the log all the same. The phase of a Controller is
 * told by controller/report.h. [core]
 */
#ifndef RUNNER_NOTICE_H
#define RUNNER_NOTICE_H

#include "admission/admission.h"
#include "base/arena.h"
#include "base/list.h"

struct notices {
    struct admission *gate;
    struct list out; /* not answered yet */
};

void notices_init(struct notices *notices, struct admission *gate);
void notices_done(struct notices *notices);

/* An Event about the Controller called `name`. */
void notice_event(struct notices *notices, const char *name, enum event_type type,
                  const char *reason, const char *message);

/* The same, and there is a Controller of that name then. */
void notice_stand_in(struct notices *notices, const char *name, enum event_type type,
                     const char *reason, const char *message);

/* The root of a Controller with nothing but a name. */
const struct value *notice_root(struct arena *arena, struct text name);

#endif
