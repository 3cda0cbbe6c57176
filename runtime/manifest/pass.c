/* Why two sets: the gate judges a set against the kinds that are there when it is submitted, and a file
 * may well bring a definition and its first object. The record goes with the second set, so that what
 * is remembered as applied is exactly what was applied, whenever the power goes.
 *
 * What waits is decided here, by looking for the kind and the namespace, and not by the gate: a missing
 * kind is an error to a client and a matter of time to a folder.
 */
#include "manifest/pass.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "document/patch.h"
#include "resource/builtin.h"
#include "resource/key.h"
#include "resource/meta.h"

static const struct log *log_of(const struct pass *pass)
{
    return pass->world->log;
}

/* --- what a document is about ------------------------------------------------------------------ */

struct target {
    const struct kind *kind;
    struct text namespace, name, key;
};

static void note_waiting(struct pass *pass, const struct manifest_document *document,
                         const char *what, struct text name)
{
    struct meta meta = meta_of(document->root);
    pass->waiting++;
    if (pass->waiting <= MANIFEST_WAITING_SHOWN) {
        buffer_format(&pass->message, "%s%.*s/%.*s (line %u) waits for %s %.*s",
                      pass->message.len > 0 ? "; " : "", TEXT_ARG(meta.kind), TEXT_ARG(meta.name),
                      document->line, what, TEXT_ARG(name));
    }
}

static bool namespace_exists(struct pass *pass, struct text namespace)
{
    struct text key = key_make(&pass->arena, TEXT(BUILTIN_NAMESPACES), TEXT(""), namespace);
    return store_get(pass->store, key) != NULL;
}

/* False where the document has to wait; it was noted then. The key is filled in once the kind is known. */
static bool find_target(struct pass *pass, const struct manifest_document *document,
                        struct target *ret_target)
{
    struct meta meta = meta_of(document->root);
    const struct catalogue *catalogue = admission_catalogue(pass->gate);
    struct target target = {.kind = catalogue_kind(catalogue, meta.api_version, meta.kind),
                            .name = meta.name};
    *ret_target = target;
    if (target.kind == NULL) {
        struct text name = arena_format(&pass->arena, "%.*s of %.*s", TEXT_ARG(meta.kind),
                                        TEXT_ARG(meta.api_version));
        note_waiting(pass, document, "the kind", name);
        return false;
    }
    if (kind_namespaced(target.kind)) {
        target.namespace = meta.namespace.len > 0 ? meta.namespace : TEXT("default");
    }
    target.key =
        key_make(&pass->arena, text_of(target.kind->resource), target.namespace, target.name);
    *ret_target = target;
    if (target.namespace.len > 0 && !namespace_exists(pass, target.namespace)) {
        note_waiting(pass, document, "the namespace", target.namespace);
        return false;
    }
    return true;
}

/* --- the requests of a set --------------------------------------------------------------------- */

static struct admission_request *add_request(struct pass *pass, enum admission_verb verb,
                                             size_t origin)
{
    struct admission_request *request = &pass->requests[pass->request_count];
    *request = (struct admission_request){.verb = verb, .fields = FIELDS_STRICT};
    pass->origins[pass->request_count++] = origin;
    return request;
}

static void keep(struct pass *pass, struct text key, struct text hash)
{
    pass->kept[pass->kept_count++] =
        (struct value_field){.key = key, .value = value_text(&pass->arena, hash)};
}

static const struct value *kept_documents(struct pass *pass, size_t count)
{
    return value_map(&pass->arena, pass->kept, count);
}

static void leave_unchanged(struct pass *pass, struct text key)
{
    pass->unchanged++;
    if (store_get(pass->store, key) == NULL) {
        log_info(log_of(pass),
                 LOG_FIELDS({"file", pass->path}, {"object", key_show(&pass->arena, key).ptr}),
                 "was applied before and is gone since: it stays gone until the file changes or "
                 "somebody applies it");
    }
}

static void take_document(struct pass *pass, size_t index)
{
    const struct manifest_document *document = &pass->source.documents[index];
    struct target target;
    bool ready = find_target(pass, document, &target);
    struct text applied = record_hash(&pass->record, target.key);
    if (!ready) {
        if (applied.len > 0) {
            keep(pass, target.key, applied);
        }
        return;
    }
    keep(pass, target.key, text_of(document->hash));
    if (text_is(applied, document->hash)) {
        leave_unchanged(pass, target.key);
        return;
    }
    struct admission_request *request = add_request(pass, ADMIT_APPLY, index);
    request->resource = text_of(target.kind->resource);
    request->body = document->root;
    request->reason = pass->record.path;
    pass->applied++;
}

