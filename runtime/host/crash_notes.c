/* A handler is given nothing of ours, and a room has no globals: so it looks at what belongs to the thread. The
 * name of a thread that sits at a desk ends with the address of the desk, and every thread that the plugin starts
 * inherits the name. A thread that took another name is known, if it is the first one, by its alternate stack,
 * which begins with the same address. */
#include "host/crash_notes.h"

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
#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/paths.h"
#include "base/plain_file.h"
#include "document/utf8.h"
#include "host/json_peek.h"

#define THREAD_NAME "inline-"
#define USE         "inline " /* and a digit: how many hosts in a row it would be, if this one ended now */
#define DESK_MAGIC  0x74656e6464657368u

enum {
    NOTE_MAX = 8192,
    USE_COUNT = sizeof USE - 1,
    USE_BYTES = USE_COUNT + 2,
    STACK_BYTES = 64 * 1024,
    NAME_BYTES = 16,
    PREFIX_BYTES = sizeof THREAD_NAME - 1,
    DIGITS = 64, /* eight of them hold an address */
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

/* As the next one: only what a handler may do. */
static const struct crash_desk *desk_of_name(void)
{
    char name[NAME_BYTES] = "";
    uint64_t address = 0;
    if (prctl(PR_GET_NAME, name) != 0 || memcmp(name, THREAD_NAME, PREFIX_BYTES) != 0) {
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

static const struct crash_desk *find_desk(void)
{
    const struct crash_desk *desk = desk_of_name();
    if (desk == NULL) {
        desk = desk_of_stack();
    }
    return desk != NULL && (uintptr_t)desk % alignof(max_align_t) == 0 && desk->magic == DESK_MAGIC
               ? desk
               : NULL;
}

static void put(int fd, const char *chars)
{
    ssize_t put = write(fd, chars, strlen(chars));
    (void)put;
}

static void put_signal(int fd, int number)
{
    char line[] = "signal 00\n";
    line[7] = (char)('0' + number / 10 % 10);
    line[8] = (char)('0' + number % 10);
    put(fd, line);
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

static void put_object(const struct crash_desk *desk)
{
    uint64_t call = find_call(desk);
    if (call != 0 && desk->runs[call % CRASH_RUNS].call == call) {
        put(desk->fd, desk->runs[call % CRASH_RUNS].object);
        put(desk->fd, "\n");
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
        put_signal(desk->fd, number);
        put_object(desk);
    }
    restore(desk, number);
    if (info->si_code <= 0) {
        (void)raise(number);
    }
    errno = saved;
}

/* A plugin that ends the process ends the host: that is no good end, and what would be taken down now is in use. */
static void on_exit_of_a_plugin(void)
{
    const struct crash_desk *desk = find_desk();
    if (desk != NULL) {
        put(desk->fd, "it called exit\n");
        put_object(desk);
        _exit(1);
    }
}

void crash_notes_arm(struct crash_notes *notes)
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

void crash_notes_disarm(struct crash_notes *notes)
{
    notes->armed--;
    for (size_t i = 0; notes->folder != NULL && notes->armed == 0 && i < CRASH_SIGNALS; i++) {
        (void)sigaction(fatal[i], &notes->before[i], NULL);
    }
}

/* --- what is known ------------------------------------------------------------------------------- */

struct note {
    char hash[SHA256_HEX];
    char what[ERROR_TEXT_MAX]; /* why it may not be inline; empty: it may */
    unsigned silent;           /* hosts in a row that ended without a word soon after it came */
    unsigned users;            /* threads that it has, or had */
};

static struct text path_of(const struct crash_notes *notes, const char *hash, struct arena *arena)
{
    return arena_format(arena, "%s/%s", notes->folder, hash);
}

static struct note *note_of(struct crash_notes *notes, const char *hash)
{
    struct note *note = map_get(&notes->known, text_of(hash));
    if (note == NULL) {
        note = alloc_new(sizeof *note);
        snprintf(note->hash, sizeof note->hash, "%s", hash);
        map_put(&notes->known, text_of(note->hash), note);
    }
    return note;
}

static void remember(struct crash_notes *notes, const char *hash, const char *what)
{
    struct note *note = note_of(notes, hash);
    snprintf(note->what, sizeof note->what, "%s", what);
}

/* Whatever stands at that name: it never blocks, and is a file. */
static int open_file(const char *path, int flags)
{
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat found;
    if (fd >= 0 && (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))) {
        close(fd);
        fd = -1;
        errno = EINVAL;
    }
    return fd;
}

/* "signal 11", or a sentence, and in the next line the object, where one is known. */
static void read_end(struct crash_notes *notes, const char *hash, struct text end)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text what = text_cut(&end, '\n'), object = text_cut(&end, '\n');
    if (!text_starts(what, TEXT("signal ")) || what.len != strlen("signal 00")) {
        struct text said = arena_format(&arena, "%.*s%s%.*s", TEXT_ARG(what),
                                        object.len > 0 ? ", in a run over " : "", TEXT_ARG(object));
        remember(notes, hash, said.ptr);
        return;
    }
    int number = (what.ptr[7] - '0') * 10 + (what.ptr[8] - '0');
    const char *name = sigdescr_np(number);
    struct text told =
        arena_format(&arena, "it ended the host with signal %d (%s)%s%.*s", number,
                     name == NULL ? "unknown" : name,
                     object.len > 0 ? ", in a run over " : ", outside of a run", TEXT_ARG(object));
    remember(notes, hash, told.ptr);
}

static bool is_use(struct text note)
{
    return note.len >= USE_BYTES && text_starts(note, TEXT(USE)) && note.ptr[USE_BYTES - 1] == '\n';
}

/* Nobody can know what ended those hosts: one may have been killed, or have lost its power. */
static void read_silence(struct crash_notes *notes, const char *hash, unsigned silent)
{
    note_of(notes, hash)->silent = silent;
    if (silent >= INLINE_SILENT_ENDS) {
        remember(notes, hash, "the host ended twice without a word while it was inline");
    }
}

static void read_note(struct crash_notes *notes, const char *hash, struct text note)
{
    if (note.len == 0) {
        read_silence(notes, hash, 1);
    } else if (!is_use(note)) {
        read_end(notes, hash, note);
    } else if (note.len == USE_BYTES) {
        read_silence(notes, hash, (unsigned)(note.ptr[USE_COUNT] - '0'));
    } else {
        read_end(notes, hash, text_from(note, USE_BYTES));
    }
}

/* What it says is lost, and what was there is kept for people. */
static void put_aside(struct crash_notes *notes, const char *hash)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const char *path = path_of(notes, hash, &arena).ptr;
    (void)rename(path, arena_format(&arena, "%s.damaged", path).ptr);
    crash_notes_add(notes, hash,
                    "its note of how a host ended was damaged (it is kept as HASH.damaged)");
}

static void read_file(struct crash_notes *notes, const char *hash)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(NOTE_MAX + 64 * KIB);
    const char *path = path_of(notes, hash, &arena).ptr;
    if (plain_file_read(path, "notes", NOTE_MAX, &bytes, NULL) != TEND_OK ||
        strlen(buffer_view(&bytes).ptr) != bytes.len || !utf8_is_text(buffer_view(&bytes).ptr)) {
        put_aside(notes, hash);
    } else {
        read_note(notes, hash, buffer_view(&bytes));
    }
}

