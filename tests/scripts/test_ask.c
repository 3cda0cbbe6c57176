/* What waits: what is asked, what comes back, and where in a script a wait may stand. */
#include "base/list.h"
#include "scripts/fixture.h"

#define OTHER                                                                                      \
    "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"b\"},"         \
    "\"spec\":{\"name\":\"other\",\"size\":3}}"

struct asking {
    const char *body, *answer, *problem;
    const char *questions; /* NULL: any */
    const char *result;    /* NULL: that of a fault ... */
    const char *fault;     /* ... which says this */
};

static void check_asking(const struct asking *asking)
{
    static const enum bench_answers ways[] = {BENCH_AT_ONCE, BENCH_LATER};
    char script[4096];
    snprintf(script, sizeof script,
             "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n%s\nend }",
             asking->body);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct engine_bench bench;
        if (!script_bench(&bench, script)) {
            return;
        }
        bench.answers = ways[i];
        bench.answer = asking->answer == NULL ? "{}" : asking->answer;
        bench.problem = asking->problem;
        const char *result = script_run_on(&bench, "{\"name\":\"x\"}", "{}");
        if (asking->result != NULL) {
            CHECK_TEXT(result, asking->result);
        } else {
            check_fault_in(result, asking->fault);
        }
        if (asking->questions != NULL) {
            CHECK_TEXT(buffer_view(&bench.questions).ptr, asking->questions);
        }
        engine_bench_done(&bench);
    }
}

/* The body waits somewhere, and goes on. */
static void check_waits(const char *body, const char *status)
{
    char result[512];
    snprintf(result, sizeof result, "{\"outcome\":\"done\",\"status\":%s}", status);
    check_asking(&(struct asking){.body = body, .answer = OTHER, .result = result});
}

static void gets_objects(void)
{
    check_asking(&(struct asking){
        .body = "local o = get('things', 'b') t.status.text = o.spec.name .. o.name",
        .answer = OTHER,
        .questions =
            "{\"fetch\":{\"kind\":\"example.com/v1/Thing\",\"name\":\"b\",\"namespace\":\"\"}}\n",
        .result = "{\"outcome\":\"done\",\"status\":{\"text\":\"otherb\"}}"});
    check_asking(&(struct asking){
        .body = "t.status.text = tostring(get('Thing', 'b', 'there'))",
        .answer = "null",
        .questions =
            "{\"fetch\":{\"kind\":\"example.com/v1/Thing\",\"name\":\"b\",\"namespace\":\"there\"}}\n",
        .result = "{\"outcome\":\"done\",\"status\":{\"text\":\"nil\"}}"});
    check_asking(&(struct asking){.body = "return get('Thing', 'b')",
                                  .problem = "the host is tired",
                                  .fault = "\"message\":\"thing.lua:2: the host is tired\""});
    check_asking(&(struct asking){
        .body = "local ok, why = pcall(get, 'Thing', 'b') t.status.text = tostring(ok) .. why",
        .problem = "the host is tired",
        .result = "{\"outcome\":\"done\",\"status\":{\"text\":\"falsethe host is tired\"}}"});
    check_fault("get('Thing')", "{}",
                "thing.lua:2: bad argument #2 to 'get' (string expected, got no");
    check_fault("get(nil, 'a')", "{}",
                "thing.lua:2: bad argument #1 to 'get' (string expected, got nil)");
    check_fault("return get('Thing', 'b').spec.nmae", "{}", "attempt to index a nil value");
}

