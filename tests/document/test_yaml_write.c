#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/yaml.h"
#include "support/suite.h"

/* The value of `json` as YAML; "" where that does not read back as equal. */
static const char *write_json(const char *json)
{
    static char out[8 * KIB];
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer yaml = BUFFER_INIT(sizeof out - 1);
    const struct value *value = NULL;
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    out[0] = '\0';
    if (!CHECK(json_parse(&arena, text_of(json), &value, &err) == TEND_OK)) {
        return out;
    }
    yaml_write(&yaml, value);
    CHECK(!yaml.full);
    if (yaml_parse(&arena, buffer_view(&yaml), &stream, &err) != TEND_OK) {
        fprintf(stderr, "%.200s: %s\n%.200s\n", json, err.message, yaml.data);
    } else if (stream.count == 1 && value_equal(stream.documents[0].value, value)) {
        snprintf(out, sizeof out, "%s", yaml.data);
    } else {
        fprintf(stderr, "%.200s reads back as another value\n%.200s\n", json, yaml.data);
    }
    return out;
}

static void writes_blocks(void)
{
    CHECK_TEXT(write_json("{\"spec\":{\"disks\":[{\"name\":\"a\",\"size\":1},{\"name\":\"b\"}],"
                          "\"labels\":{\"x\":\"y\"},\"none\":[],\"nothing\":{},\"unset\":null}}"),
               "spec:\n"
               "  disks:\n"
               "  - name: a\n"
               "    size: 1\n"
               "  - name: b\n"
               "  labels:\n"
               "    x: \"y\"\n"
               "  none: []\n"
               "  nothing: {}\n"
               "  unset: null\n");
    CHECK_TEXT(write_json("[[1,[2,3]],[[[4]]],{\"a\":[[5],6]}]"), "- - 1\n"
                                                                  "  - - 2\n"
                                                                  "    - 3\n"
                                                                  "- - - - 4\n"
                                                                  "- a:\n"
                                                                  "  - - 5\n"
                                                                  "  - 6\n");
    CHECK_TEXT(write_json("{\"\":{\"\":1}}"), "\"\":\n  \"\": 1\n");
}

static void writes_scalars_alone(void)
{
    CHECK_TEXT(write_json("null"), "null\n");
    CHECK_TEXT(write_json("true"), "true\n");
    CHECK_TEXT(write_json("-12"), "-12\n");
    CHECK_TEXT(write_json("1.0"), "1.0\n");
    CHECK_TEXT(write_json("1e300"), "1e+300\n");
    CHECK_TEXT(write_json("\"x\""), "x\n");
    CHECK_TEXT(write_json("\"a\\nb\""), "|-\n  a\n  b\n");
    CHECK_TEXT(write_json("{}"), "{}\n");
    CHECK_TEXT(write_json("[]"), "[]\n");
}

static void quotes_what_would_read_as_something_else(void)
{
    static const char *const quoted[] = {
        "",      "null", "~",          "Null", "true",
        "FALSE", "1",    "-1",         "0x1F", "0o7",
        "1.5",   ".5",   "1e3",        ".inf", "-.Inf",
        ".nan",  "no",   "Yes",        "on",   "off",
        "y",     "N",    "1_000",      "0b11", "12:30:45",
        "0777",  " a",   "a ",         "a: b", "a:",
        "a #b",  "#a",   "- a",        "-",    "---",
        "--- a", "...",  "? a",        "?",    ": a",
        "[a]",   "{a}",  "&a",         "*a",   "!a",
        "|",     ">",    "'a'",        "%a",   "@a",
        "`a",    "<<",   "2026-01-02", "=",    "2026-01-02T03:04:05Z",
        ",a",    "]",    "}",
    };
    for (size_t i = 0; i < COUNT_OF(quoted); i++) {
        char json[64], expected[64];
        snprintf(json, sizeof json, "{\"k\":\"%s\"}", quoted[i]);
        snprintf(expected, sizeof expected, "k: \"%s\"\n", quoted[i]);
        CHECK_TEXT(write_json(json), expected);
        snprintf(json, sizeof json, "{\"%s\":[\"%s\"]}", quoted[i], quoted[i]);
        snprintf(expected, sizeof expected, "\"%s\":\n- \"%s\"\n", quoted[i], quoted[i]);
        CHECK_TEXT(write_json(json), expected);
    }
}

