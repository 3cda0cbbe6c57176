/* Questions that a run asks. What the store knows, one object, all that match, or a kind, is answered at
 * once, from the durable head; the answer about objects is a subscription: the run, or the object after
 * it, hears when it is outdated. What takes time is a wait (wait.c).
 *
 * A selection is answered whole or not at all: a controller that took a cut list for all there is would
 * delete the rest. So a long one is an error, and so is a kind that is not there. */
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "controller/inside.h"
#include "document/json.h"
#include "resource/key.h"
#include "resource/name.h"
#include "resource/selector.h"

struct question {
    struct run *run;
    const struct kind *kind;
    struct text namespace; /* empty: the kind has none */
    const struct value *words;
    int64_t as_of; /* the revision that it is answered with */
};

static struct text word(const struct value *words, struct text key)
{
    return value_text_or(value_get(words, key), TEXT(""));
}

/* The revision that a question is answered with; what came after it, the run has not seen. */
static int64_t moment_of(struct run *run)
{
    const struct loop *loop = run->controller->loop;
    int64_t as_of = store_revision(loop->store);
    if (loop->options.reads != NULL) {
        as_of = loop->options.reads->as_of(loop->options.reads, run->controller->name,
                                           run->work->key, run->meta.revision);
        run->snapshot = as_of < run->snapshot ? as_of : run->snapshot;
    }
    return as_of;
}

static NODISCARD enum tend_code read_question(struct run *run, const struct value *words,
                                              struct question *ret_question, struct error *err)
{
    struct loop *loop = run->controller->loop;
    struct text name = word(words, TEXT("kind")), api_version, kind_name;
    if (!kind_words(name, &api_version, &kind_name)) {
        return FAIL(err, TEND_INVALID, "\"%.*s\" is no kind; expected GROUP/VERSION/KIND",
                    TEXT_ARG(name));
    }
    const struct kind *kind =
        catalogue_kind(admission_catalogue(loop->gate), api_version, kind_name);
    if (kind == NULL) {
        return catalogue_unknown(admission_catalogue(loop->gate), api_version, kind_name, err);
    }
    struct text namespace = word(words, TEXT("namespace"));
    if (!kind_namespaced(kind)) {
        namespace = TEXT("");
    } else if (namespace.len == 0) {
        namespace = run->meta.namespace.len > 0 ? run->meta.namespace : TEXT("default");
    }
    *ret_question = (struct question){run, kind, namespace, words, moment_of(run)};
    return TEND_OK;
}

/* --- one object ----------------------------------------------------------------------------------- */

static NODISCARD enum tend_code fetch(const struct question *question, struct buffer *out,
                                      struct error *err)
{
    struct run *run = question->run;
    char bytes[KEY_BYTES_MAX + 1];
    struct text key;
    TRY(key_write(bytes, text_of(question->kind->resource), question->namespace,
                  word(question->words, TEXT("name")), &key, err));
    struct doc *doc = store_get_at(run->controller->loop->store, key, question->as_of);
    int64_t revision = 0;
    if (doc != NULL) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *root;
        TRY(doc_tree(doc, &arena, &root, err));
        revision = meta_of(root).revision;
    }
    subject_read_key(run->subject, key, revision, question->as_of);
    buffer_text(out, doc == NULL ? TEXT("null") : doc_text(doc));
    return TEND_OK;
}

/* --- all that match ------------------------------------------------------------------------------- */

