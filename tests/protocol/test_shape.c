#include "base/alloc.h"
#include "document/json.h"
#include "protocol/shape.h"
#include "support/suite.h"

struct shape_case {
    const char *json;
    const char *message; /* NULL: accepted */
};

static void judge(enum tend_code (*shape)(const struct value *, struct error *),
                  const struct shape_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *value = NULL;
        struct error err = ERROR_INIT;
        if (!CHECK(json_parse(&arena, text_of(cases[i].json), &value, &err) == TEND_OK)) {
            printf("%s\n%s\n", err.message, cases[i].json);
            continue;
        }
        enum tend_code code = shape(value, &err);
        CHECK_TEXT(code == TEND_OK ? "" : err.message,
                   cases[i].message == NULL ? "" : cases[i].message);
    }
}

static void judges_results(void)
{
    static const struct shape_case cases[] = {
        {"{\"outcome\":\"done\"}", NULL},
        {"{\"outcome\":\"enter\",\"state\":\"ready\",\"status\":{},\"afterMs\":0,\"reason\":\"R\","
         "\"message\":\"m\",\"writes\":[{\"verb\":\"remove\",\"kind\":\"v1/A\",\"name\":\"b\"},"
         "{\"verb\":\"apply\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":"
         "{\"name\":\"b\"}}}],\"conditions\":[{\"type\":\"T\",\"status\":\"Unknown\"}],"
         "\"events\":[{\"type\":\"Normal\",\"reason\":\"R\"}]}",
         NULL},
        {"[]", "the result is no map"},
        {"{}", "the result has no \"outcome\""},
        {"{\"outcome\":\"explode\"}", "the result: unknown outcome \"explode\""},
        {"{\"outcome\":1}", "the result: \"outcome\" is no string"},
        {"{\"outcome\":\"done\",\"extra\":1}", "the result has an unknown field \"extra\""},
        {"{\"outcome\":\"enter\"}", "the result enters no \"state\""},
        {"{\"outcome\":\"again\",\"afterMs\":-1}", "the result: \"afterMs\" is negative"},
        {"{\"outcome\":\"done\",\"status\":[]}", "the result: \"status\" is no object"},
        {"{\"outcome\":\"done\",\"writes\":[{\"verb\":\"eat\"}]}",
         "a write is neither \"apply\" nor \"remove\""},
        {"{\"outcome\":\"done\",\"writes\":[null]}", "a write is neither \"apply\" nor \"remove\""},
        {"{\"outcome\":\"done\",\"writes\":[{\"verb\":\"apply\",\"object\":{}}]}",
         "an applied object has no apiVersion, kind or metadata.name"},
        {"{\"outcome\":\"done\",\"conditions\":[{\"type\":\"T\",\"status\":\"yes\"}]}",
         "a condition: unknown status \"yes\""},
        {"{\"outcome\":\"done\",\"events\":[{\"type\":\"Normal\"}]}", "an event has no \"reason\""},
    };
    judge(shape_result, cases, COUNT_OF(cases));
}

static void judges_questions(void)
{
    static const struct shape_case cases[] = {
        {"{\"fetch\":{\"kind\":\"v1/A\",\"name\":\"b\"}}", NULL},
        {"{\"select\":{\"kind\":\"v1/A\",\"labels\":\"a=b\",\"namespace\":\"\"}}", NULL},
        {"{}", "the question is none of fetch, select, kind, sleep, exec and http"},
        {"{\"fetch\":{\"kind\":\"v1/A\"}}", "the question has no \"name\""},
        {"{\"fetch\":7}", "the question is no map"},
        {"{\"select\":{}}", "the question has no \"kind\""},
        {"{\"kind\":{\"word\":\"labs\"}}", NULL},
        {"{\"sleep\":{\"ms\":5}}", NULL},
        {"{\"sleep\":{\"ms\":\"5s\"}}", "the question: \"ms\" is no integer"},
        {"{\"exec\":{\"argv\":[]}}", NULL}, /* what is in it is judged where it is done */
        {"{\"http\":[]}", "the question is no map"},
        {"{\"fetch\":{},\"select\":{}}",
         "the question is none of fetch, select, kind, sleep, exec and http"},
    };
    judge(shape_question, cases, COUNT_OF(cases));
}

static void judges_what_was_written_so_far(void)
{
    static const struct shape_case cases[] = {
        {"{}", NULL},
        {"{\"status\":{},\"writes\":[],\"conditions\":[],\"events\":[]}", NULL},
        {"{\"outcome\":\"done\"}", "what was written so far has an unknown field \"outcome\""},
        {"{\"events\":[{}]}", "an event has no \"type\""},
    };
    judge(shape_writes, cases, COUNT_OF(cases));
}

