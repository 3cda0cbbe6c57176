/* Inside the set of files: its record, as the files share it that make it. */
#ifndef HOST_PLUGINS_INSIDE_H
#define HOST_PLUGINS_INSIDE_H

#include "base/folder.h"
#include "host/leftovers.h"
#include "host/plugins.h"
#include "host/retries.h"
#include "runner/plugin.h"

struct entry {
    struct list link; /* in none while it closes */
    struct plugins *plugins;
    struct plugin *plugin;
    size_t folder;  /* index */
    unsigned turns; /* that were seen */
    enum { WAS_ABSENT, WAS_PRESENT } seen;
    struct task closed;
};

struct watched {
    struct folder folder;
    struct plugins *plugins;
    enum { LIST_IDLE, LIST_RUNNING, LIST_AGAIN } phase;
    enum { LISTED_NEVER, LISTED_ONCE } listed;
    /* the job's, while it runs */
    char *path; /* the folder may be closed meanwhile */
    struct job job;
    struct folder_files files;
    enum tend_code code;
    struct error err;
};

struct plugins {
    struct plugins_options options;
    struct watched *folders;
    char *copies;        /* the folder of private copies */
    struct list entries; /* by folder and name */
    size_t count;
    struct task step;
    enum { FIRST_PASS, SETTLED } phase;

    struct leftovers leftovers;
    struct retries retries;
    enum { TIDY, UNTIDY } tidiness;         /* of the copies */
    enum { WAY_CLEAR, WAY_BEING_MADE } way; /* for a file that is to tend a kind */

    struct task *closed; /* what plugins_close was given */
    size_t closing;
};

static inline struct entry *plugins_entry(struct list *link)
{
    return CONTAINER_OF(link, struct entry, link);
}

#endif
