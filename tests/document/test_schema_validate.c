#include "base/limits.h"
#include "document/schema_case.h"

/* What is wrong with `value` where `schema` is that of the field `x`; both in YAML. */
static const char *judge(const char *schema, const char *value)
{
    static struct schema_case this;
    char yaml[4096];
    snprintf(yaml, sizeof yaml, "{type: object, properties: {x: %s}}", schema);
    case_begin(&this, yaml);
    snprintf(yaml, sizeof yaml, "x: %s", value);
    schema_validate(this.schema, case_read(&this, yaml), &this.problems);
    case_problems(&this);
    case_end(&this);
    return this.text;
}

static void judges_types(void)
{
    static const char *const types[] = {"boolean", "integer", "number", "string"};
    static const char *const values[] = {"true", "1", "1.5", "a"};
    for (size_t t = 0; t < COUNT_OF(types); t++) {
        for (size_t v = 0; v < COUNT_OF(values); v++) {
            char schema[64];
            bool fits = t == v || (t == 2 && v == 1);
            snprintf(schema, sizeof schema, "{type: %s}", types[t]);
            CHECK((strcmp(judge(schema, values[v]), "") == 0) == fits);
        }
    }
    CHECK_TEXT(judge("{type: integer}", "abc"),
               "x: Invalid value: \"abc\": must be of type integer, is string");
    CHECK_TEXT(judge("{type: integer}", "1.0"), "");
    CHECK_TEXT(judge("{type: integer}", "1.5"),
               "x: Invalid value: 1.5: must be of type integer, is number");
    CHECK_TEXT(judge("{type: object}", "[]"),
               "x: Invalid value: []: must be of type object, is array");
    CHECK_TEXT(judge("{type: array, items: {type: string}}", "{}"),
               "x: Invalid value: {}: must be of type array, is object");
    CHECK_TEXT(judge("{type: string}", "null"),
               "x: Invalid value: null: must be of type string, is null");
    CHECK_TEXT(judge("{type: string, nullable: true, enum: [a]}", "null"), "");
    CHECK_TEXT(judge("{x-kubernetes-int-or-string: true}", "80"), "");
    CHECK_TEXT(judge("{x-kubernetes-int-or-string: true}", "http"), "");
    CHECK_TEXT(judge("{x-kubernetes-int-or-string: true}", "1.5"),
               "x: Invalid value: 1.5: must be of type integer or string, is number");
    CHECK_TEXT(judge("{x-kubernetes-preserve-unknown-fields: true}", "[1, {a: null}]"), "");
}

static void judges_numbers(void)
{
    CHECK_TEXT(judge("{type: integer, minimum: 1}", "1"), "");
    CHECK_TEXT(judge("{type: integer, minimum: 1}", "0"),
               "x: Invalid value: 0: must be greater than or equal to 1");
    CHECK_TEXT(judge("{type: integer, minimum: 1, exclusiveMinimum: true}", "1"),
               "x: Invalid value: 1: must be greater than 1");
    CHECK_TEXT(judge("{type: number, maximum: 1.5}", "1.5"), "");
    CHECK_TEXT(judge("{type: number, maximum: 1.5}", "2"),
               "x: Invalid value: 2: must be less than or equal to 1.5");
    CHECK_TEXT(judge("{type: number, maximum: 1.5, exclusiveMaximum: true}", "1.5"),
               "x: Invalid value: 1.5: must be less than 1.5");
    CHECK_TEXT(
        judge("{type: integer, maximum: 9007199254740992.0}", "9007199254740993"),
        "x: Invalid value: 9007199254740993: must be less than or equal to 9007199254740992.0");
    CHECK_TEXT(judge("{type: number, minimum: -9223372036854775808}", "-1e30"),
               "x: Invalid value: -1e+30: must be greater than or equal to -9223372036854775808");
    CHECK_TEXT(judge("{type: integer, multipleOf: 3}", "-9"), "");
    CHECK_TEXT(judge("{type: integer, multipleOf: 3}", "10"),
               "x: Invalid value: 10: must be a multiple of 3");
    CHECK_TEXT(judge("{type: number, multipleOf: 0.1}", "0.3"), "");
    CHECK_TEXT(judge("{type: number, multipleOf: 0.1}", "0.35"),
               "x: Invalid value: 0.35: must be a multiple of 0.1");
    CHECK_TEXT(judge("{type: integer, format: int32}", "2147483647"), "");
    CHECK_TEXT(judge("{type: integer, format: int32}", "-2147483648"), "");
    CHECK_TEXT(judge("{type: integer, format: int32}", "2147483648"),
               "x: Invalid value: 2147483648: must be an integer of 32 bits");
    CHECK_TEXT(judge("{type: integer, format: int64}", "9223372036854775807"), "");
    CHECK_TEXT(judge("{type: integer}", "9007199254740992.0"), "");
    CHECK_TEXT(judge("{type: integer}", "9223372036854775808"),
               "x: Invalid value: 9.223372036854776e+18: must be of type integer, is number");
    CHECK_TEXT(judge("{type: number, format: int64}", "9223372036854775808"),
               "x: Invalid value: 9.223372036854776e+18: must be an integer of 64 bits");
}

