/* The whole host on a stage: what a client does, what is due, and what a crash leaves. */
#include "document/yaml.h"
#include "resource/key.h"
#include "sim/stage.h"
#include "support/suite.h"

#define LABS "labinstances.lab.neuroglia.com"

struct show {
    struct stage stage;
    unsigned crash_at; /* after so many steps of the test; 0: never */
    unsigned steps;
};

static void between(struct stage *stage, void *owner)
{
    struct show *show = owner;
    if (++show->steps == show->crash_at) {
        stage_crash(stage);
    }
}

static const char *const files[] = {TEND_TESTS "/../scripts/labinstance.lua"};

static void show_open(struct show *show, uint64_t seed)
{
    struct error err = ERROR_INIT;
    *show = (struct show){0};
    const struct stage_options options = {
        .files = files, .file_count = 1, .seed = seed, .between = between, .owner = show};
    CHECK_INT(stage_open(&show->stage, &options, &err), TEND_OK);
    show->steps = 0;
}

static enum tend_code apply(struct show *show, const char *yaml, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream;
    if (!CHECK(yaml_parse(&arena, text_of(yaml), &stream, err) == TEND_OK)) {
        return err->code;
    }
    const struct admission_request request = {.verb = ADMIT_APPLY,
                                              .body = stream.documents[0].value};
    return stage_submit(&show->stage, &request, err);
}

static enum tend_code apply_lab(struct show *show)
{
    struct error err = ERROR_INIT;
    return apply(show,
                 "{apiVersion: lab.neuroglia.com/v1, kind: LabInstance, metadata: {name: a}, "
                 "spec: {template: t, duration: 10m}}",
                 &err);
}

/* Is the lab there, and does its document have this in it? */
static bool lab_has(const struct show *show, const char *part)
{
    const struct doc *doc = store_get(show->stage.rooms.store, TEXT(LABS "/default/a"));
    return doc != NULL && text_search(doc_text(doc), text_of(part)) < doc->len;
}

static void advance(struct show *show, int64_t ms)
{
    struct error err = ERROR_INIT;
    CHECK_INT(stage_advance(&show->stage, ms, &err), TEND_OK);
    CHECK(!stage_is_busy(&show->stage));
}

/* Its creations and deletions, and crashes: "c" "d" "!". */
static void read_past(const struct show *show, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < show->stage.change_count && len + 1 < size; i++) {
        const struct stage_change *change = &show->stage.changes[i];
        bool own = strcmp(change->key, LABS "/default/a") == 0;
        if (change->key[0] == '\0') {
            out[len++] = '!';
        } else if (own && change->op != CHANGE_UPDATE) {
            out[len++] = change->op == CHANGE_CREATE ? 'c' : 'd';
        }
    }
    out[len] = '\0';
}

static void a_life(void)
{
    struct show show;
    char past[16];
    show_open(&show, 0);
    CHECK_INT(apply_lab(&show), TEND_OK);
    advance(&show, 5000);
    CHECK(lab_has(&show, "\"state\":\"ready\""));
    stage_crash(&show.stage);
    CHECK(stage_is_busy(&show.stage));
    advance(&show, 599999);
    CHECK(lab_has(&show, "\"state\":\"ready\""));
    advance(&show, 1);
    CHECK(!lab_has(&show, ""));
    read_past(&show, past, sizeof past);
    CHECK_TEXT(past, "c!d");
    stage_close(&show.stage);
}

/* Wherever the connection breaks, the client repeats, and the lab is made once. */
static void a_client_repeats(void)
{
    unsigned at = 1, answered = 0;
    while (answered == 0 && at < 1000) {
        struct show show;
        char past[16];
        show_open(&show, at % 3);
        show.crash_at = at++;
        CHECK_INT(apply_lab(&show), TEND_OK);
        answered = show.stage.crashes == 0; /* it was answered before that */
        show.crash_at = 0;
        advance(&show, 5000);
        CHECK(lab_has(&show, "\"attempts\":1"));
        CHECK(lab_has(&show, "\"state\":\"ready\""));
        read_past(&show, past, sizeof past);
        CHECK(strchr(past, 'c') != NULL && strchr(past, 'c') == strrchr(past, 'c'));
        stage_close(&show.stage);
    }
    CHECK(at > 3 && at < 1000);
}

static void a_refusal_is_a_sentence(void)
{
    struct show show;
    struct error err = ERROR_INIT;
    const struct kind *kind;
    show_open(&show, 0);
    CHECK_INT(apply(&show, "{apiVersion: v1, kind: Nothing, metadata: {name: a}}", &err),
              TEND_NOT_FOUND);
    CHECK(strstr(err.message, "Nothing") != NULL);
    CHECK_INT(stage_kind(&show.stage, TEXT("labs"), &kind, &err), TEND_OK);
    CHECK_INT(stage_kind(&show.stage, TEXT("v1/ConfigMap"), &kind, &err), TEND_OK);
    CHECK_INT(stage_kind(&show.stage, TEXT("v1/ConfigMpa"), &kind, &err), TEND_NOT_FOUND);
    CHECK_INT(stage_kind(&show.stage, TEXT("labz"), &kind, &err), TEND_NOT_FOUND);
    stage_halt(&show.stage, "enough of it");
    CHECK_INT(stage_settle(&show.stage, &err), TEND_INVALID);
    CHECK_TEXT(err.message, "enough of it");
    stage_close(&show.stage);
}

static void a_file_that_is_none_is_refused(void)
{
    static const char *const missing[] = {TEND_TESTS "/sim/scripts/failing/broken.lua"};
    const struct stage_options options = {.files = missing, .file_count = 1};
    struct stage stage;
    struct error err = ERROR_INIT;
    CHECK_INT(stage_open(&stage, &options, &err), TEND_INVALID);
    CHECK(strstr(err.message, "broken.lua:2: unknown global \"controler\"") != NULL);
    stage_close(&stage);
}

SUITE({"a life, with a crash in it", a_life},
      {"a client repeats what it got no answer for", a_client_repeats},
      {"a refusal is a sentence", a_refusal_is_a_sentence},
      {"a file that cannot be loaded is told", a_file_that_is_none_is_refused})
