/* Calls on several threads.
 *
 * The engine's thread hands calls, answers and cancellations over, and comes back at once; lanes run them.
 * Lanes belong to no controller: any of them takes the next call that is ready, of a group that may run one
 * more. Controllers that say nothing of `parallel` are one group, which runs one call after the other; each
 * of the others is a group of its own. A lane is made when there is work for one more.
 *
 *     ready --take--> on a lane --rest--> rests --an answer--> ready
 *                         |                 |
 *                         over <--finish----+
 *
 * What comes for a call lies in its mail, as bytes, until the lane that it is on looks: between two slices,
 * or while its code blocks. So nothing of a call is ever touched by two threads; the lock is held for lists
 * alone. A call without an open question has no use for mail: it may be held by a thread of the plugin, and
 * is left alone (that it is cancelled is an atomic of its own).
 *
 * One that a thread finishes while it rests has no lane that would end it: that thread does.
 */
#include <signal.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/native_inside.h"

/* An answer that has come; a cancellation where there is no text at all. */
struct letter {
    struct list link;
    struct engine_answer answer;
    char *bytes, *problem; /* its texts, whose owner it is */
};

struct lane {
    struct native *native;
    unsigned number;
    pthread_t thread;
    pthread_cond_t mailed; /* mail for the call that blocks on it, or it is to stop */
    struct buffer result;
};

struct lane_group {
    size_t most, running, waiting; /* calls at once; on lanes; in `ready` */
    struct list ready;             /* struct native_call, by `link` */
};

/* All under the engine's lock. */
struct lanes {
    struct native *native;
    pthread_cond_t work;
    struct lane lanes[RUNNER_LANES_MAX];
    size_t count, idle, most;
    struct lane_group groups[PLUGIN_CONTROLLERS_MAX + 1]; /* the first: one call after the other */
    size_t group_count, next;                             /* which is looked at first */
    bool stops;
};

static void lock(struct native *native)
{
    pthread_mutex_lock(&native->lock);
}

static void unlock(struct native *native)
{
    pthread_mutex_unlock(&native->lock);
}

unsigned native_lane_number(const struct lane *lane)
{
    return lane->number;
}

/* --- mail -------------------------------------------------------------------------------------- */

static struct letter *letter_new(const struct engine_answer *answer)
{
    struct letter *letter = alloc_new(sizeof *letter);
    letter->answer = *answer;
    letter->bytes = alloc_text(answer->bytes.ptr, answer->bytes.len);
    letter->problem = alloc_text(answer->problem.ptr, answer->problem.len);
    letter->answer.bytes.ptr = letter->bytes;
    letter->answer.problem.ptr = letter->problem;
    return letter;
}

static bool letter_cancels(const struct letter *letter)
{
    return letter->answer.bytes.len == 0 && letter->answer.problem.len == 0;
}

static void letter_free(struct letter *letter)
{
    free(letter->bytes);
    free(letter->problem);
    free(letter);
}

/* NULL: no more. */
static struct letter *next_letter(struct list *mail)
{
    struct list *link = list_pop(mail);
    return link == NULL ? NULL : CONTAINER_OF(link, struct letter, link);
}

static void drop_mail(struct list *mail)
{
    for (struct letter *letter; (letter = next_letter(mail)) != NULL;) {
        letter_free(letter);
    }
}

/* On the call's lane. What nobody asked is dropped. */
static void open_mail(struct native_call *call, struct list *mail)
{
    for (struct letter *letter; (letter = next_letter(mail)) != NULL;) {
        if (letter_cancels(letter)) {
            (void)native_call_close_asks(call);
        } else if (native_call_awaits(call, letter->answer.ask)) {
            native_call_answer(call, &letter->answer);
        }
        letter_free(letter);
    }
}

/* --- which call next --------------------------------------------------------------------------- */

static size_t can_run(const struct lane_group *group)
{
    size_t room = group->most - group->running;
    return group->waiting < room ? group->waiting : room;
}

static struct lane_group *group_of(struct lanes *lanes, const struct native_call *call)
{
    return &lanes->groups[call->controller->group];
}

/* The groups take turns. NULL: none is ready that may run. */
static struct native_call *take_ready(struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->group_count; i++) {
        struct lane_group *group = &lanes->groups[(lanes->next + i) % lanes->group_count];
        if (can_run(group) > 0) {
            lanes->next = (lanes->next + i + 1) % lanes->group_count;
            group->waiting--;
            group->running++;
            struct native_call *call =
                CONTAINER_OF(list_pop(&group->ready), struct native_call, link);
            call->ready = false;
            return call;
        }
    }
    return NULL;
}

static void start_lane(struct lanes *lanes);