static void judges_texts(void)
{
    CHECK_TEXT(judge("{type: string, maxLength: 3}", "\xC3\xA9\xC3\xA9\xC3\xA9"), "");
    CHECK_TEXT(judge("{type: string, maxLength: 3}", "abcd"),
               "x: Too long: may not be more than 3 characters, has 4");
    CHECK_TEXT(judge("{type: string, minLength: 3}", "ab"),
               "x: Invalid value: \"ab\": must have at least 3 characters, has 2");
    CHECK_TEXT(judge("{type: string, pattern: 'b+'}", "abbc"), "");
    CHECK_TEXT(judge("{type: string, pattern: '^b+$'}", "abbc"),
               "x: Invalid value: \"abbc\": must match '^b+$'");
    CHECK_TEXT(judge("{type: string, pattern: '^b$'}", "\"b\\n\""),
               "x: Invalid value: \"b\\n\": must match '^b$'");
    CHECK_TEXT(judge("{type: string, pattern: '^.$'}", "\xC3\xA9"), "");
    CHECK_TEXT(judge("{type: string, pattern: '^$'}", "''"), "");
    CHECK_TEXT(judge("{type: string, format: date-time}", "2026-01-02T03:04:05Z"), "");
    CHECK_TEXT(
        judge("{type: string, format: date-time}", "yesterday"),
        "x: Invalid value: \"yesterday\": must be a date-time like \"2026-01-02T03:04:05Z\"");
    CHECK_TEXT(judge("{type: string, format: duration}", "1h30m"), "");
    CHECK_TEXT(judge("{type: string, format: duration}", "long"),
               "x: Invalid value: \"long\": must be a duration like \"90s\" or \"1h30m\"");
    CHECK_TEXT(judge("{type: string, format: email}", "nobody"), "");
}

