/* A type is an expression in one line, but an object with fields is a class, which stands before whatever
 * names it: writing a type may append classes to the output first. Fields are gathered apart until then.
 *
 * Descriptions are lines of comment in front of what they describe. None of it may be read as an annotation
 * or leave the comment. */
#include "cli/lua_class.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/plain.h"
#include "document/json.h"

struct writing {
    struct buffer *out;
    struct arena *arena;
    const struct lua_kind *kind;
    struct text state_field; /* "LabInstance.status.state" */
};

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* --- texts ------------------------------------------------------------------------------------- */

struct text lua_class_name(struct arena *arena, struct text text)
{
    char *out = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        bool stays = is_letter(byte) || is_digit(byte) || byte == '.' || byte == '-';
        out[i] = stays ? byte : '_';
    }
    return (struct text){out, text.len};
}

struct text lua_class_literal(struct arena *arena, struct text text)
{
    bool is_plain = text.len > 0 && text_equal(plain_text(arena, text), text);
    for (size_t i = 0; i < text.len; i++) {
        is_plain = is_plain && strchr("\"'`\\", text.ptr[i]) == NULL;
    }
    return is_plain ? arena_format(arena, "\"%.*s\"", TEXT_ARG(text)) : TEXT("");
}

/* Neither a word of Lua nor one that an annotation takes for something else. */
static bool is_identifier(struct text text)
{
    static const char *const words[] = {
        "and",  "break",   "do",      "else",      "elseif", "end",  "false", "for",    "function",
        "goto", "if",      "in",      "local",     "nil",    "not",  "or",    "repeat", "return",
        "then", "package", "private", "protected", "public", "true", "until", "while"};
    bool is = text.len > 0 && is_letter(text.ptr[0]);
    for (size_t i = 0; i < text.len; i++) {
        is = is && (is_letter(text.ptr[i]) || is_digit(text.ptr[i]));
    }
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        is = is && !text_is(text, words[i]);
    }
    return is;
}

/* One line of comment. A first '@' or '|' would make it an annotation. */
static void write_comment(struct writing *writing, struct buffer *out, struct text line)
{
    struct text plain = plain_text(writing->arena, line);
    size_t start = 0;
    while (start < plain.len && plain.ptr[start] == ' ') {
        start++;
    }
    plain = text_from(plain, start);
    bool escapes = plain.len > 0 && (plain.ptr[0] == '@' || plain.ptr[0] == '|');
    buffer_format(out, "---%s%.*s\n", escapes ? "\\" : "", TEXT_ARG(plain));
}

static void write_description(struct writing *writing, struct buffer *out, struct text description)
{
    while (description.len > 0) {
        struct text line = text_cut(&description, '\n');
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
            line.len--;
        }
        write_comment(writing, out, line);
    }
}

/* What else is good to know where the value is written: "(duration, default "60m")". */
static void write_facts(struct writing *writing, struct buffer *out, const struct value *schema)
{
    enum { DEFAULT_SHOWN_MAX = 60 };
    CLEANUP(buffer_done) struct buffer shown = BUFFER_INIT(DEFAULT_SHOWN_MAX);
    const struct value *otherwise = value_field(schema, "default");
    struct text format = value_text_or(value_field(schema, "format"), TEXT(""));
    bool is_shown = otherwise != NULL;
    if (is_shown) {
        json_write(&shown, otherwise);
        is_shown = !shown.full;
    }
    if (format.len > 0 || is_shown) {
        struct text facts =
            arena_format(writing->arena, "(%.*s%s%s%.*s)", TEXT_ARG(format),
                         format.len > 0 && is_shown ? ", " : "", is_shown ? "default " : "",
                         TEXT_ARG(is_shown ? buffer_view(&shown) : TEXT("")));
        write_comment(writing, out, facts);
    }
}

/* One value of an enum; empty where it cannot be written. */
static struct text literal_of(struct arena *arena, const struct value *value)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(64);
    if (value_is(value, VALUE_TEXT)) {
        return lua_class_literal(arena, value_text_or(value, TEXT("")));
    }
    if (value_is(value, VALUE_INT) || value_is(value, VALUE_BOOL)) {
        json_write(&out, value);
    }
    return arena_text(arena, buffer_view(&out));
}

/* Where one of them cannot be written, the others would be a lie. */
struct text lua_class_union(struct arena *arena, const struct value *values)
{
    CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(DOC_BYTES_MAX);
    for (size_t i = 0; i < value_count(values); i++) {
        struct text literal = literal_of(arena, value_at(values, i));
        if (literal.len == 0 && !value_is(value_at(values, i), VALUE_NULL)) {
            return TEXT("");
        }
        buffer_format(&out, "%s%.*s", out.len > 0 && literal.len > 0 ? "|" : "", TEXT_ARG(literal));
    }
    return arena_text(arena, buffer_view(&out));
}

