/* Why it is shaped so.
 *
 * Results come in the order of sending, because a runner executes one call at a time; so the first
 * call that was sent is the one whose time runs, and one alarm is enough. The shared page is
 * believed only for blame: it names a call that is out, or nobody.
 *
 * Everything that can end a process (its death, a broken stream, a deadline, a refusal) goes one
 * way: end_process() notes why and kills it, and ended(), called when it was reaped, does the rest
 * once. The owner may start and cancel calls, and close the runner, from inside any callback; after
 * each one the phase is looked at again.
 */
#include "runner/runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "protocol/message.h"
#include "protocol/shape.h"
#include "runner/birth.h"
#include "runner/descriptor.h"
#include "runner/flight.h"
#include "runner/lines.h"
#include "runner/wire.h"

enum phase {
    IDLE,
    STARTING, /* there is a process, which has not said what it is */
    UP,
    ENDING,  /* its process is killed, or has hung up; `ended` follows */
    WAITING, /* no process; the alarm starts the next */
    REFUSED, /* no process, for good */
    CLOSING,
};

struct runner {
    struct worker worker;
    /* fixed after new */
    struct world *world;
    struct birth birth;
    char *program, *file, *name;
    struct arena arena; /* holds `config` */
    const struct value *config;
    int64_t grace_ms;
    struct page *page;

    enum phase phase;
    bool was_up;       /* ever */
    bool alive;        /* there is a process that `ended` was not called for */
    unsigned failures; /* deaths in a row without a result between */
    struct flight flight;
    struct child child;
    struct wire wire;
    struct lines lines;
    struct alarm alarm; /* start limit, deadline, grace, or backoff: by phase */
    struct task push;   /* send what is queued, or give it back */
    struct task *closed;

    /* of this process */
    uint64_t accused;         /* the call that broke the stream; 0: none */
    char why[ERROR_TEXT_MAX]; /* it is being ended; "": it ends by itself */
    bool refuse;              /* ... and will not be tried again */
};

static struct runner *of(struct worker *worker)
{
    return CONTAINER_OF(worker, struct runner, worker);
}

static void forget(struct runner *runner);
static void wait_and_start(struct runner *runner);

static void set_alarm(struct runner *runner, int64_t after_ms)
{
    world_alarm_set(runner->world, &runner->alarm, world_ticks_ms(runner->world) + after_ms);
}

/* --- calls
 * ------------------------------------------------------------------------------------- */

static int64_t due_of(const struct runner *runner, const struct reconcile_call *call)
{
    return call->began_ticks_ms + flight_limit_ms(call) + runner->grace_ms;
}

/* An alarm that comes too early is set anew when it fires: cheaper than moving it for each call.
 * Where nothing is out there is none. */
static void arm(struct runner *runner)
{
    struct reconcile_call *first = flight_first(&runner->flight);
    if (first == NULL) {
        world_alarm_clear(runner->world, &runner->alarm);
    } else if (!heap_holds(&runner->alarm.node)) {
        world_alarm_set(runner->world, &runner->alarm, due_of(runner, first));
    }
}

/* Give back every call of `from`; silently while closing. */
static void lose(struct runner *runner, struct list *from, uint64_t blamed, const char *reason)
{
    struct list gone;
    flight_take(&runner->flight, from, &gone);
    while (!list_empty(&gone)) {
        struct reconcile_call *call = CONTAINER_OF(list_pop(&gone), struct reconcile_call, link);
        runner->worker.calls--;
        if (runner->phase != CLOSING) {
            runner->worker.listener->ops->lost(runner->worker.listener, &runner->worker, call,
                                               call->id == blamed ? BLAME_CALL : BLAME_NONE,
                                               reason);
        }
    }
}

