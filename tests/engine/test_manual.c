/* The header is a manual: what it says of its functions, tried by plugin "manual". */
#include "base/alloc.h"
#include "base/limits.h"
#include "support/engine_bench.h"
#include "support/suite.h"

#define PLUGIN TEND_BUILD "/tests/plugins/manual.so"

static const char configuration[] =
    "{\"dry\":true,\"every\":\"1m30s\",\"jobs\":3,\"region\":\"eu\",\"share\":0.5,"
    "\"zones\":[{\"name\":\"a\"},{\"name\":\"b\"}]}";

static void check(const char *what, const char *expected)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    char object[256];
    snprintf(
        object, sizeof object,
        "{\"spec\":{\"do\":\"%s\",\"int\":3,\"list\":[1,2],\"nul\":\"a\\u0000b\",\"null\":null,"
        "\"real\":2.5,"
        "\"text\":\"t\",\"whole\":2.0}}",
        what);
    struct engine_call call = {
        .id = 7, .controller = TEXT("manual"), .object = text_of(object), .now_ms = 1000};
    if (CHECK(engine_bench_open_with(&bench, PLUGIN, "manual.so", configuration))) {
        bench.answer = "{\"data\":{\"a\":\"x\"}}";
        bench.answers = BENCH_LATER;
        CHECK_TEXT(engine_bench_run(&bench, &call), expected);
        if (strcmp(what, "log") == 0) {
            CHECK_TEXT(buffer_view(&bench.log).ptr, "2 a level of a later minor\n0 (not UTF-8)\n");
        }
    }
}

#define WELL "{\"outcome\":\"done\"}"

static void says_when_something_does_not_hold(void)
{
    check("broken", "{\"outcome\":\"done\",\"status\":{\"broken\":[\"this does not hold\"]}}");
}

static void reading(void)
{
    check("read", WELL);
}

static void reading_its_configuration(void)
{
    check("config", WELL);
}

static void nodes(void)
{
    check("nodes", WELL);
}

static void asking(void)
{
    check("ask", WELL);
}

static void writing(void)
{
    check(
        "lists",
        "{\"conditions\":[{\"message\":\"\",\"reason\":\"\",\"status\":\"Unknown\",\"type\":\"Odd\"}],"
        "\"events\":[{\"message\":\"\",\"reason\":\"Odd\",\"type\":\"Warning\"}],\"outcome\":\"done\"}");
    check("append", "{\"message\":\"status.x: nothing to append\",\"outcome\":\"fail\",\"reason\":"
                    "\"PluginMistake\"}");
    check("state",
          "{\"outcome\":\"done\",\"status\":{\"state\":\"x\"}}"); /* a kind without states */
}

static void what_is_entered_has_to_be_a_map(void)
{
    CLEANUP(engine_bench_done) struct engine_bench bench;
    struct engine_call call = {.id = 7,
                               .controller = TEXT("manual"),
                               .object = TEXT("{\"spec\":{\"do\":\"into\"}}"),
                               .now_ms = 1000};
    if (CHECK(engine_bench_open(&bench, PLUGIN))) {
        const char *result = engine_bench_run(&bench, &call);
        CHECK(strstr(result, "status.a.b: ") != NULL);
        CHECK(strstr(result, "\"PluginMistake\"") != NULL);
    }
}

static void finishing(void)
{
    check("finish", "{\"outcome\":\"retry\",\"reason\":\"Early\"}");
}

static void logging(void)
{
    check("log", WELL);
}

SUITE({"says when something does not hold", says_when_something_does_not_hold},
      {"reading", reading}, {"reading its configuration", reading_its_configuration},
      {"nodes", nodes}, {"asking", asking}, {"writing", writing},
      {"what is entered has to be a map", what_is_entered_has_to_be_a_map},
      {"finishing", finishing}, {"logging", logging})
