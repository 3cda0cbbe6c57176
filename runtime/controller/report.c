/* Each name has one record with the newest report. The queue does the rest: one commit at a time for a
 * name, again where there was another report meanwhile, later where the last one was less than a second
 * ago, slower where it fails. The gate drops what changes nothing, so a report may be written often. */
#include "controller/report.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/moment.h"
#include "controller/inside.h"
#include "document/patch.h"
#include "resource/builtin.h"
#include "resource/key.h"

struct record {
    char *name;
    struct arena arena; /* of status */
    const struct value *status;
    int64_t runs, failures; /* of others of that name: of hosts before, and removed since */
    int64_t written_ms;     /* ticks */
    bool written, missing;
    char *slow; /* an Event about it is to be written; NULL: none */
};

/* As a merge patch: a null removes. */
static const struct value *with_text(struct arena *arena, const struct value *map, const char *key,
                                     const char *text)
{
    if (text == NULL) {
        return map;
    }
    return value_with(arena, map, text_of(key),
                      text[0] == '\0' ? value_null() : value_chars(arena, text));
}

static const struct value *with_kind(struct arena *arena, const struct value *map, const char *kind)
{
    if (kind == NULL) {
        return map;
    }
    return value_with(arena, map, TEXT("kinds"),
                      kind[0] == '\0' ? value_null() : controller_kinds(arena, kind));
}

/* What the store says of it, NULL where that is nothing. */
static const struct value *stored_status(struct loop *loop, struct text name, struct arena *arena)
{
    struct doc *doc =
        store_get(loop->store, key_make(arena, TEXT(BUILTIN_CONTROLLERS), TEXT(""), name));
    const struct value *root = NULL;
    if (doc == NULL || doc_tree(doc, arena, &root, NULL) != TEND_OK) {
        return NULL;
    }
    return value_field(root, "status");
}

/* Before this host came up, that is: asked before it wrote any. */
static void read_counts(struct loop *loop, struct record *record)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *status = stored_status(loop, text_of(record->name), &arena);
    const struct value *counts = value_field(status, "counts");
    record->runs = value_int_or(value_field(counts, "runs"), 0);
    record->failures = value_int_or(value_field(counts, "failures"), 0);
}

static const struct value *with_tally(const struct record *record, struct arena *arena,
                                      const struct value *status, const struct tally *tally)
{
    char moment[MOMENT_TEXT_MAX];
    if (tally == NULL) {
        return status;
    }
    const struct value *counts = value_with(arena, NULL, TEXT("runs"),
                                            value_int(arena, record->runs + (int64_t)tally->runs));
    counts = value_with(arena, counts, TEXT("failures"),
                        value_int(arena, record->failures + (int64_t)tally->failures));
    status = value_with(arena, status, TEXT("counts"), counts);
    if (tally->longest_ms > 0) {
        struct text held = arena_format(arena, "%lldms", (long long)tally->longest_ms);
        const struct value *run = with_text(arena, NULL, "held", held.ptr);
        run = with_text(arena, run, "object", tally->longest_of);
        run = with_text(arena, run, "time", moment_format(tally->longest_at_ms, moment));
        status = value_with(arena, status, TEXT("longestRun"), run);
    }
    if (tally->error == NULL) {
        return status;
    }
    const struct value *error = with_text(arena, NULL, "message", tally->error);
    error = with_text(arena, error, "object", tally->object);
    error = with_text(arena, error, "time", moment_format(tally->error_ms, moment));
    return value_with(arena, status, TEXT("lastError"), error);
}

/* "512Mi": as the configuration has it. */
static struct text size_text(struct arena *arena, uint64_t bytes)
{
    static const char *const units[] = {"", "Ki", "Mi", "Gi"};
    size_t unit = 0;
    while (unit + 1 < COUNT_OF(units) && bytes >= KIB && bytes % KIB == 0) {
        bytes /= KIB;
        unit++;
    }
    return arena_format(arena, "%llu%s", (unsigned long long)bytes, units[unit]);
}

/* A null takes away what was said of another process. */
static const struct value *with_limits(struct arena *arena, const struct value *status,
                                       const struct report *report)
{
    const struct worker_limits *limits = report->limits;
    char run_time[DURATION_TEXT_MAX];
    if (limits == NULL || limits->confinement == NULL) {
        return limits == NULL ? status : value_with(arena, status, TEXT("limits"), value_null());
    }
    const struct value *memory = limits->memory_bytes == 0
                                     ? value_null()
                                     : value_text(arena, size_text(arena, limits->memory_bytes));
    const struct value *most =
        report->most == 0 ? value_null() : value_int(arena, (int64_t)report->most);
    const struct value *map = with_text(arena, NULL, "confine", limits->confinement);
    map = value_with(arena, map, TEXT("memory"), memory);
    map = value_with(arena, map, TEXT("files"), value_int(arena, limits->open_files));
    int64_t run_ms = report->limit_ms > 0 ? report->limit_ms : limits->run_ms;
    map = with_text(arena, map, "runTime", duration_format(run_ms, run_time));
    map = value_with(arena, map, TEXT("parallel"), most);
    return value_with(arena, status, TEXT("limits"), map);
}

