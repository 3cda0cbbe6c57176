/* An editor writes a file in several steps, and a build several files: one quiet moment, then all is run. */
#include "sim/rerun.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"

enum { QUIET_MS = 100, FOLDERS_DEEP = 16 };

static NODISCARD enum tend_code add(const struct rerun *rerun, const char *folder,
                                    struct error *err)
{
    const unsigned mask =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK;
    if (inotify_add_watch(rerun->fd, folder, mask) < 0) {
        return FAIL(err, TEND_IO, "cannot watch %s: %s", folder, strerror(errno));
    }
    return TEND_OK;
}

static NODISCARD enum tend_code add_all(const struct rerun *rerun, const char *folder, int depth,
                                        struct error *err)
{
    TRY(add(rerun, folder, err));
    DIR *listing = depth < FOLDERS_DEEP ? opendir(folder) : NULL;
    enum tend_code code = TEND_OK;
    for (struct dirent *entry = listing == NULL ? NULL : readdir(listing);
         entry != NULL && code == TEND_OK; entry = readdir(listing)) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(MIB);
            buffer_format(&path, "%s/%s", folder, entry->d_name);
            code = add_all(rerun, path.data, depth + 1, err);
        }
    }
    if (listing != NULL) {
        closedir(listing);
    }
    return code;
}

static NODISCARD enum tend_code add_path(const struct rerun *rerun, const char *path,
                                         struct error *err)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        return add_all(rerun, path, 0, err);
    }
    CLEANUP(freep) char *folder = alloc_dup(path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return add(rerun, ".", err);
    }
    slash[1] = '\0';
    return add(rerun, folder, err);
}

enum tend_code rerun_open(const char *const *paths, size_t count, struct rerun *ret_rerun,
                          struct error *err)
{
    struct rerun rerun = {.fd = inotify_init1(IN_CLOEXEC)};
    if (rerun.fd < 0) {
        return FAIL(err, TEND_IO, "cannot watch folders: %s", strerror(errno));
    }
    for (size_t i = 0; i < count; i++) {
        enum tend_code code = add_path(&rerun, paths[i], err);
        if (code != TEND_OK) {
            rerun_close(&rerun);
            return code;
        }
    }
    *ret_rerun = rerun;
    return TEND_OK;
}

/* Is a file of that name part of what is tested? Not what is written beside and renamed. */
static bool counts(const char *name)
{
    static const char *const endings[] = {".lua", ".so", ".yaml", ".yml", ".json"};
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        if (name[0] != '.' && text_ends(text_of(name), text_of(endings[i]))) {
            return true;
        }
    }
    return false;
}

/* Take what is there; was one of it something that counts? */
static NODISCARD enum tend_code drain(const struct rerun *rerun, bool *changed, struct error *err)
{
    union {
        struct inotify_event align;
        char bytes[16384];
    } events;
    ssize_t got = read(rerun->fd, events.bytes, sizeof events.bytes);
    if (got < 0) {
        return FAIL(err, TEND_IO, "cannot watch folders: %s", strerror(errno));
    }
    for (size_t at = 0; at < (size_t)got;) {
        const struct inotify_event *event = (const void *)(events.bytes + at);
        *changed = *changed || (event->len > 0 && counts(event->name)) ||
                   (event->mask & IN_Q_OVERFLOW) != 0;
        at += sizeof *event + event->len;
    }
    return TEND_OK;
}

enum tend_code rerun_wait(const struct rerun *rerun, struct error *err)
{
    struct pollfd wanted = {.fd = rerun->fd, .events = POLLIN};
    bool changed = false;
    for (;;) {
        int ready = poll(&wanted, 1, changed ? QUIET_MS : -1);
        if (ready < 0 && errno != EINTR) {
            return FAIL(err, TEND_IO, "cannot wait for changes: %s", strerror(errno));
        }
        if (ready == 0) {
            return TEND_OK;
        }
        if (ready > 0) {
            TRY(drain(rerun, &changed, err));
        }
    }
}

void rerun_close(struct rerun *rerun)
{
    close(rerun->fd);
    rerun->fd = -1;
}
