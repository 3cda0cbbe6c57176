/* Which objects somebody wants to hear about: the keys that begin with a prefix (a kind, or a kind in
 * one namespace: resource/key.h), and of those the ones that a selector matches.
 *
 * A selection owns its prefix and its selector.
 */
#ifndef WATCH_SELECTION_H
#define WATCH_SELECTION_H

#include <stdbool.h>

#include "document/doc.h"
#include "resource/selector.h"

struct selection {
    char *prefix;              /* "labinstances.lab.neuroglia.com/default/"; "": every object */
    struct selector *selector; /* NULL: no restriction */
};

/* Copies `prefix`, takes `selector`. */
struct selection selection_of(struct text prefix, struct selector *selector);
void selection_done(struct selection *selection);

/* What the key alone says. */
enum selector_verdict selection_match_key(const struct selection *selection, struct text key);

/* Is the object `doc` at `key` selected? False for a NULL `doc`, and for one that cannot be decoded.
 * Decodes only where the key alone does not decide it. */
bool selection_match(const struct selection *selection, struct text key, const struct doc *doc);

/* The resource that every selected key begins with ("labinstances.lab.neuroglia.com"), or the empty
 * text where there may be several. Borrowed from the selection. */
struct text selection_resource(const struct selection *selection);

#endif
