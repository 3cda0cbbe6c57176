/* tend-runner: the process that a plugin lives in.
 *
 * Born with a socket (3), a shared page (4) and a pipe on 1 and 2; told by the first frame what to
 * load; ended by a frame, by the end of the socket, or by a signal. One thread reads frames and hands
 * them to the engine in the order in which they came. What has come is taken with one system call. A
 * result is sent at once, because the next slice may never end; only where a long row of slices was
 * quick are results sent together, a few at a time: then it is the system calls that cost most.
 *
 * While a plugin blocks in its call, frames go on being read: answers and cancellations of that call
 * are for it, the others are put aside. The reader's bytes move when it reads on; the engine keeps
 * none of them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/confine.h"
#include "engine/native.h"
#include "protocol/line.h"
#include "protocol/message.h"
#include "protocol/page.h"

enum {
    QUICK_NS = 100 * 1000, /* of a slice that was quick */
    QUICK_ROW = 64,        /* so many in a row, and results are gathered ... */
    GATHERED_MAX = 16      /* ... up to so many: what a call that hangs delays */
};

struct child {
    struct engine_host host;
    struct engine *engine;
    struct page *page;
    enum confinement confinement;
    struct frame_reader reader, aside; /* `aside`: frames that came while a call blocked */
    struct buffer out;
    unsigned quick;             /* slices in a row */
    unsigned gathered;          /* results in `out` */
    int64_t began_ns, until_ns; /* the running slice */
    bool stop;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct child *of(struct engine_host *host)
{
    return CONTAINER_OF(host, struct child, host);
}

/* --- the socket -------------------------------------------------------------------------------- */

static void flush_out(struct child *child)
{
    while (child->out.len > 0) {
        ssize_t sent = send(RUNNER_FD_SOCKET, child->out.data, child->out.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            child->stop = true; /* the host is gone */
            buffer_clear(&child->out);
            break;
        }
        buffer_consume(&child->out, (size_t)sent);
    }
    child->gathered = 0;
}

/* Wait for bytes; false at the end of the socket. */
static bool read_more(struct child *child)
{
    size_t size;
    flush_out(child);
    char *space = frame_reader_space(&child->reader, &size);
    ssize_t got;
    do {
        got = recv(RUNNER_FD_SOCKET, space, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        child->stop = true;
        return false;
    }
    frame_reader_fed(&child->reader, (size_t)got);
    return true;
}

/* The next frame, waited for; false where there will be none. */
static bool next_frame(struct child *child, struct frame *ret_frame)
{
    bool found = false;
    struct error err = ERROR_INIT;
    while (!child->stop) {
        if (frame_reader_next(&child->reader, ret_frame, &found, &err) != TEND_OK) {
            fprintf(stderr, "<3>the host sends what is no frame: %s\n", err.message);
            return false;
        }
        if (found) {
            return true;
        }
        if (!read_more(child)) {
            return false;
        }
    }
    return false;
}

/* --- what the engine asks of us ---------------------------------------------------------------- */

static void asked(struct engine_host *host, uint64_t call, uint32_t ask,
                  const struct value *question, const struct value *so_far)
{
    struct message_ask message = {call, ask, question, so_far};
    message_write_ask(&of(host)->out, &message);
}

static void put_aside(struct child *child, const struct frame *frame)
{
    struct buffer copy = BUFFER_INIT(FRAME_STREAM_MAX);
    size_t room;
    frame_write(&copy, frame);
    for (size_t at = 0; at < copy.len;) {
        char *space = frame_reader_space(&child->aside, &room);
        size_t part = copy.len - at < room ? copy.len - at : room;
        memcpy(space, copy.data + at, part);
        frame_reader_fed(&child->aside, part);
        at += part;
    }
    buffer_done(&copy);
}

static void take_answer(struct child *child, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct message_answer answer;
    struct error err = ERROR_INIT;
    if (message_read_answer(frame, &arena, &answer, &err) != TEND_OK) {
        fprintf(stderr, "<3>%s\n", err.message);
        child->stop = true;
        return;
    }
    engine_answer(child->engine, &(struct engine_answer){answer.call, answer.ask, answer.now_ms,
                                                         answer.bytes, answer.problem});
}

static void take_cancel(struct child *child, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text why;
    struct error err = ERROR_INIT;
    if (message_read_cancel(frame, &arena, &why, &err) != TEND_OK) {
        fprintf(stderr, "<3>%s\n", err.message);
        child->stop = true;
        return;
    }
    engine_cancel(child->engine, frame->call, why);
}

static void take_unexpected(struct child *child, const struct frame *frame)
{
    fprintf(stderr, "<3>the host sends a frame \"%s\"\n", frame_type_name(frame->type));
    child->stop = true;
}

/* While `call` blocks: true where the frame was for it. */
static bool take_while_blocked(struct child *child, uint64_t call, const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_ANSWER:
    case FRAME_CANCEL:
        if (frame->call != call) {
            put_aside(child, frame);
            return false;
        }
        if (frame->type == FRAME_ANSWER) {
            take_answer(child, frame);
        } else {
            take_cancel(child, frame);
        }
        return true;
    case FRAME_RUN:
        put_aside(child, frame);
        return false;
    case FRAME_STOP:
        child->stop = true;
        return false;
    case FRAME_HELLO:
    case FRAME_DESCRIPTOR:
    case FRAME_REFUSED:
    case FRAME_ASK:
    case FRAME_RESULT:
    case FRAME_TYPES:
        break;
    }
    take_unexpected(child, frame);
    return false;
}

static bool wait_for_answer(struct engine_host *host, uint64_t call)
{
    struct child *child = of(host);
    struct frame frame;
    while (next_frame(child, &frame)) {
        if (take_while_blocked(child, call, &frame)) {
            return true;
        }
    }
    return false;
}

/* The page goes on naming the call afterwards: what dies between two slices dies of the one before, and
 * once its result is there, the name accuses nobody. */
static void enter(struct engine_host *host, uint64_t call, int64_t slice_ms)
{
    struct child *child = of(host);
    child->began_ns = now_ns();
    child->until_ns = child->began_ns + slice_ms * 1000000;
    atomic_store_explicit(&child->page->executing, call, memory_order_relaxed);
    atomic_store_explicit(&child->page->began_ms, child->began_ns / 1000000, memory_order_relaxed);
    atomic_fetch_add_explicit(&child->page->slices, 1, memory_order_release);
}

static void leave(struct engine_host *host)
{
    struct child *child = of(host);
    atomic_fetch_add_explicit(&child->page->slices, 1, memory_order_release);
    child->quick = now_ns() - child->began_ns < QUICK_NS ? child->quick + 1 : 0;
}

static void finished(struct engine_host *host, uint64_t call, struct text result)
{
    struct child *child = of(host);
    message_write_result(&child->out, call, result);
    if (child->quick < QUICK_ROW || ++child->gathered >= GATHERED_MAX) {
        flush_out(child);
    }
}

/* One write, so that lines of several threads do not mix. */
static void log_line(struct engine_host *host, enum log_level level, struct text text)
{
    (void)host;
    char line[LOG_MESSAGE_MAX + 8];
    int len = snprintf(line, sizeof line, "<%c>%.*s\n", line_level(level),
                       TEXT_ARG(text_first(text, LOG_MESSAGE_MAX)));
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)len);
    (void)ignored;
}

