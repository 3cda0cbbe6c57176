/* Walks the log once, keeping for each file what is durable, and one list of what is not yet. */
#include "store/crash/crash_images.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/alloc.h"

enum { SECTOR = 512, PENDING_MAX = 4096, ONE_BY_ONE_MAX = 6 };

struct content {
    unsigned char *bytes;
    size_t len, capacity;
};

enum choice { CHOICE_KEEP, CHOICE_DROP, CHOICE_TEAR };

struct explorer {
    struct crash_images *images;
    const struct crash_log *log;
    struct content durable[CRASH_FILES_MAX];
    bool entry[CRASH_FILES_MAX]; /* the name is durably there */
    const struct crash_op *pending[PENDING_MAX];
    enum choice choices[PENDING_MAX];
    size_t pending_count;
    int64_t notes[CRASH_NOTES];
    uint64_t last_hash;
};

static uint64_t chance(struct explorer *e, uint64_t below)
{
    e->images->seed = e->images->seed * 6364136223846793005u + 1442695040888963407u;
    return (e->images->seed >> 33) % below;
}

/* --- contents ---------------------------------------------------------------------------------- */

static void content_resize(struct content *content, size_t len)
{
    if (len > content->capacity) {
        content->capacity = len * 2;
        content->bytes = alloc_resize(content->bytes, content->capacity, 1);
    }
    if (len > content->len) {
        memset(content->bytes + content->len, 0, len - content->len);
    }
    content->len = len;
}

/* How much of a write stays when it is torn: up to some boundary inside it. */
static size_t torn_len(struct explorer *e, const struct crash_op *op)
{
    size_t first = SECTOR - (size_t)(op->offset % SECTOR);
    if (op->len <= first) {
        return 0;
    }
    size_t boundaries = (op->len - first + SECTOR - 1) / SECTOR;
    return first + SECTOR * chance(e, boundaries);
}

static void apply(struct content *content, const struct crash_op *op, size_t len)
{
    if (op->kind == CRASH_TRUNCATE) {
        content_resize(content, (size_t)op->offset);
    } else if (op->kind == CRASH_WRITE && len > 0) {
        size_t end = (size_t)op->offset + len;
        content_resize(content, end > content->len ? end : content->len);
        memcpy(content->bytes + op->offset, op->bytes, len);
    }
}

/* --- images ------------------------------------------------------------------------------------ */

static void put_file(const struct explorer *e, const char *name, const struct content *content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", e->images->directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 ||
        (content->len > 0 && write(fd, content->bytes, content->len) != (ssize_t)content->len)) {
        perror(path);
        abort();
    }
    close(fd);
}

/* All that a host before may have left, except its LOCK and RESERVE. */
static void clear(const struct explorer *e)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm",
                                        "state.db-journal"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", e->images->directory, names[i]);
        unlink(path);
    }
}

/* The choices made into files; false where that is what the last image was. */
static bool make_image(struct explorer *e)
{
    struct content files[CRASH_FILES_MAX] = {0};
    bool there[CRASH_FILES_MAX];
    memcpy(there, e->entry, sizeof there);
    for (unsigned i = 0; i < e->log->file_count; i++) {
        content_resize(&files[i], e->durable[i].len);
        if (e->durable[i].len > 0) {
            memcpy(files[i].bytes, e->durable[i].bytes, e->durable[i].len);
        }
    }
    for (size_t i = 0; i < e->pending_count; i++) {
        const struct crash_op *op = e->pending[i];
        if (e->choices[i] != CHOICE_DROP) {
            there[op->file] = op->kind == CRASH_CREATE   ? true
                              : op->kind == CRASH_DELETE ? false
                                                         : there[op->file];
            apply(&files[op->file], op, e->choices[i] == CHOICE_TEAR ? torn_len(e, op) : op->len);
        }
    }
    uint64_t hash = XXH3_64bits(e->notes, sizeof e->notes);
    for (unsigned i = 0; i < e->log->file_count; i++) {
        if (there[i]) {
            hash = XXH3_64bits_withSeed(files[i].bytes, files[i].len, hash + i);
        }
    }
    bool fresh = hash != e->last_hash;
    e->last_hash = hash;
    if (fresh) {
        clear(e);
    }
    for (unsigned i = 0; i < e->log->file_count; i++) {
        if (fresh && there[i]) {
            put_file(e, e->log->files[i].name, &files[i]);
        }
        free(files[i].bytes);
    }
    return fresh;
}

