/* A part of its descriptor lies in another library: who reads its file alone does not find it. */
#include <tend/plugin.h>

extern const char borrowed_kind[];
static const struct tend_controller controller = {
    .size = sizeof controller, .name = "borrowed", .kind = borrowed_kind};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("borrowed", "1", controllers)
