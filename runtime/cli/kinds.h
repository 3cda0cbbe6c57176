/* The kinds that a host serves, as its discovery documents say: asked for once a command, when the first
 * kind is looked for, and again where one is not found that may have come meanwhile.
 */
#ifndef CLI_KINDS_H
#define CLI_KINDS_H

#include <stdbool.h>

#include "cli/client.h"
#include "document/value.h"

struct served_kind {
    struct text group, version, api_version; /* "lab.neuroglia.com", "v1", "lab.neuroglia.com/v1" */
    struct text name;                        /* "LabInstance" */
    struct text plural, singular;
    struct text resource; /* "labinstances.lab.neuroglia.com" */
    struct text shown;    /* "labinstance.lab.neuroglia.com": before "/NAME" in messages */
    const struct value *short_names; /* list of texts, or NULL */
    const struct value *categories; /* the same: what several kinds are called together, as "all" */
    bool is_namespaced;
};

/* Zeroed: nothing was asked yet. */
struct kinds {
    struct arena arena;
    struct served_kind *items;
    size_t count, capacity;
    bool is_loaded;
};

void kinds_done(struct kinds *kinds);

/* Ask the host, once. */
NODISCARD enum tend_code kinds_load(struct kinds *kinds, struct client *client, struct error *err);

/* Forget what was said: the next kinds_load asks again. Kinds that were handed out are no longer valid. */
void kinds_forget(struct kinds *kinds);

/* By apiVersion and kind; NULL where there is none. Loaded before. */
const struct served_kind *kinds_of_object(const struct kinds *kinds, struct text api_version,
                                          struct text name);

/* By a word that somebody typed, in any case: plural, singular, short name, kind, or one of the first
 * two with ".group". A kind of the core group is taken before others of that name. TEND_NOT_FOUND with
 * what may have been meant, TEND_INVALID with the candidates where it fits several. Loaded before. */
NODISCARD enum tend_code kinds_of_word(const struct kinds *kinds, struct text word,
                                       const struct served_kind **ret_kind, struct error *err);

bool kinds_has_category(const struct served_kind *kind, struct text category);

#endif
