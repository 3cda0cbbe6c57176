/* Each line is a JSON body; the first byte of the line says what is done with it, by whom. The gate
 * answers every one, and whatever it lets in is there with its revision and can be taken in again. */
#include "admission/admission.h"
#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "resource/meta.h"
#include "sim/virtual_world.h"
#include "store/backends/memory.h"
#include "support/require.h"

enum { LINES_MAX = 16 };

struct bench {
    struct virtual_world v;
    struct store *store;
    struct admission *gate;
    struct admission_call call;
    size_t answers;
};

static void on_fatal(void *owner, const struct error *err)
{
    (void)owner;
    require(false, err->message);
}

static void check_stored(const struct bench *b, const struct admission_answer *answer)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root = NULL;
    require(doc_tree(answer->doc, &arena, &root, NULL) == TEND_OK, "a document is one");
    struct meta meta = meta_of(root);
    require(answer->effect == EFFECT_DELETED || store_get(b->store, answer->key) != NULL,
            "what was let in is there");
    require(meta.revision > 0 && meta.uid.len > 0 && meta.generation > 0, "its metadata is made");
}

static void on_answered(struct admission_call *call, const struct admission_result *result)
{
    struct bench *b = CONTAINER_OF(call, struct bench, call);
    b->answers++;
    require(result->code != TEND_INTERNAL && result->code != TEND_CORRUPT, "no bug, no damage");
    require((result->code == TEND_OK) == (result->message[0] == '\0'), "a refusal has a sentence");
    if (result->code == TEND_OK && result->answers[0].doc != NULL) {
        check_stored(b, &result->answers[0]);
    }
}

static void ask(struct bench *b, unsigned char how, const struct value *body)
{
    static const enum admission_verb verbs[] = {ADMIT_CREATE, ADMIT_UPDATE, ADMIT_UPDATE_STATUS,
                                                ADMIT_PATCH,  ADMIT_APPLY,  ADMIT_PATCH_STATUS,
                                                ADMIT_APPLY,  ADMIT_CREATE};
    const struct admission_request request = {.verb = verbs[how % COUNT_OF(verbs)],
                                              .body = body,
                                              .fields = (enum admission_fields)(how / 8 % 3)};
    const struct admission_set set = {
        .requests = &request,
        .count = 1,
        .writer = {.role = (enum admission_role)(how / 32 % 5), .name = TEXT("labinstance")}};
    admission_submit(b->gate, &set, &b->call);
    require(b->answers == 0, "never from inside");
    virtual_world_run(&b->v);
    require(b->answers == 1, "once");
    b->answers = 0;
}

static void ask_line(struct bench *b, struct text line)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *body;
    if (line.len > 1 && json_parse(&arena, text_from(line, 1), &body, NULL) == TEND_OK) {
        ask(b, (unsigned char)line.ptr[0], body);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench b = {.call.answered = on_answered};
    struct store_options options = {.fatal = on_fatal};
    struct text rest = {(const char *)data, size};
    virtual_world_init(&b.v, 1);
    require(store_open(&b.v.world, memory_backend_open(NULL), &options, &b.store, NULL) == TEND_OK,
            "opens");
    require(admission_open(&b.v.world, b.store, &b.gate, NULL) == TEND_OK, "opens");
    virtual_world_run(&b.v);
    for (int i = 0; i < LINES_MAX && rest.len > 0; i++) {
        ask_line(&b, text_cut(&rest, '\n'));
    }
    admission_close(b.gate);
    store_close(b.store);
    virtual_world_done(&b.v);
    return 0;
}
