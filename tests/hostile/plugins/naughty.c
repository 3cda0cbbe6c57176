/* A plugin that does what spec.do of its object says, most of it forbidden. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <tend/plugin.h>

static void spin(void)
{
    for (volatile int forever = 1; forever;) {
    }
}

/* More than what a runner takes for quick. */
static void toil(void)
{
    clock_t until = clock() + CLOCKS_PER_SEC / 500;
    while (clock() < until) {
    }
}

static void misbehave(struct tend_call *call, const char *what)
{
    if (strcmp(what, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it */
        raise(SIGSEGV);
    } else if (strcmp(what, "exit") == 0) {
        _exit(3);
    } else if (strcmp(what, "spin") == 0) {
        spin();
    } else if (strcmp(what, "block") == 0) { /* until somebody opens its other end */
        close(open(getenv("TEND_TEST_FIFO"), O_RDONLY));
    } else if (strcmp(what, "leave") == 0) {
        pthread_exit(NULL);
    } else if (strcmp(what, "hang-up") == 0) {
        close(3);
        spin();
    } else if (strcmp(what, "cut-off") == 0) {
        close(3);
    } else if (strcmp(what, "garbage") == 0) {
        ssize_t ignored = write(3, "this is not a frame at all", 26);
        (void)ignored;
    } else if (strcmp(what, "print") == 0) {
        printf("to standard output\n");
        fflush(stdout);
        fprintf(stderr, "to standard error\n");
        call->api->log(call->host, TEND_ERROR, "to the log");
        fprintf(stderr, "and a line without its end");
        raise(SIGABRT);
    } else if (strcmp(what, "flood") == 0) {
        for (int i = 0; i < 5000; i++) {
            fprintf(stderr, "line %d\n", i);
        }
    }
}

static void answered(struct tend_call *call, tend_node answer, void *data)
{
    struct tend_result result = {.size = sizeof result};
    (void)data;
    const char *problem = call->api->problem(call);
    tend_put_text(call, TEND_THIS, "status.answer",
                  problem != NULL ? problem : tend_text(call, answer, "data.a", "none"));
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_done(&result);
    call->api->finish(call, &result);
}

/* Waits without blocking others. */
static void answer_later(struct tend_call *call, struct tend_result *result, const char *name)
{
    tend_node question = call->api->make_map(call);
    tend_put_text(call, question, "fetch.kind", "v1/ConfigMap");
    tend_put_text(call, question, "fetch.name", name);
    call->api->ask(call, question, answered, NULL);
    tend_later(result);
}

static void reconcile(struct tend_call *call, struct tend_result *result)
{
    const char *what = tend_text(call, TEND_THIS, "spec.do", "");
    if (strcmp(what, "later") == 0 || strcmp(what, "never") == 0) {
        answer_later(call, result, what);
        return;
    }
    if (strcmp(what, "toil") == 0) {
        toil();
        answer_later(call, result, "later");
        return;
    }
    misbehave(call, what);
    if (strcmp(what, "ask") == 0) {
        tend_node answer = tend_fetch(call, "v1/ConfigMap", "a");
        tend_put_text(call, TEND_THIS, "status.answer", tend_text(call, answer, "data.a", "none"));
    }
    tend_put_int(call, TEND_THIS, "status.n", tend_int(call, TEND_THIS, "spec.n", 0));
    tend_done(result);
}

static const struct tend_controller naughty = {
    .size = sizeof naughty,
    .name = "naughty",
    .kind = "example.com/v1/Naughty",
    .crd = "metadata: {name: naughties.example.com}\nspec: {group: example.com}\n",
    .reconcile = reconcile,
};
static const struct tend_controller *const controllers[] = {&naughty, NULL};
TEND_PLUGIN("naughty", "1.0.0", controllers)
