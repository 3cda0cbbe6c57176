/* One pass over one manifest file: read it, apply what differs, write down what was done.
 *
 *     read (worker) -> definitions and namespaces (a set) -> the rest and the record (a set) -> finished
 */
#ifndef MANIFEST_PASS_H
#define MANIFEST_PASS_H

#include "admission/admission.h"
#include "base/buffer.h"
#include "base/world.h"
#include "manifest/record.h"
#include "manifest/source.h"
#include "store/store.h"

struct pass {
    /* fixed after pass_start */
    struct world *world;
    struct store *store;
    struct admission *gate;
    char *path;                          /* owned */
    void (*finished)(struct pass *pass); /* in a step of its own; `phase` says how it ended */
    enum record_phase phase;

    /* private */
    struct job job;
    struct source source;
    struct admission_call call;
    struct arena arena;
    struct record record;
    struct value_field *kept;      /* key and hash of what is applied; in the arena */
    size_t kept_count, kept_first; /* ... and how many of them are of the first wave */
    enum wave wave;
    struct admission_request *requests; /* of the set under way; in the arena */
    size_t *origins;                    /* requests[i] is document origins[i] */
    size_t request_count, applied, unchanged, waiting;
    struct buffer message; /* what waits, or what is wrong */
    struct event event;
};

/* Start. `pass` stays at its place until `finished` was called or pass_cancel. */
void pass_start(struct pass *pass, struct world *world, struct store *store, struct admission *gate,
                const char *path);

/* Give up its memory; after `finished`. */
void pass_done(struct pass *pass);

#endif