/* --- types ------------------------------------------------------------------------------------- */

static struct text bare_type(struct writing *writing, const struct value *schema, struct text name);
static struct text type_of(struct writing *writing, const struct value *schema, struct text name);

static bool has_flag(const struct value *schema, const char *flag)
{
    return value_bool_or(value_get(schema, text_of(flag)), false);
}

static struct text list_type(struct writing *writing, const struct value *schema, struct text name)
{
    struct text of = arena_format(writing->arena, "%.*s.item", TEXT_ARG(name));
    struct text item = type_of(writing, value_field(schema, "items"), of);
    bool is_union = text_find(item, '|') < item.len;
    return arena_format(writing->arena, is_union ? "(%.*s)[]" : "%.*s[]", TEXT_ARG(item));
}

/* What fields that are not declared hold; empty where there may be none. */
static struct text other_type(struct writing *writing, const struct value *schema, struct text name)
{
    const struct value *others = value_field(schema, "additionalProperties");
    struct text of = arena_format(writing->arena, "%.*s.value", TEXT_ARG(name));
    if (value_is(others, VALUE_MAP)) {
        return type_of(writing, others, of);
    }
    bool is_open = has_flag(schema, "x-kubernetes-preserve-unknown-fields") ||
                   has_flag(schema, "x-kubernetes-embedded-resource") ||
                   value_bool_or(others, false);
    return is_open ? TEXT("any") : TEXT("");
}

/* May it read as nil? What holds anything does, without being told so. */
static bool may_be_absent(const struct value *schema, bool is_required)
{
    struct text type = value_text_or(value_field(schema, "type"), TEXT(""));
    bool is_part = text_is(type, "object") || text_is(type, "array");
    bool is_typed = type.len > 0 || has_flag(schema, "x-kubernetes-int-or-string");
    bool is_given = is_required || value_field(schema, "default") != NULL;
    return is_typed && !is_part && (!is_given || has_flag(schema, "nullable"));
}

static bool is_required(const struct value *schema, struct text name)
{
    const struct value *required = value_field(schema, "required");
    for (size_t i = 0; i < value_count(required); i++) {
        if (text_equal(value_text_or(value_at(required, i), TEXT("")), name)) {
            return true;
        }
    }
    return false;
}

/* Some are known better than the schema says. */
static struct text field_type(struct writing *writing, const struct value *schema, struct text name)
{
    if (text_ends(name, TEXT(".status.conditions"))) {
        return TEXT("tend.Condition[]");
    }
    return text_equal(name, writing->state_field) ? writing->kind->states
                                                  : bare_type(writing, schema, name);
}

/* Append the field to `fields`. False where its name cannot be written. */
static bool write_field(struct writing *writing, struct buffer *fields, const struct value *schema,
                        const struct value_field *field, struct text class)
{
    struct text key = field->key, part = lua_class_name(writing->arena, key);
    struct text name = arena_format(writing->arena, "%.*s.%.*s", TEXT_ARG(class), TEXT_ARG(part));
    struct text literal = lua_class_literal(writing->arena, key);
    if (literal.len == 0) {
        return false;
    }
    struct text type = field_type(writing, field->value, name);
    const char *mark = may_be_absent(field->value, is_required(schema, key)) ? "?" : "";
    write_description(writing, fields,
                      value_text_or(value_field(field->value, "description"), TEXT("")));
    write_facts(writing, fields, field->value);
    if (is_identifier(key)) {
        buffer_format(fields, "---@field %.*s%s %.*s\n", TEXT_ARG(key), mark, TEXT_ARG(type));
    } else {
        buffer_format(fields, "---@field [%.*s]%s %.*s\n", TEXT_ARG(literal), mark, TEXT_ARG(type));
    }
    return true;
}

/* The class of an object with fields; its name. */
static struct text write_class(struct writing *writing, const struct value *schema,
                               struct text name)
{
    CLEANUP(buffer_done) struct buffer fields = BUFFER_INIT(writing->out->max);
    const struct value *properties = value_field(schema, "properties");
    struct text others = other_type(writing, schema, name);
    for (size_t i = 0; i < value_count(properties); i++) {
        if (!write_field(writing, &fields, schema, &properties->fields[i], name)) {
            others = TEXT("any");
        }
    }
    if (others.len > 0) {
        buffer_format(&fields, "---@field [string] %.*s\n", TEXT_ARG(others));
    }
    write_description(writing, writing->out,
                      value_text_or(value_field(schema, "description"), TEXT("")));
    buffer_format(writing->out, "---@class %s%.*s\n", others.len > 0 ? "" : "(exact) ",
                  TEXT_ARG(name));
    buffer_text(writing->out, buffer_view(&fields));
    buffer_byte(writing->out, '\n');
    return name;
}

