/* How a run ends: what it returns, and what is wrong with what it returns. */
#include "base/alloc.h"
#include "scripts/fixture.h"

static void returns_nothing_when_all_is_done(void)
{
    check_body("", "{}", "{\"outcome\":\"done\"}");
    check_body("return nil", "{}", "{\"outcome\":\"done\"}");
    check_body("return done()", "{}", "{\"outcome\":\"done\"}");
}

static void looks_again_after_a_duration(void)
{
    check_body("return again '1m'", "{}", "{\"afterMs\":60000,\"outcome\":\"again\"}");
    check_body("return again '1h30m'", "{}", "{\"afterMs\":5400000,\"outcome\":\"again\"}");
    check_body("return again '250ms'", "{}", "{\"afterMs\":250,\"outcome\":\"again\"}");
    check_body("return again(0.3)", "{}", "{\"afterMs\":300,\"outcome\":\"again\"}");
    check_body("return again(5)", "{}", "{\"afterMs\":5000,\"outcome\":\"again\"}");
    check_fault(
        "return again()", "{}",
        "thing.lua:2: again takes a duration such as \\\"5s\\\" or a number of seconds, not a nil");
    check_fault(
        "return again 'soon'", "{}",
        "thing.lua:2: again: \\\"soon\\\" is no duration; expected one such as \\\"2s\\\" or "
        "\\\"1h30m\\\"");
    check_fault("return again(-1)", "{}", "thing.lua:2: again: -1 is no duration");
    check_fault("return again(math.huge)", "{}", "thing.lua:2: again: inf is no duration");
    check_fault("return again(0/0)", "{}", "is no duration");
}

static void retries(void)
{
    check_body("return retry()", "{}", "{\"outcome\":\"retry\"}");
    check_body("return retry '5s'", "{}", "{\"afterMs\":5000,\"outcome\":\"retry\"}");
    check_body(
        "return retry('5s', 'NotYet', 'wait for %s', t.name)", "{}",
        "{\"afterMs\":5000,\"message\":\"wait for a\",\"outcome\":\"retry\",\"reason\":\"NotYet\"}");
    check_body("return retry('NotYet', 'wait for 100%')", "{}",
               "{\"message\":\"wait for 100%\",\"outcome\":\"retry\",\"reason\":\"NotYet\"}");
    check_body("return retry 'NotYet'", "{}", "{\"outcome\":\"retry\",\"reason\":\"NotYet\"}");
    check_fault("return retry {}", "{}", "thing.lua:2: retry takes a duration such as");
    check_fault("return retry(-1)", "{}", "thing.lua:2: retry: -1 is no duration");
    check_fault("return retry('5s', 'A', '%d', 'b')", "{}",
                "thing.lua:2: bad argument #2 to 'format'");
}

static void fails(void)
{
    check_body("return fail()", "{}", "{\"outcome\":\"fail\",\"reason\":\"Failed\"}");
    check_body("return fail('Broken', 'no %s', 'way')", "{}",
               "{\"message\":\"no way\",\"outcome\":\"fail\",\"reason\":\"Broken\"}");
    check_fault("return fail('A', '%d', 'b')", "{}", "thing.lua:2: bad argument #2 to 'format'");
}

/* A reason is one word: what is a sentence is the message. */
static void takes_a_sentence_for_a_message(void)
{
    check_body("return fail 'the disk is full'", "{}",
               "{\"message\":\"the disk is full\",\"outcome\":\"fail\",\"reason\":\"Failed\"}");
    check_body("return fail('the disk %s is full', 'sda')", "{}",
               "{\"message\":\"the disk sda is full\",\"outcome\":\"fail\",\"reason\":\"Failed\"}");
    check_body("return retry('5s', 'the disk is full')", "{}",
               "{\"afterMs\":5000,\"message\":\"the disk is full\",\"outcome\":\"retry\","
               "\"reason\":\"Retrying\"}");
}