static void send_queued(struct runner *runner)
{
    struct reconcile_call *call;
    while ((call = flight_send(&runner->flight)) != NULL) {
        struct message_run run = {.call = call->id,
                                  .controller = text_of(call->controller),
                                  .verb = call->verb == VERB_FINALIZE ? MESSAGE_FINALIZE
                                                                      : MESSAGE_RECONCILE,
                                  .now_ms = call->now_ms,
                                  .entered_ms = call->entered_ms,
                                  .limit_ms = flight_limit_ms(call),
                                  .object = doc_text(call->object)};
        message_write_run(&runner->wire.out, &run);
    }
    arm(runner);
    wire_flush(&runner->wire);
}

static void push(struct task *task)
{
    struct runner *runner = CONTAINER_OF(task, struct runner, push);
    if (runner->phase == CLOSING) {
        forget(runner);
    } else if (runner->phase == UP) {
        send_queued(runner);
    } else if (runner->phase != ENDING) { /* then go_down gives them back: a moment ago it was up */
        lose(runner, &runner->flight.queued, 0, "its runner is not up");
    }
}

static void start_call(struct worker *worker, struct reconcile_call *call)
{
    flight_add(&of(worker)->flight, call);
    worker->calls++;
    world_soon(of(worker)->world, &of(worker)->push);
}

static void answer_call(struct worker *worker, struct reconcile_call *call, uint32_t ask,
                        const struct worker_answer *given)
{
    struct runner *runner = of(worker);
    struct message_answer answer = {.call = call->id, .ask = ask};
    if (runner->phase != UP) {
        return;
    }
    if (given->code != TEND_OK) {
        answer.problem = text_of(given->message);
    } else if (given->bytes.len > ANSWER_BYTES_MAX) {
        answer.problem = TEXT("the answer is larger than 8 MiB; select less");
    } else {
        answer.bytes = given->bytes;
    }
    message_write_answer(&runner->wire.out, &answer);
    wire_flush(&runner->wire);
}

static void cancel_call(struct worker *worker, struct reconcile_call *call)
{
    struct runner *runner = of(worker);
    worker->calls--;
    if (flight_cancel(&runner->flight, call) && runner->phase == UP) {
        message_write_plain(&runner->wire.out, FRAME_CANCEL, call->id);
        wire_flush(&runner->wire);
    }
}

static const struct worker_ops worker_ops = {start_call, answer_call, cancel_call};

/* --- the end of a process
 * ---------------------------------------------------------------------- */

/* Kill it, for a reason that is worth telling; ended() does the rest. */
static void end_process(struct runner *runner, const char *format, ...) PRINTF_LIKE(2, 3);
static void end_process(struct runner *runner, const char *format, ...)
{
    va_list args;
    if (runner->why[0] != '\0' || runner->phase == CLOSING) {
        return; /* it is being ended already */
    }
    va_start(args, format);
    vsnprintf(runner->why, sizeof runner->why, format, args);
    va_end(args);
    runner->phase = ENDING;
    world_alarm_clear(runner->world, &runner->alarm);
    world_kill(runner->world, &runner->child, SIGKILL);
}

static void refuse(struct runner *runner)
{
    runner->phase = REFUSED;
    runner->worker.listener->ops->refused(runner->worker.listener, &runner->worker, runner->why);
}

static void go_down(struct runner *runner)
{
    uint64_t executing = atomic_load_explicit(&runner->page->executing, memory_order_acquire);
    lose(runner, &runner->flight.sent, runner->accused != 0 ? runner->accused : executing,
         runner->why);
    if (runner->phase == WAITING) {
        lose(runner, &runner->flight.queued, 0, runner->why);
    }
    if (runner->phase == WAITING) {
        runner->worker.listener->ops->down(runner->worker.listener, &runner->worker, runner->why);
    }
}

/* What follows a death: nothing is running now, and everything that it said has been read. */
static void recover(struct runner *runner)
{
    bool was_up = runner->worker.is_up;
    runner->worker.is_up = false;
    runner->failures++;
    if (!was_up && (!runner->was_up || runner->refuse)) {
        refuse(runner);
        return;
    }
    runner->phase = WAITING;
    if (was_up) {
        go_down(runner);
    }
    if (runner->phase == WAITING) {
        wait_and_start(runner);
    }
}

