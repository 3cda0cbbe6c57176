/* The built-in kinds are written as definitions, in YAML, and read by the same code as anybody's: no
 * second way to make a kind, and their schemas are as real as those of others. They are few and read
 * once, at start. `show` is understood here only (resource/column.h). */
#include "resource/builtin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "document/yaml.h"
#include "resource/crd.h"

static const char namespaces[] =
    "{group: '', scope: Cluster,\n"
    " names: {kind: Namespace, plural: namespaces, singular: namespace, shortNames: [ns]},\n"
    " versions: [{name: v1, served: true, storage: true, subresources: {status: {}},\n"
    "  schema: {openAPIV3Schema: {type: object,\n"
    "   description: A room for names of namespaced objects.,\n"
    "   properties: {\n"
    "    spec: {type: object, properties: {\n"
    "     finalizers: {type: array, items: {type: string}}}},\n"
    "    status: {type: object, default: {phase: Active}, properties: {\n"
    "     phase: {type: string, enum: [Active, Terminating]},\n"
    "     conditions: {type: array, items: {type: object,\n"
    "      x-kubernetes-preserve-unknown-fields: true}}}}}}},\n"
    "  additionalPrinterColumns: [\n"
    "   {name: Name, type: string, format: name, jsonPath: .metadata.name},\n"
    "   {name: Status, type: string, jsonPath: .status.phase},\n"
    "   {name: Age, type: date, jsonPath: .metadata.creationTimestamp}]}]}\n";

static const char configmaps[] =
    "{group: '', scope: Namespaced,\n"
    " names: {kind: ConfigMap, plural: configmaps, singular: configmap, shortNames: [cm]},\n"
    " versions: [{name: v1, served: true, storage: true,\n"
    "  schema: {openAPIV3Schema: {type: object,\n"
    "   description: Texts under keys.,\n"
    "   properties: {\n"
    "    data: {type: object, nullable: true, additionalProperties: {type: string}},\n"
    "    binaryData: {type: object, nullable: true,\n"
    "     additionalProperties: {type: string, format: byte}},\n"
    "    immutable: {type: boolean, nullable: true}}}},\n"
    "  additionalPrinterColumns: [\n"
    "   {name: Name, type: string, format: name, jsonPath: .metadata.name},\n"
    "   {name: Data, type: integer, jsonPath: .data, show: count},\n"
    "   {name: Age, type: date, jsonPath: .metadata.creationTimestamp}]}]}\n";

static const char events[] =
    "{group: '', scope: Namespaced,\n"
    " names: {kind: Event, plural: events, singular: event, shortNames: [ev]},\n"
    " versions: [{name: v1, served: true, storage: true,\n"
    "  schema: {openAPIV3Schema: {type: object,\n"
    "   description: Something that happened to an object.,\n"
    "   required: [involvedObject],\n"
    "   properties: {\n"
    "    involvedObject: {type: object, properties: {\n"
    "     apiVersion: {type: string}, kind: {type: string}, namespace: {type: string},\n"
    "     name: {type: string}, uid: {type: string}, resourceVersion: {type: string},\n"
    "     fieldPath: {type: string}}},\n"
    "    type: {type: string, enum: [Normal, Warning]},\n"
    "    reason: {type: string}, message: {type: string, maxLength: 1024},\n"
    "    source: {type: object, properties: {\n"
    "     component: {type: string}, host: {type: string}}},\n"
    "    firstTimestamp: {type: string, format: date-time, nullable: true},\n"
    "    lastTimestamp: {type: string, format: date-time, nullable: true},\n"
    "    eventTime: {type: string, format: date-time, nullable: true},\n"
    "    count: {type: integer, format: int32, minimum: 0}, action: {type: string},\n"
    "    series: {type: object, nullable: true, properties: {\n"
    "     count: {type: integer},\n"
    "     lastObservedTime: {type: string, format: date-time, nullable: true}}},\n"
    "    related: {type: object, nullable: true, x-kubernetes-preserve-unknown-fields: true},\n"
    "    reportingComponent: {type: string}, reportingInstance: {type: string}}}},\n"
    "  selectableFields: [\n"
    "   {jsonPath: .involvedObject.kind}, {jsonPath: .involvedObject.namespace},\n"
    "   {jsonPath: .involvedObject.name}, {jsonPath: .involvedObject.uid},\n"
    "   {jsonPath: .involvedObject.apiVersion}, {jsonPath: .involvedObject.resourceVersion},\n"
    "   {jsonPath: .involvedObject.fieldPath}, {jsonPath: .reason}, {jsonPath: .type},\n"
    "   {jsonPath: .source.component}, {jsonPath: .reportingComponent}],\n"
    "  additionalPrinterColumns: [\n"
    "   {name: Last Seen, type: date, jsonPath: .lastTimestamp},\n"
    "   {name: Type, type: string, jsonPath: .type},\n"
    "   {name: Reason, type: string, jsonPath: .reason},\n"
    "   {name: Object, type: string, jsonPath: .involvedObject, show: object},\n"
    "   {name: Source, type: string, priority: 1, jsonPath: .source.component},\n"
    "   {name: Message, type: string, jsonPath: .message},\n"
    "   {name: First Seen, type: date, priority: 1, jsonPath: .firstTimestamp},\n"
    "   {name: Count, type: integer, priority: 1, jsonPath: .count},\n"
    "   {name: Name, type: string, format: name, priority: 1, jsonPath: .metadata.name}]}]}\n";

