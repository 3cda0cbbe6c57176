/* Built against a later header of the same major: a longer struct, whose new field is in use. */
#include <tend/plugin.h>

struct later {
    struct tend_controller known;
    const char *fresh;
};
static const struct later later = {
    {.size = sizeof later, .name = "newer", .kind = "example.com/v1/Newer"}, "in use"};
static const struct tend_controller *const controllers[] = {&later.known, NULL};
TEND_PLUGIN("newer", "1", controllers)
