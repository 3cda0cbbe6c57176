/* From a snapshot to a result.
 *
 * The status that a call writes is laid over its own copy of the object as it goes, so that its
 * reads see its writes; at the end the difference is taken as a merge patch, and what changed
 * nothing is not there. An answer is seen through the writes of the call for the same reason. A
 * call that made a mistake, or asked something that got no answer, ends as a failure with none of
 * its writes: it has reasoned on something that is not so.
 */
#include "engine/native_call.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/patch.h"
#include "document/path.h"

/* --- answers, seen through the writes of the call
 * ---------------------------------------------- */

struct target {
    struct text version, kind, name_space, name;
};

static struct text own_namespace(const struct native_call *call)
{
    return value_get_text(value_field(call->object, "metadata"), TEXT("namespace"));
}

/* What a question, a removal or an object is about; an empty namespace is the object's. */
static struct target target_of(const struct native_call *call, struct text whole_kind,
                               struct text name_space, struct text name)
{
    size_t slash = whole_kind.len;
    while (slash > 0 && whole_kind.ptr[slash - 1] != '/') {
        slash--;
    }
    return (struct target){text_first(whole_kind, slash == 0 ? 0 : slash - 1),
                           text_from(whole_kind, slash),
                           name_space.len == 0 ? own_namespace(call) : name_space, name};
}

static struct target target_of_object(const struct native_call *call, const struct value *object)
{
    const struct value *meta = value_field(object, "metadata");
    struct text name_space = value_get_text(meta, TEXT("namespace"));
    return (struct target){
        value_get_text(object, TEXT("apiVersion")), value_get_text(object, TEXT("kind")),
        name_space.len == 0 ? own_namespace(call) : name_space, value_get_text(meta, TEXT("name"))};
}

static bool same_kind(const struct target *a, const struct target *b)
{
    return text_equal(a->version, b->version) && text_equal(a->kind, b->kind) &&
           text_equal(a->name_space, b->name_space);
}

static struct target target_of_write(const struct native_call *call, const struct value *write)
{
    const struct value *object = value_field(write, "object");
    return object != NULL ? target_of_object(call, object)
                          : target_of(call, value_get_text(write, TEXT("kind")),
                                      value_get_text(write, TEXT("namespace")),
                                      value_get_text(write, TEXT("name")));
}

static const struct value *through_writes(struct native_call *call, const struct target *target,
                                          const struct value *object)
{
    for (size_t i = 0; i < call->writes.count; i++) {
        const struct value *write = call->writes.items[i];
        struct target written = target_of_write(call, write);
        if (same_kind(&written, target) && text_equal(written.name, target->name)) {
            const struct value *draft = value_field(write, "object");
            object = draft == NULL ? NULL : patch_merge(&call->arena, object, draft);
        }
    }
    return object;
}

static bool listed(const struct native_call *call, const struct value *list,
                   const struct target *target)
{
    for (size_t i = 0; i < value_count(list); i++) {
        struct target item = target_of_object(call, list->items[i]);
        if (same_kind(&item, target) && text_equal(item.name, target->name)) {
            return true;
        }
    }
    return false;
}

/* The objects of a selection as the call has left them; what it made itself is there where the
 * selection asks for all (labels are judged by the host alone). */
static const struct value *list_through_writes(struct native_call *call,
                                               const struct value *question,
                                               const struct value *list)
{
    if (call->writes.count == 0) {
        return list;
    }
    const struct value *seen = NULL;
    for (size_t i = 0; i < value_count(list); i++) {
        struct target target = target_of_object(call, list->items[i]);
        const struct value *object = through_writes(call, &target, list->items[i]);
        seen = object == NULL ? seen : value_append(&call->arena, seen, object);
    }
    struct target asked = target_of(call, value_get_text(question, TEXT("kind")),
                                    value_get_text(question, TEXT("namespace")), TEXT(""));
    for (size_t i = 0; value_get_text(question, TEXT("labels")).len == 0 && i < call->writes.count;
         i++) {
        struct target written = target_of_write(call, call->writes.items[i]);
        const struct value *object = through_writes(call, &written, NULL);
        if (object != NULL && same_kind(&asked, &written) && !listed(call, list, &written) &&
            !listed(call, seen, &written)) {
            seen = value_append(&call->arena, seen, object);
        }
    }
    return seen == NULL ? value_empty_list() : seen;
}