static int64_t time_left_ms(struct engine_host *host)
{
    int64_t left = (of(host)->until_ns - now_ns()) / 1000000;
    return left < 0 ? 0 : left;
}

static uint64_t random_bits(struct engine_host *host)
{
    uint64_t bits = 0;
    (void)host;
    while (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) {
    }
    return bits;
}

/* From a signal handler: only what is allowed there. */
static void die(struct engine_host *host, const char *why)
{
    struct page *page = of(host)->page;
    size_t i = 0;
    for (; why[i] != '\0' && i + 1 < sizeof page->last_words; i++) {
        page->last_words[i] = why[i];
    }
    page->last_words[i] = '\0';
    _exit(1);
}

/* Results that are there already still go out. */
static void recycle(struct engine_host *host, const char *why)
{
    struct child *child = of(host);
    snprintf(child->page->last_words, sizeof child->page->last_words, "%s", why);
    child->stop = true;
}

static const struct engine_host_ops host_ops = {
    .asked = asked,
    .wait = wait_for_answer,
    .enter = enter,
    .leave = leave,
    .finished = finished,
    .log = log_line,
    .time_left_ms = time_left_ms,
    .random = random_bits,
    .die = die,
    .recycle = recycle,
};

/* --- life -------------------------------------------------------------------------------------- */

static void take_run(struct child *child, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct message_run run;
    struct error err = ERROR_INIT;
    if (message_read_run(frame, &arena, &run, &err) != TEND_OK) {
        fprintf(stderr, "<3>%s\n", err.message);
        child->stop = true;
        return;
    }
    engine_start(child->engine,
                 &(struct engine_call){.id = run.call,
                                       .controller = run.controller,
                                       .verb = run.verb == MESSAGE_FINALIZE ? ENGINE_FINALIZE
                                                                            : ENGINE_RECONCILE,
                                       .object = run.object,
                                       .now_ms = run.now_ms,
                                       .entered_ms = run.entered_ms,
                                       .slice_ms = run.slice_ms,
                                       .kinds = run.kinds});
}