static NODISCARD enum tend_code add_matches(const struct question *question,
                                            const struct selection *selection, struct buffer *out,
                                            struct error *err)
{
    const struct store *store = question->run->controller->loop->store;
    struct store_entry entries[SWEEP_SLICE];
    struct text after = TEXT(""), prefix = text_of(selection->prefix);
    size_t count, looked = 0, matched = 0;
    do {
        count = store_list(store, question->as_of, prefix, after, entries, SWEEP_SLICE);
        for (size_t i = 0; i < count; i++) {
            if (selection_match(selection, entries[i].key, entries[i].doc)) {
                buffer_chars(out, matched++ == 0 ? "" : ",");
                buffer_text(out, doc_text(entries[i].doc));
            }
        }
        looked += count;
        after = count == 0 ? after : entries[count - 1].key;
    } while (count == SWEEP_SLICE && looked < SELECT_LOOK_MAX && !out->full);
    if (out->full || looked >= SELECT_LOOK_MAX) {
        return FAIL(err, TEND_LIMIT,
                    "%zu objects begin with %s, which is more than one answer takes",
                    store_count(store, prefix), selection->prefix);
    }
    return TEND_OK;
}

static NODISCARD enum tend_code select_all(const struct question *question, struct buffer *out,
                                           struct error *err)
{
    struct run *run = question->run;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(selection_done) struct selection selection = {0};
    struct selector *selector;
    TRY(selector_parse(word(question->words, TEXT("labels")), TEXT(""), question->kind, &selector,
                       err));
    struct text resource = text_of(question->kind->resource);
    selection = selection_of(question->namespace.len == 0
                                 ? key_prefix_kind(&arena, resource)
                                 : key_prefix_namespace(&arena, resource, question->namespace),
                             selector);
    buffer_byte(out, '[');
    TRY(add_matches(question, &selection, out, err));
    buffer_byte(out, ']');
    subject_read_selection(run->subject, selection, question->as_of);
    selection = (struct selection){0}; /* taken */
    return TEND_OK;
}

/* --- a kind --------------------------------------------------------------------------------------- */

static NODISCARD enum tend_code describe_kind(const struct run *run, const struct value *words,
                                              struct buffer *out, struct error *err)
{
    const struct kind *kind;
    TRY(loop_find_kind(run->controller->loop, word(words, TEXT("word")), &kind, err));
    buffer_chars(out, "{\"kind\":");
    json_write_text(out, text_of(kind->identity));
    buffer_chars(out, kind_namespaced(kind) ? ",\"namespaced\":true,\"schema\":"
                                            : ",\"namespaced\":false,\"schema\":");
    buffer_text(out, kind->openapi.len == 0 ? TEXT("{}") : kind->openapi);
    buffer_byte(out, '}');
    return TEND_OK;
}

/* --- answers -------------------------------------------------------------------------------------- */

static NODISCARD enum tend_code answer(struct run *run, const struct value *words,
                                       struct buffer *out, struct error *err)
{
    struct question question = {0};
    const struct value *one = value_field(words, "fetch"), *many = value_field(words, "select");
    const struct value *kind = value_field(words, "kind");
    TRY(run_decode(run, err));
    if (kind != NULL) {
        return describe_kind(run, kind, out, err);
    }
    if (one == NULL && many == NULL) {
        return FAIL(err, TEND_INVALID, "a question that this host does not know");
    }
    TRY(read_question(run, one != NULL ? one : many, &question, err));
    return one != NULL ? fetch(&question, out, err) : select_all(&question, out, err);
}

void controller_asked(struct worker_listener *listener, struct worker *worker,
                      struct reconcile_call *call, uint32_t ask, const struct value *question,
                      const struct value *so_far)
{
    (void)listener;
    struct run *run = CONTAINER_OF(call, struct run, call);
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(ANSWER_BYTES_MAX);
    struct error err = ERROR_INIT;
    tally_heard(run);
    if (wait_takes(question)) {
        wait_begin(run, ask, question, so_far);
        return;
    }
    enum tend_code code = answer(run, question, &out, &err);
    struct worker_answer reply = {.code = code,
                                  .bytes = code == TEND_OK ? buffer_view(&out) : TEXT(""),
                                  .message = err.message};
    log_debug(run->controller->loop->log, LOG_FIELDS({"controller", run->controller->name}),
              "asked by %s: %s", run->subject->key.ptr, code == TEND_OK ? "answered" : err.message);
    tally_attended(run);
    worker_answer(worker, call, ask, &reply);
}
