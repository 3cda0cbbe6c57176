/* Two controllers that want the same object to be different. */
#include <stdlib.h>

#include "base/limits.h"
#include "controller/fixture.h"
#include "document/json.h"
#include "resource/meta.h"

#define MAP "configmaps/default/m"

/* Two observers of ConfigMaps, each with a worker of its own. */
struct rivals {
    struct ring *r;
    struct scripted_worker workers[2];
};

static struct rivals *rivals_new(scripted_run *red, scripted_run *blue)
{
    static const char *const names[] = {"red", "blue"};
    scripted_run *runs[] = {red, blue};
    struct error err = ERROR_INIT;
    struct controller *controller;
    struct rivals *rivals = alloc_new(sizeof *rivals);
    rivals->r = ring_new(run_done);
    for (size_t i = 0; i < 2; i++) {
        scripted_worker_init(&rivals->workers[i], &rivals->r->b->v.world, runs[i]);
        struct controller_options options = {.name = names[i],
                                             .kind = "v1/ConfigMap",
                                             .role = ROLE_OBSERVER,
                                             .worker = &rivals->workers[i].worker,
                                             .parallel = 4};
        if (CHECK_INT(controller_add(rivals->r->loop, &options, &controller, &err), TEND_OK)) {
            controller_live(controller);
        }
    }
    return rivals;
}

static void rivals_free(struct rivals *rivals)
{
    struct ring *r = rivals->r;
    ring_close(r);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(rivals->workers[i].overlaps, 0);
        scripted_worker_done(&rivals->workers[i]);
    }
    bench_free(r->b);
    free(r);
    free(rivals);
}

static void write_map(struct rivals *rivals, const char *data)
{
    char yaml[256];
    snprintf(yaml, sizeof yaml,
             "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {a: '%s'}}", data);
    CHECK_INT(ask(rivals->r->b, ADMIT_APPLY, "", "", yaml)->code, TEND_OK);
}

#define LABELS(labels)                                                                             \
    "{outcome: done, writes: [{verb: apply, object: {apiVersion: v1, kind: ConfigMap,\n"           \
    " metadata: {name: m, labels: {" labels "}}}}]}"

static const char *run_red(struct scripted_worker *worker, struct reconcile_call *call,
                           const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return LABELS("colour: red");
}

static const char *run_blue(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return LABELS("colour: blue");
}

static const char *run_shape(struct scripted_worker *worker, struct reconcile_call *call,
                             const struct value *root)
{
    (void)worker, (void)call, (void)root;
    return LABELS("shape: round");
}

static size_t runs_of(const struct rivals *rivals)
{
    return rivals->workers[0].started + rivals->workers[1].started;
}

static void who_takes_turns_is_slowed_down(void)
{
    struct rivals *rivals = rivals_new(run_red, run_blue);
    write_map(rivals, "1");
    settle(rivals->r);
    CHECK(runs_of(rivals) >= HOT_RUNS_MAX && runs_of(rivals) <= HOT_RUNS_MAX + 4);
    const struct value *event = event_about(rivals->r, "m", "OwnershipConflict");
    if (CHECK(event != NULL)) {
        struct text said = value_get_text(event, TEXT("message"));
        CHECK(text_is(value_get_text(event, TEXT("type")), "Warning"));
        CHECK(strstr(said.ptr, "red") != NULL && strstr(said.ptr, "blue") != NULL);
        CHECK(strstr(said.ptr, "write ConfigMap \"m\" in turns") != NULL);
    }
    size_t before = runs_of(rivals);
    int64_t written = revision(rivals->r);
    pass(rivals->r, 3600 * 1000);
    CHECK(runs_of(rivals) - before >= 10); /* whose the object is may have been settled meanwhile */
    CHECK(runs_of(rivals) - before <= 60);
    CHECK(revision(rivals->r) - written <= 120);
    rivals_free(rivals);
}

static void who_writes_something_else_is_not(void)
{
    struct rivals *rivals = rivals_new(run_red, run_shape);
    for (int i = 0; i < 60; i++) {
        char data[8];
        snprintf(data, sizeof data, "%d", i);
        write_map(rivals, data);
        settle(rivals->r);
    }
    CHECK_TEXT(stored(rivals->r->b, MAP, "metadata.labels.colour"), "\"red\"");
    CHECK_TEXT(stored(rivals->r->b, MAP, "metadata.labels.shape"), "\"round\"");
    CHECK(event_about(rivals->r, "m", "OwnershipConflict") == NULL);
    rivals_free(rivals);
}

