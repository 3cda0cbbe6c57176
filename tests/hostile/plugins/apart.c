/* A plugin that needs a library which its RUNPATH alone finds. */
#include <tend/plugin.h>

int apart_seven(void);

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    tend_put_int(call, TEND_THIS, "status.n", apart_seven());
    tend_done(result);
}

static const struct tend_controller apart = {
    .size = sizeof apart,
    .name = "apart",
    .kind = "example.com/v1/Apart",
    .crd = "metadata: {name: aparts.example.com}\nspec: {group: example.com}\n",
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&apart, NULL};
TEND_PLUGIN("apart", "1", controllers)
