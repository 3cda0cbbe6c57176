#include "scripts/fixture.h"

static void reads_fields_by_name(void)
{
    check_body(
        "t.status.text = t.spec.name t.status.count = t.spec.size t.status.rate = t.spec.rate",
        "{\"name\":\"x\",\"size\":3,\"rate\":0.5}",
        "{\"outcome\":\"done\",\"status\":{\"count\":3,\"rate\":0.5,\"text\":\"x\"}}");
    check_body("t.status.text = t.name .. t.namespace .. t.spec.env['a.b/c']",
               "{\"env\":{\"a.b/c\":\"d\"}}",
               "{\"outcome\":\"done\",\"status\":{\"text\":\"ahered\"}}");
}

static void reads_what_is_absent_without_ladders(void)
{
    check_body("t.status.text = tostring(t.spec.net.dns.server) .. #t.spec.tags", "{}",
               "{\"outcome\":\"done\",\"status\":{\"text\":\"nil0\"}}");
    check_body("t.status.tags = t.spec.tags", "{}",
               "{\"outcome\":\"done\",\"status\":{\"tags\":[]}}");
}

static void names_typos(void)
{
    check_fault("return t.spec.nmae", "{}",
                "thing.lua:2: no field \\\"nmae\\\" in Thing.spec; did you mean \\\"name\\\"?");
    check_fault("t.status.txet = 1", "{}", "no field \\\"txet\\\" in Thing.status");
    check_fault("return t.metadata.nmae", "{}", "no field \\\"nmae\\\" in Thing.metadata");
}

static void keeps_integers_and_lists(void)
{
    check_body("t.status.count = 9007199254740993 t.status.tags = {}", "{}",
               "{\"outcome\":\"done\",\"status\":{\"count\":9007199254740993,\"tags\":[]}}");
    check_body("t.status.count = 4 / 2", "{}", "{\"outcome\":\"done\",\"status\":{\"count\":2}}");
    check_fault("t.status.count = 5 / 2", "{}", "Thing.status.count is an integer, not 2.5");
    check_fault("t.status.text = 5", "{}", "Thing.status.text is a text, not number");
}

static void writes_nothing_but_its_status(void)
{
    check_fault("t.spec.name = 'x'", "{}", "Thing.spec cannot be written");
    check_fault("t.metadata.labels = {}", "{}", "Thing.metadata cannot be written");
    check_fault("t.status = {}", "{}", "write the fields of the status, one by one");
}

static void sees_what_it_wrote(void)
{
    check_body(
        "t.status.net.ip = '10.0.0.1' t.status.text = t.status.net.ip .. #t.status.tags", "{}",
        "{\"outcome\":\"done\",\"status\":{\"net\":{\"ip\":\"10.0.0.1\"},\"text\":\"10.0.0.10\"}}");
}

/* A list ends where it ends, also where its items would read as empty objects. */
static void walks_lists(void)
{
    check_status("local n = 0 for i, d in ipairs(t.spec.disks) do n = n + i * d.size end "
                 "t.status.count = n",
                 "{\"disks\":[{\"size\":10},{\"size\":20}]}", "{\"count\":50}");
    check_status("local n = 0 for i, d in pairs(t.spec.disks) do n = n + i * d.size end "
                 "t.status.count = n",
                 "{\"disks\":[{\"size\":10},{\"size\":20}]}", "{\"count\":50}");
    check_status("for _ in ipairs(t.spec.disks) do t.status.count = 1 end t.status.text = 'none'",
                 "{}", "{\"text\":\"none\"}");
    check_status("for i, tag in ipairs(t.spec.tags) do t.status.tags[i] = tag .. '!' end",
                 "{\"tags\":[\"a\",\"b\"]}", "{\"tags\":[\"a!\",\"b!\"]}");
    check_status("t.status.text = tostring(t.spec.tags[0]) .. tostring(t.spec.tags[-1]) .. "
                 "tostring(t.spec.tags[math.mininteger]) .. tostring(t.spec.tags[math.maxinteger])"
                 " .. tostring(t.spec.disks[3]) .. tostring(t.spec.tags[1.5]) "
                 ".. tostring(t.spec.tags[1.0])",
                 "{\"tags\":[\"a\"],\"disks\":[{}]}", "{\"text\":\"nilnilnilnilnilnila\"}");
    check_fault("return t.spec.tags.name", "{}", "no field \\\"name\\\" in Thing.spec.tags");
}

static void walks_maps(void)
{
    check_status("local all = {} for k, v in pairs(t.spec.env) do all[#all + 1] = k .. v end "
                 "t.status.tags = all t.status.count = #t.spec.env",
                 "{\"env\":{\"b\":\"2\",\"a/c\":\"1\"}}",
                 "{\"count\":2,\"tags\":[\"a/c1\",\"b2\"]}");
    check_status("for k in pairs(t.spec.env) do t.status.text = k end t.status.count = #t.spec.env",
                 "{}", "{\"count\":0}");
    check_status("t.status.text = t.spec.env['it\\'s'] .. t.spec.env['back\\\\slash'] "
                 ".. tostring(t.spec.env['']) .. tostring(t.spec.env['a\\0b'])",
                 "{\"env\":{\"it's\":\"1\",\"back\\\\slash\":\"2\"}}", "{\"text\":\"12nilnil\"}");
}

