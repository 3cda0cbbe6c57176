/* A plugin that tries to get out, in a real runner, beside a healthy one in another: what each attempt gets,
 * strictly confined, with files, and not confined at all; the last shows that the attempt would have been
 * one. What this kernel has not got is skipped, and said. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "engine/confine.h"
#include "host/world_uv.h"
#include "runner/runner.h"
#include "support/suite.h"

#define PLUGINS TEND_BUILD "/tests/plugins/"

/* One runner, and its one call. */
struct side {
    struct world_uv *uv;
    struct runner *runner;
    struct worker *worker;
    struct worker_listener listener;
    struct reconcile_call call;
    enum { NOT_YET, UP, DONE, LOST } fate;
    unsigned deaths;
    char reason[ERROR_TEXT_MAX]; /* of the last one, or of a refusal */
    struct task closed;
};

struct bench {
    struct world_uv *uv;
    struct log log;
    struct buffer lines;
    struct side hostile, healthy;
    struct alarm give_up;
    bool gave_up;
    int listener;
    int port; /* where it listens */
    char path[64];
};

/* --- the listener of a worker ------------------------------------------------------------------- */

static struct side *of(struct worker_listener *listener)
{
    return CONTAINER_OF(listener, struct side, listener);
}

static void happened(struct side *side, int fate)
{
    side->fate = fate;
    world_uv_stop(side->uv);
}

static void up(struct worker_listener *listener, struct worker *worker,
               const struct value *descriptor)
{
    (void)worker, (void)descriptor;
    happened(of(listener), UP);
}

static void down(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)worker;
    snprintf(of(listener)->reason, sizeof of(listener)->reason, "%s", reason);
    of(listener)->deaths++;
}

static void refused(struct worker_listener *listener, struct worker *worker, const char *reason)
{
    (void)worker;
    snprintf(of(listener)->reason, sizeof of(listener)->reason, "%s", reason);
    happened(of(listener), LOST);
}

static void asked(struct worker_listener *listener, struct worker *worker,
                  struct reconcile_call *call, uint32_t ask, const struct value *question,
                  const struct value *so_far)
{
    (void)listener, (void)worker, (void)call, (void)ask, (void)question, (void)so_far;
    CHECK(!"nobody asks anything here");
}

static void overdue(struct worker_listener *listener, struct worker *worker,
                    struct reconcile_call *call)
{
    (void)listener, (void)worker, (void)call;
}

static void done(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call)
{
    (void)worker, (void)call;
    happened(of(listener), DONE);
}

static void lost(struct worker_listener *listener, struct worker *worker,
                 struct reconcile_call *call, enum worker_blame blame, const char *reason)
{
    (void)worker, (void)call, (void)blame;
    snprintf(of(listener)->reason, sizeof of(listener)->reason, "%s", reason);
    happened(of(listener), LOST);
}

static const struct worker_listener_ops listener_ops = {up,      down, refused, asked,
                                                        overdue, done, lost};

/* --- the bench ---------------------------------------------------------------------------------- */

static void log_sink(void *to, const char *line)
{
    buffer_chars(to, line);
    buffer_byte(to, '\n');
}

static void give_up(struct alarm *alarm)
{
    struct bench *bench = CONTAINER_OF(alarm, struct bench, give_up);
    CHECK(!"nothing came for a minute");
    bench->gave_up = true;
    world_uv_stop(bench->uv);
}

static void wait_while(struct bench *bench, const struct side *side, int fate)
{
    while ((int)side->fate == fate && !bench->gave_up) {
        world_uv_run(bench->uv);
    }
}

static void start_side(struct bench *bench, struct side *side, const char *file,
                       const struct runner_bounds *bounds)
{
    *side = (struct side){.uv = bench->uv, .listener.ops = &listener_ops};
    side->runner = runner_new(&(struct runner_options){.world = world_uv_world(bench->uv),
                                                       .program = TEND_BUILD "/tend-runner",
                                                       .file = file,
                                                       .name = "test",
                                                       .grace_ms = 50,
                                                       .bounds = *bounds});
    side->worker = runner_worker(side->runner);
    side->worker->listener = &side->listener;
    runner_start(side->runner);
    wait_while(bench, side, NOT_YET);
}

static void open_side(struct bench *bench, struct side *side, const char *file,
                      const struct runner_bounds *bounds)
{
    start_side(bench, side, file, bounds);
    CHECK_INT(side->fate, UP);
}

