/* A gate on a real store with a memory disk in virtual time, and short ways to ask it.
 *
 * ask() submits one request and runs the world until nothing is left, so the answer is there when it
 * returns; ask_set() the same for several. What was answered is copied into the arena of the gate.
 */
#ifndef ADMISSION_FIXTURE_H
#define ADMISSION_FIXTURE_H

#include "admission/admission.h"
#include "document/path.h"
#include "resource/builtin.h"
#include "resource/fixture.h"
#include "sim/virtual_world.h"
#include "store/backends/memory.h"

#define LAB     "labinstances.lab.neuroglia.com"
#define LAB_KEY "labinstances.lab.neuroglia.com/default/lab-1"

struct told {
    enum tend_code code;
    enum admission_fault fault;
    enum admission_effect effect;
    const char *message, *cause, *reason, *warning; /* the first of each; "" where there is none */
    size_t causes, warnings;
    struct doc *doc; /* counted by the bench */
};

struct bench {
    struct virtual_world v;
    struct memory_disk *disk;
    struct store *store;
    struct admission *gate;
    struct arena arena;
    struct told told[16]; /* of the last set */
    enum tend_code code;
    size_t failed, answered;
    int64_t revision;
    struct admission_writer writer;
    enum admission_fields fields;
    enum admission_run run;
    struct admission_call call;
};

static inline void bench_fatal(void *owner, const struct error *err)
{
    (void)owner;
    suite_check(false, __LINE__, err->message, __FILE__);
}

static inline void bench_open(struct bench *b)
{
    struct error err = ERROR_INIT;
    struct store_options options = {.fatal = bench_fatal, .owner = b};
    CHECK_INT(store_open(&b->v.world, memory_backend_open(b->disk), &options, &b->store, &err),
              TEND_OK);
    CHECK_INT(admission_open(&b->v.world, b->store, &b->gate, &err), TEND_OK);
    virtual_world_run(&b->v);
}

static inline void bench_close(struct bench *b)
{
    admission_close(b->gate);
    store_close(b->store);
    b->gate = NULL;
    b->store = NULL;
}

static inline struct bench *bench_new(void)
{
    struct bench *b = alloc_new(sizeof *b);
    virtual_world_init(&b->v, 1);
    b->disk = memory_disk_new();
    bench_open(b);
    return b;
}

static inline void bench_forget(struct bench *b)
{
    for (size_t i = 0; i < COUNT_OF(b->told); i++) {
        doc_unref(b->told[i].doc);
        b->told[i] = (struct told){0};
    }
    b->answered = 0;
}

static inline void bench_free(struct bench *b)
{
    bench_forget(b);
    bench_close(b);
    memory_disk_free(b->disk);
    virtual_world_done(&b->v);
    arena_done(&b->arena);
    free(b);
}

static inline void benchp(struct bench **b)
{
    bench_free(*b);
}

static inline struct told told_of(struct bench *b, const struct admission_answer *answer)
{
    struct arena *arena = &b->arena;
    struct told told = {.code = answer->code,
                        .fault = answer->fault,
                        .effect = answer->effect,
                        .message = chars_of(arena, text_of(answer->message)),
                        .causes = answer->cause_count,
                        .warnings = answer->warning_count,
                        .cause = "",
                        .reason = "",
                        .warning = "",
                        .doc = answer->doc == NULL ? NULL : doc_ref(answer->doc)};
    if (answer->cause_count > 0) {
        told.cause = chars_of(arena, answer->causes[0].path);
        told.reason = admission_reason(answer->causes[0].reason);
    }
    if (answer->warning_count > 0) {
        told.warning = chars_of(arena, answer->warnings[0]);
    }
    return told;
}

static inline void bench_answered(struct admission_call *call,
                                  const struct admission_result *result)
{
    struct bench *b = CONTAINER_OF(call, struct bench, call);
    bench_forget(b);
    b->answered = 1;
    b->code = result->code;
    b->failed = result->failed;
    b->revision = result->revision;
    for (size_t i = 0; i < result->count && i < COUNT_OF(b->told); i++) {
        b->told[i] = told_of(b, &result->answers[i]);
    }
}

