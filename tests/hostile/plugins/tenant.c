/* What a plugin can do to the host that it is inline in. Each object says in spec.do what its run does; by -D:
 *
 *     VERSION="2"   what it calls itself, and writes into the status of each object
 *     MEDDLES       its start changes what all of the process shares
 *     LEAVES        a thread of it runs on after its stop
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tend/plugin.h>

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: tenants.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Tenant, plural: tenants, singular: tenant}\n"
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
    "          status: {type: object, properties: {n: {type: integer}, by: {type: string},\n"
    "            runs: {type: integer}}}\n";

static int runs; /* since this code was loaded */

/* Neither null nor told to the compiler. */
static void fault(void)
{
    *(volatile int *)(uintptr_t)strtoul("16", NULL, 10) = 1;
}

static void *crash_elsewhere(void *none)
{
    fault();
    return none;
}

static void *crash_under_a_name(void *none)
{
    prctl(PR_SET_NAME, "pool");
    fault();
    return none;
}

static void *exit_under_a_name(void *none)
{
    prctl(PR_SET_NAME, "pool");
    exit(0);
    return none;
}

static void in_a_thread(void *(*run)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) == 0) {
        pthread_join(thread, NULL);
    }
}

static void misbehave(const char *what)
{
    if (strcmp(what, "abort") == 0) {
        abort();
    } else if (strcmp(what, "exit") == 0) {
        exit(0);
    } else if (strcmp(what, "fault") == 0) {
        fault();
    } else if (strcmp(what, "thread") == 0) {
        in_a_thread(crash_elsewhere);
    } else if (strcmp(what, "named") == 0) {
        in_a_thread(crash_under_a_name);
    } else if (strcmp(what, "leaving") == 0) {
        in_a_thread(exit_under_a_name);
    } else if (strcmp(what, "block") == 0) { /* until somebody opens its other end */
        close(open(getenv("TEND_TEST_FIFO"), O_RDONLY));
    }
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    misbehave(tend_text(call, TEND_THIS, "spec.do", ""));
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_put_int(call, TEND_THIS, "status.runs", ++runs);
    tend_put_text(call, TEND_THIS, "status.by", VERSION);
    tend_done(result);
}

#ifdef MEDDLES
static const char *start(const struct tend_host *host, struct tend_str config, void **self)
{
    (void)host, (void)config, (void)self;
    umask(027);
    signal(SIGUSR2, SIG_IGN);
    return chdir("/usr") == 0 ? NULL : "there is no /usr";
}
#endif

#ifdef LEAVES
static void *stay(void *none)
{
    while (pause() != 0) {
    }
    return none;
}

static const char *start(const struct tend_host *host, struct tend_str config, void **self)
{
    pthread_t thread;
    (void)host, (void)config, (void)self;
    return pthread_create(&thread, NULL, stay, NULL) == 0 ? NULL : "there is no thread";
}
#endif

static const struct tend_controller tenant = {
    .size = sizeof tenant,
    .parallel = 8,
    .name = "tenant",
    .kind = "example.com/v1/Tenant",
    .crd = crd,
    .reconcile = reconcile,
#if defined MEDDLES || defined LEAVES
    .start = start,
#endif
};
static const struct tend_controller *const controllers[] = {&tenant, NULL};
TEND_PLUGIN("tenant", VERSION, controllers)