#define STATES                                                                                     \
    "return controller \"example.com/v1/Thing\" {\n"                                               \
    "  Begin = state { to = { 'Middle', 'End' }, function(t)\n    %s\n  end },\n"                  \
    "  Middle = state { to = 'End', every = '10s', function(t) t.status.count = 2 end },\n"        \
    "  Deaf = state { to = 'End' },\n"                                                             \
    "  End = state { final = true },\n"                                                            \
    "  Gone = state { teardown = true },\n"                                                        \
    "  initial = 'Begin', finalize = function(t) t.status.text = 'bye' end,\n"                     \
    "}"

static const char *run_state(struct engine_bench *bench, const char *body, const char *state)
{
    char script[4096], status[128];
    snprintf(script, sizeof script, STATES, body);
    snprintf(status, sizeof status, "{\"state\":\"%s\"}", state);
    return script_bench(bench, script)
               ? script_run_on(bench, "{}", state[0] == '\0' ? "{}" : status)
               : "";
}

static void check_state(const char *body, const char *state, const char *expected)
{
    struct engine_bench bench;
    CHECK_TEXT(run_state(&bench, body, state), expected);
    engine_bench_done(&bench);
}

static void check_state_fault(const char *body, const char *message)
{
    struct engine_bench bench;
    check_fault_in(run_state(&bench, body, "Begin"), message);
    engine_bench_done(&bench);
}

static void enters_a_state_by_its_name(void)
{
    check_state("return 'Middle'", "Begin", "{\"outcome\":\"enter\",\"state\":\"Middle\"}");
    check_state("return 'Middle'", "", "{\"outcome\":\"enter\",\"state\":\"Middle\"}");
    check_state("t.status.count = 1 return enter('End', 'AllDone', 'it took %d', 5)", "Begin",
                "{\"message\":\"it took 5\",\"outcome\":\"enter\",\"reason\":\"AllDone\","
                "\"state\":\"End\",\"status\":{\"count\":1}}");
    check_state("return 'Gone'", "Begin", "{\"outcome\":\"enter\",\"state\":\"Gone\"}");
    check_state("return 'Begin'", "Begin", "{\"outcome\":\"enter\",\"state\":\"Begin\"}");
    check_state("return t.state == 'Begin' and 'End' or nil", "Begin",
                "{\"outcome\":\"enter\",\"state\":\"End\"}");
}

static void runs_what_the_state_says(void)
{
    check_state("", "Middle", "{\"afterMs\":10000,\"outcome\":\"again\",\"status\":{\"count\":2}}");
    check_state("", "Deaf", "{\"outcome\":\"done\"}");
    check_state("", "End", "{\"outcome\":\"done\"}");
}

static void refuses_moves_that_are_not_declared(void)
{
    check_state_fault("return 'Edn'",
                      "thing.lua: state Begin: there is no move to \\\"Edn\\\"; its "
                      "`to` says Middle, End, Gone");
    check_state_fault("return 'Deaf'", "there is no move to \\\"Deaf\\\"");
    check_state_fault("return enter()", "thing.lua:3: enter takes the name of a state, not a nil");
    check_state_fault("return enter(5)",
                      "thing.lua:3: enter takes the name of a state, not a number");
    check_state_fault("t.status.state = 'End'",
                      "thing.lua:3: a state is entered by returning its name");
    check_fault("return 'End'", "{}",
                "thing.lua: the run returned \\\"End\\\", and there is no state to leave now");
}

