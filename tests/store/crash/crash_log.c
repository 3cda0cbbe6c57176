/* A VFS in two structs: the VFS itself, and a file that is followed in memory by the real one. Methods
 * do the real thing first and record it where it succeeded. */
#include "store/crash/crash_log.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

struct crash_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct crash_log *log;
};

struct crash_file {
    sqlite3_file base;
    struct crash_log *log;
    unsigned number;
    enum { FILE_RECORDED, FILE_IGNORED } recorded;
    sqlite3_file *real;
};

static struct crash_file *of(sqlite3_file *file)
{
    return (struct crash_file *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return of(file)->real;
}

/* --- the record -------------------------------------------------------------------------------- */

static struct crash_op *record(struct crash_log *log, enum crash_kind kind, unsigned file)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 1024 : log->capacity * 2;
        log->ops = alloc_resize(log->ops, log->capacity, sizeof *log->ops);
    }
    struct crash_op *op = &log->ops[log->count++];
    *op = (struct crash_op){.kind = kind, .file = file};
    return op;
}

void crash_log_note(struct crash_log *log, enum crash_note note, int64_t value)
{
    struct crash_op *op = record(log, CRASH_NOTE, 0);
    op->note = note;
    op->offset = value;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The file that has this name now; a new one where there is none. */
static unsigned number_of(struct crash_log *log, const char *path, int made_here)
{
    for (unsigned i = 0; i < log->file_count; i++) {
        if (log->files[i].state == FILE_THERE && strcmp(log->files[i].name, base_name(path)) == 0) {
            return i;
        }
    }
    unsigned number = log->file_count++;
    if (number == CRASH_FILES_MAX) {
        fputs("crash log: too many files\n", stderr);
        abort();
    }
    snprintf(log->files[number].name, CRASH_NAME_MAX, "%s", base_name(path));
    log->files[number].state = FILE_THERE;
    log->files[number].origin = made_here ? FILE_MADE_HERE : FILE_MADE_BEFORE;
    if (made_here) {
        record(log, CRASH_CREATE, number);
    }
    return number;
}

static int fault(struct crash_file *file, enum crash_kind kind)
{
    struct crash_fault *set = &file->log->fault;
    if (set->nth == 0 || set->kind != kind || file->recorded == FILE_IGNORED) {
        return SQLITE_OK;
    }
    set->seen++;
    bool hit = set->seen == set->nth || (set->lasts == FAULT_STAYS && set->seen > set->nth);
    set->hits += hit;
    return hit ? set->rc : SQLITE_OK;
}

/* --- files: what changes something ------------------------------------------------------------- */

static int file_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset)
{
    struct crash_file *self = of(file);
    int rc = fault(self, CRASH_WRITE);
    rc = rc == SQLITE_OK ? self->real->pMethods->xWrite(self->real, bytes, len, offset) : rc;
    if (rc == SQLITE_OK && self->recorded == FILE_RECORDED) {
        struct crash_op *op = record(self->log, CRASH_WRITE, self->number);
        op->offset = offset;
        op->len = (size_t)len;
        op->bytes = alloc_new((size_t)len);
        memcpy(op->bytes, bytes, (size_t)len);
    }
    return rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct crash_file *self = of(file);
    int rc = fault(self, CRASH_TRUNCATE);
    rc = rc == SQLITE_OK ? self->real->pMethods->xTruncate(self->real, size) : rc;
    if (rc == SQLITE_OK && self->recorded == FILE_RECORDED) {
        record(self->log, CRASH_TRUNCATE, self->number)->offset = size;
    }
    return rc;
}

static int lies_about(const struct crash_log *log, const char *name)
{
    const char *end = log->ignore_sync_of;
    size_t len = strlen(name), end_len = end == NULL ? 0 : strlen(end);
    return end != NULL && len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct crash_file *self = of(file);
    int rc = fault(self, CRASH_SYNC);
    rc = rc == SQLITE_OK ? self->real->pMethods->xSync(self->real, flags) : rc;
    if (rc == SQLITE_OK && self->recorded == FILE_RECORDED &&
        !lies_about(self->log, self->log->files[self->number].name)) {
        record(self->log, CRASH_SYNC, self->number);
    }
    return rc;
}

/* --- files: what is passed on ------------------------------------------------------------------ */

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, len, offset);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *held)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **map)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, map);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* Version 2: no memory mapped reads, every change comes through xWrite. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* --- the VFS ----------------------------------------------------------------------------------- */

static struct crash_vfs *vfs_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct crash_vfs *self = vfs_of(vfs);
    struct crash_file *opened = of(file);
    bool there = name != NULL && access(name, F_OK) == 0; /* xAccess denies empty files */
    *opened = (struct crash_file){.log = self->log, .real = (sqlite3_file *)(void *)(opened + 1)};
    int rc = self->real->xOpen(self->real, name, opened->real, flags, out);
    if (rc != SQLITE_OK) {
        return rc;
    }
    opened->base.pMethods = &file_methods;
    opened->recorded = name == NULL ? FILE_IGNORED : FILE_RECORDED;
    if (name != NULL) {
        opened->number = number_of(self->log, name, !there);
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    struct crash_vfs *self = vfs_of(vfs);
    bool there = access(name, F_OK) == 0;
    int rc = self->real->xDelete(self->real, name, sync_directory);
    if (rc == SQLITE_OK && there) {
        unsigned number = number_of(self->log, name, 0);
        self->log->files[number].state = FILE_DELETED;
        record(self->log, CRASH_DELETE, number);
        if (sync_directory) {
            record(self->log, CRASH_SYNC_DIRECTORY, 0);
        }
    }
    return rc;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *answer)
{
    return vfs_of(vfs)->real->xAccess(vfs_of(vfs)->real, name, flags, answer);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
    return vfs_of(vfs)->real->xFullPathname(vfs_of(vfs)->real, name, len, out);
}

static int vfs_random(sqlite3_vfs *vfs, int len, char *out)
{
    return vfs_of(vfs)->real->xRandomness(vfs_of(vfs)->real, len, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return vfs_of(vfs)->real->xSleep(vfs_of(vfs)->real, microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *out)
{
    return vfs_of(vfs)->real->xCurrentTime(vfs_of(vfs)->real, out);
}

static int vfs_last_error(sqlite3_vfs *vfs, int len, char *out)
{
    return vfs_of(vfs)->real->xGetLastError(vfs_of(vfs)->real, len, out);
}

void crash_log_init(struct crash_log *log, const char *name)
{
    *log = (struct crash_log){.vfs = alloc_new(sizeof *log->vfs)};
    struct crash_vfs *self = log->vfs;
    self->real = sqlite3_vfs_find(NULL);
    self->log = log;
    self->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct crash_file) + self->real->szOsFile,
        .mxPathname = self->real->mxPathname,
        .zName = name,
        .pAppData = self,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
    if (sqlite3_vfs_register(&self->vfs, 0) != SQLITE_OK) {
        abort();
    }
}

void crash_log_done(struct crash_log *log)
{
    sqlite3_vfs_unregister(&log->vfs->vfs);
    for (size_t i = 0; i < log->count; i++) {
        free(log->ops[i].bytes);
    }
    free(log->ops);
    free(log->vfs);
}
