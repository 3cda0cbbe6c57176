/* Each script of scripts/ in a real runner, beside a healthy one in another. The first line of a script says
 * what is expected of its attack:
 *
 *     -- soft: MESSAGE            the run ends with that fault; its process goes on
 *     -- soft, replaced: MESSAGE  the same; the process is replaced, because its memory is used up
 *     -- hard: MESSAGE            the process ends, with those last words and the line of the script
 *     -- refused: MESSAGE         it is not even loaded
 *     -- done                     nothing happens
 *
 * Whatever it is, it costs nobody else: calls that waited or lay behind are served, by the same process or
 * by the next one. Order and causes are checked, never durations. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "host/world_uv.h"
#include "runner/runner.h"
#include "support/suite.h"

#define FOLDER TEND_TESTS "/hostile/"

enum { CALLS = 4, WAITS = 0, ATTACKS = 1, BEHIND = 2, AFTER = 3 };
enum fate { NOT_YET, WAITING, DONE, FREE, BLAMED };

/* One runner, and what became of its calls. */
struct side {
    struct bench *bench;
    struct runner *runner;
    struct worker *worker;
    struct worker_listener listener;
    char file[512], name[64], controller[64];
    struct reconcile_call calls[CALLS];
    enum fate fates[CALLS];
    uint32_t asks[CALLS]; /* that are not answered */
    struct buffer result; /* of the attack */
    struct buffer reason; /* of the last death */
    unsigned ups, downs, refusals;
    struct task closed;
};

struct bench {
    struct world_uv *uv;
    struct log log;
    struct side healthy, hostile;
    struct alarm give_up;
    bool gave_up;
};

static struct side *of(struct worker_listener *listener)
{
    return CONTAINER_OF(listener, struct side, listener);
}

static int number_of(const struct side *side, const struct reconcile_call *call)
{
    return (int)(call - side->calls);
}

/* Whoever waits for something looks again. */
static void happened(struct side *side)
{
    world_uv_stop(side->bench->uv);
}

/* --- the listener ------------------------------------------------------------------------------ */

static void keep_reason(struct side *side, const char *reason)
{
    buffer_clear(&side->reason);
    buffer_chars(&side->reason, reason);
}

static void up(struct worker_listener *listener, struct worker *worker,
               const struct value *descriptor)
{
    (void)worker, (void)descriptor;
    of(listener)->ups++;
    happened(of(listener));
}

static void down(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)worker;
    of(listener)->downs++;
    keep_reason(of(listener), reason);
    happened(of(listener));
}

static void refused(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)worker;
    of(listener)->refusals++;
    keep_reason(of(listener), reason);
    happened(of(listener));
}

static void asked(struct worker_listener *listener, struct worker *worker,
                  struct reconcile_call *call, uint32_t ask, const struct value *question,
                  const struct value *so_far)
{
    struct side *side = of(listener);
    struct worker_answer answer = {TEND_OK, TEXT("{}"), NULL};
    const struct value *pause = value_field(question, "sleep");
    if (value_field(question, "kind") != NULL) {
        answer.bytes = TEXT("{\"kind\":\"example.com/v1/Thing\",\"namespaced\":true}");
    } else if (value_int_or(value_field(pause, "ms"), 0) > 0) {
        side->fates[number_of(side, call)] = WAITING;
        side->asks[number_of(side, call)] = ask;
        happened(side);
        return;
    }
    CHECK(so_far == NULL);
    worker_answer(worker, call, ask, &answer);
}

static void overdue(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call)
{
    (void)worker;
    CHECK_INT(number_of(of(listener), call), ATTACKS);
}

static void done(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call)
{
    struct side *side = of(listener);
    int number = number_of(side, call);
    (void)worker;
    side->fates[number] = DONE;
    if (number == ATTACKS) {
        buffer_clear(&side->result);
        json_write(&side->result, call->result);
    } else {
        CHECK_INT(value_int_or(value_field(value_field(call->result, "status"), "n"), -1), number);
    }
    happened(side);
}

static void lost(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call, enum worker_blame blame, const char *reason)
{
    (void)worker, (void)reason;
    of(listener)->fates[number_of(of(listener), call)] = blame == BLAME_CALL ? BLAMED : FREE;
    happened(of(listener));
}

static const struct worker_listener_ops listener_ops = {up,      down, refused, asked,
                                                        overdue, done, lost};

/* --- a side ------------------------------------------------------------------------------------ */

static void open_side(struct bench *bench, struct side *side, const char *folder, const char *name)
{
    *side = (struct side){.bench = bench,
                          .listener.ops = &listener_ops,
                          .result = BUFFER_INIT(MIB),
                          .reason = BUFFER_INIT(MIB)};
    snprintf(side->file, sizeof side->file, "%s%s", folder, name);
    snprintf(side->name, sizeof side->name, "%s", name);
    snprintf(side->controller, sizeof side->controller, "%.*s", (int)strlen(name) - 4, name);
    side->runner = runner_new(&(struct runner_options){.world = world_uv_world(bench->uv),
                                                       .program = TEND_BUILD "/tend-runner",
                                                       .file = side->file,
                                                       .name = side->name,
                                                       .grace_ms = 2000});
    side->worker = runner_worker(side->runner);
    side->worker->listener = &side->listener;
    runner_start(side->runner);
}

