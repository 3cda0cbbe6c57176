/* One window of a second, counted in ticks that are read when something arrives: no alarm is
 * needed. */
#include "runner/lines.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "protocol/line.h"

enum { CHUNK = 4096, CHUNKS_MAX = 16 /* in one step: a flood does not starve the core */ };

static void tell_suppressed(const struct lines *lines)
{
    if (lines->suppressed > 0) {
        log_warn(lines->world->log, LOG_FIELDS({"plugin", lines->plugin}),
                 "%u lines of its output were dropped", lines->suppressed);
    }
}

/* That lines are dropped is said at once: how many is known when the next one comes, which may be never. */
static void suppress(struct lines *lines)
{
    if (lines->suppressed++ == 0) {
        log_warn(lines->world->log, LOG_FIELDS({"plugin", lines->plugin}),
                 "it prints more than %u lines a second; the rest of this second is dropped",
                 RUNNER_LINES_MAX);
    }
}

static void log_line(struct lines *lines, struct text text)
{
    int64_t second = world_ticks_ms(lines->world) / 1000;
    if (second != lines->second) {
        tell_suppressed(lines);
        lines->second = second;
        lines->logged = lines->suppressed = 0;
    }
    if (lines->logged == RUNNER_LINES_MAX) {
        suppress(lines);
        return;
    }
    lines->logged++;
    enum log_level level = line_cut_level(&text);
    log_write(lines->world->log, level, LOG_FIELDS({"plugin", lines->plugin}), "%.*s",
              TEXT_ARG(text));
}

static void end_line(struct lines *lines)
{
    if (lines->line.len > 0 || lines->line.full) {
        log_line(lines, buffer_view(&lines->line));
    }
    buffer_clear(&lines->line);
}

static void take(struct lines *lines, struct text text)
{
    while (text.len > 0) {
        size_t end = text_find(text, '\n');
        struct text part = text_first(text, end);
        size_t room = lines->line.max - lines->line.len;
        buffer_text(&lines->line, text_first(part, room)); /* what is longer is cut */
        if (end < text.len) {
            end_line(lines);
        }
        text = text_from(text, end + 1);
    }
}

/* Read at most `chunks`; false at the end of the stream. */
static bool drain(struct lines *lines, int chunks)
{
    char chunk[CHUNK];
    for (int i = 0; i < chunks; i++) {
        ssize_t got = read(lines->readiness.fd, chunk, sizeof chunk);
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (got == 0) {
            return false;
        }
        take(lines, (struct text){chunk, (size_t)got});
    }
    return true;
}

static void ready(struct readiness *readiness, unsigned events)
{
    struct lines *lines = CONTAINER_OF(readiness, struct lines, readiness);
    (void)events;
    if (!drain(lines, CHUNKS_MAX)) {
        world_unwatch_fd(lines->world, readiness);
    }
}

enum tend_code lines_open(struct lines *lines, struct world *world, const char *plugin, int fd,
                          struct error *err)
{
    *lines = (struct lines){.world = world,
                            .plugin = plugin,
                            .readiness = {.fd = fd, .ready = ready},
                            .line = BUFFER_INIT(RUNNER_LINE_MAX),
                            .second = -1};
    enum tend_code code = world_watch_fd(world, &lines->readiness, READY_READ, err);
    if (code != TEND_OK) {
        close(fd);
        lines->world = NULL;
    }
    return code;
}

void lines_close(struct lines *lines)
{
    if (lines->world == NULL) {
        return;
    }
    (void)drain(lines, CHUNKS_MAX);
    end_line(lines);
    tell_suppressed(lines);
    world_unwatch_fd(lines->world, &lines->readiness);
    close(lines->readiness.fd);
    buffer_done(&lines->line);
    lines->world = NULL;
}
