/* Its controller is made by code, before anybody asks. */
#include <tend/plugin.h>

static struct tend_controller controller;
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("filled", "1", controllers)

static void __attribute__((constructor)) fill(void)
{
    controller.size = sizeof controller;
    controller.name = "filled";
    controller.kind = "example.com/v1/Filled";
}
