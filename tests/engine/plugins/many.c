/* One controller more than a plugin may have. */
#include <tend/plugin.h>

static const struct tend_controller one = {
    .size = sizeof one, .name = "one", .kind = "example.com/v1/One"};
#define FOUR    &one, &one, &one, &one
#define SIXTEEN FOUR, FOUR, FOUR, FOUR
static const struct tend_controller *const controllers[] = {SIXTEEN, SIXTEEN, SIXTEEN,
                                                            SIXTEEN, &one,    NULL};
TEND_PLUGIN("many", "1.0.0", controllers)
