/* The guard is flock on a file of its own. SQLite's own locks are POSIX locks: they belong to the
 * process and vanish when any descriptor of the file is closed, so they cannot keep a second host out
 * for certain. flock belongs to the open file, is dropped by the kernel however the process ends, and
 * the descriptor is close-on-exec, so that no child holds it on. */
#include "store/backends/data_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/text.h"

static enum tend_code os_fail(struct error *err, const char *directory, const char *what)
{
    int number = errno;
    bool denied = number == EACCES || number == EPERM || number == EROFS;
    return FAIL(err, denied ? TEND_DENIED : TEND_IO, "%s: cannot %s: %s", directory, what,
                strerror(number));
}

/* --- the directory ----------------------------------------------------------------------------- */

/* The entry of a new directory is durable when its parent is synced. */
static enum tend_code sync_parent(char *path, struct error *err)
{
    char *slash = strrchr(path, '/');
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;
    if (slash != NULL && slash != path) {
        *slash = '\0';
    }
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 ? -1 : fsync(fd);
    enum tend_code code = failed == 0 ? TEND_OK : os_fail(err, parent, "sync it");
    if (fd >= 0) {
        close(fd);
    }
    if (slash != NULL) {
        *slash = '/';
    }
    return code;
}

static enum tend_code make_one(char *path, struct error *err)
{
    if (mkdir(path, 0700) == 0) {
        return sync_parent(path, err);
    }
    return errno == EEXIST ? TEND_OK : os_fail(err, path, "make this directory");
}

static enum tend_code make_path(const char *path, struct error *err)
{
    CLEANUP(freep) char *whole = alloc_dup(path);
    for (char *slash = strchr(whole + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TRY(make_one(whole, err));
        *slash = '/';
    }
    return make_one(whole, err);
}

/* --- the guard --------------------------------------------------------------------------------- */

static enum tend_code held(const struct data_directory *directory, int fd, struct error *err)
{
    char pid[32] = "";
    ssize_t got = pread(fd, pid, sizeof pid - 1, 0);
    size_t len = got > 0 ? strcspn(pid, "\n") : 0;
    if (len == 0) {
        return FAIL(err, TEND_UNAVAILABLE, "%s is in use by another tend", directory->path);
    }
    return FAIL(err, TEND_UNAVAILABLE,
                "%s is in use by another tend (process %.*s): stop it, or choose another directory",
                directory->path, (int)len, pid);
}

static bool holder_lives(int fd)
{
    char pid[32] = "";
    ssize_t got = pread(fd, pid, sizeof pid - 1, 0);
    long number = got > 0 ? strtol(pid, NULL, 10) : 0;
    return number <= 0 || kill((pid_t)number, 0) == 0 || errno != ESRCH;
}

/* A host that is killed while it starts a program leaves a child that is not that program yet: it holds what
 * its parent held, and is about to end. The next host may be there sooner. `guard` says whose it is. */
static bool lock_or_wait(int fd, int guard)
{
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK) {
            return false;
        }
        if (tries == LINGER_MS / LINGER_LOOK_MS || holder_lives(guard)) {
            errno = EWOULDBLOCK;
            return false;
        }
        poll(NULL, 0, LINGER_LOOK_MS);
    }
    return true;
}

/* The directory as well: LOCK can be removed under a host, by hand or by a script that takes it for a
 * leftover, and the next host would lock a new one. A file system that cannot lock directories (NFS)
 * leaves it at LOCK. */
static bool directory_is_free(const struct data_directory *directory)
{
    return lock_or_wait(directory->fd, directory->lock_fd) || errno != EWOULDBLOCK;
}

static enum tend_code take_guard(struct data_directory *directory, struct error *err)
{
    int fd = openat(directory->fd, "LOCK", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return os_fail(err, directory->path, "open its file LOCK");
    }
    if (!lock_or_wait(fd, fd)) {
        enum tend_code code = errno == EWOULDBLOCK ? held(directory, fd, err)
                                                   : os_fail(err, directory->path, "lock it");
        close(fd);
        return code;
    }
    directory->lock_fd = fd;
    if (!directory_is_free(directory)) {
        return held(directory, fd, err);
    }
    char pid[32];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* For people only: that it cannot be written (a full disk) takes nothing from the lock. */
    if (ftruncate(fd, 0) == 0) {
        ssize_t put = pwrite(fd, pid, (size_t)len, 0);
        (void)put;
    }
    return TEND_OK;
}

enum tend_code data_directory_init(struct data_directory *directory, const char *path,
                                   struct error *err)
{
    *directory = (struct data_directory){.fd = -1, .lock_fd = -1};
    if (path == NULL || path[0] == '\0') {
        return FAIL(err, TEND_INVALID, "the data directory has no name");
    }
    TRY(make_path(path, err));
    directory->path = alloc_dup(path);
    directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum tend_code code =
        directory->fd < 0 ? os_fail(err, path, "open this directory") : take_guard(directory, err);
    if (code != TEND_OK) {
        data_directory_done(directory);
    }
    return code;
}

void data_directory_done(struct data_directory *directory)
{
    if (directory->lock_fd >= 0) {
        close(directory->lock_fd);
    }
    if (directory->fd >= 0) {
        close(directory->fd);
    }
    free(directory->path);
    *directory = (struct data_directory){.fd = -1, .lock_fd = -1};
}

/* --- files ------------------------------------------------------------------------------------- */

enum tend_code data_directory_touch(struct data_directory *directory, const char *name,
                                    struct error *err)
{
    int fd = openat(directory->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? TEND_OK : os_fail(err, directory->path, "make a file in it");
    }
    close(fd);
    return fsync(directory->fd) == 0 ? TEND_OK : os_fail(err, directory->path, "sync it");
}

static enum tend_code fill(const struct data_directory *directory, int fd, off_t bytes,
                           struct error *err)
{
    errno = posix_fallocate(fd, 0, bytes);
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
        return FAIL(err, TEND_UNAVAILABLE, "%s: no space is left", directory->path);
    }
    if (errno != 0 || ftruncate(fd, bytes) != 0) {
        return os_fail(err, directory->path, "set space aside in it");
    }
    return TEND_OK;
}

enum tend_code data_directory_reserve(struct data_directory *directory, size_t bytes,
                                      struct error *err)
{
    struct stat before = {0};
    int fd = openat(directory->fd, "RESERVE", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &before) != 0) {
        return errno == ENOSPC || errno == EDQUOT
                   ? FAIL(err, TEND_UNAVAILABLE, "%s: no space is left", directory->path)
                   : os_fail(err, directory->path, "open its file RESERVE");
    }
    enum tend_code code = fill(directory, fd, (off_t)bytes, err);
    if (code != TEND_OK && (before.st_size == 0 || ftruncate(fd, before.st_size) != 0)) {
        data_directory_release(directory);
    }
    close(fd);
    return code;
}

void data_directory_release(struct data_directory *directory)
{
    unlinkat(directory->fd, "RESERVE", 0);
}
