/* A record of everything that SQLite does to its files, taken by a VFS that sits on the default one.
 *
 * What counts is what the kernel is asked for: writes, truncations, syncs, creations and deletions, in
 * order. The shared memory file is passed through unrecorded: it does not survive a crash. Notes of the
 * workload (this was submitted, this was acknowledged) stand in the same order.
 */
#ifndef STORE_CRASH_CRASH_LOG_H
#define STORE_CRASH_CRASH_LOG_H

#include <stddef.h>
#include <stdint.h>

enum crash_kind {
    CRASH_CREATE, /* durable with the file's first sync: SQLite's VFS syncs the directory then */
    CRASH_WRITE,
    CRASH_TRUNCATE,
    CRASH_SYNC,
    CRASH_DELETE,
    CRASH_SYNC_DIRECTORY,
    CRASH_NOTE,
};

/* What the workload says of itself. */
enum crash_note { NOTE_SUBMITTED, NOTE_ACKED, NOTE_OLDEST_MAY_BE, NOTE_OLDEST_IS, CRASH_NOTES };

struct crash_op {
    enum crash_kind kind;
    unsigned file;        /* index of crash_log.files */
    int64_t offset;       /* of a write; the size, of a truncation; the value, of a note */
    size_t len;           /* of a write */
    unsigned char *bytes; /* of a write */
    enum crash_note note;
};

/* The nth write, truncation or sync from when it was set answers `rc` instead of being done. */
struct crash_fault {
    enum crash_kind kind;
    unsigned nth; /* from 1; 0: none */
    int rc;       /* SQLITE_FULL, SQLITE_IOERR_FSYNC ... */
    enum { FAULT_ONCE, FAULT_STAYS } lasts;
    unsigned seen, hits;
};

enum { CRASH_FILES_MAX = 64, CRASH_NAME_MAX = 32 };

struct crash_log {
    struct crash_op *ops;
    size_t count, capacity;
    /* Each file that ever was; a name that is deleted and made again is another file. */
    struct {
        char name[CRASH_NAME_MAX];
        enum { FILE_THERE, FILE_DELETED } state;
        enum { FILE_MADE_BEFORE, FILE_MADE_HERE } origin;
    } files[CRASH_FILES_MAX];
    unsigned file_count;
    const char
        *ignore_sync_of; /* a disk that lies about files whose name ends so; NULL: it is honest */
    struct crash_fault fault;
    struct crash_vfs *vfs;
};

/* Registers the VFS `name` (static) that records into `log`. Aborts where SQLite refuses. */
void crash_log_init(struct crash_log *log, const char *name);
void crash_log_done(struct crash_log *log);

void crash_log_note(struct crash_log *log, enum crash_note note, int64_t value);

#endif
