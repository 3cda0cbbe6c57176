/* A random walk through everything that a plugin can do wrong (plugins/misdeeds.h), under the real `tend run`.
 *
 *     [TEND_SEED=N] [TEND_MISDEEDS=N] hostile.test_misbehaviour
 *
 * Each of the lanes has a plugin with a kind of its own. Again and again it makes an object that misbehaves and
 * a good one beside it, waits for what becomes of both, and then sees another good one served. What is done, and with which chance, comes from the
 * seed, which is printed; which lane does it, from the moment. Beside them an object of another plugin changes
 * after every step, and counts its runs. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/client.h"
#include "document/json.h"
#include "hostile/plugins/misdeeds.h"
#include "support/folder.h"
#include "support/suite.h"

#if defined(__SANITIZE_THREAD__)
#    define RUN_TIME "1s"
#    define COUNT    50
#elif defined(__SANITIZE_ADDRESS__)
#    define RUN_TIME "1s"
#    define COUNT    150
#else
#    define RUN_TIME "200ms"
#    define COUNT    1000
#endif

enum { LANES = 16, WATCHED = LANES + 1, PATIENCE_S = 60, LOOK_MS = 20, SAMPLES = 100 };
enum {
    LEAST_KIB = 64 << 10
};                         /* what a host may have more at the end: what it remembers has bounds */
enum { FIRST_NEEDED = 8 }; /* descriptors that a host opens when it needs them first */
enum fate { LIVES, DIES, HANGS, EITHER };

static const struct misdeed {
    const char *name;
    enum fate fate;
    unsigned share;
} misdeeds[] = {
#define ROW(name, function, fate, share) {name, fate, share},
    MISDEEDS(ROW)
#undef ROW
};

struct host {
    struct folder folder;
    char socket[300];
    pid_t pid;
    int output;
};

/* Who makes objects of one kind, and watches them. */
struct side {
    struct walk *walk;
    char path[80]; /* of the kind */
    char kind[32];
    struct client writer, watch;
    struct reply events;
    int alarm; /* readable when what is waited for does not come */
};

struct walk {
    struct host host;
    uint64_t seed;
    unsigned count;
    pthread_mutex_t lock;
    pthread_cond_t progress;
    unsigned next, finished; /* misdeeds that began, that are over */
    unsigned working;        /* lanes that have not ended */
    char problem[1024];      /* the first one */
    struct side sides[WATCHED];
};

/* --- problems ------------------------------------------------------------------------------------ */

static void problem(struct walk *walk, const char *format, ...) PRINTF_LIKE(2, 3);
static void problem(struct walk *walk, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&walk->lock);
    if (walk->problem[0] == '\0') {
        vsnprintf(walk->problem, sizeof walk->problem, format, args);
    }
    pthread_mutex_unlock(&walk->lock);
    va_end(args);
}

static bool is_fine(struct walk *walk)
{
    pthread_mutex_lock(&walk->lock);
    bool fine = walk->problem[0] == '\0';
    pthread_mutex_unlock(&walk->lock);
    return fine;
}

/* --- the host ------------------------------------------------------------------------------------ */

static bool wait_until_ready(struct host *host)
{
    char output[4096];
    size_t used = 0;
    while (used < sizeof output - 1) {
        ssize_t got = read(host->output, output + used, sizeof output - 1 - used);
        if (got <= 0) {
            return false;
        }
        used += (size_t)got;
        output[used] = '\0';
        if (strstr(output, "ready") != NULL) {
            return strstr(output, "(controllers: 17 live, 0 refused)") != NULL;
        }
    }
    return false;
}

static bool host_start(struct host *host, const char *confinement)
{
    int ends[2];
    char data[300], log[300];
    folder_init(&host->folder, FOLDER_MEMORY);
    snprintf(data, sizeof data, "%s/data", host->folder.path);
    snprintf(log, sizeof log, "%s/log", host->folder.path);
    snprintf(host->socket, sizeof host->socket, "%s/socket", host->folder.path);
    const char *arguments[] = {TEND_BUILD "/tend",
                               "run",
                               "--data",
                               data,
                               "--socket",
                               host->socket,
                               "--plugins",
                               TEND_BUILD "/tests/misbehaving",
                               "--run-time",
                               RUN_TIME,
                               "--runner-memory",
                               "256Mi",
                               "--confine",
                               confinement,
                               NULL};
    union {
        const char **given;
        char **wanted;
    } argv = {arguments};
    posix_spawn_file_actions_t actions;
    if (!CHECK(pipe2(ends, O_CLOEXEC) == 0)) {
        return false;
    }
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1); /* or memory only grows */
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    bool spawned =
        posix_spawn(&host->pid, argv.given[0], &actions, NULL, argv.wanted, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    host->output = ends[0];
    return CHECK(spawned) && CHECK(wait_until_ready(host));
}

