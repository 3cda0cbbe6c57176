#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "engine/native.h"
#include "support/engine_bench.h"
#include "support/suite.h"

#define PLUGINS TEND_BUILD "/tests/plugins/"

/* Opened for each case. */
static bool open_bench(struct engine_bench *bench, const char *path)
{
    return CHECK(engine_bench_open(bench, path));
}

static struct engine_call call_of(const char *controller, const char *object)
{
    return (struct engine_call){.id = 7,
                                .controller = text_of(controller),
                                .object = text_of(object),
                                .now_ms = 1767225600000,
                                .entered_ms = 1767225590000};
}

/* What plugin "good" answers where spec.do is `what`. */
static const char *run_good(struct engine_bench *bench, const char *what)
{
    char object[256];
    snprintf(object, sizeof object,
             "{\"metadata\":{\"namespace\":\"here\"},\"spec\":{\"do\":\"%s\"}}", what);
    struct engine_call call = call_of("good", object);
    return engine_bench_run(bench, &call);
}

static void describes_itself(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    json_write(&text, bench.engine->descriptor);
    CHECK_TEXT(buffer_view(&text).ptr,
               "{\"controllers\":[{\"crd\":\"kind: CustomResourceDefinition\",\"finalize\":true,"
               "\"kind\":\"example.com/v1/Good\",\"name\":\"good\",\"owns\":[\"v1/ConfigMap\","
               "\"apps/v1/Deployment\"],\"parallel\":4},{\"kind\":\"example.com/v1/Idle\","
               "\"name\":\"idle\",\"parallel\":1}],\"name\":\"good\",\"version\":\"1.2.3\"}");
    CHECK_TEXT(buffer_view(&bench.log).ptr, "1 {}\n");
}

static void starts_with_its_configuration(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (CHECK(
            engine_bench_open_with(&bench, PLUGINS "good.so", "good.so", "{\"region\":\"eu\"}"))) {
        CHECK_TEXT(buffer_view(&bench.log).ptr, "1 {\"region\":\"eu\"}\n");
    }
}

static void describes_its_machine(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    if (!open_bench(&bench, PLUGINS "states.so")) {
        return;
    }
    const struct value *controllers = value_field(bench.engine->descriptor, "controllers");
    json_write(&text, value_field(value_at(controllers, 0), "machine"));
    CHECK_TEXT(buffer_view(&text).ptr,
               "{\"field\":\"status.phase\",\"initial\":\"first\","
               "\"renamed\":{\"begin\":\"first\",\"end\":\"last\"},\"states\":[{\"alone\":true,"
               "\"from\":\"status.from\",\"message\":\"too late\",\"name\":\"first\","
               "\"next\":[\"second\",\"last\"],\"otherwise\":\"last\",\"reason\":\"Late\","
               "\"within\":1000,\"withinField\":\"spec.within\"},{\"condition\":\"Stuck\","
               "\"name\":\"second\",\"next\":[\"last\"],\"reason\":\"Stuck\",\"teardown\":true,"
               "\"within\":5},{\"final\":true,\"name\":\"last\"}]}");
}

static void runs_the_function_of_the_state(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "states.so")) {
        return;
    }
    struct engine_call created = call_of("states", "{}");
    CHECK_TEXT(engine_bench_run(&bench, &created),
               "{\"outcome\":\"enter\",\"state\":\"second\",\"status\":{\"ran\":\"first\"}}");
    struct engine_call second = call_of("states", "{\"status\":{\"phase\":\"second\"}}");
    CHECK_TEXT(engine_bench_run(&bench, &second),
               "{\"outcome\":\"done\",\"status\":{\"ran\":\"any\"}}");
    struct engine_call moved =
        call_of("states", "{\"spec\":{\"phase\":\"last\"},\"status\":{\"phase\":\"second\"}}");
    CHECK_TEXT(engine_bench_run(&bench, &moved),
               "{\"message\":\"the state was written as a field; return TEND_ENTER instead\","
               "\"outcome\":\"fail\",\"reason\":\"PluginMistake\"}");
    struct engine_call unknown = call_of("states", "{\"status\":{\"phase\":\"nowhere\"}}");
    CHECK_TEXT(engine_bench_run(&bench, &unknown),
               "{\"message\":\"the object is in a state that this version of the plugin does not "
               "have\",\"outcome\":\"retry\",\"reason\":\"NoAnswer\"}");
}

