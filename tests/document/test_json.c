#include <math.h>

#include "base/limits.h"
#include "document/damaged_json.h"
#include "document/json.h"
#include "support/suite.h"
#include "support/tree.h"

struct json_case {
    const char *in, *out;
};

/* Reading `in` and writing it gives `out`, and so does reading and writing `out`. */
static void check_canonical(const struct json_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *value = tree_of(&arena, cases[i].in);
        CHECK_TEXT(tree_text(&arena, value), cases[i].out);
        const struct value *again = tree_of(&arena, cases[i].out);
        CHECK(value_equal(again, value));
        CHECK_TEXT(tree_text(&arena, again), cases[i].out);
    }
}

static void writes_structure(void)
{
    static const struct json_case cases[] = {
        {"null", "null"},
        {" true\n", "true"},
        {"\tfalse\r\n", "false"},
        {"[ ]", "[]"},
        {"{ }", "{}"},
        {"[1 , [2 , {}] ,\n3]", "[1,[2,{}],3]"},
        {"{\"b\" : 1 , \"a\" : {\"d\":2,\"c\":3}}", "{\"a\":{\"c\":3,\"d\":2},\"b\":1}"},
        {"{\"ab\":1,\"a\":2,\"\":3,\"B\":4}", "{\"\":3,\"B\":4,\"a\":2,\"ab\":1}"},
        {"{\"\\u00e9\":1,\"z\":2}", "{\"z\":2,\"\xc3\xa9\":1}"},
        {"{\"b\":{\"b\":{\"b\":[{\"b\":1,\"a\":2}]}},\"a\":0}",
         "{\"a\":0,\"b\":{\"b\":{\"b\":[{\"a\":2,\"b\":1}]}}}"},
    };
    check_canonical(cases, COUNT_OF(cases));
}