static void lists_objects(void)
{
    check_asking(&(struct asking){
        .body = "local all = list('Thing', { labels = 'a=b', namespace = 'n' })\n"
                "local n = 0 for _, o in ipairs(all) do n = n + o.spec.size end\n"
                "t.status.count = n t.status.text = tostring(#all)",
        .answer = "[" OTHER "," OTHER "]",
        .questions = "{\"select\":{\"kind\":\"example.com/v1/Thing\",\"labels\":\"a=b\","
                     "\"namespace\":\"n\"}}\n",
        .result = "{\"outcome\":\"done\",\"status\":{\"count\":6,\"text\":\"2\"}}"});
    check_asking(&(struct asking){.body = "t.status.count = #list 'Thing'",
                                  .answer = "[]",
                                  .result = "{\"outcome\":\"done\",\"status\":{\"count\":0}}"});
    check_asking(&(struct asking){.body = "for _, o in ipairs(list 'Thing') do o.spec.size = 1 end",
                                  .answer = "[" OTHER "]",
                                  .fault = "thing.lua:2: Thing.spec cannot be written"});
    check_fault("list('Thing', { label = 'a=b' })", "{}",
                "thing.lua:2: unknown key \\\"label\\\" in list, did you mean \\\"labels\\\"?");
    check_fault("list('Thing', 'a=b')", "{}", "list: the options are a table, not a string");
}

static void applies_and_deletes_objects(void)
{
    check_body("apply { kind = 'Thing', name = 'b', labels = { app = 'x' }, "
               "spec = { size = 2, tags = {} } }",
               "{}",
               "{\"outcome\":\"done\",\"writes\":[{\"object\":{\"apiVersion\":\"example.com/v1\","
               "\"kind\":\"Thing\",\"metadata\":{\"labels\":{\"app\":\"x\"},\"name\":\"b\"},"
               "\"spec\":{\"size\":2,\"tags\":[]}},\"verb\":\"apply\"}]}");
    check_body("apply { apiVersion = 'example.com/v1', kind = 'Thing', metadata = { name = 'b' }, "
               "owner = false, spec = t.spec }",
               "{\"size\":7}",
               "{\"outcome\":\"done\",\"writes\":[{\"object\":{\"apiVersion\":\"example.com/v1\","
               "\"kind\":\"Thing\",\"metadata\":{\"name\":\"b\",\"ownerReferences\":[]},"
               "\"spec\":{\"size\":7}},\"verb\":\"apply\"}]}");
    check_body(
        "delete('things', 'b') delete(t)", "{}",
        "{\"outcome\":\"done\",\"writes\":["
        "{\"kind\":\"example.com/v1/Thing\",\"name\":\"b\",\"namespace\":\"\",\"verb\":\"remove\"},"
        "{\"kind\":\"example.com/v1/Thing\",\"name\":\"a\",\"namespace\":\"here\",\"verb\":\"remove\"}]}");
    for (int i = 0; i < 10; i++) { /* in whatever order the fields come */
        check_body(
            "apply { kind = 'Thing', name = 'b', labels = { a = 'b' }, "
            "metadata = { name = 'c', annotations = { d = 'e' } } }",
            "{}",
            "{\"outcome\":\"done\",\"writes\":[{\"object\":{\"apiVersion\":\"example.com/v1\","
            "\"kind\":\"Thing\",\"metadata\":{\"annotations\":{\"d\":\"e\"},\"labels\":{\"a\":"
            "\"b\"},\"name\":\"b\"}},\"verb\":\"apply\"}]}");
    }
    check_fault("apply { name = 'b' }", "{}", "thing.lua:2: apply: the object has no `kind`");
    check_fault("apply { kind = 'Thing' }", "{}", "thing.lua:2: apply: the object has no `name`");
    check_fault("apply { kind = 'Thing', name = 'b', spec = { sise = 1 } }", "{}",
                "no field \\\"sise\\\" in Thing.spec; did you mean \\\"size\\\"?");
    check_fault("apply { kind = 'Thing', name = 'b', sepc = {} }", "{}",
                "no field \\\"sepc\\\" in Thing; did you mean \\\"spec\\\"?");
    check_fault("apply { kind = 'Thing', name = 'b', status = { count = 1 } }", "{}",
                "apply writes no status: that is for the controller of Thing");
    check_fault("apply { kind = 'Thing', name = 'b', 'c' }", "{}",
                "apply: a field's name is a text, not number");
    check_fault("apply { kind = 'Thing', name = 5 }", "{}",
                "Thing.metadata.name is a text, not number");
    check_fault("apply 'b'", "{}", "bad argument #1 to 'apply' (table expected, got string)");
    check_fault("delete()", "{}", "delete takes an object, or a kind and a name");
    check_fault("delete { kind = 'Thing' }", "{}", "delete takes an object, or a kind and a name");
}