static void reads_and_writes_the_object(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    struct engine_call call = call_of(
        "good",
        "{\"spec\":{\"at\":\"2026-01-01T00:00:01Z\",\"bool\":true,\"do\":\"read\",\"int\":5,"
        "\"map\":{\"a\":1,\"b\":2},\"real\":0.5,\"text\":\"t\",\"took\":\"2s\"},"
        "\"status\":{\"int\":5,\"old\":1,\"text\":\"was\"}}");
    CHECK_TEXT(engine_bench_run(&bench, &call),
               "{\"outcome\":\"done\",\"status\":{\"again\":6,\"at\":1767225601000,\"bool\":true,"
               "\"copy\":{\"a\":1,\"b\":2},\"count\":2,\"entered\":\"2025-12-31T23:59:50Z\","
               "\"key\":\"b\",\"list\":[1,2],\"none\":\"none\",\"now\":\"2026-01-01T00:00:00Z\","
               "\"old\":null,\"real\":0.5,\"second\":2,\"self\":\"self\",\"text\":\"t\","
               "\"took\":2000,\"type\":7}}");
}

static void collects_writes(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    CHECK_TEXT(run_good(&bench, "write"),
               "{\"conditions\":[{\"message\":\"it is\",\"reason\":\"Because\",\"status\":\"True\","
               "\"type\":\"Ready\"}],\"events\":[{\"message\":\"now\",\"reason\":\"Careful\","
               "\"type\":\"Warning\"}],\"outcome\":\"done\",\"writes\":[{\"object\":{"
               "\"apiVersion\":\"v1\",\"data\":{\"a\":\"b\"},\"kind\":\"ConfigMap\","
               "\"metadata\":{\"name\":\"mine\"}},\"verb\":\"apply\"},{\"kind\":"
               "\"apps/v1/Deployment\",\"name\":\"old\",\"namespace\":\"\",\"verb\":\"remove\"}]}");
}

static void says_outcomes(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    CHECK_TEXT(run_good(&bench, "nothing"), "{\"outcome\":\"done\"}");
    CHECK_TEXT(run_good(&bench, "enter"), "{\"message\":\"of that\",\"outcome\":\"enter\","
                                          "\"reason\":\"Because\",\"state\":\"there\"}");
    CHECK_TEXT(run_good(&bench, "retry"), "{\"afterMs\":9,\"message\":\"wait\","
                                          "\"outcome\":\"retry\",\"reason\":\"NotYet\"}");
    CHECK_TEXT(run_good(&bench, "fail"),
               "{\"message\":\"give up\",\"outcome\":\"fail\",\"reason\":\"Never\"}");
    CHECK_TEXT(run_good(&bench, "unknown"), "{\"outcome\":\"fail\"}");
    struct engine_call deleted = call_of("good", "{}");
    deleted.verb = ENGINE_FINALIZE;
    CHECK_TEXT(engine_bench_run(&bench, &deleted),
               "{\"outcome\":\"done\",\"status\":{\"finalizing\":true}}");
    struct engine_call idle = call_of("idle", "{}");
    CHECK_TEXT(engine_bench_run(&bench, &idle), "{\"outcome\":\"done\"}");
}

static void sees_answers_through_its_own_writes(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        bench.answers = i == 0 ? BENCH_AT_ONCE : BENCH_WHILE_WAITING;
        bench.answer = "null";
        CHECK(strstr(
            run_good(&bench, "ask"),
            "\"status\":{\"after\":\"b\",\"before\":\"absent\",\"kept\":\"absent\",\"removed\":true}"));
        bench.answer = "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"x\",\"kept\":\"y\"}}";
        CHECK(strstr(
            run_good(&bench, "ask"),
            "\"status\":{\"after\":\"b\",\"before\":\"x\",\"kept\":\"y\",\"removed\":true}"));
    }
    CHECK_TEXT(buffer_view(&bench.questions).ptr,
               "{\"fetch\":{\"kind\":\"v1/ConfigMap\",\"name\":\"mine\"}}\n"
               "{\"fetch\":{\"kind\":\"v1/ConfigMap\",\"name\":\"mine\"}}\n"
               "{\"fetch\":{\"kind\":\"apps/v1/Deployment\",\"name\":\"old\"}}\n");
}

static void sees_selections_through_its_own_writes(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    bench.answer = "[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"mine\","
                   "\"namespace\":\"here\"}}]";
    CHECK(strstr(run_good(&bench, "list"), "\"status\":{\"count\":1}"));
    bench.answer =
        "[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"other\","
        "\"namespace\":\"here\"}}]";
    CHECK(strstr(run_good(&bench, "list"), "\"status\":{\"count\":2}"));
}