static void closed(struct task *task)
{
    struct side *side = CONTAINER_OF(task, struct side, closed);
    side->runner = NULL;
    world_uv_stop(side->uv);
}

static void close_side(struct bench *bench, struct side *side)
{
    side->closed.run = closed;
    runner_close(side->runner, &side->closed);
    while (side->runner != NULL && !bench->gave_up) {
        world_uv_run(bench->uv);
    }
    doc_unref(side->call.object);
    arena_done(&side->call.arena);
}

static void listen_somewhere(struct bench *bench)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(bench->listener, (struct sockaddr *)&address, size) == 0 &&
          listen(bench->listener, 4) == 0 &&
          getsockname(bench->listener, (struct sockaddr *)&address, &size) == 0);
    bench->port = ntohs(address.sin_port);
}

static bool begin(struct bench *bench, const struct runner_bounds *bounds)
{
    struct error err = ERROR_INIT;
    *bench = (struct bench){.log = {.level = LOG_DEBUG, .fd = -1, .sink = log_sink},
                            .lines = BUFFER_INIT(MIB),
                            .give_up.fire = give_up};
    bench->log.to = &bench->lines;
    if (!CHECK(world_uv_new(&bench->log, &bench->uv, &err) == TEND_OK)) {
        return false;
    }
    struct world *world = world_uv_world(bench->uv);
    world_alarm_set(world, &bench->give_up, world_ticks_ms(world) + 60000);
    listen_somewhere(bench);
    snprintf(bench->path, sizeof bench->path, "/tmp/tend-escaping-%d", (int)getpid());
    open_side(bench, &bench->hostile, PLUGINS "escaping.so", bounds);
    open_side(bench, &bench->healthy, PLUGINS "naughty.so", &(struct runner_bounds){0});
    return bench->hostile.fate == UP && bench->healthy.fate == UP;
}

static void finish(struct bench *bench)
{
    if (bench->uv == NULL) {
        return;
    }
    close_side(bench, &bench->hostile);
    close_side(bench, &bench->healthy);
    world_alarm_clear(world_uv_world(bench->uv), &bench->give_up);
    world_uv_free(bench->uv);
    close(bench->listener);
    unlink(bench->path);
    buffer_done(&bench->lines);
}

/* Run one call to its end; its status, or "". */
static const char *run_call(struct bench *bench, struct side *side, const char *controller,
                            const char *what)
{
    CLEANUP(buffer_done) struct buffer object = BUFFER_INIT(KIB);
    buffer_format(&object, "{\"spec\":{\"do\":\"%s\",\"n\":1,\"path\":\"%s\",\"port\":%d}}", what,
                  bench->path, bench->port);
    doc_unref(side->call.object);
    arena_done(&side->call.arena);
    side->call = (struct reconcile_call){
        .controller = controller, .object = doc_from_bytes(buffer_view(&object)), .now_ms = 1000};
    side->fate = NOT_YET;
    worker_start(side->worker, &side->call);
    wait_while(bench, side, NOT_YET);
    if (side->fate != DONE) {
        return "";
    }
    const struct value *got = value_field(value_field(side->call.result, "status"), "got");
    return got == NULL ? "done" : got->text.ptr;
}

/* --- what each attempt gets --------------------------------------------------------------------- */

enum means { ANY, CALLS, FILES }; /* what refuses it where it is strict */

