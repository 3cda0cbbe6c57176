/* How one version follows another: what it declares is judged, its controllers get a place in the loop,
 * the objects that are there are counted, everything is claimed in one set; and only then it takes over.
 *
 *     begin --> counting --> claiming --> verifying --> ended well --install--> it serves
 *                  |            |             +--> reverting --+
 *                  +------------+------------------------------+--> ended, refused
 *
 * Up to the end the version before serves, untouched; from the claim to the end it starts no new run. The
 * state of an object is judged twice: before the claim, and as of the very revision of the claim, because
 * objects move meanwhile; who is found homeless then brings the earlier claim back. [core]
 */
#ifndef RUNNER_SUCCESSION_H
#define RUNNER_SUCCESSION_H

#include "runner/claim.h"
#include "runner/pin.h"
#include "runner/version.h"

struct succession_count;

struct succession {
    void (*ended)(struct succession *succession); /* in a step of its own */
    /* Who tends `kind`? *ret_file: of PIN_OTHERS, which file. */
    enum pin (*pinned)(struct succession *succession, const char *kind, const char **ret_file);

    /* fixed */
    struct world *world;
    struct loop *loop;
    struct store *store;
    struct admission *gate;
    const char *file;

    struct version *version;
    struct version *before; /* NULL: nobody serves */
    enum succession_phase {
        SUCCESSION_IDLE,
        SUCCESSION_COUNTING,
        SUCCESSION_CLAIMING,
        SUCCESSION_VERIFYING,
        SUCCESSION_REVERTING,
        SUCCESSION_ENDING /* `ended` follows */
    } phase;
    struct succession_count *counts;
    size_t count_count;
    struct claim claim;
    int64_t claimed; /* the revision of the claim */
    struct task end;

    /* how it ended */
    enum tend_code code;
    struct error err;
    /* Until the next begin; NULL: none. The controller of another file that is in the way, and that file; and
     * the kind for which it has to make way: then all else was well, the code is TEND_UNAVAILABLE, and it
     * may begin again when the way is made. */
    const char *rival, *rival_file;
    const char *way_for;
    enum pin pin; /* PIN_OTHERS: it is in the way because the host is told so */
};

/* The rest was set. */
void succession_init(struct succession *succession);

/* Forget how the last one ended: its version may be gone. */
void succession_forget(struct succession *succession);

/* Begin; `version` is ready. */
void succession_begin(struct succession *succession, struct version *version,
                      struct version *before);

/* Give up; `ended` does not follow. Not while something is claimed, unless the whole is torn down. */
bool succession_may_stop(const struct succession *succession);
void succession_stop(struct succession *succession);

/* After it ended well: the version's controllers are those of the loop, and those that it does not have
 * any more are gone. They are neither live nor lost yet. */
void succession_install(struct succession *succession);

#endif
