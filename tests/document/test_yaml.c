#include "base/alloc.h"
#include "document/json.h"
#include "document/yaml.h"
#include "support/suite.h"

/* The documents of `yaml` as JSON, one a line; the complaint where it is refused. */
static const char *read_as_json(const char *yaml)
{
    static char out[4096];
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(sizeof out - 1);
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    if (yaml_parse(&arena, text_of(yaml), &stream, &err) != TEND_OK) {
        snprintf(out, sizeof out, "%s", err.message);
        return out;
    }
    for (size_t i = 0; i < stream.count; i++) {
        buffer_chars(&json, i == 0 ? "" : "\n");
        json_write(&json, stream.documents[i].value);
    }
    snprintf(out, sizeof out, "%s", json.data == NULL ? "" : json.data);
    return out;
}

static void reads_the_core_schema(void)
{
    CHECK_TEXT(read_as_json("[null, Null, NULL, ~, ]"), "[null,null,null,null]");
    CHECK_TEXT(read_as_json("a:\nb: ''"), "{\"a\":null,\"b\":\"\"}");
    CHECK_TEXT(read_as_json("[true, True, TRUE, false, False, FALSE]"),
               "[true,true,true,false,false,false]");
    CHECK_TEXT(read_as_json("[0, -0, +7, 0777, 0o17, 0x1F, -12]"), "[0,0,7,777,15,31,-12]");
    CHECK_TEXT(read_as_json("[1.5, .5, -.5, 1e3, 2.E-1, 1.]"), "[1.5,0.5,-0.5,1000.0,0.2,1.0]");
    CHECK_TEXT(read_as_json("[9223372036854775807, -9223372036854775808]"),
               "[9223372036854775807,-9223372036854775808]");
}

static void takes_the_rest_for_text(void)
{
    CHECK_TEXT(read_as_json("[no, yes, on, off, y, n]"),
               "[\"no\",\"yes\",\"on\",\"off\",\"y\",\"n\"]");
    CHECK_TEXT(read_as_json("[nULL, tRUE, 0b1, 1_000, -0x1, 0o8, 0x, '1']"),
               "[\"nULL\",\"tRUE\",\"0b1\",\"1_000\",\"-0x1\",\"0o8\",\"0x\",\"1\"]");
    CHECK_TEXT(read_as_json("[12:30, 2026-01-02, 1.2.3, ., +, -., 1e, e1]"),
               "[\"12:30\",\"2026-01-02\",\"1.2.3\",\".\",\"+\",\"-.\",\"1e\",\"e1\"]");
    CHECK_TEXT(read_as_json("{1: a, null: b, '': c}"), "{\"\":\"c\",\"1\":\"a\",\"null\":\"b\"}");
}

static void refuses_numbers_that_no_value_holds(void)
{
    CHECK_TEXT(read_as_json("a: .inf"), "line 1, column 4: expected a finite number, found .inf");
    CHECK_TEXT(read_as_json("- -.INF"), "line 1, column 3: expected a finite number, found -.INF");
    CHECK_TEXT(read_as_json("- .nan"), "line 1, column 3: expected a finite number, found .nan");
    CHECK_TEXT(read_as_json("- 1e999"),
               "line 1, column 3: expected a number that a double can hold, found 1e999");
    CHECK_TEXT(
        read_as_json("- 0xFFFFFFFFFFFFFFFF"),
        "line 1, column 3: expected an integer of at most 64 bits, found 0xFFFFFFFFFFFFFFFF");
    CHECK_TEXT(read_as_json("- 18446744073709551616"), "[1.8446744073709552e+19]");
}

static void obeys_and_checks_core_tags(void)
{
    CHECK_TEXT(read_as_json("[!!str 12, !!int '12', !!float 3, !!bool \"true\", !!null '']"),
               "[\"12\",12,3.0,true,null]");
    CHECK_TEXT(read_as_json("[!!seq [a], !!map {a: b}, ! {c: d}]"),
               "[[\"a\"],{\"a\":\"b\"},{\"c\":\"d\"}]");
    CHECK_TEXT(read_as_json("!!str a: b"), "{\"a\":\"b\"}");
    CHECK_TEXT(read_as_json("- !!int x"),
               "line 1, column 3: expected an integer after its tag, found `x`");
    CHECK_TEXT(read_as_json("- !!float .nan"),
               "line 1, column 3: expected a finite number, found .nan");
    static const char *const refused[] = {
        "!!set {a: }",   "!!binary aGk=",         "!local x",
        "!!map [a]",     "!!seq {a: b}",          "!!str [a]",
        "!!int {a: b}",  "!!merge a: b",          "!<tag:x,2000:y> z",
        "!!omap [a: b]", "!!timestamp 2026-01-02"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CHECK(strstr(read_as_json(refused[i]), "line 1, column 1: expected no tag") != NULL);
    }
}

static void reads_every_document(void)
{
    CHECK_TEXT(read_as_json("a: 1\n---\n[2]\n...\n---\n3\n"), "{\"a\":1}\n[2]\n3");
    CHECK_TEXT(read_as_json("---\n---\n# nothing\n---\nx\n---\n"), "\"x\"");
    CHECK_TEXT(read_as_json("--- null\n--- ~\n--- ''\n"), "null\nnull\n\"\"");
    CHECK_TEXT(read_as_json(""), "");
    CHECK_TEXT(read_as_json("# only a comment\n"), "");
    CHECK_TEXT(read_as_json(NULL), "");
    CHECK_TEXT(read_as_json("\xEF\xBB\xBF"), "");
    CHECK_TEXT(read_as_json("\xEF\xBB\xBF"
                            "a: 1"),
               "{\"a\":1}");
    CHECK_TEXT(read_as_json("{\"a\": [1, 2.0, null, \"\\u00e9\\n\"]}"),
               "{\"a\":[1,2.0,null,\"\xC3\xA9\\n\"]}");
}