static void add_record(struct pass *pass, const struct value *documents)
{
    enum admission_verb verb = pass->record.exists ? ADMIT_UPDATE : ADMIT_CREATE;
    struct admission_request *request = add_request(pass, verb, SIZE_MAX);
    request->resource = TEXT(BUILTIN_MANIFESTS);
    request->body = record_root(&pass->arena, &pass->record, documents);
}

/* An Event where the file's phase or message is news. */
static void add_event(struct pass *pass)
{
    static const char *const reasons[] = {"Applied", "Waiting", "Refused", "Removed"};
    if (record_says_so_already(&pass->record)) {
        return;
    }
    struct admission_request *request = add_request(pass, ADMIT_EVENT, SIZE_MAX);
    bool good = pass->record.phase == PHASE_APPLIED || pass->record.phase == PHASE_WAITING;
    pass->event = (struct event){
        .about = record_root(&pass->arena, &pass->record, value_empty_map()),
        .type = good ? EVENT_NORMAL : EVENT_WARNING,
        .reason = text_of(reasons[pass->record.phase]),
        .message = pass->record.message.len > 0 ? pass->record.message : pass->record.path,
        .component = TEXT("tend"),
    };
    request->event = &pass->event;
}

static void submit(struct pass *pass)
{
    struct admission_set set = {.requests = pass->requests,
                                .count = pass->request_count,
                                .writer = {.role = WRITER_MANIFEST},
                                .run = RUN_REAL};
    admission_submit(pass->gate, &set, &pass->call);
}

static void start_set(struct pass *pass)
{
    size_t most = pass->source.count + 2; /* and the record, and an event */
    pass->requests = arena_alloc(&pass->arena, most * sizeof *pass->requests);
    pass->origins = arena_alloc(&pass->arena, most * sizeof *pass->origins);
    pass->request_count = 0;
}

/* --- the end of a pass ------------------------------------------------------------------------- */

static void say_phase(const struct pass *pass)
{
    const struct log_field fields[] = {{"file", pass->path}, {NULL, NULL}};
    switch (pass->phase) {
    case PHASE_APPLIED:
        log_info(log_of(pass), fields, "%zu documents applied, %zu as they were", pass->applied,
                 pass->unchanged);
        break;
    case PHASE_WAITING:
        log_info(log_of(pass), fields, "%zu documents applied, %zu as they were, %zu wait: %s",
                 pass->applied, pass->unchanged, pass->waiting, pass->record.message.ptr);
        break;
    case PHASE_REFUSED:
        log_error(log_of(pass), fields, "%s; what was applied before stays",
                  pass->record.message.ptr);
        break;
    case PHASE_REMOVED:
        log_info(log_of(pass), fields,
                 "the file is gone; its %zu objects stay (`tend delete` removes them)",
                 value_count(pass->record.documents));
        break;
    }
}

static void on_recorded(struct admission_call *call, const struct admission_result *result)
{
    struct pass *pass = CONTAINER_OF(call, struct pass, call);
    if (result->code != TEND_OK) {
        log_warn(log_of(pass), LOG_FIELDS({"file", pass->path}),
                 "what became of it cannot be written down: %s", result->message);
    }
    say_phase(pass);
    pass->finished(pass);
}

/* Write the record alone: nothing else of the file is (or may be) applied now. */
static void conclude(struct pass *pass, enum record_phase phase, const struct value *documents)
{
    pass->phase = pass->record.phase = phase;
    pass->record.message = arena_text(&pass->arena, buffer_view(&pass->message));
    start_set(pass);
    add_event(pass);
    add_record(pass, documents);
    pass->call.answered = on_recorded;
    submit(pass);
}

/* "FILE:LINE:COLUMN: what is wrong" for the request that refused the set. */
static void describe_refusal(struct pass *pass, const struct admission_result *result)
{
    buffer_clear(&pass->message);
    size_t origin = result->failed < pass->request_count ? pass->origins[result->failed] : SIZE_MAX;
    if (origin == SIZE_MAX) {
        buffer_format(&pass->message, "%s: %s", pass->path, result->message);
        return;
    }
    const struct admission_answer *answer = &result->answers[result->failed];
    const struct manifest_document *document = &pass->source.documents[origin];
    if (answer->cause_count == 0) {
        buffer_format(&pass->message, "%s:%u:1: %s", pass->path, document->line, answer->message);
    }
    for (size_t i = 0; i < answer->cause_count; i++) {
        const struct schema_problem *cause = &answer->causes[i];
        bool placed = cause->line > 0;
        buffer_format(&pass->message, "%s%s:%u:%u: %.*s: %.*s", i > 0 ? "; " : "", pass->path,
                      placed ? cause->line : document->line, placed ? cause->column : 1,
                      TEXT_ARG(cause->path), TEXT_ARG(cause->message));
    }
}

