/* Effects that a controller asks for by name are done once for an object. A record says so, an object of kind
 * Effect beside it:
 *
 *     asked ──> Running ──────────────────────> Done             kept, and given to whoever asks again
 *               committed with what the run     with its result
 *               has written; then it is begun
 *
 * An effect goes on while its record is there, whether or not the run that asked is: what is under way in
 * this host is an errand. A record that is Running without one is of a host that ended (orphans.c): the
 * executor is asked again by the run that asks again, and knows the record if what it stands for went on.
 *
 * A record counts for the state that it was asked for in; whoever moves the object on, a later state asks
 * anew. Records that do not count are deleted with the next set about them, at the latest with their object.
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "base/sha256.h"
#include "controller/inside.h"
#include "document/json.h"
#include "resource/builtin.h"
#include "resource/key.h"

#define RUNNING "Running"
#define DONE    "Done"

/* --- records -------------------------------------------------------------------------------------- */

bool effect_record_read(struct arena *arena, struct text key, struct doc *doc,
                        struct effect_record *ret_record)
{
    *ret_record = (struct effect_record){.key = key};
    if (doc == NULL || doc_tree(doc, arena, &ret_record->root, NULL) != TEND_OK) {
        return false;
    }
    ret_record->spec = value_field(ret_record->root, "spec");
    ret_record->status = value_field(ret_record->root, "status");
    ret_record->revision = meta_of(ret_record->root).revision;
    return true;
}

bool effect_record_is_done(const struct effect_record *record)
{
    return text_is(value_get_text(record->status, TEXT("phase")), DONE);
}

static bool record_is_ok(const struct effect_record *record)
{
    return value_bool_or(value_field(value_field(record->status, "result"), "ok"), false);
}

static const char *entered_of(const struct run *run, char *out)
{
    return moment_format_micro(run->call.entered_ms, out);
}

/* Was it asked for in the state that the object is in? */
static bool record_counts(const struct effect_record *record, const struct run *run)
{
    char entered[MOMENT_TEXT_MAX];
    return text_is(value_get_text(record->spec, TEXT("entered")), entered_of(run, entered));
}

/* --- their names ---------------------------------------------------------------------------------- */

/* The first `count` digits. */
static struct text digest(struct arena *arena, struct text bytes, size_t count)
{
    char hex[SHA256_HEX];
    sha256_hex(bytes, hex);
    return arena_text(arena, (struct text){hex, count});
}

/* "lab-1-0123456789ab-": what the records of one controller for one object begin with. */
static struct text name_prefix(struct run *run)
{
    struct arena *arena = &run->arena;
    struct text object = text_clip(run->meta.name, EFFECT_OBJECT_MAX);
    while (object.len > 0 &&
           (object.ptr[object.len - 1] == '.' || object.ptr[object.len - 1] == '-')) {
        object.len--;
    }
    struct text whose =
        arena_format(arena, "%s %.*s", run->controller->name, TEXT_ARG(run->meta.uid));
    return arena_format(arena, "%.*s-%s-", TEXT_ARG(object), digest(arena, whose, 12).ptr);
}

static struct text namespace_of(const struct run *run)
{
    return run->meta.namespace.len > 0 ? run->meta.namespace : TEXT("default");
}

/* The records of the run's object; decoded in the run's arena. */
static size_t records_of(struct run *run, struct effect_record *out, size_t max)
{
    struct store *store = run->controller->loop->store;
    struct store_entry entries[EFFECTS_KEPT_MAX + 1];
    struct text prefix =
        key_make(&run->arena, TEXT(BUILTIN_EFFECTS), namespace_of(run), name_prefix(run));
    size_t count = store_list(store, store_revision(store), prefix, TEXT(""), entries, max),
           read = 0;
    for (size_t i = 0; i < count; i++) {
        struct text key = arena_text(&run->arena, entries[i].key);
        read += effect_record_read(&run->arena, key, entries[i].doc, &out[read]) ? 1 : 0;
    }
    return read;
}

