/* The backend that keeps its rows in one SQLite file.
 *
 *     DIRECTORY/           0700
 *       LOCK               held by flock for as long as the backend is open; names the process
 *       state.db           the log, and the live objects as of some revision; plus -wal and -shm
 *       RESERVE            space set aside, so that objects can be deleted when the disk is full
 *
 * Commits are durable against loss of power: WAL with synchronous=FULL (sqlite.org/wal.html,
 * sqlite.org/pragma.html). One connection does every write and every checkpoint; pages are read over a
 * second, read-only one. Nothing else in the process may open state.db or its companions: closing any
 * descriptor of theirs drops SQLite's locks (sqlite.org/howtocorrupt.html, 2.2).
 *
 * The file is open to inspection (`sqlite3 -readonly state.db`); changing it under a running host is
 * found out by checksums at the latest when the row is next read.
 */
#ifndef STORE_BACKENDS_SQLITE_H
#define STORE_BACKENDS_SQLITE_H

#include "store/backend.h"

struct sqlite_options {
    const char *directory; /* made where it is missing, with its parents */
    const char *vfs;       /* a registered SQLite VFS; NULL: the default */
};

/* Open, and make what is missing. Blocks.
 *
 * TEND_UNAVAILABLE: another process holds the directory; the sentence names both. TEND_INVALID: the
 * file is no database of tend, or of a newer one. TEND_CORRUPT: it is damaged. TEND_DENIED, TEND_IO:
 * the operating system refuses. A full disk is no failure: what is there can be read and deleted. */
NODISCARD enum tend_code sqlite_backend_open(const struct sqlite_options *options,
                                             struct backend **ret_backend, struct error *err);

#endif