static void asks_the_outside(void)
{
    check_asking(
        &(struct asking){.body = "sleep '1m30s' pcall(sleep, 0.3)",
                         .questions = "{\"sleep\":{\"ms\":90000}}\n{\"sleep\":{\"ms\":300}}\n",
                         .result = "{\"outcome\":\"done\"}"});
    check_asking(&(struct asking){
        .body = "local r = exec { 'ls', 5, env = { A = 'b' }, timeout = '1s', name = 'once' }\n"
                "t.status.text = r.out .. tostring(r.ok) .. tostring(r.code)",
        .answer = "{\"ok\":true,\"code\":0,\"out\":\"x\",\"err\":\"\"}",
        .questions = "{\"exec\":{\"argv\":[\"ls\",\"5\"],\"env\":{\"A\":\"b\"},\"name\":\"once\","
                     "\"timeoutMs\":1000}} after {}\n",
        .result = "{\"outcome\":\"done\",\"status\":{\"text\":\"xtrue0\"}}"});
    check_asking(&(struct asking){
        .body = "local r = http.post('http://x/', { json = { a = 1 }, headers = { h = 5 } })\n"
                "t.status.count = r:json().n t.status.text = tostring(r.status)",
        .answer = "{\"ok\":true,\"status\":200,\"headers\":{},\"body\":\"{\\\"n\\\":4}\"}",
        .questions =
            "{\"http\":{\"body\":\"{\\\"a\\\":1}\",\"headers\":{\"content-type\":"
            "\"application/json\",\"h\":\"5\"},\"method\":\"POST\",\"url\":\"http://x/\"}}\n",
        .result = "{\"outcome\":\"done\",\"status\":{\"count\":4,\"text\":\"200\"}}"});
    check_asking(&(struct asking){
        .body = "local r = http.get 'http://x/' local v, why = r:json() t.status.text = "
                "tostring(v) .. why",
        .answer = "{\"ok\":true,\"status\":200,\"headers\":{},\"body\":\"<p>\"}",
        .result = "{\"outcome\":\"done\",\"status\":{\"text\":\"nilnot JSON\"}}"});
    check_fault("sleep 'soon'", "{}", "thing.lua:2: sleep: \\\"soon\\\" is no duration");
    check_fault("local s = sleep s(-1)", "{}", "thing.lua:2: sleep: -1 is no duration");
    check_fault("local s = sleep s(0/0)", "{}", "is no duration");
    check_fault("local s = sleep s()", "{}", "thing.lua:2: sleep takes a duration such as");
    check_fault("return exec 'ls'", "{}",
                "thing.lua:2: exec takes a table: exec { \\\"program\\\"");
    check_fault("exec { 'ls', timeuot = 5 }", "{}",
                "thing.lua:2: unknown key \\\"timeuot\\\" in exec, did you mean \\\"timeout\\\"?");
    check_fault("exec { 'ls', env = 'A=b' }", "{}",
                "thing.lua:2: exec: env is a table, not a string");
    check_fault("exec { 'ls', { 'a' } }", "{}", "thing.lua:2: exec: argument 2 is a table");
    check_fault("exec { timeout = 1 }", "{}", "thing.lua:2: exec: there is no program to run");
    check_fault("return http.get()", "{}", "thing.lua:2: http: there is no url");
    check_fault("return http.get('http://x/', { bdy = '' })", "{}",
                "thing.lua:2: unknown key \\\"bdy\\\" in http, did you mean \\\"body\\\"?");
    check_fault("return http.get('http://x/', 5)", "{}",
                "http: the options are a table, not a number");
    check_fault("return http.request 'x'", "{}", "thing.lua:2: http.request takes a table");
}