static const char definitions[] =
    "{group: apiextensions.k8s.io, scope: Cluster,\n"
    " names: {kind: CustomResourceDefinition, plural: customresourcedefinitions,\n"
    "  singular: customresourcedefinition, shortNames: [crd, crds], categories: [api-extensions]},\n"
    " versions: [{name: v1, served: true, storage: true, subresources: {status: {}},\n"
    "  schema: {openAPIV3Schema: {type: object, required: [spec],\n"
    "   description: A kind of objects.,\n"
    "   properties: {\n"
    "    spec: {type: object, required: [group, names, scope, versions], properties: {\n"
    "     group: {type: string}, scope: {type: string, enum: [Namespaced, Cluster]},\n"
    "     names: {type: object, required: [plural, kind], properties: {\n"
    "      plural: {type: string}, singular: {type: string}, kind: {type: string},\n"
    "      listKind: {type: string}, shortNames: {type: array, items: {type: string}},\n"
    "      categories: {type: array, items: {type: string}}}},\n"
    "     versions: {type: array, items: {type: object, required: [name, served, storage],\n"
    "      properties: {\n"
    "       name: {type: string}, served: {type: boolean}, storage: {type: boolean},\n"
    "       deprecated: {type: boolean}, deprecationWarning: {type: string},\n"
    "       schema: {type: object, properties: {openAPIV3Schema: {type: object,\n"
    "        x-kubernetes-preserve-unknown-fields: true}}},\n"
    "       subresources: {type: object, properties: {\n"
    "        status: {type: object, x-kubernetes-preserve-unknown-fields: true},\n"
    "        scale: {type: object, x-kubernetes-preserve-unknown-fields: true}}},\n"
    "       selectableFields: {type: array, items: {type: object, properties: {\n"
    "        jsonPath: {type: string}}}},\n"
    "       additionalPrinterColumns: {type: array, items: {type: object,\n"
    "        required: [name, type, jsonPath], properties: {\n"
    "        name: {type: string}, type: {type: string}, jsonPath: {type: string},\n"
    "        format: {type: string}, description: {type: string},\n"
    "        priority: {type: integer}}}}}}},\n"
    "     conversion: {type: object, x-kubernetes-preserve-unknown-fields: true},\n"
    "     preserveUnknownFields: {type: boolean}}},\n"
    "    status: {type: object, x-kubernetes-preserve-unknown-fields: true}}}},\n"
    "  additionalPrinterColumns: [\n"
    "   {name: Name, type: string, format: name, jsonPath: .metadata.name},\n"
    "   {name: Created At, type: string, jsonPath: .metadata.creationTimestamp}]}]}\n";