static void writes_integers(void)
{
    static const struct json_case cases[] = {
        {"0", "0"},
        {"-0", "0"},
        {"7", "7"},
        {"-7", "-7"},
        {"1234567890123456789", "1234567890123456789"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
    };
    check_canonical(cases, COUNT_OF(cases));
}

static void writes_reals_shortest(void)
{
    static const struct json_case cases[] = {
        {"1.0", "1.0"},
        {"-1.50", "-1.5"},
        {"0.0", "0.0"},
        {"-0.0", "0.0"},
        {"0.1", "0.1"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"100.0", "100.0"},
        {"1e2", "100.0"},
        {"1E+2", "100.0"},
        {"1e22", "1e+22"},
        {"1e-7", "1e-07"},
        {"123456789012345680.0", "1.2345678901234568e+17"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"5e-324", "5e-324"},
        {"0.000001", "1e-06"},
        {"0.0001", "0.0001"},
        {"-0.000123", "-0.000123"},
        {"0.0001234", "0.0001234"},
        {"999999999.999999", "999999999.999999"},
        {"999999999.9999999", "999999999.9999999"},
        {"1000000000.000001", "1000000000.000001"},
        {"-12.5", "-12.5"},
        {"999999999999.9999", "999999999999.9999"},
        {"3.0000001", "3.0000001"},
        {"1e-400", "0.0"},
        {"9223372036854775808", "9.223372036854776e+18"},
        {"-9223372036854775809", "-9.223372036854776e+18"},
        {"99999999999999999999", "1e+20"},
    };
    check_canonical(cases, COUNT_OF(cases));
}

static void tells_integers_from_reals(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_INT(tree_of(&arena, "-0")->type, VALUE_INT);
    CHECK_INT(tree_of(&arena, "1.0")->type, VALUE_REAL);
    CHECK_INT(tree_of(&arena, "1e0")->type, VALUE_REAL);
    CHECK_INT(tree_of(&arena, "9223372036854775807")->type, VALUE_INT);
    CHECK_INT(tree_of(&arena, "9223372036854775807")->integer, INT64_MAX);
    CHECK_INT(tree_of(&arena, "-9223372036854775808")->integer, INT64_MIN);
    CHECK_INT(tree_of(&arena, "9223372036854775808")->type, VALUE_REAL);
    CHECK_INT(tree_of(&arena, "18446744073709551616")->type, VALUE_REAL);
}

static void writes_text(void)
{
    static const struct json_case cases[] = {
        {"\"\"", "\"\""},
        {"\"plain\"", "\"plain\""},
        {"\"a/b\\/c\"", "\"a/b/c\""},
        {"\"\\\"\\\\\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {"\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\"\\u0000\\u001F\\u007f\"", "\"\\u0000\\u001f\x7f\""},
        {"\"\\u000a\\u0022\"", "\"\\n\\\"\""},
        {"\"\\ud800\\udc00\\udbff\\udfff\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
        {"\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
         "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""},
        {"\"seven77\\neight888\\nnine99999\\nsixteen_bytes_16\\nseventeen_bytes_7\"",
         "\"seven77\\neight888\\nnine99999\\nsixteen_bytes_16\\nseventeen_bytes_7\""},
    };
    check_canonical(cases, COUNT_OF(cases));
}

/* What needs a look is found at every place of a word, however the words lie. */
static void finds_escapes_at_every_place(void)
{
    static const char *const special[] = {"\\\"", "\\\\", "\\n", "\\u001f", "\xc3\xa9"};
    for (size_t i = 0; i < COUNT_OF(special) * 20 * 20; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        int before = (int)(i % 20), after = (int)(i / 20 % 20);
        struct text json = arena_format(&arena, "\"%.*s%s%.*s\"", before, "!~#[]abcdefghijklmnop",
                                        special[i / 400], after, "!~#[]abcdefghijklmnop");
        CHECK_TEXT(tree_text(&arena, tree_of(&arena, json.ptr)), json.ptr);
    }
}

static void text_holds_every_byte(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *list = tree_of(&arena, "[\"a\\u0000b\",\"next\"]");
    CHECK(text_equal(value_at(list, 0)->text, TEXT("a\0b")));
    CHECK_TEXT(value_at(list, 1)->text.ptr, "next"); /* a NUL follows, where the quote stood */
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(100);
    json_write_text(&out, TEXT("a\0\"b"));
    CHECK_TEXT(out.data, "\"a\\u0000\\\"b\"");
    buffer_clear(&out);
    json_write_text(&out, (struct text){NULL, 0});
    CHECK_TEXT(out.data, "\"\"");
}

static void writes_for_people(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(1000);
    const struct value *value = tree_of(&arena, "{\"a\":[1,{\"b\":2}],\"c\":{},\"d\":[]}");
    json_write_pretty(&out, value);
    CHECK_TEXT(out.data, "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n"
                         "  \"c\": {},\n  \"d\": []\n}");
    CHECK(value_equal(tree_of(&arena, out.data), value));
}

static void says_where_there_is_no_room(void)
{
    static const char json[] = "{\"key\":[1.5,\"a\\nb\",null,true]}";
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *value = tree_of(&arena, json);
    for (size_t max = 0; max < sizeof json; max++) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(max);
        json_write(&out, value);
        CHECK(out.full == (max < sizeof json - 1));
        CHECK(out.len <= max);
        CHECK_INT(strlen(buffer_view(&out).ptr), out.len);
    }
}

static void keeps_places(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *root =
        tree_of(&arena, "{\n  \"z\": [1,\n 22],\n  \"\xc3\xa9\xe2\x82\xac\": {\"a\": \"x\"}\n}");
    CHECK_INT(root->line, 1);
    CHECK_INT(root->column, 1);
    const struct value *list = value_field(root, "z");
    CHECK_INT(list->line, 2);
    CHECK_INT(list->column, 8);
    CHECK_INT(value_at(list, 1)->line, 3);
    CHECK_INT(value_at(list, 1)->column, 2);
    CHECK_INT(root->fields[0].line, 2);
    CHECK_INT(root->fields[0].column, 3);
    const struct value *map = root->fields[1].value; /* columns count characters, not bytes */
    CHECK_INT(map->line, 4);
    CHECK_INT(map->column, 9);
    CHECK_INT(value_field(map, "a")->column, 15);
}

static void check_refusal(const char *json, enum tend_code code, const char *message)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *value = NULL;
    CHECK_INT(json_parse(&arena, text_of(json), &value, &err), code);
    CHECK_TEXT(err.message, message);
    CHECK(value == NULL);
}

static void check_refusals(const struct json_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_refusal(cases[i].in, TEND_INVALID, cases[i].out);
    }
}