static struct admission_request about(const struct effect_record *record, enum admission_verb verb)
{
    struct key_parts parts;
    struct admission_request request = {.verb = verb, .expect = {.revision = record->revision}};
    if (key_split(record->key, &parts, NULL) == TEND_OK) {
        request.resource = parts.resource;
        request.namespace = parts.namespace;
        request.name = parts.name;
    }
    return request;
}

/* --- asking --------------------------------------------------------------------------------------- */

static struct text word_of(const struct value *question)
{
    return value_field(question, "exec") != NULL ? TEXT("exec") : TEXT("http");
}

static const struct value *request_of(struct arena *arena, const struct value *question)
{
    return value_with(arena, value_get(question, word_of(question)), TEXT("name"), NULL);
}

bool journal_takes(const struct value *question)
{
    return value_field(value_get(question, word_of(question)), "name") != NULL;
}

static const struct value *object_of(struct run *run)
{
    const struct value_field fields[] = {
        {.key = TEXT("apiVersion"), .value = value_text(&run->arena, run->meta.api_version)},
        {.key = TEXT("kind"), .value = value_text(&run->arena, run->meta.kind)},
        {.key = TEXT("name"), .value = value_text(&run->arena, run->meta.name)},
        {.key = TEXT("namespace"), .value = value_text(&run->arena, run->meta.namespace)},
        {.key = TEXT("uid"), .value = value_text(&run->arena, run->meta.uid)},
    };
    return value_map(&run->arena, fields, COUNT_OF(fields));
}

static const struct value *new_spec(struct run *run, const struct value *question, struct text name)
{
    struct arena *arena = &run->arena;
    char entered[MOMENT_TEXT_MAX];
    const struct value_field fields[] = {
        {.key = TEXT("controller"), .value = value_chars(arena, run->controller->name)},
        {.key = TEXT("object"), .value = object_of(run)},
        {.key = TEXT("name"), .value = value_text(arena, name)},
        {.key = TEXT("entered"), .value = value_chars(arena, entered_of(run, entered))},
        {.key = word_of(question), .value = request_of(arena, question)},
    };
    return value_map(arena, fields, COUNT_OF(fields));
}

static const struct value *new_root(struct run *run, const struct value *spec, struct text name)
{
    struct arena *arena = &run->arena;
    const struct value *root =
        value_with(arena, NULL, TEXT("apiVersion"), value_chars(arena, "tend.dev/v1"));
    root = value_with(arena, root, TEXT("kind"), value_chars(arena, "Effect"));
    root = meta_with(arena, root, "name", value_text(arena, name));
    root = meta_with(arena, root, "namespace", value_text(arena, namespace_of(run)));
    root = meta_with(arena, root, "ownerReferences",
                     value_append(arena, value_empty_list(), meta_owner_ref(arena, run->root)));
    root = value_with(arena, root, TEXT("spec"), spec);
    const struct value *status =
        value_with(arena, NULL, TEXT("phase"), value_chars(arena, RUNNING));
    return value_with(arena, root, TEXT("status"), status);
}

/* The same, asked for in the same state? */
static bool is_same(const struct run *run, const struct effect_record *record,
                    const struct value *spec, const struct value *question)
{
    struct text word = word_of(question);
    const struct value *was = value_get(record->spec, word);
    return record_counts(record, run) && was != NULL && value_equal(was, value_get(spec, word));
}

/* Make room: what does not count any more, and where there is no room then, the oldest that is done. */
static NODISCARD enum tend_code make_room(struct run *run, const struct effect_record *records,
                                          size_t count, const struct effect_record *mine,
                                          struct journal_plan *plan, struct error *err)
{
    const struct effect_record *oldest = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct effect_record *record = &records[i];
        if (record == mine) {
            continue;
        }
        if (!record_counts(record, run)) {
            plan->requests[plan->count++] = about(record, ADMIT_DELETE);
            continue;
        }
        kept++;
        if (effect_record_is_done(record) &&
            (oldest == NULL || record->revision < oldest->revision)) {
            oldest = record;
        }
    }
    if (kept < EFFECTS_KEPT_MAX) {
        return TEND_OK;
    }
    if (oldest == NULL) {
        return FAIL(err, TEND_LIMIT, "%u effects of this object are under way, more are not begun",
                    EFFECTS_KEPT_MAX);
    }
    plan->requests[plan->count++] = about(oldest, ADMIT_DELETE);
    return TEND_OK;
}

