/* A handler is given nothing of ours, and a room has no globals: so it looks at what belongs to the thread. The
 * name of a thread that sits at a desk ends with the address of the desk, and every thread that the plugin starts
 * inherits the name. A thread that took another name is known, if it is the first one, by its alternate stack,
 * which begins with the same address. Whose neither says, whoever has a desk is suspected. */
#include "host/crash_desk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/paths.h"
#include "host/json_peek.h"

#define THREAD_NAME "inline-"
#define DESK_MAGIC  0x74656e6464657368u

enum {
    STACK_BYTES = 64 * 1024,
    NAME_BYTES = 16,
    PREFIX_BYTES = sizeof THREAD_NAME - 1,
    DIGITS = 64, /* eight of them hold an address */
    SUSPECTS_MAX = 64,
    ROOM_BYTES = 2048,
    LOOKS = 50,
    LOOK_PAUSE = 2 /* ms */
};

static const int fatal[CRASH_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};

struct alternate_stack {
    struct crash_desk *desk;
    char room[STACK_BYTES];
};

/* --- the address in a name ----------------------------------------------------------------------- */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

static void write_name(struct crash_desk *desk)
{
    uint64_t address = (uintptr_t)desk;
    memcpy(desk->name, THREAD_NAME, PREFIX_BYTES);
    for (int i = NAME_BYTES - 2; i >= PREFIX_BYTES; i--, address /= DIGITS) {
        desk->name[i] = digits[address % DIGITS];
    }
}

/* What follows: only what a handler may do. */
static const struct crash_desk *desk_of_name(const char *name)
{
    uint64_t address = 0;
    if (memcmp(name, THREAD_NAME, PREFIX_BYTES) != 0) {
        return NULL;
    }
    for (int i = PREFIX_BYTES; i < NAME_BYTES - 1; i++) {
        const char *digit = name[i] == '\0' ? NULL : strchr(digits, name[i]);
        if (digit == NULL) {
            return NULL;
        }
        address = address * DIGITS + (uint64_t)(digit - digits);
    }
    return (const struct crash_desk *)(uintptr_t)address;
}

static const struct crash_desk *desk_of_stack(void)
{
    stack_t now;
    bool is_ours = sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE) == 0 &&
                   now.ss_size == sizeof(struct alternate_stack);
    return is_ours ? ((const struct alternate_stack *)now.ss_sp)->desk : NULL;
}

/* --- the handler: only what is allowed there ----------------------------------------------------- */

/* Not in a child of the process: it may end as it likes. */
static bool is_desk(const struct crash_desk *desk)
{
    return desk != NULL && (uintptr_t)desk % alignof(max_align_t) == 0 &&
           desk->magic == DESK_MAGIC && desk->process == getpid();
}

static const struct crash_desk *find_desk(void)
{
    char name[NAME_BYTES] = "";
    const struct crash_desk *desk = NULL;
    if (prctl(PR_GET_NAME, name) == 0) {
        desk = desk_of_name(name);
    }
    if (desk == NULL) {
        desk = desk_of_stack();
    }
    return is_desk(desk) ? desk : NULL;
}

/* One for each content that is inline. */
struct suspects {
    const struct crash_desk *desks[SUSPECTS_MAX];
    size_t count;
};

static void suspect(struct suspects *suspects, const struct crash_desk *desk)
{
    for (size_t i = 0; i < suspects->count; i++) {
        if (strcmp(suspects->desks[i]->path, desk->path) == 0) {
            return;
        }
    }
    if (suspects->count < SUSPECTS_MAX) {
        suspects->desks[suspects->count++] = desk;
    }
}

/* `id`: of the task. */
static const struct crash_desk *desk_of_task(const char *id)
{
    char path[64] = "/proc/self/task/", name[NAME_BYTES + 1] = "";
    char *end = path + strlen(path);
    size_t len = strnlen(id, 20);
    memcpy(end, id, len);
    memcpy(end + len, "/comm", sizeof "/comm");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, name, NAME_BYTES);
    if (fd >= 0) {
        close(fd);
    }
    const struct crash_desk *desk = got == NAME_BYTES ? desk_of_name(name) : NULL;
    return is_desk(desk) ? desk : NULL;
}

static void find_suspects(struct suspects *suspects)
{
    alignas(struct dirent64) char room[ROOM_BYTES];
    ssize_t got;
    int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && (got = getdents64(fd, room, sizeof room)) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const void *)(room + at);
            const struct crash_desk *desk = desk_of_task(entry->d_name);
            if (desk != NULL) {
                suspect(suspects, desk);
            }
            at += entry->d_reclen;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* A plugin can close what is not its own, and the number may be another file's by now. */