static struct text object_type(struct writing *writing, const struct value *schema,
                               struct text name)
{
    if (value_count(value_field(schema, "properties")) > 0) {
        return write_class(writing, schema, name);
    }
    struct text others = other_type(writing, schema, name);
    return arena_format(writing->arena, "table<string, %.*s>",
                        TEXT_ARG(others.len > 0 ? others : TEXT("any")));
}

/* Without what `nullable` adds. */
static struct text bare_type(struct writing *writing, const struct value *schema, struct text name)
{
    static const char *const same[] = {"string", "integer", "number", "boolean"};
    struct text type = value_text_or(value_field(schema, "type"), TEXT(""));
    struct text values = lua_class_union(writing->arena, value_field(schema, "enum"));
    if (has_flag(schema, "x-kubernetes-int-or-string")) {
        return TEXT("integer|string");
    }
    if (values.len > 0) {
        return values;
    }
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        if (text_is(type, same[i])) {
            return text_of(same[i]);
        }
    }
    if (text_is(type, "array")) {
        return list_type(writing, schema, name);
    }
    return text_is(type, "object") ? object_type(writing, schema, name) : TEXT("any");
}

static struct text type_of(struct writing *writing, const struct value *schema, struct text name)
{
    struct text type = bare_type(writing, schema, name);
    bool adds_nil = has_flag(schema, "nullable") && !text_is(type, "any");
    return adds_nil ? arena_format(writing->arena, "%.*s|nil", TEXT_ARG(type)) : type;
}

/* --- kinds ------------------------------------------------------------------------------------- */

/* What every object has, and tend.Object says. */
static bool is_common(struct text key)
{
    return text_is(key, "apiVersion") || text_is(key, "kind") || text_is(key, "metadata");
}

static const char *note_of(struct text key)
{
    if (text_is(key, "spec")) {
        return "---What was asked for: it is only read.\n";
    }
    return text_is(key, "status") ? "---The controller's answer: it is written, field by field.\n"
                                  : "";
}

static void write_parts(struct writing *writing, struct buffer *fields, const struct lua_kind *kind)
{
    const struct value *properties = value_field(kind->schema, "properties");
    for (size_t i = 0; i < value_count(properties); i++) {
        if (!is_common(properties->fields[i].key)) {
            buffer_chars(fields, note_of(properties->fields[i].key));
            (void)write_field(writing, fields, kind->schema, &properties->fields[i], kind->class);
        }
    }
    bool is_open = other_type(writing, kind->schema, kind->class).len > 0;
    if (kind->schema == NULL || is_open) {
        buffer_chars(fields, "---@field [string] any\n");
    }
}

void lua_class_write(struct buffer *out, const struct lua_kind *kind)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(buffer_done) struct buffer fields = BUFFER_INIT(out->max);
    struct writing writing = {.out = out, .arena = &arena, .kind = kind, .state_field = TEXT("")};
    if (kind->states.len > 0) {
        writing.state_field =
            arena_format(&arena, "%.*s.%.*s", TEXT_ARG(kind->class), TEXT_ARG(kind->state_field));
    }
    struct text version = arena_format(&arena, "%.*s%s%.*s", TEXT_ARG(kind->group),
                                       kind->group.len > 0 ? "/" : "", TEXT_ARG(kind->version));
    write_parts(&writing, &fields, kind);
    write_description(&writing, out,
                      value_text_or(value_field(kind->schema, "description"), TEXT("")));
    buffer_format(out, "---@class %.*s: tend.Object\n", TEXT_ARG(kind->class));
    buffer_format(out, "---@field apiVersion \"%.*s\"\n---@field kind \"%.*s\"\n",
                  TEXT_ARG(version), TEXT_ARG(kind->name));
    if (kind->states.len > 0) {
        buffer_format(out, "---@field state %.*s\n", TEXT_ARG(kind->states));
    }
    buffer_text(out, buffer_view(&fields));
    buffer_format(out,
                  "\n---@class %.*s.Controller: tend.ControllerOptions\n"
                  "---@field reconcile? fun(object: %.*s): tend.Answer\n"
                  "---@field finalize? fun(object: %.*s): tend.Answer\n\n",
                  TEXT_ARG(kind->class), TEXT_ARG(kind->class), TEXT_ARG(kind->class));
}