/* "line 3, column 7: expected ..." becomes "FILE:3:7: expected ...", as editors and compilers have it. */
static void describe_broken(struct pass *pass)
{
    const char *message = pass->source.error.message;
    unsigned line = 0, column = 0;
    int used = 0;
    if (sscanf(message, "line %u, column %u: %n", &line, &column, &used) == 2 && used > 0) {
        buffer_format(&pass->message, "%s:%u:%u: %s", pass->path, line, column, message + used);
    } else {
        buffer_format(&pass->message, "%s: %s", pass->path, message);
    }
}

/* --- the waves --------------------------------------------------------------------------------- */

static void run_wave(struct pass *pass, enum wave wave);

/* What was applied before the set that was refused: what the record said, and the first wave. */
static const struct value *documents_before(struct pass *pass)
{
    size_t count = pass->wave == WAVE_FIRST ? 0 : pass->kept_first;
    return patch_merge(&pass->arena, pass->record.documents, kept_documents(pass, count));
}

static void on_applied(struct admission_call *call, const struct admission_result *result)
{
    struct pass *pass = CONTAINER_OF(call, struct pass, call);
    if (result->code != TEND_OK) {
        describe_refusal(pass, result);
        conclude(pass, PHASE_REFUSED, documents_before(pass));
        return;
    }
    if (pass->wave == WAVE_FIRST) {
        run_wave(pass, WAVE_SECOND);
        return;
    }
    say_phase(pass);
    pass->finished(pass);
}

/* Objects that the file spoke of before and does not any more. */
static void say_dropped(struct pass *pass, const struct value *documents)
{
    for (size_t i = 0; i < value_count(pass->record.documents); i++) {
        struct text key = pass->record.documents->fields[i].key;
        if (value_get(documents, key) == NULL && store_get(pass->store, key) != NULL) {
            log_info(log_of(pass),
                     LOG_FIELDS({"file", pass->path}, {"object", key_show(&pass->arena, key).ptr}),
                     "is no longer in the file; it stays (`tend delete` removes it)");
        }
    }
}

static void finish_second(struct pass *pass)
{
    const struct value *documents = kept_documents(pass, pass->kept_count);
    say_dropped(pass, documents);
    if (pass->waiting > MANIFEST_WAITING_SHOWN) {
        buffer_format(&pass->message, "; and %zu more", pass->waiting - MANIFEST_WAITING_SHOWN);
    }
    pass->phase = pass->record.phase = pass->waiting > 0 ? PHASE_WAITING : PHASE_APPLIED;
    pass->record.message = arena_text(&pass->arena, buffer_view(&pass->message));
    add_event(pass);
    add_record(pass, documents);
    submit(pass);
}

static void run_wave(struct pass *pass, enum wave wave)
{
    pass->wave = wave;
    pass->call.answered = on_applied;
    pass->kept_first = pass->kept_count;
    start_set(pass);
    for (size_t i = 0; i < pass->source.count; i++) {
        if (pass->source.documents[i].wave == wave) {
            take_document(pass, i);
        }
    }
    if (wave == WAVE_SECOND) {
        finish_second(pass);
    } else if (pass->request_count == 0) {
        run_wave(pass, WAVE_SECOND);
    } else {
        submit(pass);
    }
}

static void on_read(struct job *job)
{
    struct pass *pass = CONTAINER_OF(job, struct pass, job);
    pass->record = record_load(&pass->arena, pass->store, pass->path);
    pass->kept = arena_alloc(&pass->arena, pass->source.count * sizeof *pass->kept);
    switch (pass->source.state) {
    case SOURCE_ABSENT:
        conclude(pass, PHASE_REMOVED, pass->record.documents);
        break;
    case SOURCE_BROKEN:
        describe_broken(pass);
        conclude(pass, PHASE_REFUSED, pass->record.documents);
        break;
    case SOURCE_GOOD:
        run_wave(pass, WAVE_FIRST);
        break;
    }
}

static void read_file(struct job *job)
{
    struct pass *pass = CONTAINER_OF(job, struct pass, job);
    source_read(&pass->source, pass->path);
}

void pass_start(struct pass *pass, struct world *world, struct store *store, struct admission *gate,
                const char *path)
{
    void (*finished)(struct pass *) = pass->finished;
    *pass = (struct pass){
        .world = world,
        .store = store,
        .gate = gate,
        .path = alloc_dup(path),
        .finished = finished,
        .job = {.lane = LANE_READ, .work = read_file, .done = on_read},
        .message = BUFFER_INIT(MANIFEST_MESSAGE_MAX),
    };
    world_offload(world, &pass->job);
}

void pass_done(struct pass *pass)
{
    source_done(&pass->source);
    arena_done(&pass->arena);
    buffer_done(&pass->message);
    free(pass->path);
    pass->path = NULL;
}
