/* What a runner will have loaded: itself, the plugin, and what they need, and what that needs. Each file is
 * read once; its names go into one table, which borrows from the bytes. */
#include "cli/libraries.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/map.h"
#include "cli/plain.h"
#include "protocol/elf.h"
#include "protocol/elf_symbols.h"

/* --- where they are ---------------------------------------------------------------------------- */

#if defined(__x86_64__)
#    define TRIPLET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#    define TRIPLET "aarch64-linux-gnu"
#else
#    define TRIPLET "riscv64-linux-gnu"
#endif

static const char *existing(struct arena *arena, struct text folder, struct text library)
{
    struct text path = arena_format(arena, "%.*s/%.*s", TEXT_ARG(folder), TEXT_ARG(library));
    return access(path.ptr, R_OK) == 0 ? path.ptr : NULL;
}

/* Where the linker is told to look, and where it looks anyway. What else it knows is in a cache of its own,
 * and in the environment of the host; so "not found" is never a verdict. */
static const char *find_library(const struct elf_image *image, struct arena *arena,
                                struct text library)
{
    static const char *const usual[] = {
        "/lib/" TRIPLET, "/usr/lib/" TRIPLET, "/lib64",        "/usr/lib64",
        "/lib",          "/usr/lib",          "/usr/local/lib"};
    struct text path = elf_image_search_path(image);
    const char *found = NULL;
    while (path.len > 0 && found == NULL) {
        struct text folder = text_cut(&path, ':');
        found = text_starts(folder, TEXT("/")) ? existing(arena, folder, library) : NULL;
    }
    for (size_t i = 0; i < COUNT_OF(usual) && found == NULL; i++) {
        found = existing(arena, text_of(usual[i]), library);
    }
    return found;
}

/* A library that is named by its path is there or nowhere. */
static const char *locate(const struct elf_image *image, struct arena *arena, struct text library)
{
    if (text_starts(library, TEXT("/"))) {
        const char *path = arena_text(arena, library).ptr;
        return access(path, F_OK) == 0 ? path : NULL;
    }
    return text_find(library, '/') < library.len ? NULL : find_library(image, arena, library);
}

const struct value *libraries_describe(const struct elf_image *image, struct arena *arena)
{
    const struct value *list = value_empty_list();
    for (size_t i = 0; i < PLUGIN_LIBRARIES_MAX; i++) {
        struct text library = elf_image_needed(image, i);
        if (library.len == 0) {
            break;
        }
        const char *found = locate(image, arena, library);
        const struct value *map =
            value_with(arena, NULL, TEXT("library"), value_text(arena, plain_utf8(arena, library)));
        if (found != NULL) {
            map = value_with(arena, map, TEXT("found"),
                             value_text(arena, plain_utf8(arena, text_of(found))));
        }
        list = value_append(arena, list, map);
    }
    return list;
}

/* --- all that will be loaded ------------------------------------------------------------------- */

struct loading {
    struct arena arena;
    const char *paths[PLUGIN_LIBRARIES_MAX]; /* in the order in which they were asked for */
    struct buffer files[PLUGIN_LIBRARIES_MAX];
    size_t count, bytes;
    struct map names; /* that any of them has */
    bool uncertain;   /* something is not known */
};

static void loading_done(struct loading *loading)
{
    for (size_t i = 0; i < loading->count; i++) {
        buffer_done(&loading->files[i]);
    }
    map_done(&loading->names);
    arena_done(&loading->arena);
}

static void add_path(struct loading *loading, const char *path)
{
    for (size_t i = 0; path != NULL && i < loading->count; i++) {
        if (strcmp(loading->paths[i], path) == 0) {
            return;
        }
    }
    if (path == NULL || loading->count == PLUGIN_LIBRARIES_MAX) {
        loading->uncertain = true;
        return;
    }
    loading->files[loading->count] = (struct buffer)BUFFER_INIT(PLUGIN_BYTES_MAX);
    loading->paths[loading->count++] = path;
}

static void add_needs(struct loading *loading, const struct elf_image *image)
{
    for (size_t i = 0; elf_image_needed(image, i).len > 0 && !loading->uncertain; i++) {
        loading->uncertain = i == PLUGIN_LIBRARIES_MAX;
        add_path(loading, locate(image, &loading->arena, elf_image_needed(image, i)));
    }
}

static bool read_library(const char *path, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t got = 1;
    while (fd >= 0 && got > 0) {
        char *space = buffer_reserve(out, 64 * KIB);
        got = space == NULL ? -1 : read(fd, space, 64 * KIB);
        out->len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0 && got == 0 && elf_is_object(buffer_view(out));
}

static void add_names(struct loading *loading, struct text file)
{
    struct elf_symbols symbols;
    struct elf_symbol symbol;
    if (!elf_symbols_open(file, &symbols)) {
        loading->uncertain = true;
        return;
    }
    while (elf_symbols_next(&symbols, &symbol)) {
        if (symbol.kind == ELF_GIVEN) {
            map_put(&loading->names, symbol.name, loading);
        }
    }
}

static void load_one(struct loading *loading, size_t i)
{
    struct elf_image *image;
    struct error err = ERROR_INIT;
    struct buffer *file = &loading->files[i];
    loading->uncertain =
        loading->uncertain || !read_library(loading->paths[i], file) ||
        (loading->bytes += file->len) > LIBRARIES_BYTES_MAX ||
        elf_image_open(buffer_view(file), &loading->arena, &image, &err) != TEND_OK;
    if (!loading->uncertain) {
        add_names(loading, buffer_view(file));
        add_needs(loading, image);
    }
}

/* The runner stands beside the program that runs now. */
static const char *runner_path(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    return len <= 0 ? NULL : arena_format(arena, "%.*stend-runner", (int)len, path).ptr;
}

static enum tend_code check_paths(const struct elf_image *image, struct error *err)
{
    for (size_t i = 0; i < PLUGIN_LIBRARIES_MAX; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct text library = elf_image_needed(image, i);
        if (text_starts(library, TEXT("/")) && locate(image, &arena, library) == NULL) {
            return FAIL(err, TEND_INVALID,
                        "cannot be loaded: %.*s: cannot open shared object file: %s",
                        TEXT_ARG(library), strerror(ENOENT));
        }
    }
    return TEND_OK;
}

enum tend_code libraries_check(const char *file, struct text bytes, const struct elf_image *image,
                               struct error *err)
{
    CLEANUP(loading_done) struct loading loading = {.count = 0};
    struct elf_symbols symbols;
    struct elf_symbol symbol;
    TRY(check_paths(image, err));
    add_path(&loading, runner_path(&loading.arena));
    add_needs(&loading, image);
    add_names(&loading, bytes);
    for (size_t i = 0; i < loading.count && !loading.uncertain; i++) {
        load_one(&loading, i);
    }
    if (loading.uncertain || !elf_symbols_open(bytes, &symbols)) {
        return TEND_OK;
    }
    while (elf_symbols_next(&symbols, &symbol)) {
        if (symbol.kind == ELF_WANTED && map_get(&loading.names, symbol.name) == NULL) {
            return FAIL(err, TEND_INVALID, "cannot be loaded: %s: undefined symbol: %.*s", file,
                        TEXT_ARG(symbol.name));
        }
    }
    return TEND_OK;
}