/* Two outputs of control characters are six times as long in JSON: a record that they do not fit into would be
 * Running for ever. */
static NODISCARD enum tend_code check_room(const struct value *spec, struct error *err)
{
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(EFFECT_RECORD_MAX);
    json_write(&json, spec);
    if (json.full) {
        return FAIL(err, TEND_LIMIT,
                    "an effect by name is kept, and this one is longer than %u KiB as JSON",
                    EFFECT_RECORD_MAX / KIB);
    }
    return TEND_OK;
}

enum tend_code journal_prepare(struct run *run, const struct value *question,
                               struct journal_plan *ret_plan, struct error *err)
{
    struct arena *arena = &run->arena;
    struct effect_record records[EFFECTS_KEPT_MAX + 1];
    const struct value *called = value_field(value_get(question, word_of(question)), "name");
    struct text name = value_text_or(called, TEXT(""));
    *ret_plan = (struct journal_plan){0};
    if (name.len == 0 || name.len > EFFECT_NAME_MAX) {
        return FAIL(err, TEND_INVALID, "the name of an effect has 1 to %u bytes", EFFECT_NAME_MAX);
    }
    struct text full =
        arena_format(arena, "%s%s", name_prefix(run).ptr, digest(arena, name, 8).ptr);
    ret_plan->key = key_make(arena, TEXT(BUILTIN_EFFECTS), namespace_of(run), full);
    const struct value *spec = new_spec(run, question, name);
    TRY(check_room(spec, err));
    size_t count = records_of(run, records, COUNT_OF(records));
    const struct effect_record *mine = NULL;
    for (size_t i = 0; i < count; i++) {
        mine = text_equal(records[i].key, ret_plan->key) ? &records[i] : mine;
    }
    if (mine != NULL && is_same(run, mine, spec, question)) {
        return TEND_OK;
    }
    TRY(make_room(run, records, count, mine, ret_plan, err));
    const struct effect_record it = {.key = ret_plan->key,
                                     .revision = mine == NULL ? EXPECT_ABSENT : mine->revision};
    struct admission_request *request = &ret_plan->requests[ret_plan->count++];
    *request = about(&it, mine == NULL ? ADMIT_CREATE : ADMIT_UPDATE);
    request->body = new_root(run, spec, full);
    return TEND_OK;
}

/* --- forgetting ----------------------------------------------------------------------------------- */

/* The next state asks anew; what went wrong is tried anew; what a state asked for that the object has left, by a
 * deadline perhaps, is not wanted any more. */
static bool is_over(const struct run *run, const struct effect_record *record)
{
    if (!record_counts(record, run)) {
        return true;
    }
    switch (run->outcome) {
    case OUTCOME_ENTER:
        return !text_is(run->state, run->enter);
    case OUTCOME_RETRY:
    case OUTCOME_FAIL:
        return effect_record_is_done(record) && !record_is_ok(record);
    case OUTCOME_DONE:
    case OUTCOME_AGAIN:
    case OUTCOME_SO_FAR:
        break;
    }
    return false;
}

size_t journal_settle(struct run *run, struct admission_request *out)
{
    struct effect_record records[EFFECTS_KEPT_MAX];
    size_t made = 0;
    bool is_quiet = run->outcome == OUTCOME_DONE || run->outcome == OUTCOME_AGAIN;
    if (is_quiet && run->controller->loop->journal.errands.count == 0) {
        return 0; /* most runs ask for nothing: they need not be looked for */
    }
    size_t count = records_of(run, records, COUNT_OF(records));
    for (size_t i = 0; i < count; i++) {
        if (is_over(run, &records[i])) {
            out[made++] = about(&records[i], ADMIT_DELETE);
        }
    }
    return made;
}

