/* Two controllers of one name. */
#include <tend/plugin.h>

static const struct tend_controller one = {
    .size = sizeof one, .name = "twin", .kind = "example.com/v1/One"};
static const struct tend_controller two = {
    .size = sizeof two, .name = "twin", .kind = "example.com/v1/Two"};
static const struct tend_controller *const controllers[] = {&one, &two, NULL};
TEND_PLUGIN("misdescribed", "1", controllers)
