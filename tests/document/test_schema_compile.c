#include "base/alloc.h"
#include "base/limits.h"
#include "document/schema.h"
#include "document/yaml.h"
#include "support/suite.h"

static const struct value *read_yaml(struct arena *arena, const char *yaml)
{
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    if (!CHECK(yaml_parse(arena, text_of(yaml), &stream, &err) == TEND_OK) ||
        !CHECK_INT((long long)stream.count, 1)) {
        fprintf(stderr, "%s\n", err.message);
        return value_null();
    }
    return stream.documents[0].value;
}

/* Why `yaml` is no schema; "" where it is one. */
static const char *refusal(const char *yaml)
{
    static char out[ERROR_TEXT_MAX];
    CLEANUP(arena_done) struct arena arena = {0};
    struct schema *schema = NULL;
    struct error err = ERROR_INIT;
    enum tend_code code = schema_compile(read_yaml(&arena, yaml), &schema, &err);
    CHECK(code == TEND_OK || code == TEND_INVALID);
    CHECK((schema != NULL) == (code == TEND_OK));
    schema_unref(schema);
    snprintf(out, sizeof out, "%s", err.message);
    return out;
}

/* The same for one property `x`. */
static const char *refusal_of_property(const char *yaml)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "{type: object, properties: {x: %s}}", yaml);
    return refusal(whole);
}

static void compiles_every_keyword(void)
{
    CHECK_TEXT(
        refusal(
            "type: object\n"
            "description: d\n"
            "title: t\n"
            "required: [spec]\n"
            "properties:\n"
            "  apiVersion: {type: string}\n"
            "  kind: {type: string}\n"
            "  metadata: {type: object}\n"
            "  spec:\n"
            "    type: object\n"
            "    minProperties: 1\n"
            "    maxProperties: 20\n"
            "    x-kubernetes-map-type: atomic\n"
            "    properties:\n"
            "      image: {type: string, minLength: 1, maxLength: 9, pattern: '^a', default: a}\n"
            "      size: {type: integer, format: int32, minimum: 1, maximum: 9, multipleOf: 2,\n"
            "             exclusiveMinimum: true, exclusiveMaximum: false, example: 4}\n"
            "      rate: {type: number, format: double}\n"
            "      on: {type: boolean, nullable: true}\n"
            "      mode: {type: string, enum: [a, b]}\n"
            "      port: {x-kubernetes-int-or-string: true,\n"
            "             anyOf: [{type: integer}, {type: string}]}\n"
            "      labels: {type: object, additionalProperties: {type: string}}\n"
            "      free: {type: object, additionalProperties: true}\n"
            "      any: {x-kubernetes-preserve-unknown-fields: true}\n"
            "      pod: {type: object, x-kubernetes-embedded-resource: true,\n"
            "            x-kubernetes-preserve-unknown-fields: true}\n"
            "      set: {type: array, items: {type: string}, x-kubernetes-list-type: set,\n"
            "            minItems: 1, maxItems: 3, uniqueItems: true}\n"
            "      disks:\n"
            "        type: array\n"
            "        x-kubernetes-list-type: map\n"
            "        x-kubernetes-list-map-keys: [name]\n"
            "        items: {type: object, properties: {name: {type: string}}}\n"
            "  status: {type: object, externalDocs: {url: x}}\n"),
        "");
}

static void refuses_unknown_keywords_with_their_path(void)
{
    CHECK_TEXT(refusal_of_property("{type: string, maxLenght: 3}"),
               "properties.x.maxLenght: unknown keyword, did you mean \"maxLength\"?");
    CHECK_TEXT(refusal_of_property("{type: array, items: {type: string, oneOf: []}}"),
               "properties.x.items.oneOf: not supported: it would not be enforced");
    CHECK_TEXT(refusal("{type: object, x-kubernetes-validations: []}"),
               "x-kubernetes-validations: not supported: it would not be enforced");
    CHECK_TEXT(refusal("{type: object, properties: {'a.b': {type: string, zebra: x}}}"),
               "properties['a.b'].zebra: unknown keyword");
}

