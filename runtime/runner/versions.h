/* The versions of one file: who serves, who is to serve, who is on the way out.
 *
 *     try --> candidate --ready, proven--> serving --another takes over--> drains --> gone
 *                 +--refused--> gone          +------------leave---------> drains --> gone
 *
 * Which content is tried, and what is told of it, is the owner's: this is how one takes the place of the
 * other without a run being lost. Everything that is noticed (a worker that is up or down, a call that is
 * back) becomes `changed`, and is acted on by versions_settle, in a step of the owner's. [core]
 */
#ifndef RUNNER_VERSIONS_H
#define RUNNER_VERSIONS_H

#include "runner/succession.h"
#include "runner/version.h"

struct versions;

struct versions_ops {
    void (*changed)(struct versions *versions);
    /* The candidate with content `hash` will not serve; it is not there any more. TEND_EXISTS: another file
     * is in the way. Also from inside versions_try. */
    void (*refused)(struct versions *versions, const char *hash, enum tend_code code,
                    const char *reason);
    /* The candidate serves, in place of `before` (NULL: of nobody); neither live nor drained yet. */
    void (*serves)(struct versions *versions, const struct version *before);
    bool (*may_claim)(struct versions *versions);
    enum pin (*pinned)(struct versions *versions, const char *kind, const char **ret_file);
    /* `file`, which tends `kind`, is all that keeps the candidate from it. May_claim is false until it has left;
     * then the owner settles again. */
    void (*wants_way)(struct versions *versions, const char *kind, const char *file);
    void (*closed)(struct versions *versions); /* versions_close */
};

struct versions {
    const struct versions_ops *ops;
    struct world *world;
    struct worker_maker *maker;
    const char *file;                       /* the owner's, as the next */
    const struct plugin_settings *settings; /* of the file */

    struct version *serving, *candidate; /* NULL: none */
    enum { SERVING_STAYS, SERVING_LEAVES } leaving;
    struct list retired; /* they drain or close */
    struct succession succession;
    enum { VERSIONS_OPEN, VERSIONS_CLOSED } phase;
    struct task end;
};

/* `world`, `maker`, `file`, `settings` and succession's `loop`, `store` and `gate` were set. */
void versions_init(struct versions *versions, const struct versions_ops *ops);

/* Make `content` (taken over) the candidate; there is none. */
void versions_try(struct versions *versions, struct loaded *content);

/* Give the candidate up. False, and nothing is done, where its claim is under way. */
bool versions_drop(struct versions *versions);
bool versions_may_drop(const struct versions *versions);

/* Act on what was noticed. */
void versions_settle(struct versions *versions);

/* Who serves leaves (its controllers were told): it drains, and its controllers are removed after that. */
void versions_leave(struct versions *versions);
void versions_stay(struct versions *versions); /* it does not, after all */

/* Say that who serves is live, or lost. */
void versions_announce(struct versions *versions);

/* End them all; controllers leave the loop now. `closed` is called in a later step, when they are gone. */
void versions_close(struct versions *versions);

#endif
