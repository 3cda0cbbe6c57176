/* What ended a host from the inside: for each content that runs inline, a file DATA/inline/HASH, into which a
 * handler of fatal signals writes what happened and in a run over which object. The next host reads it, and gives
 * that content a process. The handler leaves everything else as it was: the core dump is that of the fault.
 *
 * Not every end can be noted: there is SIGKILL, _exit, a stack that is full; and a host that was killed by people
 * or lost its power looks the same. So the file is there from before the content is loaded ("inline 1") until it is
 * closed or the host ends by itself. Left behind with no more than that, it counts: when INLINE_SILENT_ENDS hosts in
 * a row ended so, each within INLINE_PROVEN_MS, the content gets a process.
 *
 * A file that cannot be read as a note is put aside, and its content gets a process.
 *
 * A crash is charged to the content whose thread it happened on, also where the content started that thread;
 * what it broke elsewhere first is nobody's. The handler is there while anything is inline.
 */
#ifndef HOST_CRASH_NOTES_H
#define HOST_CRASH_NOTES_H

#include <signal.h>

#include "base/error.h"
#include "base/map.h"
#include "base/sha256.h"
#include "base/text.h"
#include "protocol/page.h"

enum { CRASH_SIGNALS = 6, CRASH_RUNS = 64, CRASH_NAME_MAX = 160 };

struct crash_notes {
    char *folder;     /* NULL: nothing is noted */
    struct map known; /* by hash: what happened, and whether it is in use */
    size_t armed;
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

/* Around the life of each thread: the handler is there while there is one. [core] */
void crash_notes_arm(struct crash_notes *notes);
void crash_notes_disarm(struct crash_notes *notes);

/* What the handler finds, whichever thread crashes. [its thread, for what follows] */
struct crash_desk {
    uint64_t magic;
    const struct crash_notes *notes;
    const struct page *page; /* says which run it is; NULL: none any more */
    pid_t thread;            /* that runs calls */
    int fd;
    struct {
        uint64_t call;
        char object[CRASH_NAME_MAX];
    } runs[CRASH_RUNS];      /* the last ones that came, by number */
    struct crash_desk *next; /* whoever keeps it */
    char name[16];           /* of its threads */
    stack_t before;
    void *stack;
    char path[512];
};

/* Sit down: a crash of this thread, and of those that it starts, is noted for `hash`. TEND_IO: it is not. */
NODISCARD enum tend_code crash_desk_open(const struct crash_notes *notes, const char *hash,
                                         const struct page *page, struct crash_desk **ret_desk,
                                         struct error *err);

/* `call` will run, over `object` (canonical JSON). */
void crash_desk_takes(struct crash_desk *desk, uint64_t call, struct text object);

/* Threads that were started here, and those that they started, which run still. */
size_t crash_desk_threads(const struct crash_desk *desk);

/* NULL is allowed. Where such threads run on, what they do is noted still: then it is not freed, but returned,
 * and has to stay for as long as the process. */
struct crash_desk *crash_desk_close(struct crash_desk *desk);

#endif