static void refuses_keywords_of_the_wrong_form(void)
{
    static const struct {
        const char *schema, *complaint;
    } cases[] = {
        {"12", "properties.x: expected a schema (an object), found 12"},
        {"{type: text}",
         "properties.x.type: expected \"object\", \"array\", \"string\", \"integer\", "
         "\"number\" or \"boolean\", found \"text\""},
        {"{type: string, nullable: 1}", "properties.x.nullable: expected true or false, found 1"},
        {"{type: string, minLength: -1}",
         "properties.x.minLength: expected an integer, 0 or greater, found -1"},
        {"{type: array, items: {type: string}, maxItems: 1.5}",
         "properties.x.maxItems: expected an integer, 0 or greater, found 1.5"},
        {"{type: integer, minimum: '1'}", "properties.x.minimum: expected a number, found \"1\""},
        {"{type: integer, multipleOf: 0}",
         "properties.x.multipleOf: expected a number greater than 0, found 0"},
        {"{type: object, required: a}",
         "properties.x.required: expected a list of strings, found \"a\""},
        {"{type: object, required: [1]}",
         "properties.x.required: expected a list of strings, found [1]"},
        {"{type: string, enum: []}",
         "properties.x.enum: expected a list of values, at least one, found []"},
        {"{type: string, format: 1}", "properties.x.format: expected a string, found 1"},
        {"{type: string, pattern: '(a'}",
         "properties.x.pattern: expected a regular expression, found at its byte 3: missing closing "
         "parenthesis"},
        {"{type: object, properties: []}", "properties.x.properties: expected an object, found []"},
        {"{type: array, items: [{type: string}]}",
         "properties.x.items: expected a schema (an object), found [{\"type\":\"string\"}]"},
        {"{type: array, items: {type: string}, x-kubernetes-list-type: bag}",
         "properties.x.x-kubernetes-list-type: expected \"atomic\", \"set\" or \"map\", found \"bag\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_TEXT(refusal_of_property(cases[i].schema), cases[i].complaint);
    }
}

static void refuses_what_is_not_structural(void)
{
    static const struct {
        const char *schema, *complaint;
    } cases[] = {
        {"{minLength: 1}", "properties.x.type: Required value: every field has a type (or "
                           "x-kubernetes-int-or-string, or x-kubernetes-preserve-unknown-fields)"},
        {"{type: string, x-kubernetes-int-or-string: true}",
         "properties.x.type: expected no type beside x-kubernetes-int-or-string"},
        {"{type: string, anyOf: [{type: integer}, {type: string}]}",
         "properties.x.anyOf: expected x-kubernetes-int-or-string: true beside it"},
        {"{x-kubernetes-int-or-string: true, anyOf: [{type: string}]}",
         "properties.x.anyOf: not supported, but as [{type: integer}, {type: string}] beside "
         "x-kubernetes-int-or-string"},
        {"{type: string, properties: {}}",
         "properties.x.properties: expected type: object beside it"},
        {"{type: object, properties: {}, additionalProperties: true}",
         "properties.x.additionalProperties: expected none beside properties"},
        {"{type: string, items: {type: string}}",
         "properties.x.items: expected type: array beside it"},
        {"{type: array}", "properties.x.items: Required value: an array says what its items are"},
        {"{type: string, x-kubernetes-list-type: set}",
         "properties.x.x-kubernetes-list-type: expected type: array beside it"},
        {"{type: array, items: {type: object}, x-kubernetes-list-type: map}",
         "properties.x.x-kubernetes-list-map-keys: Required value: a list of type map says what its keys "
         "are"},
        {"{type: array, items: {type: object}, x-kubernetes-list-map-keys: [a]}",
         "properties.x.x-kubernetes-list-map-keys: expected x-kubernetes-list-type: map beside it"},
        {"{type: array, items: {type: object}, x-kubernetes-list-type: map, "
         "x-kubernetes-list-map-keys: [a]}",
         "properties.x.x-kubernetes-list-map-keys: expected scalar properties of the items, found \"a\""},
        {"{type: array, items: {type: string}, x-kubernetes-list-type: map, "
         "x-kubernetes-list-map-keys: [a]}",
         "properties.x.items: expected objects in a list of type map"},
        {"{x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}",
         "properties.x.type: expected \"object\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_TEXT(refusal_of_property(cases[i].schema), cases[i].complaint);
    }
    CHECK_TEXT(refusal("{type: array, items: {type: string}}"), "type: expected \"object\"");
    CHECK_TEXT(refusal("[]"), "schema: expected a schema (an object), found []");
}

static void holds_defaults_against_their_schema(void)
{
    CHECK_TEXT(refusal_of_property("{type: integer, minimum: 1, default: 0}"),
               "properties.x.default: Invalid value: 0: must be greater than or equal to 1");
    CHECK_TEXT(
        refusal_of_property("{type: object, default: {a: 1}, properties: {a: {type: string}}}"),
        "properties.x.default: a: Invalid value: 1: must be of type string, is integer");
    CHECK_TEXT(
        refusal_of_property("{type: object, default: {b: 1}, properties: {a: {type: string}}}"),
        "properties.x.default: b: unknown field \"b\"");
    CHECK_TEXT(refusal_of_property("{type: string, default: null}"),
               "properties.x.default: Invalid value: null: must be of type string, is null");
    CHECK_TEXT(refusal_of_property("{type: string, default: null, nullable: true}"), "");
    CHECK_TEXT(
        refusal_of_property("{type: object, required: [a], default: {}, properties: {a: {type: "
                            "string, default: z}}}"),
        "");
}

static void bounds_what_defaults_amount_to(void)
{
    CLEANUP(buffer_done) struct buffer yaml = BUFFER_INIT(MIB);
    buffer_chars(&yaml,
                 "type: object\nproperties:\n  x:\n    type: array\n    items: {type: string}\n"
                 "    default:\n");
    for (unsigned i = 0; i < SCHEMA_DEFAULT_NODES_MAX; i++) {
        buffer_chars(&yaml, "    - a\n");
    }
    CHECK(strstr(refusal(yaml.data), "properties.x.default: expected at most 10000 values") !=
          NULL);
}

static void finds_the_schema_at_a_path(void)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct schema *schema = NULL;
    const struct value *text =
        read_yaml(&arena, "type: object\n"
                          "properties:\n"
                          "  spec:\n"
                          "    type: object\n"
                          "    properties:\n"
                          "      size: {type: integer}\n"
                          "      rate: {type: number}\n"
                          "      port: {x-kubernetes-int-or-string: true}\n"
                          "      labels: {type: object, additionalProperties: {type: boolean}}\n"
                          "      disks: {type: array, items: {type: string}}\n");
    if (!CHECK(schema_compile(text, &schema, NULL) == TEND_OK)) {
        return;
    }
    CHECK(schema_at(schema, TEXT("")) == schema);
    CHECK_INT(schema_type(schema_at(schema, TEXT("spec"))), VALUE_MAP);
    CHECK_INT(schema_type(schema_at(schema, TEXT(".spec.size"))), VALUE_INT);
    CHECK_INT(schema_type(schema_at(schema, TEXT("spec.rate"))), VALUE_REAL);
    CHECK_INT(schema_type(schema_at(schema, TEXT("spec.port"))), VALUE_NULL);
    CHECK_INT(schema_type(schema_at(schema, TEXT("spec.labels['a.b/c']"))), VALUE_BOOL);
    CHECK_INT(schema_type(schema_at(schema, TEXT("spec.disks[7]"))), VALUE_TEXT);
    CHECK(schema_at(schema, TEXT("spec.none")) == NULL);
    CHECK(schema_at(schema, TEXT("spec.size.none")) == NULL);
    CHECK(schema_at(schema, TEXT("spec[0]")) == NULL);
    CHECK(schema_at(schema, TEXT("spec..size")) == NULL);
    CHECK(schema_at(schema, TEXT("metadata.name")) == NULL);
    struct schema *again = schema_ref(schema);
    schema_unref(schema);
    CHECK_INT(schema_type(again), VALUE_MAP);
    CHECK(schema_unref(again) == NULL);
    CHECK(schema_unref(NULL) == NULL);
}

SUITE({"compiles every keyword", compiles_every_keyword},
      {"refuses unknown keywords with their path", refuses_unknown_keywords_with_their_path},
      {"refuses keywords of the wrong form", refuses_keywords_of_the_wrong_form},
      {"refuses what is not structural", refuses_what_is_not_structural},
      {"holds defaults against their schema", holds_defaults_against_their_schema},
      {"bounds what defaults amount to", bounds_what_defaults_amount_to},
      {"finds the schema at a path", finds_the_schema_at_a_path})