static void take(struct child *child, const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_RUN:
        take_run(child, frame);
        return;
    case FRAME_ANSWER:
        take_answer(child, frame);
        return;
    case FRAME_CANCEL:
        take_cancel(child, frame);
        return;
    case FRAME_STOP:
        child->stop = true;
        return;
    case FRAME_HELLO:
    case FRAME_DESCRIPTOR:
    case FRAME_REFUSED:
    case FRAME_ASK:
    case FRAME_RESULT:
    case FRAME_TYPES:
        break;
    }
    take_unexpected(child, frame);
}

/* Frames that were put aside while a call blocked, in their order. */
static void take_aside(struct child *child)
{
    struct frame frame;
    bool found = true;
    while (!child->stop && found) {
        if (frame_reader_next(&child->aside, &frame, &found, NULL) != TEND_OK) {
            child->stop = true;
        } else if (found) {
            take(child, &frame);
        }
    }
}

static void serve(struct child *child)
{
    struct frame frame;
    while (next_frame(child, &frame)) {
        take(child, &frame);
        take_aside(child);
    }
}

/* Before anything of the file runs, its constructors included. Where it cannot be done, the plugin is served
 * nevertheless: the process is a boundary without it as well. */
static void confine(const struct child *child, const char *file)
{
    struct error err = ERROR_INIT;
    if (confine_process(child->confinement, file, &err) != TEND_OK) {
        fprintf(stderr, "<4>it is not confined as it should be: %s\n", err.message);
    }
}

/* The loader takes a folder that it may not read for one that is empty. */
static enum tend_code explain(const struct child *child, enum tend_code code, struct error *err)
{
    struct error found = *err;
    if (code == TEND_OK || child->confinement != CONFINEMENT_STRICT ||
        strstr(found.message, "cannot open shared object file") == NULL) {
        return code;
    }
    return FAIL(
        err, code,
        "%s (a confined runner looks where the loader does by itself and in LD_LIBRARY_PATH, "
        "not in a RUNPATH)",
        found.message);
}

static enum tend_code load(struct child *child, const struct frame *frame, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct message_hello hello;
    TRY(message_read_hello(frame, &arena, &hello, err));
    if (hello.major != PROTOCOL_MAJOR || hello.minor != PROTOCOL_MINOR) {
        return FAIL(err, TEND_INVALID,
                    "tend-runner speaks protocol %d.%d, the host another: they are not installed "
                    "together",
                    PROTOCOL_MAJOR, PROTOCOL_MINOR);
    }
    confine(child, hello.path.ptr);
    return explain(child,
                   native_open(hello.path.ptr, hello.name.ptr, hello.config, &child->host,
                               &child->engine, err),
                   err);
}

static bool greet(struct child *child)
{
    struct frame frame;
    struct error err = ERROR_INIT;
    if (!next_frame(child, &frame)) {
        return false;
    }
    if (load(child, &frame, &err) != TEND_OK) {
        message_write_refused(&child->out, text_of(err.message));
        flush_out(child);
        return false;
    }
    message_write_descriptor(&child->out, child->engine->descriptor);
    flush_out(child);
    return !child->stop;
}

/* What holds for whatever is loaded; the host has set limits and priority. A process group of its own:
 * Ctrl-C is for the host, which ends its runners when it is done with them. */
static bool prepare(void)
{
    struct rlimit none = {0, 0};
    return setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, 9) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
}

/* tend-runner NAME CONFINEMENT: a name for people. */
static bool read_arguments(struct child *child, char **argv)
{
    return argv[0] != NULL && argv[1] != NULL && argv[2] != NULL &&
           confinement_parse(argv[2], &child->confinement);
}

int main(int argc, char **argv)
{
    (void)argc;
    struct child child = {.host.ops = &host_ops, .out = BUFFER_INIT(4 * FRAME_STREAM_MAX)};
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, RUNNER_FD_PAGE, 0);
    if (page == MAP_FAILED || !prepare() || !read_arguments(&child, argv)) {
        fprintf(stderr, "tend-runner is started by tend, not by hand\n");
        return 2;
    }
    child.page = page;
    frame_reader_init(&child.reader);
    frame_reader_init(&child.aside);
    bool loaded = greet(&child);
    if (loaded) {
        serve(&child);
        flush_out(&child);
    }
    engine_closep(&child.engine);
    frame_reader_done(&child.reader);
    frame_reader_done(&child.aside);
    buffer_done(&child.out);
    return loaded ? 0 : 1;
}
