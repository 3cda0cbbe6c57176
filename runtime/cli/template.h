/* The files that `new` makes, as they lie in runtime/cli/templates: text with places such as @NAME@, where
 * the names of a controller go.
 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include "base/buffer.h"
#include "cli/naming.h"

enum template_id {
    TEMPLATE_SCRIPT,       /* script.lua.in */
    TEMPLATE_SCRIPT_TEST,  /* script_test.lua.in */
    TEMPLATE_OBJECT,       /* object.yaml.in: of the kind that both controllers have */
    TEMPLATE_PLUGIN,       /* plugin.c.in */
    TEMPLATE_PLUGIN_BUILD, /* plugin.cmake.in */
    TEMPLATE_PLUGIN_TEST,  /* plugin_test.lua.in */
    TEMPLATES
};

#define TEMPLATE_INIT BUFFER_INIT(64u * 1024u)

/* Append `form` with `naming` in its places. */
void template_fill(struct buffer *out, struct text form, const struct naming *naming);

/* The file as it lies there. */
struct text template_text(enum template_id id);

#endif