static void appends_to_lists(void)
{
    check_status("t.status.tags[#t.status.tags + 1] = 'a' t.status.tags[#t.status.tags + 1] = 'b'",
                 "{}", "{\"tags\":[\"a\",\"b\"]}");
    check_status("t.status.disks[1] = { size = 3 } t.status.disks[1].size = 4", "{}",
                 "{\"disks\":[{\"size\":4}]}");
    check_status("t.status.tags[1] = 'a' t.status.tags[1] = nil t.status.count = #t.status.tags",
                 "{}", "{\"count\":0,\"tags\":[]}");
    check_fault("t.status.tags[3] = 'c'", "{}",
                "thing.lua:2: Thing.status.tags has 0 items; the next one is [1], not [3]");
    check_fault("t.status.tags[0] = 'c'", "{}",
                "thing.lua:2: Thing.status.tags has 0 items; the next one is [1], not [0]");
    check_fault("t.status.tags.first = 'c'", "{}", "no field \\\"first\\\" in Thing.status.tags");
}

/* What is absent is nobody else: not the object itself. */
static void tells_what_is_absent(void)
{
    check_status("t.status.text = tostring(t.spec.net) .. tostring(t.spec.tags)", "{}",
                 "{\"text\":\"{}[]\"}");
    check_status("t.status.text = tostring(has(t.spec, 'net')) .. tostring(has(t.spec, 'name')) "
                 ".. tostring(has(t.spec, 'tags'))",
                 "{\"name\":\"\",\"tags\":[]}", "{\"text\":\"falsetruetrue\"}");
    check_status(
        "local l = {} for i, path in ipairs { 'spec.name', 'spec.net.dns', 'spec.net.dns.server', "
        "'spec.tags', 'metadata.name', 'spec.env.a.b', 'spec.env.a.c' } do "
        "l[i] = tostring(has(t, path)) end t.status.tags = l "
        "t.status.text = tostring(has(t.spec.env, 'a.b')) .. tostring(has({ a = { b = 1 } }, 'a.b')) "
        ".. tostring(has({ a = 5 }, 'a.b')) .. tostring(has(nil, 'a')) .. tostring(has(t, 'name')) "
        ".. tostring(has(t, 'labels.app'))",
        "{\"net\":{\"dns\":{}},\"name\":\"x\",\"env\":{\"a.b\":\"1\"}}",
        "{\"tags\":[\"true\",\"true\",\"false\",\"false\",\"true\",\"true\",\"false\"],"
        "\"text\":\"truetruefalsefalsetruefalse\"}");
    check_fault("return has(t, 'spec.nmae')", "{}",
                "thing.lua:2: no field \\\"nmae\\\" in Thing.spec");
    check_fault("return has(t, 'spec.net.dns.sever')", "{}",
                "thing.lua:2: no field \\\"sever\\\" in Thing.spec.net.dns");
    check_status("local e = copy(t.spec.env) e.a = 'b' t.status.free = e", "{}",
                 "{\"free\":{\"a\":\"b\"}}");
    check_status("local l = copy(t.spec.tags) l[1] = 'b' t.status.tags = l", "{}",
                 "{\"tags\":[\"b\"]}");
    check_status("t.status.text = tostring(t.spec.net == t.spec.net.dns)", "{}",
                 "{\"text\":\"true\"}");
    check_fault("delete(t.spec.net)", "{}", "delete takes an object, or a kind and a name");
    check_fault("delete(t.spec.disks[1])", "{\"disks\":[{}]}",
                "delete takes an object, or a kind and a name");
}

