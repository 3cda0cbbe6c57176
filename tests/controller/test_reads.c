/* What a run reads wakes its object, what it writes belongs together. */
#include "base/limits.h"
#include "controller/fixture.h"
#include "resource/meta.h"

#define MAP(name) "configmaps/default/" name

static void create_map(struct ring *r, const char *name, const char *size)
{
    char yaml[256];
    snprintf(yaml, sizeof yaml,
             "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, labels: {of: labs}},\n"
             " data: {size: '%s'}}",
             name, size);
    CHECK_INT(ask(r->b, ADMIT_APPLY, "", "", yaml)->code, TEND_OK);
}

/* Reads ConfigMap "settings" and says in its status how large it is. */
static const char *run_fetch(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)root;
    CLEANUP(arena_done) struct arena arena = {0};
    scripted_worker_ask(worker, call, "{fetch: {kind: v1/ConfigMap, name: settings}}");
    const struct value *map = yaml_value(&arena, buffer_view(&worker->answer).ptr);
    struct text size = value_text_or(path_get(map, TEXT("data.size")), TEXT("absent"));
    snprintf(worker->text, sizeof worker->text, "{outcome: done, status: {message: '%.*s'}}",
             TEXT_ARG(size));
    return worker->text;
}

static void what_was_read_wakes(void)
{
    struct ring *r = ring_new_plain(run_fetch);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"absent\"");
    create_map(r, "other", "9");
    settle(r);
    CHECK_INT(r->worker.started, 1);
    create_map(r, "settings", "1"); /* absence was read as well */
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"1\"");
    create_map(r, "settings", "2");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"2\"");
    CHECK_INT(r->worker.started, 3);
    CHECK_INT(ask(r->b, ADMIT_DELETE, "configmaps", "settings", NULL)->code, TEND_OK);
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"absent\"");
    ring_free(r);
}

static void what_changed_since_the_reading_wakes(void)
{
    struct ring *r = ring_new_plain(run_fetch);
    create_map(r, "settings", "1");
    r->worker.hold = true;
    create_lab(r, "lab-1", "");
    create_map(r, "settings", "2"); /* read, not committed */
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"2\"");
    CHECK_INT(info(r).discarded, 0); /* what is only read is no precondition */
    ring_free(r);
}

/* Counts the ConfigMaps with label of=labs. */
static const char *run_select(struct scripted_worker *worker, struct reconcile_call *call,
                              const struct value *root)
{
    (void)root;
    CLEANUP(arena_done) struct arena arena = {0};
    scripted_worker_ask(worker, call, "{select: {kind: v1/ConfigMap, labels: of=labs}}");
    if (worker->answer_code != TEND_OK) {
        return "{outcome: retry, reason: CannotRead, message: no answer}";
    }
    const struct value *list = yaml_value(&arena, buffer_view(&worker->answer).ptr);
    snprintf(worker->text, sizeof worker->text, "{outcome: done, status: {message: '%zu'}}",
             value_count(list));
    return worker->text;
}

static void a_selection_wakes(void)
{
    struct ring *r = ring_new_plain(run_select);
    create_map(r, "one", "1");
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"1\"");
    create_map(r, "two", "1");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"2\"");
    CHECK_INT(
        ask(r->b, ADMIT_PATCH, "configmaps", "one", "{metadata: {labels: {of: others}}}")->code,
        TEND_OK);
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"1\"");
    CHECK_INT(r->worker.started, 3);
    CHECK_INT(ask(r->b, ADMIT_PATCH, "configmaps", "one", "{data: {size: '7'}}")->code, TEND_OK);
    settle(r);
    CHECK_INT(r->worker.started, 3); /* it is out of the selection */
    ring_free(r);
}

static const char *run_ask_nonsense(struct scripted_worker *worker, struct reconcile_call *call,
                                    const struct value *root)
{
    (void)root;
    scripted_worker_ask(worker, call, "{select: {kind: v1/ConfigMpa, labels: ''}}");
    CHECK_INT(worker->answer_code, TEND_NOT_FOUND);
    CHECK(strstr(buffer_view(&worker->answer).ptr, "ConfigMap") != NULL);
    scripted_worker_ask(worker, call, "{fetch: {kind: ConfigMap, name: a}}");
    CHECK_INT(worker->answer_code, TEND_INVALID);
    scripted_worker_ask(worker, call, "{select: {kind: v1/ConfigMap, labels: 'a in'}}");
    CHECK_INT(worker->answer_code, TEND_INVALID);
    scripted_worker_ask(worker, call, "{conjure: {}}");
    CHECK_INT(worker->answer_code, TEND_INVALID);
    return "{outcome: done}";
}