static void says_where_documents_and_values_stand(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct yaml_stream stream = {0};
    struct text text = TEXT("# x\nb: 1\na:\n  - \xC3\xA9: {z: 1}\n---\nc: 2\n");
    if (!CHECK(yaml_parse(&arena, text, &stream, NULL) == TEND_OK) ||
        !CHECK_INT((long long)stream.count, 2)) {
        return;
    }
    const struct value *root = stream.documents[0].value;
    CHECK_INT(stream.documents[0].line, 2);
    CHECK_INT(stream.documents[1].line, 5);
    CHECK(text_is(root->fields[0].key, "a"));
    CHECK_INT(root->fields[0].line, 3);
    CHECK_INT(value_field(root, "b")->line, 2);
    CHECK_INT(value_field(root, "b")->column, 4);
    const struct value *inner = value_at(value_field(root, "a"), 0);
    CHECK_INT(inner->line, 4);
    CHECK_INT(inner->column, 5);
    CHECK_INT(inner->fields[0].value->column, 8);
}

static void shares_what_an_alias_names(void)
{
    CHECK_TEXT(read_as_json("a: &x [1, {b: 2}]\nc: *x\nd: *x\n"),
               "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}],\"d\":[1,{\"b\":2}]}");
    CHECK_TEXT(read_as_json("[&x 1, *x, &x 2, *x]"), "[1,1,2,2]");
    CHECK_TEXT(read_as_json("&k key: &v 12\n? *v\n: *k\n"), "{\"12\":\"key\",\"key\":12}");
    CHECK_TEXT(read_as_json("a: &x b\n---\n*x\n"),
               "line 3, column 1: expected an anchor &x before its alias, found none");
    CHECK_TEXT(read_as_json("&x [1, *x]"),
               "line 1, column 8: expected a value, found *x inside the value that it names");
    CHECK_TEXT(read_as_json("[&x [1], {? *x : 1}]"),
               "line 1, column 13: expected a text as key, found an alias of a list");
}

static void refuses_keys_that_are_no_text_or_stand_twice(void)
{
    CHECK_TEXT(
        read_as_json("b: 1\na: 2\nb: 3\n"),
        "line 3, column 1: expected each key once, found \"b\" again (first in line 1, column 1)");
    CHECK_TEXT(
        read_as_json("{1: a, '1': b}"),
        "line 1, column 8: expected each key once, found \"1\" again (first in line 1, column 2)");
    CHECK_TEXT(read_as_json("? [a]\n: b\n"),
               "line 1, column 3: expected a text as key, found a list");
    CHECK_TEXT(read_as_json("? {a: b}\n: b\n"),
               "line 1, column 3: expected a text as key, found a mapping");
    CHECK_TEXT(
        read_as_json("a: &x {b: 1}\nc:\n  <<: *x\n"),
        "line 3, column 3: expected a key, found the merge key <<, which YAML 1.2 does not have: "
        "write the fields out, or quote it");
    CHECK_TEXT(read_as_json("\"<<\": 1\n"), "{\"<<\":1}");
}

static void complains_in_words_of_its_own(void)
{
    static const struct {
        const char *yaml, *complaint;
    } cases[] = {
        {"a: b: c",
         "line 1, column 5: expected one \"key: \" in a line (a text with \": \" in it needs "
         "quotes), found `: c`"},
        {"a: 1\n b: 2",
         "line 2, column 3: expected one \"key: \" in a line (a text with \": \" in it "
         "needs quotes), found `: 2`"},
        {"a:\n\tb: 1",
         "line 2, column 1: expected a value (a text that begins with this character needs "
         "quotes; tabs cannot indent), found a tab"},
        {"a: [1, 2", "line 1, column 9: expected ',' or ']', found the end of the text"},
        {"a: {b: 1\nc: 2}",
         "line 2, column 2: expected ',' or '}', found `: 2}`, in what begins in line "
         "1, column 4"},
        {"a: \"x\nb: 1\n",
         "line 3, column 1: expected the closing quote, found the end of the text, in "
         "what begins in line 1, column 4"},
        {"- a\nb: 1\n",
         "line 2, column 1: expected \"- \" in the column of the list's other items, found "
         "`b: 1`, in what begins in line 1, column 1"},
        {"a: @x",
         "line 1, column 4: expected a value (a text that begins with this character needs "
         "quotes; tabs cannot indent), found `@x`"},
        {"a: \"\\q\"",
         "line 1, column 5: expected an escape that YAML knows after '\\', found `\\q\"`"},
        {"a: \xFF", "line 1, column 4: expected UTF-8, found 0xFF"},
        {"a:\n  b: \x01", "line 2, column 6: expected printable characters, found 0x01"},
        {"a: b\nc\n",
         "line 3, column 1: expected ':' after the key, found the end of the text, in what "
         "begins in line 2, column 1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_TEXT(read_as_json(cases[i].yaml), cases[i].complaint);
    }
}

SUITE({"reads null, booleans and numbers by the core schema", reads_the_core_schema},
      {"takes every other plain scalar for text", takes_the_rest_for_text},
      {"refuses numbers that no value can hold", refuses_numbers_that_no_value_holds},
      {"obeys core tags, checks them, refuses others", obeys_and_checks_core_tags},
      {"reads every document, and skips empty ones", reads_every_document},
      {"says where documents, keys and values stand", says_where_documents_and_values_stand},
      {"shares what an alias names", shares_what_an_alias_names},
      {"refuses keys that are no text or stand twice",
       refuses_keys_that_are_no_text_or_stand_twice},
      {"complains with place, expected and found", complains_in_words_of_its_own})