static const struct value *report_status(const struct report *report, struct arena *arena)
{
    char since[MOMENT_TEXT_MAX];
    const char *reason = report->reason == NULL ? "" : report->reason;
    const char *message = report->message == NULL ? "" : report->message;
    const struct value *status = with_text(arena, value_empty_map(), "phase", report->phase);
    status = value_with(arena, status, TEXT("reason"), value_chars(arena, reason));
    status = value_with(arena, status, TEXT("message"), value_chars(arena, message));
    status = with_text(arena, status, "file", report->file);
    status = with_text(arena, status, "hash", report->hash);
    status = with_text(arena, status, "version", report->version);
    status = with_text(arena, status, "lastGood", report->last_good);
    status = with_text(arena, status, "rejected", report->rejected);
    status = with_text(arena, status, "isolation", report->isolation);
    status = with_text(arena, status, "since", moment_format(report->since_ms, since));
    status = with_kind(arena, status, report->kind);
    status = with_limits(arena, status, report);
    return value_with(arena, status, TEXT("restarts"), value_int(arena, (int64_t)report->restarts));
}

/* The condition is as old as its message, over restarts of the host as well. */
static const struct value *with_contested(struct loop *loop, struct arena *arena,
                                          const struct value *status, const struct report *report)
{
    char since[MOMENT_TEXT_MAX];
    const char *message = report->contested;
    if (message == NULL || message[0] == '\0') {
        return message == NULL ? status
                               : value_with(arena, status, TEXT("conditions"), value_null());
    }
    const struct value *stored = stored_status(loop, text_of(report->name), arena);
    const struct value *there = value_at(value_field(stored, "conditions"), 0);
    if (!text_is(value_get_text(there, TEXT("message")), message)) {
        int64_t now_ms = world_wall_ms(loop->world);
        there = with_text(arena, NULL, "type", "Contested");
        there = with_text(arena, there, "status", "True");
        there = with_text(arena, there, "reason", "AnotherFile");
        there = with_text(arena, there, "message", message);
        there = with_text(arena, there, "lastTransitionTime", moment_format(now_ms, since));
    }
    return value_with(arena, status, TEXT("conditions"), value_list(arena, &there, 1));
}

static void schedule(struct loop *loop, struct record *record)
{
    int64_t rest_ms = record->written_ms + REPORT_PAUSE_MS - world_ticks_ms(loop->world);
    struct text name = text_of(record->name);
    struct error err = ERROR_INIT;
    enum tend_code code = record->written && rest_ms > 0
                              ? work_queue_after(loop->reporting.flow, name, rest_ms, &err)
                              : work_queue_add(loop->reporting.flow, name, WORK_CHANGE, &err);
    if (code != TEND_OK) {
        log_error(loop->log, LOG_FIELDS({"controller", record->name}), "not reported: %s",
                  err.message);
    }
}

void report_write(struct loop *loop, const struct report *report)
{
    struct record *record = map_get(&loop->reports, text_of(report->name));
    if (record == NULL) {
        record = alloc_new(sizeof *record);
        record->name = alloc_dup(report->name);
        map_put(&loop->reports, text_of(record->name), record);
        read_counts(loop, record);
    }
    arena_done(&record->arena);
    record->status =
        with_tally(record, &record->arena, report_status(report, &record->arena), report->tally);
    record->status = with_contested(loop, &record->arena, record->status, report);
    if (report->tally != NULL && report->tally->slow != NULL) {
        free(record->slow);
        record->slow = alloc_dup(report->tally->slow);
    }
    schedule(loop, record);
}

bool report_is_known(const struct loop *loop, struct text name)
{
    return map_get(&loop->reports, name) != NULL;
}

void report_keep_counts(const struct controller *controller)
{
    struct record *record = map_get(&controller->loop->reports, text_of(controller->name));
    if (record != NULL) {
        record->runs += (int64_t)controller->tally.runs;
        record->failures += (int64_t)controller->tally.failures;
    }
}

void report_flush(struct loop *loop)
{
    struct error err = ERROR_INIT;
    LIST_FOREACH (link, &loop->controllers) {
        tally_flush(CONTAINER_OF(link, struct controller, link));
    }
    MAP_FOREACH (slot, &loop->reports) {
        const struct record *record = slot->value;
        if (work_queue_add(loop->reporting.flow, text_of(record->name), WORK_CHANGE, &err) !=
            TEND_OK) {
            log_warn(loop->log, LOG_FIELDS({"controller", record->name}), "%s", err.message);
        }
    }
}

