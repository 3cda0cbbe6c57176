/* A whole controller, kind included, that does what spec.do of its object says, and counts otherwise. */
#include <signal.h>
#include <unistd.h>

#include <tend/plugin.h>

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: crashings.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Crashing, plural: crashings, singular: crashing}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec: {type: object, properties: {do: {type: string}, n: {type: integer}}}\n"
    "          status:\n"
    "            type: object\n"
    "            properties:\n"
    "              n: {type: integer}\n"
    "              conditions:\n"
    "                type: array\n"
    "                items: {type: object, x-kubernetes-preserve-unknown-fields: true}\n";

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    if (strcmp(what, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it */
        raise(SIGSEGV);
    } else if (strcmp(what, "exit") == 0) {
        _exit(0);
    } else if (strcmp(what, "spin") == 0) {
        for (volatile int forever = 1; forever;) {
        }
    }
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_done(result);
}

static const struct tend_controller crashing = {
    .size = sizeof crashing,
    .parallel = 8,
    .name = "crashing",
    .kind = "example.com/v1/Crashing",
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&crashing, NULL};
TEND_PLUGIN("crashing", "1.0.0", controllers)
