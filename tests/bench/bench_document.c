/* How fast documents are read and written: bench.document [MEGABYTES]
 *
 * Three documents: a LabInstance of about 1 KiB as it is stored, the same indented as people write it,
 * and a ConfigMap of 64 KiB of text. Each row is one operation over MEGABYTES (64) of it; megabytes are
 * of the JSON, 10^6 bytes. A tree is decoded into a fresh arena each time, as a request does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "document/doc.h"
#include "document/json.h"
#include "document/patch.h"
#include "document/path.h"
#include "document/schema.h"
#include "document/yaml.h"

static const char lab[] =
    "{\"apiVersion\":\"lab.neuroglia.com/v1\",\"kind\":\"LabInstance\",\"metadata\":{"
    "\"annotations\":{\"tend.dev/applied-from\":\"manifests/labs/python-basics.yaml\"},"
    "\"creationTimestamp\":\"2026-03-01T09:30:00Z\",\"finalizers\":[\"lab.neuroglia.com/labinstance\"],"
    "\"generation\":3,\"labels\":{\"course\":\"python-basics\",\"tier\":\"standard\"},"
    "\"name\":\"student1-python-basics\",\"namespace\":\"default\",\"resourceVersion\":\"184467\","
    "\"uid\":\"7a3c2b1e-52d1-4f6e-9b57-0c8f4d1e2a90\"},\"spec\":{\"duration\":\"60m\","
    "\"environment\":{\"EDITOR\":\"vim\",\"LANG\":\"C.UTF-8\"},\"provisionSeconds\":5,\"retries\":2,"
    "\"studentEmail\":\"student1@example.com\",\"template\":\"python-basics\",\"weight\":0.75},"
    "\"status\":{\"attempts\":1,\"conditions\":[{\"lastTransitionTime\":\"2026-03-01T09:30:05Z\","
    "\"message\":\"Lab instance is ready\",\"observedGeneration\":3,\"reason\":\"Provisioned\","
    "\"status\":\"True\",\"type\":\"Ready\"}],\"endpoint\":"
    "\"https://lab-student1-python-basics.example.com\",\"message\":\"Lab instance is ready\","
    "\"readyAt\":\"2026-03-01T09:30:05Z\",\"startedAt\":\"2026-03-01T09:30:00Z\",\"state\":\"ready\"}}";

static const char lab_schema[] =
    "{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true,\"properties\":{\"spec\":{\"type\":"
    "\"object\",\"required\":[\"template\",\"studentEmail\"],\"properties\":{\"duration\":{\"type\":\"string\","
    "\"format\":\"duration\",\"default\":\"60m\"},\"environment\":{\"type\":\"object\",\"additionalProperties\":{"
    "\"type\":\"string\"}},\"provisionSeconds\":{\"type\":\"integer\",\"minimum\":0},\"retries\":{\"type\":"
    "\"integer\",\"minimum\":0,\"maximum\":10},\"studentEmail\":{\"type\":\"string\",\"pattern\":"
    "\"^[^@ ]+@[^@ ]+$\"},\"template\":{\"type\":\"string\",\"minLength\":1},\"weight\":{\"type\":\"number\"}}},"
    "\"status\":{\"type\":\"object\",\"properties\":{\"attempts\":{\"type\":\"integer\"},\"conditions\":{\"type\":"
    "\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"type\"],\"items\":{\"type\":"
    "\"object\",\"x-kubernetes-preserve-unknown-fields\":true,\"properties\":{\"type\":{\"type\":\"string\"}}}},"
    "\"endpoint\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},\"readyAt\":{\"type\":\"string\","
    "\"format\":\"date-time\"},\"startedAt\":{\"type\":\"string\",\"format\":\"date-time\"},\"state\":{\"type\":"
    "\"string\",\"enum\":[\"pending\",\"provisioning\",\"ready\",\"failed\"]}}}}}";

enum { TEXT_BYTES = 64 * 1024, BUFFER_MAX = 1024 * 1024, PARTS = 20 };

struct subject {
    const char *name;
    struct text json;
    const struct value *value;
    const struct value *other; /* the same but for one field of the status */
    struct doc *doc;
    struct schema *schema;
    struct text yaml;
    struct buffer out;
    size_t kept; /* what every operation adds to, so that none is left out */
};

typedef void operation(struct subject *subject);

static void op_parse(struct subject *subject)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *value = NULL;
    if (json_parse(&arena, subject->json, &value, NULL) != TEND_OK) {
        abort();
    }
    subject->kept += value_count(value);
}

static void op_write(struct subject *subject)
{
    buffer_clear(&subject->out);
    json_write(&subject->out, subject->value);
    subject->kept += subject->out.len;
}

static void op_document(struct subject *subject)
{
    struct doc *doc = NULL;
    if (doc_from_value(subject->value, &doc, NULL) != TEND_OK) {
        abort();
    }
    subject->kept += doc->len;
    doc_unref(doc);
}

static void op_copy(struct subject *subject)
{
    CLEANUP(arena_done) struct arena arena = {0};
    subject->kept += value_count(value_copy(&arena, subject->value));
}