static void questions_without_an_answer_are_errors(void)
{
    struct ring *r = ring_new_plain(run_ask_nonsense);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_INT(r->worker.started, 1);
    ring_free(r);
}

/* Keeps a ConfigMap of its own name, with its e-mail address as content. */
static const char *run_child(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    char question[256];
    struct text name = meta_of(root).name;
    struct text email = value_text_or(path_get(root, TEXT("spec.studentEmail")), TEXT("none"));
    snprintf(question, sizeof question, "{fetch: {kind: v1/ConfigMap, name: %.*s}}",
             TEXT_ARG(name));
    scripted_worker_ask(worker, call, question);
    snprintf(worker->text, sizeof worker->text,
             "{outcome: done, status: {message: kept}, writes: [{verb: apply, object: {\n"
             " apiVersion: v1, kind: ConfigMap, metadata: {name: %.*s}, data: {email: '%.*s'}}}],\n"
             " events: [{type: Normal, reason: Kept, message: kept}]}",
             TEXT_ARG(name), TEXT_ARG(email));
    return worker->text;
}

static const char *const owned_kinds[] = {"v1/ConfigMap", NULL};

static struct ring *ring_with_children(scripted_run *run)
{
    struct ring *r = alloc_new(sizeof *r);
    r->b = bench_with_labs();
    r->run = run;
    r->owns = owned_kinds;
    ring_open(r);
    ring_live(r);
    return r;
}

static void what_is_written_together_is_visible_together(void)
{
    struct ring *r = ring_with_children(run_child);
    create_lab(r, "lab-1", "studentEmail: a");
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("lab-1"), "data.email"), "\"a\"");
    CHECK_TEXT(stored(r->b, MAP("lab-1"), "metadata.ownerReferences[0].name"), "\"lab-1\"");
    long long first = stored_int(r->b, LAB "/default/lab-1", "metadata.resourceVersion");
    const struct change *change = store_recent(r->b->store, first - 1);
    CHECK_INT(change->set_last - first, 2); /* status, child and event: one set */
    CHECK(text_is(change->actor, "controller/labinstance"));
    CHECK_INT(r->worker.started, 1); /* nothing of it woke its writer */
    ring_free(r);
}

static void a_child_wakes_its_owner(void)
{
    struct ring *r = ring_with_children(run_child);
    create_lab(r, "lab-1", "studentEmail: a");
    create_lab(r, "lab-2", "studentEmail: b");
    settle(r);
    size_t before = r->worker.started;
    CHECK_INT(ask(r->b, ADMIT_PATCH, "configmaps", "lab-1", "{data: {email: wrong}}")->code,
              TEND_OK);
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("lab-1"), "data.email"), "\"a\"");
    CHECK_INT(r->worker.started, before + 1); /* lab-1 alone, once */
    CHECK_INT(ask(r->b, ADMIT_DELETE, "configmaps", "lab-1", NULL)->code, TEND_OK);
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("lab-1"), "data.email"), "\"a\"");
    ring_free(r);
}

/* Every lab wants the one ConfigMap. */
static const char *run_same_child(struct scripted_worker *worker, struct reconcile_call *call,
                                  const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: done, status: {message: kept}, writes: [{verb: apply, object: {\n"
           " apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: b}}}]}";
}

static void what_belongs_to_another_is_not_taken(void)
{
    struct ring *r = ring_with_children(run_same_child);
    create_lab(r, "lab-1", "");
    settle(r);
    create_lab(r, "lab-2", "");
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("one"), "metadata.ownerReferences[0].name"), "\"lab-1\"");
    CHECK_TEXT(condition_of(r, "lab-2", "Failing"), "True");
    CHECK_INT(times_said(r, "lab-2", "OwnedByAnother"), 1);
    CHECK_TEXT(lab(r, "lab-2", "status.message"), "(absent)");
    long long version = stored_int(r->b, LAB "/default/lab-2", "metadata.resourceVersion");
    pass(r, 3600 * 1000); /* it is tried again and again */
    CHECK_INT(stored_int(r->b, LAB "/default/lab-2", "metadata.resourceVersion"), version);
    CHECK_INT(ask(r->b, ADMIT_DELETE, LAB, "lab-1", NULL)->code, TEND_OK);
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("one"), "metadata.ownerReferences[0].name"), "\"lab-2\"");
    CHECK_TEXT(condition_of(r, "lab-2", "Failing"), "");
    ring_free(r);
}

