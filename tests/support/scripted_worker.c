/* Calls move from one list to the next; a task does one thing at a time, so that a test can stop between
 * any two of them. */
#include "support/scripted_worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/yaml.h"
#include "resource/meta.h"

static struct scripted_worker *scripted(struct worker *worker)
{
    return CONTAINER_OF(worker, struct scripted_worker, worker);
}

static const struct value *parse(struct arena *arena, const char *yaml)
{
    struct yaml_stream stream;
    struct error err = ERROR_INIT;
    if (yaml_parse(arena, text_of(yaml), &stream, &err) != TEND_OK || stream.count != 1) {
        fprintf(stderr, "the script answered nonsense: %s\n%s\n", err.message, yaml);
        abort();
    }
    return stream.documents[0].value;
}

/* --- waiting ------------------------------------------------------------------------------------ */

struct scripted_wait {
    struct list link; /* in worker->waits */
    struct reconcile_call *call;
    enum { WAIT_ASKING, WAIT_ASKED, WAIT_ANSWERED } phase;
    struct arena arena;
    const struct value *question, *so_far;
    size_t count; /* of the questions of this call */
    enum tend_code code;
    char *answer;
};

static struct scripted_wait *wait_of(struct scripted_worker *worker,
                                     const struct reconcile_call *call)
{
    LIST_FOREACH (link, &worker->waits) {
        struct scripted_wait *wait = CONTAINER_OF(link, struct scripted_wait, link);
        if (wait->call == call) {
            return wait;
        }
    }
    return NULL;
}

static void wait_free(struct scripted_wait *wait)
{
    if (wait != NULL) {
        list_remove(&wait->link);
        arena_done(&wait->arena);
        free(wait->answer);
        free(wait);
    }
}

const char *scripted_worker_wait(struct scripted_worker *worker, struct reconcile_call *call,
                                 const char *question, const char *so_far)
{
    struct scripted_wait *wait = wait_of(worker, call);
    if (wait == NULL) {
        wait = alloc_new(sizeof *wait);
        wait->call = call;
        list_append(&worker->waits, &wait->link);
    }
    wait->phase = WAIT_ASKING;
    wait->question = parse(&wait->arena, question);
    wait->so_far = parse(&wait->arena, so_far);
    wait->count++;
    return NULL;
}

static void ask_and_wait(struct scripted_worker *worker, struct scripted_wait *wait)
{
    wait->phase = WAIT_ASKED;
    worker->worker.listener->ops->asked(worker->worker.listener, &worker->worker, wait->call,
                                        (uint32_t)wait->count, wait->question, wait->so_far);
}

/* Does the answer belong to a call that waits? It is executed again then. */
static bool resume(struct scripted_worker *worker, struct reconcile_call *call,
                   const struct worker_answer *given)
{
    struct scripted_wait *wait = wait_of(worker, call);
    if (wait == NULL || wait->phase != WAIT_ASKED) {
        return false;
    }
    struct text answer = given->code == TEND_OK ? given->bytes : text_of(given->message);
    wait->phase = WAIT_ANSWERED;
    wait->code = given->code;
    free(wait->answer);
    wait->answer = alloc_text(answer.ptr, answer.len);
    list_append(&worker->waiting, &call->link);
    world_soon(worker->world, &worker->task);
    return true;
}

static void take_answer(struct scripted_worker *worker, const struct scripted_wait *wait)
{
    worker->resumed = wait == NULL ? 0 : wait->count;
    if (wait != NULL) {
        worker->answer_code = wait->code;
        buffer_clear(&worker->answer);
        buffer_chars(&worker->answer, wait->answer);
    }
}

/* --- calls -------------------------------------------------------------------------------------- */

static void execute(struct scripted_worker *worker, struct reconcile_call *call)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *root = NULL;
    if (doc_tree(call->object, &arena, &root, &err) != TEND_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    worker->finalized += call->verb == VERB_FINALIZE ? 1 : 0;
    take_answer(worker, wait_of(worker, call));
    const char *said = worker->run(worker, call, root);
    if (said == NULL) {
        ask_and_wait(worker, wait_of(worker, call));
        return;
    }
    wait_free(wait_of(worker, call));
    call->result = parse(&call->arena, said);
    list_append(&worker->executed, &call->link);
}

bool scripted_worker_deliver(struct scripted_worker *worker)
{
    struct list *link = list_pop(&worker->executed);
    if (link == NULL) {
        return false;
    }
    worker->worker.calls--;
    worker->delivered++;
    worker->worker.listener->ops->done(worker->worker.listener, &worker->worker,
                                       CONTAINER_OF(link, struct reconcile_call, link));
    return true;
}