static const char controllers[] =
    "{group: tend.dev, scope: Cluster,\n"
    " names: {kind: Controller, plural: controllers, singular: controller, shortNames: [ctl]},\n"
    " versions: [{name: v1, served: true, storage: true, subresources: {status: {}},\n"
    "  schema: {openAPIV3Schema: {type: object,\n"
    "   description: A controller that the host found.,\n"
    "   properties: {\n"
    "    spec: {type: object, properties: {\n"
    "     owns: {type: array, items: {type: object, required: [apiVersion, kind], properties: {\n"
    "      apiVersion: {type: string, description: The version of the kind.},\n"
    "      kind: {type: string, description: The kind that it owns.},\n"
    "      finalizes: {type: boolean,\n"
    "       description: Whether deleted objects are held until it has cleaned up.},\n"
    "      machine: {type: object, x-kubernetes-preserve-unknown-fields: true,\n"
    "       description: The states of the kind.}}}},\n"
    "     observes: {type: object, description: What an observer looks at., properties: {\n"
    "      kinds: {type: array, items: {type: string},\n"
    "       description: '\"*\" is every kind but Events and those of the host.'},\n"
    "      labels: {type: string, description: They match them.},\n"
    "      annotation: {type: string, description: They have it.}}}}},\n"
    "    status: {type: object, properties: {\n"
    "     file: {type: string, description: The file that it comes from.},\n"
    "     hash: {type: string, description: What serves. The SHA-256 of the file's content.},\n"
    "     version: {type: string, description: What the content calls itself.},\n"
    "     phase: {type: string, enum: [live, refused, waiting, lost, disabled]},\n"
    "     reason: {type: string, description: One word where something is to be known.},\n"
    "     message: {type: string, description: What happened and what to do.},\n"
    "     kinds: {type: array, items: {type: string}},\n"
    "     since: {type: string, format: date-time,\n"
    "      description: When it entered the phase with what serves.},\n"
    "     limits: {type: object, x-kubernetes-preserve-unknown-fields: true},\n"
    "     isolation: {type: string, enum: [inline],\n"
    "      description: 'inline: in the process of the host, neither confined nor limited.'},\n"
    "     restarts: {type: integer, minimum: 0, description: Of its process; of what serves.},\n"
    "     lastGood: {type: string,\n"
    "      description: The content that went well last; a broken file is answered for by it.},\n"
    "     rejected: {type: string,\n"
    "      description: The content that was rolled back; not tried until the file changes.},\n"
    "     counts: {type: object, description: Of runs over objects., properties: {\n"
    "      runs: {type: integer, minimum: 0}, failures: {type: integer, minimum: 0}}},\n"
    "     longestRun: {type: object, properties: {\n"
    "      held: {type: string}, object: {type: string}, time: {type: string, format: date-time}},\n"
    "      description: What held up others longest. Where anything did by a second or more.},\n"
    "     lastError: {type: object, description: The last run that failed., properties: {\n"
    "      message: {type: string}, object: {type: string},\n"
    "      time: {type: string, format: date-time}}},\n"
    "     conditions: {type: array, items: {type: object,\n"
    "      x-kubernetes-preserve-unknown-fields: true}}}}}}},\n"
    "  additionalPrinterColumns: [\n"
    "   {name: Name, type: string, format: name, jsonPath: .metadata.name},\n"
    "   {name: Phase, type: string, jsonPath: .status.phase},\n"
    "   {name: Kind, type: string, jsonPath: .status.kinds, show: joined},\n"
    "   {name: Version, type: string, jsonPath: .status.version},\n"
    "   {name: Runs, type: integer, jsonPath: .status.counts.runs},\n"
    "   {name: Failures, type: integer, jsonPath: .status.counts.failures},\n"
    "   {name: Since, type: date, jsonPath: .status.since},\n"
    "   {name: Message, type: string, jsonPath: .status.message},\n"
    "   {name: Reason, type: string, priority: 1, jsonPath: .status.reason},\n"
    "   {name: Last Error, type: string, priority: 1, jsonPath: .status.lastError.message},\n"
    "   {name: Hash, type: string, priority: 1, jsonPath: .status.hash, show: short},\n"
    "   {name: File, type: string, priority: 1, jsonPath: .status.file},\n"
    "   {name: Observes, type: string, priority: 1, jsonPath: .spec.observes.kinds,\n"
    "    show: joined},\n"
    "   {name: Age, type: date, priority: 1, jsonPath: .metadata.creationTimestamp}]}]}\n";

