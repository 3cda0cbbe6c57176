/* What is said of an error: on the object, and as an event. */
#include "scripts/fixture.h"

/* The whole script, over an empty Thing. */
static void check_script(const char *script, const char *message, const char *trace)
{
    struct engine_bench bench;
    char expected[2048];
    if (script_bench(&bench, script)) {
        snprintf(
            expected, sizeof expected,
            "{\"events\":[{\"message\":\"%s\",\"reason\":\"ScriptError\",\"type\":\"Warning\"}],"
            "\"message\":\"%s\",\"outcome\":\"retry\",\"reason\":\"ScriptError\"}",
            trace, message);
        CHECK_TEXT(script_run_on(&bench, "{}", "{}"), expected);
    }
    engine_bench_done(&bench);
}

static void tells_file_line_and_source(void)
{
    check_script("return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                 "  local vm = nil\n"
                 "  return vm.status\n"
                 "end }",
                 "thing.lua:3: attempt to index a nil value (local 'vm')",
                 "thing.lua:3: attempt to index a nil value (local 'vm')\\n"
                 "     2 |   local vm = nil\\n"
                 ">    3 |   return vm.status");
}

static void tells_who_called(void)
{
    check_script("local function inner(t)\n"
                 "  error \"no\"\n"
                 "end\n"
                 "local function outer(t)\n"
                 "  inner(t)\n"
                 "  return 1\n"
                 "end\n"
                 "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                 "  outer(t)\n"
                 "end }",
                 "thing.lua:2: no",
                 "thing.lua:2: no\\n"
                 "     1 | local function inner(t)\\n"
                 ">    2 |   error \\\"no\\\"\\n"
                 "  called from thing.lua:5, in outer\\n"
                 "  called from thing.lua:9");
}

