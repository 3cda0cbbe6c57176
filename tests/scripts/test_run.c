/* Which function runs over which object, and what a run knows of kinds. */
#include "base/alloc.h"
#include "scripts/fixture.h"

#define NEW_KIND                                                                                   \
    "{\"kind\":\"example.com/v1/Thing\",\"namespaced\":true,\"schema\":{\"type\":\"object\","      \
    "\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{\"novel\":{\"type\":"           \
    "\"integer\"}}},\"status\":{\"type\":\"object\",\"properties\":{\"fresh\":{\"type\":"          \
    "\"integer\"}}}}}}"

/* `kinds` is the state of all kinds. */
static const char *run(struct engine_bench *bench, enum engine_verb verb, const char *state,
                       int64_t kinds)
{
    char object[512];
    snprintf(object, sizeof object,
             "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\"},"
             "\"spec\":{\"novel\":5},\"status\":{\"state\":\"%s\"}}",
             state);
    struct engine_call call = {.id = 7,
                               .controller = TEXT("thing"),
                               .verb = verb,
                               .object = text_of(object),
                               .slice_ms = 1000,
                               .kinds = kinds};
    return engine_bench_run(bench, &call);
}

static void undoes_what_is_deleted(void)
{
    struct engine_bench bench;
    if (script_bench(&bench, "return controller 'example.com/v1/Thing' { initial = 'A', "
                             "A = state { to = 'B', function() return 'B' end }, B = state {},\n"
                             "finalize = function(t) sleep '1s' t.status.text = 'bye' "
                             "if t.spec.novel then return again '5s' end end }")) {
        bench.kind = "null";
        CHECK_TEXT(run(&bench, ENGINE_RECONCILE, "A", 0),
                   "{\"outcome\":\"enter\",\"state\":\"B\"}");
        CHECK_TEXT(run(&bench, ENGINE_FINALIZE, "A", 0),
                   "{\"afterMs\":5000,\"outcome\":\"again\",\"status\":{\"text\":\"bye\"}}");
    }
    engine_bench_done(&bench);
    if (script_bench(&bench, "return controller 'example.com/v1/Thing' { reconcile = print, "
                             "finalize = function() return 'Gone' end }")) {
        check_fault_in(
            run(&bench, ENGINE_FINALIZE, "", 0),
            "thing.lua: the run returned \\\"Gone\\\", and there is no state to leave now");
    }
    engine_bench_done(&bench);
}

static void runs_the_function_of_the_state(void)
{
    struct engine_bench bench;
    if (script_bench(&bench, "return controller 'example.com/v1/Thing' { initial = 'A', "
                             "A = state { to = { 'B', 'C' }, print }, B = state { to = 'C' }, "
                             "C = state { every = '1m', function(t) t.status.count = 3 end },\n"
                             "reconcile = function(t) t.status.text = 'all' end }")) {
        CHECK_TEXT(run(&bench, ENGINE_RECONCILE, "C", 0),
                   "{\"afterMs\":60000,\"outcome\":\"again\",\"status\":{\"count\":3}}");
        CHECK_TEXT(run(&bench, ENGINE_RECONCILE, "B", 0),
                   "{\"outcome\":\"done\",\"status\":{\"text\":\"all\"}}");
    }
    engine_bench_done(&bench);
}

