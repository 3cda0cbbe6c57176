/* Values and kinds written as YAML, for the tests of this room and of admission. */
#ifndef RESOURCE_FIXTURE_H
#define RESOURCE_FIXTURE_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/yaml.h"
#include "resource/catalogue.h"
#include "support/suite.h"

/* The one document in `yaml`; the case fails, and it is an empty map, where it cannot be read. */
static inline const struct value *yaml_value(struct arena *arena, const char *yaml)
{
    struct yaml_stream stream;
    struct error err = ERROR_INIT;
    if (yaml_parse(arena, text_of(yaml), &stream, &err) != TEND_OK || stream.count != 1) {
        suite_check(false, __LINE__, err.message, __FILE__);
        return value_empty_map();
    }
    return stream.documents[0].value;
}

/* The canonical bytes, in the arena. */
static inline const char *json_of(struct arena *arena, const struct value *value)
{
    if (value == NULL) {
        return "(absent)";
    }
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(DOC_BYTES_MAX);
    json_write(&out, value);
    return arena_text(arena, buffer_view(&out)).ptr;
}

static inline const char *chars_of(struct arena *arena, struct text text)
{
    return arena_text(arena, text).ptr;
}

#define LAB_CRD                                                                                    \
    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,\n"                      \
    " metadata: {name: labinstances.lab.neuroglia.com},\n"                                         \
    " spec: {group: lab.neuroglia.com, scope: Namespaced,\n"                                       \
    "  names: {kind: LabInstance, plural: labinstances, shortNames: [li], categories: [all]},\n"   \
    "  versions: [{name: v1, served: true, storage: true, subresources: {status: {}},\n"           \
    "   schema: {openAPIV3Schema: {type: object, required: [spec], properties: {\n"                \
    "    spec: {type: object, required: [template], properties: {\n"                               \
    "     template: {type: string, minLength: 1}, studentEmail: {type: string},\n"                 \
    "     duration: {type: string, format: duration, default: 60m},\n"                             \
    "     retries: {type: integer, minimum: 0, maximum: 10, default: 3}}},\n"                      \
    "    status: {type: object, properties: {\n"                                                   \
    "     state: {type: string}, message: {type: string}, readyAt: {type: string},\n"              \
    "     observedGeneration: {type: integer},\n"                                                  \
    "     conditions: {type: array, items: {type: object,\n"                                       \
    "      x-kubernetes-preserve-unknown-fields: true}}}}}}},\n"                                   \
    "   additionalPrinterColumns: [\n"                                                             \
    "    {name: State, type: string, jsonPath: .status.state},\n"                                  \
    "    {name: Template, type: string, jsonPath: .spec.template, priority: 1},\n"                 \
    "    {name: Age, type: date, jsonPath: .metadata.creationTimestamp}],\n"                       \
    "   selectableFields: [{jsonPath: .spec.template}, {jsonPath: .spec.retries}]}]}}"

#define LAB_MACHINE                                                                                \
    "{field: status.state, initial: pending, states: [\n"                                          \
    " {name: pending, next: [provisioning, failed, deleting], within: 60000, otherwise: failed,\n" \
    "  reason: PickupTimeout, message: nobody took it up, alone: true},\n"                         \
    " {name: provisioning, next: [ready, failed, deleting], within: 30000, otherwise: failed,\n"   \
    "  reason: ProvisioningTimeout},\n"                                                            \
    " {name: ready, next: [failed, deleting], withinField: spec.duration, from: status.readyAt,\n" \
    "  otherwise: deleting, reason: Expired},\n"                                                   \
    " {name: failed, next: [pending, deleting]},\n"                                                \
    " {name: deleting, next: [deleted, failed], within: 300000, condition: CleanupStuck,\n"        \
    "  teardown: true},\n"                                                                         \
    " {name: deleted, final: true}]}"

#define LAB_CONTROLLER                                                                             \
    "{apiVersion: tend.dev/v1, kind: Controller, metadata: {name: labinstance},\n"                 \
    " spec: {owns: [{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, finalizes: true,\n"      \
    "  machine: " LAB_MACHINE "}]}}"

/* The built-in kinds and LabInstance; owned by the caller. */
static inline struct catalogue *lab_catalogue(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(catalogue_unrefp) struct catalogue *empty = catalogue_new();
    struct catalogue *catalogue = NULL;
    struct error err = ERROR_INIT;
    if (catalogue_with_crd(empty, yaml_value(&arena, LAB_CRD), NULL, &catalogue, &err) != TEND_OK) {
        suite_check(false, __LINE__, err.message, __FILE__);
        return catalogue_ref(empty);
    }
    return catalogue;
}

#endif
