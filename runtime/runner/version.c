/* Well or badly is judged by what the run returned, before anybody commits it: a version that moves objects
 * well into a state that its machine refuses is wrong as well, but that says so on the object. What counts
 * against it is what no version should do: die, hang, break the contract, or raise. */
#include "runner/version.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"

static struct version *of(struct worker_listener *listener)
{
    return CONTAINER_OF(listener, struct version, listener);
}

static void keep(char *text, size_t size, const char *chars)
{
    snprintf(text, size, "%s", chars);
}

/* --- how it does ------------------------------------------------------------------------------- */

static void note_fault(struct version *version, const char *reason, const char *message)
{
    if (version->record == RECORD_OPEN) {
        version->faults++;
        snprintf(version->fault, sizeof version->fault, "%s%s%s", reason,
                 reason[0] != '\0' && message[0] != '\0' ? ": " : "", message);
        version->ops->changed(version);
    }
}

static void note_success(struct version *version)
{
    if (version->record == RECORD_OPEN) {
        version->record = RECORD_GOOD;
        version->ops->changed(version);
    }
}

static const char *result_text(const struct value *result, const char *key)
{
    return value_text_or(value_get(result, text_of(key)), TEXT("")).ptr;
}

static void judge(struct version *version, const struct value *result)
{
    const char *outcome = result_text(result, "outcome"), *reason = result_text(result, "reason");
    if (strcmp(reason, "PluginMistake") == 0 || strcmp(reason, "ScriptError") == 0) {
        note_fault(version, reason, result_text(result, "message"));
    } else if (strcmp(outcome, "fail") != 0) {
        note_success(version);
    }
}

bool version_fails(const struct version *version)
{
    return version != NULL && version->record == RECORD_OPEN &&
           (version->faults >= PROBATION_FAULTS || version->deaths >= PROBATION_DEATHS);
}

/* --- what the worker tells --------------------------------------------------------------------- */

static void read_descriptor(struct version *version, const struct value *descriptor)
{
    struct arena *arena = &version->arena;
    version->descriptor = value_copy(arena, descriptor);
    const struct value *described = value_field(version->descriptor, "controllers");
    version->called =
        arena_text(arena, value_text_or(value_field(descriptor, "version"), TEXT(""))).ptr;
    version->seat_count = value_count(described);
    version->seats = arena_alloc(arena, version->seat_count * sizeof *version->seats);
    for (size_t i = 0; i < version->seat_count; i++) {
        seat_read(&version->seats[i], value_at(described, i), arena);
        version->seats[i].most = version->settings->parallel;
    }
}

static void on_up(struct worker_listener *listener, struct worker *worker,
                  const struct value *descriptor)
{
    struct version *version = of(listener);
    (void)worker;
    version->is_down = false;
    if (version->descriptor == NULL) {
        read_descriptor(version, descriptor);
        version->phase = VERSION_READY;
        version->ops->changed(version);
    } else {
        version->ops->up(version);
    }
}

static void on_down(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    struct version *version = of(listener);
    (void)worker;
    bool was_up = version->descriptor != NULL && !version->is_down;
    version->deaths += was_up ? 1 : 0; /* what cannot be started does not die */
    version->is_down = true;
    keep(version->why, sizeof version->why, reason);
    version->ops->down(version, reason);
    version->ops->changed(version);
}

static void on_refused(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    struct version *version = of(listener);
    (void)worker;
    version->phase = VERSION_REFUSED;
    keep(version->why, sizeof version->why, reason);
    version->ops->changed(version);
}

static void call_is_back(struct version *version)
{
    if (version->phase == VERSION_DRAINING && version->made.worker->calls == 0) {
        version->ops->changed(version);
    }
}

static void on_done(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call)
{
    struct version *version = of(listener);
    judge(version, call->result);
    controller_done(listener, worker, call);
    call_is_back(version);
}

static void on_lost(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call, enum worker_blame blame, const char *reason)
{
    struct version *version = of(listener);
    if (blame == BLAME_CALL) {
        note_fault(version, "", reason);
    }
    controller_lost_call(listener, worker, call, blame, reason);
    call_is_back(version);
}

static const struct worker_listener_ops listener_ops = {
    .up = on_up,
    .down = on_down,
    .refused = on_refused,
    .asked = controller_asked,
    .overdue = controller_overdue,
    .done = on_done,
    .lost = on_lost,
};

/* --- life -------------------------------------------------------------------------------------- */

static void on_late(struct alarm *alarm)
{
    struct version *version = CONTAINER_OF(alarm, struct version, drain);
    version->late = true;
    version->ops->changed(version);
}

static void on_closed(struct task *task)
{
    struct version *version = CONTAINER_OF(task, struct version, closed);
    version->ops->gone(version);
}

enum tend_code version_new(const struct version_terms *terms, struct loaded *content,
                           struct version **ret_version, struct error *err)
{
    struct worker_order order = {content->path, terms->file, terms->settings};
    struct made_worker made;
    TRY(worker_make(terms->maker, &order, &made, err));
    struct version *version = alloc_new(sizeof *version);
    version->listener.ops = &listener_ops;
    version->ops = terms->ops;
    version->world = terms->world;
    version->maker = terms->maker;
    version->settings = terms->settings;
    version->made = made;
    version->content = *content;
    *content = (struct loaded){0};
    version->drain.fire = on_late;
    version->closed.run = on_closed;
    made.worker->listener = &version->listener;
    *ret_version = version;
    return TEND_OK;
}

void version_launch(struct version *version)
{
    worker_launch(version->maker, &version->made);
}

void version_serve(struct version *version)
{
    version->phase = VERSION_SERVING;
    version->faults = version->deaths = 0;
}

void version_drain(struct version *version)
{
    version->phase = VERSION_DRAINING;
    world_alarm_set(version->world, &version->drain, world_ticks_ms(version->world) + DRAIN_MS);
    call_is_back(version);
}

void version_resume(struct version *version)
{
    world_alarm_clear(version->world, &version->drain);
    version->late = false;
    version->phase = VERSION_SERVING;
}

bool version_is_drained(const struct version *version)
{
    return version->late || version->made.worker->calls == 0;
}

void version_close(struct version *version)
{
    world_alarm_clear(version->world, &version->drain);
    version->phase = VERSION_CLOSING;
    worker_dismiss(version->maker, &version->made, &version->closed);
}

void version_free(struct version *version)
{
    for (size_t i = 0; i < version->seat_count; i++) {
        seat_done(&version->seats[i]);
    }
    loaded_done(&version->content);
    arena_done(&version->arena);
    free(version);
}

bool version_is_up(const struct version *version)
{
    return version->made.worker != NULL && version->made.worker->is_up;
}

bool version_has(const struct version *version, const char *hash)
{
    return version != NULL && !version->outdated && strcmp(version->content.hash, hash) == 0;
}

struct seat *version_seat(const struct version *version, struct text name)
{
    for (size_t i = 0; version != NULL && i < version->seat_count; i++) {
        if (text_is(name, version->seats[i].name)) {
            return &version->seats[i];
        }
    }
    return NULL;
}
