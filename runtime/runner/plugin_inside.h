/* Inside a plugin: its record, as the files share it that make it: what its file holds (plugin_content.c) and
 * what serves (plugin.c). */
#ifndef RUNNER_PLUGIN_INSIDE_H
#define RUNNER_PLUGIN_INSIDE_H

#include "runner/intake.h"
#include "runner/plugin.h"
#include "runner/standing.h"
#include "runner/versions.h"

struct plugin {
    struct plugin_options options;
    char *file;
    struct intake intake;
    struct versions versions;
    struct standing standing;
    struct telling telling;
    struct task step;

    enum { FILE_HERE, FILE_GONE } presence;
    enum purpose purpose;                         /* of the candidate */
    enum { FILE_AS_TRIED, FILE_CHANGED } content; /* since the candidate was made of it */
    struct loaded wanted; /* came while something was claimed; path NULL: nothing */

    char *previous; /* content to roll back to while who serves is not proven; NULL: none */
    enum { FALLBACK_OPEN, FALLBACK_TRIED } fallback;
    enum { RECALL_NONE, RECALL_LAST_GOOD, RECALL_PREVIOUS } recall; /* under way */
    struct alarm good;

    enum { WAY_KEPT, WAY_WANTED, WAY_MADE } way; /* for another file; made: or about to be */
    char *way_message;
    char *kept_out_by; /* the file that it was refused because of; NULL: not known */

    unsigned turns;      /* how often another version took over */
    struct task *closed; /* plugin_close */
    struct task intake_closed;
    size_t closing;
};

static inline struct version *plugin_serving(const struct plugin *plugin)
{
    return plugin->versions.serving;
}

/* --- plugin.c ------------------------------------------------------------------------------------ */

void plugin_step_soon(struct plugin *plugin);
void plugin_tell(struct plugin *plugin); /* of what serves; nothing where nothing does */

/* Make `content` (taken over) the candidate; there is none. */
void plugin_try(struct plugin *plugin, struct loaded *content, enum purpose purpose);

/* What was tried with content `hash` will not serve. */
void plugin_refuse(struct plugin *plugin, const char *hash, enum tend_code code,
                   const char *reason);

/* It is refused because of that file; NULL: not because of any. Copied. */
void plugin_set_kept_out(struct plugin *plugin, const char *file);

/* Where nothing serves, bring back what went well last; false where that is not to be. */
bool plugin_fall_back(struct plugin *plugin);

/* --- plugin_content.c ----------------------------------------------------------------------------- */

extern const struct intake_ops plugin_intake_ops;

/* Take what came while something was claimed, where nothing is any more. */
void plugin_take_wanted(struct plugin *plugin);

#endif