static void copies_values(void)
{
    check_status(
        "local mine = { list = array {}, deep = { n = 1 }, view = t.spec.env, 'x' } "
        "local other = copy(mine) other.deep.n = 2 other.view.A = 'c' other[1] = nil "
        "t.status.free = { other, mine.deep, copy(5), copy('x'), #mine }",
        "{\"env\":{\"A\":\"b\"}}",
        "{\"free\":[{\"deep\":{\"n\":2},\"list\":[],\"view\":{\"A\":\"c\"}},{\"n\":1},5,\"x\",1]}");
    check_fault("local own = {} own.own = own copy(own)", "{}",
                "thing.lua:2: copy: nested deeper than 60");
    check_fault("copy()", "{}", "bad argument #1 to 'copy'");
    check_status(
        "t.status.disks = { { size = t.spec.disks[1].size } } t.status.free = t.spec.disks",
        "{\"disks\":[{\"size\":3,\"name\":\"a\"}]}",
        "{\"disks\":[{\"size\":3}],\"free\":[{\"name\":\"a\",\"size\":3}]}");
    check_fault("t.status.tags = t.spec.env", "{\"env\":{\"a\":\"b\"}}",
                "Thing.status.tags is a list, not an object");
    check_fault("t.status.count = t.spec.tags", "{}",
                "Thing.status.count is an integer, not a list");
    check_fault("t.status.tags = { 'a', nil, 'b' }", "{}", "Thing.status.tags has holes");
    check_fault("t.status.tags = { a = 'b' }", "{}", "Thing.status.tags is a list; a is no place");
    check_fault("t.status.net = { ip = 'a', ipp = 'b' }", "{}",
                "no field \\\"ipp\\\" in Thing.status.net; did you mean \\\"ip\\\"?");
    check_fault("t.status.free = {}", "{}",
                "Thing.status.free: an empty table is a list or an object");
    check_fault("t.status.free = { a = {} }", "{}", "a: an empty table is a list or an object");
    check_status("t.status.free = { a = array {}, b = object {}, c = null }", "{}",
                 "{\"free\":{\"a\":[],\"b\":{}}}");
    check_fault("t.status.free = print", "{}", "a function is no value that a document can hold");
    check_fault("t.status.free = { [1.5] = 1 }", "{}", "a field's name is a text, not number");
    check_fault("local own = {} own[1] = own t.status.free = own", "{}",
                "a table that holds itself");
    check_fault("t.status.rate = 0/0", "{}", "is no number that a document can hold");
    check_fault("t.status.text = 'a\\0b'", "{}",
                "thing.lua:2: text: a text in it holds a zero byte");
    check_fault("t.status.free = object { ['a\\0'] = 1 }", "{}",
                "free: a text in it holds a zero byte");
    check_fault("t.status.text = '\\xff'", "{}", "a text in it is not UTF-8");
    check_fault("t.status.free = ('x'):rep(1024):rep(7 * 1024)", "{}", "larger than 6 MiB");
}

static void removes_fields(void)
{
    struct engine_bench bench;
    if (script_bench(&bench,
                     "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                     "t.status.text = nil t.status.net.ip = nil end }")) {
        CHECK_TEXT(
            script_run_on(&bench, "{}", "{\"text\":\"a\",\"net\":{\"ip\":\"b\"},\"count\":1}"),
            "{\"outcome\":\"done\",\"status\":{\"net\":{\"ip\":null},\"text\":null}}");
    }
    engine_bench_done(&bench);
}

/* The shortcuts, and that they are read only. */
static void knows_an_object_by_name(void)
{
    check_status("t.status.text = t.name .. t.namespace .. tostring(t.uid) .. tostring(t.deleting) "
                 ".. tostring(t.labels.app) .. tostring(t) t.status.rate = t.entered",
                 "{}", "{\"rate\":1767225590.0,\"text\":\"aherenilfalsenilThing here/a\"}");
    check_fault("t.name = 'b'", "{}", "cannot be written");
    check_fault("return t.sepc", "{}",
                "no field \\\"sepc\\\" in Thing; did you mean \\\"spec\\\"?");
    check_fault("t.metadata.name = 'b'", "{}", "Thing.metadata cannot be written");
    check_fault("setmetatable(t, {})", "{}", "bad argument #1 to 'setmetatable'");
    check_fault("rawlen(t)", "{}", "bad argument #1 to 'rawlen'");
    check_status("t.status.text = tostring(getmetatable(t)) .. type(t)", "{}",
                 "{\"text\":\"falseuserdata\"}");
}

/* Also where another run is under way: a view is looked up by the number of its run. */
static void refuses_views_of_other_runs(void)
{
    struct engine_bench bench;
    if (script_bench(&bench,
                     "local kept\n"
                     "return controller \"example.com/v1/Thing\" { reconcile = function(t)\n"
                     "if kept then return kept.spec end\nkept = t end }")) {
        CHECK_TEXT(script_run_on(&bench, "{}", "{}"), "{\"outcome\":\"done\"}");
        check_fault_in(script_run_on(&bench, "{}", "{}"),
                       "thing.lua:3: this object belongs to a run that is over; copy()");
    }
    engine_bench_done(&bench);
}

SUITE({"reads fields by name", reads_fields_by_name},
      {"reads what is absent without ladders", reads_what_is_absent_without_ladders},
      {"names typos", names_typos}, {"keeps integers and lists", keeps_integers_and_lists},
      {"writes nothing but its status", writes_nothing_but_its_status},
      {"sees what it wrote", sees_what_it_wrote}, {"walks lists", walks_lists},
      {"walks maps", walks_maps}, {"appends to lists", appends_to_lists},
      {"tells what is absent", tells_what_is_absent}, {"copies values", copies_values},
      {"removes fields", removes_fields}, {"knows an object by name", knows_an_object_by_name},
      {"refuses views of other runs", refuses_views_of_other_runs})
