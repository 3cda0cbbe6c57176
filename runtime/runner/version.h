/* One content of a file, loaded: its worker, what that says of itself, and how it does.
 *
 *     new --launch--> starting --up--> ready --> serving --drain--> draining --close--> gone
 *                        |                                              (each of them may be closed)
 *                        +--> refused
 *
 * What its worker tells is noted here and passed on: calls to the controllers that they are of, the rest to
 * the owner, whose callbacks come from inside the worker's and may not free the version: it acts in a step
 * of its own. A version goes well once a run has ended well; until then its faults are counted. [core]
 */
#ifndef RUNNER_VERSION_H
#define RUNNER_VERSION_H

#include "base/arena.h"
#include "base/world.h"
#include "runner/loader.h"
#include "runner/seat.h"
#include "runner/worker_maker.h"

struct version;

struct version_ops {
    void (*changed)(
        struct version *version);        /* up for the first time, refused, judged, idle, late */
    void (*up)(struct version *version); /* again: its controllers are live */
    void (*down)(struct version *version, const char *reason);
    void (*gone)(struct version *version); /* closed: the owner frees it */
};

enum version_phase {
    VERSION_STARTING,
    VERSION_READY,
    VERSION_REFUSED,
    VERSION_SERVING,
    VERSION_DRAINING,
    VERSION_CLOSING
};

struct version {
    struct worker_listener listener;
    struct list link; /* the owner's */
    const struct version_ops *ops;
    void *owner; /* the owner's, and set by it */
    struct world *world;
    struct worker_maker *maker;
    const struct plugin_settings *settings;
    struct loaded content;
    struct made_worker made;

    enum version_phase phase;
    struct arena arena;             /* the descriptor and the seats */
    const struct value *descriptor; /* NULL: not up yet */
    const char *called;             /* the version's own name for itself */
    struct seat *seats;
    size_t seat_count;
    char why[ERROR_TEXT_MAX]; /* it was refused, or died last */
    bool is_down;             /* its worker is, since it said so */

    enum { RECORD_OPEN, RECORD_GOOD } record;
    unsigned faults, deaths;    /* since it serves, while nothing went well */
    char fault[ERROR_TEXT_MAX]; /* the last one */
    bool
        outdated; /* its content would be run in another way now: it is no version of it any more */

    struct alarm drain;
    bool late; /* it was to be drained by now */
    struct task closed;
};

struct version_terms {
    struct world *world;
    struct worker_maker *maker;
    const struct version_ops *ops;
    const char *file;                       /* that the content is of */
    const struct plugin_settings *settings; /* of that file; all of these outlive it */
};

/* A version of `content`, which is taken over. TEND_INVALID with one sentence. */
NODISCARD enum tend_code version_new(const struct version_terms *terms, struct loaded *content,
                                     struct version **ret_version, struct error *err);
void version_launch(struct version *version);

/* It serves from now on: runs are judged. */
void version_serve(struct version *version);

/* No new calls come: `changed` when the last is back, or when DRAIN_MS have passed. */
void version_drain(struct version *version);
bool version_is_drained(const struct version *version); /* nothing is out, or it is late */
void version_resume(struct version *version);           /* it serves on: it is not drained */

/* Its worker ends; calls that are out are forgotten. `gone` follows. */
void version_close(struct version *version);
void version_free(struct version *version); /* after `gone` */

bool version_is_up(const struct version *version);
bool version_has(const struct version *version, const char *hash);          /* NULL allowed */
struct seat *version_seat(const struct version *version, struct text name); /* or NULL */

/* Does it do so badly that it should be rolled back? NULL allowed. */
bool version_fails(const struct version *version);

#endif
