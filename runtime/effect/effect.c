/* A question comes from a controller and is as good as its author: what cannot be meant is told in the
 * controller's own words before anything begins, so that executors meet only what can be done. */
#include "effect/effect.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"

/* A field as it has to be: absent, or of `type`. */
struct field_shape {
    const char *name;
    enum value_type type;
};

static NODISCARD enum tend_code check_text(struct text text, const char *what, struct error *err)
{
    if (memchr(text.ptr, '\0', text.len) != NULL) {
        return FAIL(err, TEND_INVALID, "%s contains a NUL byte", what);
    }
    return TEND_OK;
}

static const struct field_shape *shape_of(const struct field_shape *shapes, struct text name)
{
    for (const struct field_shape *shape = shapes; shape->name != NULL; shape++) {
        if (text_is(name, shape->name)) {
            return shape;
        }
    }
    return NULL;
}

static NODISCARD enum tend_code check_fields(const struct value *map, const char *word,
                                             const struct field_shape *shapes, struct error *err)
{
    if (!value_is(map, VALUE_MAP)) {
        return FAIL(err, TEND_INVALID, "%s: expected a map", word);
    }
    for (size_t i = 0; i < value_count(map); i++) {
        const struct value_field *field = &map->fields[i];
        const struct field_shape *shape = shape_of(shapes, field->key);
        if (shape == NULL) {
            return FAIL(err, TEND_INVALID, "%s: there is no field \"%.*s\"", word,
                        TEXT_ARG(field->key));
        }
        if (!value_is(field->value, shape->type)) {
            return FAIL(err, TEND_INVALID, "%s: %s: expected %s, got %s", word, shape->name,
                        value_type_name(shape->type), value_type_name(field->value->type));
        }
    }
    return TEND_OK;
}

/* Of all text in it; as deep as documents may be. */
static size_t text_bytes(const struct value *value)
{
    size_t size = value_is(value, VALUE_TEXT) ? value->text.len : 0;
    for (size_t i = 0; i < value_count(value); i++) {
        if (value_is(value, VALUE_LIST)) {
            size += text_bytes(value_at(value, i));
        } else {
            size += value->fields[i].key.len + text_bytes(value->fields[i].value);
        }
    }
    return size;
}

static NODISCARD enum tend_code check_size(const struct value *request, const char *word,
                                           struct error *err)
{
    if (text_bytes(request) > EFFECT_INPUT_MAX) {
        return FAIL(err, TEND_LIMIT, "%s: longer than %u KiB in all", word, EFFECT_INPUT_MAX / KIB);
    }
    return TEND_OK;
}

static NODISCARD enum tend_code check_timeout(const struct value *request, const char *word,
                                              struct error *err)
{
    int64_t ms = value_int_or(value_field(request, "timeoutMs"), 1);
    if (ms < 1 || ms > EFFECT_TIMEOUT_MAX_MS) {
        return FAIL(err, TEND_INVALID, "%s: timeout: expected 1 ms to 24 h, got %" PRId64 " ms",
                    word, ms);
    }
    return TEND_OK;
}

/* --- exec ------------------------------------------------------------------------------------------ */

static NODISCARD enum tend_code check_argv(const struct value *argv, struct error *err)
{
    if (value_count(argv) == 0 || value_text_or(value_at(argv, 0), TEXT("")).len == 0) {
        return FAIL(err, TEND_INVALID, "exec: argv: the program is missing");
    }
    if (value_count(argv) > EXEC_ARGUMENTS_MAX) {
        return FAIL(err, TEND_LIMIT, "exec: argv: more than %u arguments", EXEC_ARGUMENTS_MAX);
    }
    for (size_t i = 0; i < value_count(argv); i++) {
        const struct value *argument = value_at(argv, i);
        if (!value_is(argument, VALUE_TEXT)) {
            return FAIL(err, TEND_INVALID, "exec: argv: argument %zu: expected string, got %s", i,
                        value_type_name(argument->type));
        }
        TRY(check_text(argument->text, "exec: argv", err));
    }
    return TEND_OK;
}