/* Lanes that are idle were woken for the calls before this one. */
static void make_ready(struct lanes *lanes, struct native_call *call)
{
    struct lane_group *group = group_of(lanes, call);
    size_t work = 0;
    call->ready = true;
    list_append(&group->ready, &call->link);
    group->waiting++;
    for (size_t i = 0; i < lanes->group_count; i++) {
        work += can_run(&lanes->groups[i]);
    }
    if (work > lanes->idle && lanes->count < lanes->most && !lanes->stops) {
        start_lane(lanes);
    } else {
        pthread_cond_signal(&lanes->work);
    }
}

/* --- a lane ------------------------------------------------------------------------------------ */

/* True where it is over, its result in lane->result. */
static bool run_slice(struct lane *lane, struct native_call *call, struct list *mail)
{
    if (!call->begun) { /* what has come says that it is cancelled, and it sees that */
        call->begun = true;
        drop_mail(mail);
        native_call_read(call, call->unread);
        return native_call_begin(call, &lane->result);
    }
    if (!native_call_resume(call)) { /* a thread of the plugin finished it */
        drop_mail(mail);
        native_call_result(call, &lane->result);
        return true;
    }
    open_mail(call, mail);
    return native_call_go_on(call, &lane->result);
}

/* It is in no table any more, and its result in `result`. */
static void hand_over(struct native *native, struct native_call *call, const struct buffer *result)
{
    struct engine_host *host = native->engine.host;
    uint64_t id = call->id;
    drop_mail(&call->mail);
    native_call_free(call);
    host->ops->finished(host, id, buffer_view(result));
}

/* Under the lock: a slice of `call` is done. */
static void after_slice(struct lane *lane, struct native_call *call, bool over)
{
    struct native *native = lane->native;
    struct lanes *lanes = native->lanes;
    group_of(lanes, call)->running--;
    call->lane = NULL;
    if (over || native_call_is_over(call)) {
        map_remove(&native->calls, call->key);
        unlock(native);
        if (!over) { /* a thread did while the lane still had it */
            native_call_result(call, &lane->result);
        }
        hand_over(native, call, &lane->result);
        lock(native);
    } else if (call->ask_open == 0) {
        drop_mail(&call->mail);
    } else if (!list_empty(&call->mail)) {
        make_ready(lanes, call);
    }
}

/* Under the lock. */
static void serve(struct lane *lane, struct native_call *call)
{
    struct list mail;
    list_init(&mail);
    list_splice(&mail, &call->mail);
    call->lane = lane;
    unlock(lane->native);
    bool over = run_slice(lane, call, &mail);
    lock(lane->native);
    after_slice(lane, call, over);
}

/* A stack that overflows leaves no room for the handler that would tell whose it was. A sanitizer has
 * brought one of its own. */
static void *signal_stack(void)
{
    stack_t old, mine = {.ss_size = LANE_SIGNAL_BYTES};
    if (sigaltstack(NULL, &old) != 0 || (old.ss_flags & SS_DISABLE) == 0) {
        return NULL;
    }
    mine.ss_sp = alloc_new(LANE_SIGNAL_BYTES);
    (void)sigaltstack(&mine, NULL);
    return mine.ss_sp;
}

static void free_signal_stack(void *stack)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    if (stack != NULL) {
        (void)sigaltstack(&none, NULL);
        free(stack);
    }
}

static void *live(void *data)
{
    struct lane *lane = data;
    struct lanes *lanes = lane->native->lanes;
    struct engine_host *host = lane->native->engine.host;
    void *stack = signal_stack();
    host->ops->lane(host, lane->number);
    lock(lane->native);
    while (!lanes->stops) {
        struct native_call *call = take_ready(lanes);
        if (call != NULL) {
            serve(lane, call);
        } else {
            lanes->idle++;
            pthread_cond_wait(&lanes->work, &lane->native->lock);
            lanes->idle--;
        }
    }
    unlock(lane->native);
    free_signal_stack(stack);
    return NULL;
}

/* Under the lock. Fewer lanes than wanted are enough, but for the first. */
static void start_lane(struct lanes *lanes)
{
    struct engine_host *host = lanes->native->engine.host;
    struct lane *lane = &lanes->lanes[lanes->count];
    pthread_attr_t attributes;
    *lane = (struct lane){.native = lanes->native,
                          .number = (unsigned)lanes->count,
                          .result = BUFFER_INIT(RESULT_BYTES_MAX)};
    pthread_cond_init(&lane->mailed, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, LANE_STACK_BYTES);
    if (pthread_create(&lane->thread, &attributes, live, lane) == 0) {
        lanes->count++;
    } else if (lanes->count == 0) {
        host->ops->die(host, "there is no room for a thread that runs its calls");
    }
    pthread_attr_destroy(&attributes);
}

/* --- calls, on the engine's thread ------------------------------------------------------------- */

static void start_call(struct engine *engine, const struct engine_call *given)
{
    struct native *native = native_of(engine);
    struct native_call *call = native_begin(native, given);
    if (call != NULL) {
        call->unread = arena_text(&call->arena, given->object);
        lock(native);
        map_put(&native->calls, call->key, call);
        make_ready(native->lanes, call);
        unlock(native);
    }
}