static inline void submit(struct bench *b, const struct admission_request *requests, size_t count)
{
    const struct admission_set set = {
        .requests = requests, .count = count, .writer = b->writer, .run = b->run};
    bench_forget(b);
    b->call.answered = bench_answered;
    admission_submit(b->gate, &set, &b->call);
}

static inline const struct told *ask_set(struct bench *b, const struct admission_request *requests,
                                         size_t count)
{
    submit(b, requests, count);
    CHECK_INT(b->answered, 0); /* never from inside the call */
    virtual_world_run(&b->v);
    CHECK_INT(b->answered, 1);
    return b->told;
}

/* One request with a body in YAML (NULL: none); about `name` in "default", or as the body says. */
static inline struct admission_request request(struct bench *b, enum admission_verb verb,
                                               const char *resource, const char *name,
                                               const char *yaml)
{
    return (struct admission_request){
        .verb = verb,
        .resource = text_of(resource),
        .name = text_of(name),
        .body = yaml == NULL ? NULL : yaml_value(&b->arena, yaml),
        .fields = b->fields,
    };
}

static inline const struct told *ask(struct bench *b, enum admission_verb verb,
                                     const char *resource, const char *name, const char *yaml)
{
    const struct admission_request one = request(b, verb, resource, name, yaml);
    return ask_set(b, &one, 1);
}

/* As somebody else, for one request. */
static inline const struct told *ask_as(struct bench *b, enum admission_role role, const char *name,
                                        const struct admission_request *one)
{
    b->writer = (struct admission_writer){role, text_of(name)};
    const struct told *told = ask_set(b, one, 1);
    b->writer = (struct admission_writer){0};
    return told;
}

/* The value at `path` of what was answered last, or of what is stored, as JSON. */
static inline const char *in_answer(struct bench *b, const char *path)
{
    const struct value *root = NULL;
    struct error err = ERROR_INIT;
    if (b->told[0].doc == NULL || doc_tree(b->told[0].doc, &b->arena, &root, &err) != TEND_OK) {
        return "(no document)";
    }
    return json_of(&b->arena, path_get(root, text_of(path)));
}

static inline const struct value *stored_root(struct bench *b, const char *key)
{
    const struct value *root = NULL;
    struct error err = ERROR_INIT;
    struct doc *doc = store_get(b->store, text_of(key));
    if (doc == NULL || doc_tree(doc, &b->arena, &root, &err) != TEND_OK) {
        return NULL;
    }
    return root;
}

static inline const char *stored(struct bench *b, const char *key, const char *path)
{
    const struct value *root = stored_root(b, key);
    return root == NULL ? "(none)" : json_of(&b->arena, path_get(root, text_of(path)));
}

static inline long long stored_int(struct bench *b, const char *key, const char *path)
{
    const struct value *root = stored_root(b, key);
    const struct value *value = root == NULL ? NULL : path_get(root, text_of(path));
    int64_t number = -1;
    return value_is(value, VALUE_TEXT) && text_to_int(value->text, &number)
               ? number
               : value_int_or(value, -1);
}

/* With LabInstance declared, and with its controller and machine as well. */
static inline struct bench *bench_with_labs(void)
{
    struct bench *b = bench_new();
    CHECK_INT(ask(b, ADMIT_CREATE, "", "", LAB_CRD)->code, TEND_OK);
    return b;
}

static inline struct bench *bench_with_machine(void)
{
    struct bench *b = bench_with_labs();
    const struct admission_request one = request(b, ADMIT_CREATE, "", "", LAB_CONTROLLER);
    CHECK_INT(ask_as(b, WRITER_HOST, "", &one)->code, TEND_OK);
    return b;
}

#define LAB_1                                                                                      \
    "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: lab-1},\n"             \
    " spec: {template: python-basics}}"

/* Let the labinstance controller merge this into the status of lab-1. */
static inline const struct told *status_by_owner(struct bench *b, const char *yaml)
{
    const struct admission_request one = request(b, ADMIT_PATCH_STATUS, LAB, "lab-1", yaml);
    return ask_as(b, WRITER_CONTROLLER, "labinstance", &one);
}

#endif
