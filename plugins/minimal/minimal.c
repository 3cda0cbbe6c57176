/* The smallest whole plugin: a kind, and a controller that answers it.
 *
 *     cc -std=c11 -shared -fPIC -fvisibility=hidden -Wl,-z,defs minimal.c -o minimal.so
 */
#include <tend/plugin.h>

static const char crd[] = "apiVersion: apiextensions.k8s.io/v1\n"
                          "kind: CustomResourceDefinition\n"
                          "metadata: {name: greetings.example.com}\n"
                          "spec:\n"
                          "  group: example.com\n"
                          "  scope: Namespaced\n"
                          "  names: {kind: Greeting, plural: greetings, singular: greeting}\n"
                          "  versions:\n"
                          "  - name: v1\n"
                          "    served: true\n"
                          "    storage: true\n"
                          "    subresources: {status: {}}\n"
                          "    additionalPrinterColumns:\n"
                          "    - {name: Text, type: string, jsonPath: .status.text}\n"
                          "    schema:\n"
                          "      openAPIV3Schema:\n"
                          "        type: object\n"
                          "        properties:\n"
                          "          spec: {type: object, properties: {name: {type: string}}}\n"
                          "          status: {type: object, properties: {text: {type: string}}}\n";

/* Called whenever a Greeting is new or has changed. */
static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *name = tend_text(call, TEND_THIS, "spec.name", "world");
    tend_put_text(call, TEND_THIS, "status.text", tend_format(call, "Hello, %s!", name));
    tend_done(result);
}

static const struct tend_controller greeting = {
    .size = sizeof greeting,
    .name = "greeting",
    .kind = "example.com/v1/Greeting",
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&greeting, NULL};
TEND_PLUGIN("minimal", "1.0.0", controllers)