static int note_of(const struct crash_desk *desk)
{
    struct stat found;
    bool is_it =
        fstat(desk->fd, &found) == 0 && found.st_dev == desk->device && found.st_ino == desk->inode;
    return is_it ? desk->fd : open(desk->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
}

static void put(int fd, const char *chars)
{
    ssize_t put = write(fd, chars, strlen(chars));
    (void)put;
}

static void put_number(int fd, size_t number)
{
    char two[] = "00";
    two[0] = (char)('0' + number / 10 % 10);
    two[1] = (char)('0' + number % 10);
    put(fd, two);
}

/* The run that executes on this thread; 0: none does. */
static uint64_t find_call(const struct crash_desk *desk)
{
    if (desk->page == NULL || desk->thread != gettid()) {
        return 0;
    }
    const struct page_lane *lane = &desk->page->lanes[0]; /* there are no others in a host */
    bool executes = atomic_load_explicit(&lane->slices, memory_order_relaxed) % 2 == 1;
    return executes ? atomic_load_explicit(&lane->executing, memory_order_relaxed) : 0;
}

static void put_object(int fd, const struct crash_desk *desk)
{
    uint64_t call = find_call(desk);
    if (call != 0 && desk->runs[call % CRASH_RUNS].call == call) {
        put(fd, desk->runs[call % CRASH_RUNS].object);
        put(fd, "\n");
    }
}

static void note_signal(const struct crash_desk *desk, int number)
{
    int fd = note_of(desk);
    put(fd, "signal ");
    put_number(fd, (size_t)number);
    put(fd, "\n");
    put_object(fd, desk);
}

static void note_signal_of_any(const struct suspects *suspects, int number)
{
    for (size_t i = 0; i < suspects->count; i++) {
        int fd = note_of(suspects->desks[i]);
        put(fd, "signal ");
        put_number(fd, (size_t)number);
        put(fd, " of ");
        put_number(fd, suspects->count);
        put(fd, "\n");
    }
}

static void restore(const struct crash_desk *desk, int number)
{
    for (size_t i = 0; desk != NULL && i < CRASH_SIGNALS; i++) {
        if (fatal[i] == number) {
            (void)sigaction(number, &desk->notes->before[i], NULL);
            return;
        }
    }
    (void)signal(number, SIG_DFL);
}

/* A fault is repeated on return, and does what it would have done; what was sent is sent again. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    const struct crash_desk *desk = find_desk();
    (void)context;
    if (desk != NULL) {
        note_signal(desk, number);
    } else {
        struct suspects suspects = {.count = 0};
        find_suspects(&suspects);
        note_signal_of_any(&suspects, number);
        desk = suspects.count > 0 ? suspects.desks[0] : NULL;
    }
    restore(desk, number);
    if (info->si_code <= 0) {
        (void)raise(number);
    }
    errno = saved;
}

static void note_exit(const struct crash_desk *desk)
{
    int fd = note_of(desk);
    put(fd, "it called exit\n");
    put_object(fd, desk);
}

static void note_exit_of_any(const struct suspects *suspects)
{
    for (size_t i = 0; i < suspects->count; i++) {
        int fd = note_of(suspects->desks[i]);
        put(fd, suspects->count == 1 ? "it" : "one of ");
        if (suspects->count > 1) {
            put_number(fd, suspects->count);
            put(fd, " inline plugins");
        }
        put(fd, " called exit\n");
    }
}

/* A plugin that ends the process ends the host: that is no good end, and what would be taken down now is in use.
 * The host itself ends on its first thread, and a child of it has no other. */
static void on_exit_of_a_plugin(void)
{
    const struct crash_desk *desk = find_desk();
    struct suspects suspects = {.count = 0};
    if (desk != NULL) {
        note_exit(desk);
        _exit(1);
    } else if (gettid() != getpid()) {
        find_suspects(&suspects);
        note_exit_of_any(&suspects);
        if (suspects.count > 0) {
            _exit(1);
        }
    }
}

void crash_desks_arm(struct crash_notes *notes)
{
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; notes->folder != NULL && notes->armed == 0 && i < CRASH_SIGNALS; i++) {
        (void)sigaction(fatal[i], &action, &notes->before[i]);
    }
    if (notes->armed == 0) {
        (void)atexit(
            on_exit_of_a_plugin); /* it does nothing on other threads, and may be there twice */
    }
    notes->armed++;
}

