/* Serving: frames from a socket go to the engine in the order in which they came, on one thread.
 *
 * What has come is taken with one system call. A result is sent at once, because the next slice may never
 * end; only where a long row of slices was quick are results sent together, a few at a time: then it is the
 * system calls that cost most.
 *
 * While a plugin blocks in its call, frames go on being read: answers and cancellations of that call
 * are for it, the others are put aside. The reader's bytes move when it reads on; the engine keeps
 * none of them.
 */
#include "engine/serving.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/confine.h"
#include "engine/metering.h"
#include "engine/native.h"
#include "protocol/line.h"
#include "protocol/message.h"

enum {
    QUICK_NS = 100 * 1000, /* of a slice that was quick */
    QUICK_ROW = 64,        /* so many in a row, and results are gathered ... */
    GATHERED_MAX = 16      /* ... up to so many: what a call that hangs delays */
};

struct serving {
    struct serving_ends ends;
    struct engine_host host;
    struct engine *engine;
    struct frame_reader reader, aside; /* `aside`: frames that came while a call blocked */
    struct buffer out;
    unsigned quick;             /* slices in a row */
    unsigned gathered;          /* results in `out` */
    int64_t began_ns, until_ns; /* the running slice */
    int64_t reported_ns;        /* when it was told last what the plugin counts */
    unsigned calls;             /* that were started and have not finished */
    bool stop;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct serving *of(struct engine_host *host)
{
    return CONTAINER_OF(host, struct serving, host);
}

/* --- the socket -------------------------------------------------------------------------------- */

static void flush_out(struct serving *serving)
{
    while (serving->out.len > 0) {
        ssize_t sent =
            send(serving->ends.socket, serving->out.data, serving->out.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            serving->stop = true; /* the host is gone */
            buffer_clear(&serving->out);
            break;
        }
        buffer_consume(&serving->out, (size_t)sent);
    }
    serving->gathered = 0;
}

/* False where the time passed without anything. */
static bool wait_for(struct pollfd *sources, nfds_t count, int timeout_ms)
{
    int ready;
    do {
        ready = poll(sources, count, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    return ready != 0;
}

/* What the plugin has counted; false where there is nothing to tell. */
static bool report(struct serving *serving)
{
    CLEANUP(arena_done) struct arena arena = {0};
    const struct value *counted = metering_report(serving->host.metering, &arena);
    if (counted != NULL) {
        message_write_report(&serving->out, counted);
        serving->reported_ns = now_ns();
    }
    return counted != NULL;
}

/* Wait for bytes, and tell meanwhile what is counted: at once where it was quiet, then after a while. A plugin that
 * counts nothing is not waited for so. */
static void wait_and_report(struct serving *serving)
{
    enum { SOCKET, NEWS, SOURCES };
    struct pollfd both[SOURCES] = {[SOCKET] = {serving->ends.socket, POLLIN, 0},
                                   [NEWS] = {metering_fd(serving->host.metering), POLLIN, 0}};
    while (both[NEWS].fd >= 0 && !serving->stop && wait_for(both, SOURCES, -1) &&
           both[NEWS].revents != 0) {
        int64_t left = serving->reported_ns / 1000000 + METERING_PAUSE_MS - now_ns() / 1000000;
        bool has_input = both[SOCKET].revents != 0;
        if (left > 0 && (has_input || wait_for(both, 1, (int)left))) {
            return;
        }
        (void)report(serving);
        flush_out(serving);
    }
}

/* Nothing of it is on its way now: a leak is ended here, where that costs nobody anything. */
static void recycle_if_grown(struct serving *serving)
{
    struct page *page = serving->ends.page;
    if (serving->ends.memory != NULL && serving->calls == 0 && serving->engine != NULL &&
        memory_has_grown(serving->ends.memory, now_ns(), page->last_words,
                         sizeof page->last_words)) {
        serving->stop = true;
    }
}

/* Wait for bytes; false at the end of the socket. */
static bool read_more(struct serving *serving)
{
    size_t size;
    flush_out(serving);
    recycle_if_grown(serving);
    if (serving->stop) {
        return false;
    }
    wait_and_report(serving);
    char *space = frame_reader_space(&serving->reader, &size);
    ssize_t got;
    do {
        got = recv(serving->ends.socket, space, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        serving->stop = true;
        return false;
    }
    frame_reader_fed(&serving->reader, (size_t)got);
    return true;
}

/* The next frame, waited for; false where there will be none. */
static bool next_frame(struct serving *serving, struct frame *ret_frame)
{
    bool found = false;
    struct error err = ERROR_INIT;
    while (!serving->stop) {
        if (frame_reader_next(&serving->reader, ret_frame, &found, &err) != TEND_OK) {
            dprintf(serving->ends.lines, "<3>the host sends what is no frame: %s\n", err.message);
            return false;
        }
        if (found) {
            return true;
        }
        if (!read_more(serving)) {
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

static void put_aside(struct serving *serving, const struct frame *frame)
{
    struct buffer copy = BUFFER_INIT(FRAME_STREAM_MAX);
    size_t room;
    frame_write(&copy, frame);
    for (size_t at = 0; at < copy.len;) {
        char *space = frame_reader_space(&serving->aside, &room);
        size_t part = copy.len - at < room ? copy.len - at : room;
        memcpy(space, copy.data + at, part);
        frame_reader_fed(&serving->aside, part);
        at += part;
    }
    buffer_done(&copy);
}

static void take_answer(struct serving *serving, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct message_answer answer;
    struct error err = ERROR_INIT;
    if (message_read_answer(frame, &arena, &answer, &err) != TEND_OK) {
        dprintf(serving->ends.lines, "<3>%s\n", err.message);
        serving->stop = true;
        return;
    }
    engine_answer(serving->engine, &(struct engine_answer){answer.call, answer.ask, answer.now_ms,
                                                           answer.bytes, answer.problem});
}

static void take_cancel(struct serving *serving, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct text why;
    struct error err = ERROR_INIT;
    if (message_read_cancel(frame, &arena, &why, &err) != TEND_OK) {
        dprintf(serving->ends.lines, "<3>%s\n", err.message);
        serving->stop = true;
        return;
    }
    engine_cancel(serving->engine, frame->call, why);
}

static void take_unexpected(struct serving *serving, const struct frame *frame)
{
    dprintf(serving->ends.lines, "<3>the host sends a frame \"%s\"\n",
            frame_type_name(frame->type));
    serving->stop = true;
}

/* While `call` blocks: true where the frame was for it. */
static bool take_while_blocked(struct serving *serving, uint64_t call, const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_ANSWER:
    case FRAME_CANCEL:
        if (frame->call != call) {
            put_aside(serving, frame);
            return false;
        }
        if (frame->type == FRAME_ANSWER) {
            take_answer(serving, frame);
        } else {
            take_cancel(serving, frame);
        }
        return true;
    case FRAME_RUN:
        put_aside(serving, frame);
        return false;
    case FRAME_STOP:
        serving->stop = true;
        return false;
    case FRAME_HELLO:
    case FRAME_DESCRIPTOR:
    case FRAME_REFUSED:
    case FRAME_ASK:
    case FRAME_RESULT:
    case FRAME_REPORT:
    case FRAME_TYPES:
        break;
    }
    take_unexpected(serving, frame);
    return false;
}

static bool wait_for_answer(struct engine_host *host, uint64_t call)
{
    struct serving *serving = of(host);
    struct frame frame;
    while (next_frame(serving, &frame)) {
        if (take_while_blocked(serving, call, &frame)) {
            return true;
        }
    }
    return false;
}

/* The page goes on naming the call afterwards: what dies between two slices dies of the one before, and
 * once its result is there, the name accuses nobody. */
static void enter(struct engine_host *host, uint64_t call, int64_t slice_ms)
{
    struct serving *serving = of(host);
    serving->began_ns = now_ns();
    serving->until_ns = serving->began_ns + slice_ms * 1000000;
    atomic_store_explicit(&serving->ends.page->executing, call, memory_order_relaxed);
    atomic_store_explicit(&serving->ends.page->began_ms, serving->began_ns / 1000000,
                          memory_order_relaxed);
    atomic_fetch_add_explicit(&serving->ends.page->slices, 1, memory_order_release);
}

static void leave(struct engine_host *host)
{
    struct serving *serving = of(host);
    atomic_fetch_add_explicit(&serving->ends.page->slices, 1, memory_order_release);
    serving->quick = now_ns() - serving->began_ns < QUICK_NS ? serving->quick + 1 : 0;
}

static void finished(struct engine_host *host, uint64_t call, struct text result)
{
    struct serving *serving = of(host);
    serving->calls--;
    message_write_result(&serving->out, call, result);
    if (serving->quick < QUICK_ROW || ++serving->gathered >= GATHERED_MAX) {
        flush_out(serving);
    }
}

/* One write, so that lines of several threads do not mix. */
static void log_line(struct engine_host *host, enum log_level level, struct text text)
{
    char line[LOG_MESSAGE_MAX + 8];
    int len = snprintf(line, sizeof line, "<%c>%.*s\n", line_level(level),
                       TEXT_ARG(text_first(text, LOG_MESSAGE_MAX)));
    ssize_t ignored = write(of(host)->ends.lines, line, (size_t)len);
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
    struct page *page = of(host)->ends.page;
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
    struct serving *serving = of(host);
    snprintf(serving->ends.page->last_words, sizeof serving->ends.page->last_words, "%s", why);
    serving->stop = true;
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

static void take_run(struct serving *serving, const struct frame *frame)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct message_run run;
    struct error err = ERROR_INIT;
    if (message_read_run(frame, &arena, &run, &err) != TEND_OK) {
        dprintf(serving->ends.lines, "<3>%s\n", err.message);
        serving->stop = true;
        return;
    }
    serving->calls++;
    if (serving->ends.watch != NULL) {
        serving->ends.watch->takes(serving->ends.watch, run.call, run.object);
    }
    engine_start(serving->engine,
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

static void take(struct serving *serving, const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_RUN:
        take_run(serving, frame);
        return;
    case FRAME_ANSWER:
        take_answer(serving, frame);
        return;
    case FRAME_CANCEL:
        take_cancel(serving, frame);
        return;
    case FRAME_STOP:
        serving->stop = true;
        return;
    case FRAME_HELLO:
    case FRAME_DESCRIPTOR:
    case FRAME_REFUSED:
    case FRAME_ASK:
    case FRAME_RESULT:
    case FRAME_REPORT:
    case FRAME_TYPES:
        break;
    }
    take_unexpected(serving, frame);
}

/* Frames that were put aside while a call blocked, in their order. */
static void take_aside(struct serving *serving)
{
    struct frame frame;
    bool found = true;
    while (!serving->stop && found) {
        if (frame_reader_next(&serving->aside, &frame, &found, NULL) != TEND_OK) {
            serving->stop = true;
        } else if (found) {
            take(serving, &frame);
        }
    }
}

static void serve(struct serving *serving)
{
    struct frame frame;
    while (next_frame(serving, &frame)) {
        take(serving, &frame);
        take_aside(serving);
    }
}

/* Before anything of the file runs, its constructors included. Where it cannot be done, the plugin is served
 * nevertheless: the process is a boundary without it as well. */
static void confine(const struct serving *serving, const char *file)
{
    struct error err = ERROR_INIT;
    if (confine_process(serving->ends.confinement, file, &err) != TEND_OK) {
        dprintf(serving->ends.lines, "<4>it is not confined as it should be: %s\n", err.message);
    }
}

/* The loader takes a folder that it may not read for one that is empty. */
static enum tend_code explain(const struct serving *serving, enum tend_code code, struct error *err)
{
    struct error found = *err;
    if (code == TEND_OK || serving->ends.confinement != CONFINEMENT_STRICT ||
        strstr(found.message, "cannot open shared object file") == NULL) {
        return code;
    }
    return FAIL(
        err, code,
        "%s (a confined runner looks where the loader does by itself and in LD_LIBRARY_PATH, "
        "not in a RUNPATH)",
        found.message);
}

static enum tend_code load(struct serving *serving, const struct frame *frame, struct error *err)
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
    confine(serving, hello.path.ptr);
    return explain(serving,
                   native_open(hello.path.ptr, hello.name.ptr, hello.config, &serving->host,
                               &serving->engine, err),
                   err);
}

static bool greet(struct serving *serving)
{
    struct frame frame;
    struct error err = ERROR_INIT;
    if (!next_frame(serving, &frame)) {
        return false;
    }
    if (load(serving, &frame, &err) != TEND_OK) {
        message_write_refused(&serving->out, text_of(err.message));
        flush_out(serving);
        return false;
    }
    if (serving->ends.watch != NULL) {
        serving->ends.watch->loaded(serving->ends.watch);
    }
    message_write_descriptor(&serving->out, serving->engine->descriptor);
    flush_out(serving);
    return !serving->stop;
}

bool serving_run(const struct serving_ends *ends)
{
    struct serving serving = {.ends = *ends,
                              .host = {&host_ops, metering_new()},
                              .out = BUFFER_INIT(4 * FRAME_STREAM_MAX)};
    frame_reader_init(&serving.reader);
    frame_reader_init(&serving.aside);
    bool loaded = greet(&serving);
    if (loaded) {
        serve(&serving);
        flush_out(&serving);
    }
    engine_closep(&serving.engine);
    while (loaded && report(&serving)) { /* the last words, of `stop` as well */
    }
    flush_out(&serving);
    metering_free(serving.host.metering);
    frame_reader_done(&serving.reader);
    frame_reader_done(&serving.aside);
    buffer_done(&serving.out);
    return loaded;
}