/* NULL: not looked at. With a sanitizer some are left out: engine/confine.h says why. */
static const struct row {
    const char *what, *strict, *no_network, *off;
    enum means means;
    enum { ALWAYS, UNSANITIZED } where;
} rows[] = {
    {"constructor", "EACCES", "ok", "ok", FILES, ALWAYS},
    {"password", "EACCES", "ok", "ok", FILES, ALWAYS},
    {"environment", "EACCES", "ok", "ok", FILES, UNSANITIZED},
    {"listing", "EACCES", "ok", "ok", FILES, ALWAYS},
    {"writing", "EACCES", "ok", "ok", CALLS, ALWAYS},
    {"removing", "EPERM", "ok", "ok", CALLS, ALWAYS},
    {"mode", "EPERM", "EPERM", "ENOENT", CALLS, ALWAYS},
    {"library", "ok", "ok", "ok", ANY, ALWAYS},
    {"fork", "EPERM", "EPERM", "ok", CALLS, UNSANITIZED},
    {"vfork", "EPERM", "EPERM", "EINVAL", CALLS, UNSANITIZED},
    {"clone3", "ENOSYS", "ENOSYS", "EINVAL", CALLS, ALWAYS},
    {"exec", "EPERM", "EPERM", "ENOENT", CALLS, ALWAYS},
    {"connect", "EACCES", "EACCES", "ok", CALLS, ALWAYS},
    {"unix", "EACCES", "EACCES", "ok", CALLS, ALWAYS},
    {"netlink", "EACCES", "EACCES", "ok", CALLS, ALWAYS},
    {"datagrams", "EACCES", "EACCES", "ok", CALLS, ALWAYS},
    {"stream-pair", "ok", "ok", "ok", ANY, ALWAYS},
    {"kill", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"kill-all", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"tgkill", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"tkill", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"pidfd", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"owner", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"self", "ok", "ok", "ok", ANY, ALWAYS},
    {"ptrace", "EPERM", "EPERM", NULL, CALLS, UNSANITIZED},
    {"memory", "EPERM", "EPERM", NULL, CALLS, UNSANITIZED},
    {"mount", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"namespace", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"user", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"limit", "EPERM", "EPERM", "ok", CALLS, UNSANITIZED},
    {"priority", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"group", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"outliving", "EPERM", "EPERM", "ok", CALLS, UNSANITIZED},
    {"personality", "EPERM", "EPERM", "ok", CALLS, UNSANITIZED},
    {"bpf", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"perf", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"keys", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"uring", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"faults", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"memfd", "EPERM", "EPERM", "ok", CALLS, ALWAYS},
    {"segment", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
    {"page", "EPERM", "EPERM", "EPERM", ANY, ALWAYS},
    {"newest", "ENOSYS", "ENOSYS", "ENOSYS", ANY, ALWAYS},
#if defined(__x86_64__)
    {"x32", "EPERM", "EPERM", NULL, CALLS, ALWAYS},
#endif
    {"thread", "ok", "ok", "ok", ANY, ALWAYS},
};

static const char *expected_of(const struct row *row, enum confinement level)
{
    return level == CONFINEMENT_STRICT       ? row->strict
           : level == CONFINEMENT_NO_NETWORK ? row->no_network
                                             : row->off;
}

/* Why a row says nothing here; NULL: it does. */
static const char *skipped(const struct row *row, enum confinement level)
{
    struct confine_means kernel = confine_means();
    if (expected_of(row, level) == NULL) {
        return "it depends on who asks";
    }
    if (row->where == UNSANITIZED && CONFINE_SANITIZED) {
        return "the sanitizer needs it";
    }
    if (level == CONFINEMENT_OFF) {
        return NULL;
    }
    return row->means == CALLS && !kernel.seccomp        ? "the kernel has no seccomp"
           : row->means == FILES && kernel.landlock == 0 ? "the kernel has no Landlock"
                                                         : NULL;
}

static void tries_all(enum confinement level)
{
    CLEANUP(finish) struct bench bench;
    if (!begin(&bench, &(struct runner_bounds){.confinement = level})) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why_not = skipped(&rows[i], level);
        if (why_not != NULL) {
            printf("    %s: skipped, %s\n", rows[i].what, why_not);
            continue;
        }
        char got[64];
        snprintf(got, sizeof got, "%s: %s", rows[i].what,
                 run_call(&bench, &bench.hostile, "escaping", rows[i].what));
        char expected[64];
        snprintf(expected, sizeof expected, "%s: %s", rows[i].what, expected_of(&rows[i], level));
        CHECK_TEXT(got, expected);
        CHECK_TEXT(run_call(&bench, &bench.healthy, "naughty", ""), "done");
    }
    CHECK_INT(bench.hostile.deaths + bench.healthy.deaths, 0);
    CHECK(strstr(buffer_view(&bench.lines).ptr, "confined") == NULL);
    CHECK(strstr(buffer_view(&bench.lines).ptr, "Sanitizer") == NULL);
}

static void refuses_all_but_threads_and_libraries(void)
{
    tries_all(CONFINEMENT_STRICT);
}

static void leaves_files_where_only_the_network_is_refused(void)
{
    tries_all(CONFINEMENT_NO_NETWORK);
}

static void leaves_everything_where_it_is_off(void)
{
    tries_all(CONFINEMENT_OFF);
}

