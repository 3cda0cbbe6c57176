/* The words are a file with a line "--@WORD" at each function that kinds have their own form of: get "Lab"
 * gives a Lab. The line is replaced by one overload for each kind. */
#include "cli/lua_types.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "cli/templates/api.lua.h"

void lua_types_done(struct lua_types *types)
{
    free(types->items);
    arena_done(&types->arena);
}

/* --- gathering --------------------------------------------------------------------------------- */

static bool is_there(const struct lua_types *types, const struct lua_kind *kind)
{
    for (size_t i = 0; i < types->count; i++) {
        const struct lua_kind *one = &types->items[i];
        if (text_equal(one->group, kind->group) && text_equal(one->version, kind->version) &&
            text_equal(one->name, kind->name)) {
            return true;
        }
    }
    return false;
}

static bool is_taken(const struct lua_types *types, struct text class)
{
    bool is = text_is(class, "ConfigMap"); /* api.lua has it */
    for (size_t i = 0; i < types->count && !is; i++) {
        is = text_equal(types->items[i].class, class);
    }
    return is;
}

/* The kind's own name, unless another group or version has it. */
static struct text class_of(struct lua_types *types, const struct lua_kind *kind)
{
    struct text class = lua_class_name(&types->arena, kind->name);
    if (is_taken(types, class)) {
        class = lua_class_name(&types->arena,
                               arena_format(&types->arena, "%.*s.%.*s.%.*s", TEXT_ARG(kind->name),
                                            TEXT_ARG(kind->version), TEXT_ARG(kind->group)));
    }
    return class;
}

static void add_word(struct arena *arena, struct buffer *words, struct text word)
{
    struct text literal = lua_class_literal(arena, word);
    if (literal.len > 0) {
        buffer_format(words, "%s%.*s", words->len > 0 ? "|" : "", TEXT_ARG(literal));
    }
}

/* Every name that get, list and delete take. */
static struct text words_of(struct arena *arena, const struct lua_kind *kind,
                            const struct value *names)
{
    CLEANUP(buffer_done) struct buffer words = BUFFER_INIT(DOC_BYTES_MAX);
    const struct value *short_names = value_field(names, "shortNames");
    add_word(arena, &words, kind->name);
    add_word(arena, &words, value_get_text(names, TEXT("singular")));
    add_word(arena, &words, value_get_text(names, TEXT("plural")));
    for (size_t i = 0; i < value_count(short_names); i++) {
        add_word(arena, &words, value_text_or(value_at(short_names, i), TEXT("")));
    }
    buffer_format(&words, "|%.*s", TEXT_ARG(kind->identity));
    return arena_text(arena, buffer_view(&words));
}

static void add_version(struct lua_types *types, const struct value *spec,
                        const struct value *version)
{
    const struct value *names = value_field(spec, "names");
    struct lua_kind kind = {
        .group = value_get_text(spec, TEXT("group")),
        .version = value_get_text(version, TEXT("name")),
        .name = value_get_text(names, TEXT("kind")),
        .schema = value_field(value_field(version, "schema"), "openAPIV3Schema"),
    };
    kind.identity = lua_class_literal(
        &types->arena, arena_format(&types->arena, "%.*s/%.*s/%.*s", TEXT_ARG(kind.group),
                                    TEXT_ARG(kind.version), TEXT_ARG(kind.name)));
    bool is_kind = kind.name.len > 0 && kind.identity.len > 0;
    if (!is_kind || !value_bool_or(value_field(version, "served"), false) ||
        is_there(types, &kind)) {
        return;
    }
    kind.class = class_of(types, &kind);
    kind.words = words_of(&types->arena, &kind, names);
    if (types->count == types->capacity) {
        types->capacity = types->capacity == 0 ? 16 : types->capacity * 2;
        types->items = alloc_resize(types->items, types->capacity, sizeof *types->items);
    }
    types->items[types->count++] = kind;
}

bool lua_types_add(struct lua_types *types, const struct value *definition)
{
    const struct value *spec = value_field(definition, "spec");
    const struct value *versions = value_field(spec, "versions");
    if (!text_is(value_get_text(definition, TEXT("kind")), "CustomResourceDefinition")) {
        return false;
    }
    for (size_t i = 0; i < value_count(versions); i++) {
        add_version(types, spec, value_at(versions, i));
    }
    return true;
}

/* --- states ------------------------------------------------------------------------------------ */

static struct lua_kind *kind_of_claim(struct lua_types *types, const struct value *claim)
{
    for (size_t i = 0; i < types->count; i++) {
        struct lua_kind *kind = &types->items[i];
        struct text api_version = arena_format(&types->arena, "%.*s/%.*s", TEXT_ARG(kind->group),
                                               TEXT_ARG(kind->version));
        if (text_equal(api_version, value_get_text(claim, TEXT("apiVersion"))) &&
            text_equal(kind->name, value_get_text(claim, TEXT("kind")))) {
            return kind;
        }
    }
    return NULL;
}

void lua_types_learn(struct lua_types *types, const struct value *controller)
{
    const struct value *claims = value_field(value_field(controller, "spec"), "owns");
    for (size_t i = 0; i < value_count(claims); i++) {
        struct lua_kind *kind = kind_of_claim(types, value_at(claims, i));
        const struct value *machine = value_field(value_at(claims, i), "machine");
        const struct value *states = value_field(machine, "states"), *names = NULL;
        for (size_t k = 0; k < value_count(states); k++) {
            struct text name = value_get_text(value_at(states, k), TEXT("name"));
            names = value_append(&types->arena, names, value_text(&types->arena, name));
        }
        if (kind != NULL) {
            kind->states = lua_class_union(&types->arena, names);
            kind->state_field = value_get_text(machine, TEXT("field"));
        }
    }
}

/* --- writing ----------------------------------------------------------------------------------- */

static void write_overload(struct buffer *out, struct text word, const struct lua_kind *kind)
{
    if (text_is(word, "get")) {
        buffer_format(out,
                      "---@overload fun(kind: %.*s, name: string, namespace?: string): %.*s?\n",
                      TEXT_ARG(kind->words), TEXT_ARG(kind->class));
    } else if (text_is(word, "list")) {
        buffer_format(out, "---@overload fun(kind: %.*s, options?: tend.ListOptions): %.*s[]\n",
                      TEXT_ARG(kind->words), TEXT_ARG(kind->class));
    } else if (text_is(word, "controller")) {
        buffer_format(out,
                      "---@overload fun(kind: %.*s): "
                      "fun(options: %.*s.Controller): tend.Declaration\n",
                      TEXT_ARG(kind->identity), TEXT_ARG(kind->class));
    }
}

static void write_words(const struct lua_types *types, struct buffer *out)
{
    struct text rest = text_of(api_lua_text);
    while (rest.len > 0) {
        struct text line = text_cut(&rest, '\n');
        if (!text_starts(line, TEXT("--@"))) {
            buffer_format(out, "%.*s\n", TEXT_ARG(line));
            continue;
        }
        for (size_t i = 0; i < types->count; i++) {
            write_overload(out, text_from(line, 3), &types->items[i]);
        }
    }
}

void lua_types_write(const struct lua_types *types, struct buffer *out)
{
    write_words(types, out);
    if (types->count > 0) {
        buffer_chars(out, "\n-- --- kinds -------------------------------------------------------"
                          "------------------------------------\n\n");
    }
    for (size_t i = 0; i < types->count; i++) {
        lua_class_write(out, &types->items[i]);
    }
}