/* Where an error was caught and raised again, the line is still that of the error. */
static void shows_the_line_of_an_error_that_was_passed_on(void)
{
    check_script("return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                 "  local good, why = pcall(function()\n"
                 "    error \"no\"\n"
                 "  end)\n"
                 "  error(why, 0)\n"
                 "end }",
                 "thing.lua:3: no",
                 "thing.lua:3: no\\n"
                 "     2 |   local good, why = pcall(function()\\n"
                 ">    3 |     error \\\"no\\\"\\n"
                 "  called from thing.lua:5");
    check_script("return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                 "  coroutine.wrap(function()\n"
                 "    error \"no\"\n"
                 "  end)()\n"
                 "end }",
                 "thing.lua:3: no",
                 "thing.lua:3: no\\n"
                 "     2 |   coroutine.wrap(function()\\n"
                 ">    3 |     error \\\"no\\\"\\n"
                 "  called from thing.lua:2");
}

/* The prelude is nobody's business: the line is the script's that called it. */
static void tells_the_caller_of_a_word(void)
{
    check_script(
        "local function wait()\n"
        "  return again \"soon\"\n"
        "end\n"
        "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
        "  local outcome = wait()\n"
        "  return outcome\n"
        "end }",
        "thing.lua:2: again: \\\"soon\\\" is no duration; expected one such as \\\"2s\\\" or "
        "\\\"1h30m\\\"",
        "thing.lua:2: again: \\\"soon\\\" is no duration; expected one such as \\\"2s\\\" or "
        "\\\"1h30m\\\"\\n"
        "     1 | local function wait()\\n"
        ">    2 |   return again \\\"soon\\\"\\n"
        "  called from thing.lua:5");
}

static void takes_any_value_as_an_error(void)
{
    check_fault("error()", "{}", "\"message\":\"thing.lua:2: an error that is nil\"");
    check_fault("error { code = 1 }", "{}",
                "\"message\":\"thing.lua:2: an error that is a table: table: 0x");
    check_fault("error(setmetatable({}, { __tostring = function() return 'mine' end }))", "{}",
                "\"message\":\"thing.lua:2: an error that is a table: mine\"");
    check_fault("error(setmetatable({}, { __tostring = function() error 'again' end }))", "{}",
                "\"message\":\"thing.lua:2: an error that is a table: and its __tostring failed\"");
    check_fault("error(setmetatable({}, { __tostring = function() return {} end }))", "{}",
                "\"message\":\"thing.lua:2: an error that is a table: and its __tostring failed\"");
    check_fault(
        "local e = setmetatable({}, {}) getmetatable(e).__tostring = function() error(e) end "
        "error(e)",
        "{}", "an error that is a table: and its __tostring failed");
    check_fault("error(true)", "{}", "an error that is a boolean: true");
    check_fault("error(t)", "{}", "an error that is a userdata: Thing here/a");
    check_fault("error(5)", "{}", "an error that is a number: 5");
}

static void handles_errors_in_handlers(void)
{
    check_status(
        "local ok, why = xpcall(function() error 'a' end, function(m) return m .. '!' end) "
        "t.status.text = tostring(ok) .. why",
        "{}", "{\"text\":\"falsething.lua:2: a!\"}");
    check_status("local ok, why = xpcall(function() error 'a' end, function(m) error 'b' end) "
                 "t.status.text = tostring(ok) .. why",
                 "{}", "{\"text\":\"falsething.lua:2: b\"}");
    check_status("local ok, why = xpcall(function(a, b) return a + b end, print, 1, 2) "
                 "t.status.text = tostring(ok) .. why",
                 "{}", "{\"text\":\"true3\"}");
    check_status("local ok, why = xpcall(function() sleep '1s' error 'a' end, "
                 "function(m) sleep '1s' return m end) t.status.text = tostring(ok) .. why",
                 "{}", "{\"text\":\"falsething.lua:2: a\"}");
    check_fault("xpcall(print)", "{}", "bad argument #2 to 'xpcall'");
    check_fault("pcall()", "{}", "bad argument #1 to 'pcall'");
}

/* An error costs what the run wrote, and nothing else. */
static void drops_what_a_faulty_run_wrote(void)
{
    struct engine_bench bench;
    if (script_bench(&bench,
                     "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                     "t.status.count = 1 event('Seen', 'it') "
                     "apply { kind = 'Thing', name = 'b' }\n\n"
                     "if t.spec.on then error 'no' end end }")) {
        const char *result = script_run_on(&bench, "{\"on\":true}", "{}");
        check_fault_in(result, "thing.lua:4: no");
        CHECK(strstr(result, "Seen") == NULL && strstr(result, "count\"") == NULL &&
              strstr(result, "writes") == NULL);
        CHECK(strstr(script_run_on(&bench, "{}", "{}"), "\"count\":1") != NULL);
    }
    engine_bench_done(&bench);
}

static void says_where_something_deep_went_wrong(void)
{
    check_fault("local function f(...) return 1 + f(...) end f(table.unpack({}, 1, 200))", "{}",
                "thing.lua:2: stack overflow");
    check_fault("local function f() return pcall(f) end return t.spec.nmae or f()", "{}",
                "no field \\\"nmae\\\"");
    check_fault("return ('x'):rep(10, 5, 6, {}) .. nil", "{}",
                "attempt to concatenate a nil value");
    check_fault("string.rep()", "{}", "bad argument #1 to 'rep' (string expected, got no value)");
    check_fault("t.spec.name:upper()", "{}", "attempt to index a nil value (field 'name')");
}

/* --- what cannot be loaded --------------------------------------------------------------------- */

static void check_refusal(const char *script, const char *expected)
{
    struct engine_bench bench;
    struct error err;
    const char *path = script_file("thing.lua", script);
    CHECK_TEXT(engine_bench_refusal_as(&bench, path, "thing.lua", &err), expected);
    unlink(path);
}

static void points_at_a_syntax_error(void)
{
    check_refusal("local a = 1\nlocal b = end\n", "thing.lua:2: unexpected symbol near 'end'\n"
                                                  "   2 | local b = end\n"
                                                  "     |           ^");
    check_refusal("local a = = 1", "thing.lua:1: unexpected symbol near '='\n"
                                   "   1 | local a = = 1\n"
                                   "     |           ^");
    check_refusal("local text = 'not closed\n",
                  "thing.lua:1: unfinished string near ''not closed'\n"
                  "   1 | local text = 'not closed\n"
                  "     |              ^");
    check_refusal("if true then\n\n",
                  "thing.lua:3: 'end' expected (to close 'if' at line 1) near <eof>");
    check_refusal("x = 'a'..", "thing.lua:1: unexpected symbol near <eof>\n   1 | x = 'a'..");
    check_refusal("\tlocal \"\xc3\xa9\" = 1", "thing.lua:1: <name> expected near '\"\xc3\xa9\"'\n"
                                              "   1 | \tlocal \"\xc3\xa9\" = 1\n"
                                              "     | \t      ^");
    char script[1200], expected[800], text[701];
    memset(text, 'x', 700);
    text[700] = '\0';
    snprintf(script, sizeof script, "local a = '%s\n", text);
    snprintf(
        expected, sizeof expected,
        "thing.lua:1: unfinished string near ''%.234s\n   1 | local a = '%.89s\n     |           ^",
        text, text);
    check_refusal(script, expected);
    snprintf(script, sizeof script, "local %.150s = = 1", text);
    snprintf(expected, sizeof expected,
             "thing.lua:1: unexpected symbol near '='\n   1 | local %.94s", text);
    check_refusal(script, expected);
    check_refusal("goto there", "thing.lua:1: no visible label 'there' for <goto> at line 1\n"
                                "   1 | goto there");
    check_refusal("local a = 0x", "thing.lua:1: malformed number near '0x'\n"
                                  "   1 | local a = 0x\n"
                                  "     |           ^");
}

static void tells_an_error_of_the_script_itself(void)
{
    check_refusal("local a = {}\nlocal b = a.b.c\n",
                  "thing.lua:2: attempt to index a nil value (field 'b')\n   2 | local b = a.b.c");
    check_refusal("error(setmetatable({}, { __tostring = function() return 'mine' end }))",
                  "thing.lua:1: an error that is a table: mine\n"
                  "   1 | error(setmetatable({}, { __tostring = function() return 'mine' end }))");
    check_refusal("while true do end",
                  "thing.lua:1: ran for more than 500 ms without a wait\n   1 | while true do end");
    check_refusal("\xef\xbb\xbfreturn",
                  "thing.lua begins with a byte order mark; save it as UTF-8 without one");
    check_refusal("\x1bLua", "thing.lua holds compiled Lua; scripts are source text");
}

SUITE({"tells file, line and source", tells_file_line_and_source},
      {"tells who called", tells_who_called},
      {"shows the line of an error that was passed on",
       shows_the_line_of_an_error_that_was_passed_on},
      {"tells the caller of a word", tells_the_caller_of_a_word},
      {"takes any value as an error", takes_any_value_as_an_error},
      {"handles errors in handlers", handles_errors_in_handlers},
      {"drops what a faulty run wrote", drops_what_a_faulty_run_wrote},
      {"says where something deep went wrong", says_where_something_deep_went_wrong},
      {"points at a syntax error", points_at_a_syntax_error},
      {"tells an error of the script itself", tells_an_error_of_the_script_itself})
