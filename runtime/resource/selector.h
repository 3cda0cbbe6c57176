/* Selections of objects by labels and fields, parsed once and matched often.
 *
 *     labels: "team=a,tier!=web,env in (lab, test),!retired,owner"      fields: "metadata.name=lab-1"
 *
 * A comma means and. Fields know =, == and !=; metadata.name and metadata.namespace always, otherwise
 * the paths that the kind declares selectable. An absent label differs from every value (!=, notin
 * match it); an absent field is the empty text.
 */
#ifndef RESOURCE_SELECTOR_H
#define RESOURCE_SELECTOR_H

#include <stdbool.h>

#include "base/error.h"
#include "document/value.h"
#include "resource/key.h"
#include "resource/kind.h"

struct selector;

/* Parse both (empty: no restriction) for objects of `kind`. TEND_INVALID with what was expected, or
 * with the fields that may be selected. */
NODISCARD enum tend_code selector_parse(struct text labels, struct text fields,
                                        const struct kind *kind, struct selector **ret_selector,
                                        struct error *err);
void selector_free(struct selector *selector); /* NULL is allowed */
static inline void selector_freep(struct selector **selector)
{
    selector_free(*selector);
}

/* Does it select `root`? A NULL selector selects everything. */
bool selector_match(const struct selector *selector, const struct value *root);

enum selector_verdict { SELECT_NO, SELECT_YES, SELECT_LOOK /* depends on the content */ };

/* What the key alone says, so that most objects need not be decoded. */
enum selector_verdict selector_match_key(const struct selector *selector,
                                         const struct key_parts *key);

/* The one name that it can match ("metadata.name=x"); empty where there may be more. */
struct text selector_name(const struct selector *selector);

#endif