static const struct value *see(struct native_call *call, const struct value *question,
                               const struct value *answer)
{
    const struct value *select = value_field(question, "select");
    if (select != NULL) {
        return list_through_writes(call, select, answer);
    }
    const struct value *fetch = value_field(question, "fetch");
    if (fetch == NULL) {
        return answer;
    }
    struct target target =
        target_of(call, value_get_text(fetch, TEXT("kind")),
                  value_get_text(fetch, TEXT("namespace")), value_get_text(fetch, TEXT("name")));
    return through_writes(call, &target, value_is(answer, VALUE_NULL) ? NULL : answer);
}

bool native_call_awaits(const struct native_call *call, uint32_t ask)
{
    return ask < call->ask_count && call->asks[ask].state == ASK_OPEN;
}

void native_call_answer(struct native_call *call, const struct engine_answer *given)
{
    struct error err = ERROR_INIT;
    struct text problem = given->problem;
    const struct value *answer = NULL;
    if (problem.len == 0 && json_parse(&call->arena, given->bytes, &answer, &err) != TEND_OK) {
        problem = text_of(err.message);
    }
    struct native_ask *asked = &call->asks[given->ask];
    asked->state = ASK_ANSWERED;
    asked->now_ms = given->now_ms;
    call->ask_open--;
    if (problem.len > 0) {
        asked->problem = arena_text(&call->arena, problem).ptr;
    } else {
        asked->answer = see(call, asked->question, answer);
    }
}

/* Not in the arena, which may be another thread's. The first reason stays. */
void native_call_cancel(struct native_call *call, struct text why)
{
    char *copy = alloc_text(why.ptr, why.len), *none = NULL;
    if (!atomic_compare_exchange_strong(&call->cancelled, &none, copy)) {
        free(copy);
    }
}

bool native_call_close_asks(struct native_call *call)
{
    bool any = call->ask_open > 0;
    for (size_t i = 0; i < call->ask_count; i++) {
        if (call->asks[i].state == ASK_OPEN) {
            call->asks[i].state = ASK_ANSWERED;
            call->asks[i].problem = atomic_load(&call->cancelled);
        }
    }
    call->ask_open = 0;
    return any;
}

/* --- running
 * ----------------------------------------------------------------------------------- */

static const struct tend_state *state_of(const struct native_call *call)
{
    const struct native_controller *controller = call->controller;
    struct text name = value_text_or(path_get(call->object, controller->state_field), TEXT(""));
    for (size_t i = 0; i < controller->state_count; i++) {
        if (name.len == 0 || text_is(name, controller->states[i].name)) {
            return &controller->states[i]; /* the first is the initial one */
        }
    }
    return NULL;
}

/* What is to run; NULL: nothing. */
static tend_run *choose(struct native_call *call)
{
    const struct native_controller *controller = call->controller;
    if (call->seen.verb == TEND_FINALIZE) {
        return controller->given.finalize;
    }
    if (controller->state_count == 0) {
        return controller->given.reconcile;
    }
    const struct tend_state *state = state_of(call);
    if (state == NULL) {
        call->problem = "the object is in a state that this version of the plugin does not have";
        return NULL;
    }
    return state->run != NULL ? state->run : controller->given.reconcile;
}

static void execute(struct native_call *call)
{
    tend_run *run = choose(call);
    struct tend_result result = {.size = sizeof result};
    if (run != NULL) {
        run(&call->seen, &result);
    }
    if (result.outcome != TEND_LATER && !native_call_is_over(call)) {
        native_api.finish(&call->seen, &result);
    }
}

/* --- the result
 * -------------------------------------------------------------------------------- */

static void put_text(struct native_call *call, const struct value **result, const char *name,
                     const char *text)
{
    if (text != NULL) {
        *result = value_with(&call->arena, *result, text_of(name), value_chars(&call->arena, text));
    }
}