/* Under the lock. */
static void deliver(struct native *native, struct native_call *call, struct letter *letter)
{
    bool rests = call->lane == NULL && !call->ready;
    if (rests && call->ask_open == 0) {
        letter_free(letter);
        return;
    }
    list_append(&call->mail, &letter->link);
    if (call->lane != NULL) {
        pthread_cond_signal(&call->lane->mailed);
    } else if (rests) {
        make_ready(native->lanes, call);
    }
}

static void answer(struct engine *engine, const struct engine_answer *given)
{
    struct native *native = native_of(engine);
    lock(native);
    struct native_call *call = native_in_flight(native, given->call);
    if (call != NULL) {
        deliver(native, call, letter_new(given));
    }
    unlock(native);
}

static void cancel(struct engine *engine, uint64_t id, struct text why)
{
    struct native *native = native_of(engine);
    lock(native);
    struct native_call *call = native_in_flight(native, id);
    if (call != NULL) {
        native_call_cancel(call, why);
        deliver(native, call, letter_new(&(struct engine_answer){.call = id}));
    }
    unlock(native);
}

/* Who finishes a call ends it. */
static void settle(struct engine *engine)
{
    (void)engine;
}

/* --- calls, on other threads ------------------------------------------------------------------- */

bool lanes_await(struct native_call *call)
{
    struct native *native = native_of(call->engine);
    struct list mail;
    list_init(&mail);
    lock(native);
    while (list_empty(&call->mail) && !native->lanes->stops) {
        pthread_cond_wait(&call->lane->mailed, &native->lock);
    }
    list_splice(&mail, &call->mail);
    unlock(native);
    bool came = !list_empty(&mail);
    open_mail(call, &mail);
    return came;
}

void lanes_finish(struct native_call *call)
{
    struct native *native = native_of(call->engine);
    CLEANUP(buffer_done) struct buffer result = BUFFER_INIT(RESULT_BYTES_MAX);
    lock(native);
    bool rested = atomic_exchange(&call->phase, CALL_OVER) == CALL_RESTS;
    bool mine = rested && call->lane == NULL && !call->ready;
    if (mine) {
        map_remove(&native->calls, call->key);
    }
    unlock(native);
    if (mine) {
        native_call_result(call, &result);
        hand_over(native, call, &result);
    }
}

static const struct engine_ops lanes_ops = {start_call, answer, cancel, settle, native_close};

/* --- life -------------------------------------------------------------------------------------- */

static size_t add_group(struct lanes *lanes, size_t most)
{
    size_t allowed = lanes->native->engine.host->lanes;
    struct lane_group *group = &lanes->groups[lanes->group_count];
    *group = (struct lane_group){.most = most < allowed ? most : allowed};
    list_init(&group->ready);
    lanes->most += group->most;
    lanes->most = lanes->most < allowed ? lanes->most : allowed;
    return lanes->group_count++;
}

static bool is_parallel(const struct native *native)
{
    for (size_t i = 0; i < native->controller_count; i++) {
        if (native->controllers[i].given.parallel > 1) {
            return true;
        }
    }
    return false;
}

void lanes_open(struct native *native)
{
    if (native->script != NULL || native->engine.host->lanes < 2 || !is_parallel(native)) {
        return;
    }
    struct lanes *lanes = native->lanes = alloc_new(sizeof *lanes);
    lanes->native = native;
    pthread_cond_init(&lanes->work, NULL);
    size_t alone = add_group(lanes, 1);
    for (size_t i = 0; i < native->controller_count; i++) {
        struct native_controller *controller = &native->controllers[i];
        size_t parallel = controller->given.parallel;
        controller->group = parallel > 1 ? add_group(lanes, parallel) : alone;
    }
    native->engine.on_lanes = true;
    native->engine.ops = &lanes_ops;
}

void lanes_stop(struct lanes *lanes)
{
    if (lanes == NULL) {
        return;
    }
    lock(lanes->native);
    lanes->stops = true;
    pthread_cond_broadcast(&lanes->work);
    for (size_t i = 0; i < lanes->count; i++) {
        pthread_cond_signal(&lanes->lanes[i].mailed);
    }
    unlock(lanes->native);
    for (size_t i = 0; i < lanes->count; i++) {
        pthread_join(lanes->lanes[i].thread, NULL);
    }
}

void lanes_free(struct lanes *lanes)
{
    if (lanes == NULL) {
        return;
    }
    MAP_FOREACH (slot, &lanes->native->calls) {
        struct native_call *call = slot->value;
        list_remove(&call->link);
        drop_mail(&call->mail);
    }
    for (size_t i = 0; i < lanes->count; i++) {
        pthread_cond_destroy(&lanes->lanes[i].mailed);
        buffer_done(&lanes->lanes[i].result);
    }
    pthread_cond_destroy(&lanes->work);
    free(lanes);
}
