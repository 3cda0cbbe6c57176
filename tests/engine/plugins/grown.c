/* Built against a later header of the same major, whose new field it does not use; its other controller
 * against an older one, which ended before `finalize`. */
#include <stddef.h>

#include <tend/plugin.h>

struct later {
    struct tend_controller known;
    const char *fresh;
};
static const struct later later = {
    {.size = sizeof later, .name = "grown", .kind = "example.com/v1/Grown"}, NULL};
static void never(struct tend_call *call, struct tend_result *result)
{
    (void)call, (void)result;
}
static const struct tend_controller older = {.size = offsetof(struct tend_controller, finalize),
                                             .name = "older",
                                             .kind = "example.com/v1/Older",
                                             .finalize = never};
static const struct tend_controller *const controllers[] = {&later.known, &older, NULL};
TEND_PLUGIN("grown", "1", controllers)
