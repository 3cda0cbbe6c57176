/* The client commands against a host on a real socket: what they print and how they exit. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "support/live_host.h"
#include "support/suite.h"

struct ran {
    int code;
    char out[8192], err[2048];
};

/* One host for the whole suite: starting it takes longer than all commands. */
static struct live_host host;

static void read_back(int fd, char *out, size_t size)
{
    ssize_t got = pread(fd, out, size - 1, 0);
    out[got > 0 ? got : 0] = '\0';
    close(fd);
}

static int scratch(void)
{
    char name[300];
    snprintf(name, sizeof name, "%s/out-XXXXXX", host.folder.path);
    int fd = mkstemp(name);
    unlink(name);
    return fd;
}

/* `tend ARGUMENTS...` in a child of its own, with `input` on its standard input (NULL: none). */
static struct ran tend_with(const char *input, const char *first, va_list rest)
{
    char *argv[24] = {(char[]){"tend"}};
    int argc = 1, out = scratch(), err = scratch(), in = scratch();
    struct ran ran;
    int status = 0;
    for (const char *word = first; word != NULL; word = va_arg(rest, const char *)) {
        argv[argc++] = alloc_dup(word);
    }
    if (input != NULL && pwrite(in, input, strlen(input), 0) < 0) {
        abort();
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        int code = cli_main(argc, argv);
        fflush(NULL);
        _exit(code);
    }
    ran.code = waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    close(in);
    read_back(out, ran.out, sizeof ran.out);
    read_back(err, ran.err, sizeof ran.err);
    for (int i = 1; i < argc; i++) {
        free(argv[i]);
    }
    return ran;
}

static struct ran tend(const char *first, ...)
{
    va_list rest;
    va_start(rest, first);
    struct ran ran = tend_with(NULL, first, rest);
    va_end(rest);
    return ran;
}

static struct ran tend_reading(const char *input, const char *first, ...)
{
    va_list rest;
    va_start(rest, first);
    struct ran ran = tend_with(input, first, rest);
    va_end(rest);
    return ran;
}

#define END ((const char *)NULL)

static bool says(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fprintf(stderr, "expected \"%s\" in:\n%s\n", what, where);
        return false;
    }
    return true;
}

#define LAMP_CRD                                                                                   \
    "apiVersion: apiextensions.k8s.io/v1\n"                                                        \
    "kind: CustomResourceDefinition\n"                                                             \
    "metadata: {name: lamps.home.example}\n"                                                       \
    "spec:\n"                                                                                      \
    "  group: home.example\n"                                                                      \
    "  scope: Namespaced\n"                                                                        \
    "  names: {kind: Lamp, plural: lamps, singular: lamp, shortNames: [lp]}\n"                     \
    "  versions:\n"                                                                                \
    "  - name: v1\n"                                                                               \
    "    served: true\n"                                                                           \
    "    storage: true\n"                                                                          \
    "    schema:\n"                                                                                \
    "      openAPIV3Schema:\n"                                                                     \
    "        type: object\n"                                                                       \
    "        properties:\n"                                                                        \
    "          spec:\n"                                                                            \
    "            type: object\n"                                                                   \
    "            required: [colour]\n"                                                             \
    "            properties:\n"                                                                    \
    "              colour: {type: string, enum: [red, green]}\n"                                   \
    "    additionalPrinterColumns:\n"                                                              \
    "    - {name: Colour, type: string, jsonPath: .spec.colour}\n"                                 \
    "    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp, priority: 1}\n"

#define LAMP(name, colour)                                                                         \
    "---\napiVersion: home.example/v1\nkind: Lamp\nmetadata: {name: " name ", labels: {c: " colour \
    "}}\nspec:\n  colour: " colour "\n"

