/* Exports the symbol, and has no note. */
#include <tend/plugin.h>

TEND_EXPORT extern const struct tend_plugin tend_plugin_v1;
const struct tend_plugin tend_plugin_v1 = {sizeof tend_plugin_v1, 1, 0, "no-note", "1", NULL};
