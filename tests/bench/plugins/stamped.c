/* What can be asked of a reconcile, to be measured: spec.do names it.
 *
 *     ""       the status gets the stamp, which bench.plugin writes over in the file: another build
 *     crash    it does
 *     wait     a question that is answered after a millisecond; others go on meanwhile
 *     block    a millisecond in which its thread does nothing else
 *
 * Without "" nothing is written. */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <signal.h>

#include <tend/plugin.h>

static const char stamp[] = "stamp:0000000000";

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: stamps.bench.tend.dev}\n"
    "spec:\n"
    "  group: bench.tend.dev\n"
    "  scope: Namespaced\n"
    "  names: {kind: Stamp, plural: stamps, singular: stamp}\n"
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
    "          status: {type: object, properties: {n: {type: integer}, stamp: {type: string}}}\n";

static void answered(struct tend_call *call, tend_node answer, void *data)
{
    struct tend_result result = {.size = sizeof result};
    (void)answer, (void)data;
    tend_done(&result);
    call->api->finish(call, &result);
}

static void wait_a_while(struct tend_call *call, struct tend_result *result)
{
    tend_node question = call->api->make_map(call);
    tend_put_int(call, question, "sleep.ms", 1);
    call->api->ask(call, question, answered, NULL);
    tend_later(result);
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    if (what[0] == 'w') {
        wait_a_while(call, result);
    } else if (what[0] == 'b') {
        poll(NULL, 0, 1);
    } else if (what[0] == 'c') {
        raise(SIGSEGV);
    } else if (what[0] == '\0') {
        tend_put_text(call, TEND_THIS, "status.stamp", stamp);
        tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    }
}

static const struct tend_controller stamped = {
    .size = sizeof stamped,
    .parallel = 64,
    .name = "stamped",
    .kind = "bench.tend.dev/v1/Stamp",
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&stamped, NULL};
TEND_PLUGIN("stamped", "1.0.0", controllers)
