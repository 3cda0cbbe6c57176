/* What a script declares, as the host is told of it, and each mistake's sentence. */
#include "base/alloc.h"
#include "document/json.h"
#include "document/path.h"
#include "scripts/fixture.h"

#define THING      "return controller \"example.com/v1/Thing\" "
#define CONTROLLER "return controller \"example.com/v1/Thing\" { reconcile = print, "

/* What the descriptor says at `path`; a definition of a kind is text in it, and is looked into. */
static void check_at(const char *script, const char *path, const char *expected)
{
    struct engine_bench bench;
    CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(MIB);
    CLEANUP(arena_done) struct arena arena = {0};
    if (script_bench(&bench, script)) {
        const struct value *from = bench.engine->descriptor;
        if (strncmp(path, "crd.", 4) == 0) {
            const struct value *crd = path_get(from, TEXT("controllers[0].crd"));
            struct error err = ERROR_INIT;
            CHECK(json_parse(&arena, value_text_or(crd, TEXT("")), &from, &err) == TEND_OK);
            path += 4;
        }
        const struct value *found = path_get(from, text_of(path));
        if (CHECK(found != NULL)) {
            json_write(&text, found);
        }
        CHECK_TEXT(buffer_view(&text).ptr, expected);
    }
    engine_bench_done(&bench);
}

static void declares_one_function(void)
{
    check_at(THING "{ reconcile = print }", "",
             "{\"controllers\":[{\"kind\":\"example.com/v1/Thing\",\"limitMs\":600000,\"name\":"
             "\"thing\",\"parallel\":64,\"sliceMs\":30000}],\"name\":\"thing\",\"version\":\"\"}");
    check_at(
        THING "{ reconcile = print, finalize = print, name = 'mine', version = '1.2', "
              "owns = { 'v1/ConfigMap', 'v1/Secret' }, limits = { run = '5m' } }",
        "",
        "{\"controllers\":[{\"finalize\":true,\"kind\":\"example.com/v1/Thing\",\"limitMs\":300000,"
        "\"name\":\"mine\",\"owns\":[\"v1/ConfigMap\",\"v1/Secret\"],\"parallel\":64,\"sliceMs\":"
        "30000}],\"name\":\"thing\",\"version\":\"1.2\"}");
    check_at(THING "{ reconcile = print, owns = 'v1/ConfigMap', limits = { run = 90 } }",
             "controllers[0].owns", "[\"v1/ConfigMap\"]");
}

static void declares_states(void)
{
    check_at(
        THING "{ reconcile = print, initial = 'Begin', renamed = { Old = 'Begin', Older = 'End' }, "
              "state_field = 'status.phase', End = state { final = true }, "
              "Gone = state { teardown = true, alone = true, within = 5, condition = 'Stuck' }, "
              "Begin = state { to = { 'Middle', 'End' }, within = '1m', otherwise = 'End', "
              "within_field = 'spec.timeout', from = 'status.since', reason = 'Slow', "
              "message = 'it took long', print },\n"
              "Middle = state { to = 'End', every = '10s', print } }",
        "controllers[0].machine",
        "{\"field\":\"status.phase\",\"initial\":\"Begin\",\"renamed\":{\"Old\":\"Begin\",\"Older\":"
        "\"End\"},\"states\":[{\"from\":\"status.since\",\"message\":\"it took long\",\"name\":"
        "\"Begin\",\"next\":[\"Middle\",\"End\",\"Gone\"],\"otherwise\":\"End\",\"reason\":\"Slow\","
        "\"within\":60000,\"withinField\":\"spec.timeout\"},{\"final\":true,\"name\":\"End\"},"
        "{\"alone\":true,\"condition\":\"Stuck\",\"name\":\"Gone\",\"teardown\":true,\"within\":5000},"
        "{\"name\":\"Middle\",\"next\":[\"End\",\"Gone\"]}]}");
    check_at(THING "{ A = state { to = 'B', print }, B = state { to = 'A', print } }",
             "controllers[0].machine.initial", "\"A\"");
    check_at(THING
             "{ A = state { to = 'A', within = '1s', otherwise = 'B', print }, B = state {} }",
             "controllers[0].machine.states[0].next", "[\"A\",\"B\"]");
}