/* --- errands -------------------------------------------------------------------------------------- */

static void errand_free(struct errand *errand)
{
    map_remove(&errand->loop->journal.errands, errand->key);
    free(errand->controller);
    free(errand->object);
    free(errand->result);
    free(errand);
}

/* Whoever asked is told, or looks again. */
static void errand_end(struct errand *errand, const struct worker_answer *answer)
{
    struct controller *controller = controller_find(errand->loop, errand->controller);
    if (errand->wait != NULL) {
        wait_answer(errand->wait, answer);
    } else if (controller != NULL &&
               store_get(errand->loop->store, text_of(errand->object)) != NULL) {
        controller_enqueue(controller, text_of(errand->object), WORK_CHANGE);
    }
    errand_free(errand);
}

/* Its result is durable before anybody is told. */
static void errand_done(struct effect *effect, struct text result)
{
    struct errand *errand = CONTAINER_OF(effect, struct errand, effect);
    struct error err = ERROR_INIT;
    errand->result = alloc_text(result.ptr, result.len);
    if (work_queue_add(errand->loop->journal.storing.flow, errand->key, WORK_CHANGE, &err) !=
        TEND_OK) {
        log_error(errand->loop->log, LOG_FIELDS({"effect", errand->key.ptr}), "not stored: %s",
                  err.message);
        errand_end(errand, &(struct worker_answer){.code = err.code, .message = err.message});
    }
}

static void store_run(struct loop *loop, struct work *work)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char moment[MOMENT_TEXT_MAX];
    struct errand *errand = map_get(&loop->journal.errands, work->key);
    const struct value *result;
    if (errand == NULL || errand->result == NULL ||
        json_parse(&arena, text_of(errand->result), &result, NULL) != TEND_OK) {
        work_queue_done(work, WORK_SETTLED);
        return;
    }
    const struct value_field fields[] = {
        {.key = TEXT("phase"), .value = value_chars(&arena, DONE)},
        {.key = TEXT("finishedAt"),
         .value = value_chars(&arena, moment_format(world_wall_ms(loop->world), moment))},
        {.key = TEXT("result"), .value = result},
    };
    struct admission_request request = about(
        &(struct effect_record){.key = errand->key, .revision = errand->revision}, ADMIT_PATCH);
    request.body =
        value_with(&arena, NULL, TEXT("status"), value_map(&arena, fields, COUNT_OF(fields)));
    errand->storing = true;
    chore_submit(
        loop, work,
        &(struct admission_set){.requests = &request, .count = 1, .writer = {.role = WRITER_HOST}});
}

static enum work_end store_answered(struct loop *loop, struct text key,
                                    const struct admission_result *result)
{
    struct errand *errand = map_get(&loop->journal.errands, key);
    enum work_end end = result->code == TEND_CONFLICT || result->code == TEND_INVALID
                            ? WORK_SETTLED /* its record is another one by now, or cannot be */
                            : chore_end(result);
    if (errand == NULL || !errand->storing) { /* it was of one whose place another took */
        return end;
    }
    errand->storing = false;
    if (end == WORK_SETTLED) {
        effect_forget(&errand->effect);
        errand_end(errand, &(struct worker_answer){.bytes = text_of(errand->result)});
    }
    return end;
}

static const struct chore_ops store_ops = {.run = store_run, .answered = store_answered};

/* --- beginning and ending -------------------------------------------------------------------------- */

/* A request that is sent again after a crash can be told by its key (draft-ietf-httpapi-idempotency-key). */
static const struct value *question_of(struct arena *arena, const struct effect_record *record)
{
    const struct value *http = value_field(record->spec, "http");
    if (http == NULL) {
        return value_with(arena, NULL, TEXT("exec"), value_field(record->spec, "exec"));
    }
    const struct value *headers =
        value_with(arena, value_field(http, "headers"), TEXT("Idempotency-Key"),
                   value_text(arena, meta_of(record->root).uid));
    return value_with(arena, NULL, TEXT("http"), value_with(arena, http, TEXT("headers"), headers));
}

