/* Questions, and the outcome.
 *
 * Both may come from a thread of the plugin: an outcome is taken from it, a question is a mistake, because
 * its answer would have nobody to run on. A callback that hands its call to a thread may be overtaken by it:
 * that thread finishes while the callback has not returned. Then the end of the slice sees that the call is
 * over; only a call that rests has to be picked up (native_finish_elsewhere).
 */
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/native_call.h"
#include "protocol/shape.h"

static bool is_on_its_thread(const struct native_call *call)
{
    return atomic_load_explicit(&call->phase, memory_order_relaxed) == CALL_RUNS &&
           pthread_equal(call->thread, pthread_self());
}

static bool is_elsewhere(struct native_call *call, const char *function)
{
    bool elsewhere = !is_on_its_thread(call) && !native_call_is_over(call);
    if (elsewhere) {
        native_mistake(call, "%s was called outside of the call's own callbacks", function);
    }
    return elsewhere;
}

static const char *mistaken_question(struct native_call *call, const struct value *question)
{
    struct error err = ERROR_INIT;
    if (shape_question(question, &err) != TEND_OK) {
        native_mistake(call, "%s", err.message);
    } else {
        return NULL;
    }
    return call->mistake;
}

/* Something that is to be done once for the object: it has a name. */
static bool is_named(const struct value *question)
{
    const struct value *exec = value_field(question, "exec"), *http = value_field(question, "http");
    return value_field(exec != NULL ? exec : http, "name") != NULL;
}

static struct native_ask *add_ask(struct native_call *call, tend_then *then, void *data)
{
    if (call->ask_count == call->ask_capacity) {
        call->ask_capacity = call->ask_capacity == 0 ? 4 : call->ask_capacity * 2;
        call->asks = alloc_resize(call->asks, call->ask_capacity, sizeof *call->asks);
    }
    struct native_ask *ask = &call->asks[call->ask_count++];
    *ask = (struct native_ask){.state = ASK_ANSWERED, .then = then, .data = data};
    return ask;
}

void native_ask(struct tend_call *seen, tend_node node, tend_then *then, void *data)
{
    struct native_call *call = native_call_of(seen);
    struct engine_host *host = call->engine->host;
    const struct value *question = native_value_of(call, node);
    if (is_elsewhere(call, "ask")) {
        return;
    }
    if (call->ask_count == CALL_ASKS_MAX) { /* nor is it kept: the loop that asks may have no end */
        native_mistake(call, "more than %u questions in one call", CALL_ASKS_MAX);
        return;
    }
    const char *why = mistaken_question(call, question);
    struct native_ask *ask = add_ask(call, then, data);
    const char *cancelled = atomic_load(&call->cancelled);
    if (why != NULL || cancelled != NULL) {
        ask->problem = why != NULL ? why : cancelled;
        return;
    }
    const struct value *so_far = is_named(question) ? native_call_so_far(call) : NULL;
    if (call->mistake != NULL) {
        ask->problem = call->mistake; /* nothing of a call that made one is written */
        return;
    }
    ask->state = ASK_OPEN;
    ask->question = question;
    call->ask_open++;
    host->ops->asked(host, call->id, (uint32_t)(call->ask_count - 1), question, so_far);
}

/* Looked up again at each step: `then` may ask. */
bool native_deliver(struct native_call *call)
{
    for (size_t i = 0; i < call->ask_count; i++) {
        struct native_ask *ask = &call->asks[i];
        if (ask->state == ASK_ANSWERED) {
            ask->state = ASK_DELIVERED;
            call->delivered_problem = ask->problem;
            call->seen.now_ms = ask->now_ms > 0 ? ask->now_ms : call->seen.now_ms;
            call->problem = ask->problem == NULL ? call->problem : ask->problem;
            tend_node answer = native_name_value(call, ask->answer);
            ask->then(&call->seen, answer, ask->data);
            return true;
        }
    }
    return false;
}

int32_t native_wait(struct tend_call *seen)
{
    struct native_call *call = native_call_of(seen);
    struct engine_host *host = call->engine->host;
    if (is_elsewhere(call, "wait")) {
        return 1;
    }
    while (!native_deliver(call)) {
        if (call->ask_open == 0) {
            return 1;
        }
        if (!native_await(call)) {
            native_call_cancel(call, TEXT("the host does not answer"));
            (void)native_call_close_asks(call);
        }
        atomic_store(&call->until_ms, host->ops->ticks_ms(host) + call->slice_ms);
    }
    return 0;
}

const char *native_problem(struct tend_call *seen)
{
    struct native_call *call = native_call_of(seen);
    if (call->problem == call->delivered_problem) {
        call->problem = NULL;
    }
    return call->delivered_problem;
}

static const char *keep_chars(struct native_call *call, const char *text, const char *what)
{
    return text == NULL ? NULL : native_keep_text(call, tend_str(text), what).ptr;
}

void native_finish(struct tend_call *seen, const struct tend_result *result)
{
    struct native_call *call = native_call_of(seen);
    struct tend_result copy = {0};
    memcpy(&copy, result, result->size < sizeof copy ? result->size : sizeof copy);
    if (copy.outcome == TEND_LATER) {
        native_mistake(call, "finish was called with TEND_LATER");
    }
    copy.state = keep_chars(call, copy.state, "the state's name");
    copy.reason = keep_chars(call, copy.reason, "the reason");
    copy.message = keep_chars(call, copy.message, "the message");
    call->outcome = copy;
    if (is_on_its_thread(call)) {
        atomic_store(&call->phase, CALL_OVER);
    } else {
        native_finish_elsewhere(call);
    }
}