static void declares_several(void)
{
    check_at(
        "return { controller 'example.com/v1/Thing' { reconcile = print }, "
        "observer { 'v1/ConfigMap', 'v1/Secret' } { name = 'watcher', labels = 'a=b', "
        "annotation = 'c/d', reconcile = print } }",
        "controllers[1]",
        "{\"annotation\":\"c/d\",\"kind\":\"v1/ConfigMap, v1/Secret\",\"labels\":\"a=b\","
        "\"limitMs\":600000,\"name\":\"watcher\",\"observer\":true,\"parallel\":64,\"sliceMs\":30000}");
    check_at("return observer '*' { reconcile = print }", "controllers[0].kind", "\"*\"");
}

static void declares_a_kind(void)
{
    static const char script[] =
        THING "{ reconcile = print, kind = { short = 'th', categories = { 'all' }, "
              "spec = { image = 'string!', size = { 'integer', default = 3 }, "
              "tags = { 'list', items = 'string' }, env = { 'map' }, "
              "net = { ip = 'string!', port = { 'integer', required = true, "
              "minimum = 1 } }, free = 'any', wait = 'duration', "
              "raw = { type = 'string', enum = { 'a', 'b' } } }, "
              "status = { url = 'string' }, "
              "columns = { { 'Image', '.spec.image' }, "
              "{ 'Size', '.spec.size', 'integer' } } } }";
    check_at(script, "crd.metadata", "{\"name\":\"things.example.com\"}");
    check_at(
        script, "crd.spec.names",
        "{\"categories\":[\"all\"],\"kind\":\"Thing\",\"listKind\":\"ThingList\",\"plural\":\"things\","
        "\"shortNames\":[\"th\"],\"singular\":\"thing\"}");
    check_at(script, "crd.spec.scope", "\"Namespaced\"");
    check_at(script, "crd.spec.versions[0].additionalPrinterColumns",
             "[{\"jsonPath\":\".spec.image\",\"name\":\"Image\",\"type\":\"string\"},"
             "{\"jsonPath\":\".spec.size\",\"name\":\"Size\",\"type\":\"integer\"},"
             "{\"jsonPath\":\".metadata.creationTimestamp\",\"name\":\"Age\",\"type\":\"date\"}]");
    check_at(script, "crd.spec.versions[0].schema.openAPIV3Schema.required", "[\"spec\"]");
    check_at(
        script, "crd.spec.versions[0].schema.openAPIV3Schema.properties.spec",
        "{\"properties\":{\"env\":{\"additionalProperties\":{\"type\":\"string\"},\"type\":\"object\"},"
        "\"free\":{\"x-kubernetes-preserve-unknown-fields\":true},\"image\":{\"type\":\"string\"},"
        "\"net\":{\"properties\":{\"ip\":{\"type\":\"string\"},\"port\":{\"minimum\":1,\"type\":"
        "\"integer\"}},\"required\":[\"ip\",\"port\"],\"type\":\"object\"},\"raw\":{\"enum\":[\"a\","
        "\"b\"],\"type\":\"string\"},\"size\":{\"default\":3,\"type\":\"integer\"},\"tags\":{\"items\":{"
        "\"type\":\"string\"},\"type\":\"array\"},\"wait\":{\"format\":\"duration\",\"type\":\"string\"}},"
        "\"required\":[\"image\"],\"type\":\"object\"}");
    check_at(script, "crd.spec.versions[0].schema.openAPIV3Schema.properties.status.properties.url",
             "{\"type\":\"string\"}");
    check_at(CONTROLLER "kind = { plural = 'thingies', scope = 'Cluster' } }", "crd.metadata.name",
             "\"thingies.example.com\"");
}

/* --- mistakes ---------------------------------------------------------------------------------- */

static void check_refusal(const char *script, const char *expected)
{
    struct engine_bench bench;
    struct error err;
    const char *path = script_file("thing.lua", script);
    const char *said = engine_bench_refusal_as(&bench, path, "thing.lua", &err);
    if (!CHECK(strncmp(said, expected, strlen(expected)) == 0)) {
        printf("%s\n  not: %s\n", said, expected);
    }
    unlink(path);
}

struct mistake {
    const char *script, *sentence;
};

