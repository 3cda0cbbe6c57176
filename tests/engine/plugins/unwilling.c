/* Refuses to start. */
#include <tend/plugin.h>

static const char *start(const struct tend_host *host, struct tend_str config, void **ret_self)
{
    (void)host, (void)config, (void)ret_self;
    return "there is no licence";
}
static const struct tend_controller controller = {.size = sizeof controller,
                                                  .name = "unwilling",
                                                  .kind = "example.com/v1/Unwilling",
                                                  .start = start};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("unwilling", "1", controllers)
