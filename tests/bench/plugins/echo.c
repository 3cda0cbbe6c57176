/* As little as a controller can do: the status repeats a number of the spec. */
#include <tend/plugin.h>

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: echoes.bench.tend.dev}\n"
    "spec:\n"
    "  group: bench.tend.dev\n"
    "  scope: Namespaced\n"
    "  names: {kind: Echo, plural: echoes, singular: echo}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec:\n"
    "            type: object\n"
    "            properties: {number: {type: integer}, padding: {type: string}}\n"
    "          status: {type: object, properties: {number: {type: integer}}}\n";

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    tend_put_int(call, TEND_THIS, "status.number", tend_int(call, TEND_THIS, "spec.number", 0));
    tend_done(result);
}

static const struct tend_controller echo = {
    .size = sizeof echo,
    .name = "echo",
    .kind = "bench.tend.dev/v1/Echo",
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&echo, NULL};
TEND_PLUGIN("echo", "1.0.0", controllers)
