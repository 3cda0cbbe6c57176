/* Everything is judged on the descriptor that was opened, never on the name again: between two
 * looks at a name it may be another file. */
#include "base/plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

/* Is it root's or ours, and writable by nobody else? */
static enum tend_code check_owner(const struct stat *found, const char *path, struct error *err)
{
    if (found->st_uid != 0 && found->st_uid != geteuid()) {
        return FAIL(err, TEND_DENIED, "%s belongs to another user (uid %u); chown it", path,
                    (unsigned)found->st_uid);
    }
    if ((found->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return FAIL(err, TEND_DENIED, "%s can be written by others; chmod go-w it", path);
    }
    return TEND_OK;
}

static enum tend_code check_folder(const char *file, struct error *err)
{
    CLEANUP(freep) char *copy = alloc_dup(file);
    const char *folder = dirname(copy);
    CLEANUP(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat found;
    if (fd < 0 || fstat(fd, &found) != 0) {
        return FAIL(err, errno == ENOENT ? TEND_NOT_FOUND : TEND_IO, "cannot open %s: %s", folder,
                    strerror(errno));
    }
    return check_owner(&found, folder, err);
}

static enum tend_code open_file(const char *file, const char *what, size_t most, int *ret_fd,
                                struct stat *ret_found, struct error *err)
{
    CLEANUP(close_fd) int fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP) {
        return FAIL(err, TEND_DENIED, "%s is a link; %s are plain files", file, what);
    }
    if (fd < 0 || fstat(fd, ret_found) != 0) {
        enum tend_code code = errno == ENOENT ? TEND_NOT_FOUND : TEND_IO;
        return FAIL(err, code, "cannot open %s: %s", file, strerror(errno));
    }
    if (!S_ISREG(ret_found->st_mode)) {
        return FAIL(err, TEND_DENIED, "%s is not a plain file", file);
    }
    TRY(check_owner(ret_found, file, err));
    if ((uint64_t)ret_found->st_size > most) {
        return FAIL(err, TEND_LIMIT, "%s is larger than %zu MiB", file, most / MIB);
    }
    *ret_fd = fd;
    fd = -1;
    return TEND_OK;
}

/* The whole of `fd`, and that it did not change meanwhile. */
static enum tend_code read_whole(int fd, const char *file, const struct stat *before,
                                 struct buffer *out, struct error *err)
{
    struct stat after;
    ssize_t got = 1;
    while (got > 0) {
        char *space = buffer_reserve(out, 64 * KIB);
        got = space == NULL ? 0 : read(fd, space, 64 * KIB);
        out->len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || fstat(fd, &after) != 0) {
        return FAIL(err, TEND_IO, "cannot read %s: %s", file, strerror(errno));
    }
    if (out->full || (uint64_t)after.st_size != out->len || after.st_size != before->st_size ||
        after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != before->st_mtim.tv_nsec) {
        return FAIL(err, TEND_UNAVAILABLE, "%s is being written", file);
    }
    return TEND_OK;
}

enum tend_code plain_file_read(const char *path, const char *what, size_t most, struct buffer *out,
                               struct error *err)
{
    CLEANUP(close_fd) int fd = -1;
    struct stat found;
    TRY(open_file(path, what, most, &fd, &found, err));
    return read_whole(fd, path, &found, out, err);
}

enum tend_code plain_file_take(const char *path, const char *what, size_t most, struct buffer *out,
                               struct error *err)
{
    TRY(check_folder(path, err));
    return plain_file_read(path, what, most, out, err);
}