static void what_somebody_made_stays_his(void)
{
    struct ring *r = ring_with_children(run_same_child);
    CHECK_INT(ask(r->b, ADMIT_CREATE, "configmaps", "one",
                  "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {mine: x}}")
                  ->code,
              TEND_OK);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("one"), "data.a"), "\"b\"");
    CHECK_TEXT(stored(r->b, MAP("one"), "metadata.ownerReferences"), "(absent)");
    CHECK_INT(ask(r->b, ADMIT_DELETE, LAB, "lab-1", NULL)->code, TEND_OK);
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("one"), "data.mine"), "\"x\"");
    ring_free(r);
}

static void what_it_writes_is_compared_with_what_it_read(void)
{
    struct ring *r = ring_with_children(run_child);
    r->worker.hold = true;
    create_lab(r, "lab-1", "studentEmail: a");
    create_map(r, "lab-1", "9"); /* it was absent when it was read */
    r->worker.hold = false;
    CHECK(scripted_worker_deliver(&r->worker));
    settle(r);
    CHECK_INT(info(r).discarded, 1);
    CHECK_TEXT(stored(r->b, MAP("lab-1"), "data.email"), "\"a\"");
    CHECK_TEXT(stored(r->b, MAP("lab-1"), "data.size"), "\"9\"");
    ring_free(r);
}

static const char *run_remove(struct scripted_worker *worker, struct reconcile_call *call,
                              const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: done, writes: [{verb: remove, kind: v1/ConfigMap, namespace: '', name: old}]}";
}

static void removing_what_is_not_there_is_nothing(void)
{
    struct ring *r = ring_new_plain(run_remove);
    create_map(r, "old", "1");
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(stored(r->b, MAP("old"), "data"), "(none)");
    int64_t before = revision(r);
    patch_lab(r, "lab-1", "{metadata: {labels: {team: red}}}");
    settle(r);
    CHECK_INT(revision(r), before + 1);
    CHECK_INT(r->worker.started, 2);
    CHECK_INT(info(r).failures, 0);
    ring_free(r);
}

static const char *run_strange_child(struct scripted_worker *worker, struct reconcile_call *call,
                                     const struct value *root)
{
    (void)worker;
    (void)call;
    (void)root;
    return "{outcome: done, status: {message: half}, writes: [{verb: apply, object: {\n"
           " apiVersion: v1, kind: Gadget, metadata: {name: a}}}]}";
}

static void nothing_is_half_written(void)
{
    struct ring *r = ring_new_plain(run_strange_child);
    create_lab(r, "lab-1", "");
    settle(r);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "(absent)");
    CHECK_TEXT(condition_of(r, "lab-1", "Stalled"), "True");
    CHECK_INT(times_said(r, "lab-1", "WriteRefused"), 1);
    ring_free(r);
}

/* Answers one question late, as of a revision that it keeps. */
struct late_reads {
    struct read_source source;
    struct store *store;
    struct store_reader reader;
    enum { LATE_NEVER, LATE_NEXT } phase;
    unsigned shown;
};

static int64_t read_late(struct read_source *source, const char *controller, struct text object,
                         int64_t since)
{
    struct late_reads *late = CONTAINER_OF(source, struct late_reads, source);
    CHECK_TEXT(controller, "labinstance");
    CHECK(text_is(object, "labinstances.lab.neuroglia.com/default/lab-1"));
    if (late->phase == LATE_NEVER) {
        return store_revision(late->store);
    }
    CHECK(since <= late->reader.revision);
    late->phase = LATE_NEVER;
    late->shown++;
    return late->reader.revision;
}

