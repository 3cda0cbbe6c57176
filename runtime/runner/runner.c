/* Why it is shaped so.
 *
 * Many calls are out, most of them waiting for something; one alarm looks at them all (patience.c).
 * It is set for a moment before which nothing can be wrong, and moved only to an earlier one, so that
 * quick calls cost nothing. The shared page is believed for blame (blame.c): it names a call that is out,
 * or nobody.
 *
 * Everything that can end a process (its death, a broken stream, a deadline, a refusal) goes one
 * way: end_process() notes why and kills it, and ended(), called when it was reaped, does the rest
 * once. The owner may start and cancel calls, and close the runner, from inside any callback; after
 * each one the phase is looked at again.
 */
#include "runner/runner.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "document/utf8.h"
#include "protocol/message.h"
#include "protocol/shape.h"
#include "runner/birth.h"
#include "runner/blame.h"
#include "runner/runner_inside.h"

static struct runner *of(struct worker *worker)
{
    return CONTAINER_OF(worker, struct runner, worker);
}

static void forget(struct runner *runner);
static void wait_and_start(struct runner *runner);

void runner_set_alarm(struct runner *runner, int64_t after_ms)
{
    world_alarm_set(runner->world, &runner->alarm, world_ticks_ms(runner->world) + after_ms);
}

/* --- calls --- */

static struct patience_look look_of(const struct runner *runner)
{
    return (struct patience_look){&runner->flight, runner->page, world_ticks_ms(runner->world),
                                  runner->grace_ms};
}

/* Look after `after_ms` at the latest; what is set already may be earlier, and costs one look. */
void runner_look_within(struct runner *runner, int64_t after_ms)
{
    int64_t due_ms = world_ticks_ms(runner->world) + after_ms;
    if (!heap_holds(&runner->alarm.node) || runner->alarm.node.due > due_ms) {
        world_alarm_set(runner->world, &runner->alarm, due_ms);
    }
}