static void delivers_an_outcome_later(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    bench.answer = "{\"data\":{\"a\":\"x\"}}";
    for (int i = 0; i < 2; i++) {
        bench.answers = i == 0 ? BENCH_AT_ONCE : BENCH_LATER;
        CHECK_TEXT(run_good(&bench, "later"),
                   "{\"afterMs\":7,\"outcome\":\"again\",\"status\":{\"later\":\"x\"}}");
    }
}

static void answer(struct engine_bench *bench, uint64_t call, uint32_t ask, struct text bytes)
{
    engine_answer(bench->engine, &(struct engine_answer){.call = call, .ask = ask, .bytes = bytes});
}

/* Two calls that wait are answered in the other order; each runs a slice for each of its answers. */
static void keeps_many_calls_in_flight(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    struct engine_call first = call_of("good", "{\"spec\":{\"do\":\"later\"}}"), second = first;
    second.id = 8;
    bench.answers = BENCH_NEVER;
    engine_start(bench.engine, &first);
    engine_start(bench.engine, &second);
    CHECK_INT(bench.finished, 0);
    for (uint32_t ask = 0; ask < 2; ask++) {
        answer(&bench, second.id, ask, TEXT("{\"data\":{\"a\":\"2\"}}"));
        CHECK_INT(bench.finished, ask);
    }
    CHECK_TEXT(buffer_view(&bench.result).ptr,
               "{\"afterMs\":7,\"outcome\":\"again\",\"status\":{\"later\":\"2\"}}");
    answer(&bench, second.id, 0, TEXT("null")); /* it is over */
    answer(&bench, first.id, 0, TEXT("null"));
    answer(&bench, first.id, 0, TEXT("null")); /* once is enough */
    CHECK_INT(bench.finished, 1);
    answer(&bench, first.id, 1, TEXT("{\"data\":{\"a\":\"1\"}}"));
    CHECK_INT(bench.finished, 2);
    CHECK_TEXT(buffer_view(&bench.result).ptr,
               "{\"afterMs\":7,\"outcome\":\"again\",\"status\":{\"later\":\"1\"}}");
    CHECK_INT(bench.slices, 6);
}

static void ends_what_is_cancelled(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    struct engine_call call = call_of("good", "{\"spec\":{\"do\":\"later\"}}");
    bench.answers = BENCH_NEVER;
    engine_start(bench.engine, &call);
    engine_cancel(bench.engine, 99, TEXT("that one is not there"));
    CHECK_INT(bench.finished, 0);
    engine_cancel(bench.engine, call.id, TEXT("its time is over"));
    CHECK_INT(bench.finished, 1);
    CHECK_TEXT(buffer_view(&bench.result).ptr,
               "{\"message\":\"its time is over\",\"outcome\":\"retry\",\"reason\":\"NoAnswer\"}");
    engine_start(bench.engine, &call); /* and is dropped with the engine */
    CHECK_INT(bench.finished, 1);
}

static void hands_over_its_writes_before_what_is_done_once(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    bench.answer = "{\"data\":{\"a\":\"x\"}}";
    CHECK_TEXT(run_good(&bench, "once"), "{\"outcome\":\"done\",\"status\":{\"after\":\"x\"}}");
    CHECK_TEXT(
        buffer_view(&bench.questions).ptr,
        "{\"exec\":{\"argv\":[\"true\"],\"name\":\"once\"}} after "
        "{\"events\":[{\"message\":\"it is asked\",\"reason\":\"Before\",\"type\":\"Normal\"}],"
        "\"status\":{\"before\":\"yes\"}}\n");
}

static void takes_a_problem_on_itself(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    CHECK_TEXT(run_good(&bench, "knows"),
               "{\"outcome\":\"done\",\"status\":{\"absent\":true,\"problem\":\"none\"}}");
    bench.problem = "there is no such kind";
    CHECK_TEXT(run_good(&bench, "knows"),
               "{\"outcome\":\"done\",\"status\":{\"absent\":true,\"problem\":\"there is no such "
               "kind\"}}");
    CHECK_TEXT(
        run_good(&bench, "convert"),
        "{\"outcome\":\"done\",\"status\":{\"broken\":true,\"json\":\"{\\\"a\\\":null,\\\"b\\\":[1,"
        "2.5]}\",\"random\":true}}");
}

static void writes_nothing_on_an_answer_that_is_none(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    bench.problem = "there is no kind v1/ConfigMap";
    CHECK_TEXT(run_good(&bench, "ask"), "{\"message\":\"there is no kind v1/ConfigMap\","
                                        "\"outcome\":\"retry\",\"reason\":\"NoAnswer\"}");
    bench.problem = NULL;
    bench.answers = BENCH_NEVER;
    CHECK_TEXT(run_good(&bench, "ask"), "{\"message\":\"the host does not answer\","
                                        "\"outcome\":\"retry\",\"reason\":\"NoAnswer\"}");
}

