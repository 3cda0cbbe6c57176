/* The kinds that are there without being declared.
 *
 *     Namespace ConfigMap Event                    v1
 *     CustomResourceDefinition                     apiextensions.k8s.io/v1
 *     Controller Manifest                          tend.dev/v1, cluster-scoped
 *     Effect                                       tend.dev/v1
 *
 * Each has a real schema and the columns that kubectl users know. A Controller is one controller that
 * the host found: spec.owns is what it declared about kinds ([{apiVersion, kind, finalizes, machine}],
 * in force before any runner is up), status is what became of it (file, hash, version, phase live |
 * refused | waiting | lost | disabled, reason, message, kinds, since, restarts, lastGood, rejected,
 * conditions, counts and lastError of its runs). A Manifest is one file that the host watches
 * (manifest/record.h). An Effect is the record of something that a controller had done outside, by name,
 * for the object that owns it (controller/journal.c).
 */
#ifndef RESOURCE_BUILTIN_H
#define RESOURCE_BUILTIN_H

#include <stddef.h>

#include "document/value.h"
#include "resource/kind.h"

#define BUILTIN_NAMESPACES  "namespaces"
#define BUILTIN_CONFIGMAPS  "configmaps"
#define BUILTIN_EVENTS      "events"
#define BUILTIN_CRDS        "customresourcedefinitions.apiextensions.k8s.io"
#define BUILTIN_CONTROLLERS "controllers.tend.dev"
#define BUILTIN_MANIFESTS   "manifests.tend.dev"
#define BUILTIN_EFFECTS     "effects.tend.dev"

/* How many there are, and a new one of them (owned by the caller). */
size_t builtin_count(void);
struct kind *builtin_kind(size_t index);

/* The namespace "default" as it is created in a new store. */
const struct value *builtin_default_namespace(struct arena *arena);

#endif