static void waits_inside_standard_functions(void)
{
    check_waits("local ok, o = pcall(get, 'Thing', 'b') t.status.text = o.spec.name",
                "{\"text\":\"other\"}");
    check_waits("local ok, ok2, name = pcall(pcall, function() sleep '1s' "
                "return get('Thing', 'b').spec.name end) t.status.text = name",
                "{\"text\":\"other\"}");
    check_waits(
        "local ok, why = pcall(function() sleep '1s' error('no', 0) end) t.status.text = why",
        "{\"text\":\"no\"}");
    check_waits("local function each() local n = 0 return function() n = n + 1 sleep '1s' "
                "if n <= 3 then return n end end end\n"
                "local sum = 0 for n in each() do sum = sum + n end t.status.count = sum",
                "{\"count\":6}");
    check_waits("local names = coroutine.wrap(function() for i = 1, 3 do "
                "coroutine.yield(get('Thing', 'b').spec.name .. i) end end)\n"
                "t.status.text = names() .. names() .. names()",
                "{\"text\":\"other1other2other3\"}");
    check_waits(
        "local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) sleep '1s' "
        "return b + 1 end)\n"
        "local _, one = coroutine.resume(co, 1) local _, two = coroutine.resume(co, 5)\n"
        "t.status.text = one .. two .. coroutine.status(co)",
        "{\"text\":\"26dead\"}");
    check_waits("local co = coroutine.wrap(function() coroutine.wrap(function() sleep '1s' end)() "
                "coroutine.yield(5) end) t.status.count = co()",
                "{\"count\":5}");
    check_waits("do local x <close> = setmetatable({}, { __close = function() sleep '1s' "
                "t.status.text = 'closed' end }) end",
                "{\"text\":\"closed\"}");
}

static void waits_inside_metamethods(void)
{
    check_waits("local o = setmetatable({}, { __index = function(_, k) sleep '1s' return k end, "
                "__add = function() sleep '1s' return '+' end, "
                "__concat = function() sleep '1s' return '..' end, "
                "__call = function(_, a) sleep '1s' return a end, "
                "__len = function() sleep '1s' return '#' end, "
                "__unm = function() sleep '1s' return '-' end, "
                "__lt = function() sleep '1s' return true end, "
                "__eq = function() sleep '1s' return true end })\n"
                "local p = setmetatable({}, getmetatable(o))\n"
                "t.status.text = o.key .. (o + p) .. (o .. p) .. o('()') .. #o .. -o "
                ".. tostring(o < p) .. tostring(o == p)",
                "{\"text\":\"key+..()#-truetrue\"}");
    check_waits("local o = setmetatable({}, { __newindex = function(_, k, v) sleep '1s' "
                "t.status.text = k .. v end }) o.a = 'b'",
                "{\"text\":\"ab\"}");
    check_waits("local o = setmetatable({}, { __pairs = function() return function(_, k) "
                "sleep '1s' if not k then return 1, 2 end end end }) "
                "for k, v in pairs(o) do t.status.count = k + v end",
                "{\"count\":3}");
}

/* Said where it is not possible, and then nothing was asked. */
static void says_where_it_cannot_wait(void)
{
    static const char *const bodies[] = {
        "table.sort({ 3, 1, 2 }, function(a, b) sleep '1s' return a < b end)",
        "('abc'):gsub('.', function(c) sleep '1s' end)",
        "tostring(setmetatable({}, { __tostring = function() sleep '1s' return '' end }))",
        "table.concat(setmetatable({}, { __len = function() return 1 end, "
        "__index = function() sleep '1s' return '' end }))",
        "table.sort({ 2, 1 }, function(a, b) coroutine.wrap(function() sleep '1s' end)() "
        "return a < b end)",
        "table.sort({ 2, 1 }, function(a, b) coroutine.wrap(function() "
        "coroutine.wrap(function() sleep '1s' end)() end)() return a < b end)",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, "
        "{ __close = function() sleep '1s' end }) coroutine.yield() end) coroutine.resume(co) "
        "local ok, why = coroutine.close(co) error(why, 0)",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        check_asking(&(struct asking){
            .body = bodies[i], .questions = "", .fault = "thing.lua:2: cannot wait here: inside"});
    }
    check_waits(
        "table.sort({ 2, 1 }, function(a, b) pcall(sleep, '1s') return a < b end) sleep '1s' "
        "t.status.text = 'on'",
        "{\"text\":\"on\"}");
    check_fault("coroutine.yield()", "{}",
                "coroutine.yield outside of a coroutine that the script made");
}

