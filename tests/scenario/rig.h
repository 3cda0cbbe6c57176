/* The whole host in virtual time: the production rooms, the labinstance plugin (or script) as it is shipped,
 * a disk in memory. What happens to labs is written down as it becomes durable:
 *
 *     rig_lab(&rig, "lab-1", "provisionSeconds: 5");
 *     rig_advance(&rig, "1h");
 *     CHECK_TEXT(rig_life(&rig, "lab-1"), "0s pending, 0s provisioning, 5s ready");
 *
 * Times count from rig_new.
 */
#ifndef SCENARIO_RIG_H
#define SCENARIO_RIG_H

#include "base/buffer.h"
#include "host/assembly.h"
#include "runner/plugin.h"
#include "sim/inline_maker.h"
#include "sim/virtual_world.h"
#include "store/backends/memory.h"
#include "support/suite.h"

/* What it may be new with. */
#define RIG_COMPILED     TEND_BUILD "/plugins/labinstance.so"
#define RIG_SCRIPT(name) TEND_TESTS "/../scripts/" name ".lua"
#ifndef RIG_NEW
#    define RIG_NEW RIG_COMPILED
#endif

struct rig {
    const char *file; /* the plugin or script */
    struct virtual_world v;
    struct memory_disk *disk;
    struct assembly rooms;
    struct loop_options loop;
    struct store_options store;  /* for the next start; `fatal` is the rig's */
    int fatals, fatals_expected; /* commits of which nobody knows whether they are on the disk */
    struct inline_maker maker;   /* maker.latest is NULL: no plugin is up */
    struct plugin *plugin;
    struct task closed;
    char folder[64]; /* of copies */
    struct store_listener listener;
    int64_t seen;        /* revision that `lives` is written up to */
    struct buffer lives; /* "NAME TIME STATE\n" for each change of state, deletions included */
    struct buffer
        trace; /* "TIME NAME STATUS\n" for each row of a lab, "TIME event ...\n" of an event */
    struct buffer log;
    struct log sink;
    char answer[4096];
};

enum rig_plugin { RIG_WITHOUT_PLUGIN, RIG_WITH_PLUGIN };

void rig_new(struct rig *rig); /* and up, with the plugin */
void rig_new_with(struct rig *rig, const char *file);
void rig_free(struct rig *rig);

/* Down as by SIGTERM, and up again on the same disk. */
void rig_down(struct rig *rig);
void rig_up(struct rig *rig, enum rig_plugin with);

/* As after kill -9: nothing is told, and what was on its way to the disk did not get there. */
void rig_crash(struct rig *rig);

/* rig_up without waiting: the rest happens in steps of rig->v. */
void rig_start(struct rig *rig, enum rig_plugin with);

/* Apply YAML as a client; the answer's sentence, "" where all is well. */
const char *rig_apply(struct rig *rig, const char *yaml);

/* Write to lab `name` as `writer`, with a body in YAML; the answer's sentence. */
const char *rig_write(struct rig *rig, struct admission_writer writer, enum admission_verb verb,
                      const char *name, const char *yaml);

/* Apply a LabInstance with the lines of `spec` (in flow form: "duration: 5m, retries: 0"). */
void rig_lab(struct rig *rig, const char *name, const char *spec);

/* Delete a LabInstance as a client. */
void rig_delete(struct rig *rig, const char *name);

/* Let "1h30m" pass. */
void rig_advance(struct rig *rig, const char *duration);

/* The states of a lab so far: "0s pending, 0s provisioning, 5s ready, 1h5s gone". */
const char *rig_life(struct rig *rig, const char *name);

/* A text or number of the lab, "" where there is none. */
const char *rig_field(struct rig *rig, const char *name, const char *path);

/* Is there an Event with that reason about the lab? */
bool rig_event(struct rig *rig, const char *name, const char *reason);

#endif
