/* A private folder is checked as well as made: the one under /tmp could have been put there by another
 * user, and what is in it would then be theirs to read. */
#include "base/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"

static char *join(const char *folder, const char *rest)
{
    size_t size = strlen(folder) + strlen(rest) + 1;
    char *path = alloc_new(size);
    snprintf(path, size, "%s%s", folder, rest);
    return path;
}

/* The variable's value where it is an absolute path, as XDG demands; otherwise NULL. */
static const char *absolute_from(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] == '/' ? value : NULL;
}

enum tend_code paths_data(char **ret_path, struct error *err)
{
    const char *data = absolute_from("XDG_DATA_HOME");
    const char *home = absolute_from("HOME");
    if (data == NULL && home == NULL) {
        return FAIL(err, TEND_INVALID,
                    "neither XDG_DATA_HOME nor HOME is set: name a data "
                    "directory with --data");
    }
    *ret_path = data != NULL ? join(data, "/tend") : join(home, "/.local/share/tend");
    return TEND_OK;
}

enum tend_code paths_socket(char **ret_path, struct error *err)
{
    const char *given = getenv("TEND_SOCKET");
    const char *runtime = absolute_from("XDG_RUNTIME_DIR");
    char *path;
    if (given != NULL && given[0] != '\0') {
        path = alloc_dup(given);
    } else if (runtime != NULL) {
        path = join(runtime, "/tend/tend.sock");
    } else {
        char folder[64];
        snprintf(folder, sizeof folder, "/tmp/tend-%u", (unsigned)getuid());
        path = join(folder, "/tend.sock");
    }
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        free(path);
        return FAIL(err, TEND_INVALID, "the socket's path is longer than %zu bytes",
                    sizeof((struct sockaddr_un *)0)->sun_path - 1);
    }
    *ret_path = path;
    return TEND_OK;
}

static enum tend_code make_one(const char *path, struct error *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return FAIL(err, TEND_IO, "cannot make the folder %s: %s", path, strerror(errno));
    }
    return TEND_OK;
}

static enum tend_code check_private(const char *path, struct error *err)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return FAIL(err, TEND_IO, "cannot look at %s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        return FAIL(err, TEND_IO, "%s is no folder", path);
    }
    if (status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
        return FAIL(err, TEND_DENIED, "%s must belong to this user and not be writable by others",
                    path);
    }
    return TEND_OK;
}

enum tend_code paths_make_private(const char *path, struct error *err)
{
    CLEANUP(freep) char *part = alloc_dup(path);
    for (char *at = strchr(part + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        TRY(make_one(part, err));
        *at = '/';
    }
    TRY(make_one(path, err));
    return check_private(path, err);
}