static struct errand *errand_start(struct wait *wait, struct arena *arena,
                                   const struct effect_record *record)
{
    struct loop *loop = wait->run->controller->loop;
    struct errand *errand = alloc_new(sizeof *errand + record->key.len + 1);
    memcpy(errand->bytes, record->key.ptr, record->key.len);
    errand->key = (struct text){errand->bytes, record->key.len};
    errand->loop = loop;
    errand->revision = record->revision;
    errand->controller = alloc_dup(wait->run->controller->name);
    errand->object = alloc_dup(wait->run->work->key.ptr);
    errand->effect.done = errand_done;
    errand->effect.controller = errand->controller;
    errand->effect.object = errand->object;
    errand->effect.record = record->revision;
    map_put(&loop->journal.errands, errand->key, errand);
    orphans_adopt(loop, errand->key);
    effect_start(loop->options.executor, &errand->effect, question_of(arena, record));
    return errand;
}

static void errand_drop(struct errand *errand, const char *why)
{
    if (errand->result != NULL) {
        effect_forget(&errand->effect);
    } else {
        effect_cancel(&errand->effect);
    }
    if (errand->wait != NULL) {
        wait_answer(errand->wait, &(struct worker_answer){.code = TEND_GONE, .message = why});
    }
    errand_free(errand);
}

void journal_join(struct wait *wait)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer bytes = BUFFER_INIT(DOC_BYTES_MAX);
    struct loop *loop = wait->run->controller->loop;
    struct effect_record record;
    if (!effect_record_read(&arena, text_of(wait->key), store_get(loop->store, text_of(wait->key)),
                            &record)) {
        wait_answer(
            wait, &(struct worker_answer){.code = TEND_GONE, .message = "its record was deleted"});
        return;
    }
    if (effect_record_is_done(&record)) {
        json_write(&bytes, value_field(record.status, "result"));
        wait_answer(wait, &(struct worker_answer){.bytes = buffer_view(&bytes)});
        return;
    }
    struct errand *errand = map_get(&loop->journal.errands, record.key);
    if (errand != NULL && errand->revision != record.revision) {
        errand_drop(errand, "another one took its place");
        errand = NULL;
    }
    if (errand == NULL) {
        errand = errand_start(wait, &arena, &record);
    }
    errand->wait = wait;
    wait->errand = errand;
    wait->phase = WAIT_ERRAND;
}

void journal_note(struct loop *loop, struct text key)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct errand *errand = map_get(&loop->journal.errands, key);
    struct effect_record record;
    if (errand == NULL) {
        orphans_note(loop, key);
        return;
    }
    if (errand->result != NULL) {
        return; /* it was done; that its record is gone is found when it is stored */
    }
    if (!effect_record_read(&arena, key, store_get(loop->store, key), &record) ||
        record.revision != errand->revision) {
        errand_drop(errand, "its record was deleted");
    }
}

void journal_check(struct loop *loop)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text *keys = arena_alloc(&arena, (loop->journal.errands.count + 1) * sizeof *keys);
    size_t count = 0;
    MAP_FOREACH (slot, &loop->journal.errands) {
        const struct errand *errand = slot->value;
        keys[count++] = arena_text(&arena, errand->key);
    }
    for (size_t i = 0; i < count; i++) { /* which may drop one from the table */
        journal_note(loop, keys[i]);
    }
}

void journal_open(struct loop *loop)
{
    orphans_open(loop);
    chores_open(loop, &loop->journal.storing, &store_ops, CHORE_PLACES);
    feed_open(loop, TEXT(BUILTIN_EFFECTS));
}

void journal_close(struct loop *loop)
{
    struct map errands = loop->journal.errands; /* emptied at once: the table may not change */
    loop->journal.errands = (struct map){0};
    MAP_FOREACH (slot, &errands) {
        struct errand *errand = slot->value;
        if (errand->result == NULL) {
            effect_leave(&errand->effect);
        }
        errand_free(errand);
    }
    map_done(&errands);
    orphans_close(loop);
    work_flow_free(loop->journal.storing.flow);
}
