/* Folders are walked by hand, a few levels deep: what a link makes endless ends there. */
#include "sim/test_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/text.h"

enum { FOLDERS_DEEP = 16 };

bool test_files_takes(const char *name)
{
    struct text text = text_of(name);
    return text_ends(text, TEXT("_test.lua")) || text_ends(text, TEXT("_test.yaml"));
}

static void add(struct test_files *files, const char *path)
{
    files->paths = alloc_resize(files->paths, files->count + 1, sizeof(char *));
    files->paths[files->count++] = alloc_dup(path);
}

static NODISCARD enum tend_code walk(struct test_files *files, const char *folder, int depth,
                                     struct error *err);

static NODISCARD enum tend_code take(struct test_files *files, const char *folder, const char *name,
                                     int depth, struct error *err)
{
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(MIB);
    struct stat status;
    if (strcmp(folder, ".") != 0) {
        buffer_chars(&path, folder);
        buffer_chars(&path, text_ends(text_of(folder), TEXT("/")) ? "" : "/");
    }
    buffer_chars(&path, name);
    if (stat(path.data, &status) != 0) {
        return TEND_OK; /* it was there a moment ago */
    }
    if (S_ISDIR(status.st_mode)) {
        return walk(files, path.data, depth + 1, err);
    }
    if (test_files_takes(name)) {
        add(files, path.data);
    }
    return TEND_OK;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static NODISCARD enum tend_code walk(struct test_files *files, const char *folder, int depth,
                                     struct error *err)
{
    struct dirent **entries;
    enum tend_code code = TEND_OK;
    if (depth > FOLDERS_DEEP) {
        return TEND_OK;
    }
    int count = scandir(folder, &entries, is_shown, alphasort);
    if (count < 0) {
        return FAIL(err, TEND_IO, "cannot read %s: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        if (code == TEND_OK) {
            code = take(files, folder, entries[i]->d_name, depth, err);
        }
        free(entries[i]);
    }
    free(entries);
    return code;
}

enum tend_code test_files_find(const char *const *paths, size_t count, struct test_files *ret_files,
                               struct error *err)
{
    *ret_files = (struct test_files){0};
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        enum tend_code code = TEND_OK;
        if (stat(paths[i], &status) != 0) {
            code = FAIL(err, TEND_NOT_FOUND, "%s: %s", paths[i], strerror(errno));
        } else if (S_ISDIR(status.st_mode)) {
            code = walk(ret_files, paths[i], 0, err);
        } else {
            add(ret_files, paths[i]);
        }
        if (code != TEND_OK) {
            test_files_done(ret_files);
            return code;
        }
    }
    return TEND_OK;
}

void test_files_done(struct test_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->paths[i]);
    }
    free(files->paths);
    *files = (struct test_files){0};
}
