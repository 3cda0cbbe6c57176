/* A whole controller, kind included, that does what spec.do of its object names, out of misdeeds.h, with
 * whatever chance it needs taken from spec.seed. An object that asks for nothing is a good one. Built several
 * times, with another LANE each, so that several can go wrong at once. */
#include "hostile/plugins/misbehaving.h"

#include <tend/plugin.h>

static void misbehave(struct tend_call *call, const char *what)
{
    static const struct {
        const char *name;
        void (*run)(struct deed *deed);
    } deeds[] = {
#define ROW(name, function, fate, share) {name, function},
        MISDEEDS(ROW)
#undef ROW
    };
    struct deed deed = {call, (uint64_t)tend_int(call, TEND_THIS, "spec.seed", 1) | 1};
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(what, deeds[i].name) == 0) {
            deeds[i].run(&deed);
        }
    }
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    misbehave(call, tend_text(call, TEND_THIS, "spec.do", ""));
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_done(result);
}

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: misdeed" LANE "s.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Misdeed" LANE ", plural: misdeed" LANE "s, singular: misdeed" LANE "}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec: {type: object, properties: {do: {type: string}, n: {type: integer}, seed: {type: integer}}}\n"
    "          status:\n"
    "            type: object\n"
    "            properties:\n"
    "              n: {type: integer}\n"
    "              text: {type: string}\n"
    "              conditions:\n"
    "                type: array\n"
    "                items: {type: object, x-kubernetes-preserve-unknown-fields: true}\n";

static const struct tend_controller misbehaving = {
    .size = sizeof misbehaving,
    .name = "misbehaving-" LANE,
    .kind = "example.com/v1/Misdeed" LANE,
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&misbehaving, NULL};
TEND_PLUGIN("misbehaving-" LANE, "1", controllers)
