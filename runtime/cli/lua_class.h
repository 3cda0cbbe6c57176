/* Schemas as classes of the Lua language server (LuaLS), so that editors know the fields of objects.
 *
 *     ---@class (exact) LabInstance.spec
 *     ---What the lab is made from.
 *     ---@field template string
 *
 * A field that may read as nil in a script has a '?': what is optional, has no default, and is neither an
 * object nor a list, for those read as empty.
 */
#ifndef CLI_LUA_CLASS_H
#define CLI_LUA_CLASS_H

#include "base/buffer.h"
#include "document/value.h"

/* A kind in one of its versions. Nothing is trusted: it may come from a host. */
struct lua_kind {
    struct text group, version, name; /* "" is the core group */
    struct text class;                /* "LabInstance": what the class is called */
    struct text identity;             /* as a type: "\"lab.neuroglia.com/v1/LabInstance\"" */
    struct text words;                /* all its names, as a type: "\"lab\"|\"labs\"" */
    const struct value *schema;       /* openAPIV3Schema; NULL: anything goes */
    struct text states;               /* as a type, of the machine; "" where there is none */
    struct text state_field;          /* where the state is kept: "status.state" */
};

/* Append the class of the kind, those of the objects in it, and CLASS.Controller, which is what a
 * controller of it is made of. */
void lua_class_write(struct buffer *out, const struct lua_kind *kind);

/* `text` as a type that is this text and no other; empty where it cannot be written so. */
struct text lua_class_literal(struct arena *arena, struct text text);

/* One of such values, of a list; empty where one of them cannot be written, or there is none. */
struct text lua_class_union(struct arena *arena, const struct value *values);

/* `text` as a part of a class's name: '_' for what cannot be there. */
struct text lua_class_name(struct arena *arena, struct text text);

#endif