/* What the last words in its log were, where something went wrong. */
static void show_log(const struct host *host)
{
    char command[400];
    snprintf(command, sizeof command, "tail -n 40 %s/log", host->folder.path);
    int ignored = system(command);
    (void)ignored;
}

static long resident_kib(const struct host *host)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)host->pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

static int descriptors_of(const struct host *host)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)host->pid);
    DIR *folder = opendir(path);
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

/* How many children it has; those that ended and were not waited for count as a thousand. */
static int children_of(const struct host *host)
{
    char path[80], text[1024] = "", stat[256];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)host->pid, (int)host->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof text, file) == NULL) {
        text[0] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    for (char *rest = text, *number; (number = strtok_r(rest, " \n", &rest)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%s/stat", number);
        file = fopen(path, "re");
        bool known = file != NULL && fgets(stat, sizeof stat, file) != NULL;
        count += known && strstr(stat, ") Z ") != NULL ? 1000 : 1;
        if (file != NULL) {
            fclose(file);
        }
    }
    return count;
}

/* --- objects ------------------------------------------------------------------------------------- */

static bool call(struct side *side, const char *method, const char *name, const char *body,
                 int status)
{
    char target[160];
    CLEANUP(reply_done) struct reply reply;
    struct error err = ERROR_INIT;
    bool posts = strcmp(method, "POST") == 0;
    snprintf(target, sizeof target, "%s%s%s", side->path, posts ? "" : "/", posts ? "" : name);
    struct client_request request = {.method = method,
                                     .target = text_of(target),
                                     .content_type = posts ? "application/json"
                                                           : "application/merge-patch+json",
                                     .body = text_of(body)};
    reply_init(&reply);
    if (body[0] == '\0') {
        request.content_type = NULL;
    }
    if (client_call(&side->writer, &request, &reply, &err) != TEND_OK || reply.status != status) {
        problem(side->walk, "%s %s %s: %d %s %.300s", method, side->path, name, reply.status,
                err.message, reply.body.data == NULL ? "" : reply.body.data);
        return false;
    }
    return true;
}

static bool create(struct side *side, const char *name, const char *spec)
{
    char body[400];
    snprintf(body, sizeof body,
             "{\"apiVersion\":\"example.com/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"},"
             "\"spec\":%s}",
             side->kind, name, spec);
    return call(side, "POST", name, body, 201);
}

static bool side_open(struct side *side)
{
    struct error err = ERROR_INIT;
    char target[120];
    snprintf(target, sizeof target, "%s?watch=1", side->path);
    client_init(&side->writer, side->walk->host.socket);
    client_init(&side->watch, side->walk->host.socket);
    reply_init(&side->events);
    side->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    side->watch.interrupt_fd = side->alarm;
    struct client_request request = {.method = "GET", .target = text_of(target)};
    if (client_open_stream(&side->watch, &request, &side->events, &err) != TEND_OK) {
        problem(side->walk, "%s: %s", target, err.message);
        return false;
    }
    return true;
}

static void side_close(struct side *side)
{
    reply_done(&side->events);
    client_done(&side->watch);
    client_done(&side->writer);
    close(side->alarm);
}

static void be_patient(struct side *side)
{
    struct itimerspec once = {.it_value.tv_sec = PATIENCE_S};
    timerfd_settime(side->alarm, 0, &once, NULL);
}

