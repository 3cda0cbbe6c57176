/* What was last applied from a file: the Manifest object (tend.dev/v1) that the store keeps of it.
 *
 *     metadata.name  "labs.yaml-1a2b3c4d" (the file's name, and a hash of its path)
 *     path           "/etc/tend/manifests/labs.yaml"
 *     phase          applied | waiting | refused | removed
 *     message        what waits, or what is wrong, with its place
 *     documents      { "<key>": "<hash of the document that was applied>" }
 */
#ifndef MANIFEST_RECORD_H
#define MANIFEST_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "document/doc.h"
#include "document/value.h"
#include "store/store.h"

enum record_phase { PHASE_APPLIED, PHASE_WAITING, PHASE_REFUSED, PHASE_REMOVED };

struct record {
    bool exists;                          /* in the store */
    struct text name;                     /* of the Manifest object */
    struct text path;                     /* of the file */
    enum record_phase phase;              /* as it is to be written */
    struct text message;                  /* as it is to be written; may be empty */
    const struct value *documents;        /* key -> hash, as it was read; never NULL */
    struct text said_phase, said_message; /* as they were read */
};

/* The name of the Manifest object for the file at `path`, in `arena`. */
struct text record_name(struct arena *arena, const char *path);

/* What the store (durable head) keeps of the file at `path`; an empty record where there is nothing, or
 * nothing that can be read. */
struct record record_load(struct arena *arena, const struct store *store, const char *path);

/* The hash under which `key` was last applied; empty: never. */
struct text record_hash(const struct record *record, struct text key);

/* The Manifest object's root with `documents` in place of what was read. */
const struct value *record_root(struct arena *arena, const struct record *record,
                                const struct value *documents);

/* Are phase and message what the store says already? */
bool record_says_so_already(const struct record *record);

#endif
