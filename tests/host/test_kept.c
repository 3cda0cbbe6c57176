/* Programs that outlive the host: each case starts them, lets go as a host does that ends, and takes them up
 * again as the next one. A named pipe tells that a program has begun and that it is gone, another one when it
 * may go on. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "document/json.h"
#include "effect/outside.h"
#include "host/world_uv.h"
#include "support/folder.h"
#include "support/suite.h"

enum { RECORD = 7 };

struct bench {
    struct world_uv *uv;
    struct outside *outside;
    struct effect effect;
    char *result; /* NULL: not yet */
    struct folder folder;
    char kept[300], life[300], gate[300], runs[300];
    struct readiness watched; /* the reading end of `life` */
};

static struct bench bench; /* callbacks find their owner here; each case starts it anew */

/* --- a host --------------------------------------------------------------------------------------- */

static void on_life(struct readiness *watched, unsigned events)
{
    char byte;
    (void)events;
    if (read(watched->fd, &byte, 1) == 0) { /* nobody holds the other end any more */
        world_unwatch_fd(world_uv_world(bench.uv), watched);
    }
    world_uv_stop(bench.uv);
}

static void up(void)
{
    struct error err = ERROR_INIT;
    if (!CHECK(world_uv_new(NULL, &bench.uv, &err) == TEND_OK)) {
        abort();
    }
    bench.outside = outside_new(world_uv_world(bench.uv), bench.kept, TEND_BUILD "/tend-keeper");
}

static void down(void)
{
    world_uv_drain(bench.uv);
    outside_free(bench.outside);
    world_uv_free(bench.uv);
}

static void restart(void)
{
    down();
    up();
}

static void start(void)
{
    memset(&bench, 0, sizeof bench);
    folder_init(&bench.folder, FOLDER_MEMORY);
    snprintf(bench.kept, sizeof bench.kept, "%s/effects", bench.folder.path);
    snprintf(bench.life, sizeof bench.life, "%s/life", bench.folder.path);
    snprintf(bench.gate, sizeof bench.gate, "%s/gate", bench.folder.path);
    snprintf(bench.runs, sizeof bench.runs, "%s/runs", bench.folder.path);
    CHECK(mkdir(bench.kept, 0700) == 0);
    CHECK(mkfifo(bench.gate, 0600) == 0 && mkfifo(bench.life, 0600) == 0);
    bench.watched.fd = open(bench.life, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bench.watched.ready = on_life;
    up();
}

static void finish(void)
{
    down();
    close(bench.watched.fd);
    free(bench.result);
    folder_done(&bench.folder);
}

static void done(struct effect *effect, struct text result)
{
    CHECK(effect == &bench.effect && bench.result == NULL);
    bench.result = alloc_text(result.ptr, result.len);
    world_uv_stop(bench.uv);
}

static void ask(const char *json)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = ERROR_INIT;
    const struct value *question = NULL;
    CHECK(json_parse(&arena, text_of(json), &question, &err) == TEND_OK);
    CHECK(effect_check(question, &err) == TEND_OK);
    bench.effect = (struct effect){.done = done, .record = RECORD};
    effect_start(outside_executor(bench.outside), &bench.effect, question);
}

/* A program that counts its runs, waits at the gate, and says what it hears there. */
static void ask_waiting(const char *rest)
{
    char json[2000];
    snprintf(json, sizeof json,
             "{\"exec\":{\"argv\":[\"sh\",\"-c\",\"exec 3> %s; echo run >> %s; echo . >&3; "
             "read x < %s; echo $x\"]%s}}",
             bench.life, bench.runs, bench.gate, rest);
    ask(json);
}

static void look_at_life(void)
{
    struct error err = ERROR_INIT;
    CHECK(world_watch_fd(world_uv_world(bench.uv), &bench.watched, READY_READ, &err) == TEND_OK);
    world_uv_run(bench.uv);
    world_unwatch_fd(world_uv_world(bench.uv), &bench.watched);
}

static void run_until_it_waits(void)
{
    look_at_life();
    CHECK(bench.result == NULL);
}

/* Its last line break may be unread. */
static void run_until_it_is_gone(void)
{
    char byte;
    do {
        look_at_life();
    } while (read(bench.watched.fd, &byte, 1) != 0);
}