static void names_mistakes_and_writes_nothing(void)
{
    static const struct {
        const char *what, *message;
    } cases[] = {
        {"blunder-spec", "spec.x: of the object itself only status can be written"},
        {"blunder-utf8", "a text is not UTF-8"},
        {"blunder-real", "a number is not finite"},
        {"blunder-node", "x: the value to write into is none of this call"},
        {"blunder-draft", "apply: not a draft (no apiVersion, kind or metadata.name)"},
        {"blunder-kind", "\\\"ConfigMap\\\" is no kind, expected GROUP/VERSION/KIND"},
        {"blunder-question", "the question is none of fetch, select, kind, sleep, exec and http"},
        {"blunder-events", "more than 64 events in one call"},
        {"blunder-asks", "more than 1000 questions in one call"},
        {"later-later", "finish was called with TEND_LATER"},
        {"nowhere", "TEND_ENTER without a state"},
    };
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[256];
        snprintf(expected, sizeof expected,
                 "{\"message\":\"%s\",\"outcome\":\"fail\",\"reason\":\"PluginMistake\"}",
                 cases[i].message);
        CHECK_TEXT(run_good(&bench, cases[i].what), expected);
    }
    CHECK(strstr(run_good(&bench, "blunder-path"), "\"reason\":\"PluginMistake\"") != NULL);
}

/* What is beyond is not asked: whoever asks without end costs no memory. */
static void asks_so_often_and_no_more(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "good.so")) {
        return;
    }
    (void)run_good(&bench, "blunder-asks");
    size_t lines = 0;
    for (const char *at = bench.questions.data; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    CHECK_INT(lines, CALL_ASKS_MAX);
}

static void refuses_with_a_sentence(void)
{
    static const struct {
        const char *path, *message;
    } cases[] = {
        {"/no/such.so", "cannot open /no/such.so: No such file or directory"},
        {PLUGINS "wrong_major.so", "built for plugin contract 9.0, this host has 1; rebuild it "
                                   "with this host's tend/plugin.h"},
        {PLUGINS "unwilling.so", "controller unwilling does not start: there is no licence"},
        {PLUGINS "misdescribed.so", "the plugin has two controllers \"twin\""},
        {PLUGINS "many.so", "the plugin has more than 64 controllers"},
        {PLUGINS "newer.so", "a controller uses something newer than this host (contract 1.0)"},
        {PLUGINS "unresolved.so",
         "cannot be loaded: " PLUGINS
         "unresolved.so: undefined symbol: nobody_defines_this; link the library that "
         "defines it (-Wl,-z,defs finds such at build time)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct engine_bench bench;
        struct error err;
        CHECK_TEXT(engine_bench_refusal(&bench, cases[i].path, &err), cases[i].message);
    }
}

static void takes_plugins_of_other_minors(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    if (!open_bench(&bench, PLUGINS "grown.so")) {
        return;
    }
    const struct value *controllers = value_field(bench.engine->descriptor, "controllers");
    CHECK_INT((int)value_count(controllers), 2);
    CHECK(value_field(value_at(controllers, 1), "finalize") == NULL);
}

SUITE({"describes itself", describes_itself},
      {"starts with its configuration", starts_with_its_configuration},
      {"describes its machine", describes_its_machine},
      {"runs the function of the state", runs_the_function_of_the_state},
      {"reads the object and writes its status", reads_and_writes_the_object},
      {"collects writes, conditions and events", collects_writes},
      {"says every outcome", says_outcomes},
      {"sees answers through its own writes", sees_answers_through_its_own_writes},
      {"sees selections through its own writes", sees_selections_through_its_own_writes},
      {"asks so often, and no more", asks_so_often_and_no_more},
      {"delivers an outcome later", delivers_an_outcome_later},
      {"keeps many calls in flight", keeps_many_calls_in_flight},
      {"ends what is cancelled", ends_what_is_cancelled},
      {"hands over its writes before what is done once",
       hands_over_its_writes_before_what_is_done_once},
      {"takes a problem on itself", takes_a_problem_on_itself},
      {"writes nothing on an answer that is none", writes_nothing_on_an_answer_that_is_none},
      {"names mistakes, and writes nothing", names_mistakes_and_writes_nothing},
      {"refuses with a sentence", refuses_with_a_sentence},
      {"takes plugins of other minors", takes_plugins_of_other_minors})
