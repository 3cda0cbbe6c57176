/* Whether a socket's file is stale cannot be told by looking: a host may be about to listen. So each
 * host first takes a lock beside it, and whoever has the lock may remove what is there. */
#include "host/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/paths.h"

enum { BACKLOG = 128 };

static enum tend_code make_folder(const char *path, struct error *err)
{
    CLEANUP(freep) char *folder = alloc_dup(path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder) {
        return TEND_OK;
    }
    *slash = '\0';
    struct stat status;
    if (stat(folder, &status) != 0) {
        return paths_make_private(folder, err);
    }
    bool trusted = status.st_uid == geteuid() || status.st_uid == 0;
    bool open = (status.st_mode & 022) != 0 && (status.st_mode & S_ISVTX) == 0;
    if (!trusted || open) {
        return FAIL(err, TEND_DENIED,
                    "%s is another user's, or writable by others: choose another socket with "
                    "--socket",
                    folder);
    }
    return TEND_OK;
}

static enum tend_code take_lock(struct host_socket *sock, const char *path, struct error *err)
{
    size_t size = strlen(path) + 6;
    CLEANUP(freep) char *lock = alloc_new(size);
    snprintf(lock, size, "%s.lock", path);
    sock->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (sock->lock_fd < 0) {
        return FAIL(err, TEND_IO, "cannot open %s: %s", lock, strerror(errno));
    }
    if (flock(sock->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return FAIL(err, TEND_EXISTS,
                    "another host serves %s: end it, or choose another socket with --socket", path);
    }
    return TEND_OK;
}

/* What a dead host left; the lock says that none lives. Anything but a socket is somebody's. */
static enum tend_code remove_stale(const char *path, struct error *err)
{
    struct stat status;
    if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
        return FAIL(err, TEND_EXISTS,
                    "%s is there and no socket: move it away, or choose another socket with "
                    "--socket",
                    path);
    }
    (void)unlink(path);
    return TEND_OK;
}

static enum tend_code listen_at(struct host_socket *sock, const char *path, struct error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof name.sun_path) {
        return FAIL(err, TEND_INVALID, "the socket's path is longer than %zu bytes: %s",
                    sizeof name.sun_path - 1, path);
    }
    memcpy(name.sun_path, path, strlen(path));
    sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock->fd < 0) {
        return FAIL(err, TEND_IO, "cannot make a socket: %s", strerror(errno));
    }
    TRY(remove_stale(path, err));
    mode_t before = umask(0177);
    int bound = bind(sock->fd, (struct sockaddr *)&name, sizeof name);
    int number = errno;
    umask(before);
    if (bound != 0) {
        return FAIL(err, TEND_IO, "cannot listen at %s: %s", path, strerror(number));
    }
    sock->path = alloc_dup(path);
    if (listen(sock->fd, BACKLOG) != 0) {
        return FAIL(err, TEND_IO, "cannot listen at %s: %s", path, strerror(errno));
    }
    return TEND_OK;
}

static enum tend_code open_steps(struct host_socket *sock, const char *path, struct error *err)
{
    TRY(make_folder(path, err));
    TRY(take_lock(sock, path, err));
    return listen_at(sock, path, err);
}

enum tend_code host_socket_open(struct host_socket *sock, const char *path, struct error *err)
{
    *sock = (struct host_socket){.fd = -1, .lock_fd = -1};
    enum tend_code code = open_steps(sock, path, err);
    if (code != TEND_OK) {
        host_socket_close(sock);
    }
    return code;
}

void host_socket_close(struct host_socket *sock)
{
    if (sock->path != NULL) {
        (void)unlink(sock->path);
        free(sock->path);
    }
    if (sock->fd > 0) {
        close(sock->fd);
    }
    if (sock->lock_fd > 0) {
        close(sock->lock_fd);
    }
    *sock = (struct host_socket){.fd = -1, .lock_fd = -1};
}