void crash_desks_disarm(struct crash_notes *notes)
{
    notes->armed--;
    for (size_t i = 0; notes->folder != NULL && notes->armed == 0 && i < CRASH_SIGNALS; i++) {
        (void)sigaction(fatal[i], &notes->before[i], NULL);
    }
}

/* --- a desk -------------------------------------------------------------------------------------- */

static enum tend_code open_note(struct crash_desk *desk, const char *hash, struct error *err)
{
    const char *folder = desk->notes->folder;
    if (folder == NULL) {
        desk->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    } else {
        TRY(paths_make_private(folder, err));
        snprintf(desk->path, sizeof desk->path, "%s/%s", folder, hash);
        desk->fd = crash_notes_file(desk->path, O_WRONLY | O_CREAT | O_APPEND);
    }
    struct stat found;
    if (desk->fd < 0 || fstat(desk->fd, &found) != 0) {
        return FAIL(err, TEND_IO, "cannot write %s: %s", desk->path, strerror(errno));
    }
    desk->device = found.st_dev;
    desk->inode = found.st_ino;
    return TEND_OK;
}

enum tend_code crash_desk_open(const struct crash_notes *notes, const char *hash,
                               const struct page *page, struct crash_desk **ret_desk,
                               struct error *err)
{
    CLEANUP(freep) struct crash_desk *desk = alloc_new(sizeof *desk);
    *desk = (struct crash_desk){.magic = DESK_MAGIC,
                                .process = getpid(),
                                .notes = notes,
                                .page = page,
                                .thread = gettid(),
                                .fd = -1};
    TRY(open_note(desk, hash, err));
    struct alternate_stack *stack = alloc_new(sizeof *stack);
    stack->desk = desk;
    desk->stack = stack;
    stack_t ours = {.ss_sp = stack, .ss_size = sizeof *stack};
    (void)sigaltstack(&ours, &desk->before);
    write_name(desk);
    (void)prctl(PR_SET_NAME, desk->name);
    *ret_desk = TAKE(desk);
    return TEND_OK;
}

void crash_desk_takes(struct crash_desk *desk, uint64_t call, struct text object)
{
    struct text kind = json_peek(object, TEXT("kind")), meta = json_peek(object, TEXT("metadata"));
    struct text namespace = json_peek(meta, TEXT("namespace"));
    struct text name = json_peek(meta, TEXT("name"));
    const struct text parts[] = {kind, TEXT(" "), namespace, TEXT("/"), name};
    char *out = desk->runs[call % CRASH_RUNS].object;
    size_t len = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++) { /* once for each run: no format */
        struct text part = text_first(parts[i], CRASH_NAME_MAX - 1 - len);
        bool is_left_out = i == 3 && namespace.len == 0;
        memcpy(out + len, part.ptr, is_left_out ? 0 : part.len);
        len += is_left_out ? 0 : part.len;
    }
    out[len] = '\0';
    desk->runs[call % CRASH_RUNS].call = call;
}

/* Is the name of task `id` the one that this thread has? */
static bool has_our_name(const char *id, const char *ours)
{
    char path[64], name[NAME_BYTES + 1] = "";
    snprintf(path, sizeof path, "/proc/self/task/%.20s/comm", id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
    if (fd >= 0) {
        close(fd);
    }
    return got > 0 && strncmp(name, ours, strlen(ours)) == 0 && name[strlen(ours)] == '\n';
}

static size_t count_threads(const struct crash_desk *desk)
{
    size_t count = 0;
    const struct dirent *entry;
    DIR *dir = opendir("/proc/self/task");
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        count += has_our_name(entry->d_name, desk->name) ? 1 : 0;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count > 0 ? count - 1 : 0; /* this one */
}

/* A thread that was joined is listed for a moment still. */
size_t crash_desk_threads(const struct crash_desk *desk)
{
    size_t count = count_threads(desk);
    for (int i = 0; i < LOOKS && count > 0; i++) {
        (void)poll(NULL, 0, LOOK_PAUSE);
        count = count_threads(desk);
    }
    return count;
}

struct crash_desk *crash_desk_close(struct crash_desk *desk)
{
    if (desk == NULL) {
        return NULL;
    }
    (void)sigaltstack(&desk->before, NULL);
    free(desk->stack);
    desk->page = NULL;
    if (crash_desk_threads(desk) > 0) {
        return desk; /* its address is in their names */
    }
    (void)prctl(PR_SET_NAME, "inline"); /* nobody finds it any more */
    desk->magic = 0;
    close(desk->fd);
    free(desk);
    return NULL;
}
