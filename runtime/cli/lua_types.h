/* What `lua types` writes: the words of scripts (templates/api.lua), then the kinds that were gathered.
 *
 *     struct lua_types types = {0};
 *     lua_types_add(&types, definition);
 *     lua_types_write(&types, &out);
 *     lua_types_done(&types);
 */
#ifndef CLI_LUA_TYPES_H
#define CLI_LUA_TYPES_H

#include "base/limits.h"
#include "cli/lua_class.h"

#define LUA_TYPES_INIT BUFFER_INIT(16u * MIB)

/* Zeroed: there are none. */
struct lua_types {
    struct arena arena; /* of what is added, whose documents may be in it as well */
    struct lua_kind *items;
    size_t count, capacity;
};

void lua_types_done(struct lua_types *types);

/* Add the kind in every version that the CustomResourceDefinition serves, but what is there already. False
 * where `definition` is none. It is borrowed. */
bool lua_types_add(struct lua_types *types, const struct value *definition);

/* Learn from a Controller the states of the kinds that it owns, which were added before. */
void lua_types_learn(struct lua_types *types, const struct value *controller);

/* Append the file. */
void lua_types_write(const struct lua_types *types, struct buffer *out);

#endif
