/* Files that are in each other's way: who is to tend a kind, who leaves for whom, and that both say so. [core] */
#ifndef HOST_RIVALS_H
#define HOST_RIVALS_H

#include "host/plugins_inside.h"

/* As in struct plugin_keeper, for the plugin of `entry`. */
enum pin rivals_pinned(const struct entry *entry, const char *kind, const char **ret_file);
void rivals_make_way(const struct entry *entry, const char *kind, const char *file);

/* Has a file just left for another one? Whoever is ready may claim. */
bool rivals_way_is_made(struct plugins *plugins);

/* `entry` is not there any more, or refused: look at the files that it kept out. */
void rivals_look(const struct entry *entry);

/* Tell each file that serves who wants the same. */
void rivals_tell(struct plugins *plugins);

/* Tell of names in the configuration that no folder has; once. */
void rivals_tell_missing(const struct plugins *plugins);

#endif
