#include "document/schema_case.h"

static struct schema_case this;

static const char *fill(const char *yaml)
{
    const struct value *once = schema_default(this.schema, &this.arena, case_read(&this, yaml));
    CHECK(schema_default(this.schema, &this.arena, once) == once);
    return case_json(&this, once);
}

static const char *prune(const char *yaml)
{
    const struct value *value = case_read(&this, yaml);
    const struct value *once = schema_prune(this.schema, &this.arena, value, &this.problems);
    size_t count = this.problems.count;
    CHECK(schema_prune(this.schema, &this.arena, once, &this.problems) == once);
    CHECK(this.problems.count == count);
    CHECK((once == value) == (count == 0));
    return case_json(&this, once);
}

static void fills_in_what_is_absent(void)
{
    case_begin(
        &this,
        "type: object\n"
        "properties:\n"
        "  spec:\n"
        "    type: object\n"
        "    properties:\n"
        "      image: {type: string, default: a}\n"
        "      zone: {type: object, default: {}, properties: {name: {type: string, default: z}}}\n"
        "      deep: {type: object, properties: {name: {type: string, default: z}}}\n"
        "      list: {type: array, items: {type: object, properties: {n: {type: integer, "
        "default: 1}}}}\n"
        "      map: {type: object, additionalProperties: {type: object, properties: {n: "
        "{type: integer, default: 1}}}}\n");
    CHECK_TEXT(fill("{}"), "{}");
    CHECK_TEXT(fill("spec: {}"), "{\"spec\":{\"image\":\"a\",\"zone\":{\"name\":\"z\"}}}");
    CHECK_TEXT(fill("spec: {image: b, zone: {name: y}, deep: {}}"),
               "{\"spec\":{\"deep\":{\"name\":\"z\"},\"image\":\"b\",\"zone\":{\"name\":\"y\"}}}");
    CHECK_TEXT(
        fill("spec: {image: b, zone: {}, list: [{}, {n: 2}, 7], map: {a: {}, b: {n: 3}}}"),
        "{\"spec\":{\"image\":\"b\",\"list\":[{\"n\":1},{\"n\":2},7],\"map\":{\"a\":{\"n\":1},\"b\":{"
        "\"n\":3}},\"zone\":{\"name\":\"z\"}}}");
    CHECK_TEXT(fill("spec: 12"), "{\"spec\":12}");
    case_end(&this);
}

static void takes_null_for_not_set(void)
{
    case_begin(&this,
               "{type: object, properties: {a: {type: string, default: x}, b: {type: string}, "
               "c: {type: string, nullable: true, default: y}, "
               "d: {x-kubernetes-preserve-unknown-fields: true}, "
               "e: {type: object, additionalProperties: {type: string}}}}");
    CHECK_TEXT(fill("{a: null, b: null, c: null, d: null, e: {f: null, g: h}}"),
               "{\"a\":\"x\",\"c\":null,\"d\":null,\"e\":{\"g\":\"h\"}}");
    case_end(&this);
}

static void shares_what_stays_and_owes_nothing_to_the_schema(void)
{
    case_begin(&this,
               "{type: object, properties: {a: {type: object, default: {b: [deep]}, properties: "
               "{b: {type: array, items: {type: string}}}}, k: {type: object, "
               "x-kubernetes-preserve-unknown-fields: true}}}");
    const struct value *value = case_read(&this, "k: {x: 1}\n");
    const struct value *filled = schema_default(this.schema, &this.arena, value);
    this.schema = schema_unref(this.schema);
    CHECK(value_field(filled, "k") == value_field(value, "k"));
    CHECK_TEXT(case_json(&this, filled), "{\"a\":{\"b\":[\"deep\"]},\"k\":{\"x\":1}}");
    CHECK_INT(value_field(filled, "a")->line, 0);
    CHECK_INT(value_at(value_field(value_field(filled, "a"), "b"), 0)->line, 0);
    CHECK_INT(filled->line, 1);
    case_end(&this);
}