/* Where nothing is out there is no alarm. */
void runner_rest(struct runner *runner)
{
    if (list_empty(&runner->flight.sent)) {
        world_alarm_clear(runner->world, &runner->alarm);
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

/* Something is about to be sent that has to be executed. */
static void expect(struct runner *runner)
{
    if (runner->flight.busy == 0) {
        struct patience_look now = look_of(runner);
        patience_begin(&runner->patience, &now);
    }
}

static void send_queued(struct runner *runner)
{
    struct reconcile_call *call;
    expect(runner);
    while ((call = flight_send(&runner->flight)) != NULL) {
        struct message_run run = {.call = call->id,
                                  .controller = text_of(call->controller),
                                  .verb = call->verb == VERB_FINALIZE ? MESSAGE_FINALIZE
                                                                      : MESSAGE_RECONCILE,
                                  .now_ms = call->now_ms,
                                  .entered_ms = call->entered_ms,
                                  .slice_ms = flight_slice_ms(call),
                                  .limit_ms = flight_limit_ms(call),
                                  .kinds = call->kinds,
                                  .object = doc_text(call->object)};
        message_write_run(&runner->wire.out, &run);
        runner_look_within(runner, flight_slice_ms(call) + runner->grace_ms);
    }
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
    call->limit_ms = call->limit_ms > 0 ? call->limit_ms : of(worker)->run_ms;
    flight_add(&of(worker)->flight, call);
    worker->calls++;
    world_soon(of(worker)->world, &of(worker)->push);
}

static void answer_call(struct worker *worker, struct reconcile_call *call, uint32_t ask,
                        const struct worker_answer *given)
{
    struct runner *runner = of(worker);
    if (runner->phase != UP) {
        return;
    }
    expect(runner);
    flight_answered(&runner->flight, call, world_ticks_ms(runner->world));
    runner_look_within(runner, flight_slice_ms(call) + runner->grace_ms);
    runner_answer(runner, call->id, ask, given);
}

static void cancel_call(struct worker *worker, struct reconcile_call *call)
{
    struct runner *runner = of(worker);
    worker->calls--;
    if (flight_cancel(&runner->flight, call) && runner->phase == UP) {
        message_write_cancel(&runner->wire.out, call->id,
                             TEXT("nobody waits for this run any more"));
        wire_flush(&runner->wire);
    }
}

static const struct worker_ops worker_ops = {start_call, answer_call, cancel_call};

/* --- the end of a process --- */

/* Kill it, for a reason that is worth telling; ended() does the rest. */
void runner_end_process(struct runner *runner, const char *format, ...)
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
    runner->means->ops->kill(runner->means);
    if (runner->means->nature == ENDS_BY_ITSELF) {
        runner_set_alarm(runner, RUNNER_STOP_MS);
    }
}

static void refuse(struct runner *runner)
{
    runner->phase = REFUSED;
    runner->worker.listener->ops->refused(runner->worker.listener, &runner->worker, runner->why);
}

/* Where no call was seen doing it, one of those did that began and have no result, or that threads hold. Who
 * is not the only one runs again alone, and so does everybody where the page says nothing of use: who is alone
 * when that happens again is no longer believed to be innocent. */
static uint64_t suspect_of(struct runner *runner)
{
    const struct reconcile_call *only, *held = blame_held(&runner->flight);
    size_t suspects = flight_suspects(&runner->flight, blame_begun(runner->page), &only);
    if (suspects == 0 && held != NULL && !runner->garbled) {
        return held->id;
    }
    if (suspects == 0 && runner->failures > 1) {
        suspects = flight_suspects(&runner->flight, UINT64_MAX, &only);
    }
    if (suspects == 1) {
        return only->id;
    }
    flight_be_careful(&runner->flight);
    return 0;
}

/* Whose fault a death is: what breaks the protocol, or executes; what only waits is innocent. */
static uint64_t culprit_of(struct runner *runner)
{
    uint64_t call = runner->accused;
    bool known =
        call != 0 || (!runner->garbled && blame_find(&runner->flight, runner->page, &call));
    return known ? call : suspect_of(runner);
}

static bool is_down(const struct runner *runner)
{
    return runner->phase == WAITING || runner->phase == STUCK;
}

static void go_down(struct runner *runner)
{
    CLEANUP(arena_done) struct arena arena = {0};
    uint64_t culprit = culprit_of(runner);
    const char *told = runner_tell_end(runner, culprit, &arena);
    runner->worker.is_up = false;
    lose(runner, &runner->flight.sent, culprit, runner->why);
    if (is_down(runner)) {
        lose(runner, &runner->flight.queued, 0, runner->why);
    }
    if (is_down(runner)) {
        runner->worker.listener->ops->down(runner->worker.listener, &runner->worker, told);
    }
}

/* What follows a death: nothing is running now, and everything that it said has been read. */
static void recover(struct runner *runner)
{
    bool was_up = runner->worker.is_up, was_stuck = runner->phase == STUCK;
    runner->failures += was_stuck ? 0 : 1;
    if (!was_up && !was_stuck && (!runner->was_up || runner->refuse)) {
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

/* How it ended; in its own words where it had some. Before it was up, it had no run to end in. */
static void describe_end(struct runner *runner, const char *how)
{
    bool was_loading = !runner->worker.is_up && runner->phase != STUCK;
    snprintf(runner->why, sizeof runner->why, "%.*s", (int)sizeof runner->page->last_words - 1,
             runner->page->last_words);
    if (runner->why[0] == '\0' || !utf8_is_text(runner->why)) {
        snprintf(runner->why, sizeof runner->why, "%s%s", how,
                 was_loading ? " while it was loaded or started" : "");
    }
}

static void ended(struct runner_means *means, const char *how)
{
    struct runner *runner = means->owner;
    runner->alive = false;
    world_alarm_clear(runner->world, &runner->alarm);
    wire_drain(&runner->wire); /* results, a refusal and counts that were on their way */
    counts_end(&runner->counts);
    wire_close(&runner->wire);
    lines_close(&runner->lines);
    if (runner->phase == CLOSING) {
        forget(runner);
        return;
    }
    if (runner->phase == REFUSED) {
        return; /* it was given up while it started */
    }
    if (runner->why[0] == '\0') {
        describe_end(runner, how);
    }
    metric_add(runner->deaths, 1);
    recover(runner);
}

/* It was to end, and did not. Nothing else may run meanwhile: an object is worked on once at a time. */
static void give_up(struct runner *runner)
{
    bool was_up = runner->worker.is_up;
    runner_describe_stuck(runner);
    if (runner->means->ops->given_up != NULL) {
        runner->means->ops->given_up(runner->means, runner->why);
    }
    runner->failures++;
    wire_close(&runner->wire);
    if (!runner->was_up) {
        refuse(runner);
        return;
    }
    runner->phase = STUCK;
    runner->worker.is_stuck = true;
    if (was_up) {
        go_down(runner);
    }
}

/* --- the start of a process --- */

/* The descriptors are the wire's and the lines' from now on. */
static enum tend_code listen_to(struct runner *runner, int socket, int output, struct error *err)
{
    enum tend_code code = wire_open(&runner->wire, runner->world, socket, runner_arrived, err);
    enum tend_code output_code =
        lines_open(&runner->lines, runner->world, runner->name, output, err);
    return code == TEND_OK ? output_code : code;
}

static enum tend_code spawn(struct runner *runner, struct error *err)
{
    struct means_ends ends;
    TRY(runner->means->ops->start(runner->means, runner->file, &ends, err));
    runner->alive = true;
    metric_add(runner->starts, 1);
    if (listen_to(runner, ends.socket, ends.output, err) != TEND_OK) {
        runner_end_process(runner, "%s", err->message);
        return TEND_OK; /* and tried again, as after any death */
    }
    struct message_hello hello = {PROTOCOL_MAJOR, PROTOCOL_MINOR, text_of(ends.file),
                                  text_of(runner->name), runner->config};
    message_write_hello(&runner->wire.out, &hello);
    wire_flush(&runner->wire);
    runner_set_alarm(runner, RUNNER_START_MS);
    return TEND_OK;
}

/* There is no process to die: what is in the way is the machine's, and no plugin is to blame. */
static void cannot_start(struct runner *runner, const char *reason)
{
    runner->failures++;
    runner->phase = WAITING;
    runner->worker.listener->ops->down(runner->worker.listener, &runner->worker, reason);
    if (runner->phase == WAITING) {
        wait_and_start(runner);
    }
}

static void start_process(struct runner *runner)
{
    struct error err = ERROR_INIT;
    runner->phase = STARTING;
    runner->accused = 0;
    runner->garbled = false;
    runner->why[0] = '\0';
    runner->refuse = false;
    runner->worker.is_stuck = false;
    runner->patience = (struct patience){0};
    if (spawn(runner, &err) != TEND_OK) {
        cannot_start(runner, err.message);
    }
}

/* At once after the first death in a row, later each time after that. */
static void wait_and_start(struct runner *runner)
{
    int64_t wait = runner->failures < 2 ? 0 : RUNNER_BACKOFF_MS;
    for (unsigned i = 2; i < runner->failures && wait < RUNNER_BACKOFF_MAX; i++) {
        wait *= 2;
    }
    runner_set_alarm(runner, wait < RUNNER_BACKOFF_MAX ? wait : RUNNER_BACKOFF_MAX);
}

static void tell_overdue(struct runner *runner, struct reconcile_call *call)
{
    char why[80];
    snprintf(why, sizeof why, "the run took longer than its limit of %lld ms",
             (long long)flight_limit_ms(call));
    call->is_over = true;
    message_write_cancel(&runner->wire.out, call->id, text_of(why));
    wire_flush(&runner->wire);
    if (!flight_is_ghost(call)) {
        runner->worker.listener->ops->overdue(runner->worker.listener, &runner->worker, call);
    }
}

static void look(struct runner *runner)
{
    struct patience_look now = look_of(runner);
    struct patience_end end;
    if (patience_is_over(&runner->patience, &now, &end)) {
        runner->accused = end.call;
        runner_end_process(runner, "a run did not end within its limit of %lld ms%s",
                           (long long)end.limit_ms,
                           end.held ? ": it was left to a thread of the plugin, which did not call "
                                      "finish"
                                    : "");
        return;
    }
    LIST_FOREACH (link, &runner->flight.sent) {
        struct reconcile_call *call = CONTAINER_OF(link, struct reconcile_call, link);
        if (patience_overdue(call, now.now_ms)) {
            tell_overdue(runner, call);
        }
    }
    int64_t next_ms = patience_next(&runner->patience, &now);
    if (next_ms != INT64_MAX) { /* many that are due one after the other are looked at together */
        int64_t after_ms = next_ms - now.now_ms;
        runner_look_within(runner, after_ms > LOOK_PAUSE_MS ? after_ms : LOOK_PAUSE_MS);
    }
}

static void end_or_give_up(struct runner *runner)
{
    if (runner->why[0] == '\0') {
        runner_end_process(runner, "it closed its socket");
    } else {
        give_up(runner);
    }
}

static void end_while_closing(struct runner *runner)
{
    runner->means->ops->kill(runner->means);
    if (runner->means->nature == ENDS_BY_ITSELF) {
        forget(runner);
    }
}

static void fire(struct alarm *alarm)
{
    struct runner *runner = CONTAINER_OF(alarm, struct runner, alarm);
    switch (runner->phase) {
    case STARTING:
        runner_end_process(runner, "it did not start within %d s", RUNNER_START_MS / 1000);
        return;
    case UP:
        look(runner);
        return;
    case ENDING:
        end_or_give_up(runner);
        return;
    case WAITING:
        start_process(runner);
        return;
    case CLOSING:
        end_while_closing(runner);
        return;
    case IDLE:
    case STUCK:
    case REFUSED:
        return;
    }
}

/* --- life --- */

static struct child_limits limits_of(const struct runner_bounds *bounds)
{
    return (struct child_limits){
        bounds->memory_bytes != 0 && RUNNER_MEMORY_MAX != 0 ? bounds->memory_bytes
                                                            : RUNNER_MEMORY_MAX,
        bounds->open_files != 0 ? bounds->open_files : RUNNER_FILES_MAX, RUNNER_NICE};
}

static struct metric *series(struct metrics *metrics, const char *name, const char *help,
                             const char *plugin)
{
    struct metric_spec spec = {METRIC_COUNTER, name, help, {NULL, 0}};
    return metrics_series(metrics, &spec, METRIC_LABELS({"plugin", plugin}));
}

/* A plugin is the name of its file: the folder is this machine's. */
static void measure(struct runner *runner, struct metrics *metrics)
{
    const char *slash = strrchr(runner->name, '/');
    const char *plugin = slash == NULL ? runner->name : slash + 1;
    runner->starts = series(metrics, "tend_runner_starts_total",
                            "Processes that were started for a plugin", plugin);
    counts_init(&runner->counts, metrics, plugin);
    runner->deaths = series(metrics, "tend_runner_deaths_total",
                            "Processes of a plugin that ended and were not asked to", plugin);
}

/* A host that is told to be short with runs is not patient with those that do not end either. */
static int64_t grace_of(int64_t run_ms)
{
    if (run_ms <= 0 || run_ms >= RECONCILE_GRACE_MS) {
        return RECONCILE_GRACE_MS;
    }
    return run_ms > RECONCILE_GRACE_MIN ? run_ms : RECONCILE_GRACE_MIN;
}

static struct runner_means *means_of(const struct runner_options *options)
{
    struct birth birth = {.program = options->program,
                          .name = options->name,
                          .confinement = options->bounds.confinement,
                          .limits = limits_of(&options->bounds)};
    return options->means != NULL ? options->means : birth_means(options->world, &birth);
}

/* Nothing holds what lives in the host's own process. */
static struct worker_limits told_limits(const struct runner_options *options)
{
    const struct runner_bounds *bounds = &options->bounds;
    struct child_limits limits = limits_of(bounds);
    if (options->means != NULL) {
        return (struct worker_limits){0};
    }
    return (struct worker_limits){.confinement = confinement_name(bounds->confinement),
                                  .memory_bytes = limits.memory_bytes,
                                  .open_files = (uint32_t)limits.open_files,
                                  .run_ms =
                                      bounds->run_ms > 0 ? bounds->run_ms : RECONCILE_LIMIT_MS};
}

struct runner *runner_new(const struct runner_options *options)
{
    struct runner *runner = alloc_new(sizeof *runner);
    runner->file = alloc_dup(options->file);
    runner->name = alloc_dup(options->name);
    runner->worker = (struct worker){.ops = &worker_ops, .name = runner->name};
    runner->world = options->world;
    runner->means = means_of(options);
    runner->means->ended = ended;
    runner->means->owner = runner;
    runner->worker.is_inline = runner->means->nature == ENDS_BY_ITSELF;
    runner->worker.limits = told_limits(options);
    runner->page = runner->means->page;
    runner->run_ms = options->bounds.run_ms;
    runner->grace_ms = options->grace_ms > 0 ? options->grace_ms : grace_of(options->bounds.run_ms);
    if (options->config != NULL) {
        runner->config = value_copy(&runner->arena, options->config);
    }
    runner->alarm.fire = fire;
    runner->push.run = push;
    flight_init(&runner->flight);
    measure(runner, options->metrics);
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
    wire_close(&runner->wire);
    lines_close(&runner->lines);
    counts_end(&runner->counts);
    runner->means->ops->release(runner->means);
    flight_done(&runner->flight);
    free(runner->file);
    free(runner->name);
    arena_done(&runner->arena);
    free(runner);
}

void runner_close(struct runner *runner, struct task *closed)
{
    bool listens = runner->phase == STARTING || runner->phase == UP;
    bool is_stuck = runner->phase == STUCK || runner->phase == REFUSED;
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
        message_write_stop(&runner->wire.out);
        wire_flush(&runner->wire);
    }
    runner_set_alarm(runner, is_stuck ? 0 : RUNNER_STOP_MS);
}

pid_t runner_pid(const struct runner *runner)
{
    return runner->means->pid;
}