/* They are renamed while they are read: so the names come first. */
static void read_files(struct crash_notes *notes, DIR *dir)
{
    CLEANUP(buffer_done) struct buffer hashes = BUFFER_INIT(MIB);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (strspn(entry->d_name, "0123456789abcdef") == SHA256_HEX - 1 &&
            entry->d_name[SHA256_HEX - 1] == '\0') {
            buffer_add(&hashes, entry->d_name, SHA256_HEX); /* with its NUL */
        }
    }
    struct text all = buffer_view(&hashes);
    for (size_t at = 0; at < all.len; at += SHA256_HEX) {
        read_file(notes, all.ptr + at);
    }
}

void crash_notes_open(struct crash_notes *notes, const char *folder)
{
    *notes = (struct crash_notes){.folder = alloc_dup(folder)};
    DIR *dir = folder == NULL ? NULL : opendir(folder);
    if (dir != NULL) {
        read_files(notes, dir);
        closedir(dir);
    }
}

void crash_notes_done(struct crash_notes *notes)
{
    MAP_FOREACH (slot, &notes->known) {
        free(slot->value);
    }
    map_done(&notes->known);
    free(notes->folder);
}

const char *crash_notes_find(const struct crash_notes *notes, const char *hash)
{
    const struct note *note = map_get(&notes->known, text_of(hash));
    return note == NULL || note->what[0] == '\0' ? NULL : note->what;
}

