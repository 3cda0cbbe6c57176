/* A map under construction, for answers that are put together field by field. */
#ifndef API_TREE_H
#define API_TREE_H

#include "document/value.h"

enum { TREE_FIELDS_MAX = 16 };

struct tree {
    struct arena *arena;
    struct value_field fields[TREE_FIELDS_MAX];
    size_t count;
};

static inline struct tree tree_of(struct arena *arena)
{
    return (struct tree){.arena = arena};
}

/* Add a field; a NULL `value` adds none. At most TREE_FIELDS_MAX (asserted). */
void tree_put(struct tree *tree, const char *key, const struct value *value);
void tree_text(struct tree *tree, const char *key, struct text text);
void tree_text_if(struct tree *tree, const char *key, struct text text); /* none where empty */
void tree_chars(struct tree *tree, const char *key, const char *chars);
void tree_int(struct tree *tree, const char *key, int64_t integer);
void tree_bool(struct tree *tree, const char *key, bool boolean);

const struct value *tree_value(const struct tree *tree);

/* A list of texts. */
const struct value *tree_words(struct arena *arena, const char *const *words, size_t count);

#endif