/* An observer writes other objects and events, and nothing of the object's status. */
static void observes(void)
{
    static const struct {
        const char *body, *message;
    } cases[] = {
        {"t.status.count = 1", "Thing.status cannot be written"},
        {"condition('Ready', true)", "an observer sets no conditions: they are in the status"},
        {"return 'Ready'", "there is no state to leave now"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct engine_bench bench;
        char script[512];
        snprintf(script, sizeof script,
                 "return observer '*' { name = 'thing', reconcile = function(t)\n%s end }",
                 cases[i].body);
        if (script_bench(&bench, script)) {
            check_fault_in(run(&bench, ENGINE_RECONCILE, "", 0), cases[i].message);
        }
        engine_bench_done(&bench);
    }
    struct engine_bench bench;
    if (script_bench(&bench, "return observer '*' { name = 'thing', reconcile = function(t)\n"
                             "event('Seen', t.kind) apply { kind = t.kind, name = 'b' } end }")) {
        CHECK_TEXT(
            run(&bench, ENGINE_RECONCILE, "", 0),
            "{\"events\":[{\"message\":\"Thing\",\"reason\":\"Seen\",\"type\":\"Normal\"}],"
            "\"outcome\":\"done\",\"writes\":[{\"object\":{\"apiVersion\":\"example.com/v1\","
            "\"kind\":\"Thing\",\"metadata\":{\"name\":\"b\"}},\"verb\":\"apply\"}]}");
    }
    engine_bench_done(&bench);
}

/* Once for each word, and again when the host says that kinds are others. */
static void learns_kinds_anew_when_they_change(void)
{
    struct engine_bench bench;
    if (script_bench(&bench, "return controller 'example.com/v1/Thing' { reconcile = function(t)\n"
                             "t.status.fresh = t.spec.novel end }")) {
        check_fault_in(run(&bench, ENGINE_RECONCILE, "", 1),
                       "no field \\\"novel\\\" in Thing.spec");
        bench.kind = NEW_KIND;
        check_fault_in(run(&bench, ENGINE_RECONCILE, "", 1),
                       "no field \\\"novel\\\" in Thing.spec");
        CHECK_TEXT(run(&bench, ENGINE_RECONCILE, "", 2),
                   "{\"outcome\":\"done\",\"status\":{\"fresh\":5}}");
        bench.kind = THING_KIND;
        CHECK_TEXT(run(&bench, ENGINE_RECONCILE, "", 2),
                   "{\"outcome\":\"done\",\"status\":{\"fresh\":5}}");
        check_fault_in(run(&bench, ENGINE_RECONCILE, "", 1),
                       "no field \\\"novel\\\" in Thing.spec");
    }
    engine_bench_done(&bench);
}

/* What it has read goes on to mean the same until it ends. */
static void keeps_what_a_run_that_waits_knows(void)
{
    struct engine_bench bench;
    if (script_bench(&bench, "return controller 'example.com/v1/Thing' { reconcile = function(t)\n"
                             "local spec = t.spec sleep '1s' t.status.fresh = spec.novel end }")) {
        bench.kind = NEW_KIND;
        bench.answers = BENCH_NEVER;
        (void)run(&bench, ENGINE_RECONCILE, "", 1);
        bench.kind = THING_KIND;
        struct engine_call other = {.id = 8,
                                    .controller = TEXT("thing"),
                                    .object = TEXT("{\"apiVersion\":\"example.com/v1\",\"kind\":"
                                                   "\"Thing\",\"metadata\":{\"name\":\"b\"}}"),
                                    .slice_ms = 1000,
                                    .kinds = 2};
        engine_start(bench.engine, &other);
        CHECK_INT(bench.finished, 0);
        engine_answer(bench.engine,
                      &(struct engine_answer){.call = 7, .ask = 1, .bytes = TEXT("{}")});
        CHECK_TEXT(buffer_view(&bench.result).ptr,
                   "{\"outcome\":\"done\",\"status\":{\"fresh\":5}}");
        engine_answer(bench.engine,
                      &(struct engine_answer){.call = 8, .ask = 1, .bytes = TEXT("{}")});
        check_fault_in(buffer_view(&bench.result).ptr, "no field \\\"novel\\\" in Thing.spec");
    }
    engine_bench_done(&bench);
}

/* Without a schema anything goes, and nothing is guessed. */
static void knows_nothing_of_a_kind_that_is_not_there(void)
{
    struct engine_bench bench;
    if (script_bench(&bench, "return controller 'example.com/v1/Thing' { reconcile = function(t)\n"
                             "t.status.any = { deep = t.spec.novel } t.status.text = t.spec.other\n"
                             "if t.spec.novel == 5 then t.status.list = {} end end }")) {
        bench.kind = "null";
        check_fault_in(run(&bench, ENGINE_RECONCILE, "", 0),
                       "thing.lua:3: list: an empty table is a list or an object");
    }
    engine_bench_done(&bench);
}

SUITE({"undoes what is deleted", undoes_what_is_deleted},
      {"runs the function of the state", runs_the_function_of_the_state}, {"observes", observes},
      {"learns kinds anew when they change", learns_kinds_anew_when_they_change},
      {"keeps what a run that waits knows", keeps_what_a_run_that_waits_knows},
      {"knows nothing of a kind that is not there", knows_nothing_of_a_kind_that_is_not_there})
