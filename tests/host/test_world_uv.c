/* The real world keeps the promises of base/world.h. Order and causes are checked, never durations. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/world_uv.h"
#include "support/suite.h"

struct bench {
    struct world_uv *uv;
    struct world *world;
    struct alarm alarms[3];
    struct task tasks[3];
    struct job jobs[3];
    struct readiness readiness;
    struct child child;
    struct thread thread;
    int pipe[2];
    char trace[64];
    int status;
};

static struct bench bench; /* callbacks find their owner here; each case starts it anew */

static void mark(char letter)
{
    size_t len = strlen(bench.trace);
    bench.trace[len] = letter;
    bench.trace[len + 1] = '\0';
}

static bool start(void)
{
    memset(&bench, 0, sizeof bench);
    struct error err;
    if (!CHECK(world_uv_new(NULL, &bench.uv, &err) == TEND_OK)) {
        return false;
    }
    bench.world = world_uv_world(bench.uv);
    return true;
}

static void stop_when(const char *expected)
{
    if (strlen(bench.trace) >= strlen(expected)) {
        world_uv_stop(bench.uv);
    }
}

static void finish(const char *expected)
{
    CHECK_TEXT(bench.trace, expected);
    world_uv_free(bench.uv);
}

static void fire(struct alarm *alarm)
{
    mark((char)('a' + (alarm - bench.alarms)));
    stop_when("ab");
}

static void fires_alarms_in_order(void)
{
    if (!start()) {
        return;
    }
    int64_t now = world_ticks_ms(bench.world);
    for (int i = 0; i < 3; i++) {
        bench.alarms[i].fire = fire;
    }
    world_alarm_set(bench.world, &bench.alarms[1], now + 20);
    world_alarm_set(bench.world, &bench.alarms[2], now + 5);
    world_alarm_set(bench.world, &bench.alarms[0], now + 10);
    world_alarm_clear(bench.world, &bench.alarms[2]);
    world_uv_run(bench.uv);
    CHECK(world_ticks_ms(bench.world) >= now + 20);
    finish("ab");
}

static void again(struct task *task)
{
    (void)task;
    mark('C');
    world_uv_stop(bench.uv);
}

static void first(struct task *task)
{
    (void)task;
    mark('A');
    world_soon(bench.world, &bench.tasks[2]);
}

static void second(struct task *task)
{
    (void)task;
    mark('B');
}

static void runs_tasks_in_a_later_step(void)
{
    if (!start()) {
        return;
    }
    bench.tasks[0].run = first;
    bench.tasks[1].run = second;
    bench.tasks[2].run = again;
    world_soon(bench.world, &bench.tasks[0]);
    world_soon(bench.world, &bench.tasks[1]);
    world_soon(bench.world, &bench.tasks[0]);
    CHECK_TEXT(bench.trace, "");
    world_uv_run(bench.uv);
    finish("ABC");
}

static void work(struct job *job)
{
    (void)job;
}

static void done(struct job *job)
{
    mark((char)('0' + (job - bench.jobs)));
    stop_when("012");
}

static void keeps_the_order_of_a_lane(void)
{
    if (!start()) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        bench.jobs[i] = (struct job){.lane = LANE_WRITE, .work = work, .done = done};
        world_offload(bench.world, &bench.jobs[i]);
    }
    world_uv_run(bench.uv);
    finish("012");
}

static void ready(struct readiness *readiness, unsigned events)
{
    char byte = '?';
    CHECK((events & READY_READ) != 0);
    CHECK(read(readiness->fd, &byte, 1) == 1);
    mark(byte);
    world_unwatch_fd(bench.world, readiness);
    world_uv_stop(bench.uv);
}

static void tells_when_a_descriptor_is_ready(void)
{
    if (!start()) {
        return;
    }
    int ends[2];
    struct error err;
    CHECK(pipe2(ends, 02000000) == 0);
    bench.readiness = (struct readiness){.fd = ends[0], .ready = ready};
    CHECK(world_watch_fd(bench.world, &bench.readiness, READY_READ, &err) == TEND_OK);
    CHECK(write(ends[1], "x", 1) == 1);
    world_uv_run(bench.uv);
    close(ends[0]);
    close(ends[1]);
    finish("x");
}