/* Every time that somebody sets it anew it is written at once, and by the next one, and then they wait again. */
static void a_change_from_outside_begins_anew(void)
{
    struct rivals *rivals = rivals_new(run_red, run_blue);
    write_map(rivals, "1");
    pass(rivals->r, 600 * 1000);
    size_t before = runs_of(rivals);
    write_map(rivals, "2");
    settle(rivals->r);
    CHECK(runs_of(rivals) - before >= HOT_RUNS_MAX);
    CHECK(runs_of(rivals) - before <= HOT_RUNS_MAX + 4);
    rivals_free(rivals);
}

/* --- circles of two ------------------------------------------------------------------------------ */

/* The first counts on from what the second counted, and the other way round, each in a map of its own. */
static const char *count_on(struct scripted_worker *worker, struct reconcile_call *call,
                            const char *mine, const char *others)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *map = NULL;
    char question[128];
    snprintf(question, sizeof question,
             "{\"fetch\":{\"kind\":\"v1/ConfigMap\",\"namespace\":\"\",\"name\":\"%s\"}}", others);
    scripted_worker_ask(worker, call, question);
    CHECK_INT(json_parse(&arena, buffer_view(&worker->answer), &map, NULL), TEND_OK);
    struct text seen = value_text_or(path_get(map, TEXT("data.n")), TEXT("0"));
    snprintf(worker->text, sizeof worker->text,
             "{outcome: done, writes: [{verb: apply, object: {apiVersion: v1, kind: ConfigMap,\n"
             " metadata: {name: %s}, data: {n: '%d'}}}]}",
             mine, atoi(seen.ptr) + 1);
    return worker->text;
}

static bool is_start(const struct value *root)
{
    return text_is(meta_of(root).name, "m");
}

static const char *run_ping(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    return is_start(root) ? count_on(worker, call, "ping", "pong") : "{outcome: done}";
}

static const char *run_pong(struct scripted_worker *worker, struct reconcile_call *call,
                            const struct value *root)
{
    return is_start(root) ? count_on(worker, call, "pong", "ping") : "{outcome: done}";
}

static void who_answer_each_other_are_slowed_down(void)
{
    struct rivals *rivals = rivals_new(run_ping, run_pong);
    write_map(rivals, "1");
    settle(rivals->r);
    CHECK(runs_of(rivals) >= HOT_STIRS_MAX);
    CHECK(runs_of(rivals) <= 6 * HOT_STIRS_MAX); /* both look at all three maps */
    const struct value *event = event_about(rivals->r, "m", "HotLoop");
    if (CHECK(event != NULL)) {
        struct text said = value_get_text(event, TEXT("message"));
        CHECK(strstr(said.ptr, "by controllers only, last by controller/") != NULL);
    }
    size_t before = runs_of(rivals);
    pass(rivals->r, 3600 * 1000);
    CHECK(runs_of(rivals) - before <= 200);
    CHECK(runs_of(rivals) - before >= 10);
    rivals_free(rivals);
}

/* A hundred changes in a second by one controller are no circle. */
static const char *run_mark_all(struct scripted_worker *worker, struct reconcile_call *call,
                                const struct value *root)
{
    (void)call;
    struct text version = value_text_or(path_get(root, TEXT("data.a")), TEXT(""));
    snprintf(worker->text, sizeof worker->text,
             "{outcome: done, writes: [{verb: apply, object: {apiVersion: v1, kind: ConfigMap,\n"
             " metadata: {name: m, labels: {of: '%.*s'}}}}]}",
             TEXT_ARG(version));
    return worker->text;
}

static void who_is_woken_often_is_not(void)
{
    struct rivals *rivals = rivals_new(run_mark_all, run_done);
    for (int i = 0; i < 100; i++) {
        char data[8];
        snprintf(data, sizeof data, "%d", i);
        write_map(rivals, data);
        settle(rivals->r);
    }
    CHECK(event_about(rivals->r, "m", "HotLoop") == NULL);
    CHECK(event_about(rivals->r, "m", "OwnershipConflict") == NULL);
    CHECK(rivals->workers[1].started >= 200);
    rivals_free(rivals);
}

SUITE({"two that answer each other are slowed down", who_answer_each_other_are_slowed_down},
      {"one that is woken often is not", who_is_woken_often_is_not},
      {"who takes turns is slowed down, and both are named", who_takes_turns_is_slowed_down},
      {"who writes something else is not", who_writes_something_else_is_not},
      {"a change from outside begins anew", a_change_from_outside_begins_anew})