static NODISCARD enum tend_code check_env(const struct value *env, struct error *err)
{
    if (value_count(env) > EXEC_ARGUMENTS_MAX) {
        return FAIL(err, TEND_LIMIT, "exec: env: more than %u variables", EXEC_ARGUMENTS_MAX);
    }
    for (size_t i = 0; i < value_count(env); i++) {
        const struct value_field *field = &env->fields[i];
        if (field->key.len == 0 || memchr(field->key.ptr, '=', field->key.len) != NULL) {
            return FAIL(err, TEND_INVALID, "exec: env: \"%.*s\" is no name of a variable",
                        TEXT_ARG(field->key));
        }
        if (!value_is(field->value, VALUE_TEXT)) {
            return FAIL(err, TEND_INVALID, "exec: env: %.*s: expected string, got %s",
                        TEXT_ARG(field->key), value_type_name(field->value->type));
        }
        TRY(check_text(field->key, "exec: env", err));
        TRY(check_text(field->value->text, "exec: env", err));
    }
    return TEND_OK;
}

static NODISCARD enum tend_code check_exec(const struct value *request, struct error *err)
{
    static const struct field_shape shapes[] = {{"argv", VALUE_LIST},     {"stdin", VALUE_TEXT},
                                                {"env", VALUE_MAP},       {"directory", VALUE_TEXT},
                                                {"timeoutMs", VALUE_INT}, {"name", VALUE_TEXT},
                                                {NULL, VALUE_NULL}};
    TRY(check_fields(request, "exec", shapes, err));
    TRY(check_size(request, "exec", err));
    TRY(check_timeout(request, "exec", err));
    TRY(check_argv(value_field(request, "argv"), err));
    TRY(check_env(value_field(request, "env"), err));
    struct text directory = value_text_or(value_field(request, "directory"), TEXT("/"));
    TRY(check_text(directory, "exec: directory", err));
    if (directory.len == 0 || directory.ptr[0] != '/') {
        return FAIL(err, TEND_INVALID, "exec: directory: expected an absolute path, got \"%.*s\"",
                    TEXT_ARG(directory));
    }
    return TEND_OK;
}

/* --- http ------------------------------------------------------------------------------------------ */

/* RFC 9110, section 5.6.2. */
static bool is_token(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL) {
            return false;
        }
    }
    return text.len > 0;
}

/* RFC 9110, section 5.5: no line may end inside a value. */
static bool is_header_value(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static NODISCARD enum tend_code check_headers(const struct value *headers, struct error *err)
{
    if (value_count(headers) > HTTP_HEADERS_SENT_MAX) {
        return FAIL(err, TEND_LIMIT, "http: headers: more than %u", HTTP_HEADERS_SENT_MAX);
    }
    for (size_t i = 0; i < value_count(headers); i++) {
        const struct value_field *field = &headers->fields[i];
        if (!is_token(field->key)) {
            return FAIL(err, TEND_INVALID, "http: headers: \"%.*s\" is no name of a header",
                        TEXT_ARG(field->key));
        }
        if (!value_is(field->value, VALUE_TEXT) || !is_header_value(field->value->text)) {
            return FAIL(err, TEND_INVALID, "http: headers: %.*s: expected one line of text",
                        TEXT_ARG(field->key));
        }
    }
    return TEND_OK;
}

static NODISCARD enum tend_code check_url(struct text url, struct error *err)
{
    if (!text_starts(url, TEXT("http://")) && !text_starts(url, TEXT("https://"))) {
        return FAIL(err, TEND_INVALID,
                    "http: url: expected http://... or https://..., got \"%.*s\"",
                    TEXT_ARG(text_clip(url, 80)));
    }
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f) {
            return FAIL(err, TEND_INVALID, "http: url: contains a space or a control character");
        }
    }
    return TEND_OK;
}

static NODISCARD enum tend_code check_http(const struct value *request, struct error *err)
{
    static const struct field_shape shapes[] = {{"method", VALUE_TEXT},   {"url", VALUE_TEXT},
                                                {"headers", VALUE_MAP},   {"body", VALUE_TEXT},
                                                {"timeoutMs", VALUE_INT}, {"name", VALUE_TEXT},
                                                {NULL, VALUE_NULL}};
    TRY(check_fields(request, "http", shapes, err));
    TRY(check_size(request, "http", err));
    TRY(check_timeout(request, "http", err));
    TRY(check_url(value_text_or(value_field(request, "url"), TEXT("")), err));
    TRY(check_headers(value_field(request, "headers"), err));
    struct text method = value_text_or(value_field(request, "method"), TEXT("GET"));
    if (!is_token(method)) {
        return FAIL(err, TEND_INVALID, "http: method: \"%.*s\" is none", TEXT_ARG(method));
    }
    return TEND_OK;
}

enum tend_code effect_check(const struct value *question, struct error *err)
{
    const struct value *exec = value_field(question, "exec");
    return exec != NULL ? check_exec(exec, err) : check_http(value_field(question, "http"), err);
}