/* --- what is written ----------------------------------------------------------------------------- */

static void write_whole(const struct crash_notes *notes, const char *hash, const char *line)
{
    CLEANUP(arena_done) struct arena arena = {0};
    int fd = notes->folder == NULL
                 ? -1
                 : open_file(path_of(notes, hash, &arena).ptr, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd >= 0) {
        put(fd, line);
        put(fd, "\n");
        close(fd);
    }
}

static void write_use(const struct crash_notes *notes, const struct note *note)
{
    char line[] = USE "0";
    line[USE_COUNT] = (char)('1' + note->silent);
    write_whole(notes, note->hash, line);
}

void crash_notes_add(struct crash_notes *notes, const char *hash, const char *what)
{
    remember(notes, hash, what);
    write_whole(notes, hash, what);
}

static void remove_file(const struct crash_notes *notes, const char *hash)
{
    CLEANUP(arena_done) struct arena arena = {0};
    if (notes->folder != NULL) {
        (void)unlink(path_of(notes, hash, &arena).ptr);
    }
}

void crash_notes_forget(struct crash_notes *notes, const char *hash)
{
    struct note *note = note_of(notes, hash);
    note->what[0] = '\0';
    note->silent = 0;
    if (note->users > 0) {
        write_use(notes, note);
    } else {
        remove_file(notes, hash);
    }
}

/* Is its file there, and says no more than that it is in use? */
static bool is_only_in_use(const struct crash_notes *notes, const char *hash)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char note[USE_BYTES + 1];
    int fd = notes->folder == NULL ? -1 : open_file(path_of(notes, hash, &arena).ptr, O_RDONLY);
    ssize_t got = fd < 0 ? 0 : read(fd, note, sizeof note);
    if (fd >= 0) {
        close(fd);
    }
    return got == USE_BYTES && is_use((struct text){note, USE_BYTES});
}

void crash_notes_use(struct crash_notes *notes, const char *hash)
{
    struct error err = ERROR_INIT; /* whoever sits down meets it again, and says so */
    struct note *note = note_of(notes, hash);
    note->users++;
    if (note->users == 1 && note->what[0] == '\0' && notes->folder != NULL &&
        paths_make_private(notes->folder, &err) == TEND_OK) {
        write_use(notes, note);
    }
}

/* In place: what a handler appends meanwhile stays. */
void crash_notes_went_well(struct crash_notes *notes, const char *hash)
{
    CLEANUP(arena_done) struct arena arena = {0};
    note_of(notes, hash)->silent = 0;
    if (is_only_in_use(notes, hash)) {
        int fd = open_file(path_of(notes, hash, &arena).ptr, O_WRONLY);
        ssize_t written = fd < 0 ? 0 : pwrite(fd, "0", 1, USE_COUNT);
        (void)written;
        if (fd >= 0) {
            close(fd);
        }
    }
}

static void clear(const struct crash_notes *notes, struct note *note)
{
    note->silent = 0;
    if (note->what[0] == '\0' && is_only_in_use(notes, note->hash)) {
        remove_file(notes, note->hash);
    }
}

void crash_notes_unuse(struct crash_notes *notes, const char *hash)
{
    struct note *note = note_of(notes, hash);
    note->users--;
    if (note->users == 0) {
        clear(notes, note);
    }
}

void crash_notes_end(struct crash_notes *notes)
{
    MAP_FOREACH (slot, &notes->known) {
        struct note *note = slot->value;
        if (note->users > 0) {
            clear(notes, note);
        }
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
        desk->fd = open_file(desk->path, O_WRONLY | O_CREAT | O_APPEND);
    }
    return desk->fd >= 0 ? TEND_OK
                         : FAIL(err, TEND_IO, "cannot write %s: %s", desk->path, strerror(errno));
}

enum tend_code crash_desk_open(const struct crash_notes *notes, const char *hash,
                               const struct page *page, struct crash_desk **ret_desk,
                               struct error *err)
{
    CLEANUP(freep) struct crash_desk *desk = alloc_new(sizeof *desk);
    *desk = (struct crash_desk){
        .magic = DESK_MAGIC, .notes = notes, .page = page, .thread = gettid(), .fd = -1};
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
    close(desk->fd);
    free(desk);
    return NULL;
}
