/* Files are read whole and bounded; folders are listed in order of names, so that two runs do the same. */
#include "cli/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/yaml.h"

void sources_done(struct sources *sources)
{
    free(sources->documents);
    arena_done(&sources->arena);
    *sources = (struct sources){0};
}

static enum tend_code read_descriptor(int fd, const char *name, struct buffer *out,
                                      struct error *err)
{
    for (;;) {
        char piece[16384];
        ssize_t got = read(fd, piece, sizeof piece);
        if (got == 0) {
            return TEND_OK;
        }
        if (got < 0 && errno != EINTR) {
            return FAIL(err, TEND_IO, "cannot read %s: %s", name, strerror(errno));
        }
        buffer_add(out, piece, got > 0 ? (size_t)got : 0);
        if (out->full) {
            return FAIL(err, TEND_LIMIT, "%s is larger than %u MiB", name, INPUT_BYTES_MAX / MIB);
        }
    }
}

static enum tend_code read_file(const char *path, struct buffer *out, struct error *err)
{
    if (strcmp(path, "-") == 0) {
        return read_descriptor(STDIN_FILENO, "standard input", out, err);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return FAIL(err, TEND_IO, "cannot open %s: %s", path, strerror(errno));
    }
    enum tend_code code = read_descriptor(fd, path, out, err);
    close(fd);
    return code;
}

/* "line 3, column 7: expected ..." becomes "FILE:3:7: expected ...", as editors and compilers have it. */
static enum tend_code place_error(const char *file, struct error *err)
{
    unsigned line = 0, column = 0;
    int used = 0;
    if (sscanf(err->message, "line %u, column %u: %n", &line, &column, &used) == 2 && used > 0) {
        char message[ERROR_TEXT_MAX];
        snprintf(message, sizeof message, "%s", err->message + used);
        return FAIL(err, err->code, "%s:%u:%u: %s", file, line, column, message);
    }
    return error_wrap(err, "%s", file);
}

static void append(struct sources *sources, struct source_document document)
{
    if (sources->count == sources->capacity) {
        sources->capacity = sources->capacity == 0 ? 16 : sources->capacity * 2;
        sources->documents =
            alloc_resize(sources->documents, sources->capacity, sizeof *sources->documents);
    }
    sources->documents[sources->count++] = document;
}

static enum tend_code read_documents(struct sources *sources, const char *path, struct error *err)
{
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(INPUT_BYTES_MAX);
    const char *file = arena_text(&sources->arena, text_of(path)).ptr;
    struct yaml_stream stream;
    TRY(read_file(path, &bytes, err));
    if (yaml_parse(&sources->arena, buffer_view(&bytes), &stream, err) != TEND_OK) {
        return place_error(file, err);
    }
    for (size_t i = 0; i < stream.count; i++) {
        append(sources, (struct source_document){.file = file,
                                                 .line = stream.documents[i].line,
                                                 .value = stream.documents[i].value});
    }
    return TEND_OK;
}

/* --- folders ----------------------------------------------------------------------------------- */

static bool is_manifest(const char *name)
{
    struct text text = text_of(name);
    return name[0] != '.' && (text_ends(text, TEXT(".yaml")) || text_ends(text, TEXT(".yml")) ||
                              text_ends(text, TEXT(".json")));
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum tend_code read_path(struct sources *sources, const char *path, enum source_depth depth,
                                unsigned level, struct error *err);

static enum tend_code read_entry(struct sources *sources, const char *folder, const char *name,
                                 enum source_depth depth, unsigned level, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const char *path = arena_format(&arena, "%s/%s", folder, name).ptr;
    bool is_below = is_folder(path);
    bool is_wanted = is_below ? depth == SOURCE_RECURSIVE && name[0] != '.' : is_manifest(name);
    return is_wanted ? read_path(sources, path, depth, level + 1, err) : TEND_OK;
}

static enum tend_code read_folder(struct sources *sources, const char *path,
                                  enum source_depth depth, unsigned level, struct error *err)
{
    struct dirent **entries = NULL;
    enum tend_code code = TEND_OK;
    if (level > DOC_DEPTH_MAX) {
        return FAIL(err, TEND_LIMIT, "folders are nested too deeply at %s", path);
    }
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        return FAIL(err, TEND_IO, "cannot list %s: %s", path, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        if (code == TEND_OK) {
            code = read_entry(sources, path, entries[i]->d_name, depth, level, err);
        }
        free(entries[i]);
    }
    free(entries);
    return code;
}

static enum tend_code read_path(struct sources *sources, const char *path, enum source_depth depth,
                                unsigned level, struct error *err)
{
    bool is_input = strcmp(path, "-") == 0;
    return !is_input && is_folder(path) ? read_folder(sources, path, depth, level, err)
                                        : read_documents(sources, path, err);
}

enum tend_code sources_read(struct sources *sources, const char *path, enum source_depth depth,
                            struct error *err)
{
    return read_path(sources, path, depth, 0, err);
}