static void op_equal(struct subject *subject)
{
    subject->kept += value_equal(subject->value, subject->other) ? 1 : 2;
}

static void op_patch(struct subject *subject)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *patch = patch_between(&arena, subject->value, subject->other);
    subject->kept += value_count(patch_merge(&arena, subject->value, patch));
}

static void op_get(struct subject *subject)
{
    const struct value *found = path_get(subject->value, TEXT("status.conditions[0].status"));
    subject->kept += found == NULL ? 1 : 2;
}

static void op_yaml_read(struct subject *subject)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream = {0};
    if (yaml_parse(&arena, subject->yaml, &stream, NULL) != TEND_OK) {
        abort();
    }
    subject->kept += stream.count;
}

static void op_yaml_write(struct subject *subject)
{
    buffer_clear(&subject->out);
    yaml_write(&subject->out, subject->value);
    subject->kept += subject->out.len;
}

/* What admission does with an object that is as it should be. */
static void op_judge(struct subject *subject)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct schema_problems problems = {.arena = &arena};
    const struct value *value = schema_default(subject->schema, &arena, subject->value);
    value = schema_prune(subject->schema, &arena, value, &problems);
    schema_validate(subject->schema, value, &problems);
    if (problems.count > 0) {
        abort();
    }
    subject->kept += value_count(value);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Seconds of one operation, in the fastest of the parts: the others met somebody else's work. */
static double fastest(operation *run, struct subject *subject, size_t rounds)
{
    double best = 0;
    for (size_t part = 0; part < PARTS; part++) {
        double start = now();
        for (size_t i = 0; i < rounds; i++) {
            run(subject);
        }
        double seconds = (now() - start) / (double)rounds;
        best = part == 0 || seconds < best ? seconds : best;
    }
    return best;
}

static void measure(const char *what, operation *run, struct subject *subject, size_t bytes)
{
    double seconds = fastest(run, subject, bytes / PARTS / subject->json.len + 1);
    printf("%-24s %-24s %8.0f MB/s %10.0f ns\n", subject->name, what,
           (double)subject->json.len / seconds / 1e6, seconds * 1e9);
}

static void measure_all(struct arena *arena, const char *name, struct text json, size_t bytes)
{
    struct subject subject = {.name = name, .json = json, .out = BUFFER_INIT(BUFFER_MAX)};
    const struct value *schema = NULL;
    if (json_parse(arena, json, &subject.value, NULL) != TEND_OK ||
        path_set(arena, value_copy(arena, subject.value), TEXT("status.state"),
                 value_chars(arena, "failed"), &subject.other, NULL) != TEND_OK ||
        json_parse(arena, TEXT(lab_schema), &schema, NULL) != TEND_OK ||
        schema_compile(schema, &subject.schema, NULL) != TEND_OK) {
        abort();
    }
    measure("read", op_parse, &subject, bytes);
    measure("write", op_write, &subject, bytes);
    measure("make a document", op_document, &subject, bytes);
    measure("copy the tree", op_copy, &subject, bytes);
    measure("compare", op_equal, &subject, bytes);
    measure("patch between, merge", op_patch, &subject, bytes);
    measure("get one field by path", op_get, &subject, bytes);
    measure("fill, prune, judge", op_judge, &subject, bytes);
    measure("write as YAML", op_yaml_write, &subject, bytes);
    subject.yaml = arena_text(arena, buffer_view(&subject.out));
    measure("read as YAML", op_yaml_read, &subject, bytes);
    schema_unref(subject.schema);
    buffer_done(&subject.out);
}

static struct text indented(struct arena *arena, struct text json)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(BUFFER_MAX);
    const struct value *value;
    if (json_parse(arena, json, &value, NULL) != TEND_OK) {
        abort();
    }
    json_write_pretty(&out, value);
    return arena_text(arena, buffer_view(&out));
}

static struct text config_map(struct arena *arena)
{
    char *words = arena_alloc(arena, TEXT_BYTES + 1);
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        words[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 23);
    }
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(BUFFER_MAX);
    buffer_chars(&out, "{\"apiVersion\":\"v1\",\"data\":{\"text\":");
    json_write_text(&out, text_of(words));
    buffer_chars(&out, "},\"kind\":\"ConfigMap\"}");
    return arena_text(arena, buffer_view(&out));
}

int main(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena = {0};
    int64_t megabytes = 64;
    if (argc > 1 && (!text_to_int(text_of(argv[1]), &megabytes) || megabytes < 1)) {
        fprintf(stderr, "usage: %s [MEGABYTES]\n", argv[0]);
        return 2;
    }
    size_t bytes = (size_t)megabytes * 1000 * 1000;
    measure_all(&arena, "LabInstance, 1 KiB", TEXT(lab), bytes);
    measure_all(&arena, "the same, indented", indented(&arena, TEXT(lab)), bytes);
    measure_all(&arena, "ConfigMap, 64 KiB", config_map(&arena), bytes);
    return 0;
}