static void check(struct explorer *e)
{
    if (e->images->checked < e->images->checks_max && make_image(e)) {
        e->images->checked++;
        e->images->check(e->images, e->notes);
    }
}

static void choose_all(struct explorer *e, enum choice choice)
{
    for (size_t i = 0; i < e->pending_count; i++) {
        e->choices[i] = choice;
    }
}

static void check_one_by_one(struct explorer *e)
{
    size_t first = e->pending_count > ONE_BY_ONE_MAX ? e->pending_count - ONE_BY_ONE_MAX : 0;
    for (size_t i = first; i < e->pending_count; i++) {
        choose_all(e, CHOICE_KEEP);
        e->choices[i] = CHOICE_DROP;
        check(e);
        e->choices[i] = CHOICE_TEAR;
        check(e);
    }
}

static void check_prefix(struct explorer *e)
{
    choose_all(e, CHOICE_DROP);
    check(e);
    choose_all(e, CHOICE_KEEP);
    check(e);
    if (e->pending_count == 0) {
        return;
    }
    /* Each alone after the newest one only: the older ones had their turn when they were new. */
    if (chance(e, 4) == 0) {
        check_one_by_one(e);
    }
    for (unsigned i = 0; i < e->images->random_choices; i++) {
        for (size_t p = 0; p < e->pending_count; p++) {
            uint64_t dice = chance(e, 8);
            e->choices[p] = dice < 4 ? CHOICE_KEEP : dice < 7 ? CHOICE_DROP : CHOICE_TEAR;
        }
        check(e);
    }
}

/* --- the walk ---------------------------------------------------------------------------------- */

static void make_durable(struct explorer *e, const struct crash_op *op)
{
    if (op->kind == CRASH_CREATE) {
        e->entry[op->file] = true;
    } else if (op->kind == CRASH_DELETE) {
        e->entry[op->file] = false;
    } else {
        apply(&e->durable[op->file], op, op->len);
    }
}

/* The first sync of a file that SQLite made syncs the directory too, and so every entry in it. */
static bool syncs_directory(const struct explorer *e, const struct crash_op *sync)
{
    for (size_t i = 0; i < e->pending_count; i++) {
        if (e->pending[i]->kind == CRASH_CREATE && e->pending[i]->file == sync->file) {
            return true;
        }
    }
    return sync->kind == CRASH_SYNC_DIRECTORY;
}

static void settle(struct explorer *e, const struct crash_op *sync)
{
    bool directory = syncs_directory(e, sync);
    size_t left = 0;
    for (size_t i = 0; i < e->pending_count; i++) {
        const struct crash_op *op = e->pending[i];
        bool entry = op->kind == CRASH_CREATE || op->kind == CRASH_DELETE;
        if (entry ? directory : sync->kind == CRASH_SYNC && op->file == sync->file) {
            make_durable(e, e->pending[i]);
        } else {
            e->pending[left++] = e->pending[i];
        }
    }
    e->pending_count = left;
}

static void take(struct explorer *e, const struct crash_op *op)
{
    switch (op->kind) {
    case CRASH_NOTE:
        e->notes[op->note] = op->offset;
        break;
    case CRASH_SYNC:
    case CRASH_SYNC_DIRECTORY:
        settle(e, op);
        break;
    case CRASH_CREATE:
    case CRASH_WRITE:
    case CRASH_TRUNCATE:
    case CRASH_DELETE:
        if (e->pending_count == PENDING_MAX) { /* as if the system had written it back */
            make_durable(e, e->pending[0]);
            memmove(e->pending, e->pending + 1, (PENDING_MAX - 1) * sizeof *e->pending);
            e->pending_count--;
        }
        e->pending[e->pending_count++] = op;
        break;
    }
}

void crash_images_explore(struct crash_images *images, const struct crash_log *log)
{
    struct explorer *e = alloc_new(sizeof *e);
    e->images = images;
    e->log = log;
    for (unsigned i = 0; i < log->file_count; i++) {
        e->entry[i] = log->files[i].origin == FILE_MADE_BEFORE;
    }
    check_prefix(e);
    for (size_t i = 0; i < log->count && images->checked < images->checks_max; i++) {
        take(e, &log->ops[i]);
        check_prefix(e);
    }
    for (unsigned i = 0; i < log->file_count; i++) {
        free(e->durable[i].bytes);
    }
    free(e);
}
