/* A path is read step by step, and the same reader serves checking, getting and setting, so that
 * what one of them accepts all of them accept.
 *
 * Getting needs no memory: a step's field points into the path, and only a quoted field with escapes
 * is unescaped, into a scratch of the size of the longest key there can be. Setting collects its
 * steps in the arena first, because it goes down and comes back up.
 */
#include "document/path.h"

#include "base/limits.h"

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

static enum tend_code malformed(const struct path_cursor *cursor, const char *expected,
                                struct error *err)
{
    struct text rest = text_from(cursor->path, cursor->at);
    if (rest.len == 0) {
        return FAIL(err, TEND_INVALID, "path \"%.*s\": expected %s at its end",
                    TEXT_ARG(cursor->path), expected);
    }
    return FAIL(err, TEND_INVALID, "path \"%.*s\": expected %s at \"%.*s\"", TEXT_ARG(cursor->path),
                expected, TEXT_ARG(rest));
}

/* The byte at the cursor; NUL at the end, which no step begins or goes on with. */
static char peek(const struct path_cursor *cursor)
{
    return cursor->at < cursor->path.len ? cursor->path.ptr[cursor->at] : '\0';
}

static enum tend_code read_plain(struct path_cursor *cursor, struct path_step *step,
                                 struct error *err)
{
    size_t start = cursor->at;
    while (is_plain(peek(cursor))) {
        cursor->at++;
    }
    step->kind = PATH_FIELD;
    step->field = (struct text){cursor->path.ptr + start, cursor->at - start};
    return step->field.len > 0 ? TEND_OK : malformed(cursor, "a field", err);
}

static enum tend_code read_index(struct path_cursor *cursor, struct path_step *step,
                                 struct error *err)
{
    size_t index = 0;
    size_t start = cursor->at;
    while (peek(cursor) >= '0' && peek(cursor) <= '9') {
        index = index * 10 + (size_t)(peek(cursor) - '0');
        if (index > DOC_NODES_MAX) {
            cursor->at = start;
            return malformed(cursor, "a smaller index", err);
        }
        cursor->at++;
    }
    if (cursor->at == start) {
        return malformed(cursor, "an index or a quoted field", err);
    }
    step->kind = PATH_INDEX;
    step->index = index;
    return TEND_OK;
}

/* Behind the opening quote, up to and with the closing one. */
static enum tend_code read_quoted(struct path_cursor *cursor, struct path_step *step,
                                  struct error *err)
{
    size_t len = 0;
    while (peek(cursor) != '\'') {
        cursor->at += peek(cursor) == '\\' ? 1 : 0;
        if (cursor->at >= cursor->path.len) {
            return malformed(cursor, "a closing '", err);
        }
        if (len == sizeof cursor->scratch) {
            return malformed(cursor, "a shorter field", err);
        }
        cursor->scratch[len++] = cursor->path.ptr[cursor->at++];
    }
    cursor->at++;
    step->kind = PATH_FIELD;
    step->field = (struct text){cursor->scratch, len};
    return TEND_OK;
}

static enum tend_code read_bracket(struct path_cursor *cursor, struct path_step *step,
                                   struct error *err)
{
    cursor->at++;
    if (peek(cursor) == '\'') {
        cursor->at++;
        TRY(read_quoted(cursor, step, err));
    } else {
        TRY(read_index(cursor, step, err));
    }
    if (peek(cursor) != ']') {
        return malformed(cursor, "']'", err);
    }
    cursor->at++;
    return TEND_OK;
}

void path_begin(struct path_cursor *cursor, struct text path)
{
    cursor->path = path;
    cursor->at = cursor->steps = 0;
}

bool path_at_end(const struct path_cursor *cursor)
{
    return cursor->at == cursor->path.len;
}

enum tend_code path_next(struct path_cursor *cursor, struct path_step *step, struct error *err)
{
    if (cursor->steps++ == DOC_DEPTH_MAX) {
        return FAIL(err, TEND_INVALID, "path \"%.*s\": more steps than %u", TEXT_ARG(cursor->path),
                    DOC_DEPTH_MAX);
    }
    if (peek(cursor) == '[') {
        return read_bracket(cursor, step, err);
    }
    if (peek(cursor) == '.') {
        cursor->at++;
    } else if (cursor->at > 0) {
        return malformed(cursor, "'.' or '['", err);
    }
    return read_plain(cursor, step, err);
}

enum tend_code path_check(struct text path, struct error *err)
{
    struct path_cursor cursor;
    struct path_step step;
    path_begin(&cursor, path);
    while (!path_at_end(&cursor)) {
        TRY(path_next(&cursor, &step, err));
    }
    return TEND_OK;
}

const struct value *path_get(const struct value *root, struct text path)
{
    struct path_cursor cursor;
    struct path_step step;
    const struct value *value = root;
    path_begin(&cursor, path);
    while (!path_at_end(&cursor)) {
        if (path_next(&cursor, &step, NULL) != TEND_OK) {
            return NULL;
        }
        value =
            step.kind == PATH_FIELD ? value_get(value, step.field) : value_at(value, step.index);
    }
    return value;
}

/* --- setting ----------------------------------------------------------------------------------- */

/* One call of path_set: `steps` lead to where `value` shall be. */
struct change {
    struct arena *arena;
    struct text path;
    struct path_step *steps;
    size_t count;
    const struct value *value; /* NULL: remove */
    struct error *err;
};

