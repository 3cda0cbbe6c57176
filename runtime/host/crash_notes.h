/* What ended a host from the inside: for each content that runs inline, a file DATA/inline/HASH, into which a
 * handler of fatal signals writes what happened and in a run over which object. The next host reads it, and gives
 * that content a process. The handler leaves everything else as it was: the core dump is that of the fault.
 *
 * Not every end can be noted: there is SIGKILL, _exit, a stack that is full; and a host that was killed by people
 * or lost its power looks the same. So the file is there from before the content is loaded ("inline 1") until it is
 * closed or the host ends by itself. Left behind with no more than that, it counts: when INLINE_SILENT_ENDS hosts in
 * a row ended so, each within INLINE_PROVEN_MS, the content gets a process. Where the note of another content says what
 * ended that host, it does not count.
 *
 * A file that cannot be read as a note is put aside, and its content gets a process.
 */
#ifndef HOST_CRASH_NOTES_H
#define HOST_CRASH_NOTES_H

#include <signal.h>

#include "base/error.h"
#include "base/map.h"
#include "base/sha256.h"

enum { CRASH_SIGNALS = 6 };

struct crash_notes {
    char *folder;     /* NULL: nothing is noted */
    struct map known; /* by hash: what happened, and whether it is in use */
    size_t armed;     /* crash_desk.h has these */
    struct sigaction before[CRASH_SIGNALS];
};

/* Read what earlier hosts left; `folder` (copied; NULL: nothing is noted) is made when it is needed. [core] */
void crash_notes_open(struct crash_notes *notes, const char *folder);
void crash_notes_done(struct crash_notes *notes);

/* Why that content may not be inline; NULL: it may. [core] */
const char *crash_notes_find(const struct crash_notes *notes, const char *hash);

/* It is not to be inline any more, or may be again. [core] */
void crash_notes_add(struct crash_notes *notes, const char *hash, const char *what);
void crash_notes_forget(struct crash_notes *notes, const char *hash);

/* Around the life of each thread that has the content: it is in use, and that it was is on the disk. The file stays
 * until the last one of the same content is gone. [core] */
void crash_notes_use(struct crash_notes *notes, const char *hash);
void crash_notes_unuse(struct crash_notes *notes, const char *hash);

/* It has been inline for INLINE_PROVEN_MS: an end without a word is not counted any more. [core] */
void crash_notes_went_well(struct crash_notes *notes, const char *hash);

/* The host ends by itself, also where contents are in use still. [core] */
void crash_notes_end(struct crash_notes *notes);

/* Open the file at `path`, where it is one: never through a link, never waiting; -1: errno says why. [any thread] */
int crash_notes_file(const char *path, int flags);

#endif