static void says_what_is_not_there_while_it_is_loaded(void)
{
    static const char *const words[] = {
        "get('Thing', 'a')",   "list 'Thing'",
        "sleep '1s'",          "exec { 'ls' }",
        "http.get 'x'",        "now()",
        "event('A', 'b')",     "log 'x'",
        "print 'x'",           "math.random()",
        "timestamp()",         "condition('A', true)",
        "json.decode '{}'",    "apply { kind = 'Thing', name = 'a' }",
        "delete('Thing', 'a')"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct engine_bench bench;
        struct error err;
        char script[256];
        snprintf(script, sizeof script, "local a = 1\n%s\nreturn {}", words[i]);
        const char *path = script_file("thing.lua", script);
        const char *said = engine_bench_refusal_as(&bench, path, "thing.lua", &err);
        if (!CHECK(strncmp(said, "thing.lua:2: ", 13) == 0 &&
                   strstr(said, "is not there while the script is loaded") != NULL)) {
            printf("%s: %s\n", words[i], said);
        }
        unlink(path);
    }
}

/* --- many, and too many -------------------------------------------------------------------------- */

static void start(struct engine_bench *bench, uint64_t id)
{
    engine_start(bench->engine,
                 &(struct engine_call){
                     .id = id,
                     .controller = TEXT("thing"),
                     .object = TEXT("{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\","
                                    "\"metadata\":{\"name\":\"a\"},\"spec\":{},\"status\":{}}"),
                     .slice_ms = 1000});
}

static void answer(struct engine_bench *bench, uint64_t id, uint32_t ask)
{
    engine_answer(bench->engine,
                  &(struct engine_answer){.call = id, .ask = ask, .bytes = TEXT("{}")});
}

/* Begun in a row, answered in another one; each has its own variables. */
static void holds_thousands_of_waits(void)
{
    enum { RUNS = 10000, STEP = 1237 };
    struct engine_bench bench;
    if (script_bench(&bench,
                     "local begun = 0\n"
                     "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                     "begun = begun + 1 local mine = begun\n"
                     "pcall(sleep, '1h') sleep '1h'\n"
                     "t.status.count = mine end }")) {
        CHECK(strstr(script_run_on(&bench, "{}", "{}"), "\"count\":1") != NULL);
        bench.answers = BENCH_NEVER;
        bench.finished = 0;
        for (uint64_t i = 0; i < RUNS; i++) {
            start(&bench, 100 + i);
        }
        CHECK_INT(bench.finished, 0);
        for (uint32_t ask = 0; ask < 2; ask++) {
            for (uint64_t i = 0; i < RUNS; i++) {
                uint64_t one = i * STEP % RUNS;
                answer(&bench, 100 + one, ask);
                char expected[64];
                snprintf(expected, sizeof expected, "\"count\":%llu}", (unsigned long long)one + 2);
                if (ask == 1 && strstr(buffer_view(&bench.result).ptr, expected) == NULL) {
                    CHECK_TEXT(buffer_view(&bench.result).ptr, expected);
                    break;
                }
            }
        }
        CHECK_INT(bench.finished, RUNS);
    }
    engine_bench_done(&bench);
}

/* One run keeps a coroutine, itself or one that waits; the next one gets at it. */
static void leaves_a_waiting_coroutine_to_its_run(void)
{
    static const char *const made[] = {
        "kept = coroutine.running() sleep '1h' t.status.count = 1",
        "kept = coroutine.create(function() sleep '1h' end) coroutine.resume(kept) t.status.count = 1",
        "coroutine.wrap(function() kept = coroutine.running() sleep '1h' end)() t.status.count = 1",
    };
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        struct engine_bench bench;
        char script[1024];
        snprintf(
            script, sizeof script,
            "local kept\n"
            "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
            "if not kept then %s else\n"
            "local ok, why = coroutine.resume(kept) local closed, no = pcall(coroutine.close, kept)\n"
            "t.status.tags = { why, no, coroutine.status(kept) } end end }",
            made[i]);
        if (script_bench(&bench, script)) {
            bench.answers = BENCH_NEVER;
            start(&bench, 1);
            start(&bench, 2);
            CHECK_INT(bench.finished, 1);
            CHECK_TEXT(buffer_view(&bench.result).ptr,
                       "{\"outcome\":\"done\",\"status\":{\"tags\":[\"cannot resume a coroutine of "
                       "another run that waits\",\"cannot close a coroutine of another run that "
                       "waits\",\"suspended\"]}}");
            answer(&bench, 1, 1);
            CHECK_TEXT(buffer_view(&bench.result).ptr,
                       "{\"outcome\":\"done\",\"status\":{\"count\":1}}");
        }
        engine_bench_done(&bench);
    }
}