static void leaves_ordinary_texts_plain(void)
{
    static const char *const plain[] = {
        "a",
        "60m",
        "1.2.3",
        "a b",
        "nginx:1.25",
        "/usr/bin",
        "http://x:80/y",
        "--flag",
        "-v",
        "a#b",
        "a-b_c",
        "x=y",
        "$(VAR)",
        "apps/v1",
        "<none>",
        "caf\xC3\xA9",
        "(a, b)",
        "it's",
        "10m",
        "a\\\"b",
        "yesno",
        "tend.dev",
        "\xF0\x9F\x98\x80",
        "a,b",
        "a[0]",
        "v1",
        "+x",
        "1h30m",
        "nullable",
    };
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"k\":\"%s\"}", plain[i]);
        const char *yaml = write_json(json);
        if (!CHECK(strncmp(yaml, "k: ", 3) == 0 && yaml[3] != '"')) {
            fprintf(stderr, "%s", yaml);
        }
    }
}

static void writes_lines_as_literal_blocks(void)
{
    CHECK_TEXT(write_json("{\"k\":\"a\\nb\\n\"}"), "k: |\n  a\n  b\n");
    CHECK_TEXT(write_json("{\"k\":\"a\\nb\"}"), "k: |-\n  a\n  b\n");
    CHECK_TEXT(write_json("{\"k\":\"a\\nb\\n\\n\",\"l\":1}"), "k: |+\n  a\n  b\n\nl: 1\n");
    CHECK_TEXT(write_json("{\"k\":\"a\\n\\n  b\\n\"}"), "k: |\n  a\n\n    b\n");
    CHECK_TEXT(write_json("{\"k\":\"  a\\nb\\n\"}"), "k: |2\n    a\n  b\n");
    CHECK_TEXT(write_json("{\"k\":\"\\n\\na\\n\"}"), "k: |2\n\n\n  a\n");
    CHECK_TEXT(write_json("{\"k\":\"\\ta\\nb\"}"), "k: |2-\n  \ta\n  b\n");
    CHECK_TEXT(write_json("{\"k\":[\"a\\nb\",[\" c\\nd\"]]}"),
               "k:\n- |-\n  a\n  b\n- - |2-\n     c\n    d\n");
    CHECK_TEXT(write_json("{\"k\":\"#!/bin/sh\\n---\\nx: 1\\n\"}"),
               "k: |\n  #!/bin/sh\n  ---\n  x: 1\n");
}

static void escapes_what_a_block_would_change(void)
{
    CHECK_TEXT(write_json("{\"k\":\"\\n\"}"), "k: \"\\n\"\n");
    CHECK_TEXT(write_json("{\"k\":\" \\n \"}"), "k: \" \\n \"\n");
    CHECK_TEXT(write_json("{\"k\":\"a\\r\\nb\"}"), "k: \"a\\r\\nb\"\n");
    CHECK_TEXT(write_json("{\"k\":\"a\\u0000\\u0007\\u007f\"}"), "k: \"a\\x00\\x07\\x7F\"\n");
    CHECK_TEXT(write_json("{\"k\":\"a\\nb\\u0085\"}"), "k: \"a\\nb\\x85\"\n");
    CHECK_TEXT(write_json("{\"k\":\"\\ufeff\\u2028\\u2029\\ufffe\\uffff\"}"),
               "k: \"\\uFEFF\\u2028\\u2029\\uFFFE\\uFFFF\"\n");
    CHECK_TEXT(write_json("{\"k\\nl\":\"\\ta\\\"\\\\\"}"), "\"k\\nl\": \"\\ta\\\"\\\\\"\n");
    CHECK_TEXT(write_json("{\"k\":\"\\ud83d\\ude00\\u00a0\"}"), "k: \xF0\x9F\x98\x80\xC2\xA0\n");
}

static void reads_back_the_longest_key(void)
{
    char json[8 * DOC_KEY_MAX];
    static const char *const units[] = {"k",       "\\u0001", "\\\"",
                                        "\\u0085", "\\uffff", "\\ud83d\\ude00"};
    static const size_t lengths[] = {1, 1, 1, 2, 3, 4};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        size_t at = (size_t)snprintf(json, sizeof json, "[{\"");
        for (size_t n = 0; n + lengths[i] <= DOC_KEY_MAX; n += lengths[i]) {
            at += (size_t)snprintf(json + at, sizeof json - at, "%s", units[i]);
        }
        for (size_t v = 0; v < 3; v++) {
            static const char *const values[] = {"1", "[1,2]", "{\"a\":{\"b\":\"c\\nd\"}}"};
            snprintf(json + at, sizeof json - at, "\":%s,\"z\":1}]", values[v]);
            CHECK(strstr(write_json(json), "? ") != NULL);
        }
    }
}

SUITE({"writes blocks with two spaces and dashes below their key", writes_blocks},
      {"writes a scalar as a document", writes_scalars_alone},
      {"quotes what a reader would take for something else",
       quotes_what_would_read_as_something_else},
      {"leaves ordinary texts plain", leaves_ordinary_texts_plain},
      {"writes several lines as a literal block", writes_lines_as_literal_blocks},
      {"escapes what a block would change", escapes_what_a_block_would_change},
      {"reads back the longest key", reads_back_the_longest_key})
