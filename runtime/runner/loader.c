/* The bytes that were judged are the bytes that are copied: the file is not looked at again. */
#include "runner/loader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/plain_file.h"
#include "protocol/elf.h"

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

/* ".so" of "/x/lab.so"; "" where there is none. */
static const char *suffix_of(const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot == NULL || strchr(dot, '/') != NULL ? "" : dot;
}

/* What can be told of it without an engine. */
static enum tend_code check_content(const char *file, struct text bytes, struct error *err)
{
    struct elf_plugin plugin;
    if (strcmp(suffix_of(file), ".so") == 0) {
        return elf_check(bytes, &plugin, err);
    }
    return bytes.len == 0 ? FAIL(err, TEND_UNAVAILABLE, "the file is empty") : TEND_OK;
}

static enum tend_code read_plugin(const char *file, struct buffer *out, struct error *err)
{
    TRY(plain_file_take(file, "plugins", PLUGIN_BYTES_MAX, out, err));
    return check_content(file, buffer_view(out), err);
}

/* --- the copy
 * ---------------------------------------------------------------------------------- */

/* Is there a file at `path` that holds exactly `bytes`? */
static bool holds(const char *path, struct text bytes)
{
    CLEANUP(buffer_done) struct buffer found = BUFFER_INIT(bytes.len + 64 * KIB);
    return plain_file_read(path, "copies", bytes.len, &found, NULL) == TEND_OK &&
           text_equal(buffer_view(&found), bytes);
}

static bool write_all(int fd, struct text bytes)
{
    while (bytes.len > 0) {
        ssize_t wrote = write(fd, bytes.ptr, bytes.len);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        bytes = text_from(bytes, (size_t)wrote);
    }
    return true;
}

static bool write_temporary(const char *path, struct text bytes)
{
    CLEANUP(close_fd)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 && write_all(fd, bytes) && fchmod(fd, 0500) == 0 && fsync(fd) == 0;
}

static bool sync_folder(const char *folder)
{
    CLEANUP(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

static enum tend_code write_copy(const char *folder, const char *path, struct text bytes,
                                 struct error *err)
{
    CLEANUP(buffer_done) struct buffer temporary = BUFFER_INIT(8 * KIB);
    if (holds(path, bytes)) {
        return TEND_OK;
    }
    buffer_format(&temporary, "%s.new", path);
    if (!write_temporary(buffer_view(&temporary).ptr, bytes) || rename(temporary.data, path) != 0 ||
        !sync_folder(folder)) {
        int number = errno;
        (void)unlink(temporary.data);
        return FAIL(err, TEND_IO, "cannot write %s: %s", path, strerror(number));
    }
    return TEND_OK;
}

static enum tend_code path_of(const char *file, const char *hash, const char *copies,
                              struct buffer *out, struct error *err)
{
    buffer_format(out, "%s/%s%s", copies, hash, suffix_of(file));
    return out->full ? FAIL(err, TEND_LIMIT, "the path of %s is too long", copies) : TEND_OK;
}

enum tend_code loader_take(const char *file, const char *copies, struct loaded *ret_loaded,
                           struct error *err)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(PLUGIN_BYTES_MAX + 64 * KIB);
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(4 * KIB);
    struct loaded loaded;
    TRY(read_plugin(file, &bytes, err));
    sha256_hex(buffer_view(&bytes), loaded.hash);
    TRY(path_of(file, loaded.hash, copies, &path, err));
    TRY(write_copy(copies, path.data, buffer_view(&bytes), err));
    loaded.path = buffer_take(&path);
    *ret_loaded = loaded;
    return TEND_OK;
}

enum tend_code loader_recall(const char *file, const char *hash, const char *copies,
                             struct loaded *ret_loaded, struct error *err)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(PLUGIN_BYTES_MAX + 64 * KIB);
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(4 * KIB);
    struct loaded loaded;
    TRY(path_of(file, hash, copies, &path, err));
    TRY(plain_file_read(path.data, "copies", PLUGIN_BYTES_MAX, &bytes, err));
    sha256_hex(buffer_view(&bytes), loaded.hash);
    if (strcmp(loaded.hash, hash) != 0) {
        return FAIL(err, TEND_CORRUPT, "%s is damaged: its content has another hash", path.data);
    }
    loaded.path = buffer_take(&path);
    *ret_loaded = loaded;
    return TEND_OK;
}

/* --- another one
 * ----------------------------------------------------------------------------------- */

char *loader_another_name(const char *path, unsigned number)
{
    CLEANUP(buffer_done) struct buffer name = BUFFER_INIT(8 * KIB);
    const char *suffix = suffix_of(path);
    buffer_format(&name, "%.*s.%u%s", (int)(strlen(path) - strlen(suffix)), path, number, suffix);
    return alloc_text(buffer_view(&name).ptr, name.len);
}

enum tend_code loader_make_another(const char *path, const char *another, struct error *err)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(PLUGIN_BYTES_MAX + 64 * KIB);
    CLEANUP(freep) char *folder = alloc_dup(another);
    *strrchr(folder, '/') = '\0';
    TRY(plain_file_read(path, "copies", PLUGIN_BYTES_MAX, &bytes, err));
    return write_copy(folder, another, buffer_view(&bytes), err);
}

/* --- tidying
 * ----------------------------------------------------------------------------------- */

/* Is it the name of a copy, or of one that was being written? */
static bool is_copy(const char *name)
{
    size_t hex = strspn(name, "0123456789abcdef");
    return hex == SHA256_HEX - 1 && (name[hex] == '.' || name[hex] == '\0');
}

static bool is_kept(const char *name, const char *const *keep, size_t count)
{
    if (text_ends(text_of(name), TEXT(".new"))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strncmp(name, keep[i], SHA256_HEX - 1) == 0) {
            return true;
        }
    }
    return false;
}

void loader_tidy(const char *copies, const char *const *keep, size_t count)
{
    DIR *dir = opendir(copies);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (is_copy(entry->d_name) && !is_kept(entry->d_name, keep, count)) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void loaded_done(struct loaded *loaded)
{
    free(loaded->path);
    loaded->path = NULL;
}