static void ended(struct child *child, int status)
{
    struct runner *runner = CONTAINER_OF(child, struct runner, child);
    runner->alive = false;
    world_alarm_clear(runner->world, &runner->alarm);
    if (runner->phase != CLOSING) {
        wire_drain(&runner->wire); /* results, and a refusal, that were on their way */
    }
    wire_close(&runner->wire);
    lines_close(&runner->lines);
    if (runner->phase == CLOSING) {
        forget(runner);
        return;
    }
    if (runner->why[0] == '\0') {
        birth_describe_end(status, runner->why, sizeof runner->why);
    }
    recover(runner);
}

/* --- frames
 * ------------------------------------------------------------------------------------ */

static void nonsense(struct runner *runner, uint64_t call, const char *what)
{
    runner->accused = call;
    end_process(runner, "it does not keep the protocol: %s", what);
}

static void take_descriptor(struct runner *runner, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *given, *descriptor;
    struct error err = ERROR_INIT;
    if (runner->phase != STARTING) {
        nonsense(runner, 0, "a second descriptor");
        return;
    }
    if (message_read_descriptor(frame, &arena, &given, &err) != TEND_OK ||
        descriptor_read(given, &arena, &descriptor, &err) != TEND_OK) {
        runner->refuse = true;
        end_process(runner, "%s", err.message);
        return;
    }
    world_alarm_clear(runner->world, &runner->alarm);
    runner->phase = UP;
    runner->worker.is_up = runner->was_up = true;
    runner->worker.listener->ops->up(runner->worker.listener, &runner->worker, descriptor);
}

static void take_refusal(struct runner *runner, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text reason;
    struct error err = ERROR_INIT;
    if (runner->phase != STARTING) {
        nonsense(runner, 0, "a refusal after the descriptor");
        return;
    }
    if (message_read_refused(frame, &arena, &reason, &err) != TEND_OK) {
        nonsense(runner, 0, err.message);
        return;
    }
    runner->refuse = true;
    end_process(runner, "%.*s", TEXT_ARG(reason));
}

/* The call that a frame is about; NULL, and the stream is broken, where there is none. */
static struct reconcile_call *about(struct runner *runner, const struct frame *frame)
{
    struct reconcile_call *call = flight_find(&runner->flight, frame->call);
    if (call == NULL) {
        nonsense(runner, 0, "a frame about a call that is not out");
    }
    return call;
}

static void answer_ghost(struct runner *runner, uint64_t call, uint32_t ask)
{
    struct message_answer answer = {
        .call = call, .ask = ask, .problem = TEXT("the call was cancelled")};
    message_write_answer(&runner->wire.out, &answer);
    wire_flush(&runner->wire);
}

static void take_ask(struct runner *runner, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct reconcile_call *call = about(runner, frame);
    const struct value *question;
    struct error err = ERROR_INIT;
    uint32_t ask;
    if (call == NULL) {
        return;
    }
    if (message_read_ask(frame, &arena, &ask, &question, &err) != TEND_OK ||
        shape_question(question, &err) != TEND_OK) {
        nonsense(runner, frame->call, err.message);
    } else if (flight_is_ghost(call)) {
        answer_ghost(runner, frame->call, ask);
    } else {
        runner->worker.listener->ops->asked(runner->worker.listener, &runner->worker, call, ask,
                                            question);
    }
}