static void check_all(const struct mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_refusal(mistakes[i].script, mistakes[i].sentence);
    }
}

static void says_what_a_script_returns(void)
{
    static const struct mistake mistakes[] = {
        {"",
         "thing.lua declares nothing: it ends in `return controller \"group/version/Kind\" { ... }`"},
        {"return 5", "thing.lua declares nothing"},
        {"return {}", "thing.lua declares nothing"},
        {"return controller 'example.com/v1/Thing'", "thing.lua declares nothing"},
        {"return print", "thing.lua declares nothing"},
        {"return { 5 }",
         "thing.lua returns a list, and item 1 is neither a controller nor an observer"},
        {"local a = controller 'example.com/v1/Thing' { reconcile = print } return { a, a, 5 }",
         "thing.lua returns a list, and item 3 is neither a controller nor an observer"},
        {"return { controller 'example.com/v1/Thing' { reconcile = print }, "
         "observer '*' { reconcile = print } }",
         "thing.lua declares several controllers: number 2 has no `name`"},
        {"return controller(5)",
         "thing.lua:1: controller takes a kind: controller \"group/version/Kind\""},
        {"return controller 'Thing' {}", "thing.lua:1: controller takes a kind"},
        {"return controller 'a/b/Thing' 'x'", "thing.lua:1: controller takes a table"},
        {"return observer(5)", "thing.lua:1: observer takes kinds: observer \"*\" { ... }"},
        {"return observer '*' 'x'", "thing.lua:1: observer takes a table"},
        {"return observer '*' {}", "thing.lua:1: the observer has no `reconcile`"},
        {"return observer { 5 } { reconcile = print }",
         "thing.lua:1: observer: a name is a text, not a number"},
        {"return observer '*' { reconcile = print, finalize = print }",
         "thing.lua:1: unknown key \"finalize\" in the observer"},
    };
    check_all(mistakes, COUNT_OF(mistakes));
}

static void says_what_is_wrong_in_a_controller(void)
{
    static const struct mistake mistakes[] = {
        {THING "{}", "thing.lua:1: the controller has neither states nor `reconcile`"},
        {CONTROLLER "\nreconcil = print }",
         "thing.lua:1: unknown key \"reconcil\" in the controller, did you mean \"reconcile\"?"},
        {CONTROLLER "print }", "thing.lua:1: unknown key [1] in the controller"},
        {CONTROLLER "[true] = 1 }", "thing.lua:1: unknown key [true] in the controller"},
        {CONTROLLER "owns = 5 }",
         "thing.lua:1: the controller: owns is a string or a table, not a number"},
        {CONTROLLER "owns = { 5 } }", "thing.lua:1: owns: a name is a text, not a number"},
        {CONTROLLER "finalize = 'x' }",
         "thing.lua:1: the controller: finalize is a function, not a string"},
        {CONTROLLER "limits = { run = 'long' } }",
         "thing.lua:1: limits.run: \"long\" is no duration; expected one such as \"2s\" or \"1h30m\""},
        {CONTROLLER "limits = { memory = 5 } }", "thing.lua:1: unknown key \"memory\" in limits"},
        {CONTROLLER "limits = { run = true } }",
         "thing.lua:1: limits: run is a string or a number, not a boolean"},
        {CONTROLLER "renamed = { Old = 'New' } }",
         "thing.lua:1: renamed names unknown state \"New\""},
        {CONTROLLER "renamed = { 'New' } }",
         "thing.lua:1: renamed says old = \"new\": an old name is a text, not a number"},
        {CONTROLLER "initial = 'Begin' }", "thing.lua:1: initial names unknown state \"Begin\""},
        {CONTROLLER "kind = {}, crd = '' }",
         "thing.lua:1: the controller has both `kind` and `crd`"},
        {"return controller 'v1/Thing' { reconcile = print, kind = {} }",
         "thing.lua:1: kind: \"v1/Thing\" has no group"},
    };
    check_all(mistakes, COUNT_OF(mistakes));
}

