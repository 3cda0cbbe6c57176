/* The memory of a script: what is alive is bounded, and what comes afterwards works. */
#include "base/alloc.h"
#include "scripts/fixture.h"

#define SCRIPT(top, body)                                                                          \
    top "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n" body "\nend }"

static void ends_a_run_and_not_the_script(void)
{
    struct engine_bench bench;
    if (script_bench(
            &bench,
            SCRIPT("", "if t.spec.on then local all = {}\n"
                       "while true do all[#all + 1] = ('x'):rep(8000000) .. #all sleep '0s' end "
                       "end\nt.status.count = 1"))) {
        for (int i = 0; i < 3; i++) {
            check_fault_in(script_run_on(&bench, "{\"on\":true}", "{}"),
                           "\"message\":\"thing.lua:3: not enough memory: a script has 64 MiB\"");
            CHECK_TEXT(script_run_on(&bench, "{}", "{}"),
                       "{\"outcome\":\"done\",\"status\":{\"count\":1}}");
        }
        CHECK(strstr(buffer_view(&bench.log).ptr, "recycle") == NULL);
    }
    engine_bench_done(&bench);
}

/* Small pieces, where Lua itself asks for memory. */
static void ends_a_table_that_grows(void)
{
    struct engine_bench bench;
    if (script_bench(&bench,
                     SCRIPT("local all = {}\n", "for i = 1, 50000 do all[#all + 1] = { i } end\n"
                                                "return again '1s'"))) {
        const char *result = "";
        int runs = 0;
        while (runs++ < 100 && strstr(result, "ScriptError") == NULL) {
            result = script_run_on(&bench, "{}", "{}");
        }
        check_fault_in(result,
                       "\"message\":\"thing.lua:3: not enough memory: a script has 64 MiB\"");
        CHECK(runs > 5);
        CHECK(strstr(buffer_view(&bench.log).ptr,
                     "recycle: its memory is used up by what it keeps\n") != NULL);
    }
    engine_bench_done(&bench);
}

static void lets_nobody_catch_it(void)
{
    check_fault("local kept = {} while true do pcall(function() "
                "kept[#kept + 1] = ('x'):rep(8000000) .. #kept sleep '0s' end) end",
                "{}", "thing.lua:2: not enough memory: a script has 64 MiB");
    check_fault("local kept = {} while true do coroutine.resume(coroutine.create(function() "
                "kept[#kept + 1] = ('x'):rep(8000000) .. #kept sleep '0s' end)) end",
                "{}", "thing.lua:2: not enough memory: a script has 64 MiB");
}

/* Garbage is no use of memory. */
static void makes_garbage_as_it_likes(void)
{
    check_status(
        "local n = 0 for i = 1, 300 do n = n + #(('x'):rep(1000000) .. i) if i % 2 == 0 then "
        "sleep '1s' end end t.status.count = n",
        "{}", "{\"count\":300000792}");
}

static void counts_documents(void)
{
    check_fault("local text = '\"' .. ('x'):rep(1500000) .. '\"' "
                "while true do json.decode(text) sleep '0s' end",
                "{}", "thing.lua:2: not enough memory: one run makes documents of 64 MiB at most");
    check_fault("t.status.text = ('x'):rep(1500000) while true do local s = tostring(t.status) "
                "sleep '0s' end",
                "{}", "thing.lua:2: not enough memory: one run makes documents of 64 MiB at most");
}

static void refuses_a_script_that_is_too_large(void)
{
    struct engine_bench bench;
    struct error err;
    const char *path =
        script_file("thing.lua", "local all = {}\n"
                                 "while true do all[#all + 1] = ('x'):rep(8000000) .. #all end\n");
    CHECK_TEXT(engine_bench_refusal_as(&bench, path, "thing.lua", &err),
               "thing.lua:2: not enough memory: a script has 64 MiB\n"
               "   2 | while true do all[#all + 1] = ('x'):rep(8000000) .. #all end");
    unlink(path);
    char *large = malloc(2 * MIB);
    memset(large, ' ', 2 * MIB);
    large[2 * MIB - 1] = '\0';
    path = script_file("thing.lua", large);
    CHECK_TEXT(engine_bench_refusal_as(&bench, path, "thing.lua", &err),
               "thing.lua is larger than 1024 KiB");
    unlink(path);
    free(large);
}

SUITE({"ends a run and not the script", ends_a_run_and_not_the_script},
      {"ends a table that grows", ends_a_table_that_grows},
      {"lets nobody catch it", lets_nobody_catch_it},
      {"makes garbage as it likes", makes_garbage_as_it_likes},
      {"counts documents", counts_documents},
      {"refuses a script that is too large", refuses_a_script_that_is_too_large})
