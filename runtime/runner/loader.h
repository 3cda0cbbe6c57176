/* From a plugin's or script's file to a private copy that can be loaded.
 *
 * A file that somebody may write while it is mapped changes running code, and one that is half
 * there kills whoever loads it. So the file is looked at through one descriptor (a plain file of
 * root's or ours, not writable by others, in such a folder), read whole, judged by its suffix
 * (.so: protocol/elf.h), and copied under a name that is its SHA-256 and that suffix: never
 * overwritten, and the same content is the same name. Everything here blocks: it is for jobs, of
 * one lane. [worker]
 */
#ifndef RUNNER_LOADER_H
#define RUNNER_LOADER_H

#include "base/error.h"
#include "base/sha256.h"

struct loaded {
    char hash[SHA256_HEX];
    char *path; /* of the copy; the owner frees it */
};

/* Copy `file` into the folder `copies`, which is ours alone and is there.
 *
 * TEND_NOT_FOUND where there is no such file; TEND_DENIED where it, or its folder, is another's or
 * open to others; TEND_INVALID where it is no plugin; TEND_UNAVAILABLE where it is not complete or
 * being written: it may be later; TEND_LIMIT, TEND_IO. Each with one sentence that says why and what
 * to do. */
NODISCARD enum tend_code loader_take(const char *file, const char *copies,
                                     struct loaded *ret_loaded, struct error *err);

/* The copy of content `hash` that was taken from `file` once. TEND_NOT_FOUND where it is not there
 * any more, TEND_CORRUPT where it is not what its name says. */
NODISCARD enum tend_code loader_recall(const char *file, const char *hash, const char *copies,
                                       struct loaded *ret_loaded, struct error *err);

/* A copy of the copy at `path`, which is made where nothing was ever loaded from: "HASH.NUMBER.so", beside it.
 * Its name; and it. [any thread] */
char *loader_another_name(const char *path, unsigned number);
NODISCARD enum tend_code loader_make_another(const char *path, const char *another,
                                             struct error *err);

/* Remove every copy whose hash is not one of `keep`, and what a crash left half written. */
void loader_tidy(const char *copies, const char *const *keep, size_t count);

void loaded_done(struct loaded *loaded);

#endif
