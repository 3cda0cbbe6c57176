/* A plugin or script file as the host knows it: what it holds now, what serves, and how the one becomes the
 * other.
 *
 *     file --intake--> content --candidate--> ready --succession--> serving --drain--> gone
 *                         |                     |          |           |
 *                         +---------------------+----------+           +--fails--> the version before
 *                                refused: who serves goes on
 *
 *   1  A candidate is proven beside the version that serves; whatever is wrong with it, it is refused with
 *      one sentence, and the other one goes on, untouched.
 *   2  At any time one version at the most is given new runs. What the version before has under way ends
 *      there, or is run again.
 *   3  A version that fails before it ever went well is rolled back to the one before, and its content
 *      is not tried again until the file changes, or somebody asks for it.
 *   4  At start, where the file is refused, the content that went well last serves.
 *   5  A file that is gone is not served: its controllers leave, its objects and their Controllers stay.
 *
 * It goes live where its controllers are there: their kinds and machines are claimed (runner/claim.h) before.
 * What happens is told on the Controllers, by Events and in the log (runner/telling.h). Where its workers
 * come from makes no difference here. [core]
 */
#ifndef RUNNER_PLUGIN_H
#define RUNNER_PLUGIN_H

#include "admission/admission.h"
#include "base/world.h"
#include "controller/loop.h"
#include "runner/pin.h"
#include "runner/worker_maker.h"
#include "store/store.h"

struct plugin;

enum plugin_phase {
    PLUGIN_STARTING, /* nothing serves yet, and it is not known whether anything will */
    PLUGIN_LIVE,
    PLUGIN_LOST,    /* its worker is down, for now */
    PLUGIN_WAITING, /* nothing serves: the file is half there */
    PLUGIN_REFUSED, /* nothing serves */
    PLUGIN_OFF,     /* nothing serves, as its settings say */
    PLUGIN_GONE,    /* nor will anything: there is no file. It may be closed */
};

/* When was the file found? Only a host that comes up falls back on what went well before. */
enum plugin_entry { PLUGIN_AT_START, PLUGIN_DROPPED };

/* Whoever keeps the files; each may be NULL. */
struct plugin_keeper {
    /* Something did; not from inside a call. It may not be closed there. */
    void (*changed)(struct plugin *plugin, void *owner);
    /* The other file that is loaded with that content, NULL: none. */
    const char *(*holder)(const struct plugin *plugin, const char *hash, void *owner);
    /* Is it its turn to claim? Otherwise it is poked when it may be. */
    bool (*may_claim)(const struct plugin *plugin, void *owner);
    /* Who is to tend `kind`? *ret_file: of PIN_OTHERS, which file; borrowed. */
    enum pin (*pinned)(const struct plugin *plugin, const char *kind, void *owner,
                       const char **ret_file);
    /* It is to tend `kind`, could, and `file` does: that is to leave (plugin_make_way), and may_claim to be
     * false until it has. Then it is poked. */
    void (*wants_way)(const struct plugin *plugin, const char *kind, const char *file, void *owner);
};

struct plugin_options {
    struct world *world; /* its log is written to */
    struct store *store;
    struct admission *gate;
    struct loop *loop;
    struct worker_maker *maker; /* all of these outlive it */
    const char *file;           /* absolute; copied */
    const char *copies;         /* the folder of private copies; outlives it */
    enum plugin_entry entry;
    struct plugin_settings settings; /* its `config` outlives it */
    const struct plugin_keeper *keeper;
    void *owner;
};

/* Nothing happens before the first look. */
struct plugin *plugin_open(const struct plugin_options *options);

/* Its file is there, was changed, or is gone. */
void plugin_look(struct plugin *plugin);

/* Try what the file holds, also where that was rolled back. What serves already serves on. */
void plugin_retry(struct plugin *plugin);

/* What it waits for may have come. */
void plugin_poke(struct plugin *plugin);

/* It leaves what it serves, because another file, `rival`, is to tend `kind`. Then it is refused; a look tries it
 * anew. Nothing where nothing serves. */
void plugin_make_way(struct plugin *plugin, const char *kind, const char *rival);
bool plugin_is_making_way(const struct plugin *plugin); /* or leaves for another reason */

/* What is told of other files that want what it serves: a sentence; "": there are none. Copied. */
void plugin_contest(struct plugin *plugin, const char *message);

/* End it: its controllers leave the loop at once, their objects and Controllers stay as they are. `closed`
 * runs, in a later step, when its workers are gone and the memory freed. */
void plugin_close(struct plugin *plugin, struct task *closed);

enum plugin_phase plugin_phase(const struct plugin *plugin);
const char *plugin_file(const struct plugin *plugin);

/* Does a controller of that name serve from here? */
bool plugin_has(const struct plugin *plugin, struct text controller);

/* Is it loaded with that content, or about to be? */
bool plugin_holds(const struct plugin *plugin, const char *hash);

/* Is it refused, or does it make way, because the host is told so? */
bool plugin_is_pinned_out(const struct plugin *plugin);

/* Is it refused because of another file? A look is worth while when that one changed. */
bool plugin_is_blocked(const struct plugin *plugin);
const char *plugin_kept_out_by(
    const struct plugin *plugin); /* that file; NULL: none, or not known */

/* Does it serve, or may it come to that, as things are? */
bool plugin_is_present(const struct plugin *plugin);

/* How often another version has taken over here. */
unsigned plugin_turns(const struct plugin *plugin);

/* Does it wait for its first turn to claim, or may yet come to that? */
bool plugin_has_to_claim(const struct plugin *plugin);
bool plugin_is_ready(const struct plugin *plugin); /* only its turn is missing */

/* The contents whose copies it needs, at most PLUGIN_HASHES of them, borrowed; false where a copy is being
 * made that is not among them. */
enum { PLUGIN_HASHES = 6 };
bool plugin_hashes(const struct plugin *plugin, const char **ret_hashes, size_t *ret_count);

#endif