static void reads_no_library_that_only_the_plugin_names(void)
{
    CLEANUP(finish) struct bench bench;
    struct runner_bounds strict = {0}, off = {.confinement = CONFINEMENT_OFF};
    struct side apart;
    if (confine_means().landlock == 0) {
        printf("    skipped: the kernel has no Landlock\n");
    }
    if (!begin(&bench, &strict)) {
        return;
    }
    start_side(&bench, &apart, PLUGINS "apart.so", &off);
    CHECK_INT(apart.fate, UP);
    close_side(&bench, &apart);
    start_side(&bench, &apart, PLUGINS "apart.so", &strict);
    if (confine_means().landlock > 0) {
        CHECK_INT(apart.fate, LOST);
        CHECK(strstr(apart.reason, "libapart.so: cannot open shared object file") != NULL);
        CHECK(strstr(apart.reason, "not in a RUNPATH") != NULL);
    }
    close_side(&bench, &apart);
}

/* --- what it may have --------------------------------------------------------------------------- */

static void gives_a_runner_the_descriptors_that_it_may_have(void)
{
    for (unsigned i = 0; i < 2; i++) {
        CLEANUP(finish) struct bench bench;
        if (begin(&bench, &(struct runner_bounds){.open_files = i == 0 ? 16 : 0})) {
            CHECK_TEXT(run_call(&bench, &bench.hostile, "escaping", "descriptors"),
                       i == 0 ? "EMFILE" : "ok");
        }
    }
}

static void gives_a_runner_the_memory_that_it_may_have(void)
{
    for (unsigned i = 0; i < 2; i++) {
        CLEANUP(finish) struct bench bench;
        bool limited = i == 0 && !CONFINE_SANITIZED; /* a sanitizer needs all of it */
        if (begin(&bench, &(struct runner_bounds){.memory_bytes = i == 0 ? 64 * MIB : 0})) {
            CHECK_TEXT(run_call(&bench, &bench.hostile, "escaping", "allocation"),
                       limited ? "ENOMEM" : "ok");
        }
    }
}

static void gives_a_call_the_time_that_it_may_have(void)
{
    CLEANUP(finish) struct bench bench;
    if (begin(&bench, &(struct runner_bounds){.run_ms = 50})) {
        CHECK_TEXT(run_call(&bench, &bench.hostile, "escaping", "forever"), "");
        CHECK(strstr(bench.hostile.reason, "a run did not end within its limit of 50 ms") != NULL);
        CHECK_TEXT(run_call(&bench, &bench.healthy, "naughty", ""), "done");
    }
}

/* --- kernels that have less ---------------------------------------------------------------------- */

/* From now on, for this process and its runners, the kernel does not know the call. */
static void take_away(int call)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {COUNT_OF(code), code};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
          prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void expect_of_strict(const char *password, const char *exec)
{
    CLEANUP(finish) struct bench bench;
    if (begin(&bench, &(struct runner_bounds){.confinement = CONFINEMENT_STRICT})) {
        CHECK_TEXT(run_call(&bench, &bench.hostile, "escaping", "password"), password);
        CHECK_TEXT(run_call(&bench, &bench.hostile, "escaping", "exec"), exec);
        CHECK(strstr(buffer_view(&bench.lines).ptr, "confined") == NULL);
    }
}

/* The last one: what is taken away does not come back. */
static void goes_on_with_what_the_kernel_has(void)
{
    if (!confine_means().seccomp) {
        printf("    skipped: the kernel has no seccomp, which takes things away here\n");
        expect_of_strict(confine_means().landlock == 0 ? "ok" : "EACCES", "ENOENT");
        return;
    }
    take_away(SYS_landlock_create_ruleset);
    CHECK_INT(confine_means().landlock, 0);
    expect_of_strict("ok", "EPERM");
    take_away(SYS_seccomp);
    CHECK(!confine_means().seccomp);
    expect_of_strict("ok", "ENOENT");
}

SUITE({"refuses all but threads and libraries", refuses_all_but_threads_and_libraries},
      {"leaves files where only the network is refused",
       leaves_files_where_only_the_network_is_refused},
      {"leaves everything where it is off", leaves_everything_where_it_is_off},
      {"reads no library that only the plugin names", reads_no_library_that_only_the_plugin_names},
      {"gives a runner the descriptors that it may have",
       gives_a_runner_the_descriptors_that_it_may_have},
      {"gives a runner the memory that it may have", gives_a_runner_the_memory_that_it_may_have},
      {"gives a call the time that it may have", gives_a_call_the_time_that_it_may_have},
      {"goes on with what the kernel has", goes_on_with_what_the_kernel_has})