static void says_what_is_wrong_with_structure(void)
{
    static const struct json_case cases[] = {
        {"", "line 1, column 1: expected a value, found the end"},
        {" \n\n ", "line 3, column 2: expected a value, found the end"},
        {"[1,", "line 1, column 4: expected a value, found the end"},
        {"[1", "line 1, column 3: expected ',' or ']', found the end"},
        {"[1 2]", "line 1, column 4: expected ',' or ']', found '2'"},
        {"[1,]", "line 1, column 4: expected a value, found ']'"},
        {"[,1]", "line 1, column 2: expected a value, found ','"},
        {"[1}", "line 1, column 3: expected ',' or ']', found '}'"},
        {"{\"a\":1]", "line 1, column 7: expected ',' or '}', found ']'"},
        {"{\"a\":1,}", "line 1, column 8: expected a key in double quotes, found '}'"},
        {"{\"a\"}", "line 1, column 5: expected ':' after the key, found '}'"},
        {"{\"a\":}", "line 1, column 6: expected a value, found '}'"},
        {"{\n  name: 1}", "line 2, column 3: expected a key in double quotes, found 'name'"},
        {"{'a':1}", "line 1, column 2: expected a key in double quotes, found '''"},
        {"{1:2}", "line 1, column 2: expected a key in double quotes, found '1'"},
        {"{} {}", "line 1, column 4: expected nothing after the value, found '{'"},
        {"1 // one", "line 1, column 3: expected nothing after the value, found '/'"},
        {"[\"\xc3\xa9\xc3\xa9\" 1]", "line 1, column 7: expected ',' or ']', found '1'"},
        {"\xef\xbb\xbf{}", "line 1, column 1: expected a value, found a byte order mark"},
        {"[\xe2\x80\x9cx\xe2\x80\x9d]", "line 1, column 2: expected a value, found '\xe2\x80\x9c'"},
        {"[\x01]", "line 1, column 2: expected a value, found byte 0x01"},
        {"[\xff]", "line 1, column 2: expected a value, found byte 0xFF"},
    };
    check_refusals(cases, COUNT_OF(cases));
}

static void says_what_is_wrong_with_words(void)
{
    static const struct json_case cases[] = {
        {"True", "line 1, column 1: expected a value, found 'True'"},
        {"[nul]", "line 1, column 2: expected a value, found 'nul'"},
        {"nullify", "line 1, column 1: expected a value, found 'nullify'"},
        {"[truefalse]", "line 1, column 2: expected a value, found 'truefalse'"},
        {"NaN", "line 1, column 1: expected a value, found 'NaN'"},
        {"[Infinity]", "line 1, column 2: expected a value, found 'Infinity'"},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
         "line 1, column 1: expected a value, found 'abcdefghijklmnopqrstuvwxyzabc'"},
    };
    check_refusals(cases, COUNT_OF(cases));
}

static void says_what_is_wrong_with_numbers(void)
{
    static const struct json_case cases[] = {
        {"01", "line 1, column 1: a number does not begin with 0"},
        {"[-01]", "line 1, column 3: a number does not begin with 0"},
        {"-", "line 1, column 2: expected a digit after the minus sign, found the end"},
        {"-x", "line 1, column 2: expected a digit after the minus sign, found 'x'"},
        {"+1", "line 1, column 1: expected a value, found '+'"},
        {".5", "line 1, column 1: expected a value, found '.'"},
        {"1.", "line 1, column 3: expected a digit after the decimal point, found the end"},
        {"[1.e1]", "line 1, column 4: expected a digit after the decimal point, found 'e'"},
        {"1e", "line 1, column 3: expected a digit of the exponent, found the end"},
        {"1e+", "line 1, column 4: expected a digit of the exponent, found the end"},
        {"0x1", "line 1, column 2: expected nothing after the value, found 'x'"},
        {"[1_000]", "line 1, column 3: expected ',' or ']', found '_'"},
        {"[1,1e400]", "line 1, column 4: the number is too large for a double"},
        {"[-1e400]", "line 1, column 2: the number is too large for a double"},
    };
    check_refusals(cases, COUNT_OF(cases));
}

static void says_what_is_wrong_with_text(void)
{
    static const struct json_case cases[] = {
        {"\"abc", "line 1, column 5: expected a closing quote, found the end"},
        {"[\"a\nb\"]", "line 1, column 4: expected a closing quote, found the end of the line"},
        {"\"a\tb\"", "line 1, column 3: expected a closing quote, found byte 0x09 (write control "
                     "characters as escapes)"},
        {"\"\\x\"", "line 1, column 3: expected one of \" \\ / b f n r t u after a backslash, "
                    "found 'x'"},
        {"\"\\", "line 1, column 3: expected one of \" \\ / b f n r t u after a backslash, "
                 "found the end"},
        {"\"\\u12\"", "line 1, column 6: expected a hexadecimal digit, found '\"'"},
        {"\"\\u12g4\"", "line 1, column 6: expected a hexadecimal digit, found 'g'"},
        {"\"\\u", "line 1, column 4: expected a hexadecimal digit, found the end"},
        {"\"x\\ud800\"", "line 1, column 3: half of a surrogate pair is no character"},
        {"\"\\udc00\"", "line 1, column 2: half of a surrogate pair is no character"},
        {"\"\\udc00\\udc00\"", "line 1, column 2: half of a surrogate pair is no character"},
        {"\"\\ud800\\u0041\"", "line 1, column 2: half of a surrogate pair is no character"},
        {"\"\\ud800\\n\"", "line 1, column 2: half of a surrogate pair is no character"},
        {"\"\xc3\xa9\xc3\"", "line 1, column 3: expected valid UTF-8, found byte 0xC3"},
    };
    check_refusals(cases, COUNT_OF(cases));
}

