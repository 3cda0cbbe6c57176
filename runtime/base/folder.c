/* inotify says which names to look at; it is never believed about content. A file counts when whoever
 * wrote it has closed it, when it was moved in, or when it became another's to read; of what was just made
 * only links count, because they are complete at once and nobody closes them. Kubernetes-style mounted
 * folders swap a hidden link (..data) instead of files, so a hidden name that moved in means "list
 * again". Where the kernel gives no watch, or its queue overflowed, listing is what is left. */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/text.h"

enum {
    WATCHED = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
              IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
    LOST = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT,
    EVENT_BYTES = 4096,
};

static void list_soon(struct folder *folder, int64_t after_ms)
{
    world_alarm_set(folder->world, &folder->rescan, world_ticks_ms(folder->world) + after_ms);
}

/* --- inotify ----------------------------------------------------------------------------------- */

/* A link that was just made: symbolic, or to a file that is elsewhere as well. */
static bool is_link(const struct folder *folder, const char *name)
{
    char path[4096];
    struct stat found;
    int len = snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return len > 0 && (size_t)len < sizeof path && lstat(path, &found) == 0 &&
           (S_ISLNK(found.st_mode) || (S_ISREG(found.st_mode) && found.st_nlink > 1));
}

static void go_blind(struct folder *folder)
{
    if (!folder->blind) {
        folder->blind = true;
        list_soon(folder, 0);
    }
}

static void take_event(struct folder *folder, const struct inotify_event *event)
{
    if (event->mask & LOST) {
        go_blind(folder);
    } else if (event->mask & IN_Q_OVERFLOW || event->len == 0) {
        list_soon(folder, 0); /* what concerns the folder itself may concern every file */
    } else if (event->name[0] == '.') {
        if (event->mask & IN_MOVED_TO) {
            list_soon(folder, 0);
        }
    } else if (folder->takes(event->name) &&
               (!(event->mask & IN_CREATE) || is_link(folder, event->name))) {
        folder->changed(folder, event->name);
    }
}

static void on_events(struct readiness *readiness, unsigned events)
{
    (void)events;
    struct folder *folder = CONTAINER_OF(readiness, struct folder, inotify);
    _Alignas(struct inotify_event) char bytes[EVENT_BYTES];
    ssize_t got = read(readiness->fd, bytes, sizeof bytes);
    const struct inotify_event *event;
    for (ssize_t at = 0; at < got; at += (ssize_t)(sizeof *event + event->len)) {
        event = (const struct inotify_event *)(const void *)(bytes + at);
        take_event(folder, event);
    }
}

static void stop_inotify(struct folder *folder)
{
    if (folder->inotify.fd >= 0) {
        world_unwatch_fd(folder->world, &folder->inotify);
        close(folder->inotify.fd);
        folder->inotify.fd = -1;
    }
}

/* True where inotify serves this folder. */
static bool start_inotify(struct folder *folder)
{
    struct error ignored;
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    folder->inotify = (struct readiness){.fd = fd, .ready = on_events};
    if (inotify_add_watch(fd, folder->path, WATCHED) < 0 ||
        world_watch_fd(folder->world, &folder->inotify, READY_READ, &ignored) != TEND_OK) {
        close(fd);
        folder->inotify.fd = -1;
        return false;
    }
    return true;
}

/* Where it is blind, perhaps it is no more: the folder was made again. */
static void on_rescan(struct alarm *alarm)
{
    struct folder *folder = CONTAINER_OF(alarm, struct folder, rescan);
    if (folder->blind) {
        stop_inotify(folder);
        folder->blind = !start_inotify(folder);
    }
    if (folder->blind) {
        list_soon(folder, FOLDER_RESCAN_MS);
    }
    folder->list(folder);
}

/* --- life -------------------------------------------------------------------------------------- */

enum tend_code folder_open(struct folder *folder, struct world *world, const char *path,
                           struct error *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return FAIL(err, TEND_IO, "cannot read the folder %s: %s", path, strerror(errno));
    }
    closedir(dir);
    folder->world = world;
    folder->path = alloc_dup(path);
    folder->inotify = (struct readiness){.fd = -1};
    folder->rescan = (struct alarm){.fire = on_rescan};
    folder->blind = !start_inotify(folder); /* before the first listing: nothing falls between */
    list_soon(folder, 0);
    return TEND_OK;
}

void folder_close(struct folder *folder)
{
    if (folder->path == NULL) {
        return;
    }
    world_alarm_clear(folder->world, &folder->rescan);
    stop_inotify(folder);
    free(folder->path);
    folder->path = NULL;
}

/* --- listing ----------------------------------------------------------------------------------- */

static char *path_in(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = alloc_new(size);
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

enum tend_code folder_read(const char *path, bool (*takes)(const char *name), size_t max,
                           struct folder_files *ret_files, struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        return FAIL(err, TEND_IO, "cannot read the folder %s: %s", path, strerror(errno));
    }
    struct folder_files files = {.paths = alloc_array((size_t)count, sizeof(char *))};
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (name[0] != '.' && takes(name) && files.count == max) {
            files.left_out++;
        } else if (name[0] != '.' && takes(name)) {
            files.paths[files.count++] = path_in(path, name);
        }
        free(entries[i]);
    }
    free(entries);
    *ret_files = files;
    return TEND_OK;
}

void folder_files_done(struct folder_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->paths[i]);
    }
    free(files->paths);
    *files = (struct folder_files){0};
}