static void says_what_is_wrong_in_a_state(void)
{
    static const struct mistake mistakes[] = {
        {"state 'x'", "thing.lua:1: state takes a table"},
        {"\n\nstate { form = 'x' }",
         "thing.lua:3: unknown key \"form\" in a state, did you mean \"from\"?"},
        {"state { print, print }", "thing.lua:1: unknown key [2] in a state"},
        {"state { 5 }", "thing.lua:1: a state: [1] is a function, not a number"},
        {"state { within = '1m' }",
         "thing.lua:1: a state has `within` and neither `otherwise` (a state)"},
        {"state { within = '1m', otherwise = 'A', condition = 'B' }",
         "thing.lua:1: a state has both `otherwise` and `condition`"},
        {"state { within = 'x', otherwise = 'A' }", "thing.lua:1: within: \"x\" is no duration"},
        {"state { every = '1m' }", "thing.lua:1: a state has `every` and no function"},
        {"state { every = -1, print }", "thing.lua:1: every: -1 is no duration"},
        {"local function make() return state { to = 5 } end\nmake()",
         "thing.lua:1: a state: to is a string or a table, not a number"},
        {THING "{ Begin = state { to = 'Edn', print }, End = state {} }",
         "thing.lua:1: state Begin: `to` names unknown state \"Edn\", did you mean \"End\"?"},
        {THING "{ Begin = state { within = 1, otherwise = 'Edn', print }, End = state {} }",
         "thing.lua:1: state Begin: `otherwise` names unknown state \"Edn\", did you mean \"End\"?"},
        {THING "{ Begin = state { print }, initial = 'Bgein' }",
         "thing.lua:1: initial names unknown state \"Bgein\", did you mean \"Begin\"?"},
        {THING "{ Begin = state { print }, renamed = { Old = 'Bgein' } }",
         "thing.lua:1: renamed names unknown state \"Bgein\", did you mean \"Begin\"?"},
        {THING "{ state { print } }", "thing.lua:1: a state has a name: Name = state { ... }"},
        {"local one = state { print }\n" THING "{ A = one, B = one }", "thing.lua:2: state "},
    };
    check_all(mistakes, COUNT_OF(mistakes));
}

static void says_what_is_wrong_in_a_kind(void)
{
    static const struct mistake mistakes[] = {
        {CONTROLLER "kind = 5 }", "thing.lua:1: the controller: kind is a table, not a number"},
        {CONTROLLER "kind = { plurl = 'x' } }",
         "thing.lua:1: unknown key \"plurl\" in kind, did you mean \"plural\"?"},
        {CONTROLLER "kind = { spec = { a = 'strng' } } }",
         "thing.lua:1: spec.a: there is no type \"strng\", did you mean \"string\"?"},
        {CONTROLLER "kind = { spec = { a = { b = { 'text' } } } } }",
         "thing.lua:1: spec.a.b: there is no type \"text\""},
        {CONTROLLER "kind = { spec = { a = 5 } } }",
         "thing.lua:1: spec.a: a type is a text or a table, not a number"},
        {CONTROLLER "kind = { status = { a = { 'list', items = 5 } } } }",
         "thing.lua:1: status.a[]: a type is a text or a table, not a number"},
        {CONTROLLER "kind = { columns = { 'Image' } } }",
         "thing.lua:1: kind: column 1 is no { \"Name\", \".status.field\" }"},
        {CONTROLLER "kind = { short = { 5 } } }",
         "thing.lua:1: kind.short: a name is a text, not a number"},
        {CONTROLLER "kind = { spec = { 'string' } } }",
         "thing.lua:1: spec: a field has a name: name = \"string\""},
        {CONTROLLER "kind = { spec = { a = { 'string!', requird = true } } } }",
         "thing.lua:1: spec.a: unknown key \"requird\", did you mean \"required\"?"},
        {CONTROLLER "kind = { spec = { a = { 'string', 'integer' } } } }",
         "thing.lua:1: spec.a: a type has one name, not two"},
    };
    check_all(mistakes, COUNT_OF(mistakes));
}

SUITE({"declares one function", declares_one_function}, {"declares states", declares_states},
      {"declares several", declares_several}, {"declares a kind", declares_a_kind},
      {"says what a script returns", says_what_a_script_returns},
      {"says what is wrong in a controller", says_what_is_wrong_in_a_controller},
      {"says what is wrong in a state", says_what_is_wrong_in_a_state},
      {"says what is wrong in a kind", says_what_is_wrong_in_a_kind})