static void put_list(struct native_call *call, const struct value **result, const char *name,
                     const struct native_list *list)
{
    if (list->count > 0) {
        *result = value_with(&call->arena, *result, text_of(name),
                             value_list(&call->arena, list->items, list->count));
    }
}

static void put_status(struct native_call *call, const struct value **result)
{
    const struct value *before = value_field(call->object, "status");
    const struct value *after = value_field(call->current, "status");
    if (before == after) {
        return;
    }
    const struct value *patch =
        patch_between(&call->arena, before == NULL ? value_empty_map() : before,
                      after == NULL ? value_empty_map() : after);
    if (patch != NULL) {
        *result = value_with(&call->arena, *result, TEXT("status"), patch);
    }
}

static const char *outcome_name(int32_t outcome)
{
    switch (outcome) {
    case TEND_DONE:
        return "done";
    case TEND_AGAIN:
        return "again";
    case TEND_ENTER:
        return "enter";
    case TEND_RETRY:
        return "retry";
    default: /* an enumerator of a later minor: the contract says how it is read */
        return "fail";
    }
}

static const struct value *failure(struct native_call *call, const char *outcome,
                                   const char *reason, const char *message)
{
    const struct value *result = value_empty_map();
    put_text(call, &result, "outcome", outcome);
    put_text(call, &result, "reason", reason);
    put_text(call, &result, "message", message);
    return result;
}

/* The machine is the host's: a call moves by TEND_ENTER alone. */
static void check_state_unwritten(struct native_call *call)
{
    struct text field = call->controller->state_field;
    const struct value *before = path_get(call->object, field);
    const struct value *after = path_get(call->current, field);
    if (call->controller->state_count > 0 && call->mistake == NULL && before != after &&
        (before == NULL || after == NULL || !value_equal(before, after))) {
        call->mistake = "the state was written as a field; return TEND_ENTER instead";
    }
}

static void put_writes(struct native_call *call, const struct value **result)
{
    put_status(call, result);
    put_list(call, result, "writes", &call->writes);
    put_list(call, result, "conditions", &call->conditions);
    put_list(call, result, "events", &call->events);
}

static const char too_much[] = "the writes of one call exceed 4 MiB";

const struct value *native_call_so_far(struct native_call *call)
{
    CLEANUP(buffer_done) struct buffer size = BUFFER_INIT(RESULT_BYTES_MAX);
    const struct value *result = value_empty_map();
    check_state_unwritten(call);
    put_writes(call, &result);
    json_write(&size, result);
    if (size.full && call->mistake == NULL) {
        call->mistake = too_much;
    }
    call->object = call->current;
    call->writes.count = call->conditions.count = call->events.count = 0;
    return result;
}

static const struct value *success(struct native_call *call)
{
    const struct tend_result *outcome = &call->outcome;
    const struct value *result = value_empty_map();
    put_text(call, &result, "outcome", outcome_name(outcome->outcome));
    if (outcome->after_ms > 0) {
        result = value_with(&call->arena, result, TEXT("afterMs"),
                            value_int(&call->arena, outcome->after_ms));
    }
    put_text(call, &result, "state", outcome->state);
    put_text(call, &result, "reason", outcome->reason);
    put_text(call, &result, "message", outcome->message);
    put_writes(call, &result);
    return result;
}

static const struct value *result_of(struct native_call *call)
{
    check_state_unwritten(call);
    if (call->outcome.outcome == TEND_ENTER && call->outcome.state == NULL &&
        call->mistake == NULL) {
        call->mistake = "TEND_ENTER without a state";
    }
    if (call->mistake != NULL) {
        return failure(call, "fail", "PluginMistake", call->mistake);
    }
    if (call->problem != NULL) {
        return failure(call, "retry", "NoAnswer", call->problem);
    }
    return success(call);
}

void native_call_result(struct native_call *call, struct buffer *out)
{
    buffer_clear(out);
    json_write(out, result_of(call));
    if (out->full) {
        buffer_clear(out);
        json_write(out, failure(call, "fail", "PluginMistake", too_much));
    }
}