static void take_result(struct runner *runner, const struct frame *frame)
{
    struct reconcile_call *call = about(runner, frame);
    const struct value *result;
    struct error err = ERROR_INIT;
    if (call == NULL) {
        return;
    }
    if (!flight_is_ghost(call)) {
        if (message_read_result(frame, &call->arena, &result, &err) != TEND_OK ||
            shape_result(result, &err) != TEND_OK) {
            nonsense(runner, frame->call, err.message);
            return;
        }
        call->result = result;
    }
    runner->failures = 0;
    bool awaited = flight_land(&runner->flight, call);
    arm(runner);
    if (!list_empty(&runner->flight.queued)) {
        world_soon(runner->world, &runner->push);
    }
    if (awaited) {
        runner->worker.calls--;
        runner->worker.listener->ops->done(runner->worker.listener, &runner->worker, call);
    }
}

/* The stream ended or broke. Mostly that is a death which has not been reaped, and its status says
 * more; what lives on is killed after RUNNER_STOP_MS. */
static void hang_up(struct runner *runner, const char *problem)
{
    wire_close(&runner->wire);
    if (!runner->alive || (runner->phase != STARTING && runner->phase != UP)) {
        return;
    }
    if (problem != NULL) {
        end_process(runner, "%s", problem);
        return;
    }
    runner->phase = ENDING;
    set_alarm(runner, RUNNER_STOP_MS);
}

static void arrived(struct wire *wire, const struct frame *frame, const char *problem)
{
    struct runner *runner = CONTAINER_OF(wire, struct runner, wire);
    if (frame == NULL) {
        hang_up(runner, problem);
        return;
    }
    if (runner->phase != STARTING && runner->phase != UP) {
        return;
    }
    switch (frame->type) {
    case FRAME_DESCRIPTOR:
        take_descriptor(runner, frame);
        return;
    case FRAME_REFUSED:
        take_refusal(runner, frame);
        return;
    case FRAME_ASK:
        take_ask(runner, frame);
        return;
    case FRAME_RESULT:
        take_result(runner, frame);
        return;
    case FRAME_HELLO:
    case FRAME_RUN:
    case FRAME_ANSWER:
    case FRAME_CANCEL:
    case FRAME_STOP:
    case FRAME_TYPES:
        break;
    }
    nonsense(runner, 0, "a frame that only a host sends");
}

/* --- the start of a process
 * -------------------------------------------------------------------- */

/* The descriptors are the wire's and the lines' from now on. */
static enum tend_code listen_to(struct runner *runner, int socket, int output, struct error *err)
{
    enum tend_code code = wire_open(&runner->wire, runner->world, socket, arrived, err);
    enum tend_code output_code =
        lines_open(&runner->lines, runner->world, runner->name, output, err);
    return code == TEND_OK ? output_code : code;
}

static enum tend_code spawn(struct runner *runner, struct error *err)
{
    int socket, output;
    TRY(birth_spawn(&runner->birth, runner->world, &runner->child, &socket, &output, err));
    runner->alive = true;
    if (listen_to(runner, socket, output, err) != TEND_OK) {
        end_process(runner, "%s", err->message);
        return TEND_OK; /* and tried again, as after any death */
    }
    struct message_hello hello = {PROTOCOL_MAJOR, PROTOCOL_MINOR, text_of(runner->file),
                                  text_of(runner->name), runner->config};
    message_write_hello(&runner->wire.out, &hello);
    wire_flush(&runner->wire);
    set_alarm(runner, RUNNER_START_MS);
    return TEND_OK;
}

static void start_process(struct runner *runner)
{
    struct error err = ERROR_INIT;
    runner->phase = STARTING;
    runner->accused = 0;
    runner->why[0] = '\0';
    runner->refuse = false;
    atomic_store(&runner->page->executing, 0);
    if (spawn(runner, &err) != TEND_OK) {
        log_warn(runner->world->log, LOG_FIELDS({"plugin", runner->name}), "%s", err.message);
        runner->failures++;
        runner->phase = WAITING;
        wait_and_start(runner);
    }
}

