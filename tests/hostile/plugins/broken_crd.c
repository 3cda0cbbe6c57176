/* Carries a definition that is no YAML. */
#include <tend/plugin.h>

static const struct tend_controller controller = {.size = sizeof controller,
                                                  .name = "broken",
                                                  .kind = "example.com/v1/Broken",
                                                  .crd = "kind: [CustomResourceDefinition"};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("broken-crd", "1", controllers)
