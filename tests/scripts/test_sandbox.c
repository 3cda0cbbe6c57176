/* What a script has, and nothing else. */
#include "base/alloc.h"
#include "scripts/fixture.h"

/* Of all names that any Lua has had, those that scripts find. */
static void has_these_globals(void)
{
    check_status(
        "local all = {}\n"
        "for name in ([[_G _ENV _VERSION _PROMPT arg assert bit32 collectgarbage coroutine "
        "debug dofile error ffi gcinfo getfenv getmetatable io ipairs jit load loadfile "
        "loadlib loadstring math module newproxy next os package pairs pcall print rawequal "
        "rawget rawlen rawset require select setfenv setmetatable string table tonumber "
        "tostring type unpack utf8 warn xpcall host]]):gmatch '%S+' do\n"
        "if pcall(function() return _ENV[name] end) then all[#all + 1] = name end end\n"
        "t.status.text = table.concat(all, ' ')",
        "{}",
        "{\"text\":\"assert coroutine error getmetatable ipairs math next pairs pcall print "
        "rawequal rawget rawlen select setmetatable string table tonumber tostring type utf8 "
        "warn xpcall\"}");
}

static void has_these_functions(void)
{
    static const struct {
        const char *library, *names;
    } cases[] = {
        {"coroutine", "close create isyieldable resume running status wrap yield"},
        {"http", "delete get head patch post put request"},
        {"json", "decode encode"},
        {"log", "debug error info warn"},
        {"metrics", "count observe set"},
        {"math", "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min "
                 "mininteger modf pi rad random sin sqrt tan tointeger type ult"},
        {"string",
         "byte char find format gmatch gsub len lower match pack packsize rep reverse sub "
         "unpack upper"},
        {"table", "concat insert move pack remove sort unpack"},
        {"utf8", "char charpattern codepoint codes len offset"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char body[512], status[512];
        snprintf(body, sizeof body,
                 "local all = {} for name in pairs(%s) do all[#all + 1] = name end "
                 "table.sort(all) t.status.text = table.concat(all, ' ')",
                 cases[i].library);
        snprintf(status, sizeof status, "{\"text\":\"%s\"}", cases[i].names);
        check_status(body, "{}", status);
    }
}

static void says_what_there_is_instead(void)
{
    check_fault(
        "os.time()", "{}",
        "thing.lua:2: unknown global \\\"os\\\": now(), timestamp() and exec {} are what scripts "
        "have instead");
    check_fault("io.open 'x'", "{}", "unknown global \\\"io\\\": scripts reach no files");
    check_fault("load 'x'", "{}", "unknown global \\\"load\\\": scripts make no code");
    check_fault("require 'x'", "{}", "unknown global \\\"require\\\": scripts stand alone");
    check_fault("debug.traceback()", "{}",
                "unknown global \\\"debug\\\": tracebacks come by themselves");
    check_fault("return rtery '5s'", "{}",
                "thing.lua:2: unknown global \\\"rtery\\\", did you mean \\\"retry\\\"?");
    check_fault("string.dump(print)", "{}", "attempt to call a nil value (field 'dump')");
    check_fault("return _ENV[{}]", "{}", "unknown global \\\"table: 0x");
}

static void sets_no_globals(void)
{
    static const char *const bodies[] = {
        "x = 1",
        "_ENV.x = 1",
        "string = nil",
        "function x() end",
        "table.insert(_ENV, 'x')",
        "table.move({ 1 }, 1, 1, 1, _ENV)",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        check_fault(bodies[i], "{}", "cannot be set; say `local");
    }
    check_fault("setmetatable(_ENV, nil)", "{}", "cannot change a protected metatable");
    check_status("t.status.text = tostring(getmetatable(_ENV)) .. tostring(next(_ENV)) "
                 ".. tostring(rawget(_ENV, 'string'))",
                 "{}", "{\"text\":\"falsenilnil\"}");
    check_status("local _ENV = { t = t } x = 'mine' t.status.text = x", "{}",
                 "{\"text\":\"mine\"}");
}

static void changes_no_library(void)
{
    static const char *const bodies[] = {"string.format = nil",      "math.huge = 0",
                                         "table.sort = print",       "http.get = print",
                                         "json.decode = print",      "log.warn = print",
                                         "coroutine.wrap = print",   "function string.trim(s) end",
                                         "table.insert(string, 'x')"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        check_fault(bodies[i], "{}", "cannot be changed; keep what is yours in a local");
    }
    check_status("t.status.text = tostring(getmetatable '') .. tostring(getmetatable(string)) "
                 ".. tostring(getmetatable(array {})) .. tostring(getmetatable(done())) "
                 ".. tostring(getmetatable(log)) .. tostring(getmetatable(t.spec))",
                 "{}", "{\"text\":\"falsefalsefalsefalsefalsefalse\"}");
    check_fault("local _, behind = pairs(string) behind.format = nil", "{}",
                "attempt to index a nil value");
    check_fault("setmetatable('', {})", "{}", "bad argument #1 to 'setmetatable'");
    check_fault("('').x = 1", "{}", "attempt to index a string value");
    check_fault("setmetatable(array {}, nil)", "{}", "cannot change a protected metatable");
    check_fault("setmetatable({}, { __gc = true })", "{}", "__gc is not given to scripts");
}

/* What is in a local of the file is the script's, from run to run; what is in another script is not. */
static void keeps_its_own_state(void)
{
    static const char script[] =
        "local count = 0\n"
        "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
        "count = count + 1 t.status.count = count end }";
    struct engine_bench one, other;
    if (script_bench(&one, script) && script_bench(&other, script)) {
        CHECK(strstr(script_run_on(&one, "{}", "{}"), "\"count\":1") != NULL);
        CHECK(strstr(script_run_on(&one, "{}", "{}"), "\"count\":2") != NULL);
        CHECK(strstr(script_run_on(&other, "{}", "{}"), "\"count\":1") != NULL);
    }
    engine_bench_done(&one);
    engine_bench_done(&other);
}

static void works_as_the_manual_says(void)
{
    check_status("local l = { 1, 2, 3 } table.insert(l, 2, 9) local r = table.remove(l, 1) "
                 "t.status.text = table.concat(l, ',') .. r .. table.remove(l) .. #l "
                 ".. tostring(table.remove({}))",
                 "{}", "{\"text\":\"9,2,3132nil\"}");
    check_status("local m = table.move({ 1, 2, 3 }, 2, 3, 1) local n = table.move(m, 1, 3, 2) "
                 "t.status.text = table.concat(table.move({ 1, 2 }, 1, 2, 3, { 8, 9 }), ',') "
                 ".. table.concat(n, ',')",
                 "{}", "{\"text\":\"8,9,1,22,2,3,3\"}");
    check_status(
        "t.status.text = ('ab'):rep(3) .. ('a'):rep(3, '-') .. ('a'):rep(0) .. ('a'):rep(-1) "
        ".. (''):rep(5) .. (''):rep(3, '.') .. ('x'):rep(2)",
        "{}", "{\"text\":\"abababa-a-a..xx\"}");
    check_fault("table.insert({}, 5, 1)", "{}",
                "bad argument #2 to 'insert' (position out of bounds)");
    check_fault("table.insert({}, 1, 2, 3)", "{}", "wrong number of arguments to 'insert'");
    check_fault("table.remove({}, 5)", "{}",
                "bad argument #2 to 'remove' (position out of bounds)");
    check_status("local ok, a, b = pcall(function(...) return ... end, 1, nil) "
                 "t.status.text = tostring(ok) .. a .. tostring(b) .. select('#', pcall(error))",
                 "{}", "{\"text\":\"true1nil2\"}");
    check_status("local co = coroutine.create(function() error 'x' end) "
                 "local ok, why = coroutine.resume(co) local again, dead = coroutine.resume(co) "
                 "t.status.text = tostring(ok) .. why .. tostring(again) .. dead",
                 "{}", "{\"text\":\"falsething.lua:2: xfalsecannot resume dead coroutine\"}");
    check_status("local co co = coroutine.create(function() return coroutine.resume(co) end) "
                 "local _, ok, why = coroutine.resume(co) t.status.text = tostring(ok) .. why",
                 "{}", "{\"text\":\"falsecannot resume non-suspended coroutine\"}");
    check_status(
        "local co = coroutine.wrap(function() return coroutine.isyieldable(), "
        "select(2, coroutine.running()) end) local a, b = co() t.status.text = tostring(a) "
        ".. tostring(b) .. tostring(coroutine.isyieldable()) "
        ".. tostring(select(2, coroutine.running()))",
        "{}", "{\"text\":\"truefalsefalsetrue\"}");
    check_status("local closed = '' local co = coroutine.create(function() local x <close> = "
                 "setmetatable({}, { __close = function() closed = 'closed' end }) "
                 "coroutine.yield() end) coroutine.resume(co) "
                 "t.status.text = tostring(coroutine.close(co)) .. closed .. coroutine.status(co)",
                 "{}", "{\"text\":\"truecloseddead\"}");
    check_status(
        "local main = coroutine.running() t.status.tags = { "
        "select(2, coroutine.wrap(function() return coroutine.resume(main) end)()), "
        "select(2, pcall(coroutine.close, main)), "
        "select(2, coroutine.wrap(function() return pcall(coroutine.close, main) end)()) }",
        "{}",
        "{\"tags\":[\"cannot resume non-suspended coroutine\",\"cannot close a running "
        "coroutine\",\"cannot close a normal coroutine\"]}");
    check_status(
        "local f f = coroutine.wrap(function() local x <close> = setmetatable({}, { __close = "
        "function() t.status.count = 1 end }) return select(2, pcall(f)) end) "
        "t.status.text = f()",
        "{}", "{\"count\":1,\"text\":\"cannot resume non-suspended coroutine\"}");
}

/* The host's bits: the same again in a test. */
static void draws_the_numbers_of_the_host(void)
{
    check_status(
        "t.status.text = math.random(10) .. ' ' .. math.random(5, 6) .. ' ' .. math.random(0)",
        "{}", "{\"text\":\"1 6 2\"}");
    check_status("local r = math.random() t.status.text = tostring(r >= 0 and r < 1) "
                 ".. tostring(pcall(math.random, math.mininteger, math.maxinteger))",
                 "{}", "{\"text\":\"truetrue\"}");
    check_fault("math.random(2, 1)", "{}", "interval is empty");
    check_fault("math.random(1, 2, 3)", "{}", "wrong number of arguments");
}

SUITE({"has these globals", has_these_globals}, {"has these functions", has_these_functions},
      {"says what there is instead", says_what_there_is_instead},
      {"sets no globals", sets_no_globals}, {"changes no library", changes_no_library},
      {"keeps its own state", keeps_its_own_state},
      {"works as the manual says", works_as_the_manual_says},
      {"draws the numbers of the host", draws_the_numbers_of_the_host})
