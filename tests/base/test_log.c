#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/log.h"
#include "support/suite.h"

struct capture {
    char line[LOG_LINE_MAX + 1];
    int count;
};

static void keep(void *to, const char *line)
{
    struct capture *capture = to;
    snprintf(capture->line, sizeof capture->line, "%s", line);
    capture->count++;
}

static int64_t fixed_clock(void *clock)
{
    return *(int64_t *)clock;
}

static struct log captured(struct capture *capture)
{
    return (struct log){.level = LOG_INFO, .fd = -1, .sink = keep, .to = capture};
}

static void writes_a_sentence_and_fields(void)
{
    struct capture capture = {0};
    int64_t moment = 1767323045678;
    struct log log = captured(&capture);
    log.now_ms = fixed_clock;
    log.clock = &moment;
    log_info(&log, LOG_FIELDS({"kind", "Lab"}, {"absent", NULL}, {"name", "a b"}), "state %s",
             "up");
    CHECK_TEXT(capture.line, "time=2026-01-02T03:04:05.678000Z level=info msg=\"state up\" "
                             "kind=Lab name=\"a b\"");
}

static void leaves_out_what_matters_less(void)
{
    struct capture capture = {0};
    struct log log = captured(&capture);
    log_debug(&log, LOG_NONE, "details");
    CHECK_INT(capture.count, 0);
    log_warn(&log, LOG_NONE, "careful");
    CHECK_TEXT(capture.line, "level=warn msg=careful");
    log_error(&log, LOG_NONE, "broken");
    CHECK_TEXT(capture.line, "level=error msg=broken");
    log.level = LOG_DEBUG;
    log_debug(&log, LOG_NONE, "details");
    CHECK_TEXT(capture.line, "level=debug msg=details");
    log_error(NULL, LOG_NONE, "nowhere");
    CHECK_INT(capture.count, 3);
}

static void spells_control_characters_out(void)
{
    struct capture capture = {0};
    struct log log = captured(&capture);
    log_info(&log, LOG_FIELDS({"v", "a\nb\x1b[31m\x7f"}), "x");
    CHECK_TEXT(capture.line, "level=info msg=x v=\"a\\nb\\u001b[31m\\u007f\"");
    log_info(&log, LOG_FIELDS({"v", "\xc2\x9b"}), "x"); /* CSI of the C1 set */
    CHECK_TEXT(capture.line, "level=info msg=x v=\"\\u009b\"");
    log_info(&log,
             LOG_FIELDS({"v", "gr\xc3\xbc\xc3\x9f"
                              "e \xc2\xa0"}),
             "x");
    CHECK_TEXT(capture.line, "level=info msg=x v=\"gr\xc3\xbc\xc3\x9f"
                             "e \xc2\xa0\"");
}

static void quotes_what_could_be_read_wrongly(void)
{
    struct capture capture = {0};
    struct log log = captured(&capture);
    log_info(&log, LOG_FIELDS({"a", ""}, {"b", "x=y"}, {"c", "\"q\""}, {"d", "\\"}), "m");
    CHECK_TEXT(capture.line, "level=info msg=m a=\"\" b=\"x=y\" c=\"\\\"q\\\"\" d=\"\\\\\"");
}

static void colours_for_a_terminal(void)
{
    struct capture capture = {0};
    int64_t moment = 1767323045678;
    struct log log = captured(&capture);
    log.style = LOG_COLOUR;
    log.now_ms = fixed_clock;
    log.clock = &moment;
    log_warn(&log, LOG_FIELDS({"n", "1"}), "a \"b\"\n");
    CHECK_TEXT(capture.line, "\x1b[90m03:04:05.678\x1b[0m \x1b[33mwarn \x1b[0m a \"b\"\\n "
                             "\x1b[36mn\x1b[0m=1");
}

/* Writes one line to a pipe and reads it back; `out` holds LOG_LINE_MAX + 1. */
static void through_a_pipe(const char *value, char *out)
{
    int ends[2] = {-1, -1};
    out[0] = '\0';
    if (!CHECK(pipe(ends) == 0)) {
        return;
    }
    struct log log = {.level = LOG_INFO, .fd = ends[1]};
    log_info(&log, LOG_FIELDS({"value", value}, {"after", "it"}), "line");
    close(ends[1]);
    ssize_t len = read(ends[0], out, LOG_LINE_MAX + 1);
    out[len < 0 || len > (ssize_t)LOG_LINE_MAX ? 0 : len] = '\0';
    close(ends[0]);
}

static void ends_every_line_in_a_newline(void)
{
    char read_back[LOG_LINE_MAX + 2];
    through_a_pipe("short", read_back);
    CHECK_TEXT(read_back, "level=info msg=line value=short after=it\n");
}

static void cuts_a_long_line_and_says_so(void)
{
    char read_back[LOG_LINE_MAX + 2];
    char value[2 * LOG_LINE_MAX];
    for (size_t len = LOG_LINE_MAX - 60; len < LOG_LINE_MAX + 10; len++) {
        memset(value, 'v', len);
        value[0] = ' ';
        value[len] = '\0';
        through_a_pipe(value, read_back);
        size_t got = strlen(read_back);
        CHECK(got > LOG_LINE_MAX - 100 && got <= LOG_LINE_MAX);
        CHECK(read_back[got - 1] == '\n');
        CHECK(strstr(read_back, "after=it\n") != NULL || strcmp(read_back + got - 4, "...\n") == 0);
    }
}

static void survives_a_descriptor_that_refuses(void)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct log log = {.level = LOG_INFO, .fd = fd};
    CHECK(fd >= 0);
    log_info(&log, LOG_NONE, "no space");
    log.fd = -1;
    log_info(&log, LOG_NONE, "nowhere to go");
    close(fd);
}

SUITE({"writes a sentence and fields", writes_a_sentence_and_fields},
      {"leaves out what matters less", leaves_out_what_matters_less},
      {"spells control characters out", spells_control_characters_out},
      {"quotes what could be read wrongly", quotes_what_could_be_read_wrongly},
      {"colours for a terminal", colours_for_a_terminal},
      {"ends every line in a newline", ends_every_line_in_a_newline},
      {"cuts a long line and says so", cuts_a_long_line_and_says_so},
      {"survives a descriptor that refuses", survives_a_descriptor_that_refuses})