static void says_what_a_run_returns(void)
{
    static const struct {
        const char *body, *type;
    } cases[] = {{"return 5", "number"},     {"return true", "boolean"},
                 {"return {}", "table"},     {"return print", "function"},
                 {"return t", "userdata"},   {"return again", "function"},
                 {"return false", "boolean"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[256];
        snprintf(expected, sizeof expected,
                 "thing.lua: a run returns nothing, the name of a state, or one of retry, again, "
                 "fail, enter, done; this one returned %s",
                 cases[i].type);
        check_fault(cases[i].body, "{}", expected);
    }
    check_fault("return fail {}", "{}",
                "thing.lua:2: a reason is a text such as NotReady, not a table");
    check_fault("return setmetatable({ outcome = 0 }, getmetatable(done()))", "{}",
                "bad argument #2 to 'setmetatable'");
}

/* What is not UTF-8 is told all the same: a fault must not be lost because of its text. */
static void says_what_is_no_text(void)
{
    check_body("return fail('Cut', ('\\u{e9}'):sub(1, 1) .. '|\\xff|\\0|\\u{20ac}')", "{}",
               "{\"message\":\"\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd|\xe2\x82\xac\","
               "\"outcome\":\"fail\",\"reason\":\"Cut\"}");
    check_body("event('A', 'x\\xc3') condition('Ready', false, 'B', '\\xed\\xa0\\x80')", "{}",
               "{\"conditions\":[{\"message\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
               "\"reason\":\"B\",\"status\":\"False\",\"type\":\"Ready\"}],"
               "\"events\":[{\"message\":\"x\xef\xbf\xbd\",\"reason\":\"A\",\"type\":\"Normal\"}],"
               "\"outcome\":\"done\"}");
    check_fault("error 'no \\xff'", "{}", "\"message\":\"thing.lua:2: no \xef\xbf\xbd\"");
    check_fault("error('\\xff') -- \xff", "{}", "\"message\":\"thing.lua:2: \xef\xbf\xbd\"");
}

static void tells_events_conditions_and_lines(void)
{
    struct engine_bench bench;
    CHECK_TEXT(
        script_body(&bench,
                    "event('Seen', 'it is %s', t.name) warn 'Odd' condition('Ready', true)\n"
                    "condition('Up', 'Unknown', 'Why', '%d', 5) log('a %s', 'b') print(1, nil)\n"
                    "log.warn 'w' log.debug('%d%%', 5)",
                    "{}"),
        "{\"conditions\":[{\"message\":\"\",\"reason\":\"Ready\",\"status\":\"True\",\"type\":"
        "\"Ready\"},{\"message\":\"5\",\"reason\":\"Why\",\"status\":\"Unknown\",\"type\":\"Up\"}],"
        "\"events\":[{\"message\":\"it is a\",\"reason\":\"Seen\",\"type\":\"Normal\"},"
        "{\"message\":\"\",\"reason\":\"Odd\",\"type\":\"Warning\"}],\"outcome\":\"done\"}");
    CHECK_TEXT(buffer_view(&bench.log).ptr,
               "2 here/a: a b\n2 here/a: 1\tnil\n1 here/a: w\n3 here/a: 5%\n");
    engine_bench_done(&bench);
    check_fault("event()", "{}",
                "thing.lua:2: event takes a reason and a message: event(\\\"Reason\\\"");
    check_fault("warn {}", "{}", "thing.lua:2: warn takes a reason and a message");
    check_fault("condition('Ready', 'yes')", "{}",
                "thing.lua:2: condition Ready is true, false or \\\"Unknown\\\", not \\\"yes\\\"");
    check_fault("log('%d', 'x')", "{}", "thing.lua:2: bad argument #2 to 'format'");
}

static void logs_so_much_and_no_more(void)
{
    struct engine_bench bench;
    CHECK_TEXT(script_body(&bench, "for i = 1, 200 do log('%d', i) end", "{}"),
               "{\"outcome\":\"done\"}");
    const char *lines = buffer_view(&bench.log).ptr;
    CHECK(strstr(lines, "here/a: 100\n") != NULL && strstr(lines, "here/a: 101\n") == NULL);
    CHECK(strstr(lines, "1 one run logged too much; the rest is dropped\n") != NULL);
    engine_bench_done(&bench);
}

SUITE({"returns nothing when all is done", returns_nothing_when_all_is_done},
      {"looks again after a duration", looks_again_after_a_duration}, {"retries", retries},
      {"fails", fails}, {"takes a sentence for a message", takes_a_sentence_for_a_message},
      {"enters a state by its name", enters_a_state_by_its_name},
      {"runs what the state says", runs_what_the_state_says},
      {"refuses moves that are not declared", refuses_moves_that_are_not_declared},
      {"says what a run returns", says_what_a_run_returns},
      {"says what is no text", says_what_is_no_text},
      {"tells events, conditions and lines", tells_events_conditions_and_lines},
      {"logs so much and no more", logs_so_much_and_no_more})