/* No clock is read: what is not bounded does not end, and the test's timeout says so. */
static void bounds_patterns(void)
{
    CHECK_TEXT(
        judge("{type: string, pattern: '^(a+)+$'}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
        "x: Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\": took too many steps to "
        "compare with '^(a+)+$'");
    CHECK_TEXT(
        judge("{type: string, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*"
              "[a-z0-9])?)*$'}",
              "a-long-name.of-a-thing.in-a-cluster.of-a-company.example.com"),
        "");
    char value[3000] = "";
    memset(value, 'a', sizeof value - 1);
    CHECK_TEXT(judge("{type: string, pattern: '^(a|b)*$'}", value), "");
}

static void judges_lists(void)
{
    CHECK_TEXT(judge("{type: array, items: {type: integer, minimum: 1}}", "[1, 0, a]"),
               "x[1]: Invalid value: 0: must be greater than or equal to 1\n"
               "x[2]: Invalid value: \"a\": must be of type integer, is string");
    CHECK_TEXT(judge("{type: array, items: {type: integer}, maxItems: 2}", "[1, 2, 3]"),
               "x: Too many: 3: must have at most 2 items");
    CHECK_TEXT(judge("{type: array, items: {type: integer}, minItems: 2}", "[1]"),
               "x: Invalid value: [1]: must have at least 2 items, has 1");
    CHECK_TEXT(judge("{type: array, items: {type: string}, x-kubernetes-list-type: set}",
                     "[b, a, c, a, b]"),
               "x[3]: Duplicate value: \"a\"");
    CHECK_TEXT(judge("{type: array, items: {type: number}, uniqueItems: true}", "[1, 2, 1.5, 1.0]"),
               "x[3]: Duplicate value: 1.0");
    CHECK_TEXT(
        judge(
            "{type: array, items: {x-kubernetes-preserve-unknown-fields: true}, "
            "uniqueItems: true}",
            "[[1], [1, 1], {a: 1}, {a: 2}, {b: 1}, null, false, true, '1', 1, {a: 1, b: 1}, {}, []]"),
        "");
    CHECK_TEXT(judge("{type: array, items: {x-kubernetes-preserve-unknown-fields: true}, "
                     "uniqueItems: true}",
                     "[{a: [1, {b: 2.5}]}, {a: [1.0, {b: 2.5}]}]"),
               "x[1]: Duplicate value: {\"a\":[1.0,{\"b\":2.5}]}");
    const char *map =
        "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [port, name], "
        "items: {type: object, properties: {port: {type: integer}, name: {type: string}, "
        "v: {type: integer}}}}";
    CHECK_TEXT(
        judge(map, "[{port: 1, name: a}, {port: 1, name: b}, {port: 2, name: a}, {port: 1}]"), "");
    CHECK_TEXT(
        judge(map, "[{port: 1, name: a, v: 1}, {name: b}, {port: 1, name: a, v: 2}, {name: b}]"),
        "x[2]: Duplicate value: {\"name\":\"a\",\"port\":1}");
}

static void judges_maps(void)
{
    const char *schema =
        "{type: object, required: [a, b], properties: {a: {type: string}, b: {type: "
        "string}, c: {type: object, required: [d], properties: {d: {type: string}}}}}";
    CHECK_TEXT(judge(schema, "{a: x, b: y}"), "");
    CHECK_TEXT(judge(schema, "{a: x, c: {}}"), "x.b: Required value\nx.c.d: Required value");
    CHECK_TEXT(judge("{type: object, additionalProperties: {type: integer}}", "{a: 1, 'b.c/d': z}"),
               "x['b.c/d']: Invalid value: \"z\": must be of type integer, is string");
    CHECK_TEXT(
        judge("{type: object, maxProperties: 1, additionalProperties: true}", "{a: 1, b: 2}"),
        "x: Too many: 2: must have at most 1 fields");
    CHECK_TEXT(judge("{type: object, minProperties: 1}", "{}"),
               "x: Invalid value: {}: must have at least 1 fields, has 0");
    CHECK_TEXT(judge("{type: object, x-kubernetes-embedded-resource: true, "
                     "x-kubernetes-preserve-unknown-fields: true}",
                     "{kind: Pod, metadata: 7}"),
               "x.apiVersion: Required value");
}

static void judges_enums(void)
{
    CHECK_TEXT(judge("{type: string, enum: [a, b]}", "b"), "");
    CHECK_TEXT(judge("{type: string, enum: [a, b]}", "x"),
               "x: Unsupported value: \"x\": supported values: \"a\", \"b\"");
    CHECK_TEXT(judge("{type: number, enum: [1, 2.5]}", "1.0"), "");
    CHECK_TEXT(judge("{x-kubernetes-preserve-unknown-fields: true, enum: [{a: 1}, [2]]}", "{a: 1}"),
               "");
}

static void leaves_metadata_to_others(void)
{
    static struct schema_case this;
    case_begin(&this, "{type: object, required: [metadata], properties: {metadata: {type: object, "
                      "required: [uid], properties: {name: {type: string, maxLength: 1}}}, "
                      "kind: {type: string, enum: [A]}}}");
    schema_validate(this.schema, case_read(&this, "{kind: B, metadata: {name: abc}}"),
                    &this.problems);
    CHECK_TEXT(case_problems(&this), "kind: Unsupported value: \"B\": supported values: \"A\"");
    case_end(&this);
}

static void says_where_a_problem_stands(void)
{
    static struct schema_case this;
    case_begin(&this, "{type: object, properties: {spec: {type: object, required: [b], properties: "
                      "{a: {type: array, items: {type: integer}}, b: {type: string}}}}}");
    schema_validate(this.schema, case_read(&this, "kind: A\nspec:\n  a:\n  - 1\n  - x\n"),
                    &this.problems);
    if (CHECK_INT((long long)this.problems.count, 2)) {
        CHECK_INT(this.problems.items[0].reason, SCHEMA_REQUIRED);
        CHECK_INT(this.problems.items[0].line, 3);
        CHECK_INT(this.problems.items[1].reason, SCHEMA_TYPE);
        CHECK_INT(this.problems.items[1].line, 5);
        CHECK_INT(this.problems.items[1].column, 5);
    }
    case_end(&this);
}

static void tells_a_bounded_number_of_problems(void)
{
    static struct schema_case this;
    CLEANUP(buffer_done) struct buffer yaml = BUFFER_INIT(MIB);
    buffer_chars(&yaml, "x:\n");
    for (unsigned i = 0; i < 2 * SCHEMA_PROBLEMS_MAX; i++) {
        buffer_chars(&yaml, "- a\n");
    }
    case_begin(&this, "{type: object, properties: {x: {type: array, items: {type: integer}}}}");
    schema_validate(this.schema, case_read(&this, yaml.data), &this.problems);
    CHECK_INT((long long)this.problems.count, SCHEMA_PROBLEMS_MAX);
    schema_problem_add(&this.problems, SCHEMA_FORBIDDEN, TEXT("y"), NULL, "Forbidden: %s", "no");
    CHECK_INT((long long)this.problems.count, SCHEMA_PROBLEMS_MAX);
    this.problems.count = 0;
    schema_problem_add(&this.problems, SCHEMA_FORBIDDEN, TEXT("y"), NULL, "Forbidden: %s", "no");
    CHECK_TEXT(case_problems(&this), "y: Forbidden: no");
    case_end(&this);
}

static void shows_long_values_cut_between_characters(void)
{
    char value[400];
    for (size_t i = 0; i + 3 < sizeof value; i += 3) {
        memcpy(value + i, "\xE2\x82\xAC", 4);
    }
    const char *problem = judge("{type: integer}", value);
    CHECK(strlen(problem) < 200);
    CHECK(strstr(problem, "\xE2\x82\xAC\"...: must be of type integer") != NULL);
}

SUITE({"judges types, null and int-or-string", judges_types},
      {"judges bounds, multiples and integer formats", judges_numbers},
      {"judges lengths, patterns and formats", judges_texts},
      {"bounds the steps of a pattern", bounds_patterns},
      {"judges lists: items, counts, what stands twice", judges_lists},
      {"judges maps: required and additional fields, counts", judges_maps},
      {"judges enums by value", judges_enums},
      {"leaves metadata at the root to others", leaves_metadata_to_others},
      {"says where a problem stands", says_where_a_problem_stands},
      {"tells a bounded number of problems", tells_a_bounded_number_of_problems},
      {"shows long values cut between characters", shows_long_values_cut_between_characters})
