/* Calls what nobody defines. */
#include <tend/plugin.h>

extern void nobody_defines_this(void);

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    (void)call, (void)result;
    nobody_defines_this();
}
static const struct tend_controller controller = {.size = sizeof controller,
                                                  .name = "unresolved",
                                                  .kind = "example.com/v1/Unresolved",
                                                  .reconcile = reconcile};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("unresolved", "1", controllers)