/* The next change of an object of this kind; NULL, and a problem, where none comes. */
static const struct value *next_event(struct side *side, struct arena *arena, const char *wanted)
{
    struct text line;
    struct error err = ERROR_INIT;
    const struct value *event = NULL;
    if (client_next_line(&side->watch, &side->events, &line, &err) != TEND_OK || line.len == 0 ||
        json_parse(arena, line, &event, &err) != TEND_OK) {
        problem(side->walk, "waiting for %s of %s: %s", wanted, side->kind,
                side->watch.was_interrupted ? "nothing comes" : err.message);
    }
    return event == NULL ? NULL : value_field(event, "object");
}

static bool is_called(const struct value *object, const char *name)
{
    const struct value *meta = value_field(object, "metadata");
    return text_is(value_text_or(value_field(meta, "name"), TEXT("")), name);
}

static bool has_condition(const struct value *object, const char *type)
{
    const struct value *list = value_field(value_field(object, "status"), "conditions");
    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *one = value_at(list, i);
        if (text_is(value_text_or(value_field(one, "type"), TEXT("")), type) &&
            text_is(value_text_or(value_field(one, "status"), TEXT("")), "True")) {
            return true;
        }
    }
    return false;
}

/* --- one misdeed --------------------------------------------------------------------------------- */

struct step {
    const struct misdeed *misdeed;
    unsigned index;
    char bad[32], good[32], after[32];
    bool lived, set_aside, served, served_after;
};

static void look(struct step *step, const struct value *object)
{
    int64_t n = value_int_or(value_field(value_field(object, "status"), "n"), -1);
    if (is_called(object, step->bad)) {
        step->lived = step->lived || n == step->index;
        step->set_aside = step->set_aside || has_condition(object, "Quarantined");
    } else if (is_called(object, step->good)) {
        step->served = step->served || n == step->index;
    } else if (is_called(object, step->after)) {
        step->served_after = step->served_after || n == step->index;
    }
}

static bool is_over(const struct step *step)
{
    return step->served && (step->misdeed->fate == EITHER || step->lived || step->set_aside);
}

static bool is_as_expected(const struct step *step)
{
    switch (step->misdeed->fate) {
    case LIVES:
        return step->lived && !step->set_aside;
    case DIES:
    case HANGS:
        return step->set_aside && !step->lived;
    case EITHER:
        return true;
    }
    return false;
}

/* Read what happens until `*flag` or the step is over. */
static bool watch_until(struct side *side, struct step *step, const bool *flag)
{
    char wanted[120];
    snprintf(wanted, sizeof wanted, "misdeed %u (%s)", step->index, step->misdeed->name);
    be_patient(side);
    while (!(flag != NULL ? *flag : is_over(step))) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *object = next_event(side, &arena, wanted);
        if (object == NULL) {
            return false;
        }
        look(step, object);
    }
    if (!is_as_expected(step)) {
        problem(side->walk, "%s of %s: %s", wanted, side->kind,
                step->set_aside ? "it was set aside" : "it was not set aside");
    }
    return is_as_expected(step);
}