static void step(struct task *task)
{
    struct scripted_worker *worker = CONTAINER_OF(task, struct scripted_worker, task);
    if (!list_empty(&worker->waiting)) {
        execute(worker, CONTAINER_OF(list_pop(&worker->waiting), struct reconcile_call, link));
    } else if (!worker->hold) {
        scripted_worker_deliver(worker);
    }
    if (!list_empty(&worker->waiting) || (!worker->hold && !list_empty(&worker->executed))) {
        world_soon(worker->world, &worker->task);
    }
}

static bool same_object(const struct reconcile_call *a, const struct reconcile_call *b)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *left = NULL, *right = NULL;
    struct error err = ERROR_INIT;
    return doc_tree(a->object, &arena, &left, &err) == TEND_OK &&
           doc_tree(b->object, &arena, &right, &err) == TEND_OK &&
           text_equal(meta_of(left).uid, meta_of(right).uid);
}

static size_t overlaps_in(const struct list *calls, const struct reconcile_call *call)
{
    size_t count = 0;
    LIST_FOREACH (link, calls) {
        count += same_object(call, CONTAINER_OF(link, struct reconcile_call, link)) ? 1 : 0;
    }
    return count;
}

static void start(struct worker *base, struct reconcile_call *call)
{
    struct scripted_worker *worker = scripted(base);
    worker->overlaps += overlaps_in(&worker->waiting, call) + overlaps_in(&worker->executed, call);
    worker->started++;
    base->calls++;
    list_append(&worker->waiting, &call->link);
    world_soon(worker->world, &worker->task);
}

static void answer(struct worker *base, struct reconcile_call *call, uint32_t ask,
                   const struct worker_answer *given)
{
    (void)ask;
    struct scripted_worker *worker = scripted(base);
    if (resume(worker, call, given)) {
        return;
    }
    worker->answer_code = given->code;
    buffer_clear(&worker->answer);
    buffer_text(&worker->answer, given->code == TEND_OK ? given->bytes : text_of(given->message));
}

static void cancel(struct worker *base, struct reconcile_call *call)
{
    struct scripted_worker *worker = scripted(base);
    list_remove(&call->link);
    wait_free(wait_of(worker, call));
    base->calls--;
    worker->cancelled++;
}

static const struct worker_ops worker_ops = {.start = start, .answer = answer, .cancel = cancel};
static const struct worker_listener_ops listener_ops = {.asked = controller_asked,
                                                        .overdue = controller_overdue,
                                                        .done = controller_done,
                                                        .lost = controller_lost_call};

void scripted_worker_init(struct scripted_worker *worker, struct world *world, scripted_run *run)
{
    *worker = (struct scripted_worker){.world = world, .run = run};
    worker->worker = (struct worker){.ops = &worker_ops, .name = "script", .is_up = true};
    worker->listener.ops = &listener_ops;
    worker->worker.listener = &worker->listener;
    worker->task.run = step;
    worker->answer = (struct buffer)BUFFER_INIT(ANSWER_BYTES_MAX);
    list_init(&worker->waiting);
    list_init(&worker->executed);
    list_init(&worker->waits);
}

void scripted_worker_done(struct scripted_worker *worker)
{
    while (!list_empty(&worker->waits)) {
        wait_free(CONTAINER_OF(worker->waits.next, struct scripted_wait, link));
    }
    list_remove(&worker->task.link);
    buffer_done(&worker->answer);
}

size_t scripted_worker_calls(const struct scripted_worker *worker)
{
    return worker->worker.calls;
}

void scripted_worker_ask(struct scripted_worker *worker, struct reconcile_call *call,
                         const char *question)
{
    CLEANUP(arena_done) struct arena arena = {0};
    worker->worker.listener->ops->asked(worker->worker.listener, &worker->worker, call, 1,
                                        parse(&arena, question), NULL);
}

static void lose(struct scripted_worker *worker, struct list *calls, enum worker_blame blame)
{
    struct list *link;
    while ((link = list_pop(calls)) != NULL) {
        worker->worker.calls--;
        worker->worker.listener->ops->lost(worker->worker.listener, &worker->worker,
                                           CONTAINER_OF(link, struct reconcile_call, link), blame,
                                           "the runner died");
        blame = BLAME_NONE;
    }
}

void scripted_worker_die(struct scripted_worker *worker, bool is_up_after)
{
    struct list executed, waiting;
    list_init(&executed);
    list_init(&waiting);
    list_splice(&executed, &worker->executed);
    list_splice(&waiting, &worker->waiting);
    while (!list_empty(&worker->waits)) {
        struct scripted_wait *wait = CONTAINER_OF(worker->waits.next, struct scripted_wait, link);
        list_remove(&wait->call->link);
        list_append(&waiting, &wait->call->link);
        wait_free(wait);
    }
    worker->worker.is_up = is_up_after;
    lose(worker, &executed, BLAME_CALL);
    lose(worker, &waiting, BLAME_NONE);
}
