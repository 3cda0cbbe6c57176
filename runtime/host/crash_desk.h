/* What a handler of fatal signals finds of the content that runs on a thread, to write into its note
 * (crash_notes.h).
 *
 * A crash is charged to the content whose thread it happened on, also where the content started that thread;
 * what it broke elsewhere first is nobody's. On a thread that no content is known for, it is charged to the one that
 * is inline, and to all of them where there are several. The handler is there while anything is inline.
 */
#ifndef HOST_CRASH_DESK_H
#define HOST_CRASH_DESK_H

#include <sys/types.h>

#include "base/text.h"
#include "host/crash_notes.h"
#include "protocol/page.h"

enum { CRASH_RUNS = 64, CRASH_NAME_MAX = 160 };

/* Around the life of each thread: the handler is there while there is one. [core] */
void crash_desks_arm(struct crash_notes *notes);
void crash_desks_disarm(struct crash_notes *notes);

/* What the handler finds, whichever thread crashes. [its thread, for what follows] */
struct crash_desk {
    uint64_t magic;
    const struct crash_notes *notes;
    const struct page *page; /* says which run it is; NULL: none any more */
    pid_t thread;            /* that runs calls */
    pid_t process;
    int fd;
    dev_t device; /* of its file */
    ino_t inode;
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
