/* A manifest file as it was read: its documents, or why it has none. */
#ifndef MANIFEST_SOURCE_H
#define MANIFEST_SOURCE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "document/value.h"

/* Definitions and namespaces come before what needs them. */
enum wave { WAVE_FIRST, WAVE_SECOND, WAVES };

struct manifest_document {
    const struct value *root; /* in the source's arena; with positions */
    uint32_t line;
    enum wave wave;
    char hash[17]; /* of its canonical bytes; hex */
};

enum source_state { SOURCE_GOOD, SOURCE_BROKEN, SOURCE_ABSENT };

struct source {
    enum source_state state;
    struct arena arena;
    struct manifest_document *documents;
    size_t count;
    struct error error; /* SOURCE_BROKEN: "line L, column C: ..." */
};

/* Read and parse the file at `path`; the source is empty before. Blocks. [any thread] */
void source_read(struct source *source, const char *path);
void source_done(struct source *source);

#endif
