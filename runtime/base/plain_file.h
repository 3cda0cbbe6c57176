/* Files that nobody but root and we can change: what is loaded into a process must be one.
 *
 * A file is looked at through one descriptor: no link, a plain file, of root's or ours, not writable by
 * others, and as it was when it had been read. All of it blocks. [any thread]
 */
#ifndef BASE_PLAIN_FILE_H
#define BASE_PLAIN_FILE_H

#include "base/buffer.h"
#include "base/error.h"

/* Read the whole of `path` into `out`, whose maximum leaves 64 KiB beyond `most` bytes. `what` is what such
 * files are called in sentences: "plugins".
 *
 * TEND_NOT_FOUND where there is none; TEND_DENIED where it is another's, open to others or no plain file;
 * TEND_UNAVAILABLE where it is being written; TEND_LIMIT, TEND_IO. Each with one sentence that says why
 * and what to do. */
NODISCARD enum tend_code plain_file_read(const char *path, const char *what, size_t most,
                                         struct buffer *out, struct error *err);

/* The same, and its folder is judged as well: who can write there can put another file in its place. */
NODISCARD enum tend_code plain_file_take(const char *path, const char *what, size_t most,
                                         struct buffer *out, struct error *err);

#endif
