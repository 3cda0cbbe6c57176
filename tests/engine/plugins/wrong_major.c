/* Says in its note that it was built for contract 9, and would do harm if any of it ran. */
#include <stdlib.h>

#include <tend/plugin.h>

#undef TEND_MAJOR
#define TEND_MAJOR 9

static const struct tend_controller *const controllers[] = {NULL};
TEND_PLUGIN("wrong-major", "1", controllers)

static void __attribute__((constructor)) harm(void)
{
    abort();
}
