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
    size_t mark;    /* *recorder->mark then */
    char *question; /* canonical JSON */
    char *controller, *object;
    int64_t record; /* of the named effect; 0: it has no name */
    enum { ASKED_GOING, ASKED_DONE, ASKED_CANCELLED } phase;
    size_t end_mark; /* *recorder->mark when it was done */
    int64_t end_ms;  /* ticks: when it ends, or would have; -1: nobody has said yet */
    bool lost;       /* with the host; see recorder_lose */
    bool again;      /* the same named one that was begun before: its host ended in between */
};

struct recorder_answer {
    char *result; /* canonical JSON, the recorder's to free */
    int64_t takes_ms;
};

struct going;

struct recorder {
    struct executor executor;
    struct world *world; /* set before the first effect */
    const size_t *mark;  /* likewise: a count of other things that happen; NULL: none */
    /* How does `asked` end? False: nobody says, and it goes on for ever; the owner knows. */
    bool (*answer)(const struct asked *asked, struct recorder_answer *ret_answer, void *owner);
    void *owner;
    struct asked **asked; /* oldest first */
    size_t count;
    unsigned began, ended; /* `ended`: with a result */
    struct list going;
};

/* Everything but `world`, `mark`, `answer` and `owner` is made. */
void recorder_init(struct recorder *recorder);

/* The host has died, and what it knew of an effect with it: what was going on, and what had ended and is not
 * `kept` by anybody. The first time that the same is asked for the same object again, it ends when it would have:
 * a crash makes things happen twice, but not late, or else no test could say when they are over. */
void recorder_lose(struct recorder *recorder, bool (*kept)(const struct asked *asked, void *owner));

/* Nothing is under way: whoever asked is closed. */
void recorder_done(struct recorder *recorder);

#endif