/* --- slices
 * ------------------------------------------------------------------------------------ */

static void say_held(struct native_call *call)
{
    struct engine_host *host = call->engine->host;
    if (!call->held) {
        call->held = true;
        call->engine->held++;
        atomic_store(&call->until_ms, host->ops->ticks_ms(host) + call->limit_ms);
        host->ops->held(host, call->id);
    }
}

/* False where it is over. A call that rests belongs to others: it is touched no more. That it is held is
 * said before: once it rests, it may be over at any moment. */
static bool rest(struct native_call *call)
{
    int runs = CALL_RUNS;
    if (call->ask_open == 0) {
        say_held(call);
    }
    return atomic_compare_exchange_strong(&call->phase, &runs, CALL_RESTS);
}

/* Deliver what was answered, until nothing is left to do now; true where the call is over. */
static bool settle(struct native_call *call, struct buffer *out)
{
    while (!native_call_is_over(call) && native_deliver(call)) {
    }
    if (!native_call_is_over(call) && rest(call)) {
        return false;
    }
    native_call_result(call, out);
    return true;
}

static unsigned lane_of(const struct native_call *call)
{
    return call->lane == NULL ? 0 : native_lane_number(call->lane);
}

static void enter(struct native_call *call)
{
    struct engine_host *host = call->engine->host;
    call->thread = pthread_self();
    atomic_store_explicit(&call->until_ms,
                          host->ops->enter(host, lane_of(call), call->id, call->slice_ms) +
                              call->slice_ms,
                          memory_order_relaxed);
}

bool native_call_resume(struct native_call *call)
{
    int rests = CALL_RESTS;
    return atomic_compare_exchange_strong(&call->phase, &rests, CALL_RUNS);
}

bool native_call_go_on(struct native_call *call, struct buffer *out)
{
    struct engine_host *host = call->engine->host;
    unsigned lane = lane_of(call);
    enter(call);
    bool over = settle(call, out);
    host->ops->leave(host, lane);
    return over;
}

bool native_call_begin(struct native_call *call, struct buffer *out)
{
    struct engine_host *host = call->engine->host;
    unsigned lane = lane_of(call);
    if (call->object == NULL) {
        buffer_clear(out);
        json_write(out, failure(call, "retry", "BadSnapshot", call->problem));
        return true;
    }
    enter(call);
    execute(call);
    bool over = settle(call, out);
    host->ops->leave(host, lane);
    return over;
}

/* --- life
 * -------------------------------------------------------------------------------------- */

struct native_call *native_call_new(struct engine *engine,
                                    const struct native_controller *controller,
                                    const struct engine_call *given)
{
    struct native_call *call = alloc_new(sizeof *call);
    call->engine = engine;
    call->controller = controller;
    call->id = given->id;
    call->slice_ms = given->slice_ms;
    call->limit_ms = given->limit_ms;
    call->key = (struct text){(const char *)&call->id, sizeof call->id};
    list_init(&call->mail);
    call->seen =
        (struct tend_call){.size = sizeof call->seen,
                           .verb = given->verb == ENGINE_FINALIZE ? TEND_FINALIZE : TEND_RECONCILE,
                           .api = &native_api,
                           .host = &controller->host,
                           .self = controller->self,
                           .now_ms = given->now_ms,
                           .entered_ms = given->entered_ms,
                           .kinds = given->kinds};
    return call;
}

void native_call_read(struct native_call *call, struct text object)
{
    struct error err = ERROR_INIT;
    if (json_parse(&call->arena, object, &call->object, &err) != TEND_OK) {
        call->problem = arena_text(&call->arena, text_of(err.message)).ptr;
    }
    call->current = call->object;
}

void native_call_free(struct native_call *call)
{
    free(call->nodes.items);
    free(call->writes.items);
    free(call->conditions.items);
    free(call->events.items);
    free(call->asks);
    free(atomic_load(&call->cancelled));
    arena_done(&call->arena);
    free(call);
}