static void open_gate(void)
{
    int gate = open(bench.gate, O_WRONLY | O_CLOEXEC);
    CHECK(write(gate, "hello\n", 6) == 6);
    close(gate);
}

static size_t folders(void)
{
    DIR *folder = opendir(bench.kept);
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(folder);
    return count;
}

static size_t runs(void)
{
    struct stat file;
    return stat(bench.runs, &file) == 0 ? (size_t)file.st_size / strlen("run\n") : 0;
}

/* Who holds the lock of the record's folder. */
static pid_t keeper(void)
{
    char path[400];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(path, sizeof path, "%s/%d/lock", bench.kept, RECORD);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
    close(fd);
    return lock.l_pid;
}

/* --- cases ---------------------------------------------------------------------------------------- */

static void a_program_is_run_and_its_result_kept(void)
{
    start();
    ask("{\"exec\":{\"argv\":[\"sh\",\"-c\",\"cat; pwd; echo $A >&2; exit 3\"],\"stdin\":\"in \","
        "\"env\":{\"A\":\"b\"},\"directory\":\"/usr\"}}");
    world_uv_run(bench.uv);
    CHECK_TEXT(bench.result, "{\"code\":3,\"err\":\"b\\n\",\"ok\":false,\"out\":\"in /usr\\n\"}");
    CHECK_INT(folders(), 1);
    effect_forget(&bench.effect);
    CHECK_INT(folders(), 0);
    finish();
}

static void it_goes_on_without_the_host(void)
{
    start();
    ask_waiting("");
    run_until_it_waits();
    effect_leave(&bench.effect);
    restart();
    ask_waiting("");
    open_gate();
    world_uv_run(bench.uv);
    CHECK_TEXT(bench.result, "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"hello\\n\"}");
    CHECK_INT(runs(), 1);
    finish();
}

static void it_ends_without_the_host(void)
{
    start();
    ask_waiting("");
    run_until_it_waits();
    effect_leave(&bench.effect);
    down();
    open_gate();
    up();
    run_until_it_is_gone();
    ask_waiting("");
    world_uv_run(bench.uv);
    CHECK_TEXT(bench.result, "{\"code\":0,\"err\":\"\",\"ok\":true,\"out\":\"hello\\n\"}");
    CHECK_INT(runs(), 1);
    finish();
}

/* As of a host that ended before the result was durable. */
static void a_result_is_given_until_it_is_forgotten(void)
{
    start();
    for (int i = 0; i < 2; i++) {
        free(bench.result);
        bench.result = NULL;
        ask_waiting("");
        if (i == 0) {
            run_until_it_waits();
            open_gate();
        }
        world_uv_run(bench.uv);
        CHECK(bench.result != NULL);
        restart();
    }
    CHECK_INT(runs(), 1);
    finish();
}

static void a_cancelled_one_is_gone(void)
{
    start();
    ask_waiting("");
    run_until_it_waits();
    effect_cancel(&bench.effect);
    run_until_it_is_gone();
    CHECK_INT(folders(), 0);
    CHECK(bench.result == NULL);
    finish();
}

static void one_that_is_cancelled_at_once_leaves_nothing(void)
{
    start();
    ask_waiting("");
    effect_cancel(&bench.effect);
    CHECK_INT(folders(), 0);
    CHECK_INT(runs(), 0);
    finish();
}

/* Its keeper was killed, and it with the keeper: how far it came is not known. */
static void a_lost_one_is_not_run_again(void)
{
    start();
    ask_waiting("");
    run_until_it_waits();
    kill(keeper(), SIGKILL);
    while (bench.result == NULL) {
        world_uv_run(bench.uv);
    }
    CHECK(strstr(bench.result, "\"ok\":false") != NULL);
    CHECK(strstr(bench.result, "nobody knows how far the program came") != NULL);
    run_until_it_is_gone();
    CHECK_INT(runs(), 1);
    finish();
}

static void it_is_ended_at_its_time(void)
{
    start();
    ask_waiting(",\"timeoutMs\":300");
    run_until_it_waits();
    world_uv_run(bench.uv);
    CHECK_TEXT(bench.result, "{\"err\":\"\",\"ok\":false,\"out\":\"\",\"timedOut\":true}");
    finish();
}