static const char manifests[] =
    "{group: tend.dev, scope: Cluster,\n"
    " names: {kind: Manifest, plural: manifests, singular: manifest, shortNames: [mf]},\n"
    " versions: [{name: v1, served: true, storage: true,\n"
    "  schema: {openAPIV3Schema: {type: object,\n"
    "   description: A manifest file that the host watches.,\n"
    "   required: [path],\n"
    "   properties: {\n"
    "    path: {type: string, description: Where the file is.},\n"
    "    phase: {type: string, enum: [applied, waiting, refused, removed]},\n"
    "    message: {type: string, description: What it waits for or what is wrong with it.},\n"
    "    documents: {type: object, additionalProperties: {type: string},\n"
    "     description: What was last applied from it; key and hash of each document.}}}},\n"
    "  additionalPrinterColumns: [\n"
    "   {name: Name, type: string, format: name, jsonPath: .metadata.name},\n"
    "   {name: Phase, type: string, jsonPath: .phase},\n"
    "   {name: Documents, type: integer, jsonPath: .documents, show: count},\n"
    "   {name: Message, type: string, jsonPath: .message},\n"
    "   {name: Age, type: date, jsonPath: .metadata.creationTimestamp},\n"
    "   {name: Path, type: string, priority: 1, jsonPath: .path}]}]}\n";

static const char effects[] =
    "{group: tend.dev, scope: Namespaced,\n"
    " names: {kind: Effect, plural: effects, singular: effect},\n"
    " versions: [{name: v1, served: true, storage: true,\n"
    "  schema: {openAPIV3Schema: {type: object, required: [spec],\n"
    "   description: Something outside that a controller asked for by name. It is done once.,\n"
    "   properties: {\n"
    "    spec: {type: object, required: [controller, object, name], properties: {\n"
    "     controller: {type: string, description: Who asked for it.},\n"
    "     object: {type: object, description: The object that it is for., properties: {\n"
    "      apiVersion: {type: string}, kind: {type: string}, name: {type: string},\n"
    "      namespace: {type: string}, uid: {type: string}}},\n"
    "     name: {type: string, description: What the controller calls it.},\n"
    "     entered: {type: string, format: date-time,\n"
    "      description: When the object entered the state that it was asked for in.},\n"
    "     exec: {type: object, x-kubernetes-preserve-unknown-fields: true},\n"
    "     http: {type: object, x-kubernetes-preserve-unknown-fields: true}}},\n"
    "    status: {type: object, properties: {\n"
    "     phase: {type: string, enum: [Running, Done]},\n"
    "     finishedAt: {type: string, format: date-time},\n"
    "     result: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}}},\n"
    "  additionalPrinterColumns: [\n"
    "   {name: Object, type: string, jsonPath: .spec.object, show: object},\n"
    "   {name: Effect, type: string, jsonPath: .spec.name},\n"
    "   {name: Controller, type: string, jsonPath: .spec.controller},\n"
    "   {name: Phase, type: string, jsonPath: .status.phase},\n"
    "   {name: OK, type: boolean, jsonPath: .status.result.ok},\n"
    "   {name: Age, type: date, jsonPath: .metadata.creationTimestamp},\n"
    "   {name: Name, type: string, format: name, priority: 1, jsonPath: .metadata.name}]}]}\n";

static const struct {
    const char *text;
    size_t len;
} builtins[] = {
    {namespaces, sizeof namespaces - 1},   {configmaps, sizeof configmaps - 1},
    {events, sizeof events - 1},           {definitions, sizeof definitions - 1},
    {controllers, sizeof controllers - 1}, {manifests, sizeof manifests - 1},
    {effects, sizeof effects - 1},
};

size_t builtin_count(void)
{
    return COUNT_OF(builtins);
}

/* A built-in definition that cannot be read is a bug of this file and stops the process. */
struct kind *builtin_kind(size_t index)
{
    assert(index < COUNT_OF(builtins));
    CLEANUP(arena_done) struct arena arena = {0};
    struct text text = {builtins[index].text, builtins[index].len};
    struct yaml_stream stream;
    struct error err = ERROR_INIT;
    struct kind *kind = NULL;
    if (yaml_parse(&arena, text, &stream, &err) != TEND_OK || stream.count != 1 ||
        crd_define(stream.documents[0].value, ORIGIN_BUILTIN, NULL, &kind, &err) != TEND_OK) {
        fprintf(stderr, "built-in kind %zu: %s\n", index, err.message);
        abort();
    }
    return kind;
}

const struct value *builtin_default_namespace(struct arena *arena)
{
    const struct value *metadata =
        value_with(arena, NULL, TEXT("name"), value_chars(arena, "default"));
    const struct value_field fields[] = {
        {.key = TEXT("apiVersion"), .value = value_chars(arena, "v1")},
        {.key = TEXT("kind"), .value = value_chars(arena, "Namespace")},
        {.key = TEXT("metadata"), .value = metadata},
    };
    return value_map(arena, fields, COUNT_OF(fields));
}
