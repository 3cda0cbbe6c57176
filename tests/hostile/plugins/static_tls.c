/* Wants more thread-local storage than a process that runs already has room for: what is built for a program, or
 * to be there from its start, takes its place from a small reserve. */
#include <tend/plugin.h>

static __thread char large[1 << 20] __attribute__((tls_model("initial-exec")));

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    (void)call;
    large[0]++;
    tend_done(result);
}

static const struct tend_controller controller = {.size = sizeof controller,
                                                  .name = "static-tls",
                                                  .kind = "example.com/v1/StaticTls",
                                                  .reconcile = reconcile};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("static-tls", "1", controllers)
