/* The backend that keeps its rows in memory: for tests, simulation, and throw-away hosts.
 *
 * The rows live on a `memory_disk`, which outlives the backend as a file would: a store can be closed,
 * or left behind as after a crash, and opened again on the same disk. The disk can be told to fail.
 */
#ifndef STORE_BACKENDS_MEMORY_H
#define STORE_BACKENDS_MEMORY_H

#include "store/backend.h"

struct memory_disk;

struct memory_disk *memory_disk_new(void);
void memory_disk_free(struct memory_disk *disk); /* NULL is allowed; no backend is open on it */

/* Opens on `disk`, or on one of its own where that is NULL. Never fails. */
struct backend *memory_backend_open(struct memory_disk *disk);

/* Let the `nth` append from now (1: the next) fail. TEND_UNAVAILABLE: it and all later ones fail, as
 * does recover, until memory_disk_mend(). TEND_IO: its rows are on the disk all the same.  [any thread] */
void memory_disk_fail(struct memory_disk *disk, unsigned nth, enum tend_code code);
void memory_disk_mend(struct memory_disk *disk);

/* Room for `bytes` of documents in the log (0: no limit). STORE_SHRINKS may go beyond.  [any thread] */
void memory_disk_limit(struct memory_disk *disk, int64_t bytes);

/* How many appends the disk has seen, failed ones included.  [any thread] */
unsigned memory_disk_appends(struct memory_disk *disk);

#endif