static void what_cannot_start_says_why(void)
{
    static const char *const questions[][2] = {
        {"{\"exec\":{\"argv\":[\"no-such-program\"]}}", "there is no program"},
        {"{\"exec\":{\"argv\":[\"/etc/passwd\"]}}",
         "cannot start /etc/passwd: exec: Permission denied"},
        {"{\"exec\":{\"argv\":[\"true\"],\"directory\":\"/no/such\"}}",
         "/no/such: No such file or directory"},
    };
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        start();
        ask(questions[i][0]);
        world_uv_run(bench.uv);
        CHECK(strstr(bench.result, "\"ok\":false") != NULL);
        CHECK(strstr(bench.result, questions[i][1]) != NULL);
        finish();
    }
}

/* A device that is always full stands for the disk, until the keeper tries again. */
static void a_full_disk_is_waited_for(void)
{
    char path[400];
    start();
    snprintf(path, sizeof path, "%s/%d", bench.kept, RECORD);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/%d/result.new", bench.kept, RECORD);
    CHECK(symlink("/dev/full", path) == 0);
    ask("{\"exec\":{\"argv\":[\"sh\",\"-c\",\"head -c 30000 /dev/zero\"]}}");
    world_uv_run(bench.uv);
    CHECK(strstr(bench.result, "{\"code\":0,\"err\":\"\",\"ok\":true,") == bench.result);
    finish();
}

/* What stands in its place is nothing that a keeper wrote, and nobody is waited for. */
static void a_pipe_is_no_result(void)
{
    char path[400];
    start();
    snprintf(path, sizeof path, "%s/%d", bench.kept, RECORD);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/%d/result", bench.kept, RECORD);
    CHECK(mkfifo(path, 0600) == 0);
    ask("{\"exec\":{\"argv\":[\"true\"]}}");
    world_uv_run(bench.uv);
    CHECK(strstr(bench.result, "cannot be read") != NULL);
    finish();
}

/* Nothing outside of the folder is written to. */
static void its_input_is_no_link(void)
{
    char path[400];
    struct stat file;
    start();
    snprintf(path, sizeof path, "%s/%d", bench.kept, RECORD);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/%d/input", bench.kept, RECORD);
    CHECK(symlink(bench.runs, path) == 0);
    ask("{\"exec\":{\"argv\":[\"true\"],\"stdin\":\"a\"}}");
    world_uv_run(bench.uv);
    CHECK(strstr(bench.result, "its input cannot be kept") != NULL);
    CHECK(stat(bench.runs, &file) != 0);
    finish();
}

/* A host that was killed left two programs, and the record of one is gone. */
static void what_nobody_wants_is_swept(void)
{
    int64_t others[] = {RECORD + 1, RECORD - 1},
            with[] = {RECORD + 3, RECORD + 2, RECORD}; /* in any order */
    start();
    ask_waiting("");
    run_until_it_waits();
    effect_leave(&bench.effect);
    restart();
    executor_sweep(outside_executor(bench.outside), with, COUNT_OF(with));
    CHECK_INT(folders(), 1);
    executor_sweep(outside_executor(bench.outside), others, COUNT_OF(others));
    CHECK_INT(folders(), 0);
    run_until_it_is_gone();
    finish();
}

SUITE({"a program is run, and its result kept until it is forgotten",
       a_program_is_run_and_its_result_kept},
      {"it goes on without the host", it_goes_on_without_the_host},
      {"it ends without the host", it_ends_without_the_host},
      {"a result is given until it is forgotten", a_result_is_given_until_it_is_forgotten},
      {"a cancelled one is gone", a_cancelled_one_is_gone},
      {"one that is cancelled at once leaves nothing",
       one_that_is_cancelled_at_once_leaves_nothing},
      {"a lost one is not run again", a_lost_one_is_not_run_again},
      {"it is ended at its time", it_is_ended_at_its_time},
      {"what cannot start says why", what_cannot_start_says_why},
      {"a full disk is waited for", a_full_disk_is_waited_for},
      {"a pipe is no result", a_pipe_is_no_result}, {"its input is no link", its_input_is_no_link},
      {"what nobody wants is swept", what_nobody_wants_is_swept})