static uint64_t mix(uint64_t number)
{
    number += 0x9e3779b97f4a7c15u;
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

static const struct misdeed *choose(uint64_t chance)
{
    const char *only = getenv("TEND_MISDEED");
    unsigned all = 0;
    for (size_t i = 0; i < COUNT_OF(misdeeds); i++) {
        all += misdeeds[i].share;
        if (only != NULL && strcmp(only, misdeeds[i].name) == 0) {
            return &misdeeds[i];
        }
    }
    unsigned left = (unsigned)(chance % all);
    size_t i = 0;
    while (left >= misdeeds[i].share) {
        left -= misdeeds[i++].share;
    }
    return &misdeeds[i];
}

/* A good one and a bad one, in either order. */
static bool begin_step(struct side *side, const struct step *step, uint64_t chance)
{
    char bad[160], good[32];
    bool bad_first = chance % 2 == 0;
    snprintf(bad, sizeof bad, "{\"do\":\"%s\",\"seed\":%llu,\"n\":%u}", step->misdeed->name,
             (unsigned long long)(chance >> 2), step->index);
    snprintf(good, sizeof good, "{\"n\":%u}", step->index);
    return create(side, bad_first ? step->bad : step->good, bad_first ? bad : good) &&
           create(side, bad_first ? step->good : step->bad, bad_first ? good : bad);
}

/* Whatever has happened, the next one is served. */
static bool end_step(struct side *side, struct step *step)
{
    char spec[32];
    snprintf(spec, sizeof spec, "{\"n\":%u}", step->index);
    return create(side, step->after, spec) && watch_until(side, step, &step->served_after) &&
           call(side, "DELETE", step->bad, "", 200) && call(side, "DELETE", step->good, "", 200) &&
           call(side, "DELETE", step->after, "", 200);
}

static bool do_step(struct side *side, unsigned index)
{
    uint64_t chance = mix(side->walk->seed + index);
    struct step step = {.misdeed = choose(chance), .index = index};
    snprintf(step.bad, sizeof step.bad, "bad-%u", index);
    snprintf(step.good, sizeof step.good, "good-%u", index);
    snprintf(step.after, sizeof step.after, "after-%u", index);
    return begin_step(side, &step, mix(chance)) && watch_until(side, &step, NULL) &&
           end_step(side, &step);
}

/* --- lanes --------------------------------------------------------------------------------------- */

static bool take(struct walk *walk, unsigned *ret_index)
{
    pthread_mutex_lock(&walk->lock);
    bool took = walk->next < walk->count && walk->problem[0] == '\0';
    *ret_index = walk->next;
    walk->next += took ? 1 : 0;
    pthread_mutex_unlock(&walk->lock);
    return took;
}

static void tell(struct walk *walk, unsigned *count, int by)
{
    pthread_mutex_lock(&walk->lock);
    *count += (unsigned)by;
    pthread_cond_signal(&walk->progress);
    pthread_mutex_unlock(&walk->lock);
}

static void *run_lane(void *data)
{
    struct side *side = data;
    struct walk *walk = side->walk;
    unsigned index;
    bool fine = side_open(side);
    while (fine && take(walk, &index)) {
        fine = do_step(side, index);
        tell(walk, &walk->finished, 1);
    }
    side_close(side);
    tell(walk, &walk->working, -1);
    return NULL;
}

/* More misdeeds than `seen` are over, or all there will be. */
static bool wait_for_progress(struct walk *walk, unsigned *seen)
{
    pthread_mutex_lock(&walk->lock);
    while (walk->finished == *seen && walk->working > 0) {
        pthread_cond_wait(&walk->progress, &walk->lock);
    }
    *seen = walk->finished;
    bool goes_on = walk->working > 0;
    pthread_mutex_unlock(&walk->lock);
    return goes_on;
}

/* --- the good neighbour, and memory ------------------------------------------------------------------ */

struct memory {
    long kib[2 * SAMPLES]; /* the first ones, and a ring of the last ones */
    unsigned count;
};

static void sample(struct memory *memory, const struct host *host)
{
    unsigned at = memory->count < SAMPLES ? memory->count : SAMPLES + memory->count % SAMPLES;
    memory->kib[at] = resident_kib(host);
    memory->count++;
}

static long mean_kib(const long *kib)
{
    long sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
        sum += kib[i];
    }
    return sum / SAMPLES;
}

/* Change the neighbour once, and wait until its controller has seen that; it has run once for each change. */
static bool change_neighbour(struct side *side, unsigned n)
{
    char spec[64];
    int64_t seen = 0, runs = 0;
    snprintf(spec, sizeof spec, n == 1 ? "{\"n\":%u}" : "{\"spec\":{\"n\":%u}}", n);
    if (!(n == 1 ? create(side, "one", spec) : call(side, "PATCH", "one", spec, 200))) {
        return false;
    }
    be_patient(side);
    while (seen < n) {
        CLEANUP(arena_done) struct arena arena = {0};
        const struct value *object = next_event(side, &arena, "a run");
        if (object == NULL) {
            return false;
        }
        seen = value_int_or(value_field(value_field(object, "status"), "n"), 0);
        runs = value_int_or(value_field(value_field(object, "status"), "runs"), 0);
    }
    if (seen != n || runs != n) {
        problem(side->walk, "the neighbour was changed %u times and ran %lld times", n,
                (long long)runs);
    }
    return seen == n && runs == n;
}

static void keep_neighbour(struct walk *walk, struct memory *memory)
{
    struct side *side = &walk->sides[LANES];
    unsigned seen = 0, changes = 0;
    bool fine = side_open(side);
    while (wait_for_progress(walk, &seen)) {
        fine = fine && change_neighbour(side, ++changes);
        sample(memory, &walk->host);
    }
    side_close(side);
    CHECK(changes > 0);
}

