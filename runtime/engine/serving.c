/* Serving: frames from a socket go to the engine in the order in which they came, on one thread. Where calls
 * run on lanes, those send what is to be sent, at once and under a lock; else nobody locks anything.
 *
 * What has come is taken with one system call. A result is sent at once, because the next slice may never
 * end, and so is what a slice asked that took its time: what it waits for begins then, and the host sees how
 * long it executed. Only where a long row of slices was quick are results sent together, a few at a time: then it is the
 * system calls that cost most.
 *
 * While a plugin blocks in its call, frames go on being read: answers and cancellations of that call
 * are for it, the others are put aside. The reader's bytes move when it reads on; the engine keeps
 * none of them.
 *
 * While threads of the plugin hold calls, the socket is not all there is to wait for: then, and only then,
 * an event descriptor is watched beside it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/confine.h"
#include "engine/metering.h"
#include "engine/native.h"
#include "engine/serving_inside.h"
#include "protocol/line.h"
#include "protocol/message.h"

enum {
    QUICK_NS = 100 * 1000, /* of a slice that was quick */
    QUICK_ROW = 64,        /* so many in a row, and results are gathered ... */
    GATHERED_MAX = 16      /* ... up to so many: what a call that hangs delays */
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

static bool on_lanes(const struct serving *serving)
{
    return serving->engine != NULL && serving->engine->on_lanes;
}

/* --- the socket -------------------------------------------------------------------------------- */

static bool send_out(struct serving *serving)
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
            return false;
        }
        buffer_consume(&serving->out, (size_t)sent);
    }
    serving->gathered = 0;
    return true;
}

/* Lanes have sent theirs. */
static void flush_out(struct serving *serving)
{
    if (!on_lanes(serving)) {
        (void)send_out(serving);
    }
}

/* Around what is written by lanes, or beside them: it is sent at once. */
static void begin_out(struct serving *serving)
{
    if (on_lanes(serving)) {
        pthread_mutex_lock(&serving->out_lock);
    }
}

/* The engine's thread would not hear that the socket is closed, by whatever runs here: it waits in it. */
static void end_out(struct serving *serving)
{
    if (on_lanes(serving)) {
        if (!send_out(serving)) {
            _exit(1);
        }
        pthread_mutex_unlock(&serving->out_lock);
    }
}

/* --- what there is to wait for ------------------------------------------------------------------ */

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
        begin_out(serving);
        message_write_report(&serving->out, counted);
        end_out(serving);
        serving->reported_ns = now_ns();
    }
    return counted != NULL;
}

/* Tell what was counted, where the last time is long enough ago; else for how long to wait with it. */
static int report_or_wait_ms(struct serving *serving)
{
    int64_t left_ms = serving->reported_ns / 1000000 + METERING_PAUSE_MS - now_ns() / 1000000;
    if (left_ms > 0) {
        return (int)left_ms;
    }
    (void)report(serving);
    flush_out(serving);
    return -1;
}

static void end_held(struct serving *serving)
{
    uint64_t count;
    if (read(serving->event, &count, sizeof count) == (ssize_t)sizeof count) {
        engine_settle(serving->engine);
        flush_out(serving);
    }
}

/* Where calls on lanes are held, those who finish them end them. */
static bool has_held(const struct serving *serving)
{
    return serving->engine != NULL && serving->engine->held > 0 && !on_lanes(serving);
}

/* Wait for the socket, and meanwhile end what threads finish, and tell what is counted: at once where it was
 * quiet, then after a while. With neither there is nothing to wait for here. */