static enum tend_code collect_steps(struct change *change)
{
    struct path_cursor cursor;
    cursor.path = change->path;
    cursor.at = cursor.steps = 0;
    change->steps = arena_alloc(change->arena, DOC_DEPTH_MAX * sizeof *change->steps);
    while (!path_at_end(&cursor)) {
        struct path_step *step = &change->steps[change->count];
        TRY(path_next(&cursor, step, change->err));
        if (step->kind == PATH_FIELD) {
            step->field = arena_text(change->arena, step->field);
        }
        change->count++;
    }
    return TEND_OK;
}

/* What stands before step `at` is of no type that the step could enter. */
static enum tend_code blocked(const struct change *change, size_t at, const struct value *here)
{
    const struct path_step *step = &change->steps[at];
    const char *type = value_type_name(here->type);
    const char *article = type[0] == 'i' || type[0] == 'a' || type[0] == 'o' ? "an" : "a";
    if (step->kind == PATH_FIELD) {
        return FAIL(change->err, TEND_INVALID, "path \"%.*s\": \"%.*s\" cannot be in %s %s",
                    TEXT_ARG(change->path), TEXT_ARG(step->field), article, type);
    }
    return FAIL(change->err, TEND_INVALID, "path \"%.*s\": [%zu] cannot be in %s %s",
                TEXT_ARG(change->path), step->index, article, type);
}

static enum tend_code set_below(const struct change *change, size_t at, const struct value *here,
                                const struct value **ret_value);

static enum tend_code set_field(const struct change *change, size_t at, const struct value *here,
                                const struct value **ret_value)
{
    struct text field = change->steps[at].field;
    const struct value *old = value_get(here, field), *made;
    if (here != NULL && here->type != VALUE_MAP) {
        return blocked(change, at, here);
    }
    TRY(set_below(change, at + 1, old, &made));
    bool nothing = made == old || (made == NULL && old == NULL);
    *ret_value = nothing && here != NULL ? here : value_with(change->arena, here, field, made);
    return TEND_OK;
}

/* `list` with item `index` replaced, added at its end, or (NULL) taken out. */
static const struct value *with_item(struct arena *arena, const struct value *list, size_t index,
                                     const struct value *item)
{
    size_t count = value_count(list);
    const struct value **items = arena_alloc(arena, (count + 1) * sizeof *items);
    size_t kept = 0;
    for (size_t i = 0; i < count || i == index; i++) {
        const struct value *value = i == index ? item : list->items[i];
        if (value != NULL) {
            items[kept++] = value;
        }
    }
    struct value *made = arena_alloc(arena, sizeof *made);
    *made = (struct value){.type = VALUE_LIST, .count = (uint32_t)kept, .items = items};
    made->line = list == NULL ? 0 : list->line;
    made->column = list == NULL ? 0 : list->column;
    return made;
}

static enum tend_code set_item(const struct change *change, size_t at, const struct value *here,
                               const struct value **ret_value)
{
    size_t index = change->steps[at].index;
    const struct value *old = value_at(here, index), *made;
    if (here != NULL && here->type != VALUE_LIST) {
        return blocked(change, at, here);
    }
    if (index > value_count(here)) {
        return FAIL(change->err, TEND_INVALID, "path \"%.*s\": [%zu] is beyond the end (%zu items)",
                    TEXT_ARG(change->path), index, value_count(here));
    }
    TRY(set_below(change, at + 1, old, &made));
    *ret_value = with_item(change->arena, here, index, made);
    return TEND_OK;
}

/* What `here` (NULL where there is nothing) becomes; NULL in `ret_value` where it goes. */
static enum tend_code set_below(const struct change *change, size_t at, const struct value *here,
                                const struct value **ret_value)
{
    if (at == change->count) {
        *ret_value = change->value;
        return TEND_OK;
    }
    const struct value *entered = value_is(here, VALUE_NULL) ? NULL : here;
    if (change->value == NULL && entered == NULL) {
        *ret_value = here; /* nothing there to remove */
        return TEND_OK;
    }
    return change->steps[at].kind == PATH_FIELD ? set_field(change, at, entered, ret_value)
                                                : set_item(change, at, entered, ret_value);
}

enum tend_code path_set(struct arena *arena, const struct value *root, struct text path,
                        const struct value *value, const struct value **ret_root, struct error *err)
{
    struct change change = {.arena = arena, .path = path, .value = value, .err = err};
    const struct value *made;
    TRY(collect_steps(&change));
    if (change.count == 0 && value == NULL) {
        return FAIL(err, TEND_INVALID, "the whole value cannot be removed");
    }
    TRY(set_below(&change, 0, root, &made));
    *ret_root = made;
    return TEND_OK;
}

/* --- building ---------------------------------------------------------------------------------- */

static bool all_plain(struct text field)
{
    for (size_t i = 0; i < field.len; i++) {
        if (!is_plain(field.ptr[i])) {
            return false;
        }
    }
    return field.len > 0;
}

void path_add_field(struct buffer *path, struct text field)
{
    if (all_plain(field)) {
        if (path->len > 0) {
            buffer_byte(path, '.');
        }
        buffer_text(path, field);
        return;
    }
    buffer_chars(path, "['");
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] == '\'' || field.ptr[i] == '\\') {
            buffer_byte(path, '\\');
        }
        buffer_byte(path, field.ptr[i]);
    }
    buffer_chars(path, "']");
}

void path_add_index(struct buffer *path, size_t index)
{
    buffer_format(path, "[%zu]", index);
}