/* --- the whole walk ---------------------------------------------------------------------------------- */

static void walk_init(struct walk *walk, unsigned count)
{
    const char *seed = getenv("TEND_SEED"), *given = getenv("TEND_MISDEEDS");
    *walk = (struct walk){.seed = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL),
                          .count = given != NULL ? (unsigned)strtoul(given, NULL, 10) : count,
                          .working = LANES};
    pthread_mutex_init(&walk->lock, NULL);
    pthread_cond_init(&walk->progress, NULL);
    for (unsigned i = 0; i < WATCHED; i++) {
        struct side *side = &walk->sides[i];
        side->walk = walk;
        snprintf(side->kind, sizeof side->kind, i == LANES ? "Steady" : "Misdeed%c", 'a' + i);
        snprintf(side->path, sizeof side->path, "/apis/example.com/v1/namespaces/default/%s",
                 i == LANES ? "steadies" : "misdeed");
        if (i < LANES) {
            snprintf(side->path + strlen(side->path), 4, "%cs", 'a' + i);
        }
    }
    printf("TEND_SEED=%llu TEND_MISDEEDS=%u\n", (unsigned long long)walk->seed, walk->count);
}

static void walk_all(struct walk *walk, struct memory *memory)
{
    pthread_t lanes[LANES];
    for (int i = 0; i < LANES; i++) {
        CHECK(pthread_create(&lanes[i], NULL, run_lane, &walk->sides[i]) == 0);
    }
    keep_neighbour(walk, memory);
    for (int i = 0; i < LANES; i++) {
        pthread_join(lanes[i], NULL);
    }
}

/* What was begun is over: runners are being started, or are there. */
static bool settles(const struct host *host, int descriptors)
{
    for (int i = 0; i < PATIENCE_S * 1000 / LOOK_MS; i++) {
        if (descriptors_of(host) <= descriptors + FIRST_NEEDED && children_of(host) <= WATCHED) {
            return true;
        }
        poll(NULL, 0, LOOK_MS);
    }
    printf("%d descriptors, %d before; %d children\n", descriptors_of(host), descriptors,
           children_of(host));
    return false;
}

/* Whatever its runners left behind comes to us when they end. */
static bool nothing_is_left(void)
{
    for (int i = 0; i < PATIENCE_S * 1000 / LOOK_MS; i++) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0) {
            return true;
        }
        if (pid == 0) {
            poll(NULL, 0, LOOK_MS);
        }
    }
    return false;
}

static void host_stop(struct host *host)
{
    int status = -1;
    kill(host->pid, SIGTERM);
    CHECK(waitpid(host->pid, &status, 0) == host->pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(nothing_is_left());
    close(host->output);
}

static void check_memory(const struct memory *memory)
{
    if (memory->count < 3 * SAMPLES) {
        return;
    }
    long before = mean_kib(memory->kib), after = mean_kib(memory->kib + SAMPLES);
    printf("memory of the host: %ld KiB, then %ld KiB\n", before, after);
    CHECK(after <= before + LEAST_KIB);
}

static void misbehave(const char *confinement, unsigned count)
{
    struct walk walk;
    struct memory memory = {.count = 0};
    int status;
    walk_init(&walk, count);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!host_start(&walk.host, confinement)) {
        show_log(&walk.host);
        return;
    }
    int descriptors = descriptors_of(&walk.host);
    walk_all(&walk, &memory);
    CHECK_TEXT(walk.problem, "");
    CHECK_INT(walk.finished, walk.count);
    if (!is_fine(&walk)) {
        show_log(&walk.host);
    }
    if (CHECK(waitpid(walk.host.pid, &status, WNOHANG) == 0)) {
        CHECK(settles(&walk.host, descriptors));
        host_stop(&walk.host);
    }
    check_memory(&memory);
    folder_done(&walk.host.folder);
}

static void survives_confined(void)
{
    misbehave("strict", COUNT - COUNT / 10);
}

static void survives_unconfined(void)
{
    misbehave("off", COUNT / 10);
}

SUITE({"a host survives every misdeed of confined plugins", survives_confined},
      {"and of plugins that are not confined", survives_unconfined})