/* A lab, which has read "settings" of size 1; the next reading is as late as now. */
static struct ring *ring_with_late_reads(scripted_run *run, struct late_reads *late)
{
    struct ring *r = ring_new(run);
    ring_close(r);
    *late = (struct late_reads){.source.as_of = read_late, .store = r->b->store};
    r->options = (struct loop_options){.reads = &late->source};
    ring_open(r);
    ring_live(r);
    create_map(r, "settings", "1");
    create_lab(r, "lab-1", "");
    settle(r);
    store_reader_open(r->b->store, &late->reader);
    late->phase = LATE_NEXT;
    return r;
}

static void what_is_shown_late_is_read_again(void)
{
    struct late_reads late;
    struct ring *r = ring_with_late_reads(run_fetch, &late);
    size_t started = r->worker.started;
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"1\"");
    create_map(r, "settings", "2");
    settle(r);
    CHECK_INT(late.shown, 1);
    CHECK_INT(r->worker.started - started, 2);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"2\"");
    store_reader_close(r->b->store, &late.reader);
    ring_free(r);
}

static void a_selection_that_is_shown_late_is_read_again(void)
{
    struct late_reads late;
    struct ring *r = ring_with_late_reads(run_select, &late);
    size_t started = r->worker.started;
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"1\"");
    create_map(r, "more", "2");
    settle(r);
    CHECK_INT(late.shown, 1);
    CHECK_INT(r->worker.started - started, 2);
    CHECK_TEXT(lab(r, "lab-1", "status.message"), "\"2\"");
    store_reader_close(r->b->store, &late.reader);
    ring_free(r);
}

/* Makes "settings" larger by one, up to 3. */
static const char *run_grow(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)root;
    CLEANUP(arena_done) struct arena arena = {0};
    int64_t size = 0;
    scripted_worker_ask(worker, call, "{fetch: {kind: v1/ConfigMap, name: settings}}");
    const struct value *map = yaml_value(&arena, buffer_view(&worker->answer).ptr);
    (void)text_to_int(value_text_or(path_get(map, TEXT("data.size")), TEXT("0")), &size);
    if (size >= 3) {
        return "{outcome: done}";
    }
    snprintf(worker->text, sizeof worker->text,
             "{outcome: done, writes: [{verb: apply, object: {apiVersion: v1, kind: ConfigMap, "
             "metadata: {name: settings}, data: {size: '%lld'}}}]}",
             (long long)size + 1);
    return worker->text;
}

static void nothing_is_written_on_top_of_what_is_shown_late(void)
{
    struct late_reads late;
    struct ring *r = ring_with_late_reads(run_grow, &late);
    create_map(r, "settings", "2");
    settle(r);
    CHECK_INT(late.shown, 1);
    CHECK(info(r).discarded >= 1);
    struct doc *doc = store_get(r->b->store, TEXT(MAP("settings")));
    CHECK(text_search(doc_text(doc), TEXT("\"size\":\"3\"")) < doc->len);
    store_reader_close(r->b->store, &late.reader);
    ring_free(r);
}

static void whoever_asks_has_everything_looked_at_again(void)
{
    struct ring *r = ring_new_plain(run_fetch);
    create_lab(r, "lab-1", "");
    create_lab(r, "lab-2", "");
    settle(r);
    size_t started = r->worker.started;
    loop_resync(r->loop);
    settle(r);
    CHECK_INT(r->worker.started - started, 2);
    ring_free(r);
}

SUITE({"an object that was read wakes, present or absent", what_was_read_wakes},
      {"so does what changed between reading and commit", what_changed_since_the_reading_wakes},
      {"so does a selection, entered or left", a_selection_wakes},
      {"a question without an answer is an error", questions_without_an_answer_are_errors},
      {"what is written together is visible together, and wakes nobody of it",
       what_is_written_together_is_visible_together},
      {"a child's change wakes its owner", a_child_wakes_its_owner},
      {"what somebody made stays his", what_somebody_made_stays_his},
      {"what belongs to another is not taken", what_belongs_to_another_is_not_taken},
      {"what is written is compared with what was read",
       what_it_writes_is_compared_with_what_it_read},
      {"removing what is not there is nothing", removing_what_is_not_there_is_nothing},
      {"nothing is half written", nothing_is_half_written},
      {"what is shown late is read again", what_is_shown_late_is_read_again},
      {"so is a selection", a_selection_that_is_shown_late_is_read_again},
      {"nothing is written on top of what is shown late",
       nothing_is_written_on_top_of_what_is_shown_late},
      {"a resync looks at everything again", whoever_asks_has_everything_looked_at_again})
