/* What files leave behind when they go: Controllers in the store, copies in the data folder. [core] */
#ifndef HOST_LEFTOVERS_H
#define HOST_LEFTOVERS_H

#include "base/arena.h"
#include "base/world.h"
#include "controller/loop.h"
#include "store/store.h"

struct leftovers;

struct leftovers_ops {
    /* Does a file have a controller of that name, now? */
    bool (*has_controller)(struct leftovers *leftovers, struct text name);
    /* Is it a file that does not serve, and that says why? */
    bool (*is_unserved)(struct leftovers *leftovers, struct text file);
    /* Is it a file that is not to be loaded? */
    bool (*is_disabled)(struct leftovers *leftovers, struct text file);
    void (*tidied)(struct leftovers *leftovers);
};

struct leftovers {
    const struct leftovers_ops *ops;
    struct world *world;
    struct store *store;
    struct loop *loop;
    const char *copies; /* the folder of private copies */

    struct job job;
    enum { LEFTOVERS_IDLE, LEFTOVERS_TIDYING } phase;
    struct arena arena; /* of what is kept */
    const char **kept;
    size_t kept_count;
};

/* The rest was set. */
void leftovers_init(struct leftovers *leftovers);
void leftovers_done(struct leftovers *leftovers); /* not while it tidies */

/* Tell every Controller that nobody has any more that it is lost, or that its file is disabled. */
void leftovers_tell(struct leftovers *leftovers);

/* Remove the copies of all contents but those of `keep` and of what Controllers name; `tidied` follows.
 * Copies that are made by jobs that are asked for later are not touched. */
void leftovers_keep(struct leftovers *leftovers, const char *hash);
void leftovers_forget(struct leftovers *leftovers); /* what was to be kept: not now */
void leftovers_tidy(struct leftovers *leftovers);

#endif