static void refuses_what_is_no_utf8(void)
{
    for (size_t i = 0; i < DAMAGED_JSON_COUNT; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct error err = ERROR_INIT;
        const struct value *value = NULL;
        suite_check(json_parse(&arena, damaged_json[i].bytes, &value, &err) == TEND_INVALID,
                    __LINE__, damaged_json[i].name, __FILE__);
    }
}

static void refuses_a_key_twice(void)
{
    check_refusal("{\"a\":1,\n \"b\":2,\n \"a\":3}", TEND_INVALID,
                  "line 3, column 2: the key \"a\" stands twice, first in line 1, column 2");
    check_refusal("[{\"x\":{\"k\":1,\"\\u006b\":1}}]", TEND_INVALID,
                  "line 1, column 14: the key \"k\" stands twice, first in line 1, column 8");
}

static void ends_at_its_length(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *value = NULL;
    CHECK_INT(json_parse(&arena, (struct text){"12345", 2}, &value, &err), TEND_OK);
    CHECK_INT(value_int_or(value, 0), 12);
    CHECK_INT(json_parse(&arena, (struct text){"\"ab\"", 3}, &value, &err), TEND_INVALID);
    CHECK_INT(json_parse(&arena, (struct text){"1\0", 2}, &value, &err), TEND_INVALID);
    CHECK_TEXT(err.message, "line 1, column 2: expected nothing after the value, found byte 0x00");
    CHECK_INT(json_parse(&arena, (struct text){NULL, 0}, &value, &err), TEND_INVALID);
    CHECK_INT(json_parse(&arena, TEXT("["), &value, NULL), TEND_INVALID); /* err may be NULL */
}

/* `open` times `deep`, then `closing` times `deep`. */
static const char *nest(struct arena *arena, const char *open, const char *closing, size_t deep)
{
    size_t step = strlen(open), back = strlen(closing);
    char *text = arena_alloc(arena, deep * (step + back) + 1);
    for (size_t i = 0; i < deep; i++) {
        memcpy(text + i * step, open, step);
        memcpy(text + deep * step + i * back, closing, back);
    }
    return text;
}

static void depth_is_bounded(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_INT(value_nodes(tree_of(&arena, nest(&arena, "[", "]", DOC_DEPTH_MAX))), DOC_DEPTH_MAX);
    check_refusal(nest(&arena, "[", "]", DOC_DEPTH_MAX + 1), TEND_LIMIT,
                  "line 1, column 65: nested deeper than 64");
    check_refusal(nest(&arena, "{\"a\":", "}", DOC_DEPTH_MAX + 1), TEND_LIMIT,
                  "line 1, column 321: nested deeper than 64");
    /* 64 KiB of it end where they become too deep, at the 65th byte */
    check_refusal(nest(&arena, "[", "", 64 * KIB), TEND_LIMIT,
                  "line 1, column 65: nested deeper than 64");
    check_refusal(nest(&arena, "{\"\":", "", 64 * KIB), TEND_LIMIT,
                  "line 1, column 257: nested deeper than 64");
    /* depth is of what is open, not of what was */
    check_refusal(nest(&arena, "[[],{},", "", DOC_DEPTH_MAX - 1), TEND_INVALID,
                  "line 1, column 442: expected a value, found the end");
}

static void nodes_are_bounded(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char *list = arena_alloc(&arena, 2 * DOC_NODES_MAX + 2);
    list[0] = '[';
    for (size_t i = 0; i < DOC_NODES_MAX; i++) {
        list[1 + 2 * i] = '7';
        list[2 + 2 * i] = ',';
    }
    list[2 * DOC_NODES_MAX] = ']';
    check_refusal(list, TEND_LIMIT, "line 1, column 400000: more values than 200000");
    list[2 * DOC_NODES_MAX - 2] = ']'; /* one less, and the list itself is one */
    list[2 * DOC_NODES_MAX - 1] = '\0';
    CHECK_INT(value_nodes(tree_of(&arena, list)), DOC_NODES_MAX);
}

