/* What a script finds as `config`. */
#include "base/alloc.h"
#include "scripts/fixture.h"

#define CONFIG                                                                                     \
    "{\"region\":\"eu\",\"size\":3,\"rate\":0.5,\"on\":false,\"nothing\":null,\"tags\":[\"a\","    \
    "\"b\"],\"none\":[],\"net\":{\"dns\":{\"server\":\"x\"}},\"text\":\"a\\\"b\\\\n\\n\\u0001"     \
    "\xc3\xa9\"}"

/* The result of a body whose script has that configuration; what stands before the controller runs first. */
static const char *run(struct engine_bench *bench, const char *before, const char *body,
                       const char *config)
{
    char text[4096];
    snprintf(text, sizeof text,
             "%s\nreturn controller \"example.com/v1/Thing\" { reconcile = function(t) %s end }",
             before, body);
    const char *path = script_file("thing.lua", text);
    bool open = CHECK(engine_bench_open_with(bench, path, "thing.lua", config));
    unlink(path);
    bench->kind = THING_KIND;
    return open ? script_run_on(bench, "{}", "{}") : "";
}

static void check_free(const char *body, const char *expected)
{
    struct engine_bench bench;
    char status[1024];
    snprintf(status, sizeof status, "{\"outcome\":\"done\",\"status\":%s}", expected);
    CHECK_TEXT(run(&bench, "", body, CONFIG), status);
    engine_bench_done(&bench);
}

static void is_read_while_the_script_is_loaded(void)
{
    struct engine_bench bench;
    CHECK_TEXT(run(&bench, "local region = config.region or 'us'", "t.status.text = region",
                   "{\"region\":\"eu\"}"),
               "{\"outcome\":\"done\",\"status\":{\"text\":\"eu\"}}");
    engine_bench_done(&bench);
    CHECK_TEXT(run(&bench, "local region = config.region or 'us'", "t.status.text = region", "{}"),
               "{\"outcome\":\"done\",\"status\":{\"text\":\"us\"}}");
    engine_bench_done(&bench);
}

static void has_every_type(void)
{
    check_free("t.status.text = config.text", "{\"text\":\"a\\\"b\\\\n\\n\\u0001\xc3\xa9\"}");
    check_free("t.status.text = config.net.dns.server .. #config.tags .. config.tags[2]",
               "{\"text\":\"x2b\"}");
    check_free("t.status.text = math.type(config.size) .. math.type(config.rate) .. "
               "tostring(config.on) .. tostring(config.nothing == null)",
               "{\"text\":\"integerfloatfalsetrue\"}");
    check_free("local all = {} for key in pairs(config.net) do all[#all + 1] = key end "
               "for _, tag in ipairs(config.tags) do all[#all + 1] = tag end "
               "t.status.text = table.concat(all) .. table.concat(config.tags, '+')",
               "{\"text\":\"dnsaba+b\"}");
    check_free("t.status.text = tostring(has(config, 'net.dns.server')) .. "
               "tostring(has(config, 'net.ip'))",
               "{\"text\":\"truefalse\"}");
}

static void goes_into_documents(void)
{
    check_free("t.status.tags = config.tags", "{\"tags\":[\"a\",\"b\"]}");
    check_free("t.status.free = config.net", "{\"free\":{\"dns\":{\"server\":\"x\"}}}");
    check_free("t.status.free = { one = config.net, two = config.none }",
               "{\"free\":{\"one\":{\"dns\":{\"server\":\"x\"}},\"two\":[]}}");
    check_free("t.status.text = json.encode(config.net)",
               "{\"text\":\"{\\\"dns\\\":{\\\"server\\\":\\\"x\\\"}}\"}");
    check_free("local mine = copy(config) mine.net.dns.server = 'y' "
               "t.status.text = mine.net.dns.server .. config.net.dns.server",
               "{\"text\":\"yx\"}");
}

static void cannot_be_changed(void)
{
    static const char *const bodies[] = {
        "config.region = 'us'",
        "config.net.dns.server = 'y'",
        "table.insert(config.tags, 'c')",
        "setmetatable(config, nil)",
        "config = {}",
        "for _, part in pairs(config.net) do part.server = 'y' end",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct engine_bench bench;
        const char *result = run(&bench, "", bodies[i], CONFIG);
        if (!CHECK(strstr(result, "\"reason\":\"ScriptError\"") != NULL)) {
            printf("%s\n%s\n", bodies[i], result);
        }
        engine_bench_done(&bench);
    }
    struct engine_bench bench;
    check_fault_in(run(&bench, "", "config.region = 'us'", CONFIG),
                   "thing.lua:2: config.region cannot be set: it is the host's; copy(config) is "
                   "yours");
    engine_bench_done(&bench);
}

SUITE({"is read while the script is loaded", is_read_while_the_script_is_loaded},
      {"has every type", has_every_type}, {"goes into documents", goes_into_documents},
      {"cannot be changed", cannot_be_changed})
