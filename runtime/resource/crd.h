/* Kinds from CustomResourceDefinitions (apiextensions.k8s.io/v1).
 *
 * For now a definition has exactly one version, served and stored; anything else is refused with a
 * sentence, never half understood. Naming rules: metadata.name is "PLURAL.GROUP".
 */
#ifndef RESOURCE_CRD_H
#define RESOURCE_CRD_H

#include "base/error.h"
#include "document/value.h"
#include "resource/kind.h"

/* The kind that the definition `root` declares, owned by the caller. TEND_INVALID with the path of
 * what is wrong: `ret_path` (which may be NULL; room for 256 bytes) receives it, "" where the whole
 * is wrong. */
NODISCARD enum tend_code crd_kind(const struct value *root, char *ret_path, struct kind **ret_kind,
                                  struct error *err);

enum { CRD_PATH_MAX = 256 };

/* The kind of a definition's `spec` alone. ORIGIN_BUILTIN lifts what only the host may do: the core
 * group "", and columns that are complete and say how they are `show`n. */
NODISCARD enum tend_code crd_define(const struct value *spec, enum kind_origin origin,
                                    char *ret_path, struct kind **ret_kind, struct error *err);

/* `root` with the status that the host keeps on it: conditions NamesAccepted and Established,
 * acceptedNames, storedVersions; `now_ms` where a condition changes. */
const struct value *crd_with_status(struct arena *arena, const struct value *root,
                                    const struct kind *kind, int64_t now_ms);

#endif