static const char *map_of_keys(struct arena *arena, unsigned count)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(MIB);
    for (unsigned i = 0; i < count; i++) {
        buffer_format(&out, "%c\"%u\":0", i == 0 ? '{' : ',', i);
    }
    buffer_byte(&out, '}');
    return arena_text(arena, buffer_view(&out)).ptr;
}

static void keys_are_bounded(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CHECK_INT(value_count(tree_of(&arena, map_of_keys(&arena, DOC_KEYS_MAX))), DOC_KEYS_MAX);
    check_refusal(map_of_keys(&arena, DOC_KEYS_MAX + 1), TEND_LIMIT,
                  "line 1, column 88892: more keys in a map than 10000");
}

static void key_length_is_bounded(void)
{
    char json[DOC_KEY_MAX + 16] = "{\"";
    CLEANUP(arena_done) struct arena arena = {0};
    memset(json + 2, 'k', DOC_KEY_MAX + 1);
    memcpy(json + 2 + DOC_KEY_MAX, "\":1}", 5);
    CHECK_INT(value_count(tree_of(&arena, json)), 1);
    memcpy(json + 2 + DOC_KEY_MAX, "k\":1}", 6);
    check_refusal(json, TEND_LIMIT, "line 1, column 2: a key is longer in bytes than 1024");
}

static void size_is_bounded(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *value = NULL;
    CLEANUP(freep) char *spaces = alloc_new(INPUT_BYTES_MAX + 1);
    memset(spaces, ' ', INPUT_BYTES_MAX + 1);
    spaces[INPUT_BYTES_MAX - 1] = '1';
    struct text most = {spaces, INPUT_BYTES_MAX}, more = {spaces, INPUT_BYTES_MAX + 1};
    CHECK_INT(json_parse(&arena, most, &value, &err), TEND_OK);
    CHECK_INT(json_parse(&arena, more, &value, &err), TEND_LIMIT);
    CHECK_TEXT(err.message, "the text has 16777217 bytes, more than 16777216");
}

/* Doubles of every size, by their bits: what is written reads back as the same one. */
static void every_real_comes_back(void)
{
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        double real;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&real, &bits, sizeof real);
        if (!isfinite(real)) {
            continue;
        }
        const struct value *value = value_real(&arena, real);
        const struct value *again = tree_of(&arena, tree_text(&arena, value));
        if (!CHECK(again->type == VALUE_REAL && again->real == real)) {
            return;
        }
    }
}

/* The short way of writing reals writes what the C library's fifteen digits do. */
static void short_reals_are_as_the_library_writes_them(void)
{
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        static const double scales[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
        char expected[40];
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        double real = (double)(bits >> 34) / scales[i % 9];
        snprintf(expected, sizeof expected, "%.15g", real);
        if (strpbrk(expected, ".e") == NULL) {
            strcat(expected, ".0");
        }
        CLEANUP(arena_done) struct arena arena = {0};
        if (!CHECK_TEXT(tree_text(&arena, value_real(&arena, real)), expected)) {
            return;
        }
    }
}

SUITE({"writes one canonical form of structure", writes_structure},
      {"writes integers", writes_integers},
      {"writes the shortest real that reads back", writes_reals_shortest},
      {"writes short reals as the library does", short_reals_are_as_the_library_writes_them},
      {"brings every real back", every_real_comes_back},
      {"tells integers from reals", tells_integers_from_reals},
      {"writes only the escapes that are needed", writes_text},
      {"finds what needs a look at every place of a word", finds_escapes_at_every_place},
      {"keeps a NUL inside and puts one behind", text_holds_every_byte},
      {"writes for people", writes_for_people},
      {"marks the buffer where there is no room", says_where_there_is_no_room},
      {"keeps places, in characters", keeps_places},
      {"says what is wrong with structure", says_what_is_wrong_with_structure},
      {"says what is wrong with words", says_what_is_wrong_with_words},
      {"says what is wrong with numbers", says_what_is_wrong_with_numbers},
      {"says what is wrong with text", says_what_is_wrong_with_text},
      {"refuses every input of the public suite that is not UTF-8", refuses_what_is_no_utf8},
      {"refuses a key that stands twice", refuses_a_key_twice},
      {"ends where the text ends", ends_at_its_length}, {"bounds depth", depth_is_bounded},
      {"bounds the number of values", nodes_are_bounded},
      {"bounds the keys of a map", keys_are_bounded},
      {"bounds the length of a key", key_length_is_bounded}, {"bounds the text", size_is_bounded})
