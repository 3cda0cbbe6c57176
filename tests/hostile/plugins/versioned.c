/* One controller in several versions, by -D:
 *
 *     VERSION="2"     what it calls itself, and writes into the status of each object
 *     BUSY="working"  the name of its second state; nothing: it has no such state
 *     RENAMED="..."   what its states were called
 *     CRASHES         every run of it does
 *     HANGS           its start never ends
 */
#include <signal.h>
#include <unistd.h>

#include <tend/plugin.h>

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: counters.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Counter, plural: counters, singular: counter}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec: {type: object, properties: {n: {type: integer}, busy: {type: boolean}}}\n"
    "          status: {type: object, properties: {n: {type: integer}, by: {type: string},\n"
    "            state: {type: string}}}\n";

static void reconcile(struct tend_call *call, struct tend_result *result)
{
#ifdef CRASHES
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it */
    raise(SIGSEGV);
#endif
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_put_text(call, TEND_THIS, "status.by", VERSION);
    tend_done(result);
#ifdef BUSY
    const char *wanted = tend_bool(call, TEND_THIS, "spec.busy", 0) ? BUSY : "idle";
    if (strcmp(tend_text(call, TEND_THIS, "status.state", ""), wanted) != 0) {
        tend_enter(result, wanted, 0, 0);
    }
#endif
}

#ifdef HANGS
static const char *hang(const struct tend_host *host, struct tend_str config, void **self)
{
    (void)host, (void)config, (void)self;
    while (pause() != 0) {
    }
    return NULL;
}
#endif

#ifdef BUSY
static const struct tend_state idle = {.size = sizeof idle, .name = "idle", .next = BUSY};
static const struct tend_state busy = {.size = sizeof busy, .name = BUSY, .next = "idle"};
static const struct tend_state *const states[] = {&idle, &busy, NULL};
#else
static const struct tend_state idle = {.size = sizeof idle, .flags = TEND_FINAL, .name = "idle"};
static const struct tend_state *const states[] = {&idle, NULL};
#endif

static const struct tend_controller counter = {
    .size = sizeof counter,
    .parallel = 8,
    .name = "counter",
    .kind = "example.com/v1/Counter",
    .crd = crd,
    .states = states,
    .reconcile = reconcile,
#ifdef HANGS
    .start = hang,
#endif
#ifdef RENAMED
    .renamed = RENAMED,
#endif
};
static const struct tend_controller *const controllers[] = {&counter, NULL};
TEND_PLUGIN("counter", VERSION, controllers)
