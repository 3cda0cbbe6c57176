/* The outside world of a test: an executor that does nothing. It notes what is asked for, and somebody else
 * says how it ended, and how long that took. Nothing ends inside the step that began it.
 */
#ifndef SIM_RECORDER_H
#define SIM_RECORDER_H

#include "base/world.h"
#include "effect/effect.h"

/* One effect that was asked for; kept to the end. */
struct asked {
    int64_t at_ms;  /* ticks */
    char *question; /* canonical JSON */
    char *controller, *object;
    int64_t record; /* of the named effect; 0: it has no name */
    enum { ASKED_GOING, ASKED_DONE, ASKED_CANCELLED } phase;
    bool again; /* the same named one that was begun before: its host ended in between */
};

struct recorder_answer {
    char *result; /* canonical JSON, the recorder's to free */
    int64_t takes_ms;
};

struct going;

struct recorder {
    struct executor executor;
    struct world *world; /* set before the first effect */
    /* How does `asked` end? False: nobody says, and it goes on for ever; the owner knows. */
    bool (*answer)(const struct asked *asked, struct recorder_answer *ret_answer, void *owner);
    void *owner;
    struct asked **asked; /* oldest first */
    size_t count;
    unsigned began, ended; /* `ended`: with a result */
    struct list going;
};

/* Everything but `world`, `answer` and `owner` is made. */
void recorder_init(struct recorder *recorder);

/* Nothing is under way: whoever asked is closed. */
void recorder_done(struct recorder *recorder);

#endif
