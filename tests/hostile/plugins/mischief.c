/* A whole controller, kind included, that does to its process what spec.do of its object says, and is fine
 * otherwise: status.n becomes spec.n, and status.got what it got. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tend/plugin.h>

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: mischiefs.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {kind: Mischief, plural: mischiefs, singular: mischief}\n"
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
    "          status: {type: object, properties: {n: {type: integer}, got: {type: string}}}\n";

enum { LEAK_BYTES = 8 << 20, FLOOD_LINES = 20000, DESCRIPTORS = 4096 };

static void *leaked;     /* a list, so that no leak check finds it lost */
static long long amount; /* spec.n */

static const char *leak_some(void)
{
    void **block = malloc(LEAK_BYTES);
    if (block == NULL) {
        return "ENOMEM";
    }
    memset(block, 1, LEAK_BYTES);
    *block = leaked;
    leaked = block;
    return "ok";
}

static const char *leak(void)
{
    const char *got = "ok";
    for (long long i = 0; i < amount && strcmp(got, "ok") == 0; i++) {
        got = leak_some();
    }
    return got;
}

static const char *take_descriptors(void)
{
    for (int i = 0; i < DESCRIPTORS; i++) {
        if (fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) < 0) {
            return strerrorname_np(errno);
        }
    }
    return "ok";
}

static void *stay(void *data)
{
    for (;;) {
        pause();
    }
    return data;
}

static const char *leave_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, stay, NULL) == 0 ? "ok" : "no thread";
}

/* The child closes what it inherited, as a daemon does: nothing but the process group holds it. */
static const char *leave_child(void)
{
    static char got[32];
    pid_t pid = fork();
    if (pid == 0) {
        for (int fd = 0; fd < 64; fd++) {
            close(fd);
        }
        stay(NULL);
    }
    snprintf(got, sizeof got, "%d", (int)pid);
    return pid < 0 ? strerrorname_np(errno) : got;
}

static const char *flood(void)
{
    for (int i = 0; i < FLOOD_LINES; i++) {
        printf("line %d of a flood\n", i);
    }
    fflush(stdout);
    return "ok";
}

/* All that a library may do to the process that it is in. */
static const char *disorder(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    signal(SIGTERM, SIG_IGN);
    umask(0777);
    setlocale(LC_ALL, "");
    return chdir("/") == 0 ? "ok" : strerrorname_np(errno);
}

/* As a call does that waits for somebody who does not answer. */
static const char *doze(void)
{
    return poll(NULL, 0, 1500) == 0 ? "ok" : strerrorname_np(errno);
}

static const char *crash(void)
{
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it */
    raise(SIGSEGV);
    return "?";
}

static const char *misbehave(const char *what)
{
    static const struct {
        const char *name;
        const char *(*run)(void);
    } ways[] = {{"leak", leak},           {"descriptors", take_descriptors},
                {"thread", leave_thread}, {"child", leave_child},
                {"flood", flood},         {"disorder", disorder},
                {"doze", doze},           {"crash", crash}};
    if (strncmp(what, "close-", 6) == 0) {
        close(atoi(what + 6));
        return "ok";
    }
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(what, ways[i].name) == 0) {
            return ways[i].run();
        }
    }
    return "";
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    amount = tend_int(call, TEND_THIS, "spec.n", 0);
    tend_put_text(call, TEND_THIS, "status.got",
                  misbehave(tend_text(call, TEND_THIS, "spec.do", "")));
    tend_put_int(call, TEND_THIS, "status.n", amount);
    tend_done(result);
}

static const struct tend_controller mischief = {
    .size = sizeof mischief,
    .name = "mischief",
    .kind = "example.com/v1/Mischief",
    .crd = crd,
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&mischief, NULL};
TEND_PLUGIN("mischief", "1", controllers)