static void wait_and_tell(struct serving *serving)
{
    enum { SOCKET, NEWS, FINISHED, SOURCES };
    struct pollfd sources[SOURCES] = {[SOCKET] = {serving->ends.socket, POLLIN, 0}};
    int pause_ms = -1;
    while (!serving->stop && sources[SOCKET].revents == 0) {
        int news = metering_fd(serving->host.metering);
        sources[NEWS] = (struct pollfd){pause_ms < 0 ? news : -1, POLLIN, 0};
        sources[FINISHED] = (struct pollfd){has_held(serving) ? serving->event : -1, POLLIN, 0};
        if (news < 0 && sources[FINISHED].fd < 0) {
            return;
        }
        bool came = wait_for(sources, SOURCES, pause_ms);
        if (sources[FINISHED].revents != 0) {
            end_held(serving);
        }
        if (!came || sources[NEWS].revents != 0) {
            pause_ms = report_or_wait_ms(serving);
        }
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
    wait_and_tell(serving);
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
    begin_out(of(host));
    message_write_ask(&of(host)->out, &message);
    end_out(of(host));
}

static bool wait_for_answer(struct engine_host *host, uint64_t call)
{
    struct serving *serving = of(host);
    struct frame frame;
    while (next_frame(serving, &frame)) {
        if (serving_take_blocked(serving, call, &frame)) {
            return true;
        }
    }
    return false;
}

/* The page goes on naming the call afterwards: what dies between two slices dies of the one before, and
 * once its result is there, the name accuses nobody. */
static int64_t enter(struct engine_host *host, unsigned lane, uint64_t call, int64_t slice_ms)
{
    struct serving *serving = of(host);
    int64_t now = now_ns();
    (void)slice_ms; /* the host knows */
    if (!on_lanes(serving)) {
        serving->began_ns = now;
    }
    page_begin_slice(&serving->ends.page->lanes[lane], call, now / 1000000);
    return now / 1000000;
}

static void leave(struct engine_host *host, unsigned lane)
{
    struct serving *serving = of(host);
    page_end_slice(&serving->ends.page->lanes[lane]);
    if (on_lanes(serving)) {
        return;
    }
    serving->quick = now_ns() - serving->began_ns < QUICK_NS ? serving->quick + 1 : 0;
    if (serving->quick == 0) {
        (void)send_out(serving);
    }
}

/* Whose a thread is, for who reads that it died. */
static void lane_begins(struct engine_host *host, unsigned lane)
{
    atomic_store(&of(host)->ends.page->lanes[lane].thread, gettid());
}

static void finished(struct engine_host *host, uint64_t call, struct text result)
{
    struct serving *serving = of(host);
    serving->calls--;
    begin_out(serving);
    message_write_result(&serving->out, call, result);
    if (!on_lanes(serving) && (serving->quick < QUICK_ROW || ++serving->gathered >= GATHERED_MAX)) {
        (void)send_out(serving);
    }
    end_out(serving);
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

static void held(struct engine_host *host, uint64_t call)
{
    begin_out(of(host));
    message_write_held(&of(host)->out, call);
    end_out(of(host));
}

static void wake(struct engine_host *host)
{
    static const uint64_t one = 1;
    while (write(of(host)->event, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

static int64_t ticks_ms(struct engine_host *host)
{
    (void)host;
    return now_ns() / 1000000;
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
    .lane = lane_begins,
    .enter = enter,
    .leave = leave,
    .finished = finished,
    .log = log_line,
    .held = held,
    .wake = wake,
    .ticks_ms = ticks_ms,
    .random = random_bits,
    .die = die,
    .recycle = recycle,
};

/* --- life -------------------------------------------------------------------------------------- */

/* Frames that were put aside while a call blocked, in their order. */
static void take_aside(struct serving *serving)
{
    struct frame frame;
    bool found = true;
    while (!serving->stop && found) {
        if (frame_reader_next(&serving->aside, &frame, &found, NULL) != TEND_OK) {
            serving->stop = true;
        } else if (found) {
            serving_take(serving, &frame);
        }
    }
}

static void serve(struct serving *serving)
{
    struct frame frame;
    while (next_frame(serving, &frame)) {
        serving_take(serving, &frame);
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
        serving->ends.watch->loaded(serving->ends.watch, serving->engine->descriptor);
    }
    message_write_descriptor(&serving->out, serving->engine->descriptor);
    (void)send_out(serving); /* there is no lane yet */
    return !serving->stop;
}

bool serving_run(const struct serving_ends *ends)
{
    struct serving serving = {.ends = *ends,
                              .host = {&host_ops, metering_new(), ends->lanes},
                              .out = BUFFER_INIT(4 * FRAME_STREAM_MAX),
                              .out_lock = PTHREAD_MUTEX_INITIALIZER,
                              .event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    lane_begins(&serving.host, 0); /* with lanes, the first of them is that */
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
    pthread_mutex_destroy(&serving.out_lock);
    close(serving.event);
    return loaded;
}
