/* The documents that -f names: of files, folders and standard input, YAML or JSON.
 *
 * All of them are read before anything is sent, so a broken file applies nothing.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "base/error.h"
#include "document/value.h"

struct source_document {
    const char *file; /* "-" is standard input */
    uint32_t line;    /* where the document starts */
    const struct value *value;
};

struct sources {
    struct arena arena; /* everything lives here */
    struct source_document *documents;
    size_t count, capacity;
};

enum source_depth { SOURCE_FLAT, SOURCE_RECURSIVE };

/* Read `path` ("-": standard input; a folder: its *.yaml, *.yml and *.json in order of names) and append
 * its documents. TEND_INVALID "FILE:LINE:COLUMN: expected ..."; TEND_NOT_FOUND, TEND_IO, TEND_LIMIT. */
NODISCARD enum tend_code sources_read(struct sources *sources, const char *path,
                                      enum source_depth depth, struct error *err);
void sources_done(struct sources *sources);

#endif