/* At once after the first death in a row, later each time after that. */
static void wait_and_start(struct runner *runner)
{
    int64_t wait = runner->failures < 2 ? 0 : RUNNER_BACKOFF_MS;
    for (unsigned i = 2; i < runner->failures && wait < RUNNER_BACKOFF_MAX; i++) {
        wait *= 2;
    }
    set_alarm(runner, wait < RUNNER_BACKOFF_MAX ? wait : RUNNER_BACKOFF_MAX);
}

static void check_deadline(struct runner *runner)
{
    const struct reconcile_call *first = flight_first(&runner->flight);
    if (first == NULL) {
        return;
    }
    if (due_of(runner, first) > world_ticks_ms(runner->world)) {
        arm(runner);
        return;
    }
    end_process(runner, "a run did not end within its limit of %lld ms",
                (long long)flight_limit_ms(first));
}

static void fire(struct alarm *alarm)
{
    struct runner *runner = CONTAINER_OF(alarm, struct runner, alarm);
    switch (runner->phase) {
    case STARTING:
        end_process(runner, "it did not start within %d s", RUNNER_START_MS / 1000);
        return;
    case UP:
        check_deadline(runner);
        return;
    case ENDING:
        end_process(runner, "it closed its socket");
        return;
    case WAITING:
        start_process(runner);
        return;
    case CLOSING:
        world_kill(runner->world, &runner->child, SIGKILL);
        return;
    case IDLE:
    case REFUSED:
        return;
    }
}

/* --- life
 * -------------------------------------------------------------------------------------- */

struct runner *runner_new(const struct runner_options *options)
{
    struct runner *runner = alloc_new(sizeof *runner);
    bool limited = options->limits.memory_bytes != 0 || options->limits.open_files != 0;
    runner->program = alloc_dup(options->program);
    runner->file = alloc_dup(options->file);
    runner->name = alloc_dup(options->name);
    runner->worker = (struct worker){.ops = &worker_ops, .name = runner->name};
    runner->world = options->world;
    runner->birth =
        (struct birth){.program = runner->program,
                       .name = runner->name,
                       .limits = limited ? options->limits
                                         : (struct child_limits){RUNNER_MEMORY_MAX,
                                                                 RUNNER_FILES_MAX, RUNNER_NICE}};
    runner->page = birth_new_page(&runner->birth.page_fd);
    runner->grace_ms = options->grace_ms > 0 ? options->grace_ms : RECONCILE_GRACE_MS;
    if (options->config != NULL) {
        runner->config = value_copy(&runner->arena, options->config);
    }
    runner->child.ended = ended;
    runner->alarm.fire = fire;
    runner->push.run = push;
    flight_init(&runner->flight, runner->world);
    return runner;
}

struct worker *runner_worker(struct runner *runner)
{
    return &runner->worker;
}

void runner_start(struct runner *runner)
{
    start_process(runner);
}

static void forget(struct runner *runner)
{
    world_alarm_clear(runner->world, &runner->alarm);
    list_remove(&runner->push.link);
    if (runner->closed != NULL) {
        world_soon(runner->world, runner->closed);
    }
    birth_free_page(runner->page, runner->birth.page_fd);
    free(runner->program);
    free(runner->file);
    free(runner->name);
    arena_done(&runner->arena);
    free(runner);
}

void runner_close(struct runner *runner, struct task *closed)
{
    bool listens = runner->phase == STARTING || runner->phase == UP;
    runner->closed = closed;
    runner->phase = CLOSING;
    runner->worker.is_up = false;
    lose(runner, &runner->flight.sent, 0, NULL);
    lose(runner, &runner->flight.queued, 0, NULL);
    if (!runner->alive) {
        world_soon(runner->world, &runner->push);
        return;
    }
    if (listens) {
        message_write_plain(&runner->wire.out, FRAME_STOP, 0);
        wire_flush(&runner->wire);
    }
    set_alarm(runner, RUNNER_STOP_MS);
}

pid_t runner_pid(const struct runner *runner)
{
    return runner->alive ? runner->child.pid : 0;
}
