/* Events about objects, as `events` and `describe` show them: oldest first, like the log of a program. */
#ifndef CLI_OCCURRENCES_H
#define CLI_OCCURRENCES_H

#include "cli/rows.h"

/* What to show. Texts may be empty: everything. */
struct occurrences {
    struct session *session;
    struct text namespace;
    struct text about_kind, about_name;
    bool shows_header, shows_namespace;
    int indent;        /* spaces before each line */
    char revision[32]; /* set: where the list was taken */
};

/* The target of the collection, with the selection. */
void occurrences_target(const struct occurrences *occurrences, struct buffer *target);

/* Print them, sorted by when they last happened. Says how many there were. */
NODISCARD enum tend_code occurrences_print(struct occurrences *occurrences, size_t *ret_count,
                                           struct error *err);

#endif
