/* The kinds that exist: an immutable set, counted; a change makes another that shares the kinds.
 *
 * Made of the built-in kinds, the kinds that CustomResourceDefinitions declare, and what Controllers
 * declared about kinds that they own (machine, finalizer). The last two may come in any order: what a
 * controller declared about a kind that is not there yet is kept, and joins the kind when it comes.
 * Admission works on the catalogue as it will be, readers on the durable one. The count is atomic.
 */
#ifndef RESOURCE_CATALOGUE_H
#define RESOURCE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "document/value.h"
#include "resource/kind.h"

struct catalogue;

/* The built-in kinds alone, owned by the caller. */
struct catalogue *catalogue_new(void);
struct catalogue *catalogue_ref(struct catalogue *catalogue);
struct catalogue *catalogue_unref(struct catalogue *catalogue); /* NULL is allowed; returns NULL */
static inline void catalogue_unrefp(struct catalogue **catalogue)
{
    *catalogue = catalogue_unref(*catalogue);
}

/* --- changed ones; each returned catalogue is the caller's --------------------------------------- */

/* With the kind that the CustomResourceDefinition `crd` declares, in place of what a definition of
 * that name declared before. TEND_INVALID (and `ret_path`, see crd.h) where it is none or does not fit
 * the machine of the kind's owner, TEND_EXISTS where another kind has one of its names. */
NODISCARD enum tend_code catalogue_with_crd(const struct catalogue *catalogue,
                                            const struct value *crd, char *ret_path,
                                            struct catalogue **ret_catalogue, struct error *err);

/* Without the kind whose definition is called `name` ("labinstances.lab.neuroglia.com"). */
struct catalogue *catalogue_without_crd(const struct catalogue *catalogue, struct text name);

/* With what the Controller object `controller` declares in spec.owns, in place of what that controller
 * declared before. TEND_INVALID where a machine is none or its states do not fit the kind's schema,
 * TEND_EXISTS where another controller owns one of the kinds: a kind has one owner. */
NODISCARD enum tend_code catalogue_with_machine(const struct catalogue *catalogue,
                                                const struct value *controller,
                                                struct catalogue **ret_catalogue,
                                                struct error *err);

/* Without anything that the controller called `name` declared. */
struct catalogue *catalogue_without_machine(const struct catalogue *catalogue, struct text name);

/* --- looking up; kinds are borrowed from the catalogue ------------------------------------------- */

/* By apiVersion and kind ("lab.neuroglia.com/v1", "LabInstance"), by group, version and plural, and by
 * resource ("labinstances.lab.neuroglia.com"); NULL where there is none. */
const struct kind *catalogue_kind(const struct catalogue *catalogue, struct text api_version,
                                  struct text kind);
const struct kind *catalogue_plural(const struct catalogue *catalogue, struct text group,
                                    struct text version, struct text plural);
const struct kind *catalogue_resource(const struct catalogue *catalogue, struct text resource);

/* By a word that somebody typed, in any case: plural, singular, short name, kind, "plural.group" or
 * "kind.group". TEND_NOT_FOUND naming the nearest ones, TEND_INVALID naming the candidates where it
 * fits several. */
NODISCARD enum tend_code catalogue_word(const struct catalogue *catalogue, struct text word,
                                        const struct kind **ret_kind, struct error *err);

/* "no kind X in G/V" and what may have been meant: fills `err` with TEND_NOT_FOUND. */
enum tend_code catalogue_unknown(const struct catalogue *catalogue, struct text api_version,
                                 struct text kind, struct error *err);

/* Every kind, ordered by group, version and plural. */
size_t catalogue_count(const struct catalogue *catalogue);
const struct kind *catalogue_at(const struct catalogue *catalogue, size_t index);

#endif
