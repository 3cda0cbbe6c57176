/* A folder tells how far its program is, and every step begins by looking at it, so that it makes no
 * difference who began: this host or one before it.
 *
 *     lock held?  its keeper runs: look again when it has ended      result?    told
 *     started?    lost, and told so                                  otherwise: begin: the input, a keeper
 *
 * In this order: a keeper that ends between two looks has left its result before.
 *
 * The keeper is a child only until it has the lock; from then on it is known by a pidfd, as one that was found.
 */
#include "effect/kept.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "effect/command.h"
#include "effect/keep.h"

#define LOST "its keeper was lost, perhaps with the machine: nobody knows how far the program came"

struct kept {
    struct list link;
    struct kept_programs *all;
    struct effect *effect; /* NULL: cancelled while its keeper began */
    int64_t record;
    struct arena arena; /* of the request and what is made of it */
    const struct value *request;
    struct task look;
    struct child child;       /* the keeper, until it has the lock */
    struct readiness running; /* its pidfd; -1: it is not known to run */
    int folder;               /* -1: not open */
    bool begun;               /* by this host */
    bool counted;
};

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* --- folders -------------------------------------------------------------------------------------- */

static void path_of(const struct kept_programs *all, int64_t record, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%" PRId64, all->folder, record);
}

/* Who holds the lock in it; 0: nobody. */
static pid_t keeper_of(int folder)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = openat(folder, KEEP_LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    bool held = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    fd_close(&fd);
    return held ? lock.l_pid : 0;
}

/* Nothing of it is left: the keeper ends, and its program with it. */
static void end_folder(const struct kept_programs *all, int64_t record)
{
    static const char *const files[] = {KEEP_LOCK, KEEP_INPUT, KEEP_STARTED, KEEP_RESULT, KEEP_NEW};
    char path[PATH_MAX];
    path_of(all, record, path);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        return;
    }
    pid_t pid = keeper_of(folder);
    if (pid > 0) {
        (void)kill(pid, SIGTERM); /* it holds the lock, so the number is its own */
    }
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)unlinkat(folder, files[i], 0); /* most are not there */
    }
    close(folder);
    (void)rmdir(path);
}

/* --- the end -------------------------------------------------------------------------------------- */

static void begin_waiting(struct kept_programs *all);

static void kept_free(struct kept *kept)
{
    struct kept_programs *all = kept->all;
    world_unwatch_fd(all->world, &kept->running);
    fd_close(&kept->running.fd);
    fd_close(&kept->folder);
    world_abandon(all->world, &kept->child);
    all->count -= kept->counted ? 1 : 0;
    list_remove(&kept->look.link);
    list_remove(&kept->link);
    arena_done(&kept->arena);
    free(kept);
}

static void finish(struct kept *kept, const struct value *result)
{
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(MIB);
    struct kept_programs *all = kept->all;
    struct effect *effect = kept->effect;
    json_write(&json, result);
    kept_free(kept);
    effect->done(effect, buffer_view(&json));
    begin_waiting(all);
}

static void fail(struct kept *kept, const char *sentence)
{
    finish(kept, command_problem(&kept->arena, sentence));
}

/* --- what the folder says ------------------------------------------------------------------------- */

/* All of the file; false where there is none. */
static bool read_file(const struct kept *kept, const char *name, struct buffer *out)
{
    int fd = openat(kept->folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0) {
        char *space = buffer_reserve(out, 16 * KIB);
        got = space == NULL ? -1 : read(fd, space, 16 * KIB);
        out->len += got > 0 ? (size_t)got : 0;
    }
    fd_close(&fd);
    return got == 0;
}

static void on_keeper_ended(struct readiness *running, unsigned events)
{
    struct kept *kept = CONTAINER_OF(running, struct kept, running);
    (void)events;
    world_unwatch_fd(kept->all->world, running);
    fd_close(&running->fd);
    world_soon(kept->all->world, &kept->look);
}

/* False where nobody holds the lock. A pid is that of the holder only if he still holds it afterwards. */
static bool wait_for_keeper(struct kept *kept)
{
    struct error err = ERROR_INIT;
    pid_t pid = keeper_of(kept->folder);
    if (pid <= 0) {
        return false;
    }
    kept->running = (struct readiness){.fd = pidfd_open(pid, 0), .ready = on_keeper_ended};
    if (kept->running.fd < 0 || keeper_of(kept->folder) != pid ||
        world_watch_fd(kept->all->world, &kept->running, READY_READ, &err) != TEND_OK) {
        fd_close(&kept->running.fd);
        world_soon(kept->all->world, &kept->look); /* it has just ended */
    }
    return true;
}

/* --- the beginning -------------------------------------------------------------------------------- */

static NODISCARD enum tend_code open_folder(struct kept *kept, struct error *err)
{
    char path[PATH_MAX];
    path_of(kept->all, kept->record, path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return FAIL(err, TEND_IO, "%s: %s", path, strerror(errno));
    }
    kept->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (kept->folder < 0) {
        return FAIL(err, TEND_IO, "%s: %s", path, strerror(errno));
    }
    return TEND_OK;
}

/* A descriptor to read it from. */
static NODISCARD enum tend_code make_input(const struct kept *kept, struct text input, int *ret_fd,
                                           struct error *err)
{
    int fd = openat(kept->folder, KEEP_INPUT,
                    O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, input.ptr, input.len) != (ssize_t)input.len ||
        lseek(fd, 0, SEEK_SET) != 0) {
        enum tend_code code = FAIL(err, TEND_IO, "its input cannot be kept: %s", strerror(errno));
        fd_close(&fd);
        return code;
    }
    *ret_fd = fd;
    return TEND_OK;
}