static void ended(struct child *child, int status)
{
    (void)child;
    mark('e');
    bench.status = status;
    world_uv_stop(bench.uv);
}

static void spawn_shell(const char *script, int out)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    static const char *const environment[] = {"GREETING=hello", NULL};
    struct child_spec spec = {.path = "/bin/sh",
                              .argv = argv,
                              .environment = environment,
                              .directory = "/usr",
                              .fds = {-1, out, -1, out},
                              .fd_count = 4,
                              .limits = {.open_files = 20}};
    struct error err = ERROR_INIT;
    bench.child.ended = ended;
    if (!CHECK(world_spawn(bench.world, &bench.child, &spec, &err) == TEND_OK)) {
        world_uv_stop(bench.uv);
    }
}

static void starts_a_child_with_its_descriptors_and_limits(void)
{
    if (!start()) {
        return;
    }
    int ends[2];
    CHECK(pipe2(ends, 02000000) == 0);
    spawn_shell("echo $(ulimit -n) $GREETING $PWD $USER >&3; exit 7", ends[1]);
    close(ends[1]);
    world_uv_run(bench.uv);
    char text[40] = {0};
    CHECK(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    CHECK_TEXT(text, "20 hello /usr\n");
    CHECK(WIFEXITED(bench.status) && WEXITSTATUS(bench.status) == 7);
    finish("e");
}

/* A shell, or a service manager, may have left a descriptor open in the host that it does not know of. */
static void hands_on_no_other_descriptor(void)
{
    if (!start()) {
        return;
    }
    int ends[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int stray = fcntl(null, F_DUPFD, 77); /* without O_CLOEXEC */
    char script[80], text[8] = {0};
    CHECK(pipe2(ends, 02000000) == 0);
    snprintf(script, sizeof script, "[ -e /proc/self/fd/%d ] && echo there >&3 || echo gone >&3",
             stray);
    spawn_shell(script, ends[1]);
    close(ends[1]);
    world_uv_run(bench.uv);
    CHECK(read(ends[0], text, sizeof text - 1) > 0);
    CHECK_TEXT(text, "gone\n");
    close(ends[0]);
    close(stray);
    close(null);
    finish("e");
}

static void kills_a_child(void)
{
    if (!start()) {
        return;
    }
    spawn_shell("while :; do read x; done", -1);
    world_kill(bench.world, &bench.child, SIGKILL);
    world_uv_run(bench.uv);
    CHECK(WIFSIGNALED(bench.status) && WTERMSIG(bench.status) == SIGKILL);
    finish("e");
}

/* The pipe ends when the last process that has it is gone. */
static void leaves_nothing_of_a_child(void)
{
    if (!start()) {
        return;
    }
    int ends[2];
    char text[8];
    CHECK(pipe2(ends, 02000000) == 0);
    spawn_shell("(while :; do read x; done) & echo a; exit 0", ends[1]);
    close(ends[1]);
    world_uv_run(bench.uv);
    CHECK(WIFEXITED(bench.status));
    CHECK_INT(read(ends[0], text, sizeof text), 2);
    CHECK_INT(read(ends[0], text, sizeof text), 0);
    close(ends[0]);
    finish("e");
}

static void says_why_a_child_cannot_start(void)
{
    if (!start()) {
        return;
    }
    const char *argv[] = {"none", NULL};
    struct child_spec spec = {
        .path = "/no/such/program", .argv = argv, .fds = {-1, -1, -1}, .fd_count = 3};
    struct error err = ERROR_INIT;
    bench.child.ended = ended;
    CHECK(world_spawn(bench.world, &bench.child, &spec, &err) == TEND_IO);
    CHECK_TEXT(err.message, "cannot start /no/such/program: exec: No such file or directory");
    argv[0] = "true";
    spec.path = "/bin/true";
    spec.directory = "/no/such";
    CHECK(world_spawn(bench.world, &bench.child, &spec, &err) == TEND_IO);
    CHECK_TEXT(err.message, "cannot start /bin/true: /no/such: No such file or directory");
    finish("");
}

static void work_until_told(struct thread *thread)
{
    char byte;
    (void)thread;
    CHECK_INT(read(bench.pipe[0], &byte, 1), 1);
}

static void leave(struct thread *thread)
{
    (void)thread;
    pthread_exit(NULL);
}

static void thread_ended(struct thread *thread)
{
    CHECK(thread == &bench.thread);
    mark('t');
    world_uv_stop(bench.uv);
}

static void tells_when_a_thread_has_ended(void)
{
    void (*const works[])(struct thread *) = {work_until_told, leave};
    for (size_t i = 0; i < COUNT_OF(works); i++) {
        struct error err = ERROR_INIT;
        if (!start() || !CHECK(pipe(bench.pipe) == 0)) {
            return;
        }
        bench.thread = (struct thread){.work = works[i], .ended = thread_ended};
        CHECK(world_start_thread(bench.world, &bench.thread, &err) == TEND_OK);
        CHECK_INT(world_uv_threads(bench.uv), 1);
        CHECK_INT(write(bench.pipe[1], "x", 1), 1);
        world_uv_run(bench.uv);
        CHECK_INT(world_uv_threads(bench.uv), 0);
        close(bench.pipe[0]);
        close(bench.pipe[1]);
        finish("t");
    }
}

struct lonely {
    struct thread thread;
    int told[2], done[2];
};

static void work_alone(struct thread *thread)
{
    struct lonely *lonely = CONTAINER_OF(thread, struct lonely, thread);
    char byte = '?';
    bool told = read(lonely->told[0], &byte, 1) == 1 && write(lonely->done[1], &byte, 1) == 1;
    (void)told;
}

/* Nobody is called then; what the world held for it is freed when it ends: the sanitizer looks. */
static void ends_before_a_thread_does(void)
{
    struct lonely lonely = {.thread = {.work = work_alone, .ended = thread_ended}};
    struct error err = ERROR_INIT;
    char byte = 'x';
    if (!start() || !CHECK(pipe(lonely.told) == 0 && pipe(lonely.done) == 0)) {
        return;
    }
    CHECK(world_start_thread(bench.world, &lonely.thread, &err) == TEND_OK);
    finish("");
    CHECK_INT(write(lonely.told[1], &byte, 1), 1);
    CHECK_INT(read(lonely.done[0], &byte, 1), 1);
    CHECK_INT(byte, 'x');
    for (int i = 0; i < 2; i++) {
        close(lonely.told[i]);
        close(lonely.done[i]);
    }
}

static void raised(struct signal_watch *watch)
{
    mark('s');
    world_uv_forget_signal(watch);
    world_uv_stop(bench.uv);
}

static void tells_of_a_signal(void)
{
    if (!start()) {
        return;
    }
    struct signal_watch watch = {.number = SIGUSR1, .raised = raised};
    struct error err;
    CHECK(world_uv_watch_signal(bench.uv, &watch, &err) == TEND_OK);
    kill(getpid(), SIGUSR1);
    world_uv_run(bench.uv);
    finish("s");
}

SUITE({"fires alarms in the order of their moments, cleared ones never", fires_alarms_in_order},
      {"runs tasks in a later step, each once", runs_tasks_in_a_later_step},
      {"keeps the order of a lane's jobs", keeps_the_order_of_a_lane},
      {"tells when a descriptor is ready", tells_when_a_descriptor_is_ready},
      {"starts a child with its descriptors and limits",
       starts_a_child_with_its_descriptors_and_limits},
      {"hands on no other descriptor", hands_on_no_other_descriptor},
      {"kills a child", kills_a_child}, {"leaves nothing of a child", leaves_nothing_of_a_child},
      {"says why a child cannot start", says_why_a_child_cannot_start},
      {"tells when a thread has ended", tells_when_a_thread_has_ended},
      {"ends before a thread does", ends_before_a_thread_does},
      {"tells of a signal", tells_of_a_signal})