void report_appeared(struct loop *loop, struct text name)
{
    struct record *record = map_get(&loop->reports, name);
    if (record != NULL && record->missing) {
        record->missing = false;
        schedule(loop, record);
    }
}

static const char *phase_name(enum controller_phase phase)
{
    switch (phase) {
    case CONTROLLER_LIVE:
        return "live";
    case CONTROLLER_ADDED:
    case CONTROLLER_LOST:
        break;
    }
    return "lost";
}

/* What is to be known of one that is live; ->reason NULL: nothing. */
static struct controller_note note_of(const struct controller *controller)
{
    if (controller->phase != CONTROLLER_LIVE) {
        return (struct controller_note){.reason = controller->reason,
                                        .message = controller->message};
    }
    if (controller->told_reason == NULL && controller->missing != NULL) {
        return (struct controller_note){.reason = "KindMissing", .message = controller->missing};
    }
    return (struct controller_note){.reason = controller->told_reason,
                                    .message = controller->told_message};
}

void report_controller(struct controller *controller)
{
    struct controller_note note = note_of(controller);
    struct report report = {.name = controller->name,
                            .phase = phase_name(controller->phase),
                            .reason = note.reason,
                            .message = note.message,
                            .file = controller->file,
                            .hash = controller->hash,
                            .version = controller->version,
                            .kind = controller->kind,
                            .last_good = controller->last_good,
                            .rejected = controller->rejected == NULL ? "" : controller->rejected,
                            .contested = controller->contested,
                            .isolation = controller->worker->is_inline ? "inline" : "",
                            .limits = &controller->worker->limits,
                            .most = controller->most,
                            .limit_ms = controller->limit_ms,
                            .since_ms = controller->since_ms,
                            .restarts = controller->lives > 1 ? controller->lives - 1 : 0,
                            .tally = &controller->tally};
    report_write(controller->loop, &report);
    tally_told(controller);
}

/* A controller that is as it was before the host came up again is no news: it is what it was since then,
 * and nothing is written. */
static const struct value *without_news(const struct value *status, const struct value *stored,
                                        struct arena *arena)
{
    static const char *const telling[] = {"phase", "file", "hash", "version"};
    const struct value *then = patch_merge(arena, stored, status);
    for (size_t i = 0; i < COUNT_OF(telling); i++) {
        struct text key = text_of(telling[i]);
        const struct value *is = value_get(stored, key), *will_be = value_get(then, key);
        if (is != will_be && (is == NULL || will_be == NULL || !value_equal(is, will_be))) {
            return status;
        }
    }
    if (value_int_or(value_field(status, "restarts"), 0) > 0) {
        return status;
    }
    status = value_with(arena, status, TEXT("since"), value_field(stored, "since"));
    return value_with(arena, status, TEXT("restarts"), value_field(stored, "restarts"));
}

static const struct value *about(struct arena *arena, struct text name)
{
    const struct value *root = with_text(arena, NULL, "apiVersion", "tend.dev/v1");
    return meta_with_text(arena, with_text(arena, root, "kind", "Controller"), "name", name);
}

static void report_run(struct loop *loop, struct work *work)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct record *record = map_get(&loop->reports, work->key);
    record->written = true;
    record->written_ms = world_ticks_ms(loop->world);
    const struct value *status =
        without_news(record->status, stored_status(loop, work->key, &arena), &arena);
    struct event event = {.about = about(&arena, work->key),
                          .type = EVENT_WARNING,
                          .reason = TEXT("SlowReconcile"),
                          .message = text_of(record->slow == NULL ? "" : record->slow),
                          .component = TEXT("tend")};
    struct admission_request requests[] = {
        {.verb = ADMIT_PATCH_STATUS,
         .resource = TEXT(BUILTIN_CONTROLLERS),
         .name = work->key,
         .body = value_with(&arena, NULL, TEXT("status"), status),
         .fields = FIELDS_IGNORE},
        {.verb = ADMIT_EVENT, .event = &event}};
    struct admission_set set = {.requests = requests,
                                .count = record->slow == NULL ? 1 : 2,
                                .writer = {.role = WRITER_HOST}};
    chore_submit(loop, work, &set);
    free(TAKE(record->slow));
}

static enum work_end report_answered(struct loop *loop, struct text key,
                                     const struct admission_result *result)
{
    struct record *record = map_get(&loop->reports, key);
    record->missing = result->code == TEND_NOT_FOUND;
    record->written = !record->missing;
    return chore_end(result);
}

const struct chore_ops report_ops = {.run = report_run, .answered = report_answered};

void report_done(struct loop *loop)
{
    MAP_FOREACH (slot, &loop->reports) {
        struct record *record = slot->value;
        arena_done(&record->arena);
        free(record->slow);
        free(record->name);
        free(record);
    }
    map_done(&loop->reports);
}
