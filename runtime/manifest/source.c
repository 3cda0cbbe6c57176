/* Reading is plain blocking code that a worker runs. A FIFO or device in the folder must not hold it
 * up, so the file is opened without blocking and must be a regular one. */
#include "manifest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "document/json.h"
#include "document/yaml.h"

static enum tend_code read_all(int fd, struct buffer *bytes, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return FAIL(err, TEND_IO, "cannot be read: %s", strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return FAIL(err, TEND_INVALID, "is no regular file");
    }
    for (;;) {
        char *space = buffer_reserve(bytes, 64 * KIB);
        if (space == NULL) {
            return FAIL(err, TEND_LIMIT, "is larger than %u MiB; split it", INPUT_BYTES_MAX / MIB);
        }
        ssize_t got = read(fd, space, 64 * KIB);
        if (got < 0 && errno != EINTR) {
            return FAIL(err, TEND_IO, "cannot be read: %s", strerror(errno));
        }
        if (got == 0) {
            return TEND_OK;
        }
        bytes->len += got > 0 ? (size_t)got : 0;
    }
}

static enum wave wave_of(const struct value *root)
{
    struct text kind = value_text_or(value_field(root, "kind"), TEXT(""));
    bool first = text_is(kind, "CustomResourceDefinition") || text_is(kind, "Namespace");
    return first ? WAVE_FIRST : WAVE_SECOND;
}

static enum tend_code fill(struct manifest_document *document, const struct yaml_document *parsed,
                           struct buffer *bytes, struct error *err)
{
    buffer_clear(bytes);
    json_write(bytes, parsed->value);
    if (bytes->full) {
        return FAIL(err, TEND_LIMIT, "line %u: the document is larger than %u KiB", parsed->line,
                    DOC_BYTES_MAX / KIB);
    }
    if (value_text_or(value_field(parsed->value, "kind"), TEXT("")).len == 0 ||
        value_text_or(value_field(parsed->value, "apiVersion"), TEXT("")).len == 0) {
        return FAIL(err, TEND_INVALID, "line %u, column 1: expected apiVersion and kind",
                    parsed->line);
    }
    unsigned char digest[SHA256_BYTES];
    sha256(buffer_view(bytes), digest);
    for (size_t i = 0; i < 8; i++) {
        snprintf(document->hash + 2 * i, 3, "%02x", digest[i]);
    }
    document->root = parsed->value;
    document->line = parsed->value->line > 0 ? parsed->value->line : parsed->line;
    document->wave = wave_of(parsed->value);
    return TEND_OK;
}

static enum tend_code parse(struct source *source, struct text bytes, struct error *err)
{
    struct yaml_stream stream;
    TRY(yaml_parse(&source->arena, bytes, &stream, err));
    if (stream.count > MANIFEST_DOCS_MAX) {
        return FAIL(err, TEND_LIMIT, "has %zu documents, more than %u; split it", stream.count,
                    MANIFEST_DOCS_MAX);
    }
    source->documents = arena_alloc(&source->arena, stream.count * sizeof *source->documents);
    CLEANUP(buffer_done) struct buffer canonical = BUFFER_INIT(DOC_BYTES_MAX);
    for (size_t i = 0; i < stream.count; i++) {
        TRY(fill(&source->documents[i], &stream.documents[i], &canonical, err));
    }
    source->count = stream.count;
    return TEND_OK;
}

void source_read(struct source *source, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        source->state = errno == ENOENT ? SOURCE_ABSENT : SOURCE_BROKEN;
        (void)FAIL(&source->error, TEND_IO, "cannot be read: %s", strerror(errno));
        return;
    }
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(INPUT_BYTES_MAX + 64 * KIB);
    enum tend_code code = read_all(fd, &bytes, &source->error);
    close(fd);
    if (code == TEND_OK) {
        code = parse(source, buffer_view(&bytes), &source->error);
    }
    source->state = code == TEND_OK ? SOURCE_GOOD : SOURCE_BROKEN;
}

void source_done(struct source *source)
{
    arena_done(&source->arena);
    *source = (struct source){0};
}
