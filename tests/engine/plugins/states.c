/* A machine with everything that a state can say. */
#include <tend/plugin.h>

static void first(struct tend_call *call, struct tend_result *result)
{
    tend_put_text(call, TEND_THIS, "status.ran", "first");
    tend_enter(result, "second", NULL, NULL);
}

static void any(struct tend_call *call, struct tend_result *result)
{
    tend_put_text(call, TEND_THIS, "status.ran", "any");
    tend_put_text(call, TEND_THIS, "status.phase",
                  tend_text(call, TEND_THIS, "spec.phase", "second"));
    tend_done(result);
}

static const struct tend_state one = {.size = sizeof one,
                                      .flags = TEND_ALONE,
                                      .name = "first",
                                      .next = "second,last",
                                      .run = first,
                                      .within_ms = 1000,
                                      .within_field = "spec.within",
                                      .from = "status.from",
                                      .otherwise = "last",
                                      .reason = "Late",
                                      .message = "too late"};
static const struct tend_state two = {.size = sizeof two,
                                      .flags = TEND_TEARDOWN,
                                      .name = "second",
                                      .next = "last",
                                      .within_ms = 5,
                                      .condition = "Stuck",
                                      .reason = "Stuck"};
static const struct tend_state last = {.size = sizeof last, .flags = TEND_FINAL, .name = "last"};
static const struct tend_state *const states[] = {&one, &two, &last, NULL};
static const struct tend_controller controller = {.size = sizeof controller,
                                                  .name = "states",
                                                  .kind = "example.com/v1/States",
                                                  .state_field = "status.phase",
                                                  .states = states,
                                                  .reconcile = any,
                                                  .renamed = "begin=first, end=last"};
static const struct tend_controller *const controllers[] = {&controller, NULL};
TEND_PLUGIN("states", "1", controllers)
