/* Folders of manifests as desired state: what a file says is applied at start and whenever a complete
 * file changes, in any order.
 *
 *   1  A file is applied as a set: all of it, or nothing. Definitions and namespaces go first, in a set
 *      of their own.
 *   2  A document is applied when it differs from what was last applied from that path. What was
 *      applied is kept in the store, as a Manifest object (tend.dev/v1) for each file, written in the
 *      same set as the objects: an object that was deleted since stays gone, over restarts as well,
 *      until the file changes or somebody applies it.
 *   3  A document whose kind or namespace is not there yet waits, says so, and is applied when it
 *      comes.
 *   4  A broken file changes nothing: the last good objects stay, and file, line, column and what was
 *      expected are reported on its Manifest, by an Event and in the log.
 *   5  Removing a file, or a document from a file, deletes nothing, and says so.
 *
 * Names that begin with '.' and files that end neither in .yaml, .yml nor .json are not looked at. Files
 * are read and parsed by LANE_READ. Folders are watched by inotify; where that is not to be had, or
 * loses something, they are listed again every FOLDER_RESCAN_MS. All functions: [core].
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include <stdbool.h>

#include "admission/admission.h"
#include "base/world.h"
#include "store/store.h"
#include "watch/watch.h"

struct manifests;

struct manifests_options {
    struct world *world; /* its log is written to */
    struct store *store;
    struct admission *gate;
    struct watch *watch;
    const char *const *folders; /* absolute paths; copied */
    size_t folder_count;
};

/* Begin: everything is read in later steps. TEND_IO where a folder cannot be read. */
NODISCARD enum tend_code manifests_open(const struct manifests_options *options,
                                        struct manifests **ret_manifests, struct error *err);

/* End; what is under way is not waited for. NULL is allowed. */
void manifests_close(struct manifests *manifests);

/* Nothing is being read or applied, and nothing was seen that still has to be. */
bool manifests_idle(const struct manifests *manifests);

#endif