static void judges_descriptors(void)
{
    static const struct shape_case cases[] = {
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"g/v1/K\"}]}",
         NULL},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[]}", "the plugin has no controllers"},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\"}]}",
         "a controller has no \"kind\""},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"k\"},"
         "{\"name\":\"a\",\"kind\":\"k\"}]}",
         "the plugin has two controllers \"a\""},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"k\","
         "\"parallel\":0}]}",
         "a controller: \"parallel\" is not between 1 and 64"},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"k\","
         "\"limitMs\":0}]}",
         "a controller: \"limitMs\" is not between a millisecond and a century"},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"k\","
         "\"sliceMs\":9223372036854775807}]}",
         "a controller: \"sliceMs\" is not between a millisecond and a century"},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"k\","
         "\"crd\":7}]}",
         "a controller: \"crd\" is neither text nor a map"},
        {"{\"name\":\"a\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"k\","
         "\"owns\":[1]}]}",
         "a controller: \"owns\" has an item that is no string"},
        {"{\"name\":\"p\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"*\","
         "\"observer\":true,\"labels\":\"a=b\",\"annotation\":\"c\"}]}",
         NULL},
        {"{\"name\":\"p\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"v1/A\","
         "\"observer\":true,\"finalize\":true}]}",
         "a controller: an observer has no \"finalize\""},
        {"{\"name\":\"p\",\"version\":\"1\",\"controllers\":[{\"name\":\"a\",\"kind\":\"v1/A\","
         "\"annotation\":\"c\"}]}",
         "a controller: who owns a kind has no \"annotation\""},
    };
    judge(shape_descriptor, cases, COUNT_OF(cases));
}

static void judges_reports(void)
{
    static const struct shape_case cases[] = {
        {"{}", NULL},
        {"{\"dropped\":2,\"series\":[{\"controller\":\"c\",\"name\":\"n\",\"type\":\"counter\","
         "\"help\":\"h\",\"labels\":{\"a\":\"b\"}},{\"controller\":\"c\",\"name\":\"n\","
         "\"type\":\"histogram\",\"bounds\":[0.5,1]}],\"updates\":[{\"series\":0,\"by\":2},"
         "{\"series\":0,\"value\":-0.5},{\"series\":1,\"sum\":1,\"buckets\":[1,0,2]}]}",
         NULL},
        {"[]", "the report is no map"},
        {"{\"more\":1}", "the report has an unknown field \"more\""},
        {"{\"dropped\":-1}", "the report: \"dropped\" is no count up to 2^53"},
        {"{\"dropped\":9007199254740993}", "the report: \"dropped\" is no count up to 2^53"},
        {"{\"series\":[1]}", "a series is no map"},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"n\",\"type\":\"sum\"}]}",
         "a series: unknown type \"sum\""},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"n\",\"type\":\"gauge\","
         "\"labels\":{\"a\":1}}]}",
         "a label of a series is no string"},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"n\",\"type\":\"gauge\",\"bounds\":[1]}]}",
         "a series has bounds and is no histogram, or the reverse"},
        {"{\"series\":[{\"controller\":\"c\",\"name\":\"n\",\"type\":\"histogram\","
         "\"bounds\":[\"1\"]}]}",
         "the bounds of a series hold what is no number"},
        {"{\"updates\":[{\"series\":0}]}", "an update says not one thing"},
        {"{\"updates\":[{\"series\":0,\"by\":1,\"value\":1}]}", "an update says not one thing"},
        {"{\"updates\":[{\"series\":0,\"by\":\"1\"}]}", "an update says not one thing"},
        {"{\"updates\":[{\"series\":0,\"sum\":1}]}", "an update says not one thing"},
        {"{\"updates\":[{\"series\":0,\"sum\":1,\"buckets\":[-1]}]}",
         "a bucket of an update is no count up to 2^53"},
        {"{\"updates\":[{\"series\":0,\"sum\":1,\"buckets\":[0.5]}]}",
         "a bucket of an update is no count up to 2^53"},
        {"{\"updates\":[{\"series\":0,\"sum\":1,\"buckets\":[9007199254740993]}]}",
         "a bucket of an update is no count up to 2^53"},
        {"{\"updates\":[{\"series\":0,\"by\":1.7e308}]}",
         "an update counts more than 2^53 at once"},
        {"{\"updates\":[{\"series\":0,\"by\":9007199254740992},{\"series\":0,\"value\":1.7e308},"
         "{\"series\":0,\"sum\":-1.7e308,\"buckets\":[9007199254740992]}]}",
         NULL},
    };
    judge(shape_report, cases, COUNT_OF(cases));
}

SUITE({"judges results", judges_results}, {"judges questions", judges_questions},
      {"judges what was written so far", judges_what_was_written_so_far},
      {"judges descriptors", judges_descriptors}, {"judges reports", judges_reports})
