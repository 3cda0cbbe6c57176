/* A good neighbour: counts its runs. */
#include <tend/plugin.h>

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: steadies.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Steady, plural: steadies, singular: steady}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec: {type: object, properties: {n: {type: integer}}}\n"
    "          status: {type: object, properties: {n: {type: integer}, runs: {type: integer}}}\n";

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_put_int(call, TEND_THIS, "status.runs", tend_int(call, TEND_THIS, "status.runs", 0) + 1);
    tend_done(result);
}

static const struct tend_controller steady = {
    .size = sizeof steady,
    .name = "steady",
    .kind = "example.com/v1/Steady",
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&steady, NULL};
TEND_PLUGIN("steady", "1", controllers)
