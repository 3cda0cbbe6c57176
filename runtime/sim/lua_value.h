/* Between Lua and values, for tests, which are plain Lua: tables and scalars. A list is a table with the
 * metatable LUA_VALUE_LIST, or one that has an item 1; any other table is a map. Null is a light userdata.
 */
#ifndef SIM_LUA_VALUE_H
#define SIM_LUA_VALUE_H

#include <lua.h>

#include "base/error.h"
#include "document/value.h"

/* The name of the metatable that marks lists, in the registry. */
#define LUA_VALUE_LIST "tend.list"

void lua_value_open(lua_State *L); /* makes it, once for each state */
void lua_value_push_null(lua_State *L);

/* Push `value` (NULL: nil). */
void lua_value_push(lua_State *L, const struct value *value);

/* The value at `index`, in `arena`. Raises nothing but lack of memory: TEND_INVALID with a sentence where it
 * is none. */
NODISCARD enum tend_code lua_value_read(lua_State *L, int index, struct arena *arena,
                                        const struct value **ret_value, struct error *err);

#endif
