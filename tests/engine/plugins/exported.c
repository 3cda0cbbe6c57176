/* Its tables have names that others see, so that the linker finds them by name and not by place. */
#include <tend/plugin.h>

TEND_EXPORT extern const char exported_kind[];
TEND_EXPORT extern const struct tend_controller exported_controller;
TEND_EXPORT extern const struct tend_controller *const exported_controllers[];
const char exported_kind[] = "example.com/v1/Exported";
const struct tend_controller exported_controller = {.size = sizeof exported_controller,
                                                    .name = "exported",
                                                    .kind = exported_kind,
                                                    .crd = &exported_kind[8]};
const struct tend_controller *const exported_controllers[] = {&exported_controller, NULL};
TEND_PLUGIN("exported", "1", exported_controllers)
