/* Fields go through one array, because value_with copies the map for each of them. */
#include "api/tree.h"

#include <assert.h>

void tree_put(struct tree *tree, const char *key, const struct value *value)
{
    if (value != NULL) {
        assert(tree->count < TREE_FIELDS_MAX);
        tree->fields[tree->count++] = (struct value_field){.key = text_of(key), .value = value};
    }
}

void tree_text(struct tree *tree, const char *key, struct text text)
{
    tree_put(tree, key, value_text(tree->arena, text));
}

void tree_text_if(struct tree *tree, const char *key, struct text text)
{
    if (text.len > 0) {
        tree_text(tree, key, text);
    }
}

void tree_chars(struct tree *tree, const char *key, const char *chars)
{
    tree_text(tree, key, text_of(chars));
}

void tree_int(struct tree *tree, const char *key, int64_t integer)
{
    tree_put(tree, key, value_int(tree->arena, integer));
}

void tree_bool(struct tree *tree, const char *key, bool boolean)
{
    tree_put(tree, key, value_bool(tree->arena, boolean));
}

const struct value *tree_value(const struct tree *tree)
{
    return value_map(tree->arena, tree->fields, tree->count);
}

const struct value *tree_words(struct arena *arena, const char *const *words, size_t count)
{
    const struct value *list = value_empty_list();
    for (size_t i = 0; i < count; i++) {
        list = value_append(arena, list, value_chars(arena, words[i]));
    }
    return list;
}