static void knows_where_no_host_is(void)
{
    struct ran ran = tend("get", "ns", "--socket", "/nowhere/tend.sock", END);
    CHECK_INT(ran.code, EXIT_UNREACHABLE);
    CHECK(says(ran.err, "no host listens at /nowhere/tend.sock: start one with `tend run`"));
    CHECK_TEXT(ran.out, "");
    ran = tend("version", "--socket", "/nowhere/tend.sock", END);
    CHECK_INT(ran.code, EXIT_UNREACHABLE);
    CHECK(says(ran.out, "client: 0."));
}

static void explains_itself(void)
{
    struct ran ran = tend("help", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK(says(ran.out, "tend run") && says(ran.out, "tend apply") && says(ran.out, "  6  "));
    ran = tend("get", "--help", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK(says(ran.out, "-w, --watch"));
    ran = tend("gte", END);
    CHECK_INT(ran.code, EXIT_USAGE);
    CHECK(says(ran.err, "did you mean \"get\"?"));
    ran = tend("get", "--bogus", END);
    CHECK_INT(ran.code, EXIT_USAGE);
    CHECK(says(ran.err, "unknown option --bogus"));
    ran = tend("get", END);
    CHECK_INT(ran.code, EXIT_USAGE);
    ran = tend("version", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK(says(ran.out, "host:   0."));
}

static void applies_in_order(void)
{
    struct ran ran = tend_reading(LAMP("desk", "red") "---\n" LAMP_CRD, "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_TEXT(ran.out, "customresourcedefinition.apiextensions.k8s.io/lamps.home.example created\n"
                        "lamp.home.example/desk created\n");
    ran = tend_reading(LAMP("desk", "red") LAMP("hall", "red"), "apply", "-f", "-", END);
    CHECK_TEXT(ran.out, "lamp.home.example/desk unchanged\nlamp.home.example/hall created\n");
    ran = tend_reading(LAMP("desk", "green"), "apply", "--dry-run", "-f", "-", END);
    CHECK_TEXT(ran.out, "lamp.home.example/desk configured (dry run)\n");
    ran = tend_reading(LAMP("desk", "green"), "apply", "-f", "-", END);
    CHECK_TEXT(ran.out, "lamp.home.example/desk configured\n");
}

static void points_at_mistakes(void)
{
    struct ran ran = tend_reading(LAMP("desk", "blue"), "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_FAILED);
    CHECK(says(ran.err, "-:6:11: spec.colour: "));
    ran = tend_reading("a: [1\n", "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_FAILED);
    CHECK(says(ran.err, "tend: -:"));
    ran = tend_reading(LAMP("desk", "red") "  color: red\n", "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_FAILED);
    CHECK(says(ran.err, "-:7:"));
    ran = tend_reading("kind: Lamp\n", "apply", "-f", "-", END);
    CHECK(says(ran.err, "-:1:1: expected apiVersion and kind"));
    ran = tend("apply", "-f", "/nowhere.yaml", END);
    CHECK_INT(ran.code, EXIT_FAILED);
}

static void says_what_waits(void)
{
    struct ran ran = tend_reading("apiVersion: none.example/v1\nkind: Ghost\nmetadata: {name: g}\n",
                                  "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_WAITING);
    CHECK(says(ran.err, "Ghost \"g\" was not applied: it waits for its kind"));
    ran = tend_reading(LAMP("a", "red"), "apply", "-n", "later", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_WAITING);
    CHECK(says(ran.err, "its namespace \"later\""));
    ran = tend_reading(LAMP("a", "red") "---\napiVersion: v1\nkind: Namespace\n"
                                        "metadata: {name: later}\n",
                       "apply", "-n", "later", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_TEXT(ran.out, "namespace/later created\nlamp.home.example/a created\n");
}

static void shows_objects(void)
{
    struct ran ran = tend("get", "lamps", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_TEXT(ran.out, "NAME   COLOUR\ndesk   green\nhall   red\n");
    ran = tend("get", "Lamp/hall", "lp/desk", "--no-headers", END);
    CHECK_TEXT(ran.out, "hall   red\ndesk   green\n");
    ran = tend("get", "lamps", "-A", "-l", "c=red", END);
    CHECK_TEXT(ran.out,
               "NAMESPACE   NAME   COLOUR\ndefault     hall   red\nlater       a      red\n");
    ran = tend("get", "lamps", "-o", "name", "--field-selector", "metadata.name=hall", END);
    CHECK_TEXT(ran.out, "lamp.home.example/hall\n");
    ran = tend("get", "lamps", "-o", "wide", END);
    CHECK(says(ran.out, "NAME   COLOUR   AGE\n"));
    ran = tend("get", "lamp", "hall", "-o", "yaml", END);
    CHECK(says(ran.out, "kind: Lamp\n") && says(ran.out, "  colour: red\n"));
    ran = tend("get", "lamp", "-o", "json", END);
    CHECK(says(ran.out, "\"kind\": \"List\"") && says(ran.out, "        \"colour\": \"green\"\n"));
    ran = tend("get", "lamps,namespaces", "-n", "later", END);
    CHECK(says(ran.out, "lamp.home.example/a   red\n") && says(ran.out, "\nNAME"));
    CHECK(says(ran.out, "namespace/later"));
}

static void says_what_is_not_there(void)
{
    struct ran ran = tend("get", "lamp", "attic", END);
    CHECK_INT(ran.code, EXIT_NOT_FOUND);
    CHECK(says(ran.err, "lamps.home.example \"attic\" not found"));
    CHECK_INT(tend("get", "lamp", "attic", "--ignore-not-found", END).code, EXIT_DONE);
    ran = tend("get", "lamp", "hall", "attic", END);
    CHECK_INT(ran.code, EXIT_NOT_FOUND);
    CHECK(says(ran.out, "hall   red"));
    ran = tend("get", "lmaps", END);
    CHECK_INT(ran.code, EXIT_NOT_FOUND);
    CHECK(says(ran.err, "did you mean \"lamps\"?"));
    ran = tend("get", "configmaps", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK(says(ran.err, "No resources found in default namespace"));
    CHECK_TEXT(ran.out, "");
}

static void describes(void)
{
    struct ran ran = tend("describe", "lamp/hall", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK(says(ran.out, "Name:          hall\n") && says(ran.out, "Labels:        c=red\n"));
    CHECK(says(ran.out, "Controller:    none: nobody tends objects of this kind\n"));
    CHECK(says(ran.out, "spec:\n  colour: red\n") && says(ran.out, "Events:\n  (none)\n"));
    CHECK_INT(tend("describe", "lamp/attic", END).code, EXIT_NOT_FOUND);
}

#define LAMP_EVENT(name, reason, moment)                                                           \
    "---\napiVersion: v1\nkind: Event\nmetadata: {name: " name "}\nreason: " reason "\n"           \
    "type: Normal\nmessage: hello\nlastTimestamp: '2026-01-01T00:00:0" moment "Z'\n"               \
    "involvedObject: {kind: Lamp, name: hall, namespace: default}\n"

static void shows_events_by_time(void)
{
    struct ran ran = tend_reading(LAMP_EVENT("a", "Second", "2") LAMP_EVENT("b", "First", "1"),
                                  "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    ran = tend("events", "--for", "lamp/hall", END);
    CHECK_INT(ran.code, EXIT_DONE);
    const char *first = strstr(ran.out, "First"), *second = strstr(ran.out, "Second");
    CHECK(first != NULL && second != NULL && first < second);
    ran = tend("events", "--for", "lamp/desk", END);
    CHECK_TEXT(ran.out, "");
    ran = tend("describe", "lamp", "hall", END);
    CHECK(says(ran.out, "Second"));
}

static void asks_for_another_try(void)
{
    struct ran ran = tend("retry", "lamp", "hall", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_TEXT(ran.out, "lamp.home.example \"hall\" is tried again\n");
    ran = tend("get", "lamp/hall", "-o", "yaml", END);
    const char *first = strstr(ran.out, "tend.dev/retry: ");
    CHECK(first != NULL);
    struct ran again = tend("retry", "lamp/hall", END);
    CHECK_INT(again.code, EXIT_DONE);
    again = tend("get", "lamp/hall", "-o", "yaml", END);
    const char *second = strstr(again.out, "tend.dev/retry: ");
    CHECK(first != NULL && second != NULL && strncmp(first, second, 30) != 0); /* another text */
    ran = tend("retry", "lamp", "attic", "hall", END);
    CHECK_INT(ran.code, EXIT_NOT_FOUND);
    CHECK(says(ran.err, "\"attic\" not found") && says(ran.out, "\"hall\" is tried again\n"));
    CHECK_INT(tend("retry", "lamp", END).code, EXIT_USAGE);
    CHECK_INT(tend("retry", END).code, EXIT_USAGE);
}

/* Two pages of one snapshot. */
static void fetches_long_lists(void)
{
    CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(1 << 20);
    for (int i = 0; i < 600; i++) {
        buffer_format(&all, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c-%04d}}\n",
                      i);
    }
    CHECK_INT(tend_reading(all.data, "apply", "-f", "-", END).code, EXIT_DONE);
    struct ran ran = tend("get", "configmaps", "-o", "name", END);
    CHECK_INT(ran.code, EXIT_DONE);
    const char *last = strstr(ran.out, "configmap/c-0000\n");
    CHECK(last == ran.out);
    ran = tend("get", "cm", "--no-headers", "-l", "!none", "--field-selector",
               "metadata.name=c-0599", END);
    CHECK(says(ran.out, "c-0599"));
    ran = tend("delete", "cm", "--all", END);
    CHECK_INT(ran.code, EXIT_DONE);
    ran = tend("get", "cm", END);
    CHECK(says(ran.err, "No resources found"));
}

/* Together they are more values than one answer may hold; each alone is not. */
static void fetches_large_objects(void)
{
    enum { OBJECTS = 25, KEYS = 9000 };
    CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(8 << 20);
    for (int i = 0; i < OBJECTS; i++) {
        buffer_format(
            &all, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: l-%02d}, data: {", i);
        for (int k = 0; k < KEYS; k++) {
            buffer_format(&all, "k%d: x, ", k);
        }
        buffer_chars(&all, "}}\n");
    }
    CHECK_INT(tend_reading(all.data, "apply", "-f", "-", END).code, EXIT_DONE);
    CHECK_INT(tend("get", "cm", "-o", "json", END).code, EXIT_DONE);
    CHECK_INT(tend("delete", "cm", "--all", END).code, EXIT_DONE);
}

/* `tend get lamps -w` with its output on a pipe; returns when the first line is there. */
static pid_t watch_lamps(int *ret_output)
{
    int ends[2];
    char byte = '\0';
    CHECK_INT(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {(char[]){"tend"}, (char[]){"get"}, (char[]){"lamps"}, (char[]){"-w"}, NULL};
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(cli_main(4, argv));
    }
    close(ends[1]);
    *ret_output = ends[0];
    while (byte != '\n' && read(ends[0], &byte, 1) == 1) {
    }
    return child;
}

static int exit_code_of(pid_t child)
{
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ends_quietly_when_interrupted(void)
{
    int output;
    char rest[4096];
    pid_t child = watch_lamps(&output);
    CHECK(child > 0);
    ssize_t got = read(output, rest, sizeof rest); /* the row of the list: now it watches */
    CHECK(got > 0);
    struct ran ran = tend_reading(LAMP("hall", "green"), "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK(read(output, rest, sizeof rest) > 0); /* it showed the change */
    CHECK_INT(kill(child, SIGINT), 0);
    CHECK_INT(exit_code_of(child), EXIT_DONE);
    close(output);
}

static void ends_quietly_when_nobody_reads(void)
{
    int output;
    pid_t child = watch_lamps(&output);
    close(output);
    struct ran ran = tend_reading(LAMP("hall", "red"), "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_INT(exit_code_of(child), EXIT_DONE);
}

/* --wait: applied as soon as what it waits for is there. */
static void waits_for_a_namespace(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct ran waiting =
            tend_reading(LAMP("b", "red"), "apply", "--wait", "-n", "soon", "-f", "-", END);
        _exit(waiting.code);
    }
    struct ran ran = tend_reading("{apiVersion: v1, kind: Namespace, metadata: {name: soon}}",
                                  "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_INT(exit_code_of(child), EXIT_DONE);
    CHECK_INT(tend("delete", "lamp", "b", "-n", "soon", END).code, EXIT_DONE);
    ran = tend_reading(LAMP("b", "red"), "apply", "--wait", "--timeout", "1s", "-n", "never", "-f",
                       "-", END);
    CHECK_INT(ran.code, EXIT_WAITING);
}

static void deletes(void)
{
    struct ran ran = tend("delete", "lamp", END);
    CHECK_INT(ran.code, EXIT_USAGE);
    ran = tend("delete", "lamp", "desk", "attic", END);
    CHECK_INT(ran.code, EXIT_NOT_FOUND);
    CHECK_TEXT(ran.out, "lamp.home.example \"desk\" deleted\n");
    CHECK_INT(tend("delete", "lamp/attic", "--ignore-not-found", END).code, EXIT_DONE);
}

static void waits_until_it_is_gone(void)
{
    struct ran ran = tend_reading("apiVersion: v1\nkind: ConfigMap\n"
                                  "metadata: {name: held, finalizers: [example.com/hold]}\n",
                                  "apply", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    ran = tend("delete", "cm", "held", "--timeout", "1s", END);
    CHECK_INT(ran.code, EXIT_WAITING);
    CHECK(says(ran.err, "configmap \"held\" is still there after the timeout"));
    ran = tend("delete", "cm", "held", "--now", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_TEXT(ran.out, "configmap \"held\" is being deleted\n");
}

static void deletes_what_a_file_names(void)
{
    struct ran ran = tend_reading(LAMP_CRD LAMP("a", "red"), "delete", "-n", "later", "-f", "-",
                                  "--ignore-not-found", END);
    CHECK_INT(ran.code, EXIT_CONFLICT); /* the hall lamp is still there */
    CHECK(says(ran.out, "lamp.home.example \"a\" deleted\n"));
    ran = tend_reading(LAMP_CRD LAMP("hall", "red"), "delete", "-f", "-", END);
    CHECK_INT(ran.code, EXIT_DONE);
    CHECK_INT(tend("get", "lamps", END).code, EXIT_NOT_FOUND);
}

static void ends(void)
{
    CHECK(live_host_stop(&host));
}

static void starts(void)
{
    live_host_start(&host, FOLDER_MEMORY);
    CHECK_INT(setenv("TEND_SOCKET", host.socket, 1), 0);
}

SUITE({"a host starts", starts}, {"without a host it says what to do", knows_where_no_host_is},
      {"help, unknown commands and options", explains_itself},
      {"applies kinds first, and says what changed", applies_in_order},
      {"mistakes have file, line and column", points_at_mistakes},
      {"what has no kind or namespace yet waits", says_what_waits},
      {"shows objects in every form", shows_objects},
      {"says what is not there, and what may be meant", says_what_is_not_there},
      {"describes", describes}, {"events in order of time", shows_events_by_time},
      {"retry asks anew each time", asks_for_another_try},
      {"long lists come in pages", fetches_long_lists},
      {"so do large objects", fetches_large_objects},
      {"Ctrl-C ends a watch quietly", ends_quietly_when_interrupted},
      {"so does a reader that goes away", ends_quietly_when_nobody_reads},
      {"apply --wait waits", waits_for_a_namespace}, {"deletes by name", deletes},
      {"delete waits, and says when it did not happen", waits_until_it_is_gone},
      {"delete -f goes backwards", deletes_what_a_file_names}, {"the host ends cleanly", ends})
