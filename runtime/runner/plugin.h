/* A plugin as the host knows it: a worker, what it says of itself, and the controllers that this makes.
 *
 *     opened --up--> claiming --> live --down--> lost --up--> live ...
 *       |               |
 *       +--> refused <--+
 *
 * When its worker is first up, the plugin claims what its descriptor declares, in one set: the
 * CustomResourceDefinition of each kind that it carries (created where there is none, changed only where
 * this controller created it, see annotation tend.dev/defined-by), and a Controller object (tend.dev/v1)
 * for each of its controllers, whose spec.owns puts the state machine in force. Only then are its
 * controllers added to the loop. What cannot be claimed (another controller owns the kind, a broken
 * definition, an incompatible change) refuses the whole plugin, and nothing of it is left half done.
 *
 * Where the worker comes from (a runner process, or an engine inline) makes no difference here. [core]
 */
#ifndef RUNNER_PLUGIN_H
#define RUNNER_PLUGIN_H

#include "admission/admission.h"
#include "base/world.h"
#include "controller/controller.h"

struct plugin;

enum plugin_phase { PLUGIN_STARTING, PLUGIN_LIVE, PLUGIN_LOST, PLUGIN_REFUSED };

struct plugin_options {
    struct world *world; /* its log is written to */
    struct store *store;
    struct admission *gate;
    struct loop *loop;
    struct worker *worker;   /* outlives the plugin; not started yet, its listener is set here */
    const char *file, *hash; /* what people are shown; copied */
    void (*changed)(struct plugin *plugin, void *owner); /* its phase did; may be NULL */
    void *owner;
};

struct plugin *plugin_open(const struct plugin_options *options);

/* Its controllers are removed from the loop; their objects and Controller objects stay. NULL allowed. */
void plugin_close(struct plugin *plugin);

enum plugin_phase plugin_phase(const struct plugin *plugin);
const char *plugin_file(const struct plugin *plugin);

/* Does it have a controller of that name? */
bool plugin_has(const struct plugin *plugin, struct text controller);

/* Say that the plugin in `file` was refused before there was a worker: on a Controller object named
 * after the file, by an Event, and in the log. `call` is the caller's, as for admission_submit; its
 * `answered` is set here. */
struct plugin_refusal {
    struct admission_call call;
    struct arena arena;
};
void plugin_refuse_file(struct plugin_refusal *refusal, struct world *world, struct admission *gate,
                        const char *file, const char *hash, const char *reason);
void plugin_refusal_done(struct plugin_refusal *refusal);

#endif