static void start_call_for(struct side *side, int number, const char *what, int64_t limit_ms)
{
    struct reconcile_call *call = &side->calls[number];
    CLEANUP(buffer_done) struct buffer object = BUFFER_INIT(KIB);
    buffer_format(&object,
                  "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":"
                  "\"a\"},\"spec\":{\"n\":%d%s}}",
                  number, what);
    doc_unref(call->object);
    arena_done(&call->arena);
    side->fates[number] = NOT_YET;
    *call = (struct reconcile_call){.controller = side->controller,
                                    .object = doc_from_bytes(buffer_view(&object)),
                                    .now_ms = 1000,
                                    .limit_ms = limit_ms};
    worker_start(side->worker, call);
}

static void start_call(struct side *side, int number, const char *what)
{
    start_call_for(side, number, what, 30000);
}

/* Run until something happens. */
static bool go_on(struct bench *bench)
{
    if (!bench->gave_up) {
        world_uv_run(bench->uv);
    }
    return !bench->gave_up;
}

static void await(struct side *side, int number, enum fate fate)
{
    while (side->fates[number] != fate && go_on(side->bench)) {
        if (side->fates[number] > WAITING && side->fates[number] != fate) {
            break;
        }
    }
    CHECK_INT(side->fates[number], fate);
}

static bool await_up(struct side *side, unsigned ups)
{
    while (side->ups < ups && side->refusals == 0 && go_on(side->bench)) {
    }
    if (side->refusals > 0) {
        printf("%s: %s\n", side->name, buffer_view(&side->reason).ptr);
    }
    return CHECK_INT(side->ups, ups);
}

static void await_refusal(struct side *side)
{
    while (side->ups == 0 && side->refusals == 0 && go_on(side->bench)) {
    }
    CHECK_INT(side->refusals, 1);
}

static void answer_wait(struct side *side)
{
    struct worker_answer answer = {TEND_OK, TEXT("{}"), NULL};
    worker_answer(side->worker, &side->calls[WAITS], side->asks[WAITS], &answer);
    await(side, WAITS, DONE);
}

static void closed(struct task *task)
{
    struct side *side = CONTAINER_OF(task, struct side, closed);
    side->runner = NULL;
    happened(side);
}

static void close_side(struct side *side)
{
    side->closed.run = closed;
    runner_close(side->runner, &side->closed);
    while (side->runner != NULL) {
        world_uv_run(side->bench->uv);
    }
    for (int i = 0; i < CALLS; i++) {
        doc_unref(side->calls[i].object);
        arena_done(&side->calls[i].arena);
    }
    buffer_done(&side->result);
    buffer_done(&side->reason);
}

/* --- what is expected -------------------------------------------------------------------------- */

struct expectation {
    char kind[32], message[256];
};

/* The first line of a script. */
static void read_expectation(const char *path, struct expectation *ret)
{
    char line[256] = "";
    FILE *file = fopen(path, "r");
    if (CHECK(file != NULL)) {
        CHECK(fgets(line, sizeof line, file) != NULL && strncmp(line, "-- ", 3) == 0);
        fclose(file);
    }
    line[strcspn(line, "\n")] = '\0';
    struct text message = text_of(line + strnlen(line, 3));
    struct text kind = text_cut(&message, ':');
    snprintf(ret->kind, sizeof ret->kind, "%.*s", TEXT_ARG(kind));
    snprintf(ret->message, sizeof ret->message, "%.*s", TEXT_ARG(text_from(message, 1)));
}

static bool expect_in(const struct side *side, struct buffer *text, const char *message)
{
    bool holds = CHECK(strstr(buffer_view(text).ptr, message) != NULL);
    if (!holds) {
        printf("%s: %s\n", side->name, buffer_view(text).ptr);
    }
    return holds;
}

static void expect_fault(struct side *side, const char *message)
{
    char position[80];
    await(side, ATTACKS, DONE);
    snprintf(position, sizeof position, "\"message\":\"%s:", side->name);
    expect_in(side, &side->result, "\"reason\":\"ScriptError\"");
    expect_in(side, &side->result, position);
    expect_in(side, &side->result, message);
}

static void expect_death(struct side *side, const char *message)
{
    char position[80];
    await(side, ATTACKS, BLAMED);
    await(side, WAITS, FREE);
    await(side, BEHIND, FREE);
    await_up(side, 2);
    CHECK_INT(side->downs, 1);
    snprintf(position, sizeof position, "%s:", side->name);
    expect_in(side, &side->reason, position);
    expect_in(side, &side->reason, message);
}

