/* A compiled schema is a tree that mirrors the schema's own, with the questions that a walk asks already
 * answered: properties sorted for binary search, patterns compiled, defaults filled in. It lives in one
 * arena, and counts its owners as a whole: a part may be kept by taking a reference of it.
 *
 *     schema_compile.c   from a value to the tree; the only place that knows keywords
 *     schema_fill.c      what a value gets (defaults) and loses (unknown fields)
 *     schema_validate.c  what is wrong with it
 *     schema.c           life, lookup, and how a problem is told
 */
#include "document/schema.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/path.h"
#include "document/schema_tree.h"

enum { SHOWN_MAX = 80 }; /* bytes of a value in a sentence */

/* --- life -------------------------------------------------------------------------------------- */

struct schema *schema_ref(struct schema *schema)
{
    atomic_fetch_add_explicit(&schema->home->refs, 1, memory_order_relaxed);
    return schema;
}

void schema_home_free(struct schema_home *home)
{
    for (size_t i = 0; i < home->pattern_count; i++) {
        pattern_free(home->patterns[i]);
    }
    free(home->patterns);
    arena_done(&home->arena);
    free(home);
}

struct schema *schema_unref(struct schema *schema)
{
    if (schema != NULL &&
        atomic_fetch_sub_explicit(&schema->home->refs, 1, memory_order_acq_rel) == 1) {
        schema_home_free(schema->home);
    }
    return NULL;
}

/* --- lookup ------------------------------------------------------------------------------------ */

bool schema_is_object_field(const struct schema *schema, struct text key)
{
    return (schema_has(schema, SCHEMA_ROOT) || schema_has(schema, SCHEMA_EMBEDDED)) &&
           (text_is(key, "apiVersion") || text_is(key, "kind") || text_is(key, "metadata"));
}

const struct schema *schema_property(const struct schema *schema, struct text name)
{
    size_t low = 0, high = schema->property_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(name, schema->properties[middle].name);
        if (order == 0) {
            return schema->properties[middle].schema;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct schema *schema_field(const struct schema *schema, struct text key)
{
    if (text_is(key, "metadata") && schema_is_object_field(schema, key)) {
        return NULL;
    }
    const struct schema *property = schema_property(schema, key);
    return property != NULL ? property : schema->additional;
}

enum value_type schema_type(const struct schema *schema)
{
    return schema->type;
}

const struct schema *schema_at(const struct schema *schema, struct text path)
{
    struct path_cursor cursor;
    struct path_step step;
    path_begin(&cursor, path);
    while (schema != NULL && !path_at_end(&cursor)) {
        if (path_next(&cursor, &step, NULL) != TEND_OK) {
            return NULL;
        }
        schema = step.kind == PATH_INDEX ? schema->items : schema_field(schema, step.field);
    }
    return schema;
}

/* --- problems ---------------------------------------------------------------------------------- */

void schema_path_write(struct buffer *out, const struct schema_step *step)
{
    const struct schema_step *steps[2 * DOC_DEPTH_MAX];
    size_t count = 0;
    for (; step != NULL && count < COUNT_OF(steps); step = step->up) {
        steps[count++] = step;
    }
    while (count > 0) {
        step = steps[--count];
        if (step->field.ptr == NULL) {
            path_add_index(out, step->index);
        } else {
            path_add_field(out, step->field);
        }
    }
}

struct text schema_path_text(struct arena *arena, const struct schema_step *step)
{
    CLEANUP(buffer_done) struct buffer path = BUFFER_INIT(SCHEMA_PATH_MAX);
    schema_path_write(&path, step);
    return arena_text(arena, buffer_view(&path));
}

const char *schema_show(struct arena *arena, const struct value *value)
{
    CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(KIB);
    if (value->type == VALUE_TEXT && value->text.len > SHOWN_MAX) {
        json_write_text(&json, text_clip(value->text, SHOWN_MAX));
        return arena_format(arena, "%s...", json.data).ptr;
    }
    json_write(&json, value);
    struct text shown = text_clip(buffer_view(&json), SHOWN_MAX + 2);
    bool whole = !json.full && shown.len == json.len;
    return arena_format(arena, "%.*s%s", TEXT_ARG(shown), whole ? "" : "...").ptr;
}

bool schema_problems_full(const struct schema_problems *problems)
{
    return problems->count >= SCHEMA_PROBLEMS_MAX;
}

static void problems_push(struct schema_problems *problems, struct schema_problem problem)
{
    if (problems->count == problems->capacity) {
        size_t capacity = problems->capacity == 0 ? 4 : problems->capacity * 2;
        struct schema_problem *items = arena_alloc(problems->arena, capacity * sizeof items[0]);
        if (problems->count > 0) {
            memcpy(items, problems->items, problems->count * sizeof items[0]);
        }
        problems->items = items;
        problems->capacity = capacity;
    }
    problems->items[problems->count++] = problem;
}

/* `path` lives in the problems' arena. */
PRINTF_LIKE(5, 0)
static void problem_addv(struct schema_problems *problems, enum schema_reason reason,
                         struct text path, const struct value *value, const char *format,
                         va_list args)
{
    char message[SCHEMA_MESSAGE_MAX];
    int len = vsnprintf(message, sizeof message, format, args);
    struct text whole = {message, len < 0 ? 0 : (size_t)len};
    problems_push(problems,
                  (struct schema_problem){
                      .reason = reason,
                      .path = path,
                      .message = arena_text(problems->arena, text_clip(whole, sizeof message - 1)),
                      .line = value == NULL ? 0 : value->line,
                      .column = value == NULL ? 0 : value->column,
                  });
}

void schema_problem_add(struct schema_problems *problems, enum schema_reason reason,
                        struct text path, const struct value *value, const char *format, ...)
{
    if (schema_problems_full(problems)) {
        return;
    }
    va_list args;
    va_start(args, format);
    problem_addv(problems, reason, arena_text(problems->arena, path), value, format, args);
    va_end(args);
}

void schema_complain(struct schema_problems *problems, enum schema_reason reason,
                     const struct schema_step *step, const struct value *value, const char *format,
                     ...)
{
    if (schema_problems_full(problems)) {
        return;
    }
    va_list args;
    va_start(args, format);
    problem_addv(problems, reason, schema_path_text(problems->arena, step), value, format, args);
    va_end(args);
}

void schema_problems_tell(const struct schema_problems *problems, struct buffer *out)
{
    enum { SHOWN = 3 };
    for (size_t i = 0; i < problems->count && i < SHOWN; i++) {
        const struct schema_problem *problem = &problems->items[i];
        buffer_format(out, "%s%.*s%s%.*s", i == 0 ? "" : "; ", TEXT_ARG(problem->path),
                      problem->path.len > 0 ? ": " : "", TEXT_ARG(problem->message));
    }
    if (problems->count > SHOWN) {
        buffer_format(out, "; and %zu more", problems->count - SHOWN);
    }
}
