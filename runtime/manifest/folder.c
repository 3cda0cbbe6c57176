/* inotify says which names to look at; it is never believed about content. Kubernetes-style mounted
 * folders swap a hidden link (..data) instead of files, so a hidden name that moved in means "list
 * again". Where the kernel gives no watch, or its queue overflowed, listing is what is left. */
#include "manifest/folder.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/text.h"

enum {
    WATCHED = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |
              IN_MOVE_SELF | IN_ONLYDIR,
    EVENT_BYTES = 4096,
};

bool folder_takes(const char *name)
{
    struct text text = text_of(name);
    return text.len > 0 && name[0] != '.' &&
           (text_ends(text, TEXT(".yaml")) || text_ends(text, TEXT(".yml")) ||
            text_ends(text, TEXT(".json")));
}

static void list_soon(struct folder *folder, int64_t after_ms)
{
    world_alarm_set(folder->world, &folder->rescan, world_ticks_ms(folder->world) + after_ms);
}

static void on_rescan(struct alarm *alarm)
{
    struct folder *folder = CONTAINER_OF(alarm, struct folder, rescan);
    if (folder->blind) {
        list_soon(folder, MANIFEST_RESCAN_MS);
    }
    folder->list(folder);
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
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
        go_blind(folder);
    } else if (event->mask & IN_Q_OVERFLOW) {
        list_soon(folder, 0);
    } else if (event->len > 0 && folder_takes(event->name)) {
        folder->changed(folder, event->name);
    } else if (event->len > 0 && (event->mask & IN_MOVED_TO) && event->name[0] == '.') {
        list_soon(folder, 0);
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
    if (folder->inotify.fd >= 0) {
        world_unwatch_fd(folder->world, &folder->inotify);
        close(folder->inotify.fd);
    }
    free(folder->path);
    folder->path = NULL;
}