/* The process goes away when it has said what it has to say; what is out there is innocent. */
static void expect_replacement(struct side *side, const char *message)
{
    expect_fault(side, message);
    await_up(side, 2);
    expect_in(side, &side->reason, "its memory is used up by what it keeps");
    CHECK(side->fates[WAITS] == FREE &&
          (side->fates[BEHIND] == FREE || side->fates[BEHIND] == DONE));
}

static void run_lost_again(struct side *side)
{
    if (side->fates[WAITS] == FREE) {
        start_call(side, WAITS, ",\"wait\":true");
        await(side, WAITS, WAITING);
    }
    if (side->fates[BEHIND] == FREE) {
        start_call(side, BEHIND, "");
    }
    await(side, BEHIND, DONE);
    answer_wait(side);
    start_call(side, AFTER, "");
    await(side, AFTER, DONE);
}

static void expect(struct side *side, const struct expectation *expectation)
{
    unsigned ups = 1;
    if (strcmp(expectation->kind, "soft") == 0) {
        expect_fault(side, expectation->message);
    } else if (strcmp(expectation->kind, "soft, replaced") == 0) {
        expect_replacement(side, expectation->message);
        ups = 2;
    } else if (strcmp(expectation->kind, "hard") == 0) {
        expect_death(side, expectation->message);
        ups = 2;
    } else {
        CHECK_TEXT(expectation->kind, "done");
        await(side, ATTACKS, DONE);
        CHECK_TEXT(buffer_view(&side->result).ptr, "{\"outcome\":\"done\",\"status\":{\"n\":1}}");
    }
    run_lost_again(side);
    CHECK_INT(side->ups, ups);
}

static void begin(struct side *side, int64_t limit_ms)
{
    start_call(side, WAITS, ",\"wait\":true");
    await(side, WAITS, WAITING);
    start_call_for(side, ATTACKS, ",\"attack\":true", limit_ms);
    start_call(side, BEHIND, "");
}

static void attack(struct bench *bench, const char *name)
{
    struct side *healthy = &bench->healthy, *hostile = &bench->hostile;
    struct expectation expectation;
    open_side(bench, hostile, FOLDER "scripts/", name);
    read_expectation(hostile->file, &expectation);
    bool refused = strcmp(expectation.kind, "refused") == 0;
    start_call(healthy, WAITS, ",\"wait\":true");
    await(healthy, WAITS, WAITING);
    if (!refused && await_up(hostile, 1)) {
        begin(hostile, strstr(name, "_waits") != NULL ? 50 : 30000);
    }
    start_call(healthy, BEHIND, "");
    await(healthy, BEHIND, DONE);
    if (refused) {
        await_refusal(hostile);
        /* The script's limit is of processor time; on a busy machine the host's, of real time, is met first. */
        if (memmem(hostile->reason.data, hostile->reason.len, "did not start within", 20) == NULL) {
            expect_in(hostile, &hostile->reason, expectation.message);
        }
    } else if (hostile->ups > 0) {
        expect(hostile, &expectation);
    }
    answer_wait(healthy);
    CHECK_INT(healthy->downs, 0);
    close_side(hostile);
}

/* --- all of them ------------------------------------------------------------------------------- */

static void give_up(struct alarm *alarm)
{
    struct bench *bench = CONTAINER_OF(alarm, struct bench, give_up);
    bench->gave_up = true;
    printf("%s: nothing came for a minute\n", bench->hostile.name);
    CHECK(!"nothing came for a minute");
    world_uv_stop(bench->uv);
}

static void quiet(void *to, const char *line)
{
    (void)to, (void)line;
}

static int is_script(const struct dirent *entry)
{
    return strstr(entry->d_name, ".lua") != NULL;
}

static void attack_all(struct bench *bench, struct dirent **entries, int count)
{
    struct world *world = world_uv_world(bench->uv);
    open_side(bench, &bench->healthy, FOLDER, "healthy.lua");
    await_up(&bench->healthy, 1);
    for (int i = 0; i < count && !bench->gave_up; i++) {
        world_alarm_set(world, &bench->give_up, world_ticks_ms(world) + 60000);
        attack(bench, entries[i]->d_name);
    }
    close_side(&bench->healthy);
    world_alarm_clear(world, &bench->give_up);
}

static void costs_nobody_else(void)
{
    struct bench bench = {.log = {.level = LOG_ERROR, .fd = -1, .sink = quiet},
                          .give_up.fire = give_up};
    struct dirent **entries = NULL;
    struct error err = ERROR_INIT;
    int count = scandir(FOLDER "scripts", &entries, is_script, alphasort);
    if (CHECK(count >= 26) && CHECK(world_uv_new(&bench.log, &bench.uv, &err) == TEND_OK)) {
        attack_all(&bench, entries, count);
        world_uv_free(bench.uv);
    }
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
}

SUITE({"a hostile script costs nobody else", costs_nobody_else})
