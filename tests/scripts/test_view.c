#include "scripts/fixture.h"

static void check(const char *body, const char *spec, const char *expected)
{
    struct engine_bench bench;
    CHECK_TEXT(script_body(&bench, body, spec), expected);
    engine_bench_done(&bench);
}

static void check_error(const char *body, const char *spec, const char *message)
{
    struct engine_bench bench;
    const char *result = script_body(&bench, body, spec);
    if (!CHECK(strstr(result, message) != NULL && strstr(result, "ScriptError") != NULL)) {
        printf("%s\n", result);
    }
    engine_bench_done(&bench);
}

static void reads_fields_by_name(void)
{
    check("t.status.text = t.spec.name t.status.count = t.spec.size t.status.rate = t.spec.rate",
          "{\"name\":\"x\",\"size\":3,\"rate\":0.5}",
          "{\"outcome\":\"done\",\"status\":{\"count\":3,\"rate\":0.5,\"text\":\"x\"}}");
    check("t.status.text = t.name .. t.namespace .. t.spec.env['a.b/c']",
          "{\"env\":{\"a.b/c\":\"d\"}}", "{\"outcome\":\"done\",\"status\":{\"text\":\"ahered\"}}");
}

static void reads_what_is_absent_without_ladders(void)
{
    check("t.status.text = tostring(t.spec.net.dns.server) .. #t.spec.tags", "{}",
          "{\"outcome\":\"done\",\"status\":{\"text\":\"nil0\"}}");
    check("t.status.tags = t.spec.tags", "{}", "{\"outcome\":\"done\",\"status\":{\"tags\":[]}}");
}

static void names_typos(void)
{
    check_error("return t.spec.nmae", "{}",
                "thing.lua:2: no field \\\"nmae\\\" in Thing.spec; did you mean \\\"name\\\"?");
    check_error("t.status.txet = 1", "{}", "no field \\\"txet\\\" in Thing.status");
    check_error("return t.metadata.nmae", "{}", "no field \\\"nmae\\\" in Thing.metadata");
}

static void keeps_integers_and_lists(void)
{
    check("t.status.count = 9007199254740993 t.status.tags = {}", "{}",
          "{\"outcome\":\"done\",\"status\":{\"count\":9007199254740993,\"tags\":[]}}");
    check("t.status.count = 4 / 2", "{}", "{\"outcome\":\"done\",\"status\":{\"count\":2}}");
    check_error("t.status.count = 5 / 2", "{}", "Thing.status.count is an integer, not 2.5");
    check_error("t.status.text = 5", "{}", "Thing.status.text is a text, not number");
}

static void writes_nothing_but_its_status(void)
{
    check_error("t.spec.name = 'x'", "{}", "Thing.spec cannot be written");
    check_error("t.metadata.labels = {}", "{}", "Thing.metadata cannot be written");
    check_error("t.status = {}", "{}", "write the fields of the status, one by one");
}

static void sees_what_it_wrote(void)
{
    check(
        "t.status.net.ip = '10.0.0.1' t.status.text = t.status.net.ip .. #t.status.tags", "{}",
        "{\"outcome\":\"done\",\"status\":{\"net\":{\"ip\":\"10.0.0.1\"},\"text\":\"10.0.0.10\"}}");
}

SUITE({"reads fields by name", reads_fields_by_name},
      {"reads what is absent without ladders", reads_what_is_absent_without_ladders},
      {"names typos", names_typos}, {"keeps integers and lists", keeps_integers_and_lists},
      {"writes nothing but its status", writes_nothing_but_its_status},
      {"sees what it wrote", sees_what_it_wrote})
