/* Structural schemas: the OpenAPI v3 subset of CustomResourceDefinitions (apiextensions.k8s.io/v1).
 *
 * Understood: type (with nullable and x-kubernetes-int-or-string), properties, additionalProperties
 * (schema or boolean), items, required, enum, default, minimum, maximum, exclusiveMinimum and
 * -Maximum (boolean), multipleOf, minLength, maxLength (characters), pattern (PCRE2, matches anywhere,
 * bounded in steps), minItems, maxItems, uniqueItems, minProperties, maxProperties, format (date-time,
 * duration, int32, int64, others are notes), x-kubernetes-preserve-unknown-fields,
 * x-kubernetes-embedded-resource, x-kubernetes-list-type and -map-keys (checked for set and map),
 * x-kubernetes-map-type, description, title, example and externalDocs (notes), and the anyOf of integer
 * and string that generators write beside x-kubernetes-int-or-string. Any other keyword refuses the
 * schema, with its path: a rule that is not enforced must not look as if it were. So does what Kubernetes
 * does not call structural: a field without a type, properties beside additionalProperties, an array
 * without items, a default that its own schema refuses.
 *
 * The root is an object of a kind: apiVersion, kind and metadata are always known there, and metadata is
 * neither filled, pruned nor judged by the schema.
 *
 * A compiled schema is immutable and shared by counting.
 */
#ifndef DOCUMENT_SCHEMA_H
#define DOCUMENT_SCHEMA_H

#include "base/buffer.h"
#include "base/error.h"
#include "document/value.h"

struct schema;

/* What is wrong with a value; the words of metav1.StatusCause. */
enum schema_reason {
    SCHEMA_REQUIRED,      /* FieldValueRequired */
    SCHEMA_TYPE,          /* FieldValueTypeInvalid */
    SCHEMA_INVALID,       /* FieldValueInvalid */
    SCHEMA_NOT_SUPPORTED, /* FieldValueNotSupported: not in the enum */
    SCHEMA_TOO_LONG,      /* FieldValueTooLong */
    SCHEMA_TOO_MANY,      /* FieldValueTooMany */
    SCHEMA_DUPLICATE,     /* FieldValueDuplicate */
    SCHEMA_UNKNOWN,       /* a field that the schema does not have */
    SCHEMA_FORBIDDEN,     /* FieldValueForbidden: said by rules that no schema can express */
};

struct schema_problem {
    enum schema_reason reason;
    struct text path; /* "spec.disks[0].size"; empty: the root */

    /* Without the path: "Invalid value: 0: must be greater than or equal to 1",
     * "unknown field \"iamge\", did you mean \"image\"?" */
    struct text message;
    uint32_t line, column; /* of the value, or of what should hold it; 0: not from a text */
};

struct schema_problems {
    struct arena *arena; /* set by the caller: texts live there */
    struct schema_problem *items;
    size_t count, capacity; /* at most SCHEMA_PROBLEMS_MAX are kept */
};

/* Append one problem, cut off silently beyond SCHEMA_PROBLEMS_MAX; `path` is copied, and the place is
 * that of `value` (which may be NULL). */
void schema_problem_add(struct schema_problems *problems, enum schema_reason reason,
                        struct text path, const struct value *value, const char *format, ...)
    PRINTF_LIKE(5, 6);

/* "PATH: MESSAGE; PATH: MESSAGE; and 2 more": for a sentence that begins with whose problems they are. */
void schema_problems_tell(const struct schema_problems *problems, struct buffer *out);

/* Compile `openapi` (the value of openAPIV3Schema), which is copied. TEND_INVALID with the path of what is
 * wrong: "properties.spec.properties.size.minimum: expected a number, found \"x\"". */
NODISCARD enum tend_code schema_compile(const struct value *openapi, struct schema **ret_schema,
                                        struct error *err);
struct schema *schema_ref(struct schema *schema);
struct schema *schema_unref(struct schema *schema); /* NULL is allowed; returns NULL */

/* `value` with the defaults of absent fields filled in (in `arena`, sharing what is unchanged). A null
 * where the schema allows none means "not set": the default takes its place, or the field goes. Doing it
 * twice changes nothing. What comes from a default has no line. */
const struct value *schema_default(const struct schema *schema, struct arena *arena,
                                   const struct value *value);

/* `value` without the fields that the schema does not have (in `arena`, sharing what is unchanged); each
 * is reported as SCHEMA_UNKNOWN, with the nearest known name. */
const struct value *schema_prune(const struct schema *schema, struct arena *arena,
                                 const struct value *value, struct schema_problems *problems);

/* Append to `problems` whatever breaks the schema; none appended: `value` is valid. */
void schema_validate(const struct schema *schema, const struct value *value,
                     struct schema_problems *problems);

/* The schema of the field at `path` ("spec.duration"), borrowed; NULL where there is none. */
const struct schema *schema_at(const struct schema *schema, struct text path);

/* The JSON type that the schema declares (VALUE_REAL: number); VALUE_NULL where it declares none. */
enum value_type schema_type(const struct schema *schema);

#endif
