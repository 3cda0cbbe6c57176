/* A controller file that is written in Lua 5.4, as a plugin of the contract.
 *
 * What a compiled plugin says in a table of structs, a script says in Lua; this room reads it and makes
 * those structs, whose functions run the script. It stands on include/tend/plugin.h alone, so whatever a
 * script can do a compiled plugin can do, and a gap in the contract shows here. What scripts see is
 * described in scripts/README.md.
 *
 * Each run is a coroutine: where a script waits (get, sleep, http, ...) its run yields, and others go on.
 * A script reaches nothing but what is given to it here: no files, no processes, no network. It is bounded
 * in memory, in processor time without a wait, and in what a run asks and writes (base/limits.h): first its run
 * is ended, with a traceback and whatever it catches; what cannot be ended so (a pattern that goes on
 * forever) ends its process, by script_host.die.
 *
 * One thread, which opens, runs and closes it.
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include <tend/plugin.h>

#include "base/error.h"
#include "base/text.h"

struct script;

struct script_host {
    /* The process has to end, now: `why` is a sentence. Called from a signal handler, on the thread of
     * the script, and does not return. */
    void (*die)(void *owner, const char *why);
    /* The process should be replaced when nothing of it is under way: its memory is used up. */
    void (*recycle)(void *owner, const char *why);
    void *owner;
};

struct script_options {
    const char *name; /* "labinstance": what a controller is called that does not say */
    const char *file; /* "labinstance.lua": in sentences and tracebacks; copied */
    struct text source;
    struct text config; /* JSON: what the script finds as `config`; empty: {} */
    struct script_host host;
};

/* Read the script and run its declarations. TEND_INVALID with one sentence (file, line and what is wrong)
 * where it is none, declares nothing or something that makes no sense. */
NODISCARD enum tend_code script_open(const struct script_options *options,
                                     struct script **ret_script, struct error *err);

/* What it declares, as a plugin: valid until the script is closed. */
const struct tend_plugin *script_plugin(const struct script *script);

/* Runs that wait are dropped. NULL is allowed. */
void script_close(struct script *script);

#endif