static const char *const *keeper_argv(struct kept *kept, const struct command *command)
{
    struct arena *arena = &kept->arena;
    size_t count = 0;
    while (command->argv[count] != NULL) {
        count++;
    }
    const char **argv = arena_alloc(arena, (count + 6) * sizeof *argv);
    argv[0] = KEEP_PROGRAM;
    argv[1] = arena_format(arena, "%lld", (long long)command->timeout_ms).ptr;
    argv[2] = arena_format(arena, "%d", EXEC_GRACE_MS).ptr;
    argv[3] = arena_format(arena, "%u", EFFECT_OUTPUT_MAX).ptr;
    argv[4] = command->path;
    memcpy(argv + 5, command->argv, count * sizeof *argv);
    return argv;
}

/* Its lock is held, or it could not be: the folder says which. */
static void on_detached(struct child *child, int status)
{
    struct kept *kept = CONTAINER_OF(child, struct kept, child);
    struct kept_programs *all = kept->all;
    (void)status;
    if (kept->effect != NULL) {
        world_soon(all->world, &kept->look);
    } else {
        end_folder(all, kept->record);
        kept_free(kept);
        begin_waiting(all);
    }
}

static NODISCARD enum tend_code begin(struct kept *kept, struct error *err)
{
    struct command command;
    int input = -1;
    kept->begun = true;
    TRY(command_read(&kept->arena, kept->request, &command, err));
    TRY(make_input(kept, command.input, &input, err));
    struct child_spec spec = {
        .path = kept->all->keeper,
        .argv = keeper_argv(kept, &command),
        .environment = command.environment,
        .directory = command.directory,
        .fds = {input, -1, -1, kept->folder},
        .fd_count = KEEP_FOLDER_FD + 1,
        .limits = {.nice = EXEC_NICE},
    };
    kept->child.ended = on_detached;
    enum tend_code code = world_spawn(kept->all->world, &kept->child, &spec, err);
    fd_close(&input);
    return code;
}

static void on_look(struct task *task)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(4 * EFFECT_OUTPUT_MAX);
    struct kept *kept = CONTAINER_OF(task, struct kept, look);
    struct error err = ERROR_INIT;
    if (kept->folder < 0 && open_folder(kept, &err) != TEND_OK) {
        fail(kept, err.message);
    } else if (wait_for_keeper(kept)) {
        return;
    } else if (read_file(kept, KEEP_RESULT, &bytes)) {
        finish(kept, command_kept_result(&kept->arena, buffer_view(&bytes)));
    } else if (kept->begun || faccessat(kept->folder, KEEP_STARTED, F_OK, 0) == 0) {
        fail(kept, LOST);
    } else if (begin(kept, &err) != TEND_OK) {
        fail(kept, err.message);
    }
}

/* --- all of them ---------------------------------------------------------------------------------- */

static void begin_waiting(struct kept_programs *all)
{
    while (all->count < EFFECTS_MAX && !list_empty(&all->waiting)) {
        struct kept *kept = CONTAINER_OF(list_pop(&all->waiting), struct kept, link);
        list_append(&all->running, &kept->link);
        all->count++;
        kept->counted = true;
        world_soon(all->world, &kept->look);
    }
}

static void start(struct executor *executor, struct effect *effect, const struct value *request)
{
    struct kept *kept = alloc_new(sizeof *kept);
    *kept = (struct kept){.all = CONTAINER_OF(executor, struct kept_programs, executor),
                          .effect = effect,
                          .record = effect->record,
                          .look.run = on_look,
                          .running.fd = -1,
                          .folder = -1};
    kept->request = value_copy(&kept->arena, request);
    effect->impl = kept;
    list_append(&kept->all->waiting, &kept->link);
    begin_waiting(kept->all);
}

static void leave(struct executor *executor, struct effect *effect)
{
    (void)executor;
    kept_free(effect->impl);
}

/* A keeper that is about to have the lock would be missed: it is waited for. */
static void cancel(struct executor *executor, struct effect *effect)
{
    struct kept_programs *all = CONTAINER_OF(executor, struct kept_programs, executor);
    struct kept *kept = effect->impl;
    kept->effect = NULL;
    if (kept->child.pid == 0) {
        end_folder(all, effect->record);
        kept_free(kept);
        begin_waiting(all);
    }
}

static void forget(struct executor *executor, const struct effect *effect)
{
    end_folder(CONTAINER_OF(executor, struct kept_programs, executor), effect->record);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void sweep(struct executor *executor, int64_t *records, size_t count)
{
    struct kept_programs *all = CONTAINER_OF(executor, struct kept_programs, executor);
    DIR *folder = opendir(all->folder);
    if (count > 0) {
        qsort(records, count, sizeof *records, by_number);
    }
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        int64_t record;
        if (text_to_int(text_of(entry->d_name), &record) &&
            (count == 0 || bsearch(&record, records, count, sizeof record, by_number) == NULL)) {
            end_folder(all, record);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

void kept_init(struct kept_programs *all, struct world *world, const char *folder,
               const char *keeper)
{
    static const struct executor_ops ops = {
        .start = start, .cancel = cancel, .leave = leave, .forget = forget, .sweep = sweep};
    *all = (struct kept_programs){
        .executor.ops = &ops, .world = world, .folder = folder, .keeper = keeper};
    list_init(&all->running);
    list_init(&all->waiting);
}

void kept_done(struct kept_programs *all)
{
    assert(list_empty(&all->waiting));
    while (!list_empty(&all->running)) { /* cancelled a moment ago */
        struct kept *kept = CONTAINER_OF(all->running.next, struct kept, link);
        assert(kept->effect == NULL);
        kept_free(kept);
    }
}
