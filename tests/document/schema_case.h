/* A schema and an object, both in YAML: what the schema makes of the object, as text. */
#ifndef DOCUMENT_SCHEMA_CASE_H
#define DOCUMENT_SCHEMA_CASE_H

#include "base/alloc.h"
#include "document/json.h"
#include "document/schema.h"
#include "document/yaml.h"
#include "support/suite.h"

struct schema_case {
    struct arena arena;
    struct schema *schema;
    struct schema_problems problems;
    char text[16 * 1024];
};

static inline const struct value *case_read(struct schema_case *this, const char *yaml)
{
    struct yaml_stream stream = {0};
    struct error err = ERROR_INIT;
    if (!CHECK(yaml_parse(&this->arena, text_of(yaml), &stream, &err) == TEND_OK) ||
        !CHECK(stream.count == 1)) {
        fprintf(stderr, "%s: %s\n", yaml, err.message);
        return value_null();
    }
    return stream.documents[0].value;
}

static inline void case_begin(struct schema_case *this, const char *schema_yaml)
{
    struct error err = ERROR_INIT;
    memset(this, 0, sizeof *this);
    this->problems.arena = &this->arena;
    if (!CHECK(schema_compile(case_read(this, schema_yaml), &this->schema, &err) == TEND_OK)) {
        fprintf(stderr, "%s: %s\n", schema_yaml, err.message);
        abort();
    }
}

static inline void case_end(struct schema_case *this)
{
    this->schema = schema_unref(this->schema);
    arena_done(&this->arena);
}

/* "PATH: MESSAGE", one a line; forgets them. */
static inline const char *case_problems(struct schema_case *this)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(sizeof this->text - 1);
    for (size_t i = 0; i < this->problems.count; i++) {
        const struct schema_problem *problem = &this->problems.items[i];
        buffer_format(&out, "%s%.*s: %.*s", i == 0 ? "" : "\n", TEXT_ARG(problem->path),
                      TEXT_ARG(problem->message));
    }
    this->problems.count = 0;
    snprintf(this->text, sizeof this->text, "%s", out.data == NULL ? "" : out.data);
    return this->text;
}

static inline const char *case_json(struct schema_case *this, const struct value *value)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(sizeof this->text - 1);
    json_write(&out, value);
    snprintf(this->text, sizeof this->text, "%s", out.data);
    return this->text;
}

#endif