static void leaves_metadata_alone(void)
{
    case_begin(
        &this,
        "{type: object, properties: {metadata: {type: object, default: {}, properties: {name: "
        "{type: string, default: x}}}}}");
    CHECK_TEXT(fill("{}"), "{}");
    CHECK_TEXT(fill("metadata: {}"), "{\"metadata\":{}}");
    CHECK_TEXT(prune("{apiVersion: v1, kind: A, metadata: {labels: {a: b}}}"),
               "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
    CHECK_TEXT(case_problems(&this), "");
    case_end(&this);
}

static void takes_unknown_fields_out_and_says_so(void)
{
    case_begin(
        &this,
        "type: object\n"
        "properties:\n"
        "  spec:\n"
        "    type: object\n"
        "    properties:\n"
        "      image: {type: string}\n"
        "      disks: {type: array, items: {type: object, properties: {size: {type: integer}}}}\n"
        "      labels: {type: object, additionalProperties: {type: object}}\n");
    CHECK_TEXT(prune("spec: {image: a, disks: [{size: 1}], labels: {x: {}}}"),
               "{\"spec\":{\"disks\":[{\"size\":1}],\"image\":\"a\",\"labels\":{\"x\":{}}}}");
    CHECK_TEXT(case_problems(&this), "");
    CHECK_TEXT(
        prune(
            "spec: {iamge: a, disks: [{}, {sizes: 1}], labels: {x: {y: 1}}, zebra: 1}\nstatsu: 1\n"),
        "{\"spec\":{\"disks\":[{},{}],\"labels\":{\"x\":{}}}}");
    CHECK_TEXT(case_problems(&this),
               "spec.disks[1].sizes: unknown field \"sizes\", did you mean \"size\"?\n"
               "spec.iamge: unknown field \"iamge\", did you mean \"image\"?\n"
               "spec.labels.x.y: unknown field \"y\"\n"
               "spec.zebra: unknown field \"zebra\"\n"
               "statsu: unknown field \"statsu\"");
    prune("spec:\n  image: a\n  images: b\n");
    CHECK_INT(this.problems.items[0].reason, SCHEMA_UNKNOWN);
    CHECK_INT(this.problems.items[0].line, 3);
    CHECK_INT(this.problems.items[0].column, 3);
    case_end(&this);
}

static void keeps_unknown_fields_where_told_to(void)
{
    case_begin(&this, "type: object\n"
                      "properties:\n"
                      "  free: {type: object, additionalProperties: true}\n"
                      "  any: {x-kubernetes-preserve-unknown-fields: true}\n"
                      "  some: {type: object, x-kubernetes-preserve-unknown-fields: true,\n"
                      "         properties: {strict: {type: object}}}\n"
                      "  pod: {type: object, x-kubernetes-embedded-resource: true,\n"
                      "        properties: {spec: {type: object}}}\n");
    const char *all =
        "{\"any\":[{\"a\":1}],\"free\":{\"a\":{\"b\":1}},\"some\":{\"a\":1,\"strict\":{}}}";
    CHECK_TEXT(prune("{free: {a: {b: 1}}, any: [{a: 1}], some: {a: 1, strict: {}}}"), all);
    CHECK_TEXT(prune("{free: {a: {b: 1}}, any: [{a: 1}], some: {a: 1, strict: {c: 1}}}"), all);
    CHECK_TEXT(case_problems(&this), "some.strict.c: unknown field \"c\"");
    CHECK_TEXT(
        prune("pod: {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {}, status: {}}"),
        "{\"pod\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"},\"spec\":{}}}");
    CHECK_TEXT(case_problems(&this), "pod.status: unknown field \"status\"");
    case_end(&this);
}

SUITE({"fills in what is absent, at every depth, once", fills_in_what_is_absent},
      {"takes null for not set where null is not allowed", takes_null_for_not_set},
      {"shares what stays and owes nothing to the schema",
       shares_what_stays_and_owes_nothing_to_the_schema},
      {"leaves metadata at the root alone", leaves_metadata_alone},
      {"takes unknown fields out and says so", takes_unknown_fields_out_and_says_so},
      {"keeps unknown fields where told to", keeps_unknown_fields_where_told_to})