/* A run that is told that its time is over ends, whatever it catches. */
static void ends_when_its_time_is_over(void)
{
    static const char *const bodies[] = {
        "while true do pcall(sleep, '1h') end",
        "while true do xpcall(sleep, function() pcall(sleep, '1h') end, '1h') end",
        "local function on() local x <close> = setmetatable({}, { __close = on }) sleep '1h' end "
        "while true do pcall(on) end",
        "while true do coroutine.resume(coroutine.create(sleep), '1h') end",
        "while true do coroutine.wrap(function() while true do pcall(sleep, '1h') end end)() end",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct engine_bench bench;
        char script[1024];
        snprintf(script, sizeof script,
                 "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n%s\nend }",
                 bodies[i]);
        if (script_bench(&bench, script)) {
            bench.answers = BENCH_NEVER;
            start(&bench, 1);
            CHECK_INT(bench.finished, 0);
            engine_cancel(bench.engine, 1, TEXT("the run took too long"));
            CHECK_INT(bench.finished, 1);
            check_fault_in(buffer_view(&bench.result).ptr, "thing.lua:2: the run took too long");
        }
        engine_bench_done(&bench);
    }
}

static void says_so_much_and_no_more(void)
{
    check_fault("for i = 1, 300 do apply { kind = 'Thing', name = 'b' .. i } end", "{}",
                "thing.lua:2: more than 256 objects in one run");
    check_fault("for i = 1, 300 do delete('Thing', 'b' .. i) end", "{}",
                "thing.lua:2: more than 256 objects in one run");
    check_fault("for i = 1, 300 do event('A', 'b') end", "{}",
                "thing.lua:2: more than 63 events in one run");
    check_fault("for i = 1, 300 do condition('A' .. i, true) end", "{}",
                "thing.lua:2: more than 64 conditions in one run");
    struct engine_bench bench; /* what is committed on the way is not counted any more */
    const char *result =
        script_body(&bench,
                    "for i = 1, 200 do apply { kind = 'Thing', name = 'b' .. i } end "
                    "exec { 'ls', name = 'once' } "
                    "for i = 1, 200 do apply { kind = 'Thing', name = 'c' .. i } end",
                    "{}");
    CHECK(strncmp(result, "{\"outcome\":\"done\"", 17) == 0 && strstr(result, "c200") != NULL);
    engine_bench_done(&bench);
}

static void asks_so_many_questions_and_no_more(void)
{
    check_fault("while true do sleep '1s' end", "{}",
                "thing.lua:2: asked more than 1000 questions in one run");
    check_fault("while true do pcall(sleep, '1s') end", "{}",
                "thing.lua:2: asked more than 1000 questions in one run");
    check_status("for i = 1, 900 do sleep '1s' end t.status.count = 1", "{}", "{\"count\":1}");
}

SUITE({"gets objects", gets_objects}, {"lists objects", lists_objects},
      {"applies and deletes objects", applies_and_deletes_objects},
      {"asks the outside", asks_the_outside},
      {"waits inside standard functions", waits_inside_standard_functions},
      {"waits inside metamethods", waits_inside_metamethods},
      {"says where it cannot wait", says_where_it_cannot_wait},
      {"says what is not there while it is loaded", says_what_is_not_there_while_it_is_loaded},
      {"holds thousands of waits", holds_thousands_of_waits},
      {"leaves a waiting coroutine to its run", leaves_a_waiting_coroutine_to_its_run},
      {"ends when its time is over", ends_when_its_time_is_over},
      {"says so much and no more", says_so_much_and_no_more},
      {"asks so many questions and no more", asks_so_many_questions_and_no_more})
