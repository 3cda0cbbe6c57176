/* A note is "inline 1" while its content is inline, and what a handler appends to that (crash_desk.c) if the host
 * ends. Without the first line it is of an earlier host, and final. */
#include "host/crash_notes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/paths.h"
#include "base/plain_file.h"
#include "document/utf8.h"

#define USE "inline " /* and a digit: how many hosts in a row it would be, if this one ended now */

enum {
    NOTE_MAX = 8192,
    SIGNAL_BYTES = sizeof "signal 00" - 1,
    USE_COUNT = sizeof USE - 1,
    USE_BYTES = USE_COUNT + 2
};

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

int crash_notes_file(const char *path, int flags)
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

static void write_whole(const struct crash_notes *notes, const char *hash, const char *line)
{
    CLEANUP(arena_done) struct arena arena = {0};
    int fd = notes->folder == NULL
                 ? -1
                 : crash_notes_file(path_of(notes, hash, &arena).ptr, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd >= 0) {
        dprintf(fd, "%s\n", line);
        close(fd);
    }
}

static void write_use(const struct crash_notes *notes, const struct note *note, unsigned count)
{
    char line[] = USE "0";
    line[USE_COUNT] = (char)('0' + count);
    write_whole(notes, note->hash, line);
}

/* What is found out while all are read. */
struct reading {
    bool explained; /* why the last host ended */
};

/* "signal 11", or "signal 11 of 02" where it can be any of two. */
static struct text tell_signal(struct text what, struct text object, struct arena *arena)
{
    int number = (what.ptr[7] - '0') * 10 + (what.ptr[8] - '0');
    int suspects = text_starts(text_from(what, SIGNAL_BYTES), TEXT(" of "))
                       ? atoi(what.ptr + SIGNAL_BYTES + strlen(" of "))
                       : 0;
    const char *known = sigdescr_np(number), *name = known == NULL ? "unknown" : known;
    if (suspects > 1) {
        return arena_format(arena, "one of %d inline plugins ended the host with signal %d (%s)",
                            suspects, number, name);
    }
    const char *where = suspects == 1    ? ", in a thread that has another name"
                        : object.len > 0 ? ", in a run over "
                                         : ", outside of a run";
    return arena_format(arena, "it ended the host with signal %d (%s)%s%.*s", number, name, where,
                        TEXT_ARG(object));
}

/* A signal or a sentence, and in the next line the object, where one is known. */
static void read_end(struct crash_notes *notes, const char *hash, struct text end)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text what = text_cut(&end, '\n'), object = text_cut(&end, '\n');
    struct text told =
        text_starts(what, TEXT("signal ")) && what.len >= SIGNAL_BYTES
            ? tell_signal(what, object, &arena)
            : arena_format(&arena, "%.*s%s%.*s", TEXT_ARG(what),
                           object.len > 0 ? ", in a run over " : "", TEXT_ARG(object));
    remember(notes, hash, told.ptr);
}

static bool is_use(struct text note)
{
    return note.len >= USE_BYTES && text_starts(note, TEXT(USE)) && note.ptr[USE_BYTES - 1] == '\n';
}

/* What ended the last host is written anew, so that it does not explain the end of the next one as well. */
static void read_note(struct crash_notes *notes, const char *hash, struct text note,
                      struct reading *reading)
{
    if (note.len == 0) { /* there was no space for more */
        note_of(notes, hash)->silent = 1;
    } else if (!is_use(note)) {
        read_end(notes, hash, note);
    } else if (note.len == USE_BYTES) {
        note_of(notes, hash)->silent = (unsigned)(note.ptr[USE_COUNT] - '0');
    } else {
        read_end(notes, hash, text_from(note, USE_BYTES));
        write_whole(notes, hash, crash_notes_find(notes, hash));
        reading->explained = true;
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

static void read_file(struct crash_notes *notes, const char *hash, struct reading *reading)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(NOTE_MAX + 64 * KIB);
    const char *path = path_of(notes, hash, &arena).ptr;
    if (plain_file_read(path, "notes", NOTE_MAX, &bytes, NULL) != TEND_OK ||
        strlen(buffer_view(&bytes).ptr) != bytes.len || !utf8_is_text(buffer_view(&bytes).ptr)) {
        put_aside(notes, hash);
    } else {
        read_note(notes, hash, buffer_view(&bytes), reading);
    }
}

/* Nobody can know what ended those hosts, where nobody's note says it: one may have been killed, or have lost its
 * power. */
static void judge_silence(struct crash_notes *notes, const struct reading *reading)
{
    MAP_FOREACH (slot, &notes->known) {
        struct note *note = slot->value;
        if (note->silent > 0 && reading->explained) {
            note->silent--;
            write_use(notes, note, note->silent);
        } else if (note->silent >= INLINE_SILENT_ENDS) {
            remember(notes, note->hash, "the host ended twice without a word while it was inline");
        }
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
    struct reading reading = {0};
    for (size_t at = 0; at < all.len; at += SHA256_HEX) {
        read_file(notes, all.ptr + at, &reading);
    }
    judge_silence(notes, &reading);
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
        write_use(notes, note, note->silent + 1);
    } else {
        remove_file(notes, hash);
    }
}

/* Is its file there, and says no more than that it is in use? */
static bool is_only_in_use(const struct crash_notes *notes, const char *hash)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char note[USE_BYTES + 1];
    int fd =
        notes->folder == NULL ? -1 : crash_notes_file(path_of(notes, hash, &arena).ptr, O_RDONLY);
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
        write_use(notes, note, note->silent + 1);
    }
}

/* In place: what a handler appends meanwhile stays. */
void crash_notes_went_well(struct crash_notes *notes, const char *hash)
{
    CLEANUP(arena_done) struct arena arena = {0};
    note_of(notes, hash)->silent = 0;
    if (is_only_in_use(notes, hash)) {
        int fd = crash_notes_file(path_of(notes, hash, &arena).ptr, O_WRONLY);
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
